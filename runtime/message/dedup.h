/*
 * Which messages were seen before (RFC 7252 4.5): a Message ID that comes again on the same path
 * with the same bytes within EXCHANGE_LIFETIME is a duplicate. With other bytes it is a new
 * message of a peer that does not keep to section 4.4, such as a device that was restarted.
 *
 * Every Message ID that a peer can use in that time is remembered: 16 bits of time and 16 bits of
 * the datagram's hash each, in pages of 64 IDs. Paths can be spoofed, so the number of pages is
 * bounded, and the longest unused are given up first.
 */
#ifndef LC_MESSAGE_DEDUP_H
#define LC_MESSAGE_DEDUP_H

#include "base/list.h"
#include "base/map.h"
#include "base/timers.h"
#include "message/stats.h"

struct lc_dedup {
    struct lc_map pages;
    struct lc_list recent; /* pages, longest unused first */
    struct lc_dedup_page *last;
    struct lc_channel_stats *stats; /* counts id_conflicts and ids_evicted */
};

/* What was done about a message. The first five are remembered. */
enum lc_seen {
    LC_SEEN_PENDING, /* nothing was sent yet */
    LC_SEEN_ACKED,   /* an empty ACK was sent */
    LC_SEEN_RESET,   /* RST was sent */
    LC_SEEN_REPLIED, /* a piggybacked response was sent; the request must not be passed on again */
    LC_SEEN_AGAIN,   /* ... it may, once the response is given up */
    LC_SEEN_NEVER,   /* it is new, and now remembered as pending */
    LC_SEEN_NO_MEMORY,
};

/* One message: where it came from and to, its ID, its bytes. */
struct lc_dedup_key {
    uint64_t path; /* lc_path_hash() */
    uint16_t id;
    uint16_t print; /* of the datagram */
};

void lc_dedup_init(struct lc_dedup *dedup, struct lc_channel_stats *stats);
void lc_dedup_free(struct lc_dedup *dedup);

/* Looks a message up, and remembers it when it is new. `lifetime`: at most an hour. */
enum lc_seen lc_dedup_see(
    struct lc_dedup *dedup, const struct lc_dedup_key *key, lc_time now, lc_time lifetime);

/* Changes what is remembered of the last message with this path and ID, if it still is. */
void lc_dedup_mark(struct lc_dedup *dedup, uint64_t path, uint16_t id, enum lc_seen seen);

/* Frees up to `limit` pages without a live entry. When to call again, or LC_NEVER. */
lc_time lc_dedup_expire(struct lc_dedup *dedup, lc_time now, lc_time lifetime, unsigned limit);

#endif
