/*
 * A filter that changes nothing and tells a recorder each datagram that passes. One stands on the
 * socket, and one on DTLS, for what that protects, in clear.
 */
#ifndef LC_NET_TAP_H
#define LC_NET_TAP_H

#include "net/recorder.h"

enum { LC_TAP_REMARK = 160 };

struct lc_tap {
    struct lc_transport transport; /* what the layer above sends through */
    struct lc_transport *under;
    struct lc_receiver above;
    struct lc_recorder *recorder;
    struct lc_list link;        /* in recorder->taps */
    struct lc_capture *capture; /* the endpoint's own file, or NULL; borrowed */
    const struct lc_log *log;
    const void *owner;       /* of its records */
    struct lc_address local; /* what the socket is bound to */
    uint8_t *room;
    bool is_clear; /* stands on DTLS */
    bool is_inmemory;
    char remark[LC_TAP_REMARK];
};

struct lc_tap_options {
    struct lc_recorder *recorder;
    struct lc_capture *capture;
    const struct lc_log *log;
    const void *owner; /* the component's, to be compared alone */
    struct lc_address local;
    bool is_clear;
    bool is_inmemory; /* the socket, lc_udp_is_inmemory() */
};

/* NULL: memory. */
struct lc_tap *lc_tap_new(const struct lc_tap_options *options);
void lc_tap_free(struct lc_tap *tap); /* may be called in an upcall; NULL is let through */

/* The socket is bound to another address now. NULL is let through. */
void lc_tap_move(struct lc_tap *tap, const struct lc_address *local);

/* Puts it on a layer; returns what the one above sends through. */
struct lc_transport *lc_tap_transport(struct lc_tap *tap, struct lc_transport *under);

/* Puts it below a layer; returns what the one below calls. */
struct lc_receiver lc_tap_receiver(struct lc_tap *tap, const struct lc_receiver *above);

/*
 * What the filter above does to a datagram on purpose, in words. Told of one on its way out before
 * it is committed (LC_SENT: the next one bears the comment) or in the place of that
 * (LC_DROPPED_OUT); of one on its way in before it goes further up, within the upcall that brought
 * it (LC_RECEIVED, LC_DROPPED_IN) or later, as a record of its own.
 */
void lc_tap_tell(struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path,
    struct lc_bytes data, const char *comment);

#endif
