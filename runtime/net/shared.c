/*
 * Sockets that share one socket of the system, the carrier, and are told apart by their addresses:
 * a fleet may have more devices than a process may have files open. The carrier is bound to all
 * addresses of its family; what comes in goes to the one that has the address it came to, and what
 * goes out says from which address.
 */
#include <errno.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/private.h"

struct lc_shared {
    struct lc_udp *carrier;
    struct lc_list link;   /* in loop->shared */
    struct lc_map members; /* lc_member.node, by address */
    bool is_chosen;        /* its port, by the system: for those who asked for none */
};

/* ---- Who has an address ---- */

static struct lc_udp *find(const struct lc_shared *shared, const struct lc_address *local)
{
    struct lc_map_node *node = lc_map_find(&shared->members, lc_address_hash(local));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_udp *udp = lc_container(node, struct lc_member, node)->udp;
        if (lc_address_equal(&udp->local, local)) {
            return udp;
        }
    }
    return NULL;
}

/* The one that a datagram of the carrier is for, entered; or NULL, and it is dropped. */
static struct lc_udp *enter(struct lc_shared *shared, const struct lc_path *path)
{
    struct lc_udp *udp = find(shared, &path->local);
    if (udp == NULL || udp->receiver.receive == NULL) {
        shared->carrier->stats.dropped++;
        return NULL;
    }
    lc_udp_enter(udp);
    return udp;
}

/* ---- The carrier's upcalls. The last member may close in one, and `shared` be gone. ---- */

static void receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_udp *udp = enter(arg, path);
    if (udp != NULL) {
        lc_udp_hand_on(udp, path, data, len);
        lc_udp_leave(udp);
    }
}

static void truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    struct lc_udp *udp = enter(arg, path);
    if (udp != NULL) {
        len = len < udp->max_packet ? len : udp->max_packet;
        udp->stats.received++;
        if (udp->receiver.truncated != NULL) {
            udp->receiver.truncated(udp->receiver.arg, path, data, len);
        }
        lc_udp_leave(udp);
    }
}

static void refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    struct lc_udp *udp = enter(arg, path);
    if (udp != NULL) {
        udp->stats.refused++;
        if (udp->receiver.refused != NULL) {
            udp->receiver.refused(udp->receiver.arg, path, number, data, len);
        }
        lc_udp_leave(udp);
    }
}

static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct lc_udp *udp = (struct lc_udp *)transport;
    if (!udp->closed) {
        struct lc_transport *carrier = &udp->member->shared->carrier->transport;
        udp->stats.sent++;
        carrier->commit(
            carrier, &(struct lc_path){.remote = path->remote, .local = udp->local}, len);
    }
}

/* ---- Carriers come and go ---- */

