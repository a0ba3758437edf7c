/*
 * Who is bound where among the sockets in memory. A fleet has thousands, so that nobody walks them
 * all: they are found by the address they are bound to, and by their port.
 */
#include <string.h>

#include "base/hash.h"
#include "net/private.h"

static bool same_ip(const struct lc_address *a, const struct lc_address *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
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
    return lc_address_is_loopback(address) &&
           (udp->ipv6 ? socket->dual_stack || !address->is_ipv4 : address->is_ipv4);
}

/* ---- Finding ---- */

/* Interfaces make no difference here. */
static uint64_t hash_address(const struct lc_address *address)
{
    return lc_hash(address->ip, sizeof address->ip, address->port);
}

static uint64_t hash_port(uint16_t port)
{
    return lc_hash_mix(port, 0);
}

/* What is bound to no address, of a family, at the port of `address`. */
static struct lc_address unbound(const struct lc_address *address, bool is_ipv4)
{
    struct lc_address any;
    lc_address_any(&any, is_ipv4);
    any.port = address->port;
    return any;
}

static struct lc_inmemory *socket_of(struct lc_map_node *node)
{
    return lc_container(node, struct lc_inmemory, at_address);
}

static struct lc_inmemory *earlier(struct lc_inmemory *a, struct lc_inmemory *b)
{
    return a == NULL || (b != NULL && b->number < a->number) ? b : a;
}

/* The first one opened of those that are bound to `bound` and get what is sent to `address`. */
static struct lc_inmemory *first_bound(
    const struct lc_loop *loop, const struct lc_address *bound, const struct lc_address *address)
{
    struct lc_inmemory *first = NULL;
    struct lc_map_node *node = lc_map_find(&loop->bound, hash_address(bound));
    for (; node != NULL; node = lc_map_find_next(node)) {
        if (is_at(socket_of(node), address)) {
            first = earlier(first, socket_of(node));
        }
    }
    return first;
}

struct lc_inmemory *lc_bound_find(const struct lc_loop *loop, const struct lc_address *address)
{
    struct lc_inmemory *exact = first_bound(loop, address, address);
    if (exact != NULL || !lc_address_is_loopback(address)) {
        return exact;
    }
    struct lc_address ipv4 = unbound(address, true), ipv6 = unbound(address, false);
    return earlier(first_bound(loop, &ipv4, address), first_bound(loop, &ipv6, address));
}

/* One of those at a port, who knows the others; or NULL. */
static struct lc_inmemory *first_at_port(const struct lc_loop *loop, uint16_t port)
{
    struct lc_map_node *node = lc_map_find(&loop->ports, hash_port(port));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_inmemory *socket = lc_container(node, struct lc_inmemory, at_port);
        if (socket->udp->local.port == port) {
            return socket;
        }
    }
    return NULL;
}

struct lc_inmemory *lc_bound_in_group(
    const struct lc_loop *loop, const struct lc_address *group, size_t n)
{
    lc_list_for_each (link, &loop->grouped) {
        struct lc_inmemory *socket = lc_container(link, struct lc_inmemory, in_group);
        if (is_at(socket, group) && n-- == 0) {
            return socket;
        }
    }
    return NULL;
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

static bool is_free_at(const struct lc_loop *loop, const struct lc_udp_options *options,
    const struct lc_address *bound)
{
    struct lc_map_node *node = lc_map_find(&loop->bound, hash_address(bound));
    while (node != NULL && !clashes(socket_of(node), options)) {
        node = lc_map_find_next(node);
    }
    return node == NULL;
}

static bool is_free_port(const struct lc_loop *loop, const struct lc_udp_options *options)
{
    struct lc_inmemory *first = first_at_port(loop, options->local.port);
    if (first == NULL) {
        return true;
    }
    lc_list_for_each (link, &first->same_port) {
        if (clashes(lc_container(link, struct lc_inmemory, same_port), options)) {
            return false;
        }
    }
    return !clashes(first, options);
}

bool lc_bound_is_free(const struct lc_loop *loop, const struct lc_udp_options *options)
{
    const struct lc_address *wanted = &options->local;
    if (lc_address_is_any(wanted)) {
        return is_free_port(loop, options);
    }
    struct lc_address ipv4 = unbound(wanted, true), ipv6 = unbound(wanted, false);
    return is_free_at(loop, options, wanted) && is_free_at(loop, options, &ipv4) &&
           is_free_at(loop, options, &ipv6);
}

static bool enter_port(struct lc_inmemory *socket)
{
    struct lc_loop *loop = socket->udp->loop;
    uint16_t port = socket->udp->local.port;
    struct lc_inmemory *first = first_at_port(loop, port);
    lc_list_init(&socket->same_port);
    if (first == NULL) {
        return lc_map_insert(&loop->ports, &socket->at_port, hash_port(port));
    }
    lc_list_append(&first->same_port, &socket->same_port);
    return true;
}

static void leave_port(struct lc_inmemory *socket)
{
    struct lc_loop *loop = socket->udp->loop;
    if (first_at_port(loop, socket->udp->local.port) == socket) {
        lc_map_remove(&loop->ports, &socket->at_port);
        if (!lc_list_empty(&socket->same_port)) {
            struct lc_list *next = socket->same_port.next;
            lc_map_insert(&loop->ports, &lc_container(next, struct lc_inmemory, same_port)->at_port,
                socket->at_port.hash);
        }
    }
    lc_list_remove(&socket->same_port);
}

bool lc_bound_enter(struct lc_inmemory *socket)
{
    struct lc_map *bound = &socket->udp->loop->bound;
    if (!lc_map_insert(bound, &socket->at_address, hash_address(&socket->udp->local))) {
        return false;
    }
    if (!enter_port(socket)) {
        lc_map_remove(bound, &socket->at_address);
        return false;
    }
    return true;
}

void lc_bound_leave(struct lc_inmemory *socket)
{
    lc_map_remove(&socket->udp->loop->bound, &socket->at_address);
    leave_port(socket);
}
