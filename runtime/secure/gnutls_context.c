/* The credentials of the GnuTLS engine, made from certificates and keys in their neutral form. */
#include "secure/gnutls_engine.h"

#include <gnutls/crypto.h>

#include "base/memory.h"

static int fail_gnutls(struct lc_error *error, const char *what, int result)
{
    if (result == GNUTLS_E_MEMORY_ERROR) {
        return lc_fail_memory(error);
    }
    return lc_fail(error, LC_ERROR_CREDENTIALS, "%s: %s", what, gnutls_strerror(result));
}

static gnutls_datum_t datum(struct lc_bytes bytes)
{
    return (gnutls_datum_t){(unsigned char *)bytes.data, (unsigned)bytes.len};
}

/* Asked for by the token. It is given once, so that a wrong PIN cannot lock the token. */
static int give_pin(void *arg, int attempt, const char *url, const char *label, unsigned flags,
    char *pin, size_t room)
{
    (void)url, (void)label;
    const char *own = arg;
    size_t len = own == NULL ? 0 : strlen(own);
    if (own == NULL || attempt > 0 || (flags & GNUTLS_PIN_WRONG) != 0 || len >= room) {
        return GNUTLS_E_PKCS11_PIN_ERROR;
    }
    memcpy(pin, own, len + 1);
    return 0;
}

static int load_key(
    struct lc_gnutls_context *context, const struct lc_certificate *own, gnutls_privkey_t key)
{
    if (own->key_url == NULL) {
        gnutls_datum_t der = datum(own->key);
        return gnutls_privkey_import_x509_raw(key, &der, GNUTLS_X509_FMT_DER, NULL, 0);
    }
    if (own->pin != NULL) {
        context->pin = lc_copy(own->pin, strlen(own->pin));
        if (context->pin == NULL) {
            return GNUTLS_E_MEMORY_ERROR;
        }
    }
    gnutls_privkey_set_pin_function(key, give_pin, context->pin);
    return gnutls_privkey_import_url(key, own->key_url, 0);
}

/* A chain as GnuTLS takes it. */
struct shown_chain {
    gnutls_pcert_st items[2 * LC_CHAIN_MAX];
    unsigned count;
};

static int add_certificate(struct shown_chain *chain, struct lc_bytes der)
{
    gnutls_datum_t data = datum(der);
    if (chain->count == sizeof chain->items / sizeof chain->items[0]) {
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    int result =
        gnutls_pcert_import_x509_raw(&chain->items[chain->count], &data, GNUTLS_X509_FMT_DER, 0);
    if (result == GNUTLS_E_SUCCESS) {
        chain->count++;
    }
    return result;
}

static int make_chain(struct shown_chain *chain, const struct lc_secure_config *config)
{
    int result = GNUTLS_E_SUCCESS;
    for (size_t i = 0; result == GNUTLS_E_SUCCESS && i < config->own->chain_len; i++) {
        result = add_certificate(chain, config->own->chain[i]);
    }
    for (size_t i = 0; result == GNUTLS_E_SUCCESS && i < config->extra_count; i++) {
        result = add_certificate(chain, config->extra[i]);
    }
    return result;
}

/* A client shows its raw key to whoever asks. Left to itself GnuTLS looks for the kind of the key
 * among the certificate types of the request, where Ed25519 has none of its own. */
static int give_raw_key(gnutls_session_t tls, const struct gnutls_cert_retr_st *request,
    gnutls_pcert_st **chain, unsigned *chain_len, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_len,
    gnutls_privkey_t *key, unsigned *flags)
{
    (void)request;
    struct lc_gnutls_context *context =
        ((struct lc_gnutls_session *)gnutls_session_get_ptr(tls))->context;
    bool fits = gnutls_certificate_type_get2(tls, GNUTLS_CTYPE_OURS) == GNUTLS_CRT_RAWPK;
    *chain = fits ? &context->raw_key : NULL;
    *chain_len = fits ? 1 : 0;
    *key = context->raw_private;
    *ocsp = NULL;
    *ocsp_len = 0;
    *flags = 0; /* all stays ours */
    return 0;
}

static int make_raw_key(struct shown_chain *chain, const struct lc_certificate *own)
{
    gnutls_datum_t spki = datum(own->spki);
    int result = gnutls_pcert_import_rawpk_raw(
        &chain->items[0], &spki, GNUTLS_X509_FMT_DER, GNUTLS_KEY_DIGITAL_SIGNATURE, 0);
    chain->count = result == GNUTLS_E_SUCCESS ? 1 : 0;
    return result;
}

static int set_key(
    struct lc_gnutls_context *context, const struct lc_secure_config *config, gnutls_privkey_t key)
{
    struct shown_chain chain = {.count = 0};
    int result = (config->modes & LC_MODE_RAW_KEY) != 0 ? make_raw_key(&chain, config->own)
                                                        : make_chain(&chain, config);
    if (result == GNUTLS_E_SUCCESS && !config->is_server &&
        chain.items[0].type == GNUTLS_CRT_RAWPK) {
        context->raw_key = chain.items[0];
        context->raw_private = key;
        gnutls_certificate_set_retrieve_function3(context->certificates, give_raw_key);
    } else if (result == GNUTLS_E_SUCCESS) {
        result = gnutls_certificate_set_key(
            context->certificates, NULL, 0, chain.items, (int)chain.count, key);
    }
    if (result < 0) { /* else they belong to the credentials now */
        for (unsigned i = 0; i < chain.count; i++) {
            gnutls_pcert_deinit(&chain.items[i]);
        }
    }
    return result;
}

static int load_own(struct lc_gnutls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    const struct lc_certificate *own = config->own;
    if (!lc_certificate_has_key(own)) {
        return lc_fail(error, LC_ERROR_CREDENTIALS, "the certificate has no private key");
    }
    if (own->chain_len == 0 && (config->modes & LC_MODE_RAW_KEY) == 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "a key without a certificate can be used as a raw public key only");
    }
    gnutls_privkey_t key;
    int result = gnutls_privkey_init(&key);
    if (result < 0) {
        return lc_fail_memory(error);
    }
    result = load_key(context, own, key);
    const char *what = own->key_url == NULL ? "the private key cannot be read"
                                            : "the private key in the token cannot be reached";
    if (result == GNUTLS_E_SUCCESS) {
        what = "the certificate and its private key cannot be used";
        result = set_key(context, config, key);
    }
    if (result < 0) {
        gnutls_privkey_deinit(key);
        return fail_gnutls(error, what, result);
    }
    return LC_OK;
}

