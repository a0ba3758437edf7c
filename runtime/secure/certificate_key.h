/* Keys between GnuTLS and DER in memory of ours; for certificate*.c and trust*.c alone. */
#ifndef LC_SECURE_CERTIFICATE_KEY_H
#define LC_SECURE_CERTIFICATE_KEY_H

#include <gnutls/abstract.h>

#include "secure/certificate.h"

static inline gnutls_datum_t lc_datum(struct lc_bytes bytes)
{
    return (gnutls_datum_t){(unsigned char *)bytes.data, (unsigned)bytes.len};
}

static inline struct lc_bytes lc_datum_bytes(gnutls_datum_t datum)
{
    return lc_bytes(datum.data, datum.size);
}

/* Copies what GnuTLS has allocated into memory of ours, and wipes and frees it there. */
bool lc_datum_take(gnutls_datum_t *datum, struct lc_bytes *out);

void lc_bytes_free(struct lc_bytes *bytes);
void lc_secret_free(struct lc_bytes *bytes); /* wipes it before */

/* The SubjectPublicKeyInfo, to be freed with lc_bytes_free(). False: memory, or not to be read. */
bool lc_spki_of_public(gnutls_pubkey_t key, struct lc_bytes *out);
bool lc_spki_of_private(gnutls_privkey_t key, struct lc_bytes *out);
bool lc_spki_of_certificate(struct lc_bytes der, struct lc_bytes *out);
bool lc_spki_copy(struct lc_bytes spki, struct lc_bytes *out);

/* PKCS #8, DER, not encrypted; to be freed with lc_secret_free(). (certificate_pkcs8.c) */
bool lc_pkcs8_of(gnutls_privkey_t key, struct lc_bytes *out);

/* NULL: memory, or not to be read. Freed with gnutls_x509_crt_deinit, gnutls_pubkey_deinit. */
gnutls_x509_crt_t lc_x509_of(struct lc_bytes der);
gnutls_pubkey_t lc_public_of(struct lc_bytes spki);

enum lc_key_kind lc_key_kind_of(struct lc_bytes spki);

#endif
