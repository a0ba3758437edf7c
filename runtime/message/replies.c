/*
 * Logs of chunks; see replies.h. Replies are appended to the newest chunk and given up with the
 * whole oldest one, which is then used again: no allocation in the steady state, no copying when a
 * log grows, and records never move, so that the index can stand in them.
 */
#include "message/replies.h"

#include "base/hash.h"
#include "base/list.h"
#include "base/memory.h"

enum {
    FIRST_CHUNK = 256, /* a device that is seldom asked needs no more */
    CHUNK = 16 << 10,
};

struct lc_replies_chunk {
    struct lc_replies_chunk *next;
    lc_time newest;
    uint32_t size, used; /* bytes of `records` */
    _Alignas(8) uint8_t records[];
};

/* Followed by the datagram. */
struct record {
    struct lc_map_node node; /* its hash is the key */
    uint32_t len;
    bool is_indexed; /* false: a later reply took its place */
};

static size_t record_size(size_t len)
{
    return (sizeof(struct record) + len + 7) & ~(size_t)7;
}

void lc_replies_init(struct lc_replies *replies, struct lc_channel_stats *stats)
{
    *replies = (struct lc_replies){.stats = stats};
}

static struct lc_replies_chunk *detach_oldest(struct lc_replies_log *log)
{
    struct lc_replies_chunk *chunk = log->oldest;
    log->oldest = chunk->next;
    if (chunk->next == NULL) {
        log->newest = NULL;
    }
    log->size -= chunk->size;
    return chunk;
}

/* Takes the records of a chunk out of the index; returns how many there were. */
static unsigned clear(struct lc_replies *replies, struct lc_replies_chunk *chunk)
{
    unsigned count = 0;
    for (size_t at = 0; at < chunk->used;) {
        struct record *record = (struct record *)(chunk->records + at);
        if (record->is_indexed) {
            lc_map_remove(&replies->index, &record->node);
            count++;
        }
        at += record_size(record->len);
    }
    chunk->used = 0;
    return count;
}

static void free_log(struct lc_replies_log *log)
{
    while (log->oldest != NULL) {
        lc_free(detach_oldest(log));
    }
}

void lc_replies_free(struct lc_replies *replies)
{
    free_log(&replies->spare);
    for (unsigned i = 0; replies->kept != NULL && i < LC_REPLIES_SHARES; i++) {
        free_log(&replies->kept[i]);
    }
    lc_free(replies->kept);
    replies->kept = NULL;
    lc_map_free(&replies->index);
}

static struct record *find(const struct lc_replies *replies, uint64_t key)
{
    struct lc_map_node *node = lc_map_find(&replies->index, key);
    return node == NULL ? NULL : lc_container(node, struct record, node);
}

struct lc_bytes lc_replies_find(const struct lc_replies *replies, uint64_t key)
{
    const struct record *record = find(replies, key);
    return record == NULL ? lc_bytes(NULL, 0) : lc_bytes(record + 1, record->len);
}

static bool is_over(const struct lc_replies_chunk *chunk, lc_time now, lc_time lifetime)
{
    return chunk != NULL && now - chunk->newest > lifetime;
}

static void append(struct lc_replies_log *log, struct lc_replies_chunk *chunk)
{
    chunk->next = NULL;
    if (log->newest == NULL) {
        log->oldest = chunk;
    } else {
        log->newest->next = chunk;
    }
    log->newest = chunk;
    log->size += chunk->size;
}

/* The next chunk's size: as much as there is already, so that a log is never much larger than what
 * it has to keep. */
static size_t next_size(const struct lc_replies_log *log, size_t need)
{
    size_t size = log->size < FIRST_CHUNK ? FIRST_CHUNK : log->size;
    size = size > CHUNK ? CHUNK : size;
    return size < need ? need : size;
}

static void count_evicted(struct lc_replies *replies, bool is_spare, unsigned count)
{
    *(is_spare ? &replies->stats->replies_evicted : &replies->stats->kept_replies_evicted) += count;
}

/* Takes the chunks off whose replies are over; the last of them, cleared, or NULL. */
static struct lc_replies_chunk *take_over(
    struct lc_replies *replies, struct lc_replies_log *log, lc_time now, lc_time lifetime)
{
    struct lc_replies_chunk *chunk = NULL;
    while (is_over(log->oldest, now, lifetime)) {
        lc_free(chunk);
        chunk = detach_oldest(log);
        clear(replies, chunk);
    }
    return chunk;
}

/* Makes room for `size` more bytes by giving replies up; the last chunk of them, cleared, or NULL.
 */
