/*
 * Contexts of the mbed TLS engine: credentials and rules, as one mbedtls_ssl_config that all
 * sessions share.
 */
#include "secure/mbedtls_private.h"

#include <mbedtls/error.h>
#include <mbedtls/oid.h>

#include "base/list.h"
#include "base/memory.h"

/* The sessions that a server keeps to be resumed. */
enum { CACHE_ENTRIES = 10000, CACHE_BYTES = 8 << 20 };

static const lc_time cache_lifetime = 10 * 3600 * LC_SECOND;

/* RFC 6347 4.2.4.1: 1 s, doubled up to no less than 60 s. In milliseconds. */
enum { FIRST_TIMEOUT = 1000, LAST_TIMEOUT = 60000 };

static struct lc_mbedtls_context *of(struct lc_context *context)
{
    return lc_container(context, struct lc_mbedtls_context, base);
}

void lc_mbedtls_forget(struct lc_bytes *secret)
{
    if (secret->data != NULL) {
        explicit_bzero((void *)secret->data, secret->len);
        lc_free((void *)secret->data);
    }
    *secret = lc_bytes(NULL, 0);
}

static int fail_with(struct lc_error *error, const char *what, int number)
{
    char text[128];
    mbedtls_strerror(number, text, sizeof text);
    return lc_fail(error, LC_ERROR_CREDENTIALS, "mbed TLS cannot use %s: %s", what, text);
}

/* ---- Credentials ---- */

static int check_own(const struct lc_certificate *own, struct lc_error *error)
{
    static const char words[] = "SSLProvider=GnuTLS can, or take an RSA or EC key";
    if (own->key_kind != LC_KEY_RSA && own->key_kind != LC_KEY_EC) {
        return lc_fail(error, LC_ERROR_CREDENTIALS, "mbed TLS cannot use %s key: %s",
            own->key_kind == LC_KEY_ED25519 ? "an Ed25519" : "this kind of", words);
    }
    if (own->key.len == 0 && own->key_url != NULL) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "mbed TLS cannot use a key that stays in its token: %s from a file", words);
    }
    if (own->key.len == 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "the certificate has no private key, which the handshake needs");
    }
    if (own->chain_len == 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "a bare key without its certificate works only with UseRawPublicKey");
    }
    return LC_OK;
}

static int check(const struct lc_secure_config *config, struct lc_error *error)
{
    if ((config->modes & LC_MODE_RAW_KEY) != 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "mbed TLS has no raw public keys (RFC 7250): take SSLProvider=GnuTLS");
    }
    if ((config->modes & LC_MODE_CERTIFICATE) != 0 && config->is_server && config->own == NULL) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "a server needs a certificate with its private key, or a pre-shared key");
    }
    if ((config->modes & LC_MODE_PSK) == 0 || config->is_server) {
        return LC_OK;
    }
    if (config->psk_key.len > MBEDTLS_PSK_MAX_LEN) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "the pre-shared key has %zu bytes, but mbed TLS takes at most %d", config->psk_key.len,
            MBEDTLS_PSK_MAX_LEN);
    }
    if (config->psk_key.len == 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS, "there is no pre-shared key");
    }
    return LC_OK;
}

static int append_certificate(
    struct lc_mbedtls_context *context, struct lc_bytes der, struct lc_error *error)
{
    int r = mbedtls_x509_crt_parse_der(&context->own, der.data, der.len);
    return r == 0 ? LC_OK : fail_with(error, "a certificate", r);
}

/* mbed TLS would not choose it, and say that there is no suite in common. */
static int check_purpose(const mbedtls_x509_crt *own, struct lc_error *error)
{
    if (mbedtls_x509_crt_check_extended_key_usage(
            own, MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) == 0) {
        return LC_OK;
    }
    return lc_fail(error, LC_ERROR_CREDENTIALS,
        "mbed TLS shows no certificate of a server that is not meant for servers: its "
        "ExtendedKeyUsage lacks 1.3.6.1.5.5.7.3.1");
}

