/* How long a plain client waits while many DTLS clients come at once. It asks the component beside
 * the DTLS server every millisecond; the kernel stamps when the answers are there, since the
 * process may be busy with a handshake of its own then. */
#include "dtls_load.h"
#include "packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const int64_t MILLISECOND = 1000000, PATIENCE = 20000000000;

struct plain {
    int fd;
    uint16_t mid;
    const struct server *server;
    int64_t sent;   /* when the request was that waits for its answer; 0: none */
    int64_t before; /* how long the server had waited for its core then */
    int64_t longest;
    unsigned answers;
};

/* The clock of SO_TIMESTAMPNS. */
static int64_t real_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void open_plain(struct plain *plain, const struct server *server)
{
    int on = 1;
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    plain->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (plain->fd < 0 || connect(plain->fd, (struct sockaddr *)&peer, sizeof peer) ||
        setsockopt(plain->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on))
        err(2, "cannot open the plain client");
    plain->server = server;
}

static void ask_plain(struct plain *plain)
{
    uint8_t data[PACKET_ROOM];
    struct packet_request request = {
        .code = PACKET_GET, .mid = ++plain->mid, .token = plain->mid, .path = "hello"};
    size_t length = packet_write(data, &request);
    plain->before = server_times(plain->server).waited;
    plain->sent = real_now();
    if (send(plain->fd, data, length, 0) < 0)
        err(1, "asking the plain component");
}

/* When the answer came; 0: it is not there. */
static int64_t arrival(const struct plain *plain)
{
    uint8_t data[PACKET_ROOM];
    struct packet_answer answer;
    struct timespec stamp;
    char control[CMSG_SPACE(sizeof stamp)] __attribute__((aligned(8)));
    struct iovec vector = {data, sizeof data};
    struct msghdr message = {.msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control};
    ssize_t length = recvmsg(plain->fd, &message, MSG_DONTWAIT);
    struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (!header || !packet_read(data, (size_t)length, &answer) || answer.mid != plain->mid)
        return 0;
    memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
    return stamp.tv_sec * INT64_C(1000000000) + stamp.tv_nsec;
}

static void watch(struct plain *plain)
{
    int64_t came = plain->sent ? arrival(plain) : 0;
    if (came) {
        int64_t waited = came - plain->sent - (server_times(plain->server).waited - plain->before);
        plain->longest = waited > plain->longest ? waited : plain->longest;
        plain->answers++;
        plain->sent = 0;
    }
}

static bool are_up(const struct dtls_load *load)
{
    for (unsigned i = 0; i < load->count; i++) {
        if (!load->client[i].is_up)
            return false;
    }
    return true;
}

static void open_one(struct dtls_load *load, struct dtls_client *client)
{
    dtls_client_open(&load->clients, client);
}

void dtls_burst_run(struct dtls_load *load, double seconds)
{
    struct plain plain = {0};
    (void)seconds;
    open_plain(&plain, &load->server);
    dtls_load_tick(load);
    int64_t start = server_now(), cpu = server_cpu(&load->server), next = 0;
    dtls_load_each(load, open_one);
    while (!are_up(load) && server_now() < start + PATIENCE) {
        dtls_load_tick(load);
        for (unsigned i = 0; i < load->count; i++) {
            dtls_client_pump(&load->client[i]);
            watch(&plain);
            if (!plain.sent && server_now() >= next) {
                ask_plain(&plain);
                next = server_now() + MILLISECOND;
            }
        }
    }
    if (!are_up(load))
        errx(1, "not all of %u sessions came up", load->count);
    cpu = server_cpu(&load->server) - cpu;
    printf("stall=%.0f handshake=%.0f asked=%u bad=%llu\n", plain.longest / 1e3,
        cpu / 1e3 / load->count, plain.answers, (unsigned long long)load->clients.counts.bad);
    close(plain.fd);
}
