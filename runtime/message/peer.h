/*
 * What we remember of each address that we send messages of our own to: the Message IDs in use,
 * and how many interactions are outstanding (NSTART, RFC 7252 4.7). A peer that only sends requests
 * and gets piggybacked responses needs no record.
 */
#ifndef LC_MESSAGE_PEER_H
#define LC_MESSAGE_PEER_H

#include "base/list.h"
#include "base/map.h"
#include "base/timers.h"
#include "message/ids.h"
#include "net/address.h"

struct lc_peer {
    struct lc_map_node node;
    struct lc_list link; /* in lc_peers.idle while nothing is under way */
    struct lc_address address;
    lc_time used;
    struct lc_ids ids;
    struct lc_list sent;    /* transmissions that wait for an outcome */
    struct lc_list waiting; /* transmissions that wait for an NSTART place or a Message ID */
    unsigned transmissions; /* in the two lists; the peer is not forgotten while there are any */
    unsigned outstanding;   /* NSTART places taken */
    bool starved;           /* no Message ID was free; logged once */
};

struct lc_peers {
    struct lc_map map;
    struct lc_list idle; /* least recently used first */
    uint64_t *evicted_count;
};

void lc_peers_init(struct lc_peers *peers, uint64_t *evicted_count);

/* No transmission may point to a peer any more. */
void lc_peers_free(struct lc_peers *peers);

struct lc_peer *lc_peers_find(const struct lc_peers *peers, const struct lc_address *address);

/* Finds or makes the record. NULL: out of memory. */
struct lc_peer *lc_peers_get(struct lc_peers *peers, const struct lc_address *address, lc_time now);

/* A transmission starts, or stops, to point to the peer. */
void lc_peers_hold(struct lc_peer *peer);
void lc_peers_release(struct lc_peers *peers, struct lc_peer *peer, lc_time now);

/* Forgets up to `limit` peers that were not used since `before`. The next `used` to look at, or
 * LC_NEVER. */
lc_time lc_peers_expire(struct lc_peers *peers, lc_time before, unsigned limit);

#endif
