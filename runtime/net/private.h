/*
 * What the files of net/ know of each other: the inside of the loop and of a socket. Nothing
 * outside net/ includes this (but the probe), since it includes ev.h.
 */
#ifndef LC_NET_PRIVATE_H
#define LC_NET_PRIVATE_H

#include <ev.h>

#include "base/list.h"
#include "base/map.h"
#include "net/batch.h"
#include "net/loop.h"
#include "net/udp.h"

enum { LC_LOOP_DEPTH = 16 };

struct lc_loop {
    struct ev_loop *ev;
    ev_timer deadline; /* the only timer of libev; `armed` is when it fires, or LC_NEVER */
    ev_io near;        /* a timerfd, in its place for near deadlines; or -1 */
    ev_check polled;
    ev_async wake;
    struct lc_timers timers;
    lc_time armed;
    lc_time polled_at; /* the moment that libev counts the deadline from */
    lc_time leapt;     /* how far `now` is ahead of the machine's clock */
    unsigned virtual;  /* how many want the time to leap: see lc_loop_begin_virtual() */
    bool quiet;        /* the last poll found nothing */
    unsigned depth;
    struct lc_deferred *deferred, **deferred_end;
    struct lc_receive_batch *receive[LC_LOOP_DEPTH]; /* one for each depth, made on first use */
    struct lc_send_batch send;
    struct lc_list stuck;   /* sockets (lc_trouble.stuck) whose output waits for the system */
    struct lc_list lookups; /* lc_resolution.link, those that wait for their turn */
    unsigned looking_up;
    struct lc_map bound;    /* lc_inmemory.at_address, by what they are bound to */
    struct lc_map ports;    /* lc_inmemory.at_port, one for each port */
    struct lc_list grouped; /* lc_inmemory.in_group, those that have joined groups */
    uint64_t bound_last;    /* lc_inmemory.number */
    struct lc_flight *flights, **flights_end;
    uint16_t last_port;      /* given to one of them */
    struct lc_list shared;   /* sockets that others share; shared.c */
    uint64_t shared_dropped; /* by those that are closed */
};

struct lc_waiting; /* a datagram that could not be sent yet */
struct lc_refusal; /* a refused datagram that was not reported yet */

/* What a socket needs only once something went wrong. */
struct lc_trouble {
    struct lc_udp *udp;
    struct lc_list stuck;
    struct ev_io writable;
    struct lc_timer retry;
    struct lc_waiting *waiting, **waiting_end;
    size_t waiting_size;
    struct lc_refusal *refusals, **refusals_end;
    size_t refusal_count;
    struct lc_deferred report;
};

/* What a socket has that exists in memory only. */
struct lc_inmemory {
    struct lc_udp *udp;
    struct lc_map_node at_address, at_port;
    struct lc_list same_port; /* the one of them that is in the map, and the others */
    struct lc_list in_group;  /* empty without groups */
    uint64_t number;          /* in the order in which they were opened */
    bool dual_stack, share_port;
    struct lc_address peer; /* UseConnection; else port 0 */
    size_t group_count;
    struct lc_address groups[];
};

struct lc_flight; /* a datagram between two of them */

/* What a socket has that shares one of the system with others. */
struct lc_member {
    struct lc_map_node node; /* among the others */
    struct lc_udp *udp;
    struct lc_shared *shared;
};

struct lc_udp {
    struct lc_transport transport;
    struct ev_io readable;
    struct lc_loop *loop;
    struct lc_receiver receiver;
    struct lc_address local;
    struct lc_udp_stats stats;
    struct lc_trouble *trouble;   /* owned; NULL in the life of most sockets */
    struct lc_inmemory *inmemory; /* owned; NULL but for a socket in memory */
    struct lc_member *member;     /* owned; NULL but for one that shares another */
    int fd;                       /* -1 for these two */
    uint32_t max_packet;
    unsigned frames; /* of the C stack that use this struct: it is freed after the last one */
    bool ipv6;
    bool packet_info; /* the system tells where datagrams came to */
    bool connected;
    bool closed;
    bool suspicious; /* the error queue is to be read */
};

