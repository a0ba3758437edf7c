/*
 * GnuTLS is told what to offer by a priority string. It names key exchanges, ciphers and MACs apart
 * from each other and allows every suite that can be made of them, more than were asked for: the
 * context keeps the exact list, which the sessions compare the outcome with.
 */
#include "secure/gnutls_engine.h"

#include <stdio.h>

#include "base/memory.h"
#include "secure/suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Left out: RSA_PSK and DSS, which no credentials here fit, and static ECDH, which GnuTLS lacks. */
static const gnutls_kx_algorithm_t exchanges[] = {
    [LC_KX_RSA] = GNUTLS_KX_RSA,
    [LC_KX_DHE_RSA] = GNUTLS_KX_DHE_RSA,
    [LC_KX_ECDHE_RSA] = GNUTLS_KX_ECDHE_RSA,
    [LC_KX_ECDHE_ECDSA] = GNUTLS_KX_ECDHE_ECDSA,
    [LC_KX_PSK] = GNUTLS_KX_PSK,
    [LC_KX_DHE_PSK] = GNUTLS_KX_DHE_PSK,
    [LC_KX_ECDHE_PSK] = GNUTLS_KX_ECDHE_PSK,
    [LC_KX_TLS13] = GNUTLS_KX_UNKNOWN,
};

static const struct {
    uint16_t number; /* at IANA */
    gnutls_group_t group;
} groups[] = {
    {23, GNUTLS_GROUP_SECP256R1},
    {24, GNUTLS_GROUP_SECP384R1},
    {25, GNUTLS_GROUP_SECP521R1},
    {29, GNUTLS_GROUP_X25519},
    {30, GNUTLS_GROUP_X448},
};

/* SignatureAndHashAlgorithm (RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.1.3). */
static const struct {
    uint16_t number;
    gnutls_sign_algorithm_t sign;
} signatures[] = {
    {0x0201, GNUTLS_SIGN_RSA_SHA1},
    {0x0203, GNUTLS_SIGN_ECDSA_SHA1},
    {0x0301, GNUTLS_SIGN_RSA_SHA224},
    {0x0303, GNUTLS_SIGN_ECDSA_SHA224},
    {0x0401, GNUTLS_SIGN_RSA_SHA256},
    {0x0403, GNUTLS_SIGN_ECDSA_SHA256},
    {0x0501, GNUTLS_SIGN_RSA_SHA384},
    {0x0503, GNUTLS_SIGN_ECDSA_SHA384},
    {0x0601, GNUTLS_SIGN_RSA_SHA512},
    {0x0603, GNUTLS_SIGN_ECDSA_SHA512},
    {0x0807, GNUTLS_SIGN_EDDSA_ED25519},
};

/* A suite in the words of GnuTLS. */
struct parts {
    gnutls_kx_algorithm_t exchange;
    gnutls_cipher_algorithm_t cipher;
    gnutls_mac_algorithm_t mac;
};

static bool find_suite(uint16_t suite, struct parts *parts)
{
    const struct lc_suite *row = lc_suite_find(suite);
    if (row == NULL || exchanges[row->exchange] == GNUTLS_KX_UNKNOWN) {
        return false;
    }
    unsigned char id[2];
    for (size_t i = 0; gnutls_cipher_suite_info(
                           i, id, &parts->exchange, &parts->cipher, &parts->mac, NULL) != NULL;
         i++) {
        if (256 * id[0] + id[1] == suite) {
            /* RC4 may not be used with DTLS (RFC 6347 section 4.1.2.2). */
            return parts->cipher != GNUTLS_CIPHER_ARCFOUR_128;
        }
    }
    return false;
}

bool lc_gnutls_has_suite(uint16_t suite)
{
    struct parts parts;
    return find_suite(suite, &parts);
}

static gnutls_group_t find_group(uint16_t number)
{
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (groups[i].number == number) {
            return groups[i].group;
        }
    }
    return GNUTLS_GROUP_INVALID;
}

uint16_t lc_gnutls_group_of(gnutls_session_t tls)
{
    gnutls_group_t group = gnutls_group_get(tls);
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (groups[i].group == group) {
            return groups[i].number;
        }
    }
    return 0;
}

/* The string grows by words "+NAME:", each once. False: memory. */
static bool add(struct lc_buf *text, const char *prefix, const char *name)
{
    char word[64];
    int len = snprintf(word, sizeof word, "+%s%s:", prefix, name);
    return memmem(text->data, text->len, word, (size_t)len) != NULL ||
           lc_buf_append(text, word, (size_t)len);
}

static bool add_versions(struct lc_buf *text, const struct lc_secure_config *config)
{
    /* The numbers of DTLS count downwards. */
    return (config->max_version > LC_DTLS_1_2 || add(text, "", "VERS-DTLS1.2")) &&
           (config->min_version < LC_DTLS_1_0 || add(text, "", "VERS-DTLS1.0"));
}

/* Ed25519 goes with the suites of ECDSA (RFC 8422 section 5.1.3). */
static bool signs(const struct lc_certificate *own, enum lc_key_exchange exchange)
{
    return own != NULL && (own->key_kind == LC_KEY_RSA) == (exchange != LC_KX_ECDHE_ECDSA);
}

