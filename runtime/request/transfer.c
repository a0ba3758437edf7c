/* From a request to its whole response: RFC 7959 as the client sees it; see exchange.h. */
#include "request/exchange.h"
#include "wire/code.h"
#include "wire/option.h"

static void tell_transferred(
    struct lc_exchange *exchange, bool incoming, size_t bytes, size_t total)
{
    struct lc_transfer transfer = {incoming, bytes, total};
    if (exchange->upcalls.transferred != NULL) {
        exchange->upcalls.transferred(exchange->upcalls.arg, &transfer);
    }
}

/* ---- The request ---- */

/* The present block, or the whole body. */
static int send_request(
    struct lc_exchange *exchange, const struct lc_token *token, struct lc_error *error)
{
    struct lc_extra extras[4];
    size_t count = 0;
    struct lc_block_slice slice = {.bytes = lc_buf_bytes(&exchange->body)};
    if (exchange->uploading && !lc_block_send_slice(&exchange->send, &slice)) {
        return lc_fail(error, LC_ERROR_BLOCK,
            "a body of %zu bytes has more blocks of %zu bytes than there are numbers for",
            exchange->body.len, lc_block_size(exchange->send.szx));
    }
    if (exchange->observe != LC_NO_OBSERVE) {
        extras[count++] = (struct lc_extra){LC_OBSERVE, exchange->observe == LC_DEREGISTER};
    }
    if (lc_exchange_szx(exchange) < LC_BLOCK_SZX_MAX && lc_method_is_safe(exchange->method) &&
        !slice.block.more) {
        /* Early negotiation (RFC 7959 2.4), where smaller blocks than usual are wanted. */
        struct lc_block block = {.szx = lc_exchange_szx(exchange)};
        extras[count++] = (struct lc_extra){LC_BLOCK2, lc_block_value(block)};
    }
    if (exchange->uploading) {
        extras[count++] = (struct lc_extra){LC_BLOCK1, lc_block_value(slice.block)};
        if (slice.block.num == 0) {
            extras[count++] = (struct lc_extra){LC_SIZE1, (uint32_t)exchange->body.len};
        }
    }
    return lc_exchange_transmit(exchange, token, extras, count, slice.bytes, error);
}

int lc_transfer_start(struct lc_exchange *exchange, struct lc_error *error)
{
    uint8_t szx = lc_exchange_szx(exchange);
    struct lc_bytes body = lc_buf_bytes(&exchange->body);
    exchange->uploading = exchange->large;
    if (exchange->uploading && exchange->multicast) {
        return lc_fail(error, LC_ERROR_BLOCK,
            "a body for a multicast address must fit one block of %zu bytes", lc_block_size(szx));
    }
    lc_block_send_start(&exchange->send, body, szx);
    return send_request(exchange, &exchange->token, error);
}

/*
 * The token for a block after the first: a new one, so that a late answer to an earlier block is
 * not taken for one to this. An empty token stays as the user wants it; a registration has to be
 * made with the token that notifications will bear.
 */
static const struct lc_token *next_token(struct lc_exchange *exchange)
{
    struct lc_map *tokens = &exchange->client->tokens;
    bool registering = exchange->observe != LC_NO_OBSERVE && !exchange->fetching;
    if (registering || (exchange->token.len == 0 && !exchange->observing)) {
        return &exchange->token;
    }
    if (!exchange->observing) {
        lc_token_drop(tokens, &exchange->token);
    }
    return lc_token_draw(tokens, &exchange->block_token) ? &exchange->block_token : NULL;
}

static void tell_sent(struct lc_exchange *exchange, size_t bytes)
{
    tell_transferred(exchange, false, bytes, exchange->body.len);
}

/* The present block is the last of several. */
static bool has_sent_all(const struct lc_exchange *exchange)
{
    struct lc_block_slice slice;
    return exchange->uploading && lc_block_send_slice(&exchange->send, &slice) && !slice.block.more;
}

static void send_next_block(struct lc_exchange *exchange)
{
    struct lc_error error;
    const struct lc_token *token = next_token(exchange);
    if (token == NULL) {
        lc_transfer_fail(exchange, LC_ERROR_NO_MEMORY, "out of memory");
    } else if (send_request(exchange, token, &error) != 0) {
        lc_transfer_fail(exchange, error.code, error.text);
    } else {
        lc_exchange_progress(exchange);
    }
}

/* 4.13 with a hint: true when the body is tried again in smaller blocks (RFC 7959 2.9.3). */
static bool retry_smaller(struct lc_exchange *exchange, uint8_t szx)
{
    if (!lc_block_needed(exchange->body.len, szx) || !lc_block_send_shrink(&exchange->send, szx)) {
        return false;
    }
    exchange->uploading = true;
    send_next_block(exchange);
    return true;
}

