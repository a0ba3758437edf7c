/* What bounds the request layer: settings of the component, read whenever needed. */
#ifndef LC_REQUEST_LIMITS_H
#define LC_REQUEST_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/timers.h"

struct lc_limits {
    unsigned block_size;            /* preferred size of a block: 16 to 1024, a power of two */
    size_t max_body;                /* bytes of a body put together from blocks */
    unsigned max_pending;           /* requests that wait for the script's answer; and as many
                                       answers that wait for their ACK or their moment */
    lc_time pending_timeout;        /* how long they may wait; 0: for ever */
    lc_time piggyback_delay;        /* before an empty ACK goes out */
    lc_time multicast_leisure;      /* RFC 7252 8.2 */
    unsigned max_observers;         /* registrations kept by a server */
    unsigned notifications_per_con; /* NON notifications between two CON ones (RFC 7641 4.5) */
    unsigned max_transfers;         /* block-wise bodies that a server keeps at a time ... */
    size_t max_transfer_bytes;      /* ... and their bytes in all; the oldest goes first */
};

#define LC_LIMITS_DEFAULT                                                                          \
    {                                                                                              \
        .block_size = 1024, .max_body = 8 << 20, .max_pending = 10000,                             \
        .pending_timeout = 247 * LC_SECOND, .piggyback_delay = LC_SECOND / 20,                     \
        .multicast_leisure = 5 * LC_SECOND, .max_observers = 100000, .notifications_per_con = 100, \
        .max_transfers = 10000, .max_transfer_bytes = 64 << 20                                     \
    }

#endif
