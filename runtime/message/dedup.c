/*
 * Pages of 64 Message IDs; see dedup.h.
 *
 * A time is 16 bits in units of an eighth of a second, which wraps after 8192 s. It never aliases:
 * a page whose newest entry is over is wiped before use, and one in use is swept of dead entries
 * every 512 s, so that no entry is older than twice an EXCHANGE_LIFETIME of one hour plus 512 s.
 */
#include "message/dedup.h"

#include "base/hash.h"
#include "base/pool.h"

enum {
    IDS = 64,
    STATE_BITS = 3,
    MEMORY = 64 << 20, /* bytes, for all pages of a channel */
};

static const lc_time tick = LC_SECOND / 8;
static const lc_time sweep_interval = 512 * LC_SECOND;

struct lc_dedup_page {
    struct lc_map_node node; /* its hash is the key: 64 bits with a secret do not collide */
    struct lc_list link;
    lc_time newest, swept;
    uint64_t used;              /* one bit for each ID, as in the next one */
    uint64_t state[STATE_BITS]; /* of enum lc_seen, the lowest first */
    uint16_t time[IDS], print[IDS];
};

void lc_dedup_init(struct lc_dedup *dedup, struct lc_channel_stats *stats)
{
    *dedup = (struct lc_dedup){.stats = stats};
    lc_list_init(&dedup->recent);
}

static struct lc_dedup_page *oldest(const struct lc_dedup *dedup)
{
    return lc_list_empty(&dedup->recent)
               ? NULL
               : lc_container(dedup->recent.next, struct lc_dedup_page, link);
}

static void unlink_page(struct lc_dedup *dedup, struct lc_dedup_page *page)
{
    lc_map_remove(&dedup->pages, &page->node);
    lc_list_remove(&page->link);
    if (dedup->last == page) {
        dedup->last = NULL;
    }
}

void lc_dedup_free(struct lc_dedup *dedup)
{
    struct lc_dedup_page *page;
    while ((page = oldest(dedup)) != NULL) {
        unlink_page(dedup, page);
        lc_pool_free(page);
    }
    lc_map_free(&dedup->pages);
}

static bool is_over(const struct lc_dedup_page *page, lc_time now, lc_time lifetime)
{
    return now - page->newest > lifetime;
}

static uint16_t ticks(lc_time time)
{
    return (uint16_t)(time / tick);
}

static bool is_live(const struct lc_dedup_page *page, unsigned i, lc_time now, lc_time lifetime)
{
    return (page->used >> i & 1) != 0 &&
           (uint16_t)(ticks(now) - page->time[i]) <= (lifetime + tick - 1) / tick;
}

/* Drops dead entries, so that what is left can be told by 16 bits of time. */
static void sweep(struct lc_dedup_page *page, lc_time now, lc_time lifetime)
{
    if (is_over(page, now, lifetime)) {
        page->used = 0;
    }
    for (unsigned i = 0; i < IDS && page->used != 0; i++) {
        if (!is_live(page, i, now, lifetime)) {
            page->used &= ~((uint64_t)1 << i);
        }
    }
    page->swept = now;
}

/* A page to use anew: one that is over, a fresh one, or at the bound the longest unused. */
static struct lc_dedup_page *obtain(struct lc_dedup *dedup, lc_time now, lc_time lifetime)
{
    struct lc_dedup_page *old = oldest(dedup);
    if (old == NULL || !is_over(old, now, lifetime)) {
        struct lc_dedup_page *page = NULL;
        if (dedup->pages.count < MEMORY / sizeof *page) {
            page = lc_pool_zalloc(sizeof *page);
        }
        if (page != NULL || old == NULL) {
            return page;
        }
        sweep(old, now, lifetime);
        dedup->stats->ids_evicted += (uint64_t)__builtin_popcountll(old->used);
    }
    unlink_page(dedup, old);
    return old;
}