static struct lc_shared *open_shared(
    struct lc_loop *loop, const struct lc_udp_options *options, struct lc_error *error)
{
    struct lc_shared *shared = lc_zalloc(sizeof *shared);
    if (shared == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    struct lc_udp_options wide = *options;
    lc_address_any(&wide.local, options->local.is_ipv4);
    wide.local.port = options->local.port;
    shared->carrier = lc_udp_open_system(loop, &wide, error);
    if (shared->carrier == NULL) {
        lc_free(shared);
        return NULL;
    }
    shared->is_chosen = options->local.port == 0;
    lc_list_append(&loop->shared, &shared->link);
    lc_udp_receive(shared->carrier, &(struct lc_receiver){receive, truncated, refused, shared});
    return shared;
}

static void close_if_unused(struct lc_shared *shared)
{
    if (shared->members.count > 0) {
        return;
    }
    struct lc_loop *loop = shared->carrier->loop;
    loop->shared_dropped += shared->carrier->stats.dropped;
    lc_list_remove(&shared->link);
    lc_udp_close(shared->carrier);
    lc_map_free(&shared->members);
    lc_free(shared);
}

/* Whether one that asks for `local` may be there, were it but for others that are. Without a port
 * it takes what others like it have, where its address is free. */
static bool suits(const struct lc_shared *shared, const struct lc_address *local)
{
    const struct lc_address *bound = &shared->carrier->local;
    if (bound->is_ipv4 != local->is_ipv4) {
        return false;
    }
    if (local->port != 0) {
        return local->port == bound->port;
    }
    struct lc_address there = *local;
    there.port = bound->port;
    return shared->is_chosen && find(shared, &there) == NULL;
}

/* One that is open, or a new one. NULL with `error`. */
static struct lc_shared *choose(
    struct lc_loop *loop, const struct lc_udp_options *options, struct lc_error *error)
{
    lc_list_for_each (link, &loop->shared) {
        struct lc_shared *shared = lc_container(link, struct lc_shared, link);
        if (suits(shared, &options->local)) {
            return shared;
        }
    }
    return open_shared(loop, options, error);
}

/* ---- Members ---- */

/* The carrier would take any address: a socket of that address's own tells whether it is ours. */
static int check_address(const struct lc_udp_options *options, struct lc_error *error)
{
    struct sockaddr_storage name;
    struct lc_address local = options->local;
    local.port = 0;
    unsigned len = lc_address_to(&local, !local.is_ipv4, &name);
    int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int number = fd < 0 || bind(fd, (struct sockaddr *)&name, len) != 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    char text[LC_ADDRESS_TEXT];
    return number == 0
               ? LC_OK
               : lc_fail_errno(error, number, "cannot bind %s", lc_address_text(&local, text));
}

static int enlist(struct lc_udp *udp, struct lc_shared *shared, struct lc_error *error)
{
    struct lc_member *member = udp->member;
    struct lc_address local = udp->local;
    local.port = shared->carrier->local.port;
    if (find(shared, &local) != NULL) {
        char text[LC_ADDRESS_TEXT];
        return lc_fail_errno(error, EADDRINUSE, "cannot bind %s", lc_address_text(&local, text));
    }
    if (!lc_map_insert(&shared->members, &member->node, lc_address_hash(&local))) {
        return lc_fail_memory(error);
    }
    udp->local = local;
    member->shared = shared;
    if (shared->carrier->max_packet < udp->max_packet) {
        shared->carrier->max_packet = udp->max_packet;
    }
    return LC_OK;
}

int lc_shared_join(struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    int code = check_address(options, error);
    if (code != LC_OK) {
        return code;
    }
    struct lc_member *member = lc_zalloc(sizeof *member);
    if (member == NULL) {
        return lc_fail_memory(error);
    }
    struct lc_shared *shared = choose(udp->loop, options, error);
    if (shared == NULL) {
        lc_free(member);
        return error->code;
    }
    member->udp = udp;
    udp->member = member;
    udp->transport.commit = commit;
    udp->local = options->local;
    udp->ipv6 = !options->local.is_ipv4;
    code = enlist(udp, shared, error);
    if (code != LC_OK) {
        udp->member = NULL;
        lc_free(member);
        close_if_unused(shared);
    }
    return code;
}

int lc_shared_rebind(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    struct lc_shared *left = udp->member->shared; /* where its address is not free */
    struct lc_shared *shared = choose(udp->loop, options, error);
    if (shared == NULL) {
        return error->code;
    }
    lc_map_remove(&left->members, &udp->member->node);
    int code = enlist(udp, shared, error);
    if (code != LC_OK) {
        /* Its buckets are still there. */
        lc_map_insert(&left->members, &udp->member->node, lc_address_hash(&udp->local));
        close_if_unused(shared);
        return code;
    }
    close_if_unused(left);
    return LC_OK;
}

void lc_shared_leave(struct lc_udp *udp)
{
    struct lc_shared *shared = udp->member->shared;
    lc_map_remove(&shared->members, &udp->member->node);
    lc_free(udp->member);
    udp->member = NULL;
    close_if_unused(shared);
}

uint64_t lc_udp_shared_dropped(const struct lc_loop *loop)
{
    uint64_t sum = loop->shared_dropped;
    lc_list_for_each (link, &loop->shared) {
        sum += lc_container(link, struct lc_shared, link)->carrier->stats.dropped;
    }
    return sum;
}
