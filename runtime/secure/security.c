/* Choosing an engine, and making a context and its trust; see security.h. */
#include "secure/security.h"

#include <strings.h>

#include "base/memory.h"
#include "secure/keylog.h"
#include "secure/suite.h"

enum { SUITES_MAX = 128 };

/* In the order in which they are tried. */
static const struct lc_engine *const engines[] = {&lc_engine_mbedtls, &lc_engine_gnutls};

enum { ENGINES = sizeof engines / sizeof engines[0] };

/* ---- Which engine ---- */

static const struct {
    unsigned ability;
    const char *what;
} abilities[] = {
    {LC_ENGINE_CERTIFICATES, "certificates"},
    {LC_ENGINE_RAW_KEYS, "raw public keys (UseRawPublicKey)"},
    {LC_ENGINE_PSK, "pre-shared keys"},
    {LC_ENGINE_ED25519, "Ed25519 keys"},
    {LC_ENGINE_TOKENS, "keys in PKCS #11 tokens"},
    {LC_ENGINE_DTLS_1_0, "DTLS 1.0"},
};

static unsigned needs_of(const struct lc_secure_config *config)
{
    unsigned needs = 0;
    if (config->modes & LC_MODE_CERTIFICATE) {
        needs |= LC_ENGINE_CERTIFICATES;
    }
    if (config->modes & LC_MODE_RAW_KEY) {
        needs |= LC_ENGINE_RAW_KEYS;
    }
    if (config->modes & LC_MODE_PSK) {
        needs |= LC_ENGINE_PSK;
    }
    if (config->max_version == LC_DTLS_1_0) {
        needs |= LC_ENGINE_DTLS_1_0;
    }
    if (config->own != NULL && config->own->key_kind == LC_KEY_ED25519) {
        needs |= LC_ENGINE_ED25519;
    }
    if (config->own != NULL && config->own->key_url != NULL) {
        needs |= LC_ENGINE_TOKENS;
    }
    return needs;
}

static bool serves(const struct lc_engine *engine, const struct lc_secure_config *config)
{
    unsigned needs = needs_of(config);
    return (engine->abilities & needs) == needs && config->psk_key.len <= engine->max_psk;
}

static void say_why_not(
    const struct lc_engine *engine, const struct lc_secure_config *config, struct lc_error *error)
{
    unsigned missing = needs_of(config) & ~engine->abilities;
    for (size_t i = 0; i < sizeof abilities / sizeof abilities[0]; i++) {
        if (missing & abilities[i].ability) {
            lc_fail(error, LC_ERROR_USAGE,
                "%s does no %s; leave SSLProvider at Automatic, which takes an engine that does",
                engine->name, abilities[i].what);
            return;
        }
    }
    lc_fail(error, LC_ERROR_USAGE, "PSKKey has %zu bytes; %s takes at most %zu",
        config->psk_key.len, engine->name, engine->max_psk);
}

const struct lc_engine *lc_engine_named(struct lc_bytes name)
{
    for (size_t i = 0; i < ENGINES; i++) {
        const char *own = engines[i]->name;
        if (name.len == strlen(own) && strncasecmp(own, (const char *)name.data, name.len) == 0) {
            return engines[i];
        }
    }
    return NULL;
}

bool lc_engine_any_has_suite(uint16_t suite)
{
    for (size_t i = 0; i < ENGINES; i++) {
        if (engines[i]->has_suite(suite)) {
            return true;
        }
    }
    return false;
}

const struct lc_engine *lc_engine_choose(
    const struct lc_secure_config *config, const char *provider, struct lc_error *error)
{
    const struct lc_engine *forced = lc_engine_named(lc_bytes_text(provider));
    if (forced != NULL) {
        if (serves(forced, config)) {
            return forced;
        }
        say_why_not(forced, config, error);
        return NULL;
    }
    for (size_t i = 0; i < ENGINES; i++) {
        if (serves(engines[i], config)) {
            return engines[i];
        }
    }
    say_why_not(engines[ENGINES - 1], config, error);
    return NULL;
}

/* ---- Making one ---- */

/* RFC 7252 9.1: what a client with a pre-shared key offers is for that alone. */
static bool is_for_modes(const struct lc_suite *suite, unsigned modes)
{
    return lc_key_exchange_is_psk(suite->exchange)
               ? (modes & LC_MODE_PSK) != 0
               : (modes & (LC_MODE_CERTIFICATE | LC_MODE_RAW_KEY)) != 0;
}

