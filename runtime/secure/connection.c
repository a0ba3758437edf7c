/* The life of one session: its beginning, what its engine says, data both ways, its end. */
#include "secure/connection.h"

#include <arpa/inet.h>
#include <time.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/pool.h"
#include "secure/hello.h"
#include "secure/keylog.h"

enum {
    MTU = 1232, /* what every IPv6 link carries in one piece (RFC 8200 5), less IP and UDP */
    CERTIFICATE_UNKNOWN = 46,
};

static lc_time now_of(const struct lc_connection *c)
{
    return c->dtls->options.timers->now;
}

/* ---- The end ---- */

static void destroy(struct lc_connection *c)
{
    lc_handshake_free(c->handshake);
    if (c->session != NULL) {
        lc_connection_engine(c)->session_free(c->session);
    }
    lc_certificate_release(c->peer);
    lc_security_release(c->security);
    lc_buf_free(&c->identity);
    lc_free(c->host);
    lc_free(c->judgement);
    lc_free(c->failure);
    lc_pool_free(c);
}

/* Out of the table; nothing of it fires any more. */
static void unlink_connection(struct lc_connection *c)
{
    struct lc_dtls *dtls = c->dtls;
    lc_map_remove(&dtls->by_address, &c->by_address);
    lc_map_remove(&dtls->by_number, &c->by_number);
    lc_list_remove(&c->link);
    lc_dtls_count_handshake(c, c->is_up ? 0 : -1);
    lc_dtls_count_up(dtls, c->is_up ? -1 : 0);
    lc_timer_clear(dtls->options.timers, &c->deadline);
    if (c->handshake != NULL) {
        lc_step_cancel(&c->handshake->step);
    }
    c->is_gone = true;
}

void lc_connection_enter(struct lc_connection *c)
{
    lc_dtls_enter(c->dtls);
    c->depth++;
}

/* False: it is gone, and so may be the lc_dtls. */
bool lc_connection_leave(struct lc_connection *c)
{
    struct lc_dtls *dtls = c->dtls;
    bool is_gone = c->is_gone;
    if (--c->depth == 0 && is_gone) {
        destroy(c);
    }
    return lc_dtls_leave(dtls) && !is_gone;
}

static void tell(struct lc_connection *c, const struct lc_error *error)
{
    struct lc_dtls *dtls = c->dtls;
    char text[LC_ADDRESS_TEXT];
    lc_dtls_say(dtls, "Session %u with %s ended: %s", c->path.remote.session,
        lc_address_text(&c->path.remote, text), error->text);
    if (!dtls->is_closed) {
        dtls->options.upcalls.closed(dtls->options.upcalls.arg, &c->path.remote, error);
    }
}

void lc_connection_fail(struct lc_connection *c, const struct lc_error *error)
{
    lc_free(c->failure);
    c->failure = lc_alloc(sizeof *c->failure);
    if (c->failure != NULL) {
        *c->failure = *error;
    }
    lc_timer_set(c->dtls->options.timers, &c->deadline, now_of(c));
    c->has_ended = true;
}

static void end(struct lc_connection *c, const struct lc_error *error, bool says_goodbye)
{
    if (c->is_gone) {
        return;
    }
    lc_connection_enter(c);
    unlink_connection(c);
    if (says_goodbye && !c->has_ended && c->session != NULL) {
        lc_connection_engine(c)->close(c->session);
    }
    c->has_ended = true;
    if (error != NULL) {
        tell(c, error);
    }
    lc_connection_leave(c);
}

void lc_connection_finish(struct lc_connection *c, const struct lc_error *error)
{
    end(c, error, false);
}

void lc_connection_close(struct lc_connection *c, const struct lc_error *error)
{
    end(c, error, true);
}

/* ---- What the engine says ---- */

static void output(void *arg, struct lc_bytes datagram)
{
    struct lc_connection *c = arg;
    struct lc_path path = c->path;
    path.remote.session = 0;
    lc_dtls_say_records(c->dtls, "sent to", &path, datagram);
    struct lc_transport *under = c->dtls->options.under; /* who is told may have put another */
    uint8_t *room = under->reserve(under, datagram.len);
    if (room != NULL) {
        memcpy(room, datagram.data, datagram.len);
        under->commit(under, &path, datagram.len);
    }
}

static void set_deadline(void *arg, lc_time at)
{
    struct lc_connection *c = arg;
    if (c->has_ended) {
        return;
    }
    if (c->is_gone || at == LC_NEVER) {
        lc_timer_clear(c->dtls->options.timers, &c->deadline);
    } else {
        lc_timer_set(c->dtls->options.timers, &c->deadline, at);
    }
}

