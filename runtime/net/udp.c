/* A socket as a transport: the way in, and the life of the socket; see udp.h. */
#include "net/udp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/private.h"

enum { LONGEST = 65535 };

void lc_udp_hand_on(struct lc_udp *udp, const struct lc_path *path, uint8_t *data, size_t len)
{
    udp->stats.received++;
    if (len <= udp->max_packet) {
        udp->receiver.receive(udp->receiver.arg, path, data, len);
    } else if (udp->receiver.truncated != NULL) {
        udp->receiver.truncated(udp->receiver.arg, path, data, udp->max_packet);
    }
}

/* One datagram to the layer above, which may close the socket or turn the loop. */
static void hand_on(struct lc_udp *udp, struct lc_receive_batch *batch, unsigned i)
{
    struct msghdr *header = &batch->headers[i].msg_hdr;
    struct lc_path path = {.local = udp->local};
    lc_address_from(&path.remote, &batch->names[i].any);
    if (udp->packet_info) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
            lc_batch_destination(c, &path);
        }
    }
    uint8_t *data = batch->rooms[i].iov_base;
    size_t len = batch->headers[i].msg_len;
    if ((header->msg_flags & MSG_TRUNC) == 0) {
        udp->receiver.receive(udp->receiver.arg, &path, data, len);
    } else if (udp->receiver.truncated != NULL) {
        udp->receiver.truncated(udp->receiver.arg, &path, data, batch->max_packet);
    }
}

/* All of a batch that is not handled yet; false when there was nothing. */
static bool hand_on_rest(struct lc_receive_batch *batch)
{
    struct lc_udp *udp = batch->udp;
    unsigned start = batch->next;
    while (batch->next < batch->count && !udp->closed) {
        hand_on(udp, batch, batch->next++);
    }
    return start < batch->count;
}

bool lc_udp_resume(struct lc_loop *loop)
{
    bool any = false;
    for (unsigned i = 0; i + 1 < loop->depth; i++) {
        struct lc_receive_batch *batch = loop->receive[i];
        if (batch != NULL && batch->next < batch->count) {
            any |= hand_on_rest(batch);
        }
    }
    return any;
}

/* Without memory for a batch the datagrams are lost, so that the loop does not spin on them. */
static void discard(struct lc_udp *udp)
{
    for (unsigned i = 0; i < LC_BATCH; i++) {
        if (recv(udp->fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) < 0) {
            lc_trouble_read(udp);
            return;
        }
        udp->stats.dropped++;
    }
}

/* One recvmmsg() and what follows from it. */
static void read_batch(struct lc_udp *udp, struct lc_receive_batch *batch)
{
    udp->stats.receive_calls++;
    int count = lc_receive_batch_fill(batch, udp->fd);
    if (count <= 0) {
        /* No data, yet readable: there is an error in the queue, or it was the errno just now. */
        lc_trouble_read(udp);
        return;
    }
    batch->udp = udp;
    udp->stats.received += (unsigned)count;
    hand_on_rest(batch);
    batch->next = batch->count;
}

static void on_readable(struct ev_loop *ev, struct ev_io *io, int events)
{
    (void)ev, (void)events;
    struct lc_udp *udp = io->data;
    struct lc_receive_batch *batch = lc_loop_receive_batch(udp->loop, udp->max_packet);
    if (batch == NULL) {
        discard(udp);
        return;
    }
    lc_udp_enter(udp);
    read_batch(udp, batch); /* no more before other sockets, and the loop, had their turn */
    if (udp->suspicious && !udp->closed) {
        lc_trouble_read(udp);
    }
    lc_udp_leave(udp);
}

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct lc_udp *udp = (struct lc_udp *)transport;
    if (udp->closed) {
        return NULL;
    }
    struct lc_send_batch *batch = &udp->loop->send;
    if (!lc_send_batch_has_room(batch, len)) {
        lc_outbox_flush(udp->loop);
    }
    return lc_send_batch_reserve(batch, len);
}

static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct lc_udp *udp = (struct lc_udp *)transport;
    if (udp->closed) {
        return;
    }
    struct lc_send_batch *batch = &udp->loop->send;
    unsigned i = lc_send_batch_add(batch, len);
    batch->owners[i] = udp;
    batch->paths[i] = *path;
    if (!lc_outbox_address(udp, path, &batch->headers[i].msg_hdr, &batch->controls[i])) {
        lc_trouble_refuse(udp, path, EAFNOSUPPORT, batch->rooms[i].iov_base, len);
        batch->count--;
    }
}

