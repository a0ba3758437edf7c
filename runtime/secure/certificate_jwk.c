/* JSON Web Keys and sets of them (RFC 7517, RFC 7518 section 6, RFC 8037). */
#include <jansson.h>

#include "base/base64.h"
#include "base/memory.h"
#include "secure/certificate_contents.h"

/* The numbers of one key, decoded; those that it does not have are empty. */
enum part { N, E, D, P, Q, X, Y, PARTS };

static const char *const part_names[PARTS] = {"n", "e", "d", "p", "q", "x", "y"};

struct parts {
    struct lc_bytes bytes[PARTS];
    gnutls_datum_t datum[PARTS];
};

static const char *text_of(const json_t *jwk, const char *name)
{
    const char *text = json_string_value(json_object_get(jwk, name));
    return text == NULL ? "" : text;
}

static int decode(const char *text, const char *what, struct lc_bytes *out, struct lc_error *error)
{
    size_t room = strlen(text) / 4 * 3 + 3;
    uint8_t *data = lc_alloc(room);
    if (data == NULL) {
        return lc_fail_memory(error);
    }
    long len = lc_base64_decode(lc_bytes_text(text), data);
    *out = lc_bytes(data, len < 0 ? room : (size_t)len);
    if (len < 0) {
        lc_secret_free(out);
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "its \"%s\" is no base64url", what);
    }
    return LC_OK;
}

static int read_parts(const json_t *jwk, struct parts *parts, struct lc_error *error)
{
    int code = LC_OK;
    for (int i = 0; code == LC_OK && i < PARTS; i++) {
        const char *text = text_of(jwk, part_names[i]);
        if (text[0] != '\0') {
            code = decode(text, part_names[i], &parts->bytes[i], error);
            parts->datum[i] = lc_datum(parts->bytes[i]);
        }
    }
    return code;
}

static void free_parts(struct parts *parts)
{
    for (int i = 0; i < PARTS; i++) {
        lc_secret_free(&parts->bytes[i]);
    }
}

/* ---- Kinds of keys -----------------------------------------------------------------------------
 */

/* Either `public` or `private` is NULL; returns what GnuTLS does. */
typedef int import(
    struct parts *parts, int curve, gnutls_pubkey_t public, gnutls_privkey_t private);

static int import_rsa(
    struct parts *parts, int curve, gnutls_pubkey_t public, gnutls_privkey_t private)
{
    (void)curve;
    gnutls_datum_t *d = parts->datum;
    return private == NULL ? gnutls_pubkey_import_rsa_raw(public, &d[N], &d[E])
                           : gnutls_privkey_import_rsa_raw(
                                 private, &d[N], &d[E], &d[D], &d[P], &d[Q], NULL, NULL, NULL);
}

static int import_curve(
    struct parts *parts, int curve, gnutls_pubkey_t public, gnutls_privkey_t private)
{
    gnutls_datum_t *d = parts->datum;
    gnutls_datum_t *y = d[Y].size > 0 ? &d[Y] : NULL; /* none on Edwards curves */
    return private == NULL
               ? gnutls_pubkey_import_ecc_raw(public, (gnutls_ecc_curve_t)curve, &d[X], y)
               : gnutls_privkey_import_ecc_raw(private, (gnutls_ecc_curve_t)curve, &d[X], y, &d[D]);
}

static const struct kind {
    const char *kty, *crv;
    import *import;
    int curve;
    unsigned public_parts, private_parts; /* that have to be there, as bits */
} kinds[] = {
    {"RSA", "", import_rsa, 0, 1 << N | 1 << E, 1 << P | 1 << Q},
    {"EC", "P-256", import_curve, GNUTLS_ECC_CURVE_SECP256R1, 1 << X | 1 << Y, 0},
    {"EC", "P-384", import_curve, GNUTLS_ECC_CURVE_SECP384R1, 1 << X | 1 << Y, 0},
    {"EC", "P-521", import_curve, GNUTLS_ECC_CURVE_SECP521R1, 1 << X | 1 << Y, 0},
    {"OKP", "Ed25519", import_curve, GNUTLS_ECC_CURVE_ED25519, 1 << X, 0},
    {"OKP", "Ed448", import_curve, GNUTLS_ECC_CURVE_ED448, 1 << X, 0},
};

static const struct kind *kind_of(const json_t *jwk)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(text_of(jwk, "kty"), kinds[i].kty) == 0 &&
            strcmp(text_of(jwk, "crv"), kinds[i].crv) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static int check_parts(const struct kind *kind, const struct parts *parts, struct lc_error *error)
{
    bool is_private = parts->bytes[D].len > 0;
    unsigned wanted = kind->public_parts | (is_private ? kind->private_parts : 0);
    for (int i = 0; i < PARTS; i++) {
        if ((wanted & 1u << i) != 0 && parts->bytes[i].len == 0) {
            return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
                "its \"%s\" is missing: %s keys need it", part_names[i], kind->kty);
        }
    }
    return LC_OK;
}

/* ---- One key -----------------------------------------------------------------------------------
 */

static int fail_import(int code, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
        "the numbers of its key do not fit together: %s", gnutls_strerror(code));
}

