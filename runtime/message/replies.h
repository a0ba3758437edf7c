/*
 * Piggybacked responses that were sent, to answer duplicates of their requests with (RFC 7252 4.5).
 *
 * They stand in two logs: those whose requests must not run again are kept for EXCHANGE_LIFETIME;
 * the others only save running a request again, and are forgotten whenever there is no room.
 */
#ifndef LC_MESSAGE_REPLIES_H
#define LC_MESSAGE_REPLIES_H

#include "base/bytes.h"
#include "base/map.h"
#include "base/timers.h"
#include "message/stats.h"

/* Bytes of all datagrams with 24 bytes each for finding them. */
enum { LC_REPLIES_SPARE = 1 << 18, LC_REPLIES_KEPT = 64 << 20 };

struct lc_replies_log {
    struct lc_replies_chunk *oldest, *newest;
    size_t size;
};

struct lc_replies {
    struct lc_map index;
    struct lc_replies_log spare, kept;
    struct lc_channel_stats *stats; /* counts replies_evicted */
};

void lc_replies_init(struct lc_replies *replies, struct lc_channel_stats *stats);
void lc_replies_free(struct lc_replies *replies);

/* Copies a reply, which takes the place of an earlier one of the same key. `keep`: for at least
 * `lifetime`. When there is no room it is not stored. */
void lc_replies_put(struct lc_replies *replies, uint64_t key, struct lc_bytes datagram, bool keep,
    lc_time now, lc_time lifetime);

/* The reply, valid until the next call with `replies`; empty: not there any more. */
struct lc_bytes lc_replies_find(const struct lc_replies *replies, uint64_t key);

/* Whether one more reply of usual size can be kept. */
bool lc_replies_can_keep(const struct lc_replies *replies, lc_time now, lc_time lifetime);

/* Frees up to `limit` chunks of which every reply is over. When to call again, or LC_NEVER. */
lc_time lc_replies_expire(
    struct lc_replies *replies, lc_time now, lc_time lifetime, unsigned limit);

#endif
