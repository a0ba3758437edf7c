/* The order and the age of notifications (RFC 7641 sections 3.3.1 and 3.4), as values. */
#ifndef LC_REQUEST_OBSERVE_CLIENT_H
#define LC_REQUEST_OBSERVE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"

/* The newest notification so far. All zeroes: none yet. */
struct lc_observation {
    uint32_t value;   /* its Observe option: 24 bits */
    uint32_t max_age; /* seconds */
    lc_time at;       /* when it came */
    bool begun;
};

/* True: newer than all before, and remembered (RFC 7641 3.4). */
bool lc_observation_accept(struct lc_observation *observation, uint32_t value, lc_time now);

/* When to register anew: max_age and 5 to 15 random seconds from now (RFC 7641 3.3.1). */
lc_time lc_observation_refresh_at(const struct lc_observation *observation, lc_time now);

#endif
