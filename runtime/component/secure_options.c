/* Settings about DTLS: checking them, and making a security of them; see secure_options.h. */
#include "component/secure_options.h"

#include <strings.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "secure/suite.h"

enum {
    NUMBERS_MAX = 128, /* of one list of names */
    EXTRA_MAX = LC_CHAIN_MAX,
    PSK_MAX = 256,      /* bytes, more than any engine takes */
    IDENTITY_MAX = 128, /* RFC 4279 5.3 */

    /* SSLEnabledProtocols. DTLS has no 1.1: TLS 1.0 and 1.1 both stand for DTLS 1.0. */
    BITS_DTLS_1_0 = 0xc0 | 0x300,
    BITS_DTLS_1_2 = 0xc00,
};

static const char *text_of(const struct lc_settings *settings, enum lc_setting_id id)
{
    struct lc_values values = {.settings = settings};
    return lc_setting_text(&values, &lc_setting_rows[id]);
}

static struct lc_bytes bytes_of(const struct lc_settings *settings, enum lc_setting_id id)
{
    return lc_bytes_text(text_of(settings, id));
}

/* ---- Checks ---- */

static int check_suites(struct lc_bytes text, struct lc_error *error)
{
    uint16_t suites[NUMBERS_MAX];
    int count = lc_suites_read(text, suites, NUMBERS_MAX, error);
    for (int i = 0; i < count; i++) {
        if (!lc_engine_any_has_suite(suites[i])) {
            const struct lc_suite *suite = lc_suite_find(suites[i]);
            if (!lc_bytes_is(text, "*")) {
                return lc_fail(error, LC_ERROR_USAGE,
                    "SSLEnabledCipherSuites: %s is known, but neither engine here has it",
                    suite->name);
            }
        }
    }
    return count < 0 ? error->code : LC_OK;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal digits to bytes; -1 for anything else, or more than fits. */
static int read_key(const char *text, uint8_t *out, size_t room)
{
    size_t len = strlen(text);
    if (len % 2 != 0 || len / 2 > room) {
        return -1;
    }
    for (size_t i = 0; i < len; i += 2) {
        int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return -1;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (int)(len / 2);
}

/* Of the engines that SSLProvider lets choose from. */
static size_t longest_psk(const struct lc_settings *settings)
{
    const struct lc_engine *forced = lc_engine_named(bytes_of(settings, LC_SETTING_SSLProvider));
    if (forced != NULL) {
        return forced->max_psk;
    }
    return lc_engine_mbedtls.max_psk > lc_engine_gnutls.max_psk ? lc_engine_mbedtls.max_psk
                                                                : lc_engine_gnutls.max_psk;
}

/* The value is not shown: it is a secret. */
static int check_psk(const struct lc_settings *settings, struct lc_error *error)
{
    uint8_t key[PSK_MAX];
    const char *text = text_of(settings, LC_SETTING_PSKKey);
    int len = read_key(text, key, sizeof key);
    explicit_bzero(key, sizeof key);
    size_t longest = longest_psk(settings);
    if (len < 0 && strlen(text) / 2 <= sizeof key) {
        return lc_fail(error, LC_ERROR_USAGE,
            "PSKKey takes hexadecimal digits (0 to 9, a to f), two for each byte; the %zu "
            "characters "
            "given are %s",
            strlen(text), strlen(text) % 2 != 0 ? "an odd number" : "not only such digits");
    }
    if (len < 0 || (size_t)len > longest) {
        return lc_fail(error, LC_ERROR_USAGE, "PSKKey has %zu bytes; %s takes at most %zu",
            strlen(text) / 2, text_of(settings, LC_SETTING_SSLProvider), longest);
    }
    return LC_OK;
}

static int check_protocols(const struct lc_settings *settings, struct lc_error *error)
{
    if ((settings->ssl_enabled_protocols & (BITS_DTLS_1_0 | BITS_DTLS_1_2)) != 0) {
        return LC_OK;
    }
    return lc_fail(error, LC_ERROR_USAGE,
        "SSLEnabledProtocols takes 3072 for DTLS 1.2 and 192 or 768 for DTLS 1.0; %d has neither, "
        "and there is no other version here",
        (int)settings->ssl_enabled_protocols);
}

static int check_provider(const struct lc_settings *settings, struct lc_error *error)
{
    const char *name = text_of(settings, LC_SETTING_SSLProvider);
    if (strcasecmp(name, "Automatic") == 0 || lc_engine_named(lc_bytes_text(name)) != NULL) {
        return check_psk(settings, error);
    }
    return lc_fail(
        error, LC_ERROR_USAGE, "SSLProvider takes Automatic, mbedTLS or GnuTLS, not '%s'", name);
}

static int check_certificates(
    const struct lc_settings *settings, const struct lc_setting_row *row, struct lc_error *error)
{
    struct lc_bytes list[NUMBERS_MAX];
    int count = lc_certificate_list(bytes_of(settings, row->id), list, NUMBERS_MAX, error);
    for (int i = 0; i < count; i++) {
        lc_free((void *)list[i].data);
    }
    if (count == 0) {
        return lc_fail(error, LC_ERROR_USAGE, "%s takes %s; there is none in the text given",
            row->name, row->takes);
    }
    return count < 0 ? error->code : LC_OK;
}

int lc_secure_options_check(
    const struct lc_settings *settings, const struct lc_setting_row *row, struct lc_error *error)
{
    uint16_t numbers[NUMBERS_MAX];
    struct lc_bytes text =
        row->kind == LC_KIND_TEXT ? bytes_of(settings, row->id) : lc_bytes(NULL, 0);
    switch (row->id) {
    case LC_SETTING_SSLEnabledCipherSuites:
        return check_suites(text, error);
    case LC_SETTING_TLS12SupportedGroups:
        return lc_groups_read(text, numbers, NUMBERS_MAX, error) < 0 ? error->code : LC_OK;
    case LC_SETTING_TLS12SignatureAlgorithms:
        return lc_signatures_read(text, numbers, NUMBERS_MAX, error) < 0 ? error->code : LC_OK;
    case LC_SETTING_TLS13SupportedGroups:
    case LC_SETTING_TLS13KeyShareGroups:
        return lc_tls13_groups_check(text, error);
    case LC_SETTING_TLS13SignatureAlgorithms:
        return lc_tls13_signatures_check(text, error);
    case LC_SETTING_SSLEnabledProtocols:
        return check_protocols(settings, error);
    case LC_SETTING_SSLProvider:
        return check_provider(settings, error);
    case LC_SETTING_PSKKey:
        return check_psk(settings, error);
    case LC_SETTING_PSKIdentity:
        return text.len <= IDENTITY_MAX
                   ? LC_OK
                   : lc_fail(error, LC_ERROR_USAGE, "PSKIdentity takes at most %d bytes, not %zu",
                         IDENTITY_MAX, text.len);
    case LC_SETTING_SSLCACerts:
    case LC_SETTING_SSLClientCACerts:
    case LC_SETTING_SSLServerCACerts:
        return text.len == 0 ? LC_OK : check_certificates(settings, row, error);
    default:
        return LC_OK;
    }
}

/* ---- Making a security ---- */

/* Everything that the options look at while the security is made. */
struct work {
    struct lc_security_options options;
    uint16_t suites[NUMBERS_MAX], groups[NUMBERS_MAX], signatures[NUMBERS_MAX];
    struct lc_bytes extra[EXTRA_MAX]; /* owned */
    uint8_t psk[PSK_MAX];
};

/* What a peer is known by (RFC 7252 section 9). A client with a key offers nothing else. */
static unsigned modes_of(const struct lc_settings *settings, const struct lc_secure_parts *parts,
    bool is_server, size_t psk_len)
{
    unsigned certified = settings->use_raw_public_key ? LC_MODE_RAW_KEY : LC_MODE_CERTIFICATE;
    if (!is_server) {
        return psk_len > 0 ? LC_MODE_PSK : certified;
    }
    unsigned modes = psk_len > 0 || parts->finds_keys ? LC_MODE_PSK : 0;
    return parts->own != NULL ? modes | certified : modes;
}

/* Every suite of a server with a certificate has it sign (RFC 5246 section 7.4.2). */
static bool may_sign(const struct lc_certificate *certificate)
{
    enum { DIGITAL_SIGNATURE = 0x80 };
    unsigned usage = lc_certificate_usage_flags(certificate); /* 0: it says nothing about it */
    return usage == 0 || (usage & DIGITAL_SIGNATURE) != 0;
}

static int check_own(const struct lc_secure_config *config, struct lc_error *error)
{
    if (config->is_server && config->modes == 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "a DTLS server needs SSLCert with a private key, or PSKIdentity and PSKKey, or "
            "OnPSKLookup");
    }
    if (config->own != NULL && !lc_certificate_has_key(config->own)) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "SSLCert has no private key; load it from a store that holds the key too");
    }
    if (config->own != NULL && config->own->chain_len == 0 &&
        (config->modes & LC_MODE_CERTIFICATE) != 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "SSLCert is a bare key without a certificate; set UseRawPublicKey=True to use it");
    }
    if (config->is_server && config->own != NULL && !may_sign(config->own)) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "SSLCert is of no use to a server: its Usage is not Digital Signature");
    }
    return LC_OK;
}

