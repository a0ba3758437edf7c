/* The table of sessions, and the ways in and out; see dtls.h. */
#include "secure/dtls.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "secure/connection.h"
#include "secure/hello.h"
#include "secure/record.h"

enum {
    LINE_MAX_BYTES = 400,
    PLAINTEXT_MAX = 16384, /* of one record (RFC 5246 6.2.1) */
};

/* ---- Life ---- */

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct lc_dtls *dtls = lc_container(transport, struct lc_dtls, transport);
    struct lc_buf *room = dtls->options.room;
    lc_buf_clear(room);
    return len <= PLAINTEXT_MAX && lc_buf_reserve(room, len) ? room->data : NULL;
}

static struct lc_connection *find(const struct lc_dtls *dtls, uint32_t number)
{
    struct lc_map_node *node = number == 0 ? NULL : lc_map_find(&dtls->by_number, number);
    return node == NULL ? NULL : lc_container(node, struct lc_connection, by_number);
}

/* Not while only DTLS is served, such as to observers from before. */
static void send_plain(struct lc_dtls *dtls, const struct lc_path *path, size_t len)
{
    if (dtls->served != NULL) {
        return;
    }
    struct lc_transport *under = dtls->options.under;
    uint8_t *room = under->reserve(under, len);
    if (room != NULL) {
        memcpy(room, dtls->options.room->data, len);
        under->commit(under, path, len);
    }
}

static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct lc_dtls *dtls = lc_container(transport, struct lc_dtls, transport);
    if (path->remote.session == 0) {
        send_plain(dtls, path, len);
        return;
    }
    struct lc_connection *c = find(dtls, path->remote.session);
    if (c != NULL) {
        lc_connection_write(c, lc_bytes(dtls->options.room->data, len));
    }
}

struct lc_dtls *lc_dtls_new(const struct lc_dtls_options *options)
{
    struct lc_dtls *dtls = lc_zalloc(sizeof *dtls);
    if (dtls == NULL) {
        return NULL;
    }
    dtls->options = *options;
    dtls->transport = (struct lc_transport){.reserve = reserve, .commit = commit};
    lc_list_init(&dtls->handshaking);
    lc_list_init(&dtls->busy);
    lc_list_init(&dtls->resting);
    lc_timer_init(&dtls->sweep, lc_dtls_sweep);
    return dtls;
}

static void destroy(struct lc_dtls *dtls)
{
    lc_map_free(&dtls->by_address);
    lc_map_free(&dtls->by_number);
    lc_free(dtls->crowds);
    lc_free(dtls);
}

bool lc_dtls_leave(struct lc_dtls *dtls)
{
    bool is_closed = dtls->is_closed;
    if (--dtls->depth == 0 && is_closed) {
        destroy(dtls);
    }
    return !is_closed;
}

static void close_all(struct lc_list *list)
{
    while (!lc_list_empty(list)) {
        lc_connection_close(lc_container(list->next, struct lc_connection, link), NULL);
    }
}

void lc_dtls_free(struct lc_dtls *dtls)
{
    lc_dtls_enter(dtls);
    dtls->is_closed = true;
    close_all(&dtls->handshaking);
    close_all(&dtls->busy);
    close_all(&dtls->resting);
    lc_timer_clear(dtls->options.timers, &dtls->sweep);
    lc_security_release(dtls->served);
    dtls->served = NULL;
    lc_dtls_leave(dtls);
}

struct lc_transport *lc_dtls_transport(struct lc_dtls *dtls)
{
    return &dtls->transport;
}

void lc_dtls_move(struct lc_dtls *dtls, struct lc_transport *under)
{
    dtls->options.under = under;
}

void lc_dtls_hand_to(struct lc_dtls *dtls, const struct lc_receiver *above)
{
    dtls->options.above = *above;
}

/* ---- What SSLStatus is told ---- */

bool lc_dtls_wants(const struct lc_dtls *dtls, unsigned what)
{
    const struct lc_dtls_upcalls *upcalls = &dtls->options.upcalls;
    return !dtls->is_closed && (upcalls->wants(upcalls->arg) & what) != 0;
}

