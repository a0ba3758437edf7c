/* A pairing heap of deadlines: `prev` is the elder sibling, or the parent of the eldest child. */
#include "base/timers.h"

#include <stddef.h>

bool lc_timer_is_set(const struct lc_timers *timers, const struct lc_timer *timer)
{
    return timer->prev != NULL || timers->root == timer;
}

static struct lc_timer *meld(struct lc_timer *a, struct lc_timer *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (b->at < a->at) {
        struct lc_timer *swap = a;
        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next != NULL) {
        b->next->prev = b;
    }
    a->child = b;
    return a;
}

/* Melds the siblings pairwise from left to right, then the pairs from right to left. */
static struct lc_timer *meld_siblings(struct lc_timer *first)
{
    struct lc_timer *pairs = NULL;
    while (first != NULL) {
        struct lc_timer *a = first, *b = a->next;
        first = b == NULL ? NULL : b->next;
        a->next = a->prev = NULL;
        if (b != NULL) {
            b->next = b->prev = NULL;
        }
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    struct lc_timer *root = NULL;
    while (pairs != NULL) {
        struct lc_timer *pair = pairs;
        pairs = pair->next;
        pair->next = NULL;
        root = meld(root, pair);
    }
    return root;
}

static void detach(struct lc_timer *timer)
{
    if (timer->prev->child == timer) {
        timer->prev->child = timer->next;
    } else {
        timer->prev->next = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->prev = timer->prev;
    }
    timer->next = timer->prev = NULL;
}

void lc_timer_clear(struct lc_timers *timers, struct lc_timer *timer)
{
    if (!lc_timer_is_set(timers, timer)) {
        return;
    }
    if (timer != timers->root) {
        detach(timer);
        timers->root = meld(timers->root, meld_siblings(timer->child));
    } else {
        timers->root = meld_siblings(timer->child);
    }
    timer->child = NULL;
}

void lc_timer_set(struct lc_timers *timers, struct lc_timer *timer, lc_time at)
{
    lc_timer_clear(timers, timer);
    timer->at = timers->running > 0 && at <= timers->now ? timers->now + 1 : at;
    timers->root = meld(timers->root, timer);
}

lc_time lc_timers_next(const struct lc_timers *timers)
{
    return timers->root == NULL ? LC_NEVER : timers->root->at;
}

void lc_timers_run(struct lc_timers *timers)
{
    timers->running++;
    while (timers->root != NULL && timers->root->at <= timers->now) {
        struct lc_timer *timer = timers->root;
        lc_timer_clear(timers, timer);
        timer->fire(timer);
    }
    timers->running--;
}
