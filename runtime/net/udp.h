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
    struct lc_address local; /* unspecified address: all interfaces; port 0: any */
    bool dual_stack;         /* bind :: for both families when `local` is unspecified */
    const struct lc_address
        *groups; /* multicast groups to join, on the interface of their scope or the default one */
    size_t group_count;
    bool share_port; /* SO_REUSEADDR and SO_REUSEPORT, ShareLocalPort */
    bool dont_fragment;
    bool packet_info; /* fill lc_path.local also when bound to one address; always done for
                         wildcards */
    const struct lc_address
        *connect;                    /* UseConnection: exchange datagrams with this address alone */
    int dscp;                        /* 0 to 63 */
    int receive_buffer, send_buffer; /* bytes; 0: large (4 MiB or what the system allows) */
    size_t max_packet;               /* longest datagram accepted, bytes */
};

struct lc_udp;

/* Opens, binds, and starts receiving into `receiver`. NULL with `error`: 10048, 10049, 10013, 10024
 * ... */
struct lc_udp *lc_udp_open(struct lc_loop *loop, const struct lc_udp_options *options,
    const struct lc_receiver *receiver, struct lc_error *error);

/* Sends what is queued, closes. May be called in an upcall of this very socket. */
void lc_udp_close(struct lc_udp *udp);

struct lc_transport *lc_udp_transport(struct lc_udp *udp);

/* What was bound. */
const struct lc_address *lc_udp_local(const struct lc_udp *udp);

/* Counters since the socket was opened. */
struct lc_udp_stats {
    uint64_t received, sent, receive_calls, send_calls, dropped, refused;
};
const struct lc_udp_stats *lc_udp_stats(const struct lc_udp *udp);

#endif