static size_t usable_suites(const struct lc_security_options *options,
    const struct lc_engine *engine, uint16_t out[SUITES_MAX])
{
    const struct lc_secure_config *config = &options->config;
    size_t count = 0;
    for (size_t i = 0; i < config->suite_count && count < SUITES_MAX; i++) {
        const struct lc_suite *suite = lc_suite_find(config->suites[i]);
        if (suite != NULL && is_for_modes(suite, config->modes) &&
            suite->key_bits >= options->min_strength && engine->has_suite(suite->number)) {
            out[count++] = suite->number;
        }
    }
    return count;
}

/* `config`: a copy of the options' that may be changed. */
static struct lc_context *make_context(const struct lc_security_options *options,
    struct lc_secure_config *config, struct lc_error *error)
{
    uint16_t suites[SUITES_MAX];
    const struct lc_engine *engine = lc_engine_choose(config, options->provider, error);
    if (engine == NULL) {
        return NULL;
    }
    config->suites = suites;
    config->suite_count = usable_suites(options, engine, suites);
    if (config->suite_count == 0) {
        lc_fail(error, LC_ERROR_HANDSHAKE,
            "no cipher suite is left: SSLEnabledCipherSuites and SSLCipherStrength rule out all "
            "that %s has for %s",
            engine->name,
            config->modes == LC_MODE_PSK ? "pre-shared keys" : "certificates and keys");
        return NULL;
    }
    return engine->context_new(config, error);
}

static bool keep_psk(
    struct lc_security *security, const struct lc_secure_config *config, struct lc_error *error)
{
    return (lc_buf_set(
                &security->psk_identity, config->psk_identity.data, config->psk_identity.len) &&
               lc_buf_set(&security->psk_key, config->psk_key.data, config->psk_key.len)) ||
           lc_fail_memory(error) == LC_OK;
}

static bool open_keylog(
    struct lc_security *security, const struct lc_security_options *options, struct lc_error *error)
{
    if (options->keylog_path == NULL || options->keylog_path[0] == '\0') {
        return true;
    }
    security->keylog = lc_keylog_open(options->keylog_path, error);
    return security->keylog != NULL;
}

static bool make_trust(
    struct lc_security *security, const struct lc_security_options *options, struct lc_error *error)
{
    if (security->modes == LC_MODE_PSK) {
        return true;
    }
    security->trust = lc_trust_new(&options->trust, error);
    return security->trust != NULL;
}

struct lc_security *lc_security_new(
    const struct lc_security_options *options, struct lc_error *error)
{
    static uint64_t last_number;
    struct lc_security *security = lc_zalloc(sizeof *security);
    if (security == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    security->refs = 1;
    security->number = ++last_number;
    security->modes = options->config.modes;
    security->is_server = options->config.is_server;
    security->has_own = options->config.own != NULL;
    struct lc_secure_config config = options->config;
    if (!keep_psk(security, &config, error) || !open_keylog(security, options, error) ||
        !make_trust(security, options, error)) {
        lc_security_release(security);
        return NULL;
    }
    security->context = make_context(options, &config, error);
    if (security->context == NULL) {
        lc_security_release(security);
        return NULL;
    }
    return security;
}

struct lc_security *lc_security_hold(struct lc_security *security)
{
    if (security != NULL) {
        security->refs++;
    }
    return security;
}

void lc_security_release(struct lc_security *security)
{
    if (security == NULL || --security->refs > 0) {
        return;
    }
    if (security->context != NULL) {
        security->context->engine->context_free(security->context);
    }
    if (security->shelf != NULL) {
        lc_map_remove(security->shelf, &security->node);
    }
    lc_trust_free(security->trust);
    lc_keylog_close(security->keylog);
    lc_buf_free(&security->psk_identity);
    lc_buf_wipe(&security->psk_key);
    lc_free(security);
}

size_t lc_security_find_key(
    const struct lc_security *security, struct lc_bytes identity, uint8_t *key, size_t room)
{
    const struct lc_buf *own = &security->psk_key;
    if (own->len == 0 || own->len > room ||
        !lc_bytes_equal(lc_buf_bytes(&security->psk_identity), identity)) {
        return 0;
    }
    memcpy(key, own->data, own->len);
    return own->len;
}

bool lc_security_same_psk(const struct lc_security *a, const struct lc_security *b)
{
    return a->psk_key.len > 0 &&
           lc_bytes_equal(lc_buf_bytes(&a->psk_identity), lc_buf_bytes(&b->psk_identity)) &&
           lc_bytes_equal(lc_buf_bytes(&a->psk_key), lc_buf_bytes(&b->psk_key));
}

bool lc_security_session_key(const struct lc_security *security, const struct lc_address *remote,
    const char *host, struct lc_buf *out)
{
    struct lc_address bare = *remote;
    bare.session = 0;
    return lc_buf_append(out, &security->number, sizeof security->number) &&
           lc_buf_append(out, &bare, sizeof bare) && lc_buf_append(out, host, strlen(host));
}
