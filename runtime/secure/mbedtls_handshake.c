/*
 * The handshake of the mbed TLS engine, stepped by hand, so that it can stand still while somebody
 * decides about the peer's certificate; and how it, or the session, ends.
 */
#include "secure/mbedtls_private.h"

#include <mbedtls/error.h>

/* ---- The end ---- */

/* Errors that both versions have and that have a reason of their own. */
static const struct {
    int error;
    enum lc_end_reason reason;
} reasons[] = {
    {MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, LC_END_CLOSED},
    {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, LC_END_ALERT},
    {MBEDTLS_ERR_SSL_INVALID_MAC, LC_END_WRONG_KEY},
    {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, LC_END_UNKNOWN_PSK},
    {MBEDTLS_ERR_SSL_TIMEOUT, LC_END_TIMED_OUT},
    {MBEDTLS_ERR_SSL_ALLOC_FAILED, LC_END_MEMORY},
    {MBEDTLS_ERR_X509_ALLOC_FAILED, LC_END_MEMORY},
};

static enum lc_end_reason reason_of(int error)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].error == error) {
            return reasons[i].reason;
        }
    }
    return lc_mbedtls_is_no_suite(error) ? LC_END_NO_SUITE : LC_END_PROTOCOL;
}

static void end(struct lc_mbedtls_session *session, const struct lc_end *end)
{
    session->phase = LC_MBEDTLS_OVER;
    lc_mbedtls_wish(session, LC_NEVER);
    session->base.upcalls->closed(session->base.arg, end);
}

void lc_mbedtls_end(struct lc_mbedtls_session *session, enum lc_end_reason reason)
{
    end(session, &(struct lc_end){.reason = reason});
}

/* A Certificate message with an empty list: RFC 5246 7.4.2 lets no server send one. */
static bool shows_nothing(const struct lc_mbedtls_live *live)
{
    const uint8_t *message = live->ssl.LC_MBEDTLS(in_msg);
    return live->ssl.LC_MBEDTLS(state) == MBEDTLS_SSL_SERVER_CERTIFICATE && message != NULL &&
           message[0] == MBEDTLS_SSL_HS_CERTIFICATE && memcmp(message + 1, "\0\0\3", 3) == 0;
}

/* A server without a group in common: the one failure for which mbed TLS sends no alert. */
static bool finds_no_group(const struct lc_mbedtls_session *session)
{
    return session->context->is_server &&
           session->live->ssl.LC_MBEDTLS(state) == MBEDTLS_SSL_SERVER_KEY_EXCHANGE;
}