static struct lc_replies_chunk *evict(
    struct lc_replies *replies, struct lc_replies_log *log, size_t size)
{
    bool is_spare = log == &replies->spare;
    size_t most = is_spare ? LC_REPLIES_SPARE : LC_REPLIES_SHARE;
    struct lc_replies_chunk *chunk = NULL;
    while (log->oldest != NULL && log->size + size > most) {
        lc_free(chunk);
        chunk = detach_oldest(log);
        count_evicted(replies, is_spare, clear(replies, chunk));
    }
    return chunk;
}

/* The one of two chunks that has `size` bytes, or a new one; the rest is freed. NULL: memory. */
static struct lc_replies_chunk *choose(
    struct lc_replies_chunk *a, struct lc_replies_chunk *b, size_t size)
{
    struct lc_replies_chunk *chunk = a != NULL && a->size >= size ? a : b;
    lc_free(chunk == a ? b : a);
    if (chunk != NULL && chunk->size >= size) {
        return chunk;
    }
    lc_free(chunk);
    chunk = lc_alloc(sizeof *chunk + size);
    if (chunk != NULL) {
        chunk->size = (uint32_t)size;
    }
    return chunk;
}

/* A chunk with `need` bytes free at its end; an old one is used again if it is large enough. */
static struct lc_replies_chunk *room(struct lc_replies *replies, struct lc_replies_log *log,
    size_t need, lc_time now, lc_time lifetime)
{
    if (log->newest != NULL && log->newest->size - log->newest->used >= need) {
        return log->newest;
    }
    struct lc_replies_chunk *over = take_over(replies, log, now, lifetime);
    size_t size = next_size(log, need);
    struct lc_replies_chunk *chunk = choose(over, evict(replies, log, size), size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->used = 0;
    chunk->newest = now;
    append(log, chunk);
    return chunk;
}

/* NULL: out of memory. Ports do not count: a host has many. */
static struct lc_replies_log *share_of(struct lc_replies *replies, const struct lc_address *peer)
{
    if (replies->kept == NULL) {
        replies->kept = lc_zalloc(LC_REPLIES_SHARES * sizeof replies->kept[0]);
        if (replies->kept == NULL) {
            return NULL;
        }
    }
    return &replies->kept[lc_hash(peer->ip, sizeof peer->ip, 0) % LC_REPLIES_SHARES];
}

void lc_replies_put(struct lc_replies *replies, uint64_t key, struct lc_bytes datagram,
    const struct lc_address *keep_for, lc_time now, lc_time lifetime)
{
    struct record *earlier = find(replies, key);
    if (earlier != NULL) {
        lc_map_remove(&replies->index, &earlier->node);
        earlier->is_indexed = false;
    }
    struct lc_replies_log *log = keep_for == NULL ? &replies->spare : share_of(replies, keep_for);
    size_t need = record_size(datagram.len);
    struct lc_replies_chunk *chunk = log == NULL ? NULL : room(replies, log, need, now, lifetime);
    struct record *record = chunk == NULL ? NULL : (struct record *)(chunk->records + chunk->used);
    if (record == NULL || !lc_map_insert(&replies->index, &record->node, key)) {
        count_evicted(replies, keep_for == NULL, 1);
        return;
    }
    record->len = (uint32_t)datagram.len;
    record->is_indexed = true;
    memcpy(record + 1, datagram.data, datagram.len);
    chunk->used += (uint32_t)need;
    chunk->newest = now;
}

static lc_time expire_log(struct lc_replies *replies, struct lc_replies_log *log, lc_time now,
    lc_time lifetime, unsigned *limit)
{
    while (log->oldest != NULL) {
        if (!is_over(log->oldest, now, lifetime) || *limit == 0) {
            return log->oldest->newest + lifetime;
        }
        --*limit;
        struct lc_replies_chunk *chunk = detach_oldest(log);
        clear(replies, chunk);
        lc_free(chunk);
    }
    return LC_NEVER;
}

lc_time lc_replies_expire(struct lc_replies *replies, lc_time now, lc_time lifetime, unsigned limit)
{
    lc_time next = expire_log(replies, &replies->spare, now, lifetime, &limit);
    for (unsigned i = 0; replies->kept != NULL && i < LC_REPLIES_SHARES; i++) {
        lc_time kept = expire_log(replies, &replies->kept[i], now, lifetime, &limit);
        next = kept < next ? kept : next;
    }
    if (next == LC_NEVER) {
        lc_replies_free(replies); /* all are empty */
    }
    return next;
}
