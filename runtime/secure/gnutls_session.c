/* The GnuTLS engine: its table, and the life of a session; what goes on in one is in gnutls_pump.c.
 */
#include "secure/gnutls_engine.h"

#include <gnutls/dtls.h>

#include "base/memory.h"

enum {
    RETRANSMIT_MS = 1000, /* the first; then twice as long each time (RFC 6347 section 4.2.4.1) */
    HANDSHAKE_MS = 64000,
    KEPT_SECONDS = 10 * 3600, /* sessions to be resumed; the reference says 10 hours */
    LEAST_DH_BITS = 1024,
};

static struct lc_gnutls_session *session_of(const struct lc_session *base)
{
    return (struct lc_gnutls_session *)base;
}

static int tell_secret(gnutls_session_t tls, const char *label, const gnutls_datum_t *secret)
{
    (void)label;
    const struct lc_gnutls_session *session = gnutls_session_get_ptr(tls);
    gnutls_datum_t client, server;
    gnutls_session_get_random(tls, &client, &server);
    session->base.upcalls->secret(session->base.arg, lc_bytes(client.data, client.size),
        lc_bytes(secret->data, secret->size));
    return 0;
}

/* GnuTLS calls tell_secret() when it computes the secret, which a resumed session has already. */
void lc_gnutls_tell_resumed(const struct lc_gnutls_session *session)
{
    if (session->base.upcalls->secret != NULL && gnutls_session_is_resumed(session->tls) != 0) {
        gnutls_datum_t secret;
        gnutls_session_get_master_secret(session->tls, &secret);
        tell_secret(session->tls, NULL, &secret);
    }
}

static unsigned flags_of(const struct lc_gnutls_context *context)
{
    unsigned flags = GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
    /* A certificate is shown whatever issuers the server hints at. */
    flags |= context->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT;
    flags |= (context->modes & LC_MODE_RAW_KEY) != 0 ? GNUTLS_ENABLE_RAWPK : 0;
    flags |= context->resumes ? 0 : GNUTLS_NO_TICKETS;
    return flags;
}

static int set_credentials(gnutls_session_t tls, const struct lc_gnutls_context *context)
{
    const struct {
        gnutls_credentials_type_t type;
        void *credentials;
    } all[] = {
        {GNUTLS_CRD_CERTIFICATE, context->certificates},
        {GNUTLS_CRD_PSK, context->psk_client},
        {GNUTLS_CRD_PSK, context->psk_server},
    };
    int result = gnutls_priority_set(tls, context->priority);
    for (size_t i = 0; result >= 0 && i < sizeof all / sizeof all[0]; i++) {
        if (all[i].credentials != NULL) {
            result = gnutls_credentials_set(tls, all[i].type, all[i].credentials);
        }
    }
    return result;
}

/* With a hello that is not the client's first, the handshake goes on where the one who asked for
 * the cookie left it: that was one message of ours, whose record number must not come again. */
static void continue_from(gnutls_session_t tls, const uint8_t *hello, size_t len)
{
    enum { SEQUENCE = 7, MESSAGE_SEQUENCE = 17 }; /* low halves, RFC 6347 4.1 and 4.2.2 */
    if (len < MESSAGE_SEQUENCE + 2) {
        return;
    }
    const uint8_t *d = hello + SEQUENCE, *m = hello + MESSAGE_SEQUENCE;
    gnutls_dtls_prestate_st state = {
        .record_seq = (unsigned)d[0] << 24 | (unsigned)d[1] << 16 | (unsigned)d[2] << 8 | d[3],
        .hsk_read_seq = (unsigned)m[0] << 8 | m[1],
    };
    state.hsk_write_seq = state.hsk_read_seq - 1; /* of the last HelloVerifyRequest */
    if (state.hsk_read_seq > 0) {
        gnutls_dtls_prestate_set(tls, &state);
    }
}

