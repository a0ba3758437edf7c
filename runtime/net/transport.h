/*
 * What the message layer needs of the layer that carries datagrams, plain UDP and DTLS alike.
 * Down: reserve room, write into it, commit it to a path. Up: the functions of struct lc_receiver.
 */
#ifndef LC_NET_TRANSPORT_H
#define LC_NET_TRANSPORT_H

#include "net/address.h"

/*
 * The two ends of a datagram's way. Down, `local` is where it is to leave from: unspecified or a
 * group lets the system choose. Up, `local` is where the datagram came to, with the port bound: a
 * group shows that it was multicast.
 */
struct lc_path {
    struct lc_address remote;
    struct lc_address local;
};

bool lc_path_equal(const struct lc_path *a, const struct lc_path *b);
uint64_t lc_path_hash(const struct lc_path *path);

struct lc_transport {
    /* Room for one datagram of up to `len` bytes, or NULL: out of memory, closed, or too long. It
     * is valid until the next reserve() on any transport of the loop, or the end of the turn. */
    uint8_t *(*reserve)(struct lc_transport *transport, size_t len);

    /* Queues the first `len` bytes of the room last reserved. Nothing is sent before the loop's
     * turn ends. */
    void (*commit)(struct lc_transport *transport, const struct lc_path *path, size_t len);
};

/* Upcalls. `data` is the carrier's and stays valid until the function returns; it may be written
 * to. */
struct lc_receiver {
    void (*receive)(void *arg, const struct lc_path *path, uint8_t *data, size_t len);

    /* A datagram longer than MaxPacketSize: only its first `len` bytes are there. */
    void (*truncated)(void *arg, const struct lc_path *path, const uint8_t *data, size_t len);

    /* The network refused a datagram that we sent (an ICMP error, or sendmmsg failed: `number` is
     * an errno). `data` is its beginning, at most 128 bytes, and may be empty, since routers need
     * not send it back. `path->local` may differ from the one committed. Called at a turn's end,
     * never from within reserve(), commit() or another upcall. */
    void (*refused)(
        void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len);

    void *arg;
};

#endif
