/* A certificate or a key alone, in DER; and private keys in every form that GnuTLS reads. */
#include "secure/certificate_contents.h"

/* What protects a private key. */
enum protection { PLAIN, ENCRYPTED, ENCRYPTED_UNKNOWN };

static bool holds(const gnutls_datum_t *data, const char *text)
{
    return memmem(data->data, data->size, text, strlen(text)) != NULL;
}

static enum protection protection_of(const gnutls_datum_t *data, gnutls_x509_crt_fmt_t format)
{
    static const char pbes2[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"; /* its object identifier */
    char *oid = NULL;
    int code = gnutls_pkcs8_info(data, format, NULL, NULL, NULL, NULL, NULL, &oid);
    gnutls_free(oid);
    if (code == 0 || holds(data, "Proc-Type: 4,ENCRYPTED")) {
        return ENCRYPTED;
    }
    bool is_unknown = code == GNUTLS_E_UNKNOWN_CIPHER_TYPE ||
                      holds(data, "BEGIN ENCRYPTED PRIVATE KEY") || holds(data, pbes2);
    return is_unknown ? ENCRYPTED_UNKNOWN : PLAIN;
}

static int refuse(int code, gnutls_x509_crt_fmt_t format, enum protection protection,
    const char *password, struct lc_error *error)
{
    if (protection == ENCRYPTED_UNKNOWN) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "its private key is damaged, or encrypted in a way that is not read here; what openssl "
            "pkcs8 -topk8 makes is read");
    }
    if (protection == ENCRYPTED && password[0] == '\0') {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "its private key is encrypted: StorePassword has to be set");
    }
    if (protection == ENCRYPTED) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "its private key cannot be decrypted: StorePassword is wrong");
    }
    const char *what = format == GNUTLS_X509_FMT_PEM
                           ? "its private key is damaged"
                           : "it is no certificate and no key that is read here, or it is damaged";
    return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s: %s", what, gnutls_strerror(code));
}

int lc_read_private(struct lc_bytes data, gnutls_x509_crt_fmt_t format, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    gnutls_privkey_t key;
    if (gnutls_privkey_init(&key) < 0) {
        return lc_fail_memory(error);
    }
    gnutls_datum_t datum = lc_datum(data);
    enum protection protection = protection_of(&datum, format);
    int code = gnutls_privkey_import_x509_raw(
        key, &datum, format, protection == PLAIN ? NULL : password, 0);
    if (code < 0) {
        code = refuse(code, format, protection, password, error);
    } else {
        code = lc_contents_add_private(contents, key, NULL, error);
    }
    gnutls_privkey_deinit(key);
    return code;
}

int lc_read_der(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    gnutls_x509_crt_t x509 = lc_x509_of(data);
    if (x509 != NULL) {
        gnutls_x509_crt_deinit(x509);
        return lc_contents_add_certificate(contents, data, error);
    }
    gnutls_pubkey_t public = lc_public_of(data);
    if (public != NULL) {
        int code = lc_contents_add_public(contents, public, NULL, error);
        gnutls_pubkey_deinit(public);
        return code;
    }
    if (data.len == 0 || data.data[0] != 0x30) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "no certificate and no key is in it, neither in PEM nor in DER");
    }
    return lc_read_private(data, GNUTLS_X509_FMT_DER, password, contents, error);
}
