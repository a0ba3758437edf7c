/* The client's public face: beginning requests, finding whom a response is for; see client.h. */
#include "request/client.h"

#include "base/memory.h"
#include "net/address.h"
#include "request/exchange.h"
#include "wire/code.h"
#include "wire/option.h"
#include "wire/registry.h"

struct lc_client *lc_client_new(const struct lc_client_options *options)
{
    struct lc_client *client = lc_zalloc(sizeof *client);
    if (client != NULL) {
        client->options = *options;
        lc_list_init(&client->active);
        lc_list_init(&client->waiting);
        lc_list_init(&client->idle);
        lc_timer_init(&client->wake, lc_queue_wake);
    }
    return client;
}

static void destroy_all(struct lc_list *list)
{
    while (!lc_list_empty(list)) {
        lc_exchange_destroy(lc_container(list->next, struct lc_exchange, link));
    }
}

void lc_client_free(struct lc_client *client)
{
    destroy_all(&client->active);
    destroy_all(&client->waiting);
    destroy_all(&client->idle);
    lc_timer_clear(client->options.timers, &client->wake);
    lc_map_free(&client->tokens);
    lc_free(client);
}

/* ---- Requests ---- */

static bool copy_request(struct lc_exchange *exchange, const struct lc_request *request)
{
    exchange->path = request->path;
    exchange->method = request->method;
    exchange->multicast = lc_address_is_multicast(&request->path.remote);
    exchange->confirmable = request->confirmable && !exchange->multicast;
    exchange->observe = request->observe;
    exchange->id = request->id;
    exchange->empty_token = request->empty_token;
    exchange->large = lc_block_needed(request->body.len, lc_exchange_szx(exchange));
    return lc_buf_set(&exchange->options, request->options.data, request->options.len) &&
           lc_buf_set(&exchange->body, request->body.data, request->body.len);
}

/* One with an empty token gets it when it is its turn. */
static bool take_token(struct lc_exchange *exchange, struct lc_bytes given)
{
    struct lc_map *tokens = &exchange->client->tokens;
    if (exchange->empty_token) {
        exchange->token.len = 0;
        return true;
    }
    return given.len > 0 ? lc_token_set(tokens, &exchange->token, given)
                         : lc_token_draw(tokens, &exchange->token);
}

struct lc_exchange *lc_client_send(struct lc_client *client, const struct lc_request *request,
    const struct lc_exchange_upcalls *upcalls, struct lc_error *error)
{
    struct lc_exchange *exchange = lc_exchange_take(client);
    if (exchange == NULL) {
        lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
        return NULL;
    }
    exchange->upcalls = *upcalls;
    bool ready = copy_request(exchange, request) && take_token(exchange, request->token);
    int code = ready ? lc_queue_enter(exchange, error)
                     : lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
    if (code != LC_OK) {
        lc_exchange_release(exchange);
        return NULL;
    }
    return exchange;
}

void lc_exchange_cancel(struct lc_exchange *exchange)
{
    lc_exchange_release(exchange);
}

struct lc_bytes lc_exchange_token(const struct lc_exchange *exchange)
{
    return lc_token_bytes(&exchange->token);
}

uint16_t lc_exchange_id(const struct lc_exchange *exchange)
{
    return exchange->transmission.id;
}

bool lc_exchange_is_observation(const struct lc_exchange *exchange)
{
    return exchange->observing;
}

/* ---- Responses ---- */

/* The request that a response is for: token and peer have to match (RFC 7252 5.3.2). */
static struct lc_token *match(
    struct lc_client *client, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_token *multicast = NULL;
    struct lc_token *token = lc_token_find(&client->tokens, message->token);
    for (; token != NULL; token = lc_token_find_next(token)) {
        struct lc_exchange *exchange = token->owner;
        if (exchange->multicast) {
            multicast = token;
        } else if (lc_address_equal(&exchange->path.remote, &path->remote)) {
            return token;
        }
    }
    return multicast;
}

/* Whether every critical option is known and may occur as it does (RFC 7252 5.4.1, 5.4.3, 5.4.5).
 */
static bool is_understood(const struct lc_message *message)
{
    const uint64_t odd = 0xaaaaaaaaaaaaaaaa;
    if ((message->present & (odd | 1)) == 0) {
        return true;
    }
    struct lc_option_walk walk = lc_option_walk(message->options);
    struct lc_option option;
    int last = -1;
    while (lc_option_next(&walk, &option)) {
        bool repeated = option.number == last;
        last = option.number;
        if (!lc_option_is_critical(option.number)) {
            continue;
        }
        const struct lc_option_row *row = lc_option_row(option.number);
        if (row == NULL || !row->understood || !row->response || (repeated && !row->repeatable) ||
            option.value.len < row->min_len || option.value.len > row->max_len) {
            return false;
        }
    }
    return true;
}

/* Why a response cannot be read, or NULL. */
static const char *flaw_of(const struct lc_message *message)
{
    if (message->is_cut) {
        return "the response is longer than MaxPacketSize";
    }
    return is_understood(message)
               ? NULL
               : "the response has a critical option that is unknown or malformed";
}

/* A cancellation crossed a notification, which is no answer to it. */
static bool crosses(const struct lc_exchange *exchange, const struct lc_message *message)
{
    struct lc_bytes value;
    return exchange->observe == LC_DEREGISTER && message->type != LC_ACK &&
           lc_message_option(message, LC_OBSERVE, &value);
}

bool lc_client_response(
    struct lc_client *client, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_token *token = match(client, message, path);
    if (token == NULL) {
        return false;
    }
    struct lc_exchange *exchange = token->owner;
    const char *flaw = flaw_of(message);
    if (flaw != NULL) {
        lc_log(client->options.log, LC_LOG_INFO, "%s", flaw);
        if (!exchange->multicast) {
            lc_exchange_fail(exchange, LC_ERROR_MALFORMED, flaw);
        }
        return false;
    }
    /* 2.31 is about a block of a new registration, which is not yet through. */
    bool registered = exchange->observing && token == &exchange->token &&
                      !(exchange->uploading && message->code == LC_CODE(2, 31));
    if (exchange->multicast) {
        lc_multicast_answer(exchange, message, path);
    } else if (registered) {
        lc_observe_notification(exchange, message, path);
    } else if (!crosses(exchange, message)) {
        lc_transfer_answer(exchange, message, path);
    }
    return true;
}
