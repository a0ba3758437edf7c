/* Derived times and limits of the transmission parameters; see params.h. */
#include "message/params.h"

#include "base/random.h"

/* Duplicate detection counts time in small units that must not wrap, see dedup.c. */
static const lc_time longest_lifetime = 3600 * LC_SECOND;

static lc_time timeouts(const struct lc_params *params, unsigned doublings)
{
    double count = (double)((1u << doublings) - 1);
    return (lc_time)((double)params->ack_timeout * count * params->ack_random_factor);
}

lc_time lc_params_max_transmit_span(const struct lc_params *params)
{
    return timeouts(params, params->max_retransmit);
}

lc_time lc_params_max_transmit_wait(const struct lc_params *params)
{
    return timeouts(params, params->max_retransmit + 1);
}

lc_time lc_params_exchange_lifetime(const struct lc_params *params)
{
    lc_time processing_delay = params->ack_timeout;
    return lc_params_max_transmit_span(params) + 2 * params->max_latency + processing_delay;
}

lc_time lc_params_non_lifetime(const struct lc_params *params)
{
    return lc_params_max_transmit_span(params) + params->max_latency;
}

lc_time lc_params_first_timeout(const struct lc_params *params)
{
    double factor = 1 + (params->ack_random_factor - 1) * lc_random_unit();
    return (lc_time)((double)params->ack_timeout * factor);
}

/* The comparisons are written so that NaN fails them. */
int lc_params_check(const struct lc_params *params, struct lc_error *error)
{
    if (!(params->ack_timeout >= LC_SECOND / 1000 && params->ack_timeout <= 600 * LC_SECOND)) {
        return lc_fail(error, LC_ERROR_USAGE, "AckTimeout takes 0.001 to 600 seconds");
    }
    if (!(params->ack_random_factor >= 1 && params->ack_random_factor <= 10)) {
        return lc_fail(error, LC_ERROR_USAGE, "AckRandomFactor takes 1 to 10");
    }
    if (params->max_retransmit > 20) {
        return lc_fail(error, LC_ERROR_USAGE, "MaxRetransmit takes 0 to 20");
    }
    if (params->nstart < 1 || params->nstart > 65535) {
        return lc_fail(error, LC_ERROR_USAGE, "NStart takes 1 to 65535");
    }
    if (!(params->max_latency >= 0 && params->max_latency <= longest_lifetime)) {
        return lc_fail(error, LC_ERROR_USAGE, "MaxLatency takes 0 to 3600 seconds");
    }
    if (!(params->probing_rate >= 0)) {
        return lc_fail(
            error, LC_ERROR_USAGE, "ProbingRate takes bytes per second, or 0 for no limit");
    }
    if (lc_params_exchange_lifetime(params) > longest_lifetime) {
        return lc_fail(error, LC_ERROR_USAGE,
            "AckTimeout, AckRandomFactor, MaxRetransmit and MaxLatency together make a message "
            "live for more than an hour (EXCHANGE_LIFETIME); lower one of them");
    }
    return LC_OK;
}
