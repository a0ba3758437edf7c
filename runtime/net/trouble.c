/*
 * What went wrong on a socket: datagrams that the network refused (the error queue of IP_RECVERR)
 * or that sendmmsg() refused, noted here and reported at a turn's end, when no one is in the midst
 * of sending.
 */
#include <string.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */

#include "base/memory.h"
#include "net/private.h"

enum {
    KEPT_BYTES = 128,     /* of a refused datagram: enough for header, token and options */
    REFUSAL_LIMIT = 1024, /* more than that at once are counted, not reported */
    READ_LIMIT = 256,     /* errors read at a time */
};

struct lc_refusal {
    struct lc_refusal *next;
    struct lc_path path;
    int number;
    size_t len;
    uint8_t data[];
};

static void on_writable(struct ev_loop *ev, struct ev_io *io, int events)
{
    (void)ev, (void)events;
    struct lc_trouble *trouble = io->data;
    lc_outbox_retry(trouble->udp);
}

static void on_retry(struct lc_timer *timer)
{
    lc_outbox_retry(lc_container(timer, struct lc_trouble, retry)->udp);
}

static struct lc_refusal *take_refusal(struct lc_trouble *trouble)
{
    struct lc_refusal *first = trouble->refusals;
    if (first != NULL) {
        trouble->refusals = first->next;
        trouble->refusal_count--;
        if (trouble->refusals == NULL) {
            trouble->refusals_end = &trouble->refusals;
        }
    }
    return first;
}

/* Deferred. A function called here may turn the loop: what is left is then reported in there. */
static void on_report(struct lc_deferred *deferred)
{
    struct lc_trouble *trouble = lc_container(deferred, struct lc_trouble, report);
    struct lc_udp *udp = trouble->udp;
    struct lc_refusal *refusal;
    lc_udp_enter(udp);
    while (!udp->closed && (refusal = take_refusal(trouble)) != NULL) {
        if (trouble->refusals != NULL) {
            lc_loop_defer(udp->loop, &trouble->report);
        }
        if (udp->receiver.refused != NULL) {
            udp->receiver.refused(
                udp->receiver.arg, &refusal->path, refusal->number, refusal->data, refusal->len);
        }
        lc_free(refusal);
    }
    lc_udp_leave(udp);
}

struct lc_trouble *lc_trouble_of(struct lc_udp *udp)
{
    if (udp->trouble != NULL) {
        return udp->trouble;
    }
    struct lc_trouble *trouble = lc_zalloc(sizeof *trouble);
    if (trouble == NULL) {
        return NULL;
    }
    trouble->udp = udp;
    trouble->waiting_end = &trouble->waiting;
    trouble->refusals_end = &trouble->refusals;
    trouble->report.fn = on_report;
    lc_list_init(&trouble->stuck);
    lc_timer_init(&trouble->retry, on_retry);
    ev_io_init(&trouble->writable, on_writable, udp->fd, EV_WRITE);
    trouble->writable.data = trouble;
    udp->trouble = trouble;
    return trouble;
}

void lc_trouble_refuse(
    struct lc_udp *udp, const struct lc_path *path, int number, const void *data, size_t len)
{
    udp->stats.refused++;
    struct lc_trouble *trouble = lc_trouble_of(udp);
    if (trouble == NULL || trouble->refusal_count == REFUSAL_LIMIT) {
        return;
    }
    len = len < KEPT_BYTES ? len : KEPT_BYTES;
    struct lc_refusal *refusal = lc_alloc(sizeof *refusal + len);
    if (refusal == NULL) {
        return;
    }
    *refusal = (struct lc_refusal){.path = *path, .number = number, .len = len};
    if (len > 0) {
        memcpy(refusal->data, data, len);
    }
    *trouble->refusals_end = refusal;
    trouble->refusals_end = &refusal->next;
    trouble->refusal_count++;
    lc_loop_defer(udp->loop, &trouble->report);
}

/* The ICMP error in the control data, or NULL: an error of this system's own, which the failing
 * sendmmsg() has told already. Takes note of the address that the error came to. */
static const struct sock_extended_err *find_error(struct msghdr *header, struct lc_path *path)
{
    const struct sock_extended_err *error = NULL;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        const void *data = CMSG_DATA(c);
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
            error = data;
        } else {
            lc_batch_destination(c, path);
        }
    }
    bool icmp = error != NULL &&
                (error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6);
    return icmp ? error : NULL;
}

unsigned lc_trouble_read(struct lc_udp *udp)
{
    unsigned refused = 0;
    udp->suspicious = false;
    for (unsigned i = 0; i < READ_LIMIT; i++) {
        uint8_t data[KEPT_BYTES], control[512] __attribute__((aligned(8)));
        union lc_batch_name name;
        struct iovec room = {data, sizeof data};
        struct msghdr header = {.msg_name = &name,
            .msg_namelen = sizeof name,
            .msg_iov = &room,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = sizeof control};
        ssize_t len = recvmsg(udp->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (len < 0) {
            return refused;
        }
        struct lc_path path = {.local = udp->local};
        const struct sock_extended_err *error = find_error(&header, &path);
        if (error != NULL && header.msg_namelen > 0) {
            lc_address_from(&path.remote, &name.any);
            lc_trouble_refuse(udp, &path, (int)error->ee_errno, data, (size_t)len);
            refused++;
        }
    }
    udp->suspicious = true;
    return refused;
}

void lc_trouble_stop(struct lc_udp *udp)
{
    struct lc_trouble *trouble = udp->trouble;
    if (trouble == NULL) {
        return;
    }
    lc_outbox_drop(udp);
    lc_deferred_cancel(udp->loop, &trouble->report);
    for (struct lc_refusal *refusal; (refusal = take_refusal(trouble)) != NULL;) {
        lc_free(refusal);
    }
}

void lc_trouble_free(struct lc_trouble *trouble)
{
    lc_free(trouble);
}