static int open_system(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    udp->fd = lc_socket_open(udp, options, error);
    return udp->fd >= 0 ? LC_OK : error->code;
}

typedef int opener(
    struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error);

static struct lc_udp *open_with(opener *open, struct lc_loop *loop,
    const struct lc_udp_options *options, struct lc_error *error)
{
    struct lc_udp *udp = lc_zalloc(sizeof *udp);
    if (udp == NULL) {
        lc_fail(error, LC_ERROR_NO_MEMORY, "no memory to open a socket");
        return NULL;
    }
    bool limited = options->max_packet > 0 && options->max_packet < LONGEST;
    udp->max_packet = limited ? (uint32_t)options->max_packet : LONGEST;
    udp->transport = (struct lc_transport){.reserve = reserve, .commit = commit};
    udp->loop = loop;
    udp->fd = -1;
    if (open(udp, options, error) != LC_OK) {
        lc_free(udp);
        return NULL;
    }
    ev_io_init(&udp->readable, on_readable, udp->fd, EV_READ);
    udp->readable.data = udp;
    return udp;
}

struct lc_udp *lc_udp_open_system(
    struct lc_loop *loop, const struct lc_udp_options *options, struct lc_error *error)
{
    return open_with(open_system, loop, options, error);
}

struct lc_udp *lc_udp_open(
    struct lc_loop *loop, const struct lc_udp_options *options, struct lc_error *error)
{
    opener *shareable = options->share_socket ? lc_shared_join : open_system;
    return open_with(loop->virtual > 0 ? lc_inmemory_open : shareable, loop, options, error);
}

void lc_udp_receive(struct lc_udp *udp, const struct lc_receiver *receiver)
{
    udp->receiver = *receiver;
    if (udp->fd >= 0) {
        ev_io_start(udp->loop->ev, &udp->readable);
    }
}

/* The watchers move over to another descriptor. */
static void replace_socket(struct lc_udp *udp, int fd)
{
    bool waits = udp->trouble != NULL && ev_is_active(&udp->trouble->writable);
    ev_io_stop(udp->loop->ev, &udp->readable);
    if (udp->trouble != NULL) {
        ev_io_stop(udp->loop->ev, &udp->trouble->writable);
        ev_io_set(&udp->trouble->writable, fd, EV_WRITE);
    }
    close(udp->fd);
    udp->fd = fd;
    ev_io_set(&udp->readable, fd, EV_READ);
    ev_io_start(udp->loop->ev, &udp->readable);
    if (waits) {
        ev_io_start(udp->loop->ev, &udp->trouble->writable);
    }
}

int lc_udp_rebind(struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    lc_outbox_flush(udp->loop);
    if (udp->inmemory != NULL) {
        return lc_inmemory_rebind(udp, options, error);
    }
    if (udp->member != NULL) {
        return lc_shared_rebind(udp, options, error);
    }
    int fd = lc_socket_open(udp, options, error);
    if (fd < 0) {
        return error->code;
    }
    replace_socket(udp, fd);
    return LC_OK;
}

void lc_udp_enter(struct lc_udp *udp)
{
    udp->frames++;
}

void lc_udp_leave(struct lc_udp *udp)
{
    udp->frames--;
    if (udp->closed && udp->frames == 0) {
        lc_trouble_free(udp->trouble);
        lc_free(udp);
    }
}

void lc_udp_flush(struct lc_udp *udp)
{
    lc_outbox_flush(udp->loop);
    lc_outbox_retry(udp);
}

void lc_udp_close(struct lc_udp *udp)
{
    if (udp == NULL || udp->closed) {
        return;
    }
    lc_udp_enter(udp);
    lc_udp_flush(udp);
    udp->closed = true;
    lc_trouble_stop(udp);
    if (udp->inmemory != NULL) {
        lc_inmemory_close(udp);
    } else if (udp->member != NULL) {
        lc_shared_leave(udp);
    } else {
        ev_io_stop(udp->loop->ev, &udp->readable);
        close(udp->fd);
    }
    lc_udp_leave(udp);
}

struct lc_transport *lc_udp_transport(struct lc_udp *udp)
{
    return &udp->transport;
}

const struct lc_address *lc_udp_local(const struct lc_udp *udp)
{
    return &udp->local;
}

bool lc_udp_is_inmemory(const struct lc_udp *udp)
{
    return udp->inmemory != NULL;
}

const struct lc_udp_stats *lc_udp_stats(const struct lc_udp *udp)
{
    return &udp->stats;
}
