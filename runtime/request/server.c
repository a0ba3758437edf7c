/* The server's way in and its life cycle; see server.h and server_state.h. */
#include "request/server.h"

#include <errno.h>

#include "base/memory.h"
#include "request/rules.h"
#include "request/server_state.h"
#include "wire/code.h"
#include "wire/option.h"

/* Seconds after which a refused client may try again (RFC 7252 5.9.3.4). */
static const uint32_t retry_after = 5;

/* ---- Upcalls ---- */

void lc_server_enter(struct lc_server *server)
{
    server->depth++;
}

bool lc_server_leave(struct lc_server *server)
{
    server->depth--;
    if (!server->freed) {
        return true;
    }
    if (server->depth == 0) {
        lc_free(server);
    }
    return false;
}

void lc_server_schedule_turn(struct lc_server *server)
{
    struct lc_timers *timers = server->options.timers;
    if (!lc_timer_is_set(timers, &server->turn)) {
        lc_timer_set(timers, &server->turn, timers->now);
    }
}

static bool tell_outcome(struct lc_server *server, struct lc_pending *pending)
{
    /* Out of the queue, but where lc_server_free() finds it. */
    lc_list_remove(&pending->link);
    lc_list_append(&server->open, &pending->link);
    const char *text = lc_error_text(pending->outcome);
    if (text == NULL) {
        text = pending->outcome == LC_OK ? "" : "The network refused the response";
    }
    lc_server_enter(server);
    server->options.upcalls.complete(
        server->options.upcalls.arg, &pending->incoming, pending->outcome, text);
    if (!lc_server_leave(server)) {
        return false;
    }
    lc_pending_recycle(pending);
    return true;
}

/* Only what is there now: an upcall may add to the list, and the loop is to have its turn. */
static void turn(struct lc_timer *timer)
{
    struct lc_server *server = lc_container(timer, struct lc_server, turn);
    struct lc_list *last = server->settled.prev;
    bool more = !lc_list_empty(&server->settled);
    while (more && !lc_list_empty(&server->settled)) {
        struct lc_list *link = server->settled.next;
        more = link != last;
        if (!tell_outcome(server, lc_container(link, struct lc_pending, link))) {
            return;
        }
    }
    lc_observers_tell(&server->observers);
}

/* ---- The way in ---- */

/* The client is told to come back, and the script that it need not answer. */
static void cannot_hold(struct lc_pending *pending)
{
    struct lc_reply reply = {.code = LC_CODE(5, 3)};
    lc_reply_add(&reply, LC_MAX_AGE, retry_after);
    pending->in_upcall = true; /* puts the outcome off */
    if (lc_pending_reply(pending, &reply, NULL) != LC_OK) {
        lc_pending_answered(pending);
    }
    pending->in_upcall = false;
    lc_pending_abandon(pending, LC_ERROR_NO_MEMORY);
}

static void run(struct lc_server *server, struct lc_pending *pending)
{
    pending->in_upcall = true;
    lc_server_enter(server);
    server->options.upcalls.request(server->options.upcalls.arg, &pending->incoming);
    if (!lc_server_leave(server)) {
        return;
    }
    pending->in_upcall = false;
    if (!pending->incoming.answered) {
        if (!lc_server_hold(server, &pending->incoming)) {
            cannot_hold(pending);
        }
        return;
    }
    if (!pending->held) {
        /* The datagram may be overwritten from now on. */
        struct lc_message *message = &pending->incoming.message;
        message->token = message->options = message->payload = lc_bytes(NULL, 0);
        message->present = 0;
    }
    if (pending->settled) {
        lc_pending_settle(pending, pending->outcome);
    }
}

static void read_no_response(struct lc_pending *pending)
{
    const struct lc_message *message = &pending->incoming.message;
    struct lc_bytes value;
    if ((message->present & 1) && lc_message_option(message, LC_NO_RESPONSE, &value) &&
        value.len <= 1) {
        pending->choosy = true;
        pending->unwanted = value.len == 0 ? 0 : value.data[0];
    }
}

static void refuse(struct lc_pending *pending, const struct lc_verdict *verdict)
{
    struct lc_server *server = pending->server;
    const struct lc_message *message = &pending->incoming.message;
    lc_log(server->options.log, LC_LOG_INFO, "request refused: %s", verdict->text);
    if (verdict->code == LC_CODE(4, 2) && message->type == LC_NON) {
        /* A NON with a critical option that we do not know is rejected, a multicast silently (RFC
         * 7252 5.4.1, 8.1). */
        if (!pending->incoming.multicast) {
            lc_channel_reject(server->options.channel, &pending->incoming.path, message->id);
        }
        lc_pending_recycle(pending);
        return;
    }
    lc_pending_refuse(pending, verdict->code, verdict->text, NULL);
}

/* Why no new request can be taken, or NULL. */
static const char *overload(const struct lc_pending *pending)
{
    const struct lc_server *server = pending->server;
    if (!server->accepting) {
        return "not listening";
    }
    if (server->waiting_count >= server->options.limits->max_pending) {
        return "too many requests";
    }
    return NULL;
}