static int set_role(gnutls_session_t tls, const struct lc_gnutls_context *context,
    const struct lc_session_options *options)
{
    if (context->is_server) {
        gnutls_certificate_server_set_request(
            tls, context->asks_client ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
        gnutls_db_set_cache_expiration(tls, KEPT_SECONDS);
        return context->resumes ? gnutls_session_ticket_enable_server(tls, &context->ticket_key)
                                : GNUTLS_E_SUCCESS;
    }
    gnutls_dh_set_prime_bits(tls, LEAST_DH_BITS);
    if (context->resumes && options->saved.len > 0) {
        /* What cannot be read makes a full handshake. */
        gnutls_session_set_data(tls, options->saved.data, options->saved.len);
    }
    const char *name = options->server_name;
    return name == NULL ? GNUTLS_E_SUCCESS
                        : gnutls_server_name_set(tls, GNUTLS_NAME_DNS, name, strlen(name));
}

static int set_up(struct lc_gnutls_session *session, const struct lc_session_options *options)
{
    gnutls_session_t tls = session->tls;
    const struct lc_gnutls_context *context = session->context;
    gnutls_session_set_ptr(tls, session);
    gnutls_transport_set_ptr(tls, session);
    gnutls_transport_set_push_function(tls, lc_gnutls_push);
    gnutls_transport_set_pull_function(tls, lc_gnutls_pull);
    gnutls_transport_set_pull_timeout_function(tls, lc_gnutls_pull_timeout);
    gnutls_session_set_verify_function(tls, lc_gnutls_verify);
    gnutls_handshake_set_hook_function(
        tls, GNUTLS_HANDSHAKE_SERVER_HELLO, GNUTLS_HOOK_PRE, lc_gnutls_check_suite);
    if (session->base.upcalls->secret != NULL) {
        gnutls_session_set_keylog_function(tls, tell_secret);
    }
    gnutls_dtls_set_mtu(tls, (unsigned)options->mtu);
    gnutls_dtls_set_timeouts(tls, RETRANSMIT_MS, HANDSHAKE_MS);
    int result = set_credentials(tls, context);
    return result < 0 ? result : set_role(tls, context, options);
}

static struct lc_session *session_new(const struct lc_session_options *options)
{
    struct lc_gnutls_session *session = lc_zalloc(sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->base = (struct lc_session){
        .engine = &lc_engine_gnutls, .upcalls = options->upcalls, .arg = options->arg};
    session->context = (struct lc_gnutls_context *)options->context;
    session->timers = options->timers;
    if (gnutls_init(&session->tls, flags_of(session->context)) < 0) {
        lc_free(session);
        return NULL;
    }
    if (set_up(session, options) < 0) {
        gnutls_deinit(session->tls);
        lc_free(session);
        return NULL;
    }
    return &session->base;
}

static void session_free(struct lc_session *base)
{
    struct lc_gnutls_session *session = session_of(base);
    gnutls_deinit(session->tls);
    lc_free(session);
}

static void start(struct lc_session *base)
{
    lc_gnutls_pump(session_of(base));
}

static void input(struct lc_session *base, uint8_t *datagram, size_t len)
{
    struct lc_gnutls_session *session = session_of(base);
    if (session->context->is_server && !session->started) {
        continue_from(session->tls, datagram, len);
    }
    session->started = true;
    session->datagram = lc_bytes(datagram, len);
    lc_gnutls_pump(session);
}

static void expire(struct lc_session *base)
{
    lc_gnutls_pump(session_of(base));
}

static void decide(struct lc_session *base, int alert)
{
    struct lc_gnutls_session *session = session_of(base);
    if (session->state != LC_GNUTLS_WAITING) {
        return;
    }
    if (alert != 0) {
        gnutls_alert_send(session->tls, GNUTLS_AL_FATAL, (gnutls_alert_description_t)alert);
        lc_gnutls_end(session, &(struct lc_end){.reason = LC_END_REFUSED});
        return;
    }
    session->accepted = true;
    session->state = LC_GNUTLS_SHAKING;
    lc_gnutls_pump(session);
}

static size_t max_data(const struct lc_session *base)
{
    const struct lc_gnutls_session *session = session_of(base);
    return session->state == LC_GNUTLS_UP ? gnutls_dtls_get_data_mtu(session->tls) : 0;
}

static bool write(struct lc_session *base, struct lc_bytes data)
{
    struct lc_gnutls_session *session = session_of(base);
    if (data.len == 0 || data.len > max_data(base)) {
        return false;
    }
    ssize_t result = gnutls_record_send(session->tls, data.data, data.len);
    if (result < 0) {
        lc_gnutls_fail(session, (int)result);
    }
    return result >= 0;
}

static void close(struct lc_session *base)
{
    struct lc_gnutls_session *session = session_of(base);
    if (session->state == LC_GNUTLS_UP) {
        gnutls_bye(session->tls, GNUTLS_SHUT_WR);
    } else if (session->state != LC_GNUTLS_OVER && session->started) {
        gnutls_alert_send(session->tls, GNUTLS_AL_FATAL, GNUTLS_A_USER_CANCELED);
    }
    session->state = LC_GNUTLS_OVER;
}

static void info(const struct lc_session *base, struct lc_session_info *out)
{
    gnutls_session_t tls = session_of(base)->tls;
    *out = (struct lc_session_info){
        .version = gnutls_protocol_get_version(tls) == GNUTLS_DTLS1_0 ? LC_DTLS_1_0 : LC_DTLS_1_2,
        .suite = session_of(base)->suite,
        .group = lc_gnutls_group_of(tls),
        .resumed = gnutls_session_is_resumed(tls) != 0,
    };
}

static bool save(const struct lc_session *base, struct lc_buf *out)
{
    const struct lc_gnutls_session *session = session_of(base);
    gnutls_datum_t data = {0};
    if (session->context->is_server || !session->context->resumes ||
        session->state != LC_GNUTLS_UP || gnutls_session_get_data2(session->tls, &data) < 0) {
        return false;
    }
    bool saved = lc_buf_append(out, data.data, data.size);
    gnutls_memset(data.data, 0, data.size);
    gnutls_free(data.data);
    return saved;
}

static bool park(struct lc_session *base)
{
    (void)base;
    return false;
}

const struct lc_engine lc_engine_gnutls = {
    .name = "GnuTLS",
    .abilities = LC_ENGINE_CERTIFICATES | LC_ENGINE_RAW_KEYS | LC_ENGINE_PSK | LC_ENGINE_ED25519 |
                 LC_ENGINE_TOKENS | LC_ENGINE_DTLS_1_0,
    .max_psk = LC_GNUTLS_MAX_PSK,
    .has_suite = lc_gnutls_has_suite,
    .context_new = lc_gnutls_context_new,
    .context_free = lc_gnutls_context_free,
    .session_new = session_new,
    .session_free = session_free,
    .start = start,
    .input = input,
    .expire = expire,
    .decide = decide,
    .write = write,
    .max_data = max_data,
    .close = close,
    .info = info,
    .shown = lc_gnutls_shown,
    .save = save,
    .park = park,
};
