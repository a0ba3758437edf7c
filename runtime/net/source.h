/*
 * The address of ours that the system sends from: a socket that is bound to all of them does not
 * tell. Asked once for each destination, and again after some time, for routes change.
 */
#ifndef LC_NET_SOURCE_H
#define LC_NET_SOURCE_H

#include "base/timers.h"
#include "net/address.h"

enum { LC_SOURCES = 64 };

/* All zeroes is one that knows nothing yet. */
struct lc_sources {
    struct lc_source {
        struct lc_address remote, source; /* without ports */
        lc_time until;
    } known[LC_SOURCES];
};

/* Where a datagram to `remote` leaves from; port 0. The unspecified address when there is no way to
 * it. */
struct lc_address lc_source_of(
    struct lc_sources *sources, lc_time now, const struct lc_address *remote);

#endif