/*
 * RFC 7641 3.6: a GET with Observe 1 cancels, and is an ordinary GET besides. The script learns of
 * the one before the other, and may do anything meanwhile: run the loop, free the server (false).
 */
static bool read_observe(struct lc_pending *pending)
{
    struct lc_server *server = pending->server;
    const struct lc_message *message = &pending->incoming.message;
    uint32_t observe;
    if (message->code != LC_GET || !(message->present & 1ull << LC_OBSERVE) ||
        !lc_message_uint(message, LC_OBSERVE, &observe) || observe != 1 ||
        !lc_observers_remove(&server->observers, &pending->incoming.path.remote, message->token)) {
        return true;
    }
    if (!lc_pending_hold(pending)) {
        return true; /* the script learns of it in the next turn */
    }
    lc_list_append(&server->open, &pending->link);
    return lc_observers_tell(&server->observers);
}

void lc_server_request(
    struct lc_server *server, const struct lc_message *message, const struct lc_path *path)
{
    bool multicast = lc_address_is_multicast(&path->local);
    if (multicast && message->type != LC_NON) {
        return; /* RFC 7252 8.1: multicast requests are NON */
    }
    struct lc_pending *pending = lc_pending_new(server, message, path);
    if (pending == NULL) {
        return;
    }
    pending->incoming.multicast = multicast;
    struct lc_verdict verdict;
    read_no_response(pending);
    if (!lc_rules_check(&pending->incoming.message, &verdict)) {
        refuse(pending, &verdict);
        return;
    }
    if (!lc_blockwise_read(pending)) {
        return;
    }
    if (!read_observe(pending) || lc_blockwise_serve(pending)) {
        return;
    }
    const char *why = overload(pending);
    if (why != NULL) {
        lc_log(server->options.log, LC_LOG_INFO, "request refused: %s", why);
        lc_pending_refuse(pending, LC_CODE(5, 3), why, &retry_after);
        return;
    }
    if (lc_blockwise_assemble(pending)) {
        return;
    }
    if (!lc_pending_admit(pending)) {
        lc_pending_refuse(pending, LC_CODE(5, 3), "", &retry_after);
        return;
    }
    run(server, pending);
}

void lc_server_reset(struct lc_server *server, const struct lc_path *path, uint16_t id)
{
    lc_observers_reset(&server->observers, &path->remote, id);
}

void lc_server_lose(struct lc_server *server, const struct lc_address *remote)
{
    lc_list_for_each (link, &server->waiting) {
        struct lc_pending *pending = lc_container(link, struct lc_pending, link);
        if (lc_address_equal(&pending->incoming.path.remote, remote)) {
            lc_pending_abandon(pending, lc_error_of_errno(ECONNRESET));
        }
    }
    lc_observers_lose(&server->observers, remote);
}

/* ---- Life cycle and what is pending ---- */

struct lc_server *lc_server_new(const struct lc_server_options *options)
{
    struct lc_server *server = lc_zalloc(sizeof *server);
    if (server == NULL) {
        return NULL;
    }
    server->options = *options;
    server->accepting = true;
    lc_list_init(&server->waiting);
    lc_list_init(&server->open);
    lc_list_init(&server->settled);
    lc_list_init(&server->spare);
    lc_timer_init(&server->turn, turn);
    lc_bodystore_init(
        &server->store, options->timers, options->params, options->limits, options->log);
    lc_observers_init(&server->observers, server);
    return server;
}

void lc_server_free(struct lc_server *server)
{
    if (server == NULL || server->freed) {
        return;
    }
    server->freed = true;
    lc_timer_clear(server->options.timers, &server->turn);
    lc_pending_free_all(server);
    lc_bodystore_free(&server->store);
    lc_observers_free(&server->observers);
    if (server->depth == 0) {
        lc_free(server);
    }
}

void lc_server_accept_requests(struct lc_server *server, bool accept)
{
    server->accepting = accept;
}

struct lc_incoming *lc_server_find(const struct lc_server *server, uint64_t number)
{
    struct lc_map_node *node = lc_map_find(&server->by_number, number);
    return node == NULL ? NULL : &lc_container(node, struct lc_pending, node)->incoming;
}

struct lc_incoming *lc_server_next(
    const struct lc_server *server, const struct lc_incoming *incoming)
{
    const struct lc_list *link =
        incoming == NULL ? &server->waiting : &((const struct lc_pending *)incoming)->link;
    if (link->next == &server->waiting) {
        return NULL;
    }
    return &lc_container(link->next, struct lc_pending, link)->incoming;
}

size_t lc_server_pending(const struct lc_server *server)
{
    return server->waiting_count;
}

size_t lc_server_observers(const struct lc_server *server)
{
    return server->observers.count;
}

uint64_t lc_server_transfers_evicted(const struct lc_server *server)
{
    return server->store.evicted;
}
