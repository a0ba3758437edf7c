/*
 * The Message IDs that we use with one peer (RFC 7252 4.4): counted up from a random start, and
 * never given out again while an earlier message with the same ID may still be on its way.
 */
#ifndef LC_MESSAGE_IDS_H
#define LC_MESSAGE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"

/*
 * IDs are numbered in the order they are given out; number n is the ID `start` + n. Those from
 * `tail` on are in use. They become free in chunks of 4096: that costs 8 bytes instead of 32 KiB.
 */
struct lc_ids {
    uint32_t next, tail;
    uint16_t start;
    lc_time recent[2];            /* when the last two chunks are free again */
    lc_time *chunks;              /* the same for 16 chunks; NULL until a third one is in use */
    struct lc_ids_chosen *chosen; /* IDs that somebody else picked; NULL before the first */
};

enum lc_ids_result {
    LC_IDS_OK,
    LC_IDS_IN_USE, /* this one, or all of them */
    LC_IDS_NO_MEMORY,
};

void lc_ids_init(struct lc_ids *ids);
void lc_ids_free(struct lc_ids *ids);

/* The next free ID, in use from now on for at least `lifetime`. */
enum lc_ids_result lc_ids_take(struct lc_ids *ids, lc_time now, lc_time lifetime, uint16_t *out_id);

/* The same for an ID that the user wants. */
enum lc_ids_result lc_ids_choose(struct lc_ids *ids, uint16_t id, lc_time now, lc_time lifetime);

/* One that was chosen, and is still in use, is sent only now: its time counts from now on. */
void lc_ids_renew(struct lc_ids *ids, uint16_t id, lc_time now, lc_time lifetime);

/* What lc_ids_take() would give; -1 when all are in use. */
int lc_ids_peek(struct lc_ids *ids, lc_time now);

/* When the first of the IDs now in use becomes free. */
lc_time lc_ids_free_at(struct lc_ids *ids);

#endif