void lc_dtls_say(struct lc_dtls *dtls, const char *format, ...)
{
    if (!lc_dtls_wants(dtls, LC_DTLS_TELLS_PROGRESS)) {
        return;
    }
    char line[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    dtls->options.upcalls.status(dtls->options.upcalls.arg, line);
}

void lc_dtls_say_records(struct lc_dtls *dtls, const char *direction, const struct lc_path *path,
    struct lc_bytes datagram)
{
    if (!lc_dtls_wants(dtls, LC_DTLS_TELLS_RECORDS)) {
        return;
    }
    char address[LC_ADDRESS_TEXT], text[LC_RECORD_TEXT];
    struct lc_record record;
    lc_address_text(&path->remote, address);
    while (lc_record_next(&datagram, &record)) {
        lc_dtls_say(
            dtls, "Record %s %s: %s", direction, address, lc_record_describe(&record, text));
    }
}

/* ---- The way in ---- */

static struct lc_connection *at_address(struct lc_map_node *node, const struct lc_address *remote)
{
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_connection *c = lc_container(node, struct lc_connection, by_address);
        struct lc_address bare = c->path.remote;
        bare.session = 0;
        if (lc_address_equal(&bare, remote)) {
            return c;
        }
    }
    return NULL;
}

/* With this address there is one session that is up, and perhaps another on its way. */
static struct lc_connection *find_with(
    const struct lc_dtls *dtls, const struct lc_address *remote, bool is_up)
{
    struct lc_map_node *node = lc_map_find(&dtls->by_address, lc_address_hash(remote));
    struct lc_connection *c = at_address(node, remote);
    while (c != NULL && (c->is_up != is_up || c->has_ended)) {
        c = at_address(lc_map_find_next(&c->by_address), remote);
    }
    return c;
}

void lc_dtls_replace(struct lc_dtls *dtls, const struct lc_connection *by)
{
    struct lc_address bare = by->path.remote;
    bare.session = 0;
    struct lc_connection *old =
        at_address(lc_map_find(&dtls->by_address, lc_address_hash(&bare)), &bare);
    while (old != NULL && (old == by || !old->is_up)) {
        old = at_address(lc_map_find_next(&old->by_address), &bare);
    }
    if (old != NULL) {
        struct lc_error error;
        lc_failure_of_replacement(by, &error);
        lc_connection_finish(old, &error);
    }
}

static void answer_hello(
    struct lc_dtls *dtls, const struct lc_path *path, const uint8_t answer[LC_HELLO_VERIFY_SIZE])
{
    lc_dtls_say_records(dtls, "sent to", path, lc_bytes(answer, LC_HELLO_VERIFY_SIZE));
    struct lc_transport *under = dtls->options.under; /* who is told may have put another */
    uint8_t *room = under->reserve(under, LC_HELLO_VERIFY_SIZE);
    if (room != NULL) {
        memcpy(room, answer, LC_HELLO_VERIFY_SIZE);
        under->commit(under, path, LC_HELLO_VERIFY_SIZE);
    }
}

/*
 * A client that can be reached where it says begins a session. One that is up goes on until the new
 * one is (RFC 6347 4.2.8), for a hello can be played again by others.
 */
static void begin(struct lc_dtls *dtls, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_connection *c = find_with(dtls, &path->remote, false);
    if (c != NULL && c->security->is_server &&
        c->handshake->hello == lc_hello_print(lc_bytes(data, len))) {
        lc_connection_input(c, &path->local, data, len);
        return;
    }
    if (c != NULL) {
        lc_dtls_end_one(c, LC_ERROR_HANDSHAKE, "the peer began another DTLS handshake");
    }
    if (!lc_dtls_make_room(dtls, &path->remote) || dtls->served == NULL) {
        return; /* an upcall may have ended it */
    }
    char text[LC_ADDRESS_TEXT];
    c = lc_connection_new(dtls, dtls->served, path, NULL, lc_bytes(data, len));
    if (c != NULL) {
        lc_dtls_say(dtls, "Session %u with %s begins", c->path.remote.session,
            lc_address_text(&path->remote, text));
    }
}

static void on_hello(struct lc_dtls *dtls, const struct lc_path *path, uint8_t *data, size_t len,
    enum lc_hello_kind kind, const uint8_t answer[LC_HELLO_VERIFY_SIZE])
{
    if (dtls->served == NULL) {
        return;
    }
    if (kind == LC_HELLO_BARE) {
        answer_hello(dtls, path, answer);
    } else if (kind == LC_HELLO_PROVEN) {
        begin(dtls, path, data, len);
    }
}