static struct lc_dedup_page *add(
    struct lc_dedup *dedup, uint64_t hash, lc_time now, lc_time lifetime)
{
    struct lc_dedup_page *page = obtain(dedup, now, lifetime);
    if (page == NULL || !lc_map_insert(&dedup->pages, &page->node, hash)) {
        lc_pool_free(page);
        return NULL;
    }
    page->used = 0;
    page->newest = page->swept = now;
    lc_list_append(&dedup->recent, &page->link);
    return page;
}

static uint64_t page_hash(uint64_t path, uint16_t id)
{
    return lc_hash_mix(path, id / IDS);
}

/* A burst of messages, and the mark after each, mostly hits the same page. */
static struct lc_dedup_page *find(struct lc_dedup *dedup, uint64_t hash)
{
    if (dedup->last != NULL && dedup->last->node.hash == hash) {
        return dedup->last;
    }
    struct lc_map_node *node = lc_map_find(&dedup->pages, hash);
    return node == NULL ? NULL : lc_container(node, struct lc_dedup_page, node);
}

static void set_state(struct lc_dedup_page *page, unsigned i, enum lc_seen seen)
{
    uint64_t bit = (uint64_t)1 << i;
    for (unsigned b = 0; b < STATE_BITS; b++) {
        page->state[b] = (seen >> b & 1) != 0 ? page->state[b] | bit : page->state[b] & ~bit;
    }
}

static enum lc_seen state_of(const struct lc_dedup_page *page, unsigned i)
{
    unsigned seen = 0;
    for (unsigned b = 0; b < STATE_BITS; b++) {
        seen |= (unsigned)(page->state[b] >> i & 1) << b;
    }
    return seen;
}

static void remember(
    struct lc_dedup *dedup, struct lc_dedup_page *page, const struct lc_dedup_key *key, lc_time now)
{
    unsigned i = key->id % IDS;
    page->used |= (uint64_t)1 << i;
    page->time[i] = ticks(now);
    page->print[i] = key->print;
    set_state(page, i, LC_SEEN_PENDING);
    /* Order by the second is enough, and spares most moves. */
    if (now / LC_SECOND != page->newest / LC_SECOND) {
        lc_list_remove(&page->link);
        lc_list_append(&dedup->recent, &page->link);
    }
    page->newest = now;
}

enum lc_seen lc_dedup_see(
    struct lc_dedup *dedup, const struct lc_dedup_key *key, lc_time now, lc_time lifetime)
{
    uint64_t hash = page_hash(key->path, key->id);
    unsigned i = key->id % IDS;
    struct lc_dedup_page *page = find(dedup, hash);
    if (page == NULL) {
        page = add(dedup, hash, now, lifetime);
        if (page == NULL) {
            return LC_SEEN_NO_MEMORY;
        }
    } else if (is_over(page, now, lifetime) || now - page->swept > sweep_interval) {
        sweep(page, now, lifetime);
    }
    dedup->last = page;
    if (is_live(page, i, now, lifetime)) {
        if (page->print[i] == key->print) {
            return state_of(page, i);
        }
        dedup->stats->id_conflicts++;
    }
    remember(dedup, page, key, now);
    return LC_SEEN_NEVER;
}

void lc_dedup_mark(struct lc_dedup *dedup, uint64_t path, uint16_t id, enum lc_seen seen)
{
    struct lc_dedup_page *page = find(dedup, page_hash(path, id));
    if (page != NULL) {
        set_state(page, id % IDS, seen);
    }
}

lc_time lc_dedup_expire(struct lc_dedup *dedup, lc_time now, lc_time lifetime, unsigned limit)
{
    struct lc_dedup_page *page;
    while ((page = oldest(dedup)) != NULL) {
        if (!is_over(page, now, lifetime) || limit-- == 0) {
            return page->newest + lifetime;
        }
        unlink_page(dedup, page);
        lc_pool_free(page);
    }
    lc_map_free(&dedup->pages);
    return LC_NEVER;
}
