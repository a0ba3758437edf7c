/* Exchanges: where they come from, how they send, how they end; see exchange.h. */
#include "request/exchange.h"

#include "base/memory.h"
#include "wire/option.h"

enum {
    IDLE_MAX = 32,      /* ended exchanges kept for the next request */
    KEPT_MEMORY = 2048, /* and the most that each buffer of one may hold */
    DATAGRAM_MAX = 65507,
};

static void transmission_done(
    struct lc_transmission *transmission, enum lc_outcome outcome, int number);
static void timer_fired(struct lc_timer *timer);

static struct lc_exchange *new_exchange(struct lc_client *client)
{
    struct lc_exchange *exchange = lc_zalloc(sizeof *exchange);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->client = client;
    exchange->token.owner = exchange->block_token.owner = exchange;
    lc_transmission_init(&exchange->transmission, transmission_done);
    lc_timer_init(&exchange->timer, timer_fired);
    lc_list_init(&exchange->link);
    lc_list_init(&exchange->children);
    lc_list_init(&exchange->sibling);
    return exchange;
}

struct lc_exchange *lc_exchange_take(struct lc_client *client)
{
    struct lc_exchange *exchange;
    if (lc_list_empty(&client->idle)) {
        exchange = new_exchange(client);
    } else {
        exchange = lc_container(client->idle.next, struct lc_exchange, link);
        lc_list_remove(&exchange->link);
        client->idle_count--;
    }
    if (exchange != NULL) {
        exchange->id = -1;
        lc_list_append(&client->active, &exchange->link);
    }
    return exchange;
}

static void shrink(struct lc_buf *buf)
{
    if (buf->cap > KEPT_MEMORY) {
        lc_buf_free(buf);
    }
    lc_buf_clear(buf);
}

uint8_t lc_exchange_szx(const struct lc_exchange *exchange)
{
    return lc_block_szx(exchange->client->options.limits->block_size);
}

/* Nothing of it can be met, fire or be answered any more. */
static void unlink_exchange(struct lc_exchange *exchange)
{
    struct lc_client *client = exchange->client;
    lc_transmission_cancel(&exchange->transmission);
    lc_timer_clear(client->options.timers, &exchange->timer);
    lc_token_drop(&client->tokens, &exchange->token);
    lc_token_drop(&client->tokens, &exchange->block_token);
    lc_list_remove(&exchange->link);
    lc_queue_leave(exchange);
    lc_list_remove(&exchange->sibling);
    lc_list_for_each (child, &exchange->children) {
        lc_exchange_release(lc_container(child, struct lc_exchange, sibling));
    }
}

void lc_exchange_release(struct lc_exchange *exchange)
{
    struct lc_client *client = exchange->client;
    unlink_exchange(exchange);
    if (client->idle_count >= IDLE_MAX) {
        lc_exchange_destroy(exchange);
        return;
    }
    shrink(&exchange->transmission.datagram);
    shrink(&exchange->options);
    shrink(&exchange->body);
    shrink(&exchange->head_bytes);
    lc_block_recv_reset(&exchange->recv);
    exchange->uploading = exchange->fetching = exchange->observing = false;
    exchange->answered = exchange->closing = false;
    exchange->empty_token = exchange->large = false;
    exchange->child_count = 0;
    exchange->observation = (struct lc_observation){0};
    lc_list_prepend(&client->idle, &exchange->link);
    client->idle_count++;
}

void lc_exchange_destroy(struct lc_exchange *exchange)
{
    unlink_exchange(exchange);
    lc_buf_free(&exchange->transmission.datagram);
    lc_buf_free(&exchange->options);
    lc_buf_free(&exchange->body);
    lc_buf_free(&exchange->head_bytes);
    lc_block_recv_free(&exchange->recv);
    lc_free(exchange);
}

/* The bytes that a result may look into, saved from an exchange that is used again at once. */
struct kept {
    struct lc_buf body, head;
};

static struct kept keep(struct lc_exchange *exchange)
{
    struct kept kept = {exchange->recv.body, exchange->head_bytes};
    exchange->recv.body = exchange->head_bytes = (struct lc_buf){0};
    return kept;
}

