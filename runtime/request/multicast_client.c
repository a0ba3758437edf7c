/* Requests to a multicast address and their many answers (RFC 7252 section 8.2); see exchange.h. */
#include "request/exchange.h"
#include "wire/code.h"
#include "wire/option.h"

/* Large answers that are fetched at a time, for one request. */
enum { CHILDREN_MAX = 64 };

void lc_multicast_start(struct lc_exchange *exchange)
{
    const struct lc_client_options *options = &exchange->client->options;
    lc_timer_set(options->timers, &exchange->timer,
        options->timers->now + options->limits->multicast_leisure + options->params->ack_timeout);
}

void lc_multicast_expire(struct lc_exchange *exchange)
{
    lc_token_drop(&exchange->client->tokens, &exchange->token);
    if (!lc_list_empty(&exchange->children)) {
        exchange->closing = true;
    } else if (exchange->answered) {
        lc_exchange_fail(exchange, LC_OK, NULL);
    } else {
        lc_exchange_fail(exchange, LC_ERROR_TIMED_OUT, "nobody answered the multicast request");
    }
}

static void tell(struct lc_exchange *exchange, const struct lc_result *result)
{
    exchange->answered = true;
    exchange->upcalls.answer(exchange->upcalls.arg, result);
}

static void child_done(void *arg, const struct lc_result *result)
{
    struct lc_exchange *exchange = arg;
    exchange->child_count--;
    if (exchange->closing && lc_list_empty(&exchange->children)) {
        struct lc_timers *timers = exchange->client->options.timers;
        lc_timer_set(timers, &exchange->timer, timers->now);
    }
    if (result->code == LC_OK || result->code == LC_ERROR_ERROR_RESPONSE) {
        tell(exchange, result);
    } else {
        lc_log(exchange->client->options.log, LC_LOG_INFO, "Multicast answer dropped: %s",
            result->text);
    }
}

/* The blocks after the first are asked for by unicast (RFC 7959 2.8). */
static void fetch_rest(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_client *client = exchange->client;
    struct lc_exchange *child =
        exchange->child_count < CHILDREN_MAX ? lc_exchange_take(client) : NULL;
    if (child == NULL) {
        lc_log(client->options.log, LC_LOG_INFO, "Multicast answer dropped: too many at a time");
        return;
    }
    child->path = (struct lc_path){.remote = path->remote, .local = exchange->path.local};
    child->method = exchange->method;
    child->confirmable = true;
    child->multicast = false;
    child->observe = LC_NO_OBSERVE;
    child->upcalls = (struct lc_exchange_upcalls){.complete = child_done, .arg = exchange};
    lc_list_append(&exchange->children, &child->sibling);
    exchange->child_count++;
    if (!lc_buf_set(&child->options, exchange->options.data, exchange->options.len) ||
        !lc_buf_set(&child->body, exchange->body.data, exchange->body.len) ||
        !lc_token_draw(&client->tokens, &child->token)) {
        lc_exchange_fail(child, LC_ERROR_NO_MEMORY, "out of memory");
        return;
    }
    lc_transfer_response(child, message, path);
}

void lc_multicast_answer(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_bytes value;
    struct lc_block block = {0};
    if (lc_message_option(message, LC_BLOCK2, &value) && lc_block_read(value, &block) &&
        block.more) {
        fetch_rest(exchange, message, path);
        return;
    }
    bool success = lc_code_is_success(message->code);
    struct lc_result result = {
        .code = success ? LC_OK : LC_ERROR_ERROR_RESPONSE, .response = message, .path = path};
    tell(exchange, &result);
}