static int make_certificates(struct lc_gnutls_context *context,
    const struct lc_secure_config *config, struct lc_error *error)
{
    if ((config->modes & (LC_MODE_CERTIFICATE | LC_MODE_RAW_KEY)) == 0) {
        return LC_OK;
    }
    if (config->is_server && config->own == NULL) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "a server needs a certificate or key of its own, with its private key");
    }
    if (gnutls_certificate_allocate_credentials(&context->certificates) < 0) {
        return lc_fail_memory(error);
    }
    /* The parameters of RFC 7919 for DHE. */
    gnutls_certificate_set_known_dh_params(context->certificates, GNUTLS_SEC_PARAM_MEDIUM);
    return config->own == NULL ? LC_OK : load_own(context, config, error);
}

static int make_psk_server(struct lc_gnutls_context *context, struct lc_error *error)
{
    if (gnutls_psk_allocate_server_credentials(&context->psk_server) < 0) {
        return lc_fail_memory(error);
    }
    gnutls_psk_set_server_known_dh_params(context->psk_server, GNUTLS_SEC_PARAM_MEDIUM);
    gnutls_psk_set_server_credentials_function2(context->psk_server, lc_gnutls_find_key);
    return LC_OK;
}

static int make_psk_client(struct lc_gnutls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    if (config->psk_key.len == 0) {
        return lc_fail(error, LC_ERROR_CREDENTIALS, "there is no pre-shared key");
    }
    if (gnutls_psk_allocate_client_credentials(&context->psk_client) < 0) {
        return lc_fail_memory(error);
    }
    gnutls_datum_t identity = datum(config->psk_identity), key = datum(config->psk_key);
    int result = gnutls_psk_set_client_credentials2(
        context->psk_client, &identity, &key, GNUTLS_PSK_KEY_RAW);
    return result < 0 ? fail_gnutls(error, "the pre-shared key cannot be used", result) : LC_OK;
}

static int make_psk(struct lc_gnutls_context *context, const struct lc_secure_config *config,
    struct lc_error *error)
{
    /* GnuTLS keeps no longer identities. */
    enum { MAX_IDENTITY = 128 };
    if ((config->modes & LC_MODE_PSK) == 0) {
        return LC_OK;
    }
    if (config->is_server) {
        return make_psk_server(context, error);
    }
    if (config->psk_key.len > LC_GNUTLS_MAX_PSK || config->psk_identity.len > MAX_IDENTITY) {
        return lc_fail(error, LC_ERROR_CREDENTIALS,
            "a pre-shared key has at most %d bytes with GnuTLS, its identity at most %d",
            LC_GNUTLS_MAX_PSK, MAX_IDENTITY);
    }
    return make_psk_client(context, config, error);
}

static int make_ticket_key(struct lc_gnutls_context *context, struct lc_error *error)
{
    if (!context->is_server || !context->resumes) {
        return LC_OK;
    }
    return gnutls_session_ticket_key_generate(&context->ticket_key) < 0 ? lc_fail_memory(error)
                                                                        : LC_OK;
}

struct lc_context *lc_gnutls_context_new(
    const struct lc_secure_config *config, struct lc_error *error)
{
    struct lc_gnutls_context *context = lc_zalloc(sizeof *context);
    if (context == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    context->base.engine = &lc_engine_gnutls;
    context->is_server = config->is_server;
    context->modes = config->modes;
    context->asks_client = config->asks_client;
    context->resumes = config->resumes;
    if (make_certificates(context, config, error) != LC_OK ||
        make_psk(context, config, error) != LC_OK || make_ticket_key(context, error) != LC_OK ||
        lc_gnutls_priority_set(context, config, error) != LC_OK) {
        lc_gnutls_context_free(&context->base);
        return NULL;
    }
    return &context->base;
}

void lc_gnutls_context_free(struct lc_context *base)
{
    struct lc_gnutls_context *context = (struct lc_gnutls_context *)base;
    if (context->certificates != NULL) {
        gnutls_certificate_free_credentials(context->certificates);
    }
    if (context->raw_private != NULL) {
        gnutls_pcert_deinit(&context->raw_key);
        gnutls_privkey_deinit(context->raw_private);
    }
    if (context->psk_client != NULL) {
        gnutls_psk_free_client_credentials(context->psk_client);
    }
    if (context->psk_server != NULL) {
        gnutls_psk_free_server_credentials(context->psk_server);
    }
    if (context->priority != NULL) {
        gnutls_priority_deinit(context->priority);
    }
    if (context->ticket_key.data != NULL) {
        gnutls_memset(context->ticket_key.data, 0, context->ticket_key.size);
        gnutls_free(context->ticket_key.data);
    }
    if (context->pin != NULL) {
        gnutls_memset(context->pin, 0, strlen(context->pin));
        lc_free(context->pin);
    }
    lc_free(context->suites);
    lc_free(context);
}