static int set_own(struct lc_mbedtls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    const struct lc_certificate *own = config->own;
    if (own == NULL || (config->modes & LC_MODE_CERTIFICATE) == 0) {
        return LC_OK;
    }
    int code = check_own(own, error);
    for (size_t i = 0; code == LC_OK && i < own->chain_len; i++) {
        code = append_certificate(context, own->chain[i], error);
    }
    for (size_t i = 0; code == LC_OK && i < config->extra_count; i++) {
        code = append_certificate(context, config->extra[i], error);
    }
    if (code != LC_OK) {
        return code;
    }
    if (config->is_server && check_purpose(&context->own, error) != LC_OK) {
        return error->code;
    }
    int r = lc_mbedtls_parse_key(&context->key, own->key);
    if (r != 0) {
        return fail_with(error, "the private key", r);
    }
    r = mbedtls_ssl_conf_own_cert(&context->conf, &context->own, &context->key);
    return r == 0 ? LC_OK : lc_fail_memory(error);
}

static int set_psk(struct lc_mbedtls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    if ((config->modes & LC_MODE_PSK) == 0) {
        return LC_OK;
    }
    if (!config->is_server) {
        int r = mbedtls_ssl_conf_psk(&context->conf, config->psk_key.data, config->psk_key.len,
            config->psk_identity.data, config->psk_identity.len);
        return r == 0 ? LC_OK : fail_with(error, "the pre-shared key or its identity", r);
    }
    mbedtls_ssl_conf_psk_cb(&context->conf, lc_mbedtls_find_psk, NULL);
    return LC_OK;
}

/* ---- Suites, groups, signatures ---- */

/* What a key exchange takes; those without a row are never used. */
static const struct {
    uint8_t modes;    /* all of them */
    uint8_t key_kind; /* of the server */
} needs[] = {
    [MBEDTLS_KEY_EXCHANGE_RSA] = {LC_MODE_CERTIFICATE, LC_KEY_RSA},
    [MBEDTLS_KEY_EXCHANGE_DHE_RSA] = {LC_MODE_CERTIFICATE, LC_KEY_RSA},
    [MBEDTLS_KEY_EXCHANGE_ECDHE_RSA] = {LC_MODE_CERTIFICATE, LC_KEY_RSA},
    [MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA] = {LC_MODE_CERTIFICATE, LC_KEY_EC},
    [MBEDTLS_KEY_EXCHANGE_PSK] = {LC_MODE_PSK, LC_KEY_NONE},
    [MBEDTLS_KEY_EXCHANGE_DHE_PSK] = {LC_MODE_PSK, LC_KEY_NONE},
    [MBEDTLS_KEY_EXCHANGE_ECDHE_PSK] = {LC_MODE_PSK, LC_KEY_NONE},
    [MBEDTLS_KEY_EXCHANGE_RSA_PSK] = {LC_MODE_CERTIFICATE | LC_MODE_PSK, LC_KEY_RSA},
};

static unsigned exchange_of(uint16_t suite)
{
    const mbedtls_ssl_ciphersuite_t *info = mbedtls_ssl_ciphersuite_from_id(suite);
    unsigned exchange = info == NULL ? 0 : (unsigned)info->LC_MBEDTLS(key_exchange);
    return exchange < sizeof needs / sizeof needs[0] ? exchange : 0;
}

/* RC4 may not be used with DTLS (RFC 6347 section 4.1.2.2); it is in the table all the same. */
bool lc_mbedtls_has_suite(uint16_t suite)
{
    const mbedtls_ssl_ciphersuite_t *info = mbedtls_ssl_ciphersuite_from_id(suite);
    return info != NULL && (info->LC_MBEDTLS(flags) & MBEDTLS_CIPHERSUITE_NODTLS) == 0 &&
           needs[exchange_of(suite)].modes != 0;
}

static bool fits(const struct lc_secure_config *config, uint16_t suite)
{
    unsigned exchange = exchange_of(suite);
    unsigned modes = needs[exchange].modes, key_kind = needs[exchange].key_kind;
    return modes != 0 && (config->modes & modes) == modes &&
           (!config->is_server || key_kind == LC_KEY_NONE || config->own->key_kind == key_kind);
}