static int add_private(const struct kind *kind, struct parts *parts, const char *name,
    struct lc_contents *contents, struct lc_error *error)
{
    gnutls_privkey_t private;
    if (gnutls_privkey_init(&private) < 0) {
        return lc_fail_memory(error);
    }
    int code = kind->import(parts, kind->curve, NULL, private);
    if (code == 0) {
        code = gnutls_privkey_verify_params(private);
    }
    code = code < 0 ? fail_import(code, error)
                    : lc_contents_add_private(contents, private, name, error);
    gnutls_privkey_deinit(private);
    return code;
}

static int add_public(const struct kind *kind, struct parts *parts, const char *name,
    struct lc_contents *contents, struct lc_error *error)
{
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) < 0) {
        return lc_fail_memory(error);
    }
    int code = kind->import(parts, kind->curve, public, NULL);
    code =
        code < 0 ? fail_import(code, error) : lc_contents_add_public(contents, public, name, error);
    gnutls_pubkey_deinit(public);
    return code;
}

/* The first of "x5c" has to be the key's own (RFC 7517 section 4.7). */
static int check_owner(
    struct lc_bytes der, const struct lc_contents *contents, struct lc_error *error)
{
    struct lc_bytes spki = {0};
    if (!lc_spki_of_certificate(der, &spki)) {
        return lc_fail(
            error, LC_ERROR_CERTIFICATE_STORE, "a certificate in its \"x5c\" cannot be read");
    }
    bool fits = lc_bytes_equal(spki, contents->keys[contents->key_count - 1].spki);
    lc_bytes_free(&spki);
    return fits ? LC_OK
                : lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
                      "the certificate in its \"x5c\" belongs to another key");
}

static int add_certificates(const json_t *jwk, struct lc_contents *contents, struct lc_error *error)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(jwk, "x5c"), i, item)
    {
        struct lc_bytes der;
        const char *text = json_string_value(item);
        int code = decode(text == NULL ? "?" : text, "x5c", &der, error);
        if (code != LC_OK) {
            return code;
        }
        code = i == 0 ? check_owner(der, contents, error) : LC_OK;
        if (code == LC_OK) {
            code = lc_contents_add_certificate(contents, der, error);
        }
        lc_bytes_free(&der);
        if (code != LC_OK) {
            return code;
        }
    }
    return LC_OK;
}

static int add_key(const struct kind *kind, const json_t *jwk, struct lc_contents *contents,
    struct lc_error *error)
{
    struct parts parts = {0};
    int code = read_parts(jwk, &parts, error);
    if (code == LC_OK) {
        code = check_parts(kind, &parts, error);
    }
    if (code == LC_OK) {
        const char *name = json_string_value(json_object_get(jwk, "kid"));
        code = (parts.bytes[D].len > 0 ? add_private : add_public)(
            kind, &parts, name, contents, error);
    }
    free_parts(&parts);
    return code == LC_OK ? add_certificates(jwk, contents, error) : code;
}

/* ---- The text ----------------------------------------------------------------------------------
 */

static int fail_kind(const json_t *jwk, struct lc_error *error)
{
    bool is_secret = strcmp(text_of(jwk, "kty"), "oct") == 0;
    return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s",
        is_secret ? "the JWK is a shared secret (\"oct\"): set PSKKey and PSKIdentity for that"
                  : "the JWK is no RSA key, no EC key on P-256, P-384 or P-521 and no OKP key on "
                    "Ed25519 or Ed448");
}

/* Keys of a set that are of another kind are passed over (RFC 7517 section 5). */
static int add_keys(const json_t *root, struct lc_contents *contents, struct lc_error *error)
{
    const json_t *keys = json_object_get(root, "keys");
    if (!json_is_array(keys)) {
        const struct kind *kind = kind_of(root);
        return kind == NULL ? fail_kind(root, error) : add_key(kind, root, contents, error);
    }
    int code = LC_OK;
    for (size_t i = 0; code == LC_OK && i < json_array_size(keys); i++) {
        const json_t *jwk = json_array_get(keys, i);
        const struct kind *kind = kind_of(jwk);
        code = kind == NULL ? LC_OK : add_key(kind, jwk, contents, error);
    }
    if (code == LC_OK && contents->key_count == 0) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "no key of the JWK set is of a kind that is read here: RSA, EC and OKP");
    }
    return code;
}

/* jansson frees its texts as they are: the secrets among them are overwritten before. */
static void wipe(json_t *value)
{
    size_t i;
    json_t *item;
    const char *name;
    json_array_foreach(value, i, item)
    {
        wipe(item);
    }
    json_object_foreach(value, name, item)
    {
        wipe(item);
    }
    if (json_is_string(value)) {
        explicit_bzero((char *)json_string_value(value), json_string_length(value));
    }
}

int lc_read_jwk(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    (void)password;
    json_error_t trouble;
    json_t *root = json_loadb((const char *)data.data, data.len, JSON_REJECT_DUPLICATES, &trouble);
    if (root == NULL) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "it is no JSON: something is wrong in line %d", trouble.line);
    }
    int code = add_keys(root, contents, error);
    wipe(root);
    json_decref(root);
    return code;
}
