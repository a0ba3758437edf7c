/*
 * Faults on purpose: what is to happen to which datagrams, and the judging of one datagram. Nothing
 * here is left to chance: whether and how a fault strikes depends on the seed, the link, the
 * datagram's number on it, and the fault's place in its list, and on nothing else. So the same seed
 * does the same to the third datagram to a peer whatever other peers and the other direction do.
 */
#ifndef LC_NET_FAULT_H
#define LC_NET_FAULT_H

#include "base/map.h"
#include "base/timers.h"
#include "net/address.h"

enum lc_fault_action {
    LC_FAULT_DROP,
    LC_FAULT_DUPLICATE,
    LC_FAULT_DELAY,
    LC_FAULT_REORDER,
    LC_FAULT_CORRUPT,
    LC_FAULT_TRUNCATE,
    LC_FAULT_LIMIT,
    LC_FAULT_RESTART,
    LC_FAULT_REBIND,
    LC_FAULT_ACTIONS,
};

/* Both ends count. */
struct lc_range {
    double low, high;
};

enum { LC_FAULT_ANY = -1 };

/* An action, and the datagrams that it is for: those to which all of the conditions apply. */
struct lc_fault {
    enum lc_fault_action action;
    double chance;                  /* 0 to 1 */
    int type, code;                 /* of a CoAP message, or LC_FAULT_ANY */
    int record;                     /* content type of a DTLS record, or LC_FAULT_ANY */
    struct lc_range retransmission; /* how often the same bytes went the same way before */
    struct lc_range number; /* among those of a link that the conditions above fit, from 1 */
    struct lc_range at;     /* seconds since the faults were set */
    struct lc_range by;     /* DELAY: seconds; REORDER: .high, how long it may be held back */
    double amount;          /* LIMIT: bytes per second; TRUNCATE: bytes left, CORRUPT: bits changed,
                               DUPLICATE: further copies; 0: one, or any number of bytes */
};

/* A fault without conditions. */
struct lc_fault lc_fault_always(enum lc_fault_action action);

/* What is to become of one datagram. */
struct lc_verdict {
    bool is_dropped, is_held, restarts, rebinds;
    unsigned copies;  /* further ones */
    unsigned flips;   /* bits to change, each chosen by lc_verdict_flip() */
    size_t len;       /* what is left of it */
    lc_time delay;    /* LC_FAULT_DELAY and LC_FAULT_LIMIT together */
    lc_time patience; /* of one that is held until another has passed */
    uint32_t link;    /* the number of its link, from 1 */
    uint64_t dice;
};

/* One direction of an endpoint; all zeroes has no faults. */
struct lc_fault_lane {
    struct lc_fault *faults; /* owned */
    size_t count;
    uint64_t seed;
    lc_time since;
    struct lc_map links;
    struct lc_fault_link *crowd; /* the link of all peers beyond LC_FAULT_LINKS */
    uint64_t *seen;              /* owned; hashes of what has passed, each with a count */
};

enum { LC_FAULT_LINKS = 65536 };

/* Replaces the faults, of which it takes a copy, and begins to count anew. False: memory; there are
 * no faults then. */
bool lc_fault_lane_set(struct lc_fault_lane *lane, const struct lc_fault *faults, size_t count,
    uint64_t seed, lc_time now);
void lc_fault_lane_free(struct lc_fault_lane *lane);

/* Judges the next datagram to or from a peer, and counts it. */
struct lc_verdict lc_fault_judge(struct lc_fault_lane *lane, const struct lc_address *peer,
    const uint8_t *data, size_t len, lc_time now);

/* Changes the bits that the verdict says. */
void lc_verdict_flip(const struct lc_verdict *verdict, uint8_t *data);

#endif
