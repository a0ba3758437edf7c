/*
 * Messages of our own whose fate matters: retransmission (RFC 7252 4.2), NSTART and PROBING_RATE
 * (4.7), matching of ACK and RST; see channel.h.
 */
#include "base/hash.h"
#include "message/state.h"
#include "message/trace.h"

enum state {
    IDLE,
    WAITING,   /* in the peer's list of that name, without an NSTART place or a Message ID */
    SENT,      /* in the channel's map, to be found by its id */
    UNTRACKED, /* sent, but its id stands for nothing any more */
};

static void on_timer(struct lc_timer *timer);

void lc_transmission_init(struct lc_transmission *transmission,
    void (*done)(struct lc_transmission *, enum lc_outcome, int))
{
    *transmission = (struct lc_transmission){.done = done};
    lc_list_init(&transmission->link);
    lc_timer_init(&transmission->timer, on_timer);
}

bool lc_transmission_is_active(const struct lc_transmission *transmission)
{
    return transmission->state != IDLE;
}

enum lc_type lc_transmission_type(const struct lc_transmission *transmission)
{
    return transmission->datagram.data[0] >> 4 & 3;
}

bool lc_transmission_is_request(const struct lc_transmission *transmission)
{
    uint8_t code = transmission->datagram.data[1];
    return code >= 1 && code < 32;
}

static uint64_t hash_of(uint64_t remote, uint16_t id)
{
    return lc_hash_mix(remote, id);
}

struct lc_transmission *lc_transmission_find(
    const struct lc_channel *channel, const struct lc_address *remote, uint16_t id)
{
    if (channel->sent.count == 0) {
        return NULL;
    }
    struct lc_map_node *node = lc_map_find(&channel->sent, hash_of(lc_address_hash(remote), id));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_transmission *found = lc_container(node, struct lc_transmission, node);
        if (found->id == id && lc_address_equal(&found->peer->address, remote)) {
            return found;
        }
    }
    return NULL;
}

/* ---- Ending ---- */

static void untrack(struct lc_transmission *transmission)
{
    if (transmission->state == SENT) {
        lc_map_remove(&transmission->channel->sent, &transmission->node);
        transmission->state = UNTRACKED;
    }
}

static void free_place(struct lc_transmission *transmission)
{
    if (transmission->counted && transmission->state != WAITING) {
        transmission->peer->outstanding--;
    }
    transmission->counted = false;
}

static void detach(struct lc_transmission *transmission)
{
    free_place(transmission);
    untrack(transmission);
    lc_timer_clear(transmission->channel->timers, &transmission->timer);
    lc_list_remove(&transmission->link);
    transmission->state = IDLE;
}

static void pump(struct lc_channel *channel, struct lc_peer *peer);

void lc_transmission_finish(struct lc_transmission *transmission)
{
    struct lc_channel *channel = transmission->channel;
    struct lc_peer *peer = transmission->peer;
    detach(transmission);
    pump(channel, peer);
    lc_peers_release(&channel->peers, peer, channel->timers->now);
}

void lc_transmission_end(struct lc_transmission *transmission, enum lc_outcome outcome, int number)
{
    lc_transmission_finish(transmission);
    transmission->done(transmission, outcome, number);
}

void lc_transmission_cancel(struct lc_transmission *transmission)
{
    if (transmission->state != IDLE) {
        lc_transmission_finish(transmission);
    }
}

void lc_transmission_drop_all(struct lc_peer *peer)
{
    lc_list_for_each (link, &peer->sent) {
        detach(lc_container(link, struct lc_transmission, link));
    }
    lc_list_for_each (link, &peer->waiting) {
        detach(lc_container(link, struct lc_transmission, link));
    }
}

/* ---- Sending ---- */

/* RFC 7252 4.7: what is outstanding is a CON without its ACK, and a request without any answer. */
static bool needs_place(const struct lc_channel *channel, const struct lc_transmission *t)
{
    if (lc_address_is_multicast(&t->peer->address)) {
        return false;
    }
    return lc_transmission_type(t) == LC_CON ||
           (lc_transmission_is_request(t) && channel->params->probing_rate > 0);
}

/* How long a NON request without an answer holds its place. */
static lc_time probing_time(const struct lc_transmission *t)
{
    double rate = t->channel->params->probing_rate;
    double seconds = rate > 0 ? (double)t->datagram.len / rate : 0;
    return (lc_time)((seconds < 1e6 ? seconds : 1e6) * (double)LC_SECOND);
}

