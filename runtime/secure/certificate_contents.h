/* What a store holds: the readers of the containers gather it, certificate_open.c chooses. */
#ifndef LC_SECURE_CERTIFICATE_CONTENTS_H
#define LC_SECURE_CERTIFICATE_CONTENTS_H

#include "secure/certificate_key.h"

struct lc_found_key {
    struct lc_bytes spki;
    struct lc_bytes key; /* private: PKCS #8; empty: a public key alone, or one in a token */
    char *url;           /* of one in a token, or NULL */
    char *name;          /* what its store calls it, or NULL */
};

/* All zeroes is empty; everything in it is owned. */
struct lc_contents {
    struct lc_bytes *certificates; /* DER, all of which can be read */
    struct lc_found_key *keys;
    size_t certificate_count, key_count;
};

/* Each copies and returns LC_OK, 271 or 10055. `name` may be NULL. */
int lc_contents_add_certificate(
    struct lc_contents *contents, struct lc_bytes der, struct lc_error *error);
int lc_contents_add_private(
    struct lc_contents *contents, gnutls_privkey_t key, const char *name, struct lc_error *error);
int lc_contents_add_public(
    struct lc_contents *contents, gnutls_pubkey_t key, const char *name, struct lc_error *error);
int lc_contents_add_token_key(struct lc_contents *contents, struct lc_bytes spki, const char *url,
    const char *name, struct lc_error *error);

void lc_contents_free(struct lc_contents *contents);

/* An object of these parts, all copied; `key` may be NULL, `pin` counts for a token's key. NULL:
 * memory, or a key that cannot be read. (certificate.c) */
struct lc_certificate *lc_certificate_make(const struct lc_bytes *chain, size_t count,
    struct lc_bytes spki, const struct lc_found_key *key, struct lc_bytes pin);

/* Adds what is in a store; the errors of lc_certificate_open(). (certificate_store.c) */
int lc_contents_read(const struct lc_certificate_source *store, struct lc_contents *contents,
    struct lc_error *error);

/* Readers. 271: damaged, wrong password, nothing in it that they read. `password` may be "". */
typedef int lc_container_reader(struct lc_bytes data, const char *password,
    struct lc_contents *contents, struct lc_error *error);

lc_container_reader lc_read_pkcs12; /* certificate_pkcs12.c */
lc_container_reader lc_read_pem;    /* certificate_pem.c */
lc_container_reader lc_read_der;    /* certificate_der.c: a certificate or a key */
lc_container_reader lc_read_jwk;    /* certificate_jwk.c */
lc_container_reader lc_read_pkcs11; /* certificate_pkcs11.c: `data` is a URL or a module's path */

/* Whether it holds a PEM block, and how a certificate file is read: as PEM then, else as DER. */
bool lc_is_pem(struct lc_bytes data);
lc_container_reader lc_read_pem_or_der;

/* One private key, PEM or DER (certificate_der.c). */
int lc_read_private(struct lc_bytes data, gnutls_x509_crt_fmt_t format, const char *password,
    struct lc_contents *contents, struct lc_error *error);

#endif
