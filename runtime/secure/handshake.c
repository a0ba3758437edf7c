/*
 * Handshakes: their datagrams in a queue, their steps one at a time, the verdict on the peer, and
 * the moment when the session is up. What an engine says is noted while it is busy, and acted upon
 * here when it has returned.
 */
#include "base/memory.h"
#include "secure/connection.h"
#include "secure/suite.h"

enum { QUEUE_MAX = 8 }; /* datagrams of one handshake: more than any flight has */

static void run_step(struct lc_step *step);

/* ---- Queues ---- */

static bool append(struct lc_queue *queue, struct lc_bytes bytes)
{
    struct lc_queued *queued =
        queue->count < QUEUE_MAX ? lc_alloc(sizeof *queued + bytes.len) : NULL;
    if (queued == NULL) {
        return false; /* as if lost */
    }
    queued->next = NULL;
    queued->len = bytes.len;
    memcpy(queued->data, bytes.data, bytes.len);
    *queue->end = queued;
    queue->end = &queued->next;
    queue->count++;
    return true;
}

static struct lc_queued *take_first(struct lc_queue *queue)
{
    struct lc_queued *queued = queue->first;
    if (queued != NULL) {
        queue->first = queued->next;
        queue->count--;
        if (queue->first == NULL) {
            queue->end = &queue->first;
        }
    }
    return queued;
}

static void drop_queue(struct lc_queue *queue)
{
    struct lc_queued *queued;
    while ((queued = take_first(queue)) != NULL) {
        lc_free(queued);
    }
}

/* ---- Life ---- */

struct lc_handshake *lc_handshake_new(struct lc_connection *c)
{
    struct lc_handshake *handshake = lc_zalloc(sizeof *handshake);
    if (handshake != NULL) {
        handshake->connection = c;
        handshake->datagrams.end = &handshake->datagrams.first;
        handshake->early.end = &handshake->early.first;
        handshake->has_started = c->security->is_server;
        lc_step_init(&handshake->step, run_step);
    }
    return handshake;
}

void lc_handshake_free(struct lc_handshake *handshake)
{
    if (handshake != NULL) {
        lc_step_cancel(&handshake->step);
        drop_queue(&handshake->datagrams);
        drop_queue(&handshake->early);
        lc_free(handshake);
    }
}

static bool has_work(const struct lc_handshake *handshake)
{
    return handshake->has_verdict || handshake->expired || !handshake->has_started ||
           (handshake->datagrams.first != NULL && !handshake->waits_for_verdict);
}

bool lc_handshake_queue(struct lc_handshake *handshake, struct lc_bytes datagram)
{
    if (!append(&handshake->datagrams, datagram)) {
        return false;
    }
    if (has_work(handshake)) {
        lc_handshakes_add(handshake->connection->dtls->options.handshakes, &handshake->step);
    }
    return true;
}

void lc_handshake_keep(struct lc_handshake *handshake, struct lc_bytes data)
{
    append(&handshake->early, data);
}

/* ---- Acting upon it ---- */

/* Data that came with the end of the handshake, then what came while it was ending. */
static void pass_on(struct lc_connection *c, struct lc_handshake *handshake)
{
    const struct lc_receiver *above = &c->dtls->options.above;
    struct lc_queued *queued;
    while (!c->is_gone && (queued = take_first(&handshake->early)) != NULL) {
        above->receive(above->arg, &c->path, queued->data, queued->len);
        lc_free(queued);
    }
    while (!c->is_gone && (queued = take_first(&handshake->datagrams)) != NULL) {
        struct lc_address local = c->path.local;
        lc_connection_input(c, &local, queued->data, queued->len);
        lc_free(queued);
    }
}

static void say_up(const struct lc_connection *c)
{
    char text[LC_ADDRESS_TEXT];
    struct lc_session_info info;
    lc_connection_engine(c)->info(c->session, &info);
    const struct lc_suite *suite = lc_suite_find(info.suite);
    lc_dtls_say(c->dtls, "Session %u with %s is up: DTLS %s, %s, %s", c->path.remote.session,
        lc_address_text(&c->path.remote, text), info.version == LC_DTLS_1_0 ? "1.0" : "1.2",
        suite == NULL ? "unknown suite" : suite->name, info.resumed ? "resumed" : "new");
}