static void drop(struct kept *kept)
{
    lc_buf_free(&kept->body);
    lc_buf_free(&kept->head);
}

void lc_exchange_finish(struct lc_exchange *exchange, const struct lc_result *result)
{
    struct lc_exchange_upcalls upcalls = exchange->upcalls;
    struct kept kept = {0};
    if (exchange->recv.begun) {
        kept = keep(exchange);
    }
    lc_exchange_release(exchange);
    upcalls.complete(upcalls.arg, result);
    drop(&kept);
}

void lc_exchange_fail(struct lc_exchange *exchange, int code, const char *text)
{
    struct lc_result result = {.code = code, .text = text};
    lc_exchange_finish(exchange, &result);
}

void lc_exchange_notify(struct lc_exchange *exchange, const struct lc_result *result, bool latest)
{
    struct lc_exchange_upcalls upcalls = exchange->upcalls;
    struct kept kept = {0};
    if (exchange->recv.begun && latest) {
        kept = keep(exchange);
        lc_transfer_abandon(exchange);
    }
    if (result->code != 0) {
        lc_exchange_release(exchange);
    }
    upcalls.notification(upcalls.arg, result, latest);
    drop(&kept);
}

void lc_exchange_progress(struct lc_exchange *exchange)
{
    if (exchange->upcalls.progress != NULL) {
        exchange->upcalls.progress(exchange->upcalls.arg);
    }
}

int lc_exchange_transmit(struct lc_exchange *exchange, const struct lc_token *token,
    const struct lc_extra *extras, size_t count, struct lc_bytes payload, struct lc_error *error)
{
    struct lc_buf *datagram = &exchange->transmission.datagram;
    /* Five bytes of header are the most that an option of four bytes can need besides them. */
    size_t room =
        LC_HEADER_SIZE + LC_TOKEN_MAX + exchange->options.len + count * 9 + 1 + payload.len;
    if (room > DATAGRAM_MAX) {
        return lc_fail(error, LC_ERROR_OPTION,
            "the options take %zu bytes, more than fit a datagram", exchange->options.len);
    }
    lc_transmission_cancel(&exchange->transmission);
    lc_buf_clear(datagram);
    if (!lc_buf_reserve(datagram, room)) {
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
    }
    struct lc_writer writer;
    lc_writer_init(&writer, datagram->data, room);
    lc_write_header(&writer, exchange->confirmable ? LC_CON : LC_NON, exchange->method, 0,
        lc_token_bytes(token));
    lc_write_options(&writer, lc_buf_bytes(&exchange->options), extras, count);
    lc_write_payload(&writer, payload);
    if (writer.failed) {
        return lc_fail(error, LC_ERROR_OPTION, "the options are not well-formed");
    }
    datagram->len = lc_writer_len(&writer);
    int id = exchange->id;
    exchange->id = -1;
    return lc_channel_send(
        exchange->client->options.channel, &exchange->transmission, &exchange->path, id, error);
}

/* A part of a notification that cannot be had does not end the observation. */
static void transmission_done(
    struct lc_transmission *transmission, enum lc_outcome outcome, int number)
{
    struct lc_exchange *exchange = lc_container(transmission, struct lc_exchange, transmission);
    struct lc_error error;
    switch (outcome) {
    case LC_ACKNOWLEDGED:
        lc_exchange_progress(exchange);
        break;
    case LC_RESET:
        if (!exchange->multicast) {
            lc_transfer_fail(exchange, LC_ERROR_RESET, "the server answered the request with RST");
        }
        break;
    case LC_GAVE_UP:
        lc_transfer_fail(
            exchange, LC_ERROR_TRANSMISSION, "the server confirmed none of the transmissions");
        break;
    case LC_REFUSED:
        lc_fail_errno(&error, number, "the request could not be delivered");
        lc_transfer_fail(exchange, error.code, error.text);
        break;
    }
}

static void timer_fired(struct lc_timer *timer)
{
    struct lc_exchange *exchange = lc_container(timer, struct lc_exchange, timer);
    if (exchange->multicast) {
        lc_multicast_expire(exchange);
    } else {
        lc_observe_refresh(exchange);
    }
}
