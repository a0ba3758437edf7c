/*
 * A map of groups: members with the same key form a ring, of which one stands in the map for all,
 * so that each leaves at once however many they are. The user compares the keys.
 */
#ifndef LC_BASE_GROUP_H
#define LC_BASE_GROUP_H

#include "base/list.h"
#include "base/map.h"

struct lc_group_node {
    struct lc_map_node node;
    struct lc_list ring;
    bool heads; /* stands in the map */
};

void lc_group_init(struct lc_group_node *member);

/* Joins the group of `head`, which stands in the map and has the same key; NULL: begins a group.
 * False: no memory. */
bool lc_group_join(
    struct lc_map *map, struct lc_group_node *member, struct lc_group_node *head, uint64_t hash);

/* Does no harm to one that is in no group. */
void lc_group_leave(struct lc_map *map, struct lc_group_node *member);

/* The next of the group, beginning with the one that stands in the map; NULL when that is reached
 * again. Ask before a member leaves. */
static inline struct lc_group_node *lc_group_next(const struct lc_group_node *member)
{
    struct lc_group_node *next = lc_container(member->ring.next, struct lc_group_node, ring);
    return next->heads ? NULL : next;
}

#endif
