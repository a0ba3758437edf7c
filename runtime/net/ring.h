/*
 * The last datagrams of the process, kept in memory; and the secrets of the DTLS sessions that they
 * belong to. Bounded in count and in bytes.
 */
#ifndef LC_NET_RING_H
#define LC_NET_RING_H

#include "base/list.h"
#include "base/timers.h"
#include "net/transport.h"

/* What happened to a datagram here. */
enum lc_fate { LC_SENT, LC_RECEIVED, LC_DROPPED_OUT, LC_DROPPED_IN };

static inline bool lc_fate_is_out(enum lc_fate fate)
{
    return fate == LC_SENT || fate == LC_DROPPED_OUT;
}

static inline bool lc_fate_is_dropped(enum lc_fate fate)
{
    return fate == LC_DROPPED_OUT || fate == LC_DROPPED_IN;
}

struct lc_record {
    struct lc_list link;
    uint64_t number; /* the first one of the process is 1 */
    lc_time at, time_of_day;
    struct lc_path path;
    const void *owner; /* whose socket, wherever that has moved since; only to be compared */
    enum lc_fate fate;
    bool is_clear; /* what DTLS protected, as the layers above it know it */
    bool is_twin;  /* received from an endpoint of this process, whose own record tells it too */
    char *comment; /* owned; NULL: none */
    size_t len;
    uint8_t data[];
};

/* All zeroes but for the lists is one that keeps nothing; lc_ring_init(). */
struct lc_ring {
    size_t limit;           /* records; 0: none are kept, nor secrets */
    struct lc_list records; /* the oldest first */
    size_t count, bytes;
    struct lc_list secrets; /* the oldest first */
    size_t secret_count;
};

void lc_ring_init(struct lc_ring *ring);

/* At most so many from now on, the oldest are forgotten. */
void lc_ring_limit(struct lc_ring *ring, size_t limit);

/* Copies what `like` has, but for its data, which are given apart; `comment` may be NULL. Nothing
 * for want of memory. */
void lc_ring_add(
    struct lc_ring *ring, const struct lc_record *like, struct lc_bytes data, const char *comment);

/* The record added last, NULL: none. */
struct lc_record *lc_ring_last(const struct lc_ring *ring);

/* Replaces its comment. */
void lc_record_remark(struct lc_record *record, const char *comment);

/* A line of a key log. */
void lc_ring_add_secret(struct lc_ring *ring, struct lc_bytes line);

/* Calls `each` for every such line, the oldest first. */
void lc_ring_secrets(
    const struct lc_ring *ring, void (*each)(void *arg, struct lc_bytes line), void *arg);

#endif