static void fail_with(struct lc_exchange *exchange, const char *text,
    const struct lc_message *message, const struct lc_path *path)
{
    struct lc_result result = {
        .code = LC_ERROR_BLOCK, .text = text, .response = message, .path = path};
    lc_exchange_finish(exchange, &result);
}

/* What an answer says about the request's blocks. True: it is the response to the whole request. */
static bool is_final(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_bytes value;
    struct lc_block echo = {0};
    bool has_block = lc_message_option(message, LC_BLOCK1, &value) && lc_block_read(value, &echo);
    bool more_wanted = message->code == LC_CODE(2, 31);
    const char *wrong = NULL;
    if (message->code == LC_CODE(4, 13) && has_block && retry_smaller(exchange, echo.szx)) {
        return false;
    }
    if (!exchange->uploading) {
        wrong = more_wanted ? "the server asked for more of a request that was whole" : NULL;
    } else if (message->code == LC_CODE(4, 8)) {
        wrong = "the server answered 4.08: it misses a block of the request";
    } else if (lc_code_is_success(message->code) && (has_block || more_wanted)) {
        enum lc_block_step step =
            has_block ? lc_block_send_confirm(&exchange->send, echo) : LC_BLOCK_WRONG;
        if (step == LC_BLOCK_NEXT) {
            /* 2.31, or a success that is for this block alone (RFC 7959 2.3). */
            tell_sent(exchange, exchange->send.offset);
            send_next_block(exchange);
            return false;
        }
        if (step == LC_BLOCK_WRONG || more_wanted) {
            wrong = "the server confirmed another block than the one sent";
        }
    }
    if (wrong != NULL) {
        fail_with(exchange, wrong, message, path);
    } else if (lc_code_is_success(message->code) && has_sent_all(exchange)) {
        tell_sent(exchange, exchange->body.len);
    }
    return wrong == NULL;
}

/* ---- The response ---- */

static void deliver(
    struct lc_exchange *exchange, const struct lc_message *whole, const struct lc_path *path)
{
    struct lc_result result = {.response = whole, .path = path};
    if (!lc_code_is_success(whole->code)) {
        result.code = LC_ERROR_ERROR_RESPONSE;
    } else if (exchange->observing) {
        lc_exchange_notify(exchange, &result, true);
        return;
    } else if (exchange->observe == LC_REGISTER) {
        result.code = LC_ERROR_OBSERVATION;
        result.text = "the server answered the registration without an Observe option";
    }
    lc_exchange_finish(exchange, &result);
}

static void block_failed(struct lc_exchange *exchange, enum lc_block_result failure)
{
    switch (failure) {
    case LC_BLOCK_TOO_LARGE:
        lc_exchange_fail(
            exchange, LC_ERROR_BLOCK, "the response is larger than MaxBodySize allows");
        break;
    case LC_BLOCK_NO_MEMORY:
        lc_transfer_fail(exchange, LC_ERROR_NO_MEMORY, "out of memory");
        break;
    case LC_BLOCK_BAD:
        lc_exchange_fail(
            exchange, LC_ERROR_BLOCK, "a block of the response is not as long as it says");
        break;
    default:
        lc_transfer_fail(exchange, LC_ERROR_BLOCK, "a block of the response is missing");
        break;
    }
}

/* Asks for the block behind what is there. */
static void fetch_next(struct lc_exchange *exchange, uint8_t szx)
{
    uint8_t own = lc_exchange_szx(exchange);
    struct lc_block block = {.szx = szx < own ? szx : own};
    size_t num = lc_block_recv_len(&exchange->recv) >> (block.szx + 4);
    const struct lc_token *token = next_token(exchange);
    struct lc_error error;
    if (num > LC_BLOCK_NUM_MAX || token == NULL) {
        lc_transfer_fail(exchange, LC_ERROR_BLOCK, "the response has too many blocks");
        return;
    }
    block.num = (uint32_t)num;
    struct lc_extra extra = {LC_BLOCK2, lc_block_value(block)};
    /* The body of a FETCH says what is wanted; anything else was done with the first request. */
    bool again = exchange->method == LC_FETCH && !exchange->uploading;
    struct lc_bytes body = again ? lc_buf_bytes(&exchange->body) : lc_bytes(NULL, 0);
    if (lc_exchange_transmit(exchange, token, &extra, 1, body, &error) != 0) {
        lc_transfer_fail(exchange, error.code, error.text);
        return;
    }
    if (exchange->observing) {
        lc_observe_schedule(exchange);
    }
    lc_exchange_progress(exchange);
}

/* Copies what the first block's message says, for the whole that will be told with it. */
static bool save_head(struct lc_exchange *exchange, const struct lc_message *message)
{
    struct lc_buf *bytes = &exchange->head_bytes;
    if (!lc_buf_set(bytes, message->token.data, message->token.len) ||
        !lc_buf_append(bytes, message->options.data, message->options.len)) {
        return false;
    }
    exchange->head = *message;
    exchange->head.token = lc_bytes(bytes->data, message->token.len);
    exchange->head.options = lc_bytes(bytes->data + message->token.len, message->options.len);
    return true;
}