static lc_time lifetime_of(const struct lc_transmission *t)
{
    return lc_transmission_type(t) == LC_CON ? lc_params_exchange_lifetime(t->channel->params)
                                             : lc_params_non_lifetime(t->channel->params);
}

/* No room in the transport is as good as a loss on the way. */
static void transmit(struct lc_transmission *t)
{
    struct lc_transport *transport = t->channel->transport;
    uint8_t *room = transport->reserve(transport, t->datagram.len);
    if (room != NULL) {
        memcpy(room, t->datagram.data, t->datagram.len);
        struct lc_path path = {.remote = t->peer->address, .local = t->local};
        transport->commit(transport, &path, t->datagram.len);
        lc_trace(t->channel->log, "sent to", &path.remote, lc_buf_bytes(&t->datagram));
    }
}

/* The one that its owner chose, or the next free one; also when it waited for so long that the
 * chosen one may be another's by now. */
static enum lc_ids_result take_id(struct lc_transmission *t)
{
    lc_time now = t->channel->timers->now, lifetime = lifetime_of(t);
    if (t->chosen && now < t->timeout) {
        lc_ids_renew(&t->peer->ids, t->id, now, lifetime);
        return LC_IDS_OK;
    }
    return lc_ids_take(&t->peer->ids, now, lifetime, &t->id);
}

/* Gives it a Message ID under which it can be found. */
static enum lc_ids_result track(struct lc_transmission *t)
{
    enum lc_ids_result result = take_id(t);
    if (result != LC_IDS_OK) {
        return result;
    }
    if (!lc_map_insert(&t->channel->sent, &t->node, hash_of(t->peer->node.hash, t->id))) {
        return LC_IDS_NO_MEMORY;
    }
    t->chosen = false;
    t->state = SENT;
    t->datagram.data[2] = (uint8_t)(t->id >> 8);
    t->datagram.data[3] = (uint8_t)t->id;
    return LC_IDS_OK;
}

/* When a NON has something to do next: give up its place, or its id. */
static void set_non_timer(struct lc_transmission *t)
{
    lc_time at =
        t->state == SENT ? t->timeout + lc_params_non_lifetime(t->channel->params) : LC_NEVER;
    lc_time place_until = t->timeout + probing_time(t);
    if (t->counted && place_until < at) {
        at = place_until;
    }
    lc_timer_set(t->channel->timers, &t->timer, at);
}

static enum lc_ids_result start(struct lc_transmission *t)
{
    struct lc_channel *channel = t->channel;
    enum lc_ids_result result = track(t);
    if (result != LC_IDS_OK) {
        return result;
    }
    t->peer->outstanding += t->counted;
    t->peer->starved = false;
    lc_list_remove(&t->link);
    lc_list_append(&t->peer->sent, &t->link);
    transmit(t);
    t->attempts = 0;
    if (lc_transmission_type(t) == LC_CON) {
        t->timeout = lc_params_first_timeout(channel->params);
        lc_timer_set(channel->timers, &t->timer, channel->timers->now + t->timeout);
    } else {
        t->timeout = channel->timers->now;
        set_non_timer(t);
    }
    return LC_IDS_OK;
}

static bool may_start(const struct lc_transmission *t)
{
    return !t->counted || t->peer->outstanding < t->channel->params->nstart;
}

/* No Message ID, or no memory, for the first one that waits: it tries again by its timer. */
static void starve(struct lc_transmission *t, enum lc_ids_result why)
{
    struct lc_channel *channel = t->channel;
    struct lc_peer *peer = t->peer;
    lc_time at = channel->timers->now + LC_SECOND;
    if (why == LC_IDS_IN_USE) {
        at = lc_ids_free_at(&peer->ids);
        if (!peer->starved) {
            char text[LC_ADDRESS_TEXT];
            lc_log(channel->log, LC_LOG_INFO,
                "all Message IDs are in use with %s: messages wait until one is free",
                lc_address_text(&peer->address, text));
        }
        peer->starved = true;
    }
    lc_timer_set(channel->timers, &t->timer, at);
}

