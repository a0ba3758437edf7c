/* Prebuilt headers over one region of memory each way; see batch.h. */
#include "net/batch.h"

#include <assert.h>

#include "base/memory.h"

enum {
    SMALL_REGION = LC_BATCH * 2048,
    LARGE_REGION = LC_BATCH * 8192,
    LONGEST = 65535,
    LINE = 64,
};

static size_t round_up(size_t len)
{
    return (len + LINE - 1) / LINE * LINE;
}

struct lc_receive_batch *lc_receive_batch_new(void)
{
    return lc_zalloc(sizeof(struct lc_receive_batch));
}

void lc_receive_batch_free(struct lc_receive_batch *batch)
{
    if (batch != NULL) {
        lc_free(batch->region);
        lc_free(batch);
    }
}

static void lay_out(struct lc_receive_batch *batch, size_t stride, size_t max_packet)
{
    size_t slots = batch->size / stride;
    batch->slots = slots < LC_BATCH ? (unsigned)slots : LC_BATCH;
    batch->max_packet = max_packet;
    for (unsigned i = 0; i < batch->slots; i++) {
        batch->rooms[i] = (struct iovec){batch->region + i * stride, max_packet};
        batch->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->names[i],
            .msg_namelen = sizeof batch->names[i],
            .msg_iov = &batch->rooms[i],
            .msg_iovlen = 1,
            .msg_control = &batch->controls[i],
            .msg_controllen = sizeof batch->controls[i],
        };
    }
}

bool lc_receive_batch_fit(struct lc_receive_batch *batch, size_t max_packet)
{
    if (max_packet == batch->max_packet) {
        return true;
    }
    /* One line more than needed, so that the slots' first lines do not compete for the same lines
     * of the cache. */
    size_t stride = round_up(max_packet) + LINE;
    size_t size = stride <= SMALL_REGION / LC_BATCH + LINE ? SMALL_REGION + LC_BATCH * LINE
                                                           : LARGE_REGION + LC_BATCH * LINE;
    if (size > batch->size) {
        uint8_t *region = lc_alloc(size);
        if (region == NULL) {
            return false;
        }
        lc_free(batch->region);
        batch->region = region;
        batch->size = size;
    }
    lay_out(batch, stride, max_packet);
    batch->count = batch->next = 0;
    return true;
}

int lc_receive_batch_fill(struct lc_receive_batch *batch, int fd)
{
    for (unsigned i = 0; i < batch->count; i++) {
        batch->headers[i].msg_hdr.msg_namelen = sizeof batch->names[i];
        batch->headers[i].msg_hdr.msg_controllen = sizeof batch->controls[i];
    }
    int count = recvmmsg(fd, batch->headers, batch->slots, MSG_DONTWAIT, NULL);
    batch->count = count > 0 ? (unsigned)count : 0;
    batch->next = 0;
    return count;
}

static void set_local(struct lc_path *path, const union lc_batch_name *name, uint32_t interface)
{
    uint16_t port = path->local.port;
    lc_address_from(&path->local, &name->any);
    path->local.port = port;
    if (lc_address_is_multicast(&path->local)) {
        path->local.scope = interface;
    }
}

void lc_batch_destination(const struct cmsghdr *cmsg, struct lc_path *path)
{
    union lc_batch_name name = {0};
    if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
        const struct in_pktinfo *info = (const void *)CMSG_DATA(cmsg);
        name.in.sin_family = AF_INET;
        name.in.sin_addr = info->ipi_addr;
        set_local(path, &name, (uint32_t)info->ipi_ifindex);
    } else if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
        const struct in6_pktinfo *info = (const void *)CMSG_DATA(cmsg);
        name.in6.sin6_family = AF_INET6;
        name.in6.sin6_addr = info->ipi6_addr;
        name.in6.sin6_scope_id = info->ipi6_ifindex;
        set_local(path, &name, info->ipi6_ifindex);
    }
}

void lc_send_batch_init(struct lc_send_batch *batch)
{
    *batch = (struct lc_send_batch){.send = sendmmsg};
    for (unsigned i = 0; i < LC_BATCH; i++) {
        batch->headers[i].msg_hdr.msg_name = &batch->names[i];
        batch->headers[i].msg_hdr.msg_iov = &batch->rooms[i];
        batch->headers[i].msg_hdr.msg_iovlen = 1;
    }
}

bool lc_send_batch_has_room(const struct lc_send_batch *batch, size_t len)
{
    return batch->count < LC_BATCH && len <= SMALL_REGION - batch->used;
}

uint8_t *lc_send_batch_reserve(struct lc_send_batch *batch, size_t len)
{
    if (batch->region == NULL) {
        batch->region = lc_alloc(SMALL_REGION);
    }
    bool possible = batch->region != NULL && len <= LONGEST;
    batch->reserved = possible ? batch->region + batch->used : NULL;
    return batch->reserved;
}

unsigned lc_send_batch_add(struct lc_send_batch *batch, size_t len)
{
    assert(batch->reserved != NULL && batch->count < LC_BATCH);
    unsigned i = batch->count++;
    batch->rooms[i] = (struct iovec){batch->reserved, len};
    batch->used = (size_t)(batch->reserved - batch->region) + round_up(len);
    batch->reserved = NULL;
    return i;
}

void lc_send_batch_clear(struct lc_send_batch *batch)
{
    batch->count = 0;
    batch->used = 0;
}

void lc_send_batch_free(struct lc_send_batch *batch)
{
    lc_free(batch->region);
    batch->region = NULL;
}
