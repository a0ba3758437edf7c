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

static bool same_ip(const struct lc_address *a, const struct lc_address *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool is_loopback(const struct lc_address *address)
{
    static const uint8_t ipv6[16] = {[15] = 1};
    return address->is_ipv4 ? address->ip[12] == 127 : memcmp(address->ip, ipv6, sizeof ipv6) == 0;
}

static bool joined(const struct lc_inmemory *socket, const struct lc_address *group)
{
    for (size_t i = 0; i < socket->group_count; i++) {
        if (same_ip(&socket->groups[i], group)) {
            return true;
        }
    }
    return false;
}

/* Whether what is sent to `address` comes to the socket. */
static bool is_at(const struct lc_inmemory *socket, const struct lc_address *address)
{
    const struct lc_udp *udp = socket->udp;
    if (udp->local.port != address->port) {
        return false;
    }
    if (lc_address_is_multicast(address)) {
        return joined(socket, address);
    }
    if (!lc_address_is_any(&udp->local)) {
        return same_ip(&udp->local, address);
    }
    return is_loopback(address) &&
           (udp->ipv6 ? socket->dual_stack || !address->is_ipv4 : address->is_ipv4);
}

/* ---- Binding ---- */

/* Whether some address is both of `a` and of `b`, where one that is bound to none has all of its
 * family, or of both. */
static bool overlap(
    const struct lc_address *a, bool a_is_dual, const struct lc_address *b, bool b_is_dual)
{
    if (a->is_ipv4 != b->is_ipv4) {
        return a->is_ipv4 ? b_is_dual : a_is_dual;
    }
    return lc_address_is_any(a) || lc_address_is_any(b) || same_ip(a, b);
}

/* Two sockets that would get the same datagrams, unless both share their port. */
static bool clashes(const struct lc_inmemory *socket, const struct lc_udp_options *options)
{
    const struct lc_address *bound = &socket->udp->local;
    bool is_dual = options->dual_stack && lc_address_is_any(&options->local);
    return bound->port == options->local.port && !(socket->share_port && options->share_port) &&
           overlap(bound, socket->dual_stack, &options->local, is_dual);
}

static bool is_free(const struct lc_loop *loop, const struct lc_udp_options *options)
{
    lc_list_for_each (link, &loop->inmemory) {
        if (clashes(lc_container(link, struct lc_inmemory, link), options)) {
            return false;
        }
    }
    return true;
}

/* A port for one who asks for any: the next one, so that every run gets the same. 0: all are taken.
 */
static uint16_t next_port(struct lc_loop *loop, struct lc_udp_options *options)
{
    for (unsigned tries = 0; tries <= UINT16_MAX - FIRST_PORT; tries++) {
        loop->last_port =
            loop->last_port < FIRST_PORT ? FIRST_PORT : (uint16_t)(loop->last_port + 1);
        options->local.port = loop->last_port;
        if (loop->last_port >= FIRST_PORT && is_free(loop, options)) {
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
    udp->local.port = wanted.local.port;
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

int lc_inmemory_open(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    /* What is on its way in a network that everybody has left is for nobody who joins it anew,
     * though he may get an address of before. */
    if (lc_list_empty(&udp->loop->inmemory)) {
        lc_inmemory_forget(udp->loop);
    }
    struct lc_udp_options wanted = *options;
    bool any = lc_address_is_any(&wanted.local);
    bool given = wanted.local.port != 0 || next_port(udp->loop, &wanted) != 0;
    if (!given || !is_free(udp->loop, &wanted)) {
        return fail_in_use(&options->local, error);
    }
    size_t groups = wanted.group_count * sizeof wanted.groups[0];
    struct lc_inmemory *socket = lc_zalloc(sizeof *socket + groups);
    if (socket == NULL) {
        return lc_fail_memory(error);
    }
    socket->udp = udp;
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
    udp->local = wanted.local;
    udp->ipv6 = !wanted.local.is_ipv4 || socket->dual_stack;
    udp->connected = wanted.connect != NULL;
    lc_list_append(&udp->loop->inmemory, &socket->link);
    return LC_OK;
}

void lc_inmemory_close(struct lc_udp *udp)
{
    lc_list_remove(&udp->inmemory->link);
    lc_free(udp->inmemory);
    udp->inmemory = NULL;
}

/* ---- Sending ---- */

/* What is bound to no address sends from a loopback address, wherever to, so that it is answered.
 */
static struct lc_address source_of(const struct lc_udp *udp, const struct lc_path *path)
{
    struct lc_address source = udp->local;
    if (lc_address_is_any(&source) && is_loopback(&path->local)) {
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
    lc_udp_hand_on(udp, &flight->path, flight->data, flight->len);
}

/* The sender's socket gets what an ICMP message would tell. */
static void refuse(struct lc_loop *loop, const struct lc_flight *flight)
{
    struct lc_path path = {.remote = flight->path.local, .local = flight->path.remote};
    lc_list_for_each (link, &loop->inmemory) {
        struct lc_inmemory *socket = lc_container(link, struct lc_inmemory, link);
        if (is_at(socket, &path.local)) {
            lc_trouble_refuse(socket->udp, &path, ECONNREFUSED, flight->data, flight->len);
            return;
        }
    }
}

/* The socket at an address, after `skip` others; or NULL. */
static struct lc_udp *find(struct lc_loop *loop, const struct lc_address *address, size_t skip)
{
    lc_list_for_each (link, &loop->inmemory) {
        struct lc_inmemory *socket = lc_container(link, struct lc_inmemory, link);
        if (is_at(socket, address) && skip-- == 0) {
            return socket->udp;
        }
    }
    return NULL;
}

/* To the first socket, or to all of a group. Receivers may open and close sockets, so that each is
 * looked for anew. */
static void arrive(struct lc_loop *loop, struct lc_flight *flight)
{
    const struct lc_address to = flight->path.local;
    bool group = lc_address_is_multicast(&to);
    struct lc_udp *udp = find(loop, &to, 0);
    for (size_t count = 1; udp != NULL; count++) {
        lc_udp_enter(udp);
        hand_on(udp, flight);
        lc_udp_leave(udp);
        udp = group ? find(loop, &to, count) : NULL;
        if (udp == NULL) {
            return;
        }
    }
    if (!group && is_loopback(&to)) {
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