void lc_connection_keep_peer(struct lc_connection *c, const struct lc_shown *shown)
{
    lc_certificate_release(c->peer);
    c->peer = NULL;
    if (shown->count > 0) {
        c->peer = shown->is_raw_key ? lc_certificate_from_spki(shown->chain[0])
                                    : lc_certificate_from_chain(shown->chain, shown->count);
    }
}

static void authenticate(void *arg, const struct lc_shown *shown)
{
    struct lc_connection *c = arg;
    lc_connection_keep_peer(c, shown);
    lc_trust_check(c->security->trust, shown, c->host, time(NULL), &c->handshake->finding);
    c->handshake->has_finding = true;
}

static size_t find_key(void *arg, struct lc_bytes identity, uint8_t *key, size_t room)
{
    struct lc_connection *c = arg;
    const struct lc_dtls_upcalls *upcalls = &c->dtls->options.upcalls;
    lc_buf_set(&c->identity, identity.data, identity.len);
    if (c->is_gone) {
        return 0;
    }
    size_t len = lc_security_find_key(c->security, identity, key, room);
    return len > 0 ? len
                   : upcalls->find_key(upcalls->arg, c->path.remote.session, identity, key, room);
}

static void up(void *arg)
{
    struct lc_connection *c = arg;
    lc_dtls_count_handshake(c, -1);
    lc_dtls_count_up(c->dtls, 1);
    c->is_up = true;
    c->heard = now_of(c);
    c->taken++;
}

static void secret(void *arg, struct lc_bytes client_random, struct lc_bytes master)
{
    struct lc_connection *c = arg;
    const struct lc_dtls_upcalls *upcalls = &c->dtls->options.upcalls;
    if (c->security->keylog != NULL) {
        lc_keylog_write(c->security->keylog, client_random, master);
    }
    if (lc_dtls_wants(c->dtls, LC_DTLS_TELLS_SECRETS)) {
        char line[LC_KEYLOG_LINE];
        size_t len = lc_keylog_line(line, client_random, master);
        upcalls->secret(upcalls->arg, &c->path.remote, lc_bytes(line, len));
        explicit_bzero(line, sizeof line);
    }
}

static void data(void *arg, uint8_t *bytes, size_t len)
{
    struct lc_connection *c = arg;
    const struct lc_receiver *above = &c->dtls->options.above;
    c->taken++;
    if (c->handshake != NULL) {
        lc_handshake_keep(c->handshake, lc_bytes(bytes, len));
    } else if (!c->is_gone) {
        above->receive(above->arg, &c->path, bytes, len);
    }
}

static void closed(void *arg, const struct lc_end *why)
{
    struct lc_connection *c = arg;
    c->taken++;
    if (c->is_gone) {
        return;
    }
    struct lc_error error;
    lc_failure_of(c, why, &error);
    lc_connection_fail(c, &error);
}

static const struct lc_session_upcalls engine_upcalls = {
    .output = output,
    .deadline = set_deadline,
    .authenticate = authenticate,
    .find_key = find_key,
    .up = up,
    .secret = secret,
    .data = data,
    .closed = closed,
};

/* ---- The verbs ---- */

void lc_connection_use(struct lc_connection *c)
{
    c->used = now_of(c);
    c->is_parked = false;
    lc_list_remove(&c->link);
    lc_list_append(&c->dtls->busy, &c->link);
    lc_dtls_sweep_later(c->dtls);
}

void lc_connection_save(const struct lc_connection *c)
{
    struct lc_session_cache *saved = c->dtls->options.saved;
    struct lc_buf key = {0}, session = {0};
    if (saved != NULL && !c->security->is_server &&
        lc_security_session_key(c->security, &c->path.remote, c->host, &key) &&
        lc_connection_engine(c)->save(c->session, &session)) {
        lc_session_cache_put(saved, lc_buf_bytes(&key), lc_buf_bytes(&session));
    }
    lc_buf_free(&key);
    lc_buf_wipe(&session);
}

/* Whether it held anything authentic. Only that moves the end of ours which we answer from. */
static bool take(
    struct lc_connection *c, const struct lc_address *local, uint8_t *bytes, size_t len)
{
    unsigned before = c->taken;
    struct lc_address usual = c->path.local;
    c->path.local = *local;
    lc_connection_engine(c)->input(c->session, bytes, len);
    if (c->taken == before) {
        c->path.local = usual;
        return false;
    }
    c->heard = now_of(c);
    c->is_doubted = false;
    return true;
}

bool lc_connection_input(
    struct lc_connection *c, const struct lc_address *local, uint8_t *bytes, size_t len)
{
    if (!c->is_up) {
        lc_handshake_queue(c->handshake, lc_bytes(bytes, len));
        return true;
    }
    lc_connection_enter(c);
    bool took = take(c, local, bytes, len);
    if (took && !c->is_gone) {
        lc_connection_use(c);
    }
    lc_handshake_settle(c);
    if (lc_connection_leave(c) && !took && c->is_parked && c->depth == 0) {
        lc_connection_engine(c)->park(c->session); /* garbage costs no memory */
    }
    return took;
}

