/* The way out: which kind of message an answer becomes, and what became of it; see server_state.h.
 */
#include "base/random.h"
#include "request/server_state.h"
#include "wire/code.h"
#include "wire/option.h"

static bool is_con(const struct lc_pending *pending)
{
    return pending->incoming.message.type == LC_CON;
}

/*
 * RFC 7967 2: classes that the client does not want. RFC 7252 8.2: errors and empty answers to a
 * multicast are held back, unless a No-Response option says what is wanted (RFC 7967 2.1). A block
 * that asks to go on is always answered, or the body would never arrive.
 */
static bool is_unwanted(const struct lc_pending *pending, const struct lc_reply *reply)
{
    unsigned class = lc_code_class(reply->code);
    if (reply->code == LC_CODE(2, 31)) {
        return false;
    }
    if (pending->incoming.multicast && !pending->choosy) {
        bool empty = reply->payload.len == 0 && pending->incoming.message.code == LC_GET;
        return class != 2 || empty;
    }
    return pending->unwanted & 1u << (class - 1);
}

static void acknowledge(struct lc_pending *pending)
{
    if (is_con(pending) && !pending->acked) {
        pending->acked = true;
        lc_channel_acknowledge(pending->server->options.channel, &pending->incoming.path,
            pending->incoming.message.id);
    }
}

/*
 * Whether a duplicate of the request must find its reply, and not run (RFC 7252 4.5). A block is
 * more than its method: number 0 would begin the body anew, and the last one, with which the script
 * sees the whole, would miss those before it.
 */
static bool harms_again(const struct lc_pending *pending)
{
    if (lc_blockwise_is_part(pending)) {
        return pending->block1.num == 0 || pending->known;
    }
    return pending->known && !lc_message_is_idempotent(&pending->incoming.message);
}

/* As good as sent: it is not wanted, or there is no place for it. */
static void drop(struct lc_pending *pending)
{
    lc_pending_answered(pending);
    lc_pending_settle(pending, LC_OK);
}

/* RST to the NON that answers a registration ends it (RFC 7641 3.6). */
static void note_notification(const struct lc_pending *pending, const struct lc_writer *writer)
{
    const struct lc_incoming *incoming = &pending->incoming;
    uint16_t id = (uint16_t)(writer->start[2] << 8 | writer->start[3]);
    lc_observers_sent_first(
        &pending->server->observers, &incoming->path.remote, incoming->message.token, id);
}

/* Straight into the send slot. A reply for which there is no room now is lost on the way. */
static int reply_now(struct lc_pending *pending, const struct lc_reply *reply, enum lc_type type,
    struct lc_error *error)
{
    struct lc_channel *channel = pending->server->options.channel;
    const struct lc_message *message = &pending->incoming.message;
    int id = type == LC_ACK ? message->id : -1;
    bool keep = type == LC_ACK && harms_again(pending);
    const struct lc_path *path = &pending->incoming.path;
    struct lc_writer writer;
    if (lc_channel_reply_begin(
            channel, &writer, path, type, reply->code, id, message->token, lc_reply_room(reply))) {
        if (!lc_reply_write(reply, &writer)) {
            return lc_fail(error, LC_ERROR_OPTION, "the response's options cannot be encoded");
        }
        if (pending->registered && type == LC_NON) {
            note_notification(pending, &writer);
        }
        lc_channel_reply_end(channel, &writer, path, keep);
    } else if (type == LC_ACK) {
        lc_channel_reply_lost(channel, path, message->id, keep);
    }
    lc_pending_answered(pending);
    lc_pending_settle(pending, LC_OK);
    return LC_OK;
}

static int no_memory(struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory for the response");
}

/*
 * Whether as many responses as requests may wait already: whoever asks from spoofed addresses
 * confirms none, and each would stay for MAX_TRANSMIT_WAIT (RFC 7252 11.4).
 */
static bool is_crowded(const struct lc_pending *pending)
{
    const struct lc_server *server = pending->server;
    bool crowded = server->lingering_count >= server->options.limits->max_pending;
    if (crowded) {
        lc_log(server->options.log, LC_LOG_INFO, "too many responses wait: one is not kept");
    }
    return crowded;
}

static void linger(struct lc_pending *pending)
{
    lc_pending_answered(pending);
    pending->lingers = true;
    pending->server->lingering_count++;
}

