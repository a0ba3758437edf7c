/*
 * Requests that may not go beside others to the same peer: with an empty token, only one is told
 * from the rest; of block-wise bodies for one resource, a server keeps only the newest (RFC
 * 7959 2.5). They go one after the other, in the order of the calls; see exchange.h.
 */
#include "net/address.h"
#include "request/exchange.h"
#include "wire/option.h"

static bool next_uri_option(struct lc_option_walk *walk, struct lc_option *out_option)
{
    while (lc_option_next(walk, out_option)) {
        switch (out_option->number) {
        case LC_URI_HOST:
        case LC_URI_PORT:
        case LC_URI_PATH:
        case LC_URI_QUERY:
            return true;
        default:
            break;
        }
    }
    return false;
}

static bool same_resource(const struct lc_exchange *a, const struct lc_exchange *b)
{
    struct lc_option_walk walk_a = lc_option_walk(lc_buf_bytes(&a->options));
    struct lc_option_walk walk_b = lc_option_walk(lc_buf_bytes(&b->options));
    struct lc_option in_a, in_b;
    bool more_a, more_b;
    do {
        more_a = next_uri_option(&walk_a, &in_a);
        more_b = next_uri_option(&walk_b, &in_b);
        if (more_a && more_b &&
            (in_a.number != in_b.number || !lc_bytes_equal(in_a.value, in_b.value))) {
            return false;
        }
    } while (more_a && more_b);
    return more_a == more_b;
}

static bool conflicts(const struct lc_exchange *a, const struct lc_exchange *b)
{
    if (a == b || !lc_address_equal(&a->path.remote, &b->path.remote)) {
        return false;
    }
    return (a->empty_token && b->empty_token) || (a->large && b->large && same_resource(a, b));
}

static bool conflicts_with_any(const struct lc_exchange *exchange, const struct lc_list *others)
{
    lc_list_for_each (link, others) {
        if (conflicts(exchange, lc_container(link, struct lc_exchange, link))) {
            return true;
        }
    }
    return false;
}

static int start(struct lc_exchange *exchange, struct lc_error *error)
{
    struct lc_bytes empty = lc_bytes(NULL, 0);
    if (exchange->empty_token &&
        !lc_token_set(&exchange->client->tokens, &exchange->token, empty)) {
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
    }
    int code = lc_transfer_start(exchange, error);
    if (code == LC_OK && exchange->multicast) {
        lc_multicast_start(exchange);
    }
    return code;
}

int lc_queue_enter(struct lc_exchange *exchange, struct lc_error *error)
{
    struct lc_client *client = exchange->client;
    bool alone = !exchange->empty_token && !exchange->large;
    if (alone || (!conflicts_with_any(exchange, &client->active) &&
                     !conflicts_with_any(exchange, &client->waiting))) {
        return start(exchange, error);
    }
    lc_list_remove(&exchange->link);
    lc_list_append(&client->waiting, &exchange->link);
    return LC_OK;
}

void lc_queue_leave(struct lc_exchange *exchange)
{
    struct lc_client *client = exchange->client;
    bool alone = !exchange->empty_token && !exchange->large;
    if (!alone && !lc_list_empty(&client->waiting)) {
        lc_timer_set(client->options.timers, &client->wake, client->options.timers->now);
    }
}

void lc_queue_wake(struct lc_timer *timer)
{
    struct lc_client *client = lc_container(timer, struct lc_client, wake);
    lc_list_for_each (link, &client->waiting) {
        struct lc_exchange *exchange = lc_container(link, struct lc_exchange, link);
        if (conflicts_with_any(exchange, &client->active)) {
            continue;
        }
        struct lc_error error;
        lc_list_remove(&exchange->link);
        lc_list_append(&client->active, &exchange->link);
        int code = start(exchange, &error);
        if (code != LC_OK) {
            /* One failure at a time, for its upcall may do anything; it wakes the next. */
            lc_exchange_fail(exchange, code, error.text);
            return;
        }
    }
}
