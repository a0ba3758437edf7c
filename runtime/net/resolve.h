/* Host names to addresses, without blocking the loop. */
#ifndef LC_NET_RESOLVE_H
#define LC_NET_RESOLVE_H

#include "base/error.h"
#include "net/address.h"
#include "net/loop.h"

struct lc_resolution;

/*
 * Looks a name up. `done` is called once in a later turn of the loop, with the address (port 0) or
 * with address NULL and error 11001, unless lc_resolve_cancel() came first. `ipv6` prefers AAAA,
 * else A is preferred; the other family is taken when the preferred one has none. NULL with `error`
 * when it cannot begin.
 */
struct lc_resolution *lc_resolve(struct lc_loop *loop, const char *host, bool ipv6,
    void (*done)(void *arg, const struct lc_address *address, const struct lc_error *error),
    void *arg, struct lc_error *error);

void lc_resolve_cancel(struct lc_resolution *resolution);

#endif
