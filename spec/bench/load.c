/* The closed-loop load: clients that keep a window of requests outstanding and check every answer.
 * It spins instead of sleeping, so that the server is never charged for waking it, and hands the
 * requests of one client to the kernel as one segmented send, so that it costs far less than the
 * server that it has to keep busy. */
#include "datagram.h"
#include "generator.h"
#include "packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* LAST_MID: an endpoint that used every message id once is replaced, since none may come again
 * within EXCHANGE_LIFETIME (RFC 7252 4.4) and a server's duplicate detection must never be hit. */
enum { LAST_MID = 65535, BLOCKS = 1024, BLOCK_SIZE = 1024, ROOM = 1500 };

static const int64_t LOST_AFTER = 250000000, WARM_UP = 100000000;

struct kind {
    const char *mode, *path;
    uint8_t method, code;
    uint8_t block_option;
    uint16_t sends, receives; /* payload bytes */
};

static const struct kind kinds[] = {
    {"get", "hello", PACKET_GET, PACKET_CONTENT, 0, 0, 5},
    {"put", "store", PACKET_PUT, PACKET_CHANGED, 0, BLOCK_SIZE, 0},
    {"bget", "big", PACKET_GET, PACKET_CONTENT, PACKET_BLOCK2, 0, BLOCK_SIZE},
    {"bput", "big", PACKET_PUT, PACKET_CHANGED, PACKET_BLOCK1, BLOCK_SIZE, 0},
};

struct slot {
    bool waiting;
    uint16_t mid;
    uint32_t token;
    int64_t sent;
};

struct client {
    int fd;
    unsigned next_mid;
    unsigned waiting; /* slots in use */
    uint32_t block;   /* next to ask for or to send */
    struct slot slots[WINDOW_MAX];
};

struct load {
    const struct plan *plan;
    const struct kind *kind;
    uint16_t port;
    struct client *clients;
    uint32_t net;    /* of the clients' addresses, another one than that of other processes */
    unsigned opened; /* sockets so far, each at an address and port never used before */
    uint64_t random;
    int64_t now;
    struct result counts;
};

static uint32_t next_random(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return (uint32_t)(load->random >> 32);
}

static void open_client(struct load *load, struct client *client)
{
    int size = 4 << 20;
    unsigned n = load->opened++;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(10000 + n % 20000)};
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(load->port)};
    own.sin_addr.s_addr = htonl(load->net | (n / 20000 << 8) | 1);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || bind(client->fd, (struct sockaddr *)&own, sizeof own) ||
        connect(client->fd, (struct sockaddr *)&peer, sizeof peer))
        err(2, "cannot open client %u", n);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    client->next_mid = 0;
}

/* Block-wise clients send one block at a time; the others have nothing to remember. */
static size_t write_request(struct load *load, struct client *client, uint8_t *out)
{
    static uint8_t body[BLOCK_SIZE];
    const struct kind *kind = load->kind;
    struct slot *slot = &client->slots[client->next_mid % load->plan->window];
    struct packet_request request = {.code = kind->method,
        .mid = (uint16_t)client->next_mid++,
        .token = next_random(load),
        .path = kind->path,
        .block_option = kind->block_option,
        .payload = body,
        .payload_length = kind->sends};
    if (kind->block_option == PACKET_BLOCK1) {
        request.block = PACKET_BLOCK(client->block, client->block + 1 < BLOCKS);
        /* libcoap 4.3.1 needs the size to put the body together. */
        request.size1 = BLOCKS * BLOCK_SIZE;
        memset(body, (int)('a' + client->block % 26), sizeof body);
    } else if (kind->block_option == PACKET_BLOCK2) {
        request.block = PACKET_BLOCK(client->block, false);
    }
    *slot = (struct slot){true, request.mid, request.token, load->now};
    client->waiting++;
    return packet_write(out, &request);
}

static void forget_lost(struct load *load, struct client *client)
{
    for (unsigned i = 0; i < load->plan->window; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->waiting && load->now - slot->sent > LOST_AFTER) {
            slot->waiting = false;
            client->waiting--;
            load->counts.lost++;
        }
    }
}

/* Sends as much as the window allows, but waits until a quarter of it is free: a few large sends
 * are cheaper than many small ones. */
static void refill(struct load *load, struct client *client)
{
    static uint8_t data[WINDOW_MAX * PACKET_ROOM];
    unsigned window = load->plan->window;
    size_t length = 0, segment = 0;
    if (client->next_mid > LAST_MID && client->waiting == 0) {
        close(client->fd);
        open_client(load, client);
    }
    if (window - client->waiting < (window + 3) / 4)
        return;
    while (client->next_mid <= LAST_MID && !client->slots[client->next_mid % window].waiting &&
           client->waiting < window) {
        segment = write_request(load, client, data + length);
        length += segment;
    }
    if (length)
        datagram_send(client->fd, data, length, segment);
}