void lc_mbedtls_fail(struct lc_mbedtls_session *session, int error)
{
    char text[128];
    mbedtls_strerror(error, text, sizeof text);
    struct lc_end why = {.reason = reason_of(error), .text = text};
    if (why.reason == LC_END_ALERT) {
        /* level and number; mbed TLS has no function that tells */
        why.alert = session->live->ssl.LC_MBEDTLS(in_msg)[1];
    } else if (why.reason == LC_END_PROTOCOL && shows_nothing(session->live)) {
        why.reason = LC_END_NO_CERTIFICATE;
    } else if (why.reason == LC_END_CLOSED) {
        mbedtls_ssl_close_notify(&session->live->ssl); /* RFC 5246 7.2.1 */
    } else if (why.reason == LC_END_NO_SUITE && finds_no_group(session)) {
        mbedtls_ssl_send_alert_message(&session->live->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
            MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    }
    end(session, &why);
}

/* ---- The peer's certificates ---- */

void lc_mbedtls_show(const mbedtls_ssl_session *from, struct lc_shown *out)
{
    *out = (struct lc_shown){0};
    const mbedtls_x509_crt *certificate = from == NULL ? NULL : from->LC_MBEDTLS(peer_cert);
    for (; certificate != NULL && out->count < LC_CHAIN_MAX; certificate = certificate->next) {
        out->chain[out->count++] = lc_bytes(certificate->raw.p, certificate->raw.len);
    }
}

static unsigned exchange_of(const struct lc_mbedtls_live *live)
{
    const mbedtls_ssl_session *session = live->ssl.LC_MBEDTLS(session_negotiate);
    const mbedtls_ssl_ciphersuite_t *suite =
        session == NULL ? NULL : mbedtls_ssl_ciphersuite_from_id(session->LC_MBEDTLS(ciphersuite));
    return suite == NULL ? MBEDTLS_KEY_EXCHANGE_NONE : suite->LC_MBEDTLS(key_exchange);
}

/* Key exchanges in which no server, and no client, shows a certificate. */
static bool shows_no_server(unsigned exchange)
{
    return exchange == MBEDTLS_KEY_EXCHANGE_PSK || exchange == MBEDTLS_KEY_EXCHANGE_DHE_PSK ||
           exchange == MBEDTLS_KEY_EXCHANGE_ECDHE_PSK;
}

static bool shows_no_client(unsigned exchange)
{
    return shows_no_server(exchange) || exchange == MBEDTLS_KEY_EXCHANGE_RSA_PSK;
}

/*
 * The handshake stops once the peer has proved that its key is its own, and before our next flight:
 * a client behind ServerKeyExchange, a server behind CertificateVerify. A suite of which nothing is
 * known counts as one with certificates.
 */
static bool must_ask(const struct lc_mbedtls_session *session)
{
    const struct lc_mbedtls_live *live = session->live;
    bool is_server = session->context->is_server;
    int stop = is_server ? MBEDTLS_SSL_CLIENT_CHANGE_CIPHER_SPEC : MBEDTLS_SSL_CERTIFICATE_REQUEST;
    if (session->is_decided || !session->is_full || live->ssl.LC_MBEDTLS(state) < stop) {
        return false;
    }
    unsigned exchange = exchange_of(live);
    return is_server ? session->context->asks_client && !shows_no_client(exchange)
                     : !shows_no_server(exchange);
}

static void ask(struct lc_mbedtls_session *session)
{
    struct lc_shown shown;
    lc_mbedtls_show(session->live->ssl.LC_MBEDTLS(session_negotiate), &shown);
    if (shown.count == 0 && !session->context->is_server) {
        lc_mbedtls_end(session, LC_END_NO_CERTIFICATE);
        return;
    }
    session->phase = LC_MBEDTLS_ASKING;
    lc_mbedtls_wish(session, LC_NEVER);
    session->base.upcalls->authenticate(session->base.arg, &shown);
}

/* ---- The handshake ---- */

/* The group of an ECDHE exchange, which mbed TLS forgets afterwards: RFC 8422 5.4 has it at the
 * beginning of ServerKeyExchange, RFC 5489 behind a hint. */
static void note_group(struct lc_mbedtls_session *session)
{
    enum { HEADER = 12, NAMED_CURVE = 3 };
    const struct lc_mbedtls_live *live = session->live;
    const uint8_t *message =
        session->context->is_server ? live->ssl.LC_MBEDTLS(out_msg) : live->ssl.LC_MBEDTLS(in_msg);
    unsigned exchange = exchange_of(live);
    bool has_hint = exchange == MBEDTLS_KEY_EXCHANGE_ECDHE_PSK;
    if (message[0] != MBEDTLS_SSL_HS_SERVER_KEY_EXCHANGE ||
        !(has_hint || exchange == MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA ||
            exchange == MBEDTLS_KEY_EXCHANGE_ECDHE_RSA)) {
        return;
    }
    /* The message has been read or written by mbed TLS, so it is well formed. */
    const uint8_t *curve = message + HEADER;
    if (has_hint) {
        curve += 2 + (curve[0] << 8 | curve[1]);
    }
    if (curve[0] == NAMED_CURVE) {
        session->info.group = (uint16_t)(curve[1] << 8 | curve[2]);
    }
}

static void become_up(struct lc_mbedtls_session *session)
{
    const mbedtls_ssl_context *ssl = &session->live->ssl;
    session->info.version =
        strcmp(mbedtls_ssl_get_version(ssl), "DTLSv1.0") == 0 ? LC_DTLS_1_0 : LC_DTLS_1_2;
    session->info.suite = (uint16_t)ssl->LC_MBEDTLS(session)->LC_MBEDTLS(ciphersuite);
    session->info.resumed = !session->is_full;
    session->phase = LC_MBEDTLS_UP;
    /* A message is as long as the one above wants it; what is too long for a link, IP cuts. */
    mbedtls_ssl_set_mtu(&session->live->ssl, 0);
    lc_mbedtls_forget_backoff(&session->live->ssl);
    session->base.upcalls->up(session->base.arg);
}

/* mbed TLS derives the keys of a parked session anew when that comes back: the secret was told. */
void lc_mbedtls_tell_secret(
    struct lc_mbedtls_context *context, struct lc_bytes client_random, struct lc_bytes secret)
{
    const struct lc_mbedtls_session *session = context->stepping;
    if (session != NULL && session->base.upcalls->secret != NULL) {
        session->base.upcalls->secret(session->base.arg, client_random, secret);
    }
}

bool lc_mbedtls_step(struct lc_mbedtls_session *session)
{
    mbedtls_ssl_context *ssl = &session->live->ssl;
    if (must_ask(session)) {
        ask(session);
        return false;
    }
    int state = ssl->LC_MBEDTLS(state);
    session->is_full = session->is_full || state == MBEDTLS_SSL_SERVER_CERTIFICATE;
    session->context->stepping = session;
    int r = mbedtls_ssl_handshake_step(ssl);
    session->context->stepping = NULL;
    if (r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return false;
    }
    if (r != 0) {
        lc_mbedtls_fail(session, r);
        return false;
    }
    if (state == MBEDTLS_SSL_SERVER_KEY_EXCHANGE) {
        note_group(session);
    }
    if (ssl->LC_MBEDTLS(state) == MBEDTLS_SSL_HANDSHAKE_OVER) {
        become_up(session);
    }
    return true;
}