/* The session that is up first: what it does not know may belong to the one on its way. */
static void on_record(struct lc_dtls *dtls, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_connection *c = find_with(dtls, &path->remote, true);
    struct lc_connection *coming = find_with(dtls, &path->remote, false);
    bool is_plain = data[3] == 0 && data[4] == 0; /* epoch 0 */
    if (c != NULL && (coming == NULL || !is_plain)) {
        if (lc_connection_input(c, &path->local, data, len)) {
            return;
        }
        coming = find_with(dtls, &path->remote, false);
    }
    if (coming != NULL) {
        lc_connection_input(coming, &path->local, data, len);
    }
}

static void receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_dtls *dtls = arg;
    uint8_t answer[LC_HELLO_VERIFY_SIZE];
    if (!lc_record_is_dtls(data, len)) {
        if (dtls->served == NULL) {
            dtls->options.above.receive(dtls->options.above.arg, path, data, len);
        }
        return;
    }
    len = lc_record_frame(data, len);
    if (len == 0 || lc_address_is_multicast(&path->local)) {
        return;
    }
    lc_dtls_enter(dtls);
    lc_dtls_say_records(dtls, "received from", path, lc_bytes(data, len));
    enum lc_hello_kind kind = lc_hello_examine(dtls->options.cookies, dtls->options.timers->now,
        &path->remote, lc_bytes(data, len), answer);
    if (kind == LC_HELLO_NONE) {
        on_record(dtls, path, data, len);
    } else {
        on_hello(dtls, path, data, len, kind, answer);
    }
    lc_dtls_leave(dtls);
}

/* A record that was cut cannot be opened. */
static void truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    struct lc_dtls *dtls = arg;
    if (lc_record_is_dtls(data, len)) {
        lc_log(
            dtls->options.log, LC_LOG_INFO, "a DTLS record longer than MaxPacketSize is dropped");
    } else if (dtls->served == NULL) {
        dtls->options.above.truncated(dtls->options.above.arg, path, data, len);
    }
}

/* Nobody listens there: a server that we talk to is gone, or was never there. A client of ours that
 * is gone leaves its session to its time-out, since whoever can guess ports can send such errors.
 */
static void end_refused(struct lc_dtls *dtls, const struct lc_address *remote, int number)
{
    struct lc_connection *c = find_with(dtls, remote, false);
    if (c == NULL) {
        c = find_with(dtls, remote, true);
    }
    if (c != NULL && !c->security->is_server) {
        struct lc_error error;
        lc_fail_errno(&error, number, "the DTLS server cannot be reached");
        lc_connection_finish(c, &error);
    }
}

/* Of a datagram that did not come back with the error nobody knows whose it was. */
static void refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    struct lc_dtls *dtls = arg;
    const struct lc_receiver *above = &dtls->options.above;
    bool is_dtls = lc_record_is_dtls(data, len);
    lc_dtls_enter(dtls);
    if (!is_dtls) {
        above->refused(above->arg, path, number, data, len);
    }
    if (!dtls->is_closed && (is_dtls || len == 0)) {
        end_refused(dtls, &path->remote, number);
    }
    lc_dtls_leave(dtls);
}

struct lc_receiver lc_dtls_receiver(struct lc_dtls *dtls)
{
    return (struct lc_receiver){
        .receive = receive,
        .truncated = truncated,
        .refused = refused,
        .arg = dtls,
    };
}

/* ---- The verbs ---- */

void lc_dtls_tune(struct lc_dtls *dtls, struct lc_session_cache *saved, lc_time idle_timeout)
{
    dtls->options.saved = saved;
    dtls->options.idle_timeout = idle_timeout;
    lc_dtls_sweep_later(dtls);
}

void lc_dtls_serve(struct lc_dtls *dtls, struct lc_security *security)
{
    lc_security_hold(security);
    lc_security_release(dtls->served);
    dtls->served = security;
}

static bool is_session_with(
    const struct lc_connection *c, const struct lc_security *security, const char *host)
{
    return c->security == security && !c->is_doubted && c->host != NULL &&
           strcmp(c->host, host) == 0;
}

