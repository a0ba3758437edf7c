/* Hash map; see map.h. Grows by doubling when more than half of the buckets would be taken: a
 * look-up that finds nothing then seldom touches a node, which is most often not in the cache. */
#include "base/map.h"

#include "base/memory.h"

static size_t bucket_of(const struct lc_map *map, uint64_t hash)
{
    return (size_t)(hash ^ (hash >> 32)) & (map->size - 1);
}

static bool grow(struct lc_map *map)
{
    size_t size = map->size == 0 ? 4 : map->size * 2;
    struct lc_map grown = {.size = size, .count = map->count};
    grown.buckets = lc_zalloc(size * sizeof grown.buckets[0]);
    if (grown.buckets == NULL) {
        return map->size > 0;
    }
    for (size_t i = 0; i < map->size; i++) {
        for (struct lc_map_node *node = map->buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            size_t b = bucket_of(&grown, node->hash);
            node->next = grown.buckets[b];
            grown.buckets[b] = node;
        }
    }
    lc_free(map->buckets);
    *map = grown;
    return true;
}

bool lc_map_insert(struct lc_map *map, struct lc_map_node *node, uint64_t hash)
{
    if (map->count * 2 >= map->size && !grow(map)) {
        return false;
    }
    size_t b = bucket_of(map, hash);
    node->hash = hash;
    node->next = map->buckets[b];
    map->buckets[b] = node;
    map->count++;
    return true;
}

void lc_map_remove(struct lc_map *map, struct lc_map_node *node)
{
    struct lc_map_node **link = &map->buckets[bucket_of(map, node->hash)];
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    map->count--;
}

struct lc_map_node *lc_map_find(const struct lc_map *map, uint64_t hash)
{
    if (map->count == 0) {
        return NULL;
    }
    struct lc_map_node *node = map->buckets[bucket_of(map, hash)];
    while (node != NULL && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct lc_map_node *lc_map_find_next(const struct lc_map_node *node)
{
    uint64_t hash = node->hash;
    do {
        node = node->next;
    } while (node != NULL && node->hash != hash);
    return (struct lc_map_node *)node;
}

struct lc_map_node *lc_map_next(const struct lc_map *map, const struct lc_map_node *node)
{
    if (node != NULL && node->next != NULL) {
        return node->next;
    }
    size_t b = node == NULL ? 0 : bucket_of(map, node->hash) + 1;
    for (; b < map->size; b++) {
        if (map->buckets[b] != NULL) {
            return map->buckets[b];
        }
    }
    return NULL;
}

void lc_map_free(struct lc_map *map)
{
    lc_free(map->buckets);
    *map = (struct lc_map){0};
}