/* A CON of its own, whose outcome is awaited (RFC 7252 5.2.2); a NON where too many are. */
static int reply_separately(
    struct lc_pending *pending, const struct lc_reply *reply, struct lc_error *error)
{
    struct lc_transmission *transmission = &pending->transmission;
    struct lc_bytes token = pending->incoming.message.token;
    if (is_crowded(pending)) {
        return reply_now(pending, reply, LC_NON, error);
    }
    if (!lc_reply_encode_message(reply, LC_CON, token, &transmission->datagram)) {
        return no_memory(error);
    }
    int code = lc_channel_send(
        pending->server->options.channel, transmission, &pending->incoming.path, -1, error);
    if (code == LC_OK) {
        linger(pending);
        lc_timer_clear(pending->server->options.timers, &pending->timer);
    }
    return code;
}

/* At a random moment of the leisure, so that the members of a group do not answer all at once (RFC
 * 7252 8.2). */
static int reply_at_leisure(
    struct lc_pending *pending, const struct lc_reply *reply, struct lc_error *error)
{
    const struct lc_server_options *options = &pending->server->options;
    if (is_crowded(pending)) {
        drop(pending);
        return LC_OK;
    }
    if (!lc_pending_hold(pending) || !lc_reply_encode(reply, &pending->transmission.datagram)) {
        return no_memory(error);
    }
    pending->outcome = reply->code;
    linger(pending);
    lc_time leisure = (lc_time)(lc_random_unit() * (double)options->limits->multicast_leisure);
    lc_timer_set(options->timers, &pending->timer, options->timers->now + leisure);
    return LC_OK;
}

static void leisure_is_over(struct lc_pending *pending)
{
    struct lc_channel *channel = pending->server->options.channel;
    struct lc_bytes token = pending->incoming.message.token;
    struct lc_bytes rest = lc_buf_bytes(&pending->transmission.datagram);
    struct lc_path path = {.remote = pending->incoming.path.remote}; /* from a unicast address */
    struct lc_writer writer;
    if (lc_channel_reply_begin(
            channel, &writer, &path, LC_NON, (uint8_t)pending->outcome, -1, token, rest.len)) {
        lc_reply_append(&writer, rest);
        lc_channel_reply_end(channel, &writer, &path, false);
    }
    lc_pending_settle(pending, LC_OK);
}

int lc_pending_reply(
    struct lc_pending *pending, const struct lc_reply *reply, struct lc_error *error)
{
    if (reply->options.len > LC_REPLY_OPTIONS_MAX) {
        return lc_fail(error, LC_ERROR_OPTION,
            "the response has %zu bytes of options, which do not fit a datagram",
            reply->options.len);
    }
    if (is_unwanted(pending, reply)) {
        acknowledge(pending);
        drop(pending);
        return LC_OK;
    }
    if (pending->incoming.multicast) {
        return reply_at_leisure(pending, reply, error);
    }
    if (is_con(pending) && !pending->acked) {
        return reply_now(pending, reply, LC_ACK, error);
    }
    if (is_con(pending) && pending->confirmable) {
        return reply_separately(pending, reply, error);
    }
    return reply_now(pending, reply, LC_NON, error);
}

void lc_pending_refuse(
    struct lc_pending *pending, uint8_t code, const char *text, const uint32_t *max_age)
{
    struct lc_reply reply = {.code = code, .payload = lc_bytes_text(text)};
    if (max_age != NULL) {
        lc_reply_add(&reply, LC_MAX_AGE, *max_age);
    }
    if (lc_pending_reply(pending, &reply, NULL) != LC_OK) {
        lc_pending_recycle(pending);
    }
}

static void time_out(struct lc_pending *pending)
{
    acknowledge(pending);
    lc_pending_abandon(pending, LC_ERROR_TIMED_OUT);
}

void lc_pending_timer(struct lc_timer *timer)
{
    struct lc_pending *pending = lc_container(timer, struct lc_pending, timer);
    const struct lc_server_options *options = &pending->server->options;
    if (pending->incoming.answered) {
        leisure_is_over(pending);
        return;
    }
    lc_time timeout = options->limits->pending_timeout;
    if (timeout > 0 && options->timers->now >= pending->arrived + timeout) {
        time_out(pending);
        return;
    }
    acknowledge(pending);
    if (timeout > 0) {
        lc_timer_set(options->timers, timer, pending->arrived + timeout);
    }
}

