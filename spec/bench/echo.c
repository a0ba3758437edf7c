/* The least that a CoAP server could do: answer every request in its place, 64 datagrams per system
 * call, looking at no more than method, token and first option. It is the floor that servers are
 * measured against: what the kernel alone costs. A GET that asks to observe makes its client an
 * observer, a PUT of /trigger sends to all of them. Usage: echo PORT */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 1500, HEADER = 4, TOKEN_MAX = 8, OBSERVERS_MAX = 16384 };

/* The first option's head: its number and its length. */
enum { OBSERVE_ZERO = 6 << 4, OBSERVE_ONE_BYTE = 6 << 4 | 1, URI_PATH_TRIGGER = 11 << 4 | 7 };

struct batch {
    uint8_t data[BATCH][ROOM];
    struct sockaddr_in peers[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
};

struct observer {
    struct sockaddr_in peer;
    uint8_t token[TOKEN_MAX], token_length;
};

static struct batch in, out;
static struct observer observers[OBSERVERS_MAX];
static unsigned observer_count;

static int open_socket(const char *port)
{
    int size = 4 << 20;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address))
        err(2, "port %s", port);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return fd;
}

static void prepare(struct batch *batch)
{
    for (int i = 0; i < BATCH; i++) {
        batch->vectors[i] = (struct iovec){batch->data[i], ROOM};
        batch->messages[i].msg_hdr = (struct msghdr){.msg_name = &batch->peers[i],
            .msg_namelen = sizeof batch->peers[i],
            .msg_iov = &batch->vectors[i],
            .msg_iovlen = 1};
    }
}

static void send_all(int fd, struct batch *batch, unsigned count)
{
    for (unsigned sent = 0; sent < count;) {
        int n = sendmmsg(fd, batch->messages + sent, count - sent, 0);
        if (n < 0)
            err(1, "sendmmsg");
        sent += (unsigned)n;
    }
}

/* Observe, if it belongs there, and five bytes of payload. */
static uint8_t *put_content(uint8_t *at, bool observe, uint8_t sequence)
{
    if (observe) {
        *at++ = OBSERVE_ONE_BYTE;
        *at++ = sequence;
    }
    memcpy(at, "\xffhello", 6);
    return at + 6;
}

/* A non-confirmable notification to everyone. */
static void notify(int fd)
{
    static uint16_t id;
    static uint8_t sequence;
    sequence++;
    prepare(&out);
    for (unsigned i = 0, n; i < observer_count; i += n) {
        for (n = 0; n < BATCH && i + n < observer_count; n++) {
            const struct observer *observer = &observers[i + n];
            uint8_t *at = out.data[n];
            *at++ = (uint8_t)(0x50 | observer->token_length);
            *at++ = 2 << 5 | 5;
            *at++ = (uint8_t)(++id >> 8);
            *at++ = (uint8_t)id;
            memcpy(at, observer->token, TOKEN_MAX);
            at = put_content(at + observer->token_length, true, sequence);
            out.vectors[n].iov_len = (size_t)(at - out.data[n]);
            out.peers[n] = observer->peer;
        }
        send_all(fd, &out, n);
    }
}

static void enrol(const uint8_t *message, const struct sockaddr_in *peer)
{
    if (observer_count == OBSERVERS_MAX)
        return;
    struct observer *observer = &observers[observer_count++];
    observer->peer = *peer;
    observer->token_length = message[0] & 15;
    memcpy(observer->token, message + HEADER, TOKEN_MAX);
}

/* Turns the request into its piggybacked answer: 2.05 "hello" to GET, 2.04 to all else. */
static size_t answer(int fd, uint8_t *message, const struct sockaddr_in *peer)
{
    uint8_t *end = message + HEADER + (message[0] & 15u);
    bool get = message[1] == 1;
    bool observe = get && *end == OBSERVE_ZERO;
    if (observe)
        enrol(message, peer);
    if (!get && *end == URI_PATH_TRIGGER)
        notify(fd);
    message[0] = 0x60 | (message[0] & 15);
    message[1] = get ? 2 << 5 | 5 : 2 << 5 | 4;
    if (get)
        end = put_content(end, observe, 0);
    return (size_t)(end - message);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        errx(2, "usage: echo PORT");
    int fd = open_socket(argv[1]);
    for (;;) {
        prepare(&in);
        int n = recvmmsg(fd, in.messages, BATCH, MSG_WAITFORONE, NULL);
        if (n < 0)
            err(1, "recvmmsg");
        for (int i = 0; i < n; i++)
            in.vectors[i].iov_len = answer(fd, in.data[i], &in.peers[i]);
        send_all(fd, &in, (unsigned)n);
    }
}