static int read_psk(const struct lc_settings *settings, struct work *work, struct lc_error *error)
{
    struct lc_secure_config *config = &work->options.config;
    int len = read_key(text_of(settings, LC_SETTING_PSKKey), work->psk, sizeof work->psk);
    config->psk_identity = bytes_of(settings, LC_SETTING_PSKIdentity);
    config->psk_key = lc_bytes(work->psk, len < 0 ? 0 : (size_t)len);
    if (len <= 0 || config->psk_identity.len > 0) {
        return LC_OK;
    }
    return lc_fail(
        error, LC_ERROR_CREDENTIALS, "PSKKey is set and PSKIdentity is not; they go together");
}

static int read_lists(const struct lc_settings *settings, struct work *work, struct lc_error *error)
{
    struct lc_secure_config *config = &work->options.config;
    int suites = lc_suites_read(
        bytes_of(settings, LC_SETTING_SSLEnabledCipherSuites), work->suites, NUMBERS_MAX, error);
    int groups = lc_groups_read(
        bytes_of(settings, LC_SETTING_TLS12SupportedGroups), work->groups, NUMBERS_MAX, error);
    int signatures = lc_signatures_read(bytes_of(settings, LC_SETTING_TLS12SignatureAlgorithms),
        work->signatures, NUMBERS_MAX, error);
    int extra = lc_certificate_list(
        bytes_of(settings, LC_SETTING_SSLCACerts), work->extra, EXTRA_MAX, error);
    if (suites < 0 || groups < 0 || signatures < 0 || extra < 0) {
        return error->code;
    }
    config->suites = work->suites;
    config->suite_count = (size_t)suites;
    config->groups = work->groups;
    config->group_count = (size_t)groups;
    config->signatures = work->options.trust.signatures = work->signatures;
    config->signature_count = work->options.trust.signature_count = (size_t)signatures;
    config->extra = work->extra;
    config->extra_count = (size_t)extra;
    return LC_OK;
}