/* Two handshakes between the same ports would take each other's messages. */
static void give_way(struct lc_dtls *dtls, const struct lc_address *remote)
{
    struct lc_connection *c = find_with(dtls, remote, false);
    if (c != NULL) {
        struct lc_error error;
        lc_fail(&error, LC_ERROR_HANDSHAKE,
            "another handshake with the same address and port began, for another host or with "
            "other settings");
        lc_connection_fail(c, &error);
    }
}

uint32_t lc_dtls_connect(struct lc_dtls *dtls, struct lc_security *security,
    const struct lc_address *remote, const char *host)
{
    struct lc_path path = {.remote = *remote};
    path.remote.session = 0;
    for (int is_up = 0; is_up <= 1; is_up++) {
        struct lc_connection *c = find_with(dtls, &path.remote, is_up != 0);
        if (c != NULL && is_session_with(c, security, host)) {
            return c->path.remote.session;
        }
    }
    give_way(dtls, &path.remote);
    char text[LC_ADDRESS_TEXT];
    struct lc_connection *c = lc_connection_new(dtls, security, &path, host, lc_bytes(NULL, 0));
    if (c == NULL) {
        return 0;
    }
    uint32_t number = c->path.remote.session;
    lc_dtls_say(dtls, "Session %u with %s begins", number, lc_address_text(&path.remote, text));
    return number;
}

uint32_t lc_dtls_find_client(struct lc_dtls *dtls, const struct lc_security *security,
    const struct lc_address *remote, const char *host, bool any_key)
{
    struct lc_address bare = *remote;
    bare.session = 0;
    struct lc_connection *c = find_with(dtls, &bare, true);
    bool found = c != NULL && c->security == dtls->served && !c->is_doubted &&
                 lc_connection_serves(c, security, host, any_key);
    return found ? c->path.remote.session : 0;
}

bool lc_dtls_may_ask(struct lc_dtls *dtls, uint32_t session, bool by_certificate)
{
    struct lc_connection *c = find(dtls, session);
    return c != NULL && (c->security->is_server || dtls->served == NULL ||
                            lc_connection_may_ask(c, dtls->served, by_certificate));
}

bool lc_dtls_is_up(const struct lc_dtls *dtls, uint32_t session)
{
    struct lc_connection *c = find(dtls, session);
    return c != NULL && c->is_up && !c->has_ended;
}

void lc_dtls_doubt(struct lc_dtls *dtls, uint32_t session, lc_time silence)
{
    struct lc_connection *c = find(dtls, session);
    if (c != NULL && c->is_up && dtls->options.timers->now - c->heard >= silence) {
        c->is_doubted = true;
    }
}

bool lc_dtls_serves(const struct lc_dtls *dtls, uint32_t session)
{
    struct lc_connection *c = find(dtls, session);
    return c != NULL && c->security->is_server;
}

void lc_dtls_decide(struct lc_dtls *dtls, uint32_t session, bool accept)
{
    struct lc_connection *c = find(dtls, session);
    if (c != NULL) {
        lc_connection_decide(c, accept);
    }
}

void lc_dtls_close(struct lc_dtls *dtls, uint32_t session)
{
    struct lc_connection *c = find(dtls, session);
    if (c != NULL) {
        lc_connection_close(c, NULL);
    }
}

bool lc_dtls_look(const struct lc_dtls *dtls, uint32_t session, struct lc_dtls_view *out)
{
    struct lc_connection *c = find(dtls, session);
    if (c == NULL || !c->is_up) {
        return false;
    }
    *out = (struct lc_dtls_view){
        .certificate = c->peer,
        .psk_identity = lc_buf_bytes(&c->identity),
        .engine = c->security->context->engine,
    };
    out->engine->info(c->session, &out->info);
    return true;
}

int lc_dtls_explain_silence(const struct lc_dtls *dtls, uint32_t session, struct lc_error *error)
{
    struct lc_connection *c = find(dtls, session);
    if (c == NULL || c->handshake == NULL) {
        return lc_fail(error, LC_ERROR_TIMED_OUT, "the DTLS handshake was not done in time");
    }
    return lc_failure_of_silence(c, error);
}

size_t lc_dtls_count(const struct lc_dtls *dtls)
{
    return dtls->up_count;
}

size_t lc_dtls_handshakes(const struct lc_dtls *dtls)
{
    return dtls->handshaking_count;
}
