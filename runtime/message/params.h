/* The transmission parameters of RFC 7252 section 4.8 and the times derived from them. */
#ifndef LC_MESSAGE_PARAMS_H
#define LC_MESSAGE_PARAMS_H

#include "base/error.h"
#include "base/timers.h"

struct lc_params {
    lc_time ack_timeout;
    double ack_random_factor;
    unsigned max_retransmit;
    unsigned nstart;
    lc_time max_latency;
    double probing_rate; /* bytes per second to a peer that does not answer; 0: no limit */
};

#define LC_PARAMS_DEFAULT                                                                          \
    {                                                                                              \
        .ack_timeout = 2 * LC_SECOND, .ack_random_factor = 1.5, .max_retransmit = 4, .nstart = 1,  \
        .max_latency = 100 * LC_SECOND, .probing_rate = 1                                          \
    }

/* RFC 7252 4.8.2. */
lc_time lc_params_max_transmit_span(const struct lc_params *params);
lc_time lc_params_max_transmit_wait(const struct lc_params *params);
lc_time lc_params_exchange_lifetime(const struct lc_params *params);
lc_time lc_params_non_lifetime(const struct lc_params *params);

/* A first retransmission time-out: uniform in [ack_timeout, ack_timeout * ack_random_factor]. */
lc_time lc_params_first_timeout(const struct lc_params *params);

/* 0, or LC_ERROR_USAGE with a text naming the parameter and what it takes. */
int lc_params_check(const struct lc_params *params, struct lc_error *error);

#endif