void lc_pending_done(struct lc_transmission *transmission, enum lc_outcome outcome, int number)
{
    struct lc_pending *pending = lc_container(transmission, struct lc_pending, transmission);
    const int codes[] = {
        [LC_ACKNOWLEDGED] = LC_OK,
        [LC_RESET] = LC_ERROR_REJECTED,
        [LC_GAVE_UP] = LC_ERROR_TRANSMISSION,
        [LC_REFUSED] = outcome == LC_REFUSED ? lc_error_of_errno(number) : 0,
    };
    if (outcome != LC_ACKNOWLEDGED && pending->registered) {
        /* The response was the first notification (RFC 7641 4.5). */
        lc_observers_remove(&pending->server->observers, &pending->incoming.path.remote,
            pending->incoming.message.token);
    }
    lc_pending_settle(pending, codes[outcome]);
}

/* ---- What the component calls ---- */

bool lc_server_hold(struct lc_server *server, struct lc_incoming *incoming)
{
    struct lc_pending *pending = (struct lc_pending *)incoming;
    struct lc_timers *timers = server->options.timers;
    const struct lc_limits *limits = server->options.limits;
    if (!lc_pending_hold(pending)) {
        return false;
    }
    if (!incoming->answered && !lc_timer_is_set(timers, &pending->timer)) {
        if (is_con(pending)) {
            lc_timer_set(timers, &pending->timer, pending->arrived + limits->piggyback_delay);
        } else if (limits->pending_timeout > 0) {
            lc_timer_set(timers, &pending->timer, pending->arrived + limits->pending_timeout);
        }
    }
    return true;
}

/* RFC 7641 4.1: a GET that asks to be registered, and not through a group address. */
static bool asks_to_observe(const struct lc_pending *pending)
{
    uint32_t observe;
    const struct lc_message *message = &pending->incoming.message;
    return message->code == LC_GET && !pending->incoming.multicast &&
           lc_message_uint(message, LC_OBSERVE, &observe) && observe == 0;
}

/* Registers the client or, if it was and is not to be any more, ends that: a response without
 * Observe tells it so (RFC 7641 3.1). */
static void settle_registration(struct lc_pending *pending, struct lc_reply *reply, bool observe)
{
    struct lc_observers *observers = &pending->server->observers;
    const struct lc_incoming *incoming = &pending->incoming;
    uint32_t sequence;
    if (observe && lc_code_is_success(reply->code)) {
        pending->registered =
            lc_observers_add(observers, pending, reply->code, reply->options, &sequence);
    }
    if (pending->registered) {
        lc_reply_add(reply, LC_OBSERVE, sequence);
    } else {
        lc_observers_remove(observers, &incoming->path.remote, incoming->message.token);
    }
}

int lc_server_respond(struct lc_server *server, struct lc_incoming *incoming,
    const struct lc_response *response, bool observe, struct lc_error *error)
{
    struct lc_pending *pending = (struct lc_pending *)incoming;
    if (incoming->answered) {
        return lc_fail(error, LC_ERROR_REQUEST_ID, "request %llu was answered already",
            (unsigned long long)incoming->number);
    }
    struct lc_reply reply;
    int code = lc_blockwise_cut(pending, response, &reply, error);
    if (code != LC_OK) {
        return code;
    }
    if (asks_to_observe(pending)) {
        settle_registration(pending, &reply, observe);
    }
    pending->confirmable = response->confirmable;
    bool registered = pending->registered;
    code = lc_pending_reply(pending, &reply, error);
    if (code != LC_OK && registered) {
        lc_observers_remove(&server->observers, &incoming->path.remote, incoming->message.token);
        pending->registered = false;
    }
    return code;
}

void lc_server_cancel(struct lc_server *server, struct lc_incoming *incoming)
{
    (void)server;
    struct lc_pending *pending = (struct lc_pending *)incoming;
    if (pending->settled) {
        return;
    }
    lc_transmission_cancel(&pending->transmission);
    acknowledge(pending);
    lc_pending_answered(pending);
    lc_pending_settle(pending, LC_ERROR_CANCELED);
}
