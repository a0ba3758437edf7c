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

/*
 * The address (port 0) of this machine that a literal or a name such as "localhost" stands for.
 * Blocks while it looks a name up: meant for LocalHost, whose names are local. 0 or 11001.
 */
int lc_resolve_local(
    const char *host, bool ipv6, struct lc_address *out_address, struct lc_error *error);

#endif