static void read_plain(
    const struct lc_settings *settings, const struct lc_secure_parts *parts, struct work *work)
{
    struct lc_secure_config *config = &work->options.config;
    int protocols = settings->ssl_enabled_protocols;
    config->own = parts->own;
    config->asks_client = config->is_server && settings->ssl_authenticate_clients;
    config->min_version = protocols & BITS_DTLS_1_0 ? LC_DTLS_1_0 : LC_DTLS_1_2;
    config->max_version = protocols & BITS_DTLS_1_2 ? LC_DTLS_1_2 : LC_DTLS_1_0;
    config->renegotiation_info = settings->ssl_enable_renegotiation;
    work->options.keylog_path = text_of(settings, LC_SETTING_SSLKeyLogFile);
    config->seed = bytes_of(settings, LC_SETTING_OpenSSLPrngSeedData);
    work->options.min_strength = (unsigned)settings->ssl_cipher_strength;
    work->options.provider = text_of(settings, LC_SETTING_SSLProvider);
    struct lc_trust_options *trust = &work->options.trust;
    trust->for_servers = !config->is_server;
    trust->ca_certificates = bytes_of(
        settings, config->is_server ? LC_SETTING_SSLClientCACerts : LC_SETTING_SSLServerCACerts);
    trust->ca_file = text_of(settings, LC_SETTING_OpenSSLCAFile);
    trust->ca_folder = text_of(settings, LC_SETTING_OpenSSLCADir);
    trust->system = true;
    trust->pinned = config->is_server ? NULL : parts->accepted;
    trust->security_flags = settings->ssl_security_flags;
}