static int set_suites(struct lc_mbedtls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    context->suites = lc_zalloc((config->suite_count + 1) * sizeof *context->suites);
    if (context->suites == NULL) {
        return lc_fail_memory(error);
    }
    size_t count = 0;
    for (size_t i = 0; i < config->suite_count; i++) {
        if (fits(config, config->suites[i])) {
            context->suites[count++] = config->suites[i];
        }
    }
    if (count == 0) {
        return lc_fail(error, LC_ERROR_HANDSHAKE,
            "none of the enabled cipher suites works with mbed TLS and these credentials");
    }
    mbedtls_ssl_conf_ciphersuites(&context->conf, context->suites);
    return LC_OK;
}

static void set_groups(struct lc_mbedtls_context *context, const struct lc_secure_config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->group_count && count < LC_MBEDTLS_GROUPS; i++) {
        lc_mbedtls_group group = lc_mbedtls_group_of(config->groups[i]);
        if (group != 0) {
            context->groups[count++] = group;
        }
    }
    if (count > 0) {
        lc_mbedtls_conf_groups(&context->conf, context->groups);
    }
}

static bool has_signature(const struct lc_mbedtls_context *context, lc_mbedtls_signature signature)
{
    const lc_mbedtls_signature *at = context->signatures;
    while (*at != 0 && *at != signature) {
        at++;
    }
    return *at != 0;
}

/* mbed TLS takes no empty list: without one it keeps its own. */
static void set_signatures(
    struct lc_mbedtls_context *context, const struct lc_secure_config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->signature_count && count < LC_MBEDTLS_SIGNATURES; i++) {
        lc_mbedtls_signature signature = lc_mbedtls_signature_of(config->signatures[i]);
        if (signature != 0 && !has_signature(context, signature)) {
            context->signatures[count++] = signature;
        }
    }
    if (count > 0) {
        lc_mbedtls_conf_signatures(&context->conf, context->signatures);
    }
}

/* ---- The sessions that may be resumed ---- */

struct lc_bytes lc_mbedtls_serialize(const mbedtls_ssl_session *session)
{
    size_t len = 0;
    if (mbedtls_ssl_session_save(session, NULL, 0, &len) != MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL) {
        return lc_bytes(NULL, 0);
    }
    struct lc_bytes bytes = lc_bytes(lc_alloc(len), len);
    if (bytes.data == NULL ||
        mbedtls_ssl_session_save(session, (uint8_t *)bytes.data, len, &len) != 0) {
        lc_mbedtls_forget(&bytes);
    }
    return bytes;
}

static int recall(LC_MBEDTLS_CACHE_PARAMETERS, mbedtls_ssl_session *session)
{
    struct lc_mbedtls_context *context = arg;
    if (context->cache == NULL) {
        return -1;
    }
    struct lc_bytes kept = lc_session_cache_get(context->cache, LC_MBEDTLS_CACHE_ID(session));
    return kept.len == 0 ? -1 : mbedtls_ssl_session_load(session, kept.data, kept.len);
}

static int remember(LC_MBEDTLS_CACHE_PARAMETERS, const mbedtls_ssl_session *session)
{
    struct lc_mbedtls_context *context = arg;
    if (context->cache == NULL) {
        return -1;
    }
    struct lc_bytes bytes = lc_mbedtls_serialize(session);
    bool kept =
        bytes.len > 0 && lc_session_cache_put(context->cache, LC_MBEDTLS_CACHE_ID(session), bytes);
    lc_mbedtls_forget(&bytes);
    return kept ? 0 : -1;
}

void lc_mbedtls_context_keep_sessions(
    struct lc_mbedtls_context *context, const struct lc_timers *timers)
{
    if (context->is_server && context->resumes && context->cache == NULL) {
        context->cache = lc_session_cache_new(&(struct lc_session_cache_options){
            .timers = timers,
            .lifetime = cache_lifetime,
            .max_entries = CACHE_ENTRIES,
            .max_bytes = CACHE_BYTES,
        });
    }
}

/* ---- Rules ---- */

