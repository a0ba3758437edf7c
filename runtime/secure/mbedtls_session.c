/* Sessions of the mbed TLS engine: input, output, time, parking; and the engine's table. */
#include "secure/mbedtls_private.h"

#include <mbedtls/platform_util.h>

#include "base/list.h"
#include "base/memory.h"
#include "base/pool.h"

static struct lc_mbedtls_session *of(struct lc_session *session)
{
    return lc_container(session, struct lc_mbedtls_session, base);
}

/* Bringing back what was parked changes nothing that callers can see. */
static struct lc_mbedtls_session *of_const(const struct lc_session *session)
{
    return of((struct lc_session *)session);
}

/* ---- What mbed TLS calls ---- */

static int send_datagram(void *arg, const unsigned char *data, size_t len)
{
    struct lc_mbedtls_session *session = ((struct lc_mbedtls_live *)arg)->session;
    session->base.upcalls->output(session->base.arg, lc_bytes(data, len));
    return (int)len;
}

static int receive_datagram(void *arg, unsigned char *room, size_t size)
{
    struct lc_mbedtls_live *live = arg;
    struct lc_bytes datagram = live->datagram;
    if (datagram.len == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    size_t len = datagram.len < size ? datagram.len : size;
    memcpy(room, datagram.data, len);
    live->datagram = lc_bytes(NULL, 0);
    return (int)len;
}

static void set_timer(void *arg, uint32_t first_delay, uint32_t last_delay)
{
    struct lc_mbedtls_live *live = arg;
    lc_time now = live->session->timers->now;
    live->timer_set = now;
    live->first_delay = first_delay;
    live->last_delay = last_delay;
    lc_mbedtls_wish(
        live->session, last_delay == 0 ? LC_NEVER : now + last_delay * (LC_SECOND / 1000));
}

/*
 * -1: not set; 0, 1, 2: none, one or both of the delays have passed. mbed TLS looks here before it
 * reads, and would send the old flight again though the answer to it has come: so the time is only
 * up when expire() says so.
 */
static int get_timer(void *arg)
{
    const struct lc_mbedtls_live *live = arg;
    if (live->last_delay == 0) {
        return -1;
    }
    lc_time passed = (live->session->timers->now - live->timer_set) / (LC_SECOND / 1000);
    return (passed >= live->first_delay) + (passed >= live->last_delay && live->is_expiring);
}

int lc_mbedtls_find_psk(
    void *arg, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t len)
{
    (void)arg;
    const struct lc_session *session =
        &lc_container(ssl, struct lc_mbedtls_live, ssl)->session->base;
    uint8_t key[MBEDTLS_PSK_MAX_LEN];
    size_t key_len =
        session->upcalls->find_key(session->arg, lc_bytes(identity, len), key, sizeof key);
    int r = key_len == 0 || key_len > sizeof key ? MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY
                                                 : mbedtls_ssl_set_hs_psk(ssl, key, key_len);
    mbedtls_platform_zeroize(key, sizeof key);
    return r;
}

/* ---- Parking ---- */

static void forget_parked(struct lc_mbedtls_session *session)
{
    struct lc_bytes *parked = &session->parked;
    if (parked->data != NULL) {
        mbedtls_platform_zeroize((void *)parked->data, parked->len);
        lc_pool_free((void *)parked->data);
        *parked = lc_bytes(NULL, 0);
    }
}

static void drop_live(struct lc_mbedtls_session *session)
{
    if (session->live != NULL) {
        mbedtls_ssl_free(&session->live->ssl);
        mbedtls_platform_zeroize(session->live, sizeof *session->live);
        lc_free(session->live);
        session->live = NULL;
    }
}

static bool make_live(struct lc_mbedtls_session *session)
{
    struct lc_mbedtls_live *live = lc_zalloc(sizeof *live);
    if (live == NULL) {
        return false;
    }
    live->session = session;
    mbedtls_ssl_init(&live->ssl);
    session->live = live;
    if (mbedtls_ssl_setup(&live->ssl, &session->context->conf) != 0) {
        drop_live(session);
        return false;
    }
    mbedtls_ssl_set_bio(&live->ssl, live, send_datagram, receive_datagram, NULL);
    mbedtls_ssl_set_timer_cb(&live->ssl, live, set_timer, get_timer);
    mbedtls_ssl_set_mtu(&live->ssl, session->phase == LC_MBEDTLS_UP ? 0 : session->mtu);
    /* Some peers take one record of a datagram and lose the others. */
    mbedtls_ssl_set_datagram_packing(&live->ssl, 0);
    return true;
}

/* False: the session was parked and there is no memory to go on, so it is over. */
static bool revive(struct lc_mbedtls_session *session)
{
    if (session->live != NULL) {
        return true;
    }
    bool back = make_live(session);
    if (back) {
        back = mbedtls_ssl_context_load(
                   &session->live->ssl, session->parked.data, session->parked.len) == 0;
    }
    forget_parked(session);
    if (!back) {
        lc_mbedtls_end(session, LC_END_MEMORY);
    }
    return back;
}

static bool park(struct lc_session *base)
{
    struct lc_mbedtls_session *session = of(base);
    size_t len = 0;
    if (session->phase != LC_MBEDTLS_UP || session->live == NULL) {
        return false;
    }
    mbedtls_ssl_context *ssl = &session->live->ssl;
    /* Any other answer: not with this suite or version, or the last flight may be asked for. */
    if (mbedtls_ssl_context_save(ssl, NULL, 0, &len) != MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL) {
        return false;
    }
    int max_data = mbedtls_ssl_get_max_out_record_payload(ssl);
    uint8_t *saved = lc_pool_zalloc(len);
    if (saved == NULL || max_data < 0) {
        lc_pool_free(saved);
        return false;
    }
    session->parked = lc_bytes(saved, len);
    int r = mbedtls_ssl_context_save(ssl, saved, len, &len);
    if (r != 0) {
        forget_parked(session);
        lc_mbedtls_fail(session, r);
        return false;
    }
    session->max_data = (uint16_t)max_data;
    drop_live(session);
    return true;
}

/* ---- Input and time ---- */

/* One record of application data; false: there is no more. */
static bool read_record(struct lc_mbedtls_session *session)
{
    uint8_t room[MBEDTLS_SSL_IN_CONTENT_LEN];
    int r = mbedtls_ssl_read(&session->live->ssl, room, sizeof room);
    if (r > 0) {
        session->base.upcalls->data(session->base.arg, room, (size_t)r);
        return true;
    }
    if (r != MBEDTLS_ERR_SSL_WANT_READ && r != MBEDTLS_ERR_SSL_WANT_WRITE) {
        lc_mbedtls_fail(session, r == 0 ? MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY : r);
    }
    return false;
}

static void drive(struct lc_mbedtls_session *session)
{
    while (session->phase == LC_MBEDTLS_HANDSHAKE && lc_mbedtls_step(session)) {
    }
    while (session->phase == LC_MBEDTLS_UP && read_record(session)) {
    }
}

static void start(struct lc_session *base)
{
    drive(of(base));
}

static void input(struct lc_session *base, uint8_t *datagram, size_t len)
{
    struct lc_mbedtls_session *session = of(base);
    if ((session->phase != LC_MBEDTLS_HANDSHAKE && session->phase != LC_MBEDTLS_UP) ||
        !revive(session)) {
        return;
    }
    session->live->datagram = lc_bytes(datagram, len);
    drive(session);
    session->live->datagram = lc_bytes(NULL, 0);
}

static void expire(struct lc_session *base)
{
    struct lc_mbedtls_session *session = of(base);
    if (session->live != NULL) {
        session->live->is_expiring = true;
        drive(session);
        session->live->is_expiring = false;
    }
}

static void send_alert(struct lc_mbedtls_session *session, int alert)
{
    mbedtls_ssl_send_alert_message(
        &session->live->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, (unsigned char)alert);
}

static void decide(struct lc_session *base, int alert)
{
    struct lc_mbedtls_session *session = of(base);
    if (session->phase != LC_MBEDTLS_ASKING) {
        return;
    }
    if (alert != 0) {
        send_alert(session, alert);
        lc_mbedtls_end(session, LC_END_REFUSED);
        return;
    }
    session->is_decided = true;
    session->phase = LC_MBEDTLS_HANDSHAKE;
    /* The pause is not the peer's: the flight before it has all its time again. */
    struct lc_mbedtls_live *live = session->live;
    if (live->last_delay != 0) {
        set_timer(live, live->first_delay, live->last_delay);
    }
    drive(session);
}

/* ---- Once up ---- */

/* mbed TLS sends no datagram longer than 508 bytes once a flight was lost twice (RFC 6347 4.1.1.1),
 * which lasts until it forgets the handshake: at a resumed client, until the first data comes. */
static size_t max_data(const struct lc_session *base)
{
    const struct lc_mbedtls_session *session = of_const(base);
    if (session->live == NULL) {
        return session->max_data;
    }
    int len = session->phase == LC_MBEDTLS_UP
                  ? mbedtls_ssl_get_max_out_record_payload(&session->live->ssl)
                  : 0;
    return len > 0 ? (size_t)len : 0;
}

static bool write_record(struct lc_session *base, struct lc_bytes data)
{
    struct lc_mbedtls_session *session = of(base);
    if (session->phase != LC_MBEDTLS_UP || data.len > max_data(base) || !revive(session)) {
        return false;
    }
    int r = mbedtls_ssl_write(&session->live->ssl, data.data, data.len);
    if (r < 0) {
        lc_mbedtls_fail(session, r);
    }
    return r >= 0;
}

/* No alert from who has sent nothing yet, for it would tell the peer nothing. */
static void close_session(struct lc_session *base)
{
    struct lc_mbedtls_session *session = of(base);
    bool was_up = session->phase == LC_MBEDTLS_UP;
    if (session->phase == LC_MBEDTLS_OVER || (was_up && !revive(session))) {
        return;
    }
    if (was_up) {
        mbedtls_ssl_close_notify(&session->live->ssl);
    } else if (session->live->ssl.LC_MBEDTLS(state) > MBEDTLS_SSL_CLIENT_HELLO) {
        send_alert(session, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
    }
    session->phase = LC_MBEDTLS_OVER;
    lc_mbedtls_wish(session, LC_NEVER);
}

static void info(const struct lc_session *base, struct lc_session_info *out)
{
    *out = of_const(base)->info;
}

static void shown(const struct lc_session *base, struct lc_shown *out)
{
    struct lc_mbedtls_session *session = of_const(base);
    bool can = session->phase == LC_MBEDTLS_UP && revive(session);
    lc_mbedtls_show(can ? session->live->ssl.LC_MBEDTLS(session) : NULL, out);
}

static bool save(const struct lc_session *base, struct lc_buf *out)
{
    struct lc_mbedtls_session *session = of_const(base);
    if (session->phase != LC_MBEDTLS_UP || !session->context->resumes ||
        session->context->is_server || !revive(session)) {
        return false;
    }
    const mbedtls_ssl_session *state = session->live->ssl.LC_MBEDTLS(session);
    if (state->LC_MBEDTLS(id_len) == 0 && state->LC_MBEDTLS(ticket_len) == 0) {
        return false;
    }
    struct lc_bytes bytes = lc_mbedtls_serialize(state);
    bool saved = bytes.len > 0 && lc_buf_append(out, bytes.data, bytes.len);
    lc_mbedtls_forget(&bytes);
    return saved;
}

/* ---- Life ---- */

/* What cannot be read, from another version perhaps, is left: the handshake is then a full one. */
static void offer(struct lc_mbedtls_session *session, struct lc_bytes saved)
{
    mbedtls_ssl_session state;
    mbedtls_ssl_session_init(&state);
    if (saved.len > 0 && mbedtls_ssl_session_load(&state, saved.data, saved.len) == 0) {
        mbedtls_ssl_set_session(&session->live->ssl, &state);
    }
    mbedtls_ssl_session_free(&state);
}

static void session_free(struct lc_session *base)
{
    struct lc_mbedtls_session *session = of(base);
    drop_live(session);
    forget_parked(session);
    lc_pool_free(session);
}

static struct lc_session *session_new(const struct lc_session_options *options)
{
    struct lc_mbedtls_session *session = lc_pool_zalloc(sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->base = (struct lc_session){&lc_engine_mbedtls, options->upcalls, options->arg};
    session->context = lc_container(options->context, struct lc_mbedtls_context, base);
    session->timers = options->timers;
    session->mtu = options->mtu < UINT16_MAX ? (uint16_t)options->mtu : UINT16_MAX;
    if (!make_live(session)) {
        lc_pool_free(session);
        return NULL;
    }
    lc_mbedtls_set_export(&session->live->ssl, session->context);
    if (session->context->is_server) {
        lc_mbedtls_context_keep_sessions(session->context, options->timers);
        return &session->base;
    }
    /* Without a name there is no SNI. Names in certificates are not compared here at all. */
    if (mbedtls_ssl_set_hostname(&session->live->ssl, options->server_name) != 0) {
        session_free(&session->base);
        return NULL;
    }
    offer(session, options->saved);
    return &session->base;
}

const struct lc_engine lc_engine_mbedtls = {
    .name = "mbedTLS",
    .abilities = LC_ENGINE_CERTIFICATES | LC_ENGINE_PSK | LC_ENGINE_PARKS | LC_MBEDTLS_OLD_VERSIONS,
    .max_psk = MBEDTLS_PSK_MAX_LEN,
    .has_suite = lc_mbedtls_has_suite,
    .context_new = lc_mbedtls_context_new,
    .context_free = lc_mbedtls_context_free,
    .session_new = session_new,
    .session_free = session_free,
    .start = start,
    .input = input,
    .expire = expire,
    .decide = decide,
    .write = write_record,
    .max_data = max_data,
    .close = close_session,
    .info = info,
    .shown = shown,
    .save = save,
    .park = park,
};
