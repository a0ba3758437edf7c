/*
 * Room for many datagrams at once, with the headers of recvmmsg() and sendmmsg() already pointing
 * into it, so that a call costs no more than its datagrams. Used inside net/ only.
 */
#ifndef LC_NET_BATCH_H
#define LC_NET_BATCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/transport.h"

/* More than 64 gains nothing measurable. */
enum { LC_BATCH = 64 };

union lc_batch_name {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* Holds one IP_PKTINFO or IPV6_PKTINFO. */
union lc_batch_control {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct lc_udp;

/* What one recvmmsg() brought, and how much of it was handled. */
struct lc_receive_batch {
    struct lc_udp *udp; /* whose datagrams these are */
    unsigned count, next;
    unsigned slots; /* as laid out for `max_packet` */
    size_t max_packet;
    uint8_t *region; /* owned */
    size_t size;
    struct mmsghdr headers[LC_BATCH];
    struct iovec rooms[LC_BATCH];
    union lc_batch_name names[LC_BATCH];
    union lc_batch_control controls[LC_BATCH];
};

/* NULL: out of memory. */
struct lc_receive_batch *lc_receive_batch_new(void);
void lc_receive_batch_free(struct lc_receive_batch *batch);

/* Makes every slot take `max_packet` bytes. False: out of memory, the batch is as it was. */
bool lc_receive_batch_fit(struct lc_receive_batch *batch, size_t max_packet);

/* Replaces the content, without waiting: the number of datagrams, or -1 and errno. */
int lc_receive_batch_fill(struct lc_receive_batch *batch, int fd);

/* Sets the local address of `path` (its port stays) if the control message tells where a datagram
 * came to; the scope only where it distinguishes addresses. */
void lc_batch_destination(const struct cmsghdr *cmsg, struct lc_path *path);

/* What stands committed and is not sent yet, of all sockets of a loop in order. */
struct lc_send_batch {
    unsigned count;
    uint8_t *region; /* owned; NULL before the first use */
    size_t used;
    uint8_t *reserved; /* the room handed out last */
    /* sendmmsg(), unless a spec wants it to fail */
    int (*send)(int fd, struct mmsghdr *headers, unsigned count, int flags);
    struct lc_udp *owners[LC_BATCH];
    struct lc_path paths[LC_BATCH];
    struct mmsghdr headers[LC_BATCH];
    struct iovec rooms[LC_BATCH];
    union lc_batch_name names[LC_BATCH];
    union lc_batch_control controls[LC_BATCH];
};

void lc_send_batch_init(struct lc_send_batch *batch);

/* Whether there is room for one more datagram of up to `len` bytes. */
bool lc_send_batch_has_room(const struct lc_send_batch *batch, size_t len);

/* The room, or NULL: out of memory, or longer than any datagram. Ask only when there is room. */
uint8_t *lc_send_batch_reserve(struct lc_send_batch *batch, size_t len);

/* Adds the first `len` bytes of the room reserved; the caller fills the header at the index given
 * back. */
unsigned lc_send_batch_add(struct lc_send_batch *batch, size_t len);

void lc_send_batch_clear(struct lc_send_batch *batch);
void lc_send_batch_free(struct lc_send_batch *batch);

#endif