/* What the response says of its size counts as long as it may be true. */
static void tell_received(struct lc_exchange *exchange, bool whole)
{
    size_t bytes = exchange->recv.body.len, told = exchange->size2;
    tell_transferred(exchange, true, bytes, whole ? bytes : told > bytes ? told : 0);
}

/* Takes a block; its place was checked. */
static void take_block(struct lc_exchange *exchange, const struct lc_message *message,
    const struct lc_path *path, struct lc_block block)
{
    struct lc_block_recv *recv = &exchange->recv;
    struct lc_bytes etag = {0};
    uint32_t size = 0;
    lc_message_option(message, LC_ETAG, &etag);
    lc_message_uint(message, LC_SIZE2, &size);
    if (!lc_block_recv_etag(recv, block, etag)) {
        lc_transfer_fail(exchange, LC_ERROR_BLOCK, "the ETag changed: another body is there now");
        return;
    }
    enum lc_block_result result = lc_block_recv_accept(
        recv, block, message->payload, size, exchange->client->options.limits->max_body);
    exchange->size2 = block.num == 0 || size > 0 ? size : exchange->size2;
    if (result == LC_BLOCK_COMPLETE || result == LC_BLOCK_CONTINUE) {
        tell_received(exchange, result == LC_BLOCK_COMPLETE);
    }
    if (result == LC_BLOCK_COMPLETE) {
        struct lc_message whole = exchange->head;
        whole.payload = lc_buf_bytes(&recv->body);
        deliver(exchange, &whole, path);
    } else if (result == LC_BLOCK_CONTINUE) {
        fetch_next(exchange, block.szx);
    } else {
        block_failed(exchange, result);
    }
}

void lc_transfer_response(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_bytes value;
    struct lc_block block = {0};
    if (lc_message_option(message, LC_BLOCK2, &value) &&
        (!lc_block_read(value, &block) || block.num != 0)) {
        lc_exchange_fail(
            exchange, LC_ERROR_BLOCK, "the response does not begin with the first block");
        return;
    }
    if (message->payload.len > exchange->client->options.limits->max_body) {
        block_failed(exchange, LC_BLOCK_TOO_LARGE);
        return;
    }
    if (!block.more) {
        deliver(exchange, message, path);
        return;
    }
    exchange->fetching = true;
    if (!save_head(exchange, message)) {
        lc_transfer_fail(exchange, LC_ERROR_NO_MEMORY, "out of memory");
        return;
    }
    take_block(exchange, message, path, block);
}

/* An answer to the request for a further block. */
static void fetched(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_bytes value;
    struct lc_block block;
    if (message->code != exchange->head.code) {
        lc_transfer_fail(exchange, LC_ERROR_BLOCK,
            "the server answered the request for a further block with another code");
        return;
    }
    if (!lc_message_option(message, LC_BLOCK2, &value) || !lc_block_read(value, &block)) {
        lc_transfer_fail(exchange, LC_ERROR_BLOCK, "the server answered without the block");
        return;
    }
    size_t offset = lc_block_offset(block), len = lc_block_recv_len(&exchange->recv);
    if (offset > len) {
        lc_transfer_fail(exchange, LC_ERROR_BLOCK, "a block of the response is missing");
    } else if (offset == len) {
        take_block(exchange, message, path, block);
    } else if (message->type == LC_ACK) {
        /* It has ended the request, and nothing more would come. */
        lc_transfer_fail(exchange, LC_ERROR_BLOCK, "the server answered with an earlier block");
    } /* else a block that is there already */
}

void lc_transfer_answer(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path)
{
    if (exchange->fetching) {
        fetched(exchange, message, path);
        return;
    }
    lc_transmission_cancel(&exchange->transmission);
    if (!is_final(exchange, message, path)) {
        return;
    }
    struct lc_bytes value;
    if (exchange->observe == LC_REGISTER && lc_code_is_success(message->code) &&
        lc_message_option(message, LC_OBSERVE, &value)) {
        lc_observe_begin(exchange, message);
    }
    lc_transfer_response(exchange, message, path);
}

/* ---- Failure ---- */

void lc_transfer_abandon(struct lc_exchange *exchange)
{
    lc_transmission_cancel(&exchange->transmission);
    lc_token_drop(&exchange->client->tokens, &exchange->block_token);
    lc_block_recv_reset(&exchange->recv);
    exchange->fetching = false;
}

void lc_transfer_fail(struct lc_exchange *exchange, int code, const char *text)
{
    if (exchange->observing && exchange->fetching) {
        lc_log(exchange->client->options.log, LC_LOG_INFO, "Notification dropped: %s", text);
        lc_transfer_abandon(exchange);
    } else {
        lc_exchange_fail(exchange, code, text);
    }
}
