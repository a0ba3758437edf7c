/* A channel's life, and the way in: what is done about each kind of datagram; see channel.h. */
#include "message/channel.h"

#include "base/hash.h"
#include "base/memory.h"
#include "message/state.h"
#include "message/trace.h"
#include "wire/code.h"

/* ---- Life ---- */

enum { CLEAN_AT_ONCE = 1024 }; /* objects of each kind, so that the loop is not held up */

static const lc_time cleaning_interval = 15 * LC_SECOND;

static lc_time earlier(lc_time a, lc_time b)
{
    return a < b ? a : b;
}

static void clean(struct lc_timer *timer)
{
    struct lc_channel *channel = lc_container(timer, struct lc_channel, cleaning);
    lc_time now = channel->timers->now;
    lc_time lifetime = lc_params_exchange_lifetime(channel->params);
    lc_time used = lc_peers_expire(&channel->peers, now - lifetime, CLEAN_AT_ONCE);
    lc_time next = used == LC_NEVER ? LC_NEVER : used + lifetime;
    next = earlier(next, lc_dedup_expire(&channel->dedup, now, lifetime, CLEAN_AT_ONCE));
    next = earlier(next, lc_replies_expire(&channel->replies, now, lifetime, CLEAN_AT_ONCE));
    if (channel->sent.count == 0) {
        lc_map_free(&channel->sent);
    }
    if (next < now) {
        lc_timer_set(channel->timers, timer, now + LC_SECOND / 100);
    } else if (next != LC_NEVER || channel->peers.map.count > 0) {
        lc_timer_set(
            channel->timers, timer, (next == LC_NEVER ? now + lifetime : next) + cleaning_interval);
    }
}

void lc_channel_clean_later(struct lc_channel *channel)
{
    if (!lc_timer_is_set(channel->timers, &channel->cleaning)) {
        lc_timer_set(channel->timers, &channel->cleaning,
            channel->timers->now + lc_params_exchange_lifetime(channel->params) +
                cleaning_interval);
    }
}

struct lc_channel *lc_channel_new(const struct lc_channel_options *options)
{
    struct lc_channel *channel = lc_zalloc(sizeof *channel);
    if (channel == NULL) {
        return NULL;
    }
    channel->timers = options->timers;
    channel->transport = options->transport;
    channel->params = options->params;
    channel->log = options->log;
    channel->upcalls = options->upcalls;
    lc_peers_init(&channel->peers, &channel->stats.peers_evicted);
    lc_dedup_init(&channel->dedup, &channel->stats);
    lc_replies_init(&channel->replies, &channel->stats);
    lc_timer_init(&channel->cleaning, clean);
    return channel;
}

/* In an upcall the struct itself stays until leave(). */
void lc_channel_free(struct lc_channel *channel)
{
    struct lc_map_node *node = NULL;
    while ((node = lc_map_next(&channel->peers.map, node)) != NULL) {
        lc_transmission_drop_all(lc_container(node, struct lc_peer, node));
    }
    lc_peers_free(&channel->peers);
    lc_map_free(&channel->sent);
    lc_dedup_free(&channel->dedup);
    lc_replies_free(&channel->replies);
    lc_timer_clear(channel->timers, &channel->cleaning);
    channel->is_closed = true;
    if (channel->depth == 0) {
        lc_free(channel);
    }
}

/* False: the channel was freed meanwhile, and must not be touched any more. */
static bool leave(struct lc_channel *channel)
{
    if (--channel->depth == 0 && channel->is_closed) {
        lc_free(channel);
        return false;
    }
    return !channel->is_closed;
}

const struct lc_channel_stats *lc_channel_stats(const struct lc_channel *channel)
{
    return &channel->stats;
}

/* ---- The way in ---- */

/* A datagram and what was found out about it. */
struct incoming {
    struct lc_message message;
    const struct lc_path *path;
    struct lc_dedup_key key;
};

static void log_in(
    struct lc_channel *channel, int level, const struct lc_path *path, const char *what)
{
    if (channel->log->level >= level) {
        char text[LC_ADDRESS_TEXT];
        lc_log_write(channel->log, level, "%s from %s", what, lc_address_text(&path->remote, text));
    }
}

static void reject(struct lc_channel *channel, const struct incoming *in, const char *what)
{
    channel->stats.malformed++;
    log_in(channel, LC_LOG_VERBOSE, in->path, what);
    /* RFC 7252 4.2: CON is rejected by RST, ACK and RST silently; 4.3: NON silently. */
    if (in->message.type == LC_CON) {
        lc_channel_send_empty(channel, in->path, LC_RST, in->message.id);
    }
}

static void pass_response(struct lc_channel *channel, const struct incoming *in)
{
    channel->depth++;
    bool expected = channel->upcalls.response(channel->upcalls.arg, &in->message, in->path);
    if (!leave(channel) || (in->message.type == LC_NON && expected)) {
        return;
    }
    lc_dedup_mark(
        &channel->dedup, in->key.path, in->key.id, expected ? LC_SEEN_ACKED : LC_SEEN_RESET);
    lc_channel_send_empty(channel, in->path, expected ? LC_ACK : LC_RST, in->message.id);
}

