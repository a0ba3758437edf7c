/*
 * The way out of a socket: what is committed goes out in one sendmmsg() per run of one socket's
 * datagrams; what the system does not take now waits behind a write watcher, bounded.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "net/private.h"

enum {
    WAITING_LIMIT = 1 << 20, /* bytes per socket, the structs included */
    ATTEMPTS = 8,
};

/* RFC 7252 4.7 leaves pacing to the layers above; this is only how soon a full device is tried. */
static const lc_time RETRY_DELAY = 5000;

struct lc_waiting {
    struct lc_waiting *next;
    struct lc_path path;
    size_t len;
    uint8_t data[];
};

/* What an errno of sendmmsg() asks for. */
enum verdict { AGAIN_NOW, AGAIN_LATER, REFUSED };

static void add_control(struct msghdr *header, int level, int type, const void *info, size_t len)
{
    struct cmsghdr *cmsg = header->msg_control;
    *cmsg = (struct cmsghdr){.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(cmsg), info, len);
    header->msg_controllen = CMSG_SPACE(len);
}

/* Says where a datagram leaves: from an address of ours, or for a group, by an interface. */
static void add_source(
    struct msghdr *header, const struct lc_udp *udp, const struct lc_address *ip, uint32_t scope)
{
    if (udp->ipv6) {
        struct in6_pktinfo info = {.ipi6_ifindex = scope};
        memcpy(&info.ipi6_addr, ip->ip, sizeof ip->ip);
        add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
        return;
    }
    struct in_pktinfo info = {.ipi_ifindex = (int)scope};
    memcpy(&info.ipi_spec_dst, ip->ip + 12, 4);
    add_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

/* A group is nobody's source: what came to a group is answered from the address the system picks.
 */
static void choose_source(
    struct msghdr *header, const struct lc_udp *udp, const struct lc_path *path)
{
    bool to_group = lc_address_is_multicast(&path->remote);
    uint32_t scope = to_group ? path->remote.scope : path->local.scope;
    if (lc_address_is_any(&udp->local) && !lc_address_is_any(&path->local) &&
        !lc_address_is_multicast(&path->local) && path->local.is_ipv4 == path->remote.is_ipv4) {
        add_source(header, udp, &path->local, scope);
    } else if (to_group && scope != 0) {
        struct lc_address source = udp->local; /* would be overruled if it were not repeated */
        if (lc_address_is_any(&source)) {
            lc_address_any(&source, path->remote.is_ipv4);
        }
        add_source(header, udp, &source, scope);
    }
}

bool lc_outbox_address(const struct lc_udp *udp, const struct lc_path *path,
    struct msghdr *out_header, union lc_batch_control *control)
{
    out_header->msg_control = control;
    out_header->msg_controllen = 0;
    if (udp->connected) {
        out_header->msg_namelen = 0;
    } else {
        struct sockaddr_storage *name = out_header->msg_name;
        out_header->msg_namelen = lc_address_to(&path->remote, udp->ipv6, name);
        if (out_header->msg_namelen == 0) {
            return false;
        }
        choose_source(out_header, udp, path);
    }
    if (out_header->msg_controllen == 0) {
        out_header->msg_control = NULL;
    }
    return true;
}

/*
 * With IP_RECVERR an ICMP error, whichever datagram it is about, comes as the errno of the next
 * call: it says nothing about the datagram at hand. So that is tried again after the error queue
 * was read, and only what fails with nothing new in the queue failed by itself.
 */
static enum verdict judge(struct lc_udp *udp, int number, unsigned *attempts)
{
    if (number == EINTR) {
        return AGAIN_NOW;
    }
    if (number == EAGAIN || number == ENOBUFS || number == ENOMEM) {
        return AGAIN_LATER;
    }
    bool stale = lc_trouble_read(udp) > 0 || *attempts == 0;
    if (++*attempts <= ATTEMPTS) {
        return stale ? AGAIN_NOW : REFUSED;
    }
    return stale ? AGAIN_LATER : REFUSED;
}

/* Starts what will try again: EAGAIN ends with a writable socket, other shortages with time. */
static void wait_for(struct lc_trouble *trouble, int number)
{
    struct lc_loop *loop = trouble->udp->loop;
    if (number == EAGAIN) {
        ev_io_start(loop->ev, &trouble->writable);
    } else {
        ev_io_stop(loop->ev, &trouble->writable);
        lc_timer_set(&loop->timers, &trouble->retry, loop->timers.now + RETRY_DELAY);
    }
}

static void drop_first(struct lc_trouble *trouble)
{
    struct lc_waiting *first = trouble->waiting;
    trouble->waiting = first->next;
    trouble->waiting_size -= sizeof *first + first->len;
    if (trouble->waiting == NULL) {
        trouble->waiting_end = &trouble->waiting;
        lc_list_remove(&trouble->stuck);
        ev_io_stop(trouble->udp->loop->ev, &trouble->writable);
        lc_timer_clear(&trouble->udp->loop->timers, &trouble->retry);
    }
    lc_free(first);
}

/* Keeps a datagram for later, behind those that wait; the oldest go when there are too many. */
static void keep(struct lc_udp *udp, const struct lc_path *path, const struct iovec *data)
{
    struct lc_trouble *trouble = lc_trouble_of(udp);
    size_t size = sizeof(struct lc_waiting) + data->iov_len;
    struct lc_waiting *waiting = trouble == NULL ? NULL : lc_alloc(size);
    if (waiting == NULL) {
        udp->stats.dropped++;
        return;
    }
    while (trouble->waiting != NULL && trouble->waiting_size + size > WAITING_LIMIT) {
        drop_first(trouble);
        udp->stats.dropped++;
    }
    *waiting = (struct lc_waiting){.path = *path, .len = data->iov_len};
    memcpy(waiting->data, data->iov_base, data->iov_len);
    if (trouble->waiting == NULL) {
        lc_list_append(&udp->loop->stuck, &trouble->stuck);
    }
    *trouble->waiting_end = waiting;
    trouble->waiting_end = &waiting->next;
    trouble->waiting_size += size;
}

static void keep_run(struct lc_udp *udp, unsigned from, unsigned to)
{
    struct lc_send_batch *batch = &udp->loop->send;
    for (unsigned i = from; i < to; i++) {
        keep(udp, &batch->paths[i], &batch->rooms[i]);
    }
}

/* Sends datagrams [from, to) of the batch, which are all of this socket. */
static void send_run(struct lc_udp *udp, unsigned from, unsigned to)
{
    struct lc_send_batch *batch = &udp->loop->send;
    unsigned attempts = 0;
    while (from < to) {
        udp->stats.send_calls++;
        int sent = batch->send(udp->fd, batch->headers + from, to - from, MSG_DONTWAIT);
        if (sent > 0) {
            udp->stats.sent += (unsigned)sent;
            from += (unsigned)sent;
            udp->suspicious |= from < to;
            attempts = 0;
            continue;
        }
        int number = sent == 0 ? EAGAIN : errno;
        switch (judge(udp, number, &attempts)) {
        case AGAIN_NOW:
            break;
        case AGAIN_LATER:
            keep_run(udp, from, to);
            if (udp->trouble != NULL && udp->trouble->waiting != NULL) {
                wait_for(udp->trouble, number);
            }
            return;
        case REFUSED:
            lc_trouble_refuse(udp, &batch->paths[from], number, batch->rooms[from].iov_base,
                batch->rooms[from].iov_len);
            from++;
            attempts = 0;
        }
    }
}

static void send_in_memory(struct lc_udp *udp, unsigned from, unsigned to)
{
    struct lc_send_batch *batch = &udp->loop->send;
    for (unsigned i = from; i < to; i++) {
        lc_inmemory_send(udp, &batch->paths[i], batch->rooms[i].iov_base, batch->rooms[i].iov_len);
        udp->stats.sent++;
    }
}

void lc_outbox_flush(struct lc_loop *loop)
{
    struct lc_send_batch *batch = &loop->send;
    for (unsigned from = 0, to; from < batch->count; from = to) {
        struct lc_udp *udp = batch->owners[from];
        for (to = from + 1; to < batch->count && batch->owners[to] == udp; to++) {
        }
        if (udp->inmemory != NULL) {
            send_in_memory(udp, from, to);
        } else if (udp->trouble != NULL && udp->trouble->waiting != NULL) {
            keep_run(udp, from, to);
        } else {
            send_run(udp, from, to);
        }
    }
    lc_send_batch_clear(batch);
}

/* Sends the first one that waits. Zero, or the errno of a shortage. */
static int send_first(struct lc_udp *udp)
{
    struct lc_waiting *first = udp->trouble->waiting;
    union lc_batch_name name;
    union lc_batch_control control;
    struct iovec room = {first->data, first->len};
    struct mmsghdr header = {.msg_hdr = {.msg_name = &name, .msg_iov = &room, .msg_iovlen = 1}};
    lc_outbox_address(udp, &first->path, &header.msg_hdr, &control);
    for (unsigned attempts = 0;;) {
        udp->stats.send_calls++;
        if (udp->loop->send.send(udp->fd, &header, 1, MSG_DONTWAIT) == 1) {
            udp->stats.sent++;
            return 0;
        }
        int number = errno;
        switch (judge(udp, number, &attempts)) {
        case AGAIN_NOW:
            break;
        case AGAIN_LATER:
            return number;
        case REFUSED:
            lc_trouble_refuse(udp, &first->path, number, first->data, first->len);
            return 0;
        }
    }
}

bool lc_outbox_retry(struct lc_udp *udp)
{
    struct lc_trouble *trouble = udp->trouble;
    while (trouble != NULL && trouble->waiting != NULL) {
        int number = send_first(udp);
        if (number != 0) {
            wait_for(trouble, number);
            return false;
        }
        drop_first(trouble);
    }
    return true;
}

void lc_outbox_drop(struct lc_udp *udp)
{
    while (udp->trouble != NULL && udp->trouble->waiting != NULL) {
        drop_first(udp->trouble);
        udp->stats.dropped++;
    }
}
