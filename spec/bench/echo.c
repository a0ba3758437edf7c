/* The least that a CoAP server could do: answer every request in its place, 64 datagrams per system
 * call, without looking at anything but method and token. It is the floor that servers are measured
 * against: what the kernel alone costs. Usage: echo PORT */
#include <arpa/inet.h>
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 1500 };

static uint8_t data[BATCH][ROOM];
static struct sockaddr_in peers[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

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

static void prepare(void)
{
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){data[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &peers[i],
            .msg_namelen = sizeof peers[i],
            .msg_iov = &vectors[i],
            .msg_iovlen = 1};
    }
}

/* Turns the request into its piggybacked answer: 2.05 "hello" to GET, 2.04 to all else. */
static size_t answer(uint8_t *message)
{
    size_t length = 4 + (message[0] & 15u);
    int get = message[1] == 1;
    message[0] = 0x60 | (message[0] & 15);
    message[1] = get ? 2 << 5 | 5 : 2 << 5 | 4;
    if (!get)
        return length;
    memcpy(message + length, "\xffhello", 6);
    return length + 6;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        errx(2, "usage: echo PORT");
    int fd = open_socket(argv[1]);
    for (;;) {
        prepare();
        int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        if (n < 0)
            err(1, "recvmmsg");
        for (int i = 0; i < n; i++)
            vectors[i].iov_len = answer(data[i]);
        for (int sent = 0, r; sent < n; sent += r) {
            r = sendmmsg(fd, messages + sent, (unsigned)(n - sent), 0);
            if (r < 0)
                err(1, "sendmmsg");
        }
    }
}