static void pass(struct lc_channel *channel, const struct incoming *in)
{
    if (lc_message_is_response(&in->message)) {
        pass_response(channel, in);
    } else {
        channel->upcalls.request(channel->upcalls.arg, &in->message, in->path);
    }
}

/* RFC 7252 4.5: a request whose reply was forgotten runs again only if that does no harm. */
static void answer_again(struct lc_channel *channel, const struct incoming *in, bool may_run)
{
    uint64_t key = lc_channel_reply_key(in->key.path, in->message.id);
    struct lc_bytes reply = lc_replies_find(&channel->replies, key);
    if (reply.len > 0) {
        lc_channel_send_again(channel, in->path, reply);
    } else if (may_run) {
        lc_dedup_mark(&channel->dedup, in->key.path, in->key.id, LC_SEEN_PENDING);
        pass(channel, in);
    }
}

static void on_duplicate(struct lc_channel *channel, const struct incoming *in, enum lc_seen seen)
{
    channel->stats.duplicates++;
    log_in(channel, LC_LOG_DEBUG, in->path, "a duplicate");
    if (in->message.type == LC_NON) {
        return; /* RFC 7252 4.5: silently ignored */
    }
    switch (seen) {
    case LC_SEEN_ACKED:
        lc_channel_send_empty(channel, in->path, LC_ACK, in->message.id);
        break;
    case LC_SEEN_RESET:
        lc_channel_send_empty(channel, in->path, LC_RST, in->message.id);
        break;
    case LC_SEEN_REPLIED:
    case LC_SEEN_AGAIN:
        answer_again(channel, in, seen == LC_SEEN_AGAIN);
        break;
    default:
        break; /* the answer is still to come */
    }
}

/* A CON or NON with a request or response in it. */
static void on_message(struct lc_channel *channel, const struct incoming *in)
{
    enum lc_seen seen = lc_dedup_see(&channel->dedup, &in->key, channel->timers->now,
        lc_params_exchange_lifetime(channel->params));
    switch (seen) {
    case LC_SEEN_NO_MEMORY:
        break; /* as if lost: what cannot be remembered could run twice */
    case LC_SEEN_NEVER:
        lc_channel_clean_later(channel);
        pass(channel, in);
        break;
    default:
        on_duplicate(channel, in, seen);
    }
}

static struct lc_bytes token_of(const struct lc_transmission *transmission)
{
    const uint8_t *data = transmission->datagram.data;
    return lc_bytes(data + LC_HEADER_SIZE, data[0] & 15);
}

/* RFC 7252 4.2 and 5.3.2: an ACK is matched by ID and address, its response by the token too; what
 * answers a response with a response is ignored. */
static void on_ack(struct lc_channel *channel, const struct incoming *in)
{
    const struct lc_message *message = &in->message;
    struct lc_transmission *transmission =
        lc_transmission_find(channel, &in->path->remote, message->id);
    if (transmission == NULL || lc_transmission_type(transmission) != LC_CON) {
        return;
    }
    if (message->code == 0) {
        lc_transmission_end(transmission, LC_ACKNOWLEDGED, 0);
    } else if (lc_transmission_is_request(transmission) &&
               lc_bytes_equal(message->token, token_of(transmission))) {
        lc_transmission_finish(transmission);
        channel->upcalls.response(channel->upcalls.arg, message, in->path);
    }
}

static void on_reset(struct lc_channel *channel, const struct incoming *in)
{
    struct lc_transmission *transmission =
        lc_transmission_find(channel, &in->path->remote, in->message.id);
    if (transmission != NULL) {
        lc_transmission_end(transmission, LC_RESET, 0);
    } else {
        channel->upcalls.reset(channel->upcalls.arg, in->path, in->message.id);
    }
}

static void on_con_or_non(struct lc_channel *channel, const struct incoming *in)
{
    const struct lc_message *message = &in->message;
    if (message->code == 0) {
        /* RFC 7252 4.2: an empty CON is rejected, which makes it a ping; 4.3: no NON is empty. */
        if (message->type == LC_CON) {
            lc_channel_send_empty(channel, in->path, LC_RST, message->id);
        }
    } else if (message->type == LC_CON && lc_address_is_multicast(&in->path->local)) {
        /* RFC 7252 8.1: such a message must not be confirmable. */
        reject(channel, in, "a confirmable message by multicast");
    } else {
        on_message(channel, in);
    }
}