/* libcoap leaves Block1 out of the answer to the last block, so it is asked for in the others. */
static bool block_valid(
    const struct client *client, const struct kind *kind, const struct packet_answer *answer)
{
    bool more = client->block + 1 < BLOCKS;
    uint8_t letter = (uint8_t)('a' + client->block % 26);
    if (kind->block_option == PACKET_BLOCK1 && more)
        return answer->code == PACKET_CONTINUE && answer->block1 >> 4 == client->block;
    if (kind->block_option == PACKET_BLOCK1)
        return answer->code == kind->code;
    return answer->code == kind->code && answer->block2 == PACKET_BLOCK(client->block, more) &&
           answer->payload[0] == letter && answer->payload[BLOCK_SIZE - 1] == letter;
}

static bool valid(const struct load *load, const struct client *client, const struct slot *slot,
    const struct packet_answer *answer)
{
    const struct kind *kind = load->kind;
    if (!slot->waiting || answer->mid != slot->mid || answer->token != slot->token ||
        answer->type != PACKET_ACK || answer->payload_length != kind->receives)
        return false;
    return kind->block_option ? block_valid(client, kind, answer) : answer->code == kind->code;
}

static void take_answer(
    struct load *load, struct client *client, const uint8_t *data, size_t length)
{
    struct packet_answer answer = {0};
    bool readable = packet_read(data, length, &answer);
    struct slot *slot = &client->slots[answer.mid % load->plan->window];
    if (!readable || !valid(load, client, slot, &answer)) {
        if (load->counts.bad++ == 0)
            warnx("wrong answer: code %d.%02d, type %d, mid %d, %zu bytes", answer.code >> 5,
                answer.code & 31, answer.type, answer.mid, length);
        return;
    }
    slot->waiting = false;
    client->waiting--;
    client->block = (client->block + 1) % BLOCKS;
    load->counts.answers++;
}

static void receive(struct load *load, struct client *client)
{
    static uint8_t data[WINDOW_MAX][ROOM];
    struct iovec vectors[WINDOW_MAX];
    struct mmsghdr messages[WINDOW_MAX];
    if (client->waiting == 0)
        return;
    for (unsigned i = 0; i < client->waiting; i++) {
        vectors[i] = (struct iovec){data[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(client->fd, messages, client->waiting, MSG_DONTWAIT, NULL);
    if (n < 0 && errno != EAGAIN)
        err(1, "receiving from the server");
    for (int i = 0; i < n; i++)
        take_answer(load, client, data[i], messages[i].msg_len);
}

/* Loads the server for a time, then waits until nothing is outstanding any more. */
static void keep_busy(struct load *load, int64_t duration)
{
    int64_t end = server_now() + duration;
    unsigned outstanding;
    do {
        load->now = server_now();
        outstanding = 0;
        for (unsigned i = 0; i < load->plan->sockets; i++) {
            struct client *client = &load->clients[i];
            receive(load, client);
            forget_lost(load, client);
            if (load->now < end)
                refill(load, client);
            outstanding += client->waiting;
        }
    } while (load->now < end || outstanding);
}

static const struct kind *find_kind(const char *mode)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(kinds[i].mode, mode))
            return &kinds[i];
    }
    errx(2, "no mode '%s'; there are get, put, bget, bput and observe", mode);
}

void load_run(const struct plan *plan, const struct server *server, struct result *out_result)
{
    struct load load = {.plan = plan,
        .kind = find_kind(plan->mode),
        .port = server->port,
        .net = 127u << 24 | (2u + (unsigned)getpid() % 250u) << 16};
    load.clients = calloc(plan->sockets, sizeof *load.clients);
    if (!load.clients || getrandom(&load.random, sizeof load.random, 0) != sizeof load.random)
        err(2, "no memory or no random numbers");
    for (unsigned i = 0; i < plan->sockets; i++)
        open_client(&load, &load.clients[i]);
    keep_busy(&load, WARM_UP);
    load.counts = (struct result){.bad = load.counts.bad};
    int64_t start = server_now(), cpu = server_cpu(server);
    keep_busy(&load, (int64_t)(plan->seconds * 1e9));
    *out_result = load.counts;
    out_result->wall = server_now() - start;
    out_result->cpu = server_cpu(server) - cpu;
    for (unsigned i = 0; i < plan->sockets; i++)
        close(load.clients[i].fd);
    free(load.clients);
}
