/* Observations as the client sees them (RFC 7641 section 3); see exchange.h and observe_client.h.
 */
#include "request/observe_client.h"

#include "base/random.h"
#include "request/exchange.h"
#include "wire/code.h"
#include "wire/option.h"

enum { MAX_AGE_DEFAULT = 60 /* RFC 7252 5.10.5 */ };

bool lc_observation_accept(struct lc_observation *observation, uint32_t value, lc_time now)
{
    uint32_t v1 = observation->value, v2 = value & 0xffffff;
    uint32_t half = (uint32_t)1 << 23;
    bool newer = !observation->begun || (v1 < v2 && v2 - v1 < half) ||
                 (v1 > v2 && v1 - v2 > half) || now > observation->at + 128 * LC_SECOND;
    if (newer) {
        observation->value = v2;
        observation->at = now;
        observation->begun = true;
    }
    return newer;
}

lc_time lc_observation_refresh_at(const struct lc_observation *observation, lc_time now)
{
    double slack = 5 + 10 * lc_random_unit();
    return now + observation->max_age * LC_SECOND + (lc_time)(slack * (double)LC_SECOND);
}

void lc_observe_schedule(struct lc_exchange *exchange)
{
    struct lc_timers *timers = exchange->client->options.timers;
    lc_timer_set(
        timers, &exchange->timer, lc_observation_refresh_at(&exchange->observation, timers->now));
}

/* Takes note of a notification: true when it is the newest. */
static bool take_note(struct lc_exchange *exchange, const struct lc_message *message)
{
    struct lc_observation *observation = &exchange->observation;
    uint32_t value = 0;
    lc_message_uint(message, LC_OBSERVE, &value);
    if (message->type == LC_ACK) {
        /* The answer to a new registration, and nothing overtook it, or it would have been
         * cancelled: the server may have lost its count since. */
        observation->begun = false;
    }
    if (!lc_observation_accept(observation, value, exchange->client->options.timers->now)) {
        return false;
    }
    observation->max_age = MAX_AGE_DEFAULT;
    lc_message_uint(message, LC_MAX_AGE, &observation->max_age);
    lc_observe_schedule(exchange);
    return true;
}

void lc_observe_begin(struct lc_exchange *exchange, const struct lc_message *message)
{
    exchange->observing = true;
    take_note(exchange, message);
}

void lc_observe_notification(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_result result = {.response = message, .path = path};
    if (!lc_code_is_success(message->code)) {
        lc_transfer_abandon(exchange);
        result.code = LC_ERROR_ERROR_RESPONSE;
        lc_exchange_notify(exchange, &result, true);
        return;
    }
    struct lc_bytes value;
    if (!lc_message_option(message, LC_OBSERVE, &value)) {
        /* The registration is gone (RFC 7641 3.2); the response counts as that to a plain GET. */
        exchange->observing = false;
        lc_transfer_abandon(exchange);
        lc_timer_clear(exchange->client->options.timers, &exchange->timer);
        lc_transfer_response(exchange, message, path);
        return;
    }
    if (take_note(exchange, message)) {
        lc_transfer_abandon(exchange);
        lc_transfer_response(exchange, message, path);
        return;
    }
    struct lc_block block = {0};
    if (lc_message_option(message, LC_BLOCK2, &value)) {
        lc_block_read(value, &block);
    }
    /* The rest of an old state cannot be had any more. */
    if (!block.more) {
        lc_exchange_notify(exchange, &result, false);
    }
}

void lc_observe_refresh(struct lc_exchange *exchange)
{
    struct lc_error error;
    bool registering = lc_transmission_is_active(&exchange->transmission) && !exchange->fetching;
    lc_observe_schedule(exchange);
    if (registering && exchange->confirmable) {
        return;
    }
    lc_transfer_abandon(exchange);
    if (lc_transfer_start(exchange, &error) != 0) {
        /* Out of memory for now: the next turn of the timer tries again. */
        lc_log(exchange->client->options.log, LC_LOG_INFO, "Not registered anew: %s", error.text);
    }
}
