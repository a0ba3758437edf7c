/*
 * A UDP socket as a transport: received in batches, sent once per turn of the loop (recvmmsg,
 * sendmmsg).
 */
#ifndef LC_NET_UDP_H
#define LC_NET_UDP_H

#include "base/error.h"
#include "net/loop.h"
#include "net/transport.h"

/* How a socket is opened. Zero is "as the system has it" everywhere. */
struct lc_udp_options {
    struct lc_address local; /* lc_address_any(): all interfaces; port 0: any. Its family counts */
    bool dual_stack;         /* bind :: for both families when `local` is unspecified */
    /* Multicast groups to join, on the interface of their scope or the default one. They need a
     * `local` that is unspecified, since a socket bound to one address hears nothing else. */
    const struct lc_address *groups;
    size_t group_count;
    bool share_port; /* SO_REUSEADDR and SO_REUSEPORT, ShareLocalPort */
    /* ShareSocket: one socket of the system for all that have the same port and family and this
     * set, each with an address of its own in `local`. The first one's options count. It joins no
     * groups, and is not connected. */
    bool share_socket;
    bool dont_fragment;
    bool packet_info; /* let the system tell lc_path.local also when bound to one address */
    const struct lc_address
        *connect;                    /* UseConnection: exchange datagrams with this address alone */
    int dscp;                        /* 0 to 63 */
    int receive_buffer, send_buffer; /* bytes; 0: large (4 MiB or what the system allows) */
    size_t max_packet;               /* longest datagram accepted, bytes */
};

struct lc_udp;

/* Opens and binds. NULL with `error`: 10048, 10049, 10013, 10024 ... */
struct lc_udp *lc_udp_open(
    struct lc_loop *loop, const struct lc_udp_options *options, struct lc_error *error);

/* Where datagrams go from now on. Until this is called none are read. */
void lc_udp_receive(struct lc_udp *udp, const struct lc_receiver *receiver);

/* Takes another socket with these options in place of the open one: of the same family, with
 * another port. What is queued is sent from the old one. On an error nothing has changed. */
int lc_udp_rebind(struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);

/* Sends what is queued, once, without waiting. */
void lc_udp_flush(struct lc_udp *udp);

/* The same, and closes. May be called in an upcall of this very
 * socket, also in an inner turn; no upcall follows. NULL is ignored. */
void lc_udp_close(struct lc_udp *udp);

struct lc_transport *lc_udp_transport(struct lc_udp *udp);

/* What was bound; when connected, the address that the system chose. */
const struct lc_address *lc_udp_local(const struct lc_udp *udp);

/* Whether it was opened in virtual time and knows no network but that in memory. */
bool lc_udp_is_inmemory(const struct lc_udp *udp);

/* Counters since the socket was opened. */
struct lc_udp_stats {
    uint64_t received, sent; /* datagrams */
    uint64_t receive_calls, send_calls;
    uint64_t dropped; /* for want of memory, or after the socket was full for too long */
    uint64_t refused; /* told by `refused`, if there was memory to tell */
};
const struct lc_udp_stats *lc_udp_stats(const struct lc_udp *udp);

/* Datagrams that came to a shared socket for an address that nobody there has, or that it dropped.
 */
uint64_t lc_udp_shared_dropped(const struct lc_loop *loop);

#endif
