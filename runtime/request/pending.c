/* The store of requests that wait for their answer; see server_state.h. */
#include "base/memory.h"
#include "request/server_state.h"

/* What a server at rest may keep for its next requests: this many, with so much memory each. */
enum { SPARE_MAX = 256, KEPT_MEMORY = 2048 };

static struct lc_pending *make(struct lc_server *server)
{
    struct lc_pending *pending = lc_zalloc(sizeof *pending);
    if (pending != NULL) {
        pending->server = server;
        lc_list_init(&pending->link);
        lc_timer_init(&pending->timer, lc_pending_timer);
        lc_transmission_init(&pending->transmission, lc_pending_done);
    }
    return pending;
}

struct lc_pending *lc_pending_new(
    struct lc_server *server, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_pending *pending;
    if (lc_list_empty(&server->spare)) {
        pending = make(server);
    } else {
        pending = lc_container(server->spare.next, struct lc_pending, link);
        lc_list_remove(&pending->link);
        server->spare_count--;
    }
    if (pending != NULL) {
        pending->incoming = (struct lc_incoming){
            .message = *message,
            .path = *path,
            .wants_complete = server->options.upcalls.complete != NULL,
        };
        pending->arrived = server->options.timers->now;
    }
    return pending;
}

bool lc_pending_admit(struct lc_pending *pending)
{
    struct lc_server *server = pending->server;
    if (!lc_map_insert(&server->by_number, &pending->node, server->last_number + 1)) {
        return false;
    }
    pending->incoming.number = ++server->last_number;
    pending->known = true;
    lc_list_remove(&pending->link);
    lc_list_append(&server->waiting, &pending->link);
    server->waiting_count++;
    return true;
}

static struct lc_bytes moved(struct lc_bytes from, uint8_t **at)
{
    if (from.len > 0) {
        memcpy(*at, from.data, from.len);
    }
    struct lc_bytes to = lc_bytes(*at, from.len);
    *at += from.len;
    return to;
}

bool lc_pending_hold(struct lc_pending *pending)
{
    if (pending->held) {
        return true;
    }
    struct lc_message *message = &pending->incoming.message;
    bool own_payload = message->payload.len > 0 && message->payload.data == pending->body.data;
    size_t len =
        message->token.len + message->options.len + (own_payload ? 0 : message->payload.len);
    lc_buf_clear(&pending->copy);
    if (!lc_buf_reserve(&pending->copy, len)) {
        return false;
    }
    uint8_t *at = pending->copy.data;
    message->token = moved(message->token, &at);
    message->options = moved(message->options, &at);
    if (!own_payload) {
        message->payload = moved(message->payload, &at);
    }
    pending->copy.len = len;
    pending->held = true;
    return true;
}

void lc_pending_answered(struct lc_pending *pending)
{
    if (pending->incoming.answered) {
        return;
    }
    pending->incoming.answered = true;
    pending->server->waiting_count -= pending->known;
    lc_list_remove(&pending->link);
    lc_list_append(&pending->server->open, &pending->link);
}

void lc_pending_settle(struct lc_pending *pending, int outcome)
{
    struct lc_server *server = pending->server;
    server->lingering_count -= pending->lingers;
    pending->lingers = false;
    pending->settled = true;
    pending->outcome = outcome;
    lc_timer_clear(server->options.timers, &pending->timer);
    if (pending->in_upcall) {
        return; /* comes here again when the upcall has returned */
    }
    if (!pending->known || !pending->incoming.wants_complete) {
        lc_pending_recycle(pending);
        return;
    }
    lc_list_remove(&pending->link);
    lc_list_append(&server->settled, &pending->link);
    lc_server_schedule_turn(server);
}

void lc_pending_abandon(struct lc_pending *pending, int outcome)
{
    pending->incoming.wants_complete = pending->server->options.upcalls.complete != NULL;
    lc_pending_answered(pending);
    lc_pending_settle(pending, outcome);
}

static void trim(struct lc_buf *buf)
{
    if (buf->cap > KEPT_MEMORY) {
        lc_buf_free(buf);
    }
}

static void destroy(struct lc_pending *pending)
{
    lc_transmission_cancel(&pending->transmission);
    lc_timer_clear(pending->server->options.timers, &pending->timer);
    lc_list_remove(&pending->link);
    lc_buf_free(&pending->copy);
    lc_buf_free(&pending->body);
    lc_buf_free(&pending->transmission.datagram);
    lc_free(pending);
}

void lc_pending_recycle(struct lc_pending *pending)
{
    struct lc_server *server = pending->server;
    if (pending->known) {
        lc_map_remove(&server->by_number, &pending->node);
        server->waiting_count -= !pending->incoming.answered;
    }
    lc_list_remove(&pending->link);
    if (server->spare_count >= SPARE_MAX) {
        destroy(pending);
        return;
    }
    trim(&pending->copy);
    trim(&pending->transmission.datagram);
    lc_buf_free(&pending->body);
    pending->has_block1 = pending->has_block2 = pending->wants_size2 = pending->choosy = false;
    pending->known = pending->held = pending->acked = pending->settled = false;
    pending->registered = pending->confirmable = pending->in_upcall = false;
    pending->unwanted = 0;
    lc_list_prepend(&server->spare, &pending->link);
    server->spare_count++;
}

static void destroy_list(struct lc_list *list)
{
    while (!lc_list_empty(list)) {
        destroy(lc_container(list->next, struct lc_pending, link));
    }
}

void lc_pending_free_all(struct lc_server *server)
{
    destroy_list(&server->waiting);
    destroy_list(&server->open);
    destroy_list(&server->settled);
    destroy_list(&server->spare);
    lc_map_free(&server->by_number);
}
