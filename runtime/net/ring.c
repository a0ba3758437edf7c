/* Records and secrets in two lists that forget their oldest; see ring.h. */
#include "net/ring.h"

#include "base/memory.h"

enum {
    BYTES_MAX = 64 << 20,   /* of all records */
    SECRETS_BESIDES = 1024, /* sessions whose datagrams are not kept any more, or not yet */
    SECRETS_MAX = 64 << 10, /* of all sessions: some 13 MB */
};

struct secret {
    struct lc_list link;
    size_t len;
    uint8_t line[];
};

void lc_ring_init(struct lc_ring *ring)
{
    *ring = (struct lc_ring){0};
    lc_list_init(&ring->records);
    lc_list_init(&ring->secrets);
}

static size_t size_of(const struct lc_record *record)
{
    return sizeof *record + record->len;
}

static void forget_record(struct lc_ring *ring)
{
    struct lc_record *oldest = lc_container(ring->records.next, struct lc_record, link);
    ring->count--;
    ring->bytes -= size_of(oldest);
    lc_list_remove(&oldest->link);
    explicit_bzero(oldest->data, oldest->len); /* in clear, it may be anything */
    lc_free(oldest->comment);
    lc_free(oldest);
}

static void forget_secret(struct lc_ring *ring)
{
    struct secret *oldest = lc_container(ring->secrets.next, struct secret, link);
    ring->secret_count--;
    lc_list_remove(&oldest->link);
    explicit_bzero(oldest->line, oldest->len);
    lc_free(oldest);
}

void lc_ring_limit(struct lc_ring *ring, size_t limit)
{
    ring->limit = limit;
    while (ring->count > limit) {
        forget_record(ring);
    }
    size_t secrets = limit == 0                              ? 0
                     : limit > SECRETS_MAX - SECRETS_BESIDES ? SECRETS_MAX
                                                             : limit + SECRETS_BESIDES;
    while (ring->secret_count > secrets) {
        forget_secret(ring);
    }
}

void lc_ring_add(
    struct lc_ring *ring, const struct lc_record *like, struct lc_bytes data, const char *comment)
{
    struct lc_record *record = ring->limit == 0 ? NULL : lc_alloc(sizeof *record + data.len);
    if (record == NULL) {
        return;
    }
    *record = *like;
    record->len = data.len;
    record->comment = NULL;
    if (data.len > 0) {
        memcpy(record->data, data.data, data.len);
    }
    lc_record_remark(record, comment);
    while (ring->count > 0 &&
           (ring->count >= ring->limit || ring->bytes + size_of(record) > BYTES_MAX)) {
        forget_record(ring);
    }
    lc_list_append(&ring->records, &record->link);
    ring->count++;
    ring->bytes += size_of(record);
}

struct lc_record *lc_ring_last(const struct lc_ring *ring)
{
    return ring->count == 0 ? NULL : lc_container(ring->records.prev, struct lc_record, link);
}

void lc_record_remark(struct lc_record *record, const char *comment)
{
    lc_free(record->comment);
    record->comment = comment == NULL ? NULL : lc_copy(comment, strlen(comment));
}

void lc_ring_add_secret(struct lc_ring *ring, struct lc_bytes line)
{
    struct secret *secret = ring->limit == 0 ? NULL : lc_alloc(sizeof *secret + line.len);
    if (secret == NULL) {
        return;
    }
    secret->len = line.len;
    memcpy(secret->line, line.data, line.len);
    lc_list_append(&ring->secrets, &secret->link);
    ring->secret_count++;
    lc_ring_limit(ring, ring->limit);
}

void lc_ring_secrets(
    const struct lc_ring *ring, void (*each)(void *arg, struct lc_bytes line), void *arg)
{
    lc_list_for_each (link, &ring->secrets) {
        const struct secret *secret = lc_container(link, struct secret, link);
        each(arg, lc_bytes(secret->line, secret->len));
    }
}