/* Whether a suite goes with the modes and the credentials that there are. */
static bool suits(const struct lc_secure_config *config, enum lc_key_exchange exchange)
{
    if (lc_key_exchange_is_psk(exchange)) {
        return (config->modes & LC_MODE_PSK) != 0;
    }
    return (config->modes & (LC_MODE_CERTIFICATE | LC_MODE_RAW_KEY)) != 0 &&
           (!config->is_server || signs(config->own, exchange));
}

static int add_suites(struct lc_buf *text, struct lc_gnutls_context *context,
    const struct lc_secure_config *config, struct lc_error *error)
{
    context->suites = lc_alloc(config->suite_count * sizeof context->suites[0] + 1);
    if (context->suites == NULL) {
        return lc_fail_memory(error);
    }
    for (size_t i = 0; i < config->suite_count; i++) {
        struct parts parts;
        if (!find_suite(config->suites[i], &parts) ||
            !suits(config, lc_suite_find(config->suites[i])->exchange)) {
            continue;
        }
        context->suites[context->suite_count++] = config->suites[i];
        if (!add(text, "", gnutls_kx_get_name(parts.exchange)) ||
            !add(text, "", gnutls_cipher_get_name(parts.cipher)) ||
            !add(text, "", gnutls_mac_get_name(parts.mac))) {
            return lc_fail_memory(error);
        }
    }
    if (context->suite_count == 0) {
        return lc_fail(error, LC_ERROR_HANDSHAKE,
            "none of the enabled cipher suites can be used by GnuTLS with %s",
            config->modes == LC_MODE_PSK ? "a pre-shared key" : "these credentials");
    }
    return LC_OK;
}

/* A server takes its parameters for DHE from the groups of RFC 7919 that it allows. */
static bool add_finite_groups(struct lc_buf *text)
{
    return memmem(text->data, text->len, "+DHE-", 5) == NULL ||
           (add(text, "", "GROUP-FFDHE2048") && add(text, "", "GROUP-FFDHE3072"));
}

static bool add_groups(struct lc_buf *text, const struct lc_secure_config *config)
{
    for (size_t i = 0; i < config->group_count; i++) {
        gnutls_group_t group = find_group(config->groups[i]);
        if (group != GNUTLS_GROUP_INVALID && !add(text, "GROUP-", gnutls_group_get_name(group))) {
            return false;
        }
    }
    return config->group_count > 0 ? add_finite_groups(text) : add(text, "", "GROUP-ALL");
}

static bool add_signature(struct lc_buf *text, uint16_t number)
{
    for (size_t i = 0; i < COUNT(signatures); i++) {
        if (signatures[i].number == number) {
            return add(text, "SIGN-", gnutls_sign_get_name(signatures[i].sign));
        }
    }
    return true; /* dsa: no key here is of that kind */
}

static bool add_signatures(struct lc_buf *text, const struct lc_secure_config *config)
{
    /* The extension is always sent: without it SHA-1 would be meant (RFC 5246 7.4.1.4.1). */
    if (config->signature_count == 0) {
        return add(text, "", "SIGN-ALL");
    }
    /* The same list says what the own key may sign with. */
    if (config->own != NULL && config->own->key_kind == LC_KEY_ED25519 &&
        !add_signature(text, 0x0807)) {
        return false;
    }
    for (size_t i = 0; i < config->signature_count; i++) {
        if (!add_signature(text, config->signatures[i])) {
            return false;
        }
    }
    return true;
}

static bool add_types(struct lc_buf *text, const struct lc_secure_config *config)
{
    if ((config->modes & LC_MODE_RAW_KEY) == 0) {
        return add(text, "", "CTYPE-X509");
    }
    return add(text, "", "CTYPE-CLI-RAWPK") && add(text, "", "CTYPE-SRV-RAWPK");
}

static bool add_options(struct lc_buf *text, const struct lc_secure_config *config)
{
    /* By itself the extension is sent, and a peer without it is taken. */
    const char *renegotiation =
        config->is_server || config->renegotiation_info ? "" : ":%DISABLE_SAFE_RENEGOTIATION";
    return lc_buf_printf(text, "%%SERVER_PRECEDENCE%s", renegotiation) &&
           lc_buf_append(text, "", 1);
}

int lc_gnutls_priority_set(struct lc_gnutls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    struct lc_buf text = {0};
    const char *place = NULL;
    int code = lc_buf_printf(&text, "NONE:") ? LC_OK : lc_fail_memory(error);
    if (code == LC_OK) {
        code = add_suites(&text, context, config, error);
    }
    if (code == LC_OK && !(add_versions(&text, config) && add_groups(&text, config) &&
                             add_signatures(&text, config) && add_types(&text, config) &&
                             add_options(&text, config))) {
        code = lc_fail_memory(error);
    }
    if (code == LC_OK) {
        int result = gnutls_priority_init(&context->priority, (char *)text.data, &place);
        if (result == GNUTLS_E_MEMORY_ERROR) {
            code = lc_fail_memory(error);
        } else if (result != GNUTLS_E_SUCCESS) {
            code = lc_fail(error, LC_ERROR_HANDSHAKE,
                "GnuTLS cannot use these versions, cipher suites, groups and signature algorithms "
                "together: %s",
                gnutls_strerror(result));
        }
    }
    lc_buf_free(&text);
    return code;
}