/* loop.c */

/* The batch of the present depth, with room for `max_packet`. NULL: out of memory. */
struct lc_receive_batch *lc_loop_receive_batch(struct lc_loop *loop, size_t max_packet);

/* socket.c */

/* A bound socket with every option set, or -1 and `error`. Fills `udp`'s local, ipv6, packet_info
 * and connected. */
int lc_socket_open(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);

/* udp.c */

/* Hands on what outer turns have received and not handled yet. Whether there was any. */
bool lc_udp_resume(struct lc_loop *loop);

/* A socket of the system, also in virtual time, and whoever is to share it. */
struct lc_udp *lc_udp_open_system(
    struct lc_loop *loop, const struct lc_udp_options *options, struct lc_error *error);

/* To the layer above: counted, and cut at the socket's own longest. The struct must be entered. */
void lc_udp_hand_on(struct lc_udp *udp, const struct lc_path *path, uint8_t *data, size_t len);

/* A use of the struct by the C stack begins; it ends, and frees the struct if it was closed. */
void lc_udp_enter(struct lc_udp *udp);
void lc_udp_leave(struct lc_udp *udp);

/* outbox.c */

/* Sends what is committed. Makes no upcall. */
void lc_outbox_flush(struct lc_loop *loop);

/* Fills name and control of a header for a path. False: the socket's family cannot reach it. */
bool lc_outbox_address(const struct lc_udp *udp, const struct lc_path *path,
    struct msghdr *out_header, union lc_batch_control *control);

/* Tries again what the system did not take. True: nothing is left. Makes no upcall. */
bool lc_outbox_retry(struct lc_udp *udp);

/* Drops what waits. */
void lc_outbox_drop(struct lc_udp *udp);

/* inmemory.c */

/* Makes a socket in memory and binds it; fills `udp` as lc_socket_open() does. 0 or the error's
 * code.
 */
int lc_inmemory_open(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);
int lc_inmemory_rebind(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);
void lc_inmemory_close(struct lc_udp *udp);

/* Puts a datagram on its way. */
void lc_inmemory_send(struct lc_udp *udp, const struct lc_path *path, const void *data, size_t len);

/* Hands on what is under way. Whether there was anything. */
bool lc_inmemory_deliver(struct lc_loop *loop);

/* Loses what is on its way. */
void lc_inmemory_forget(struct lc_loop *loop);

/* bound.c */

/* Makes a socket in memory one that is found where `udp` is bound. False: memory, which there is
 * for one that was found before. */
bool lc_bound_enter(struct lc_inmemory *socket);
void lc_bound_leave(struct lc_inmemory *socket);

/* The one who gets what is sent to an address, or NULL: who is bound to just this, before others,
 * and who was first. The n-th of a group, from 0. */
struct lc_inmemory *lc_bound_find(const struct lc_loop *loop, const struct lc_address *address);
struct lc_inmemory *lc_bound_in_group(
    const struct lc_loop *loop, const struct lc_address *group, size_t n);

/* Whether one may be bound as the options say. */
bool lc_bound_is_free(const struct lc_loop *loop, const struct lc_udp_options *options);

/* shared.c */

/* Makes a socket one of those that share one of the system, which is opened with the first of them
 * and closed with the last; fills `udp` as lc_socket_open() does. 0 or the error's code. */
int lc_shared_join(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);
int lc_shared_rebind(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);
void lc_shared_leave(struct lc_udp *udp);

/* trouble.c */

/* The socket's struct for trouble, made on first use. NULL: out of memory. */
struct lc_trouble *lc_trouble_of(struct lc_udp *udp);

/* Reads the error queue; how many datagrams the network refused. Makes no upcall. */
unsigned lc_trouble_read(struct lc_udp *udp);

/* Notes a refused datagram, to be reported at a turn's end. */
void lc_trouble_refuse(
    struct lc_udp *udp, const struct lc_path *path, int number, const void *data, size_t len);

/* The socket is closing: stops everything. */
void lc_trouble_stop(struct lc_udp *udp);
void lc_trouble_free(struct lc_trouble *trouble);

#endif
