/*
 * A raw endpoint: a UDP socket without a protocol on top, for tests that play a peer message by
 * message. What comes is kept until somebody takes it. What comes and goes is recorded as that of
 * components is (recording.h).
 */
#ifndef LC_COMPONENT_RAW_H
#define LC_COMPONENT_RAW_H

#include "base/error.h"
#include "component/stage.h"
#include "net/address.h"

enum {
    LC_RAW_KEPT = 256,      /* datagrams; the oldest gives way to the next */
    LC_RAW_LONGEST = 65507, /* of a UDP datagram over IPv4 */
};

struct lc_raw;

/* What came: a datagram, or the network's word that one of ours could not be delivered. */
struct lc_arrival {
    struct lc_arrival *next;
    struct lc_address remote;
    int refused; /* an errno, and there are no data */
    size_t len;
    uint8_t data[];
};

/* Who is told, in a turn of the loop, that something can be taken. */
struct lc_raw_upcall {
    void (*arrived)(void *arg);
    void *arg;
};

/*
 * Opens on the stage at `host`, "" for all addresses of both families, and `port`, 0 for any free
 * one. NULL with `error`: see lc_udp_open(), 11001, 10055.
 */
struct lc_raw *lc_raw_open(struct lc_stage *stage, const char *host, uint16_t port,
    const struct lc_raw_upcall *upcall, struct lc_error *error);

/* Sends what is queued, closes and forgets what was kept. May be called in the upcall. */
void lc_raw_close(struct lc_raw *raw);

/* Sends a datagram when the turn ends. Returns 0, or 10040: too long, 10047: an address of the
 * other family, 10055. */
int lc_raw_send(struct lc_raw *raw, const struct lc_address *remote, struct lc_bytes data,
    struct lc_error *error);

/*
 * Reads where to send to: a URI, "host:port", "[::1]:port", or a host alone, which means port 5683.
 * A `port` of 0 or more counts instead of the text's. A name is looked up, which blocks. Returns 0,
 * 700 or 11001.
 */
int lc_raw_address(
    struct lc_bytes text, int port, struct lc_address *out_remote, struct lc_error *error);

/* The oldest arrival, which the caller owns and frees with lc_free(); NULL: there is none. */
struct lc_arrival *lc_raw_take(struct lc_raw *raw);

/* How many arrivals gave way to others, or were lost for want of memory. */
uint64_t lc_raw_dropped(const struct lc_raw *raw);

/* What was bound. */
const struct lc_address *lc_raw_local(const struct lc_raw *raw);

#endif