void lc_connection_write(struct lc_connection *c, struct lc_bytes bytes)
{
    if (!c->is_up || c->has_ended) {
        return;
    }
    if (lc_connection_engine(c)->write(c->session, bytes)) {
        lc_connection_use(c);
    } else {
        lc_log(c->dtls->options.log, LC_LOG_INFO,
            "a message of %zu bytes is dropped: a DTLS record of session %u takes %zu", bytes.len,
            c->path.remote.session, lc_connection_engine(c)->max_data(c->session));
    }
}

void lc_connection_decide(struct lc_connection *c, bool accept)
{
    struct lc_handshake *handshake = c->handshake;
    if (handshake == NULL || !handshake->waits_for_verdict || handshake->has_verdict) {
        return;
    }
    int alert = handshake->finding.alert != 0 ? handshake->finding.alert : CERTIFICATE_UNKNOWN;
    handshake->verdict = accept ? 0 : alert;
    handshake->has_verdict = true;
    lc_handshakes_add(c->dtls->options.handshakes, &handshake->step);
}

/* Not while the engine has an upcall under way that turned the loop. */
void lc_connection_park(struct lc_connection *c)
{
    c->is_parked = c->depth == 0 && lc_connection_engine(c)->park(c->session);
    lc_list_remove(&c->link);
    lc_list_append(&c->dtls->resting, &c->link);
    if (c->is_parked) {
        lc_dtls_count_parked();
    }
}

/* ---- The beginning ---- */

/* RFC 6066 3: literal addresses are no server names. */
static bool is_literal(const char *host)
{
    struct lc_address address;
    return lc_address_parse(&address, lc_bytes_text(host));
}

bool lc_connection_begin(struct lc_connection *c)
{
    struct lc_session_cache *saved = c->dtls->options.saved;
    struct lc_buf key = {0};
    struct lc_session_options options = {
        .context = c->security->context,
        .timers = c->dtls->options.timers,
        .upcalls = &engine_upcalls,
        .arg = c,
        .mtu = MTU,
        .server_name = c->host == NULL || is_literal(c->host) ? NULL : c->host,
    };
    if (saved != NULL && !c->security->is_server &&
        lc_security_session_key(c->security, &c->path.remote, c->host, &key)) {
        options.saved = lc_session_cache_get(saved, lc_buf_bytes(&key));
    }
    c->session = lc_connection_engine(c)->session_new(&options);
    lc_buf_free(&key);
    return c->session != NULL;
}

static bool insert(struct lc_connection *c)
{
    struct lc_dtls *dtls = c->dtls;
    struct lc_address bare = c->path.remote;
    bare.session = 0;
    if (!lc_map_insert(&dtls->by_address, &c->by_address, lc_address_hash(&bare))) {
        return false;
    }
    if (!lc_map_insert(&dtls->by_number, &c->by_number, c->path.remote.session)) {
        lc_map_remove(&dtls->by_address, &c->by_address);
        return false;
    }
    return true;
}

static bool prepare(struct lc_connection *c, const char *host, struct lc_bytes hello)
{
    if (host != NULL) {
        c->host = lc_copy(host, strlen(host));
    }
    c->handshake = lc_handshake_new(c);
    if ((host != NULL && c->host == NULL) || c->handshake == NULL) {
        return false;
    }
    if (c->security->is_server) {
        c->handshake->hello = lc_hello_print(hello);
        if (!lc_handshake_queue(c->handshake, hello)) {
            return false;
        }
    }
    return insert(c);
}

/* Of all endpoints, so that one that is opened anew never takes an old session's. */
static uint32_t next_number(void)
{
    static uint32_t last;
    last += last == UINT32_MAX ? 2 : 1;
    return last;
}

struct lc_connection *lc_connection_new(struct lc_dtls *dtls, struct lc_security *security,
    const struct lc_path *path, const char *host, struct lc_bytes hello)
{
    struct lc_connection *c = lc_pool_zalloc(sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->dtls = dtls;
    c->security = lc_security_hold(security);
    c->path = *path;
    c->path.remote.session = next_number();
    c->used = dtls->options.timers->now;
    lc_timer_init(&c->deadline, lc_handshake_deadline);
    if (!prepare(c, host, hello)) {
        destroy(c);
        return NULL;
    }
    lc_list_append(&dtls->handshaking, &c->link);
    lc_dtls_count_handshake(c, 1);
    lc_handshakes_add(dtls->options.handshakes, &c->handshake->step);
    lc_dtls_sweep_later(dtls);
    return c;
}
