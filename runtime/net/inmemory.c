/*
 * Sockets in memory, for virtual time: datagrams between them never meet the system, arrive in the
 * turn after they were sent, and in order. Every address may be bound; what is bound to none has
 * the loopback addresses. There a port that nobody has is refused, as the system does it; what is
 * sent anywhere else where nobody is gets lost, as on a network.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "net/private.h"

struct lc_flight {
    struct lc_flight *next;
    struct lc_path path; /* of the one who receives it */
    size_t len;
    uint8_t data[];
};

enum { FIRST_PORT = 49152 }; /* of those that are given out (RFC 6335 section 6) */

/* A port for one who asks for any: the next one, so that every run gets the same. 0: all are taken.
 */
static uint16_t next_port(struct lc_loop *loop, struct lc_udp_options *options)
{
    for (unsigned tries = 0; tries <= UINT16_MAX - FIRST_PORT; tries++) {
        loop->last_port =
            loop->last_port < FIRST_PORT ? FIRST_PORT : (uint16_t)(loop->last_port + 1);
        options->local.port = loop->last_port;
        if (loop->last_port >= FIRST_PORT && lc_bound_is_free(loop, options)) {
            return loop->last_port;
        }
    }
    return 0;
}

static int fail_in_use(const struct lc_address *address, struct lc_error *error)
{
    char text[LC_ADDRESS_TEXT];
    return lc_fail_errno(error, EADDRINUSE, "cannot bind %s", lc_address_text(address, text));
}

int lc_inmemory_rebind(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    struct lc_udp_options wanted = *options;
    if (next_port(udp->loop, &wanted) == 0) {
        return fail_in_use(&options->local, error);
    }
    lc_bound_leave(udp->inmemory);
    udp->local.port = wanted.local.port;
    lc_bound_enter(udp->inmemory);
    return LC_OK;
}

void lc_inmemory_forget(struct lc_loop *loop)
{
    while (loop->flights != NULL) {
        struct lc_flight *first = loop->flights;
        loop->flights = first->next;
        lc_free(first);
    }
    loop->flights_end = &loop->flights;
}

/* The maps of a network that everybody has left. */
static void tidy(struct lc_loop *loop)
{
    if (loop->bound.count == 0) {
        lc_map_free(&loop->bound);
        lc_map_free(&loop->ports);
    }
}

int lc_inmemory_open(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    /* What is on its way in a network that everybody has left is for nobody who joins it anew,
     * though he may get an address of before. */
    if (udp->loop->bound.count == 0) {
        lc_inmemory_forget(udp->loop);
    }
    struct lc_udp_options wanted = *options;
    bool any = lc_address_is_any(&wanted.local);
    bool given = wanted.local.port != 0 || next_port(udp->loop, &wanted) != 0;
    if (!given || !lc_bound_is_free(udp->loop, &wanted)) {
        return fail_in_use(&options->local, error);
    }
    size_t groups = wanted.group_count * sizeof wanted.groups[0];
    struct lc_inmemory *socket = lc_zalloc(sizeof *socket + groups);
    if (socket == NULL) {
        return lc_fail_memory(error);
    }
    udp->local = wanted.local;
    socket->udp = udp;
    socket->number = ++udp->loop->bound_last;
    if (!lc_bound_enter(socket)) {
        tidy(udp->loop);
        lc_free(socket);
        return lc_fail_memory(error);
    }
    socket->dual_stack = any && wanted.dual_stack;
    socket->share_port = wanted.share_port;
    socket->group_count = wanted.group_count;
    if (groups > 0) {
        memcpy(socket->groups, wanted.groups, groups);
    }
    if (wanted.connect != NULL) {
        socket->peer = *wanted.connect;
    }
    udp->inmemory = socket;
    udp->ipv6 = !wanted.local.is_ipv4 || socket->dual_stack;
    udp->connected = wanted.connect != NULL;
    lc_list_init(&socket->in_group);
    if (groups > 0) {
        lc_list_append(&udp->loop->grouped, &socket->in_group);
    }
    return LC_OK;
}

void lc_inmemory_close(struct lc_udp *udp)
{
    lc_bound_leave(udp->inmemory);
    lc_list_remove(&udp->inmemory->in_group);
    lc_free(udp->inmemory);
    udp->inmemory = NULL;
    tidy(udp->loop);
}

/* ---- Sending ---- */

/* What is bound to no address sends from a loopback address, wherever to, so that it is answered.
 */
static struct lc_address source_of(const struct lc_udp *udp, const struct lc_path *path)
{
    struct lc_address source = udp->local;
    if (lc_address_is_any(&source) && lc_address_is_loopback(&path->local)) {
        source = path->local;
    } else if (lc_address_is_any(&source)) {
        lc_address_parse(&source, lc_bytes_text(path->remote.is_ipv4 ? "127.0.0.1" : "::1"));
    }
    source.port = udp->local.port;
    source.session = 0;
    return source;
}

void lc_inmemory_send(struct lc_udp *udp, const struct lc_path *path, const void *data, size_t len)
{
    struct lc_loop *loop = udp->loop;
    struct lc_flight *flight = lc_alloc(sizeof *flight + len);
    if (flight == NULL) {
        udp->stats.dropped++;
        return;
    }
    *flight = (struct lc_flight){
        .path = {.remote = source_of(udp, path), .local = path->remote}, .len = len};
    flight->path.local.session = 0;
    memcpy(flight->data, data, len);
    *loop->flights_end = flight;
    loop->flights_end = &flight->next;
}

/* ---- Receiving ---- */

static void hand_on(struct lc_udp *udp, struct lc_flight *flight)
{
    const struct lc_address *peer = &udp->inmemory->peer;
    if (peer->port != 0 && !lc_address_equal(peer, &flight->path.remote)) {
        return;
    }
    lc_udp_enter(udp);
    lc_udp_hand_on(udp, &flight->path, flight->data, flight->len);
    lc_udp_leave(udp);
}

/* The sender's socket gets what an ICMP message would tell. */
static void refuse(struct lc_loop *loop, const struct lc_flight *flight)
{
    struct lc_path path = {.remote = flight->path.local, .local = flight->path.remote};
    struct lc_inmemory *socket = lc_bound_find(loop, &path.local);
    if (socket != NULL) {
        lc_trouble_refuse(socket->udp, &path, ECONNREFUSED, flight->data, flight->len);
    }
}

/* Receivers may open and close sockets, so that each of a group is looked for anew. */
static void arrive(struct lc_loop *loop, struct lc_flight *flight)
{
    const struct lc_address to = flight->path.local;
    if (lc_address_is_multicast(&to)) {
        struct lc_inmemory *member;
        for (size_t i = 0; (member = lc_bound_in_group(loop, &to, i)) != NULL; i++) {
            hand_on(member->udp, flight);
        }
        return;
    }
    struct lc_inmemory *socket = lc_bound_find(loop, &to);
    if (socket != NULL) {
        hand_on(socket->udp, flight);
    } else if (lc_address_is_loopback(&to)) {
        refuse(loop, flight);
    }
}

bool lc_inmemory_deliver(struct lc_loop *loop)
{
    bool any = loop->flights != NULL;
    struct lc_flight **end = loop->flights_end;
    for (bool last = !any; !last;) {
        struct lc_flight *first = loop->flights;
        if (first == NULL) {
            break; /* an inner turn has delivered the rest */
        }
        last = &first->next == end;
        loop->flights = first->next;
        if (first->next == NULL) {
            loop->flights_end = &loop->flights;
        }
        arrive(loop, first);
        lc_free(first);
    }
    return any;
}