static int prepare(const struct lc_settings *settings, const struct lc_secure_parts *parts,
    struct work *work, struct lc_error *error)
{
    struct lc_secure_config *config = &work->options.config;
    read_plain(settings, parts, work);
    if (read_psk(settings, work, error) != LC_OK || read_lists(settings, work, error) != LC_OK) {
        return error->code;
    }
    config->modes = modes_of(settings, parts, config->is_server, config->psk_key.len);
    /* What a pre-shared key began is as cheap anew, and tells who is there. Resumed it does not. */
    config->resumes =
        (config->is_server || settings->reuse_ssl_session) && (config->modes & LC_MODE_PSK) == 0;
    if (config->modes == LC_MODE_PSK) {
        config->own = NULL;
    }
    return check_own(config, error);
}

struct lc_security *lc_secure_options_apply(const struct lc_settings *settings,
    const struct lc_secure_parts *parts, bool is_server, struct lc_error *error)
{
    struct work *work = lc_zalloc(sizeof *work);
    if (work == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    work->options.config.is_server = is_server;
    struct lc_security *security = NULL;
    if (prepare(settings, parts, work, error) == LC_OK) {
        security = lc_security_new(&work->options, error);
    }
    for (size_t i = 0; i < EXTRA_MAX; i++) {
        lc_free((void *)work->extra[i].data);
    }
    explicit_bzero(work, sizeof *work);
    lc_free(work);
    return security;
}

/* ---- What it is made from ---- */

static bool describe_certificate(const struct lc_certificate *certificate, struct lc_buf *out)
{
    if (certificate == NULL) {
        return lc_buf_printf(out, "none;");
    }
    bool done = lc_buf_printf(out, "%d;%s;%s;", lc_certificate_has_key(certificate),
                    certificate->key_url == NULL ? "" : certificate->key_url,
                    certificate->pin == NULL ? "" : certificate->pin) &&
                lc_buf_append(out, certificate->spki.data, certificate->spki.len);
    for (size_t i = 0; done && i < certificate->chain_len; i++) {
        done = lc_buf_append(out, certificate->chain[i].data, certificate->chain[i].len);
    }
    return done;
}

/* A file that has changed since makes another security. */
static bool describe_file(const char *path, struct lc_buf *out)
{
    struct stat status;
    if (path[0] == '\0' || stat(path, &status) != 0) {
        return lc_buf_printf(out, "none;");
    }
    return lc_buf_printf(out, "%lld.%ld;%lld;", (long long)status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec, (long long)status.st_size);
}

static size_t length_of(const struct lc_certificate *certificate)
{
    size_t len = 0;
    if (certificate != NULL) {
        len = certificate->spki.len;
        len += certificate->key_url == NULL ? 0 : strlen(certificate->key_url);
        len += certificate->pin == NULL ? 0 : strlen(certificate->pin);
        for (size_t i = 0; i < certificate->chain_len; i++) {
            len += certificate->chain[i].len;
        }
    }
    return len;
}

/* All at once: a buffer that grows leaves what it held, keys too, in the memory it had before. */
static size_t room_for(const struct lc_settings *settings, const struct lc_secure_parts *parts)
{
    enum { NUMBERS = 64 }; /* the most that a value takes that is no text, or a few between */
    size_t room = 8 * NUMBERS + length_of(parts->own) + length_of(parts->accepted);
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        const struct lc_setting_row *row = &lc_setting_rows[i];
        if (row->flags & LC_SECURE) {
            room += row->kind == LC_KIND_TEXT ? strlen(text_of(settings, row->id)) + 1 : NUMBERS;
        }
    }
    return room;
}

bool lc_secure_options_describe(const struct lc_settings *settings,
    const struct lc_secure_parts *parts, bool is_server, struct lc_buf *out)
{
    struct lc_values values = {.settings = settings};
    bool done = lc_buf_reserve(out, room_for(settings, parts)) &&
                lc_buf_printf(out, "%d;%d;%u;%p;", is_server, parts->finds_keys,
                    parts->handlers_set, parts->only_for) &&
                describe_certificate(parts->own, out) &&
                describe_certificate(parts->accepted, out) &&
                describe_file(text_of(settings, LC_SETTING_OpenSSLCAFile), out);
    for (size_t i = 0; done && i < LC_SETTING_COUNT; i++) {
        const struct lc_setting_row *row = &lc_setting_rows[i];
        bool shapes = (row->flags & (LC_SECURE | LC_AT_ONCE)) == LC_SECURE;
        if (shapes && row->offset != LC_NOWHERE) {
            done = lc_setting_print(&values, row, out) && lc_buf_append(out, "", 1);
        }
    }
    return done;
}