static void pump(struct lc_channel *channel, struct lc_peer *peer)
{
    while (!lc_list_empty(&peer->waiting)) {
        struct lc_transmission *t = lc_container(peer->waiting.next, struct lc_transmission, link);
        if (!may_start(t)) {
            return;
        }
        lc_timer_clear(channel->timers, &t->timer);
        enum lc_ids_result result = start(t);
        if (result != LC_IDS_OK) {
            starve(t, result);
            return;
        }
    }
}

static int fail_chosen(enum lc_ids_result result, int id, struct lc_error *error)
{
    return result == LC_IDS_IN_USE
               ? lc_fail(error, LC_ERROR_OPTION,
                     "Message ID %d is still in use with this peer; choose another, or none", id)
               : lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
}

static int check(
    const struct lc_transmission *t, const struct lc_path *path, struct lc_error *error)
{
    if (lc_transmission_type(t) == LC_CON && lc_address_is_multicast(&path->remote)) {
        return lc_fail(
            error, LC_ERROR_USAGE, "a message to a multicast address must be non-confirmable");
    }
    return LC_OK;
}

int lc_channel_send(struct lc_channel *channel, struct lc_transmission *t,
    const struct lc_path *path, int id, struct lc_error *error)
{
    if (check(t, path, error) != LC_OK) {
        return LC_ERROR_USAGE;
    }
    lc_time now = channel->timers->now;
    struct lc_peer *peer = lc_peers_get(&channel->peers, &path->remote, now);
    if (peer == NULL) {
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
    }
    lc_channel_clean_later(channel);
    t->channel = channel;
    t->peer = peer;
    t->local = path->local;
    t->chosen = id >= 0;
    if (t->chosen) {
        t->id = (uint16_t)id;
        enum lc_ids_result result = lc_ids_choose(&peer->ids, t->id, now, lifetime_of(t));
        if (result != LC_IDS_OK) {
            return fail_chosen(result, id, error);
        }
        t->timeout = now + lifetime_of(t); /* of the choice, while it waits */
    }
    t->counted = needs_place(channel, t);
    bool is_first = lc_list_empty(&peer->waiting) || !t->counted;
    enum lc_ids_result result = is_first && may_start(t) ? start(t) : LC_IDS_IN_USE;
    if (result == LC_IDS_NO_MEMORY) {
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory");
    }
    lc_peers_hold(peer);
    if (result == LC_IDS_IN_USE) {
        t->state = WAITING;
        lc_list_append(&peer->waiting, &t->link);
        pump(channel, peer);
    }
    return LC_OK;
}

/* ---- Waiting ---- */

static void retransmit(struct lc_transmission *t)
{
    struct lc_channel *channel = t->channel;
    if (t->refresh != NULL && t->refresh(t)) {
        untrack(t);
    }
    t->attempts++;
    t->timeout *= 2;
    lc_timer_set(channel->timers, &t->timer, channel->timers->now + t->timeout);
    if (t->state == UNTRACKED && track(t) != LC_IDS_OK) {
        return; /* without a Message ID it cannot go this time */
    }
    channel->stats.retransmissions++;
    transmit(t);
}

static void advance_non(struct lc_transmission *t)
{
    lc_time now = t->channel->timers->now;
    if (now >= t->timeout + lc_params_non_lifetime(t->channel->params)) {
        untrack(t);
    }
    if (t->counted && now >= t->timeout + probing_time(t)) {
        free_place(t);
        pump(t->channel, t->peer);
    }
    if (t->state == SENT || t->counted) {
        set_non_timer(t);
    } else {
        lc_transmission_finish(t);
    }
}

static void on_timer(struct lc_timer *timer)
{
    struct lc_transmission *t = lc_container(timer, struct lc_transmission, timer);
    if (t->state == WAITING) {
        pump(t->channel, t->peer);
    } else if (lc_transmission_type(t) != LC_CON) {
        advance_non(t);
    } else if (t->attempts < t->channel->params->max_retransmit) {
        retransmit(t);
    } else {
        lc_transmission_end(t, LC_GAVE_UP, 0);
    }
}

int lc_channel_peek_id(struct lc_channel *channel, const struct lc_address *remote)
{
    lc_time now = channel->timers->now;
    struct lc_peer *peer = lc_peers_get(&channel->peers, remote, now);
    if (peer == NULL) {
        return -1;
    }
    lc_channel_clean_later(channel);
    return lc_ids_peek(&peer->ids, now);
}
