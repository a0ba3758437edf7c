/* A map by key and a list by age, over entries that hold key and session behind their head. */
#include "secure/session_cache.h"

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/pool.h"

struct entry {
    struct lc_map_node node;
    struct lc_list link; /* in `by_age` */
    lc_time made;
    size_t key_len, session_len;
    uint8_t bytes[]; /* the key, then the session */
};

struct lc_session_cache {
    struct lc_session_cache_options options;
    struct lc_map map;
    struct lc_list by_age; /* the oldest first */
    size_t bytes;
};

struct lc_session_cache *lc_session_cache_new(const struct lc_session_cache_options *options)
{
    struct lc_session_cache *cache = lc_zalloc(sizeof *cache);
    if (cache != NULL) {
        cache->options = *options;
        lc_list_init(&cache->by_age);
    }
    return cache;
}

static size_t size_of(const struct entry *entry)
{
    return entry->key_len + entry->session_len;
}

/* A master secret is among the bytes. */
static void drop(struct lc_session_cache *cache, struct entry *entry)
{
    lc_map_remove(&cache->map, &entry->node);
    lc_list_remove(&entry->link);
    cache->bytes -= size_of(entry);
    explicit_bzero(entry->bytes, size_of(entry));
    lc_pool_free(entry);
}

static struct entry *oldest(struct lc_session_cache *cache)
{
    return lc_container(cache->by_age.next, struct entry, link);
}

void lc_session_cache_free(struct lc_session_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    while (!lc_list_empty(&cache->by_age)) {
        drop(cache, oldest(cache));
    }
    lc_map_free(&cache->map);
    lc_free(cache);
}

static uint64_t hash_of(struct lc_bytes key)
{
    return lc_hash(key.data, key.len, 0);
}

static struct entry *find(struct lc_session_cache *cache, struct lc_bytes key)
{
    struct lc_map_node *node = lc_map_find(&cache->map, hash_of(key));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct entry *entry = lc_container(node, struct entry, node);
        if (lc_bytes_equal(lc_bytes(entry->bytes, entry->key_len), key)) {
            return entry;
        }
    }
    return NULL;
}

static bool is_over(const struct lc_session_cache *cache, const struct entry *entry)
{
    return cache->options.timers->now - entry->made >= cache->options.lifetime;
}

/* Drops what is too old, and as much more as `size` bytes need. */
static void make_room(struct lc_session_cache *cache, size_t size)
{
    while (!lc_list_empty(&cache->by_age) &&
           (is_over(cache, oldest(cache)) || cache->map.count >= cache->options.max_entries ||
               size > cache->options.max_bytes - cache->bytes)) {
        drop(cache, oldest(cache));
    }
}

bool lc_session_cache_put(
    struct lc_session_cache *cache, struct lc_bytes key, struct lc_bytes session)
{
    size_t size = key.len + session.len;
    if (size > cache->options.max_bytes || cache->options.max_entries == 0) {
        return false;
    }
    struct entry *entry = lc_pool_zalloc(sizeof *entry + size);
    if (entry == NULL) {
        return false;
    }
    entry->made = cache->options.timers->now;
    entry->key_len = key.len;
    entry->session_len = session.len;
    memcpy(entry->bytes, key.data, key.len);
    memcpy(entry->bytes + key.len, session.data, session.len);
    lc_session_cache_remove(cache, key);
    make_room(cache, size);
    if (!lc_map_insert(&cache->map, &entry->node, hash_of(key))) {
        explicit_bzero(entry->bytes, size);
        lc_pool_free(entry);
        return false;
    }
    lc_list_append(&cache->by_age, &entry->link);
    cache->bytes += size;
    return true;
}

struct lc_bytes lc_session_cache_get(struct lc_session_cache *cache, struct lc_bytes key)
{
    struct entry *entry = find(cache, key);
    if (entry == NULL || is_over(cache, entry)) {
        return lc_bytes(NULL, 0);
    }
    return lc_bytes(entry->bytes + entry->key_len, entry->session_len);
}

void lc_session_cache_remove(struct lc_session_cache *cache, struct lc_bytes key)
{
    struct entry *entry = find(cache, key);
    if (entry != NULL) {
        drop(cache, entry);
    }
}