static void receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_channel *channel = arg;
    struct incoming in = {.path = path};
    channel->stats.received++;
    lc_trace(channel->log, "received from", &path->remote, lc_bytes(data, len));
    enum lc_parse parse = lc_message_parse(&in.message, data, len);
    if (parse == LC_NOT_COAP) {
        channel->stats.malformed++;
        log_in(channel, LC_LOG_VERBOSE, path, "a datagram that is no CoAP message");
        return;
    }
    if (parse == LC_MALFORMED) {
        reject(channel, &in, "a malformed message");
        return;
    }
    if (in.message.type == LC_CON || in.message.type == LC_NON) {
        in.key = (struct lc_dedup_key){
            .path = lc_path_hash(path),
            .id = in.message.id,
            .print = (uint16_t)lc_hash(data, len, 0),
        };
        on_con_or_non(channel, &in);
    } else if (in.message.type == LC_ACK &&
               (in.message.code == 0 || lc_message_is_response(&in.message))) {
        on_ack(channel, &in);
    } else if (in.message.type == LC_RST && in.message.code == 0) {
        on_reset(channel, &in);
    } else {
        reject(channel, &in, "an ACK or RST that makes no sense");
    }
}

/* The header and token of a message whose end is missing. False: the token is not whole. */
static bool parse_beginning(struct lc_message *message, const uint8_t *data, size_t len)
{
    size_t token_len = data[0] & 15u;
    bool whole = token_len <= LC_TOKEN_MAX && LC_HEADER_SIZE + token_len <= len;
    *message = (struct lc_message){
        .type = data[0] >> 4 & 3u,
        .code = data[1],
        .id = (uint16_t)(data[2] << 8 | data[3]),
        .is_cut = true,
        .token = lc_bytes(data + LC_HEADER_SIZE, whole ? token_len : 0),
    };
    return whole;
}

/* So that who waits for it need not wait any longer. */
static void pass_cut_response(struct lc_channel *channel, const struct incoming *in)
{
    if (in->message.type == LC_ACK) {
        on_ack(channel, in);
        return;
    }
    channel->depth++;
    channel->upcalls.response(channel->upcalls.arg, &in->message, in->path);
    if (leave(channel) && in->message.type == LC_CON) {
        lc_channel_send_empty(channel, in->path, LC_RST, in->message.id);
    }
}

static void refuse_cut_request(struct lc_channel *channel, const struct incoming *in)
{
    uint8_t reply[LC_HEADER_SIZE + LC_TOKEN_MAX];
    struct lc_writer writer;
    lc_writer_init(&writer, reply, sizeof reply);
    lc_write_header(&writer, LC_ACK, LC_CODE(4, 13), in->message.id, in->message.token);
    lc_channel_send_again(channel, in->path, lc_bytes(reply, lc_writer_len(&writer)));
}

/*
 * A message that is longer than we take. A CON request whose token can be read gets 4.13 (RFC 7252
 * 5.9.2.9), any other CON is rejected; a NON is ignored like a malformed one.
 */
static void truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    struct lc_channel *channel = arg;
    struct incoming in = {.path = path};
    channel->stats.received++;
    channel->stats.malformed++;
    log_in(channel, LC_LOG_INFO, path, "a datagram longer than MaxPacketSize");
    if (len < LC_HEADER_SIZE || data[0] >> 6 != 1 || lc_address_is_multicast(&path->local)) {
        return;
    }
    bool readable = parse_beginning(&in.message, data, len);
    if (readable && lc_message_is_response(&in.message)) {
        pass_cut_response(channel, &in);
    } else if (in.message.type == LC_CON) {
        if (readable && lc_message_is_request(&in.message)) {
            refuse_cut_request(channel, &in);
        } else {
            lc_channel_send_empty(channel, path, LC_RST, in.message.id);
        }
    }
}

/* Only the message whose own beginning comes back is refused: the network may know less than we. */
static void refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    struct lc_channel *channel = arg;
    if (len < LC_HEADER_SIZE) {
        return;
    }
    struct lc_transmission *transmission =
        lc_transmission_find(channel, &path->remote, (uint16_t)(data[2] << 8 | data[3]));
    if (transmission == NULL) {
        return;
    }
    struct lc_bytes sent = lc_buf_bytes(&transmission->datagram);
    if (memcmp(sent.data, data, len < sent.len ? len : sent.len) == 0) {
        lc_transmission_end(transmission, LC_REFUSED, number);
    }
}

void lc_channel_move(struct lc_channel *channel, struct lc_transport *transport)
{
    channel->transport = transport;
}

/* What waits first, for else it would be sent when its turn comes. An upcall may send more, or free
 * the channel. */
void lc_channel_lose(struct lc_channel *channel, const struct lc_address *remote, int number)
{
    channel->depth++;
    struct lc_peer *peer;
    while (!channel->is_closed && (peer = lc_peers_find(&channel->peers, remote)) != NULL &&
           peer->transmissions > 0) {
        struct lc_list *list = lc_list_empty(&peer->waiting) ? &peer->sent : &peer->waiting;
        lc_transmission_end(
            lc_container(list->next, struct lc_transmission, link), LC_REFUSED, number);
    }
    leave(channel);
}

struct lc_receiver lc_channel_receiver(struct lc_channel *channel)
{
    return (struct lc_receiver){
        .receive = receive,
        .truncated = truncated,
        .refused = refused,
        .arg = channel,
    };
}
