/*
 * Which secrets a capture file should wait for. A reader opens a session from its ChangeCipherSpec
 * on, if it has the secret by then; but who receives that record may compute the secret only then,
 * and an engine may tell it only in the end. So what comes from that record on is kept back for a
 * moment, and the secret goes first.
 */
#ifndef LC_NET_AWAIT_H
#define LC_NET_AWAIT_H

#include "net/address.h"

enum { LC_AWAITS = 64 };

/* All zeroes is one that has seen nothing. Peers that share a place disturb each other. */
struct lc_await {
    unsigned count; /* of peers whose secret is to come */
    struct lc_awaited {
        uint64_t peer; /* hash of the address */
        enum { LC_AWAIT_NOTHING, LC_AWAIT_SECRET, LC_AWAIT_KNOWN } state;
    } peers[LC_AWAITS];
};

/* A datagram to or from `remote`. */
void lc_await_datagram(
    struct lc_await *await, const struct lc_address *remote, struct lc_bytes datagram);

/* The secret of the session with it is known. */
void lc_await_secret(struct lc_await *await, const struct lc_address *remote);

/* Waits for nobody any longer. */
void lc_await_give_up(struct lc_await *await);

#endif
