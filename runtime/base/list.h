/* Doubly linked lists whose links stand in the members. A member is in one list per link at most.
 */
#ifndef LC_BASE_LIST_H
#define LC_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct lc_list {
    struct lc_list *next, *prev;
};

/* The struct of `type` whose field `member` is at `ptr`. */
#define lc_container(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline void lc_list_init(struct lc_list *list)
{
    list->next = list->prev = list;
}

static inline bool lc_list_empty(const struct lc_list *list)
{
    return list->next == list;
}

static inline void lc_list_append(struct lc_list *list, struct lc_list *link)
{
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

static inline void lc_list_prepend(struct lc_list *list, struct lc_list *link)
{
    lc_list_append(list->next, link);
}

/* A removed link is a list of its own, so that removing it again does no harm. */
static inline void lc_list_remove(struct lc_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    lc_list_init(link);
}

/* The current link may be removed in the body; others may not. */
#define lc_list_for_each(link, list)                                                               \
    for (struct lc_list *link = (list)->next, *link##_next = link->next; link != (list);           \
         link = link##_next, link##_next = link->next)

#endif