static void come_up(struct lc_connection *c)
{
    struct lc_dtls *dtls = c->dtls;
    struct lc_handshake *handshake = c->handshake;
    struct lc_shown shown;
    c->handshake = NULL;
    if (c->peer == NULL) { /* resumed: it was shown in an earlier session */
        lc_connection_engine(c)->shown(c->session, &shown);
        lc_connection_keep_peer(c, &shown);
    }
    lc_connection_use(c);
    lc_connection_save(c);
    say_up(c);
    lc_dtls_replace(dtls, c);
    if (!c->is_gone) {
        dtls->options.upcalls.up(dtls->options.upcalls.arg, c->path.remote.session);
    }
    pass_on(c, handshake);
    lc_handshake_free(handshake);
}

static void ask(struct lc_connection *c)
{
    struct lc_handshake *handshake = c->handshake;
    const struct lc_dtls_upcalls *upcalls = &c->dtls->options.upcalls;
    handshake->waits_for_verdict = true;
    lc_dtls_say(c->dtls, "The peer of session %u has shown %s: %s", c->path.remote.session,
        c->peer == NULL ? "no certificate" : "its certificate", handshake->finding.status);
    upcalls->authenticate(upcalls->arg, c->path.remote.session, c->peer, &handshake->finding);
}

/* The engine has returned; the caller holds the connection. */
void lc_handshake_settle(struct lc_connection *c)
{
    if (c->is_gone) {
        return;
    }
    if (c->has_ended) {
        static const struct lc_error no_memory = {LC_ERROR_NO_MEMORY, "out of memory"};
        lc_connection_finish(c, c->failure != NULL ? c->failure : &no_memory);
        return;
    }
    struct lc_handshake *handshake = c->handshake;
    if (handshake == NULL) {
        return;
    }
    if (c->is_up) {
        come_up(c);
    } else if (handshake->has_finding && !handshake->waits_for_verdict) {
        ask(c);
    }
    if (!c->is_gone && c->handshake != NULL && has_work(c->handshake)) {
        lc_handshakes_add(c->dtls->options.handshakes, &c->handshake->step);
    }
}

/* ---- Handshake steps ---- */

static void take_datagram(struct lc_connection *c)
{
    struct lc_queued *queued = take_first(&c->handshake->datagrams);
    c->handshake->has_heard = true;
    lc_connection_engine(c)->input(c->session, queued->data, queued->len);
    lc_free(queued);
}

static bool begin(struct lc_connection *c)
{
    struct lc_error error;
    if (lc_connection_begin(c)) {
        return true;
    }
    lc_fail_memory(&error);
    lc_connection_fail(c, &error);
    return false;
}

static void make_step(struct lc_connection *c)
{
    struct lc_handshake *handshake = c->handshake;
    if (c->session == NULL && !begin(c)) {
        return;
    }
    if (!handshake->has_started) {
        handshake->has_started = true;
        lc_connection_engine(c)->start(c->session);
    } else if (handshake->has_verdict) {
        handshake->has_verdict = handshake->waits_for_verdict = handshake->has_finding = false;
        lc_connection_engine(c)->decide(c->session, handshake->verdict);
    } else if (handshake->expired) {
        handshake->expired = false;
        lc_connection_engine(c)->expire(c->session);
    } else if (handshake->datagrams.first != NULL && !handshake->waits_for_verdict) {
        take_datagram(c);
    }
}

static void run_step(struct lc_step *step)
{
    struct lc_handshake *handshake = lc_container(step, struct lc_handshake, step);
    struct lc_connection *c = handshake->connection;
    if (c->depth > 0) {
        return; /* an upcall turned the loop; the step comes back when the engine has returned */
    }
    lc_connection_enter(c);
    if (!c->has_ended) {
        make_step(c);
    }
    lc_handshake_settle(c);
    lc_connection_leave(c);
}

void lc_handshake_deadline(struct lc_timer *timer)
{
    struct lc_connection *c = lc_container(timer, struct lc_connection, deadline);
    if (c->handshake != NULL && !c->has_ended) {
        c->handshake->expired = true;
        lc_handshakes_add(c->dtls->options.handshakes, &c->handshake->step);
        return;
    }
    lc_connection_enter(c);
    if (!c->has_ended) {
        lc_connection_engine(c)->expire(c->session);
    }
    lc_handshake_settle(c);
    lc_connection_leave(c);
}
