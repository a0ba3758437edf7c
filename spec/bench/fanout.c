/* Ten thousand observers on one socket: each has an address of its own out of 127.0.0.0/8, chosen
 * per datagram by IP_PKTINFO, so that the server sees as many endpoints and the generator has
 * one queue to empty. */
#include "generator.h"
#include "packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* A token is a random part and the observer's index; the trigger's has the last index. */
enum { INDEX_BITS = 14, TRIGGER = (1 << INDEX_BITS) - 1, OUTSTANDING = 64, BATCH = 64, ROOM = 256 };

static const int64_t SILENCE = 1000000000;
static const uint32_t FIRST_ADDRESS = 0x7f010001; /* 127.1.0.1 */

struct fanout {
    const struct plan *plan;
    struct sockaddr_in server;
    int fd;
    uint32_t salt;     /* random part of this run's tokens */
    unsigned *seen;    /* per observer: number of valid messages so far */
    unsigned answered; /* registrations */
    bool triggered;    /* the trigger's answer is there */
    bool warming_up;   /* the first round: a server may ask who is there by CON */
    struct result counts;
};

static uint32_t token_of(const struct fanout *fanout, unsigned index)
{
    return fanout->salt << INDEX_BITS | index;
}

static void send_from(const struct fanout *fanout, unsigned index, void *data, size_t length)
{
    union {
        char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
        struct cmsghdr align;
    } control = {{0}};
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(FIRST_ADDRESS + index)};
    struct iovec vector = {data, length};
    struct msghdr message = {.msg_name = (void *)&fanout->server,
        .msg_namelen = sizeof fanout->server,
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.room,
        .msg_controllen = sizeof control.room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(header), &info, sizeof info);
    if (sendmsg(fanout->fd, &message, 0) < 0)
        err(1, "sending to the server");
}

static void send_request(const struct fanout *fanout, unsigned index, uint16_t mid)
{
    uint8_t data[PACKET_ROOM];
    bool trigger = index == TRIGGER;
    struct packet_request request = {.code = trigger ? PACKET_PUT : PACKET_GET,
        .mid = mid,
        .token = token_of(fanout, index),
        .path = trigger ? "trigger" : "obs",
        .observe = !trigger,
        .payload = (const uint8_t *)"now",
        .payload_length = trigger ? 3 : 0};
    send_from(fanout, index, data, packet_write(data, &request));
}

/* An answer to a registration or a notification, told apart by its type. */
static bool take_observation(
    struct fanout *fanout, const struct packet_answer *answer, unsigned index)
{
    uint8_t acknowledgement[4];
    if (index >= fanout->plan->observers || answer->code != PACKET_CONTENT || !answer->observe ||
        answer->payload_length != 5)
        return false;
    if (answer->type == PACKET_ACK) {
        fanout->answered++;
        return true;
    }
    /* Only non-confirmable notifications can be compared, so a confirmable one counts as wrong;
     * it is acknowledged all the same, or the server would go on sending it. */
    if (answer->type == PACKET_CON)
        send_from(fanout, index, acknowledgement,
            packet_write_empty(acknowledgement, PACKET_ACK, answer->mid));
    fanout->seen[index]++;
    fanout->counts.answers++;
    return answer->type == PACKET_NON || fanout->warming_up;
}

static void take(struct fanout *fanout, const uint8_t *data, size_t length)
{
    struct packet_answer answer = {0};
    bool ok = packet_read(data, length, &answer);
    unsigned index = answer.token & TRIGGER;
    ok = ok && answer.token == token_of(fanout, index);
    if (ok && index == TRIGGER)
        fanout->triggered = ok = answer.code == PACKET_CHANGED;
    else if (ok)
        ok = take_observation(fanout, &answer, index);
    if (!ok && fanout->counts.bad++ == 0)
        warnx("wrong message: code %d.%02d, type %d, observer %u", answer.code >> 5,
            answer.code & 31, answer.type, index);
}

/* Takes what is there without waiting; returns how many datagrams that was. */
static int receive(struct fanout *fanout)
{
    static uint8_t data[BATCH][ROOM];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){data[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(fanout->fd, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        take(fanout, data[i], messages[i].msg_len);
    return n;
}

static void register_all(struct fanout *fanout)
{
    unsigned sent = 0;
    int64_t heard = server_now();
    while (fanout->answered < fanout->plan->observers) {
        for (; sent < fanout->plan->observers && sent - fanout->answered < OUTSTANDING; sent++)
            send_request(fanout, sent, (uint16_t)sent);
        if (receive(fanout) > 0)
            heard = server_now();
        else if (server_now() - heard > SILENCE)
            errx(
                1, "only %u of %u observers registered", fanout->answered, fanout->plan->observers);
    }
}

/* One notification to all; ends when all have come, or nothing more does. */
static void notify_all(struct fanout *fanout, unsigned round)
{
    uint64_t expected = fanout->counts.answers + fanout->plan->observers;
    int64_t heard = server_now();
    fanout->triggered = false;
    send_request(fanout, TRIGGER, (uint16_t)round);
    while (fanout->counts.answers < expected || !fanout->triggered) {
        if (receive(fanout) > 0)
            heard = server_now();
        else if (server_now() - heard > SILENCE)
            break;
    }
    usleep(5000); /* let the server finish, so that its time is booked */
}

/* What comes in the first round does not count. */
static void warm_up(struct fanout *fanout)
{
    fanout->warming_up = true;
    notify_all(fanout, 0);
    fanout->warming_up = false;
    fanout->counts = (struct result){0};
    memset(fanout->seen, 0, fanout->plan->observers * sizeof *fanout->seen);
}

static void count_lost(struct fanout *fanout)
{
    for (unsigned i = 0; i < fanout->plan->observers; i++) {
        if (fanout->seen[i] < fanout->plan->rounds)
            fanout->counts.lost += fanout->plan->rounds - fanout->seen[i];
    }
}

static void open_socket(struct fanout *fanout, uint16_t port)
{
    int size = 4 << 20;
    struct sockaddr_in any = {.sin_family = AF_INET};
    fanout->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    fanout->server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fanout->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fanout->fd < 0 || bind(fanout->fd, (struct sockaddr *)&any, sizeof any))
        err(2, "socket");
    setsockopt(fanout->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void fanout_run(const struct plan *plan, const struct server *server, struct result *out_result)
{
    struct fanout fanout = {.plan = plan};
    if (plan->observers >= TRIGGER)
        errx(2, "at most %d observers", TRIGGER - 1);
    fanout.seen = calloc(plan->observers, sizeof *fanout.seen);
    if (!fanout.seen || getrandom(&fanout.salt, sizeof fanout.salt, 0) != sizeof fanout.salt)
        err(2, "no memory or no random numbers");
    open_socket(&fanout, server->port);
    register_all(&fanout);
    warm_up(&fanout);
    int64_t start = server_now(), cpu = server_cpu(server);
    for (unsigned round = 1; round <= plan->rounds; round++)
        notify_all(&fanout, round);
    count_lost(&fanout);
    *out_result = fanout.counts;
    out_result->wall = server_now() - start;
    out_result->cpu = server_cpu(server) - cpu;
    close(fanout.fd);
    free(fanout.seen);
}
