/*
 * Piggybacked responses that were sent, to answer duplicates of their requests with (RFC 7252 4.5).
 *
 * Those that only save running a request again stand in a small log of their own. Those whose
 * requests must not run again are kept for EXCHANGE_LIFETIME, in shares by the peer's address, so
 * that one who floods us takes room from few others. A full log gives up its oldest replies: then a
 * duplicate finds none, and if its request must not run again, meets silence.
 */
#ifndef LC_MESSAGE_REPLIES_H
#define LC_MESSAGE_REPLIES_H

#include "base/bytes.h"
#include "base/map.h"
#include "base/timers.h"
#include "message/stats.h"
#include "net/address.h"

/* Bytes of a log's datagrams with 24 bytes each for finding them. What is spare had better stay in
 * the processor's cache. */
enum { LC_REPLIES_SPARE = 64 << 10, LC_REPLIES_SHARE = 4 << 20, LC_REPLIES_SHARES = 16 };

struct lc_replies_log {
    struct lc_replies_chunk *oldest, *newest;
    size_t size;
};

struct lc_replies {
    struct lc_map index;
    struct lc_replies_log spare;
    struct lc_replies_log *kept;    /* LC_REPLIES_SHARES of them; NULL before the first is needed */
    struct lc_channel_stats *stats; /* counts replies_evicted and kept_replies_evicted */
};

void lc_replies_init(struct lc_replies *replies, struct lc_channel_stats *stats);
void lc_replies_free(struct lc_replies *replies);

/*
 * Copies a reply, which takes the place of an earlier one of the same key. `keep_for`: the peer
 * whose request must not run again; NULL: it may. When there is no memory it is not stored.
 */
void lc_replies_put(struct lc_replies *replies, uint64_t key, struct lc_bytes datagram,
    const struct lc_address *keep_for, lc_time now, lc_time lifetime);

/* The reply, valid until the next call with `replies`; empty: not there any more. */
struct lc_bytes lc_replies_find(const struct lc_replies *replies, uint64_t key);

/* Frees up to `limit` chunks of which every reply is over. When to call again, or LC_NEVER. */
lc_time lc_replies_expire(
    struct lc_replies *replies, lc_time now, lc_time lifetime, unsigned limit);

#endif