/* The front end has let the cookie pass before there was a session. */
static int trust_cookie(
    void *arg, const unsigned char *cookie, size_t len, const unsigned char *id, size_t id_len)
{
    (void)arg, (void)cookie, (void)len, (void)id, (void)id_len;
    return 0;
}

/*
 * Certificates are judged elsewhere, while the handshake stands still. OPTIONAL makes a server ask
 * for one; it goes on whatever it finds, and CAs are not named, for clients that have none of
 * theirs would then show nothing. A client keeps the chain it is shown with NONE too, and the
 * signature of the key exchange is checked in any case.
 *
 * With a function that checks cookies but none that writes them mbed TLS takes the first hello and
 * drops any later one, so that no forged hello can end an established session.
 */
static void set_server_rules(
    struct lc_mbedtls_context *context, const struct lc_secure_config *config)
{
    mbedtls_ssl_config *conf = &context->conf;
    mbedtls_ssl_conf_authmode(
        conf, config->asks_client ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_cert_req_ca_list(conf, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
    mbedtls_ssl_conf_dtls_cookies(conf, NULL, trust_cookie, NULL);
    if (config->resumes) {
        mbedtls_ssl_conf_session_cache(conf, context, recall, remember);
    }
}

static void set_client_rules(
    struct lc_mbedtls_context *context, const struct lc_secure_config *config)
{
    mbedtls_ssl_conf_authmode(&context->conf, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_session_tickets(&context->conf, config->resumes
                                                         ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                         : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
}

static void set_rules(struct lc_mbedtls_context *context, const struct lc_secure_config *config)
{
    mbedtls_ssl_config *conf = &context->conf;
    mbedtls_ssl_conf_rng(conf, lc_mbedtls_random, NULL);
    mbedtls_ssl_conf_handshake_timeout(conf, FIRST_TIMEOUT, LAST_TIMEOUT);
    mbedtls_ssl_conf_dtls_anti_replay(conf, MBEDTLS_SSL_ANTI_REPLAY_ENABLED);
    mbedtls_ssl_conf_dtls_badmac_limit(conf, 0);
    lc_mbedtls_conf_versions(conf, config->min_version, config->max_version);
    lc_mbedtls_conf_export(conf, context);
    if (config->is_server) {
        set_server_rules(context, config);
    } else {
        set_client_rules(context, config);
    }
}

/* ---- Life ---- */

static int set_up(struct lc_mbedtls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    if (mbedtls_ssl_config_defaults(&context->conf,
            config->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
            MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return lc_fail_memory(error);
    }
    set_rules(context, config);
    set_groups(context, config);
    set_signatures(context, config);
    int code = set_own(context, config, error);
    if (code == LC_OK) {
        code = set_psk(context, config, error);
    }
    return code == LC_OK ? set_suites(context, config, error) : code;
}

struct lc_context *lc_mbedtls_context_new(
    const struct lc_secure_config *config, struct lc_error *error)
{
    if (check(config, error) != LC_OK) {
        return NULL;
    }
    if (!lc_mbedtls_random_start(config->seed)) {
        lc_fail(error, LC_ERROR_CREDENTIALS, "the system gives no random numbers for keys");
        return NULL;
    }
    struct lc_mbedtls_context *context = lc_zalloc(sizeof *context);
    if (context == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    context->base.engine = &lc_engine_mbedtls;
    context->is_server = config->is_server;
    context->asks_client = config->is_server && config->asks_client;
    context->resumes = config->resumes;
    mbedtls_ssl_config_init(&context->conf);
    mbedtls_x509_crt_init(&context->own);
    mbedtls_pk_init(&context->key);
    if (set_up(context, config, error) != LC_OK) {
        lc_mbedtls_context_free(&context->base);
        return NULL;
    }
    return &context->base;
}

void lc_mbedtls_context_free(struct lc_context *base)
{
    struct lc_mbedtls_context *context = of(base);
    mbedtls_ssl_config_free(&context->conf);
    mbedtls_x509_crt_free(&context->own);
    mbedtls_pk_free(&context->key);
    lc_session_cache_free(context->cache);
    lc_free(context->suites);
    lc_free(context);
}
