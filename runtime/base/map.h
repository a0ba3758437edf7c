/* A hash map whose nodes stand in the members; the user compares the keys. All zeroes is an empty
 * map. */
#ifndef LC_BASE_MAP_H
#define LC_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lc_map_node {
    struct lc_map_node *next;
    uint64_t hash;
};

struct lc_map {
    struct lc_map_node **buckets;
    size_t count, size; /* size: a power of two, or 0 before the first insert */
};

/* False when there is no memory for the first buckets; a map that cannot grow just gets slower. */
bool lc_map_insert(struct lc_map *map, struct lc_map_node *node, uint64_t hash);

/* The node must be in the map. */
void lc_map_remove(struct lc_map *map, struct lc_map_node *node);

/* First node with this hash, and the next one after `node`; NULL when there is none. */
struct lc_map_node *lc_map_find(const struct lc_map *map, uint64_t hash);
struct lc_map_node *lc_map_find_next(const struct lc_map_node *node);

/* Walks all nodes in any order, NULL starts and ends; ask for the next node before removing one. */
struct lc_map_node *lc_map_next(const struct lc_map *map, const struct lc_map_node *node);

/* Frees the buckets; the members are the caller's. */
void lc_map_free(struct lc_map *map);

#endif
