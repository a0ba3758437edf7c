/*
 * Certificates and keys in one form, whatever store they came from. Immutable once made, shared by
 * counting references. No engine of DTLS reads a container format.
 */
#ifndef LC_SECURE_CERTIFICATE_H
#define LC_SECURE_CERTIFICATE_H

#include "base/buf.h"
#include "base/error.h"

/* The reference's StoreType. */
enum lc_store_type {
    LC_STORE_USER = 0,
    LC_STORE_MACHINE = 1,
    LC_STORE_PFX_FILE = 2,
    LC_STORE_PFX_BLOB = 3,
    LC_STORE_JKS_FILE = 4,
    LC_STORE_JKS_BLOB = 5,
    LC_STORE_PEM_KEY_FILE = 6,
    LC_STORE_PEM_KEY_BLOB = 7,
    LC_STORE_PUBLIC_KEY_FILE = 8,
    LC_STORE_PUBLIC_KEY_BLOB = 9,
    LC_STORE_SSH_PUBLIC_KEY_BLOB = 10,
    LC_STORE_P7B_FILE = 11,
    LC_STORE_P7B_BLOB = 12,
    LC_STORE_SSH_PUBLIC_KEY_FILE = 13,
    LC_STORE_PPK_FILE = 14,
    LC_STORE_PPK_BLOB = 15,
    LC_STORE_XML_FILE = 16,
    LC_STORE_XML_BLOB = 17,
    LC_STORE_JWK_FILE = 18,
    LC_STORE_JWK_BLOB = 19,
    LC_STORE_BCFKS_FILE = 21,
    LC_STORE_BCFKS_BLOB = 22,
    LC_STORE_PKCS11 = 23,
    LC_STORE_AUTO = 99,
};

/* Of the public key; decides which engine can use it. */
enum lc_key_kind { LC_KEY_NONE, LC_KEY_RSA, LC_KEY_EC, LC_KEY_ED25519, LC_KEY_OTHER };

enum { LC_CHAIN_MAX = 16 };

struct lc_certificate {
    unsigned refs;
    uint8_t key_kind;     /* enum lc_key_kind */
    uint8_t chain_len;    /* certificates in `chain`; 0: a bare key */
    struct lc_bytes spki; /* SubjectPublicKeyInfo, DER; owned, as all below */
    struct lc_bytes key;  /* private: PKCS #8, DER, not encrypted; empty: none, or in a token */
    char *key_url;        /* private: the PKCS #11 URL of a key that stays in its token, or NULL */
    char *pin;            /* of that token, or NULL */
    struct lc_bytes chain[LC_CHAIN_MAX]; /* X.509, DER, the leaf first, then its issuers */
};

/* Where to look; views. */
struct lc_certificate_source {
    int type;                /* enum lc_store_type */
    struct lc_bytes content; /* a file's name, or the data itself (binary or base64) */
    struct lc_bytes password;
};

/*
 * Finds a certificate, a key or both in a store, by the reference's rules: `subject` is a whole
 * distinguished name, else a part of one, "Thumbprint=<hex>", or "*" for the first that has a
 * private key, else the first. LC_OK; 271 when the store cannot be opened (missing, wrong password,
 * damaged, a kind that is not read here), 272 when nothing in it matches, with words that never
 * hold the password.
 */
int lc_certificate_open(const struct lc_certificate_source *store, struct lc_bytes subject,
    struct lc_certificate **out, struct lc_error *error);

/*
 * From the encoded certificate itself (PEM, base64 or DER); its private key is looked for in
 * `store` (NULL: nowhere) and left out when it is not there. 271 when it cannot be read.
 */
int lc_certificate_decode(struct lc_bytes encoded, const struct lc_certificate_source *store,
    struct lc_certificate **out, struct lc_error *error);

/* What a peer has shown: its chain, the leaf first, or a raw public key (RFC 7250). NULL: memory,
 * or not to be read. */
struct lc_certificate *lc_certificate_from_chain(const struct lc_bytes *chain, size_t count);
struct lc_certificate *lc_certificate_from_spki(struct lc_bytes spki);

/* The same for a chain whose certificates stand one behind the other. */
struct lc_certificate *lc_certificate_from_bundle(struct lc_bytes bundle);

/* The first of them; a view. Empty: it is not whole. */
struct lc_bytes lc_certificate_first(struct lc_bytes bundle);

/* NULL is let through by both. */
struct lc_certificate *lc_certificate_hold(struct lc_certificate *certificate);
void lc_certificate_release(struct lc_certificate *certificate);

/* There is a private key, here or in a token. */
static inline bool lc_certificate_has_key(const struct lc_certificate *certificate)
{
    return certificate->key.len > 0 || certificate->key_url != NULL;
}

/* The certificates of a PEM text (anything may stand between them), each as DER in memory of its
 * own. -1 with 271: something in it that begins like a certificate cannot be read. */
int lc_certificate_list(
    struct lc_bytes pem, struct lc_bytes out[], size_t room, struct lc_error *error);

/* ---- The fields of the reference's Certificate that are made from it (certificate_field.c) ----
 */

enum lc_certificate_field {
    LC_CERT_EFFECTIVE_DATE,
    LC_CERT_ENCODED, /* PEM: "CERTIFICATE", or "PUBLIC KEY" for a bare key */
    LC_CERT_EXPIRATION_DATE,
    LC_CERT_EXTENDED_KEY_USAGE,
    LC_CERT_FINGERPRINT,
    LC_CERT_FINGERPRINT_SHA1,
    LC_CERT_FINGERPRINT_SHA256,
    LC_CERT_ISSUER,
    LC_CERT_PRIVATE_KEY, /* PEM; empty when it stays in a token */
    LC_CERT_PUBLIC_KEY,
    LC_CERT_PUBLIC_KEY_ALGORITHM,
    LC_CERT_SERIAL_NUMBER,
    LC_CERT_SIGNATURE_ALGORITHM,
    LC_CERT_SUBJECT,
    LC_CERT_SUBJECT_ALT_NAMES,
    LC_CERT_THUMBPRINT_MD5,
    LC_CERT_THUMBPRINT_SHA1,
    LC_CERT_THUMBPRINT_SHA256,
    LC_CERT_USAGE,
    LC_CERT_VERSION,
    LC_CERT_CHAIN, /* PEM of all certificates, the leaf first: SSLIncludeCertChain */
};

/* Appends the text of a field; nothing for what a bare key does not have. False: memory. */
bool lc_certificate_print(
    const struct lc_certificate *certificate, enum lc_certificate_field field, struct lc_buf *out);

unsigned lc_certificate_key_bits(const struct lc_certificate *certificate);
unsigned lc_certificate_usage_flags(const struct lc_certificate *certificate);

#endif
