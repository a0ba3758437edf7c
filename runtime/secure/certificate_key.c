/* Keys between GnuTLS and DER; see certificate_key.h. */
#include "secure/certificate_key.h"

#include "base/memory.h"

bool lc_datum_take(gnutls_datum_t *datum, struct lc_bytes *out)
{
    *out = lc_bytes(lc_copy(datum->data, datum->size), datum->size);
    if (datum->data != NULL) {
        gnutls_memset(datum->data, 0, datum->size);
        gnutls_free(datum->data);
        datum->data = NULL;
    }
    return out->data != NULL;
}

void lc_bytes_free(struct lc_bytes *bytes)
{
    lc_free((void *)bytes->data);
    *bytes = lc_bytes(NULL, 0);
}

void lc_secret_free(struct lc_bytes *bytes)
{
    if (bytes->data != NULL) {
        explicit_bzero((void *)bytes->data, bytes->len);
    }
    lc_bytes_free(bytes);
}

bool lc_spki_of_public(gnutls_pubkey_t key, struct lc_bytes *out)
{
    gnutls_datum_t der = {0};
    return gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) == 0 && lc_datum_take(&der, out);
}

bool lc_spki_of_private(gnutls_privkey_t key, struct lc_bytes *out)
{
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) < 0) {
        return false;
    }
    bool ok =
        gnutls_pubkey_import_privkey(public, key, 0, 0) == 0 && lc_spki_of_public(public, out);
    gnutls_pubkey_deinit(public);
    return ok;
}

bool lc_spki_of_certificate(struct lc_bytes der, struct lc_bytes *out)
{
    gnutls_x509_crt_t x509 = lc_x509_of(der);
    gnutls_pubkey_t public = NULL;
    bool ok = x509 != NULL && gnutls_pubkey_init(&public) == 0 &&
              gnutls_pubkey_import_x509(public, x509, 0) == 0 && lc_spki_of_public(public, out);
    gnutls_pubkey_deinit(public);
    gnutls_x509_crt_deinit(x509);
    return ok;
}

bool lc_spki_copy(struct lc_bytes spki, struct lc_bytes *out)
{
    gnutls_pubkey_t public = lc_public_of(spki);
    bool ok = public != NULL && lc_spki_of_public(public, out);
    gnutls_pubkey_deinit(public);
    return ok;
}

gnutls_x509_crt_t lc_x509_of(struct lc_bytes der)
{
    gnutls_x509_crt_t x509;
    if (gnutls_x509_crt_init(&x509) < 0) {
        return NULL;
    }
    gnutls_datum_t data = lc_datum(der);
    if (gnutls_x509_crt_import(x509, &data, GNUTLS_X509_FMT_DER) < 0) {
        gnutls_x509_crt_deinit(x509);
        return NULL;
    }
    return x509;
}

gnutls_pubkey_t lc_public_of(struct lc_bytes spki)
{
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) < 0) {
        return NULL;
    }
    gnutls_datum_t data = lc_datum(spki);
    if (gnutls_pubkey_import(public, &data, GNUTLS_X509_FMT_DER) < 0) {
        gnutls_pubkey_deinit(public);
        return NULL;
    }
    return public;
}

/* mbed TLS knows no RSA key that is for RSASSA-PSS alone: of another kind than LC_KEY_RSA. */
static const struct {
    int algorithm;
    enum lc_key_kind kind;
} kinds[] = {
    {GNUTLS_PK_RSA, LC_KEY_RSA},
    {GNUTLS_PK_ECDSA, LC_KEY_EC},
    {GNUTLS_PK_EDDSA_ED25519, LC_KEY_ED25519},
};

enum lc_key_kind lc_key_kind_of(struct lc_bytes spki)
{
    gnutls_pubkey_t public = lc_public_of(spki);
    if (public == NULL) {
        return LC_KEY_NONE;
    }
    int algorithm = gnutls_pubkey_get_pk_algorithm(public, NULL);
    gnutls_pubkey_deinit(public);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].algorithm == algorithm) {
            return kinds[i].kind;
        }
    }
    return LC_KEY_OTHER;
}
