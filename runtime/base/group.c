/* Groups in a map; see group.h. */
#include "base/group.h"

void lc_group_init(struct lc_group_node *member)
{
    *member = (struct lc_group_node){.heads = false};
    lc_list_init(&member->ring);
}

bool lc_group_join(
    struct lc_map *map, struct lc_group_node *member, struct lc_group_node *head, uint64_t hash)
{
    if (head != NULL) {
        lc_list_append(&head->ring, &member->ring);
        return true;
    }
    member->heads = lc_map_insert(map, &member->node, hash);
    return member->heads;
}

void lc_group_leave(struct lc_map *map, struct lc_group_node *member)
{
    struct lc_group_node *next = lc_container(member->ring.next, struct lc_group_node, ring);
    lc_list_remove(&member->ring);
    if (!member->heads) {
        return;
    }
    lc_map_remove(map, &member->node);
    member->heads = false;
    if (next != member) {
        /* Cannot fail: the map has buckets. */
        next->heads = lc_map_insert(map, &next->node, member->node.hash);
    }
}
