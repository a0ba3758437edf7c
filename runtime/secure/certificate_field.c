/* The fields of the reference's Certificate, as text; see certificate.h. */
#include <gnutls/crypto.h>
#include <time.h>

#include "secure/certificate.h"
#include "secure/certificate_name.h"
#include "secure/certificate_print.h"

/* What a field is made from. */
struct source {
    const struct lc_certificate *certificate;
    gnutls_x509_crt_t x509; /* the leaf; NULL: a bare key */
    gnutls_pubkey_t public;
};

typedef bool print(const struct source *source, int detail, struct lc_buf *out);

/* ---- Dates -------------------------------------------------------------------------------------
 */

enum { EFFECTIVE, EXPIRATION };

/* "23-Jan-2000 15:00:00", in local time; the month in English whatever the locale. */
static bool print_date(const struct source *source, int which, struct lc_buf *out)
{
    static const char months[][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = which == EFFECTIVE ? gnutls_x509_crt_get_activation_time(source->x509)
                                   : gnutls_x509_crt_get_expiration_time(source->x509);
    if (which == EXPIRATION && at == GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION) {
        return lc_buf_printf(out, "31-Dec-9999 23:59:59"); /* never (RFC 5280 4.1.2.5) */
    }
    struct tm local;
    if (at == (time_t)-1 || localtime_r(&at, &local) == NULL) {
        return true;
    }
    return lc_buf_printf(out, "%02d-%s-%04d %02d:%02d:%02d", local.tm_mday, months[local.tm_mon],
        local.tm_year + 1900, local.tm_hour, local.tm_min, local.tm_sec);
}

/* ---- Names and numbers -------------------------------------------------------------------------
 */

static bool print_subject(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    return lc_subject_print(source->x509, out);
}

static bool print_issuer(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    return lc_issuer_print(source->x509, out);
}

static bool print_alt_names(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    return lc_alt_names_print(source->x509, out);
}

static bool print_serial(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    uint8_t serial[64];
    size_t len = sizeof serial;
    if (gnutls_x509_crt_get_serial(source->x509, serial, &len) < 0) {
        return true;
    }
    size_t sign = len > 1 && serial[0] == 0 ? 1 : 0; /* keeps the number positive, no part of it */
    return lc_hex_print(lc_bytes(serial + sign, len - sign), "", out);
}

static bool print_version(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    return lc_buf_printf(out, "V%d", gnutls_x509_crt_get_version(source->x509));
}

/* ---- Usage -------------------------------------------------------------------------------------
 */

/* From the highest bit of UsageFlags down. */
static const char *const usages[] = {"Digital Signature", "Non-Repudiation", "Key Encipherment",
    "Data Encipherment", "Key Agreement", "Certificate Signing", "CRL Signing", "Encipher Only"};

static unsigned usage_flags(gnutls_x509_crt_t x509)
{
    unsigned flags = 0;
    return gnutls_x509_crt_get_key_usage(x509, &flags, NULL) < 0 ? 0 : flags & 0xff;
}

static bool print_usage(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    unsigned flags = usage_flags(source->x509);
    size_t start = out->len;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof usages / sizeof usages[0]; i++) {
        if ((flags & 0x80u >> i) != 0) {
            ok = lc_buf_printf(out, "%s%s", out->len == start ? "" : ",", usages[i]);
        }
    }
    return ok;
}

static bool print_extended_usage(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    char oid[128];
    for (unsigned i = 0;; i++) {
        size_t len = sizeof oid;
        if (gnutls_x509_crt_get_key_purpose_oid(source->x509, i, oid, &len, NULL) < 0) {
            return true;
        }
        if (!lc_buf_printf(out, "%s%s", i == 0 ? "" : ",", oid)) {
            return false;
        }
    }
}

/* ---- Algorithms --------------------------------------------------------------------------------
 */

static bool print_signature(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    int algorithm = gnutls_x509_crt_get_signature_algorithm(source->x509);
    const char *name =
        algorithm <= 0 ? NULL : gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm);
    if (name != NULL) {
        return lc_buf_printf(out, "%s", name);
    }
    char oid[128];
    size_t len = sizeof oid;
    return gnutls_x509_crt_get_signature_oid(source->x509, oid, &len) < 0 ||
           lc_buf_printf(out, "%s", oid);
}

static const struct {
    int algorithm;
    const char *name;
} key_names[] = {
    {GNUTLS_PK_RSA, "RSA"},
    {GNUTLS_PK_RSA_PSS, "RSA-PSS"},
    {GNUTLS_PK_DSA, "DSA"},
    {GNUTLS_PK_ECDSA, "ECDSA"},
    {GNUTLS_PK_EDDSA_ED25519, "Ed25519"},
    {GNUTLS_PK_EDDSA_ED448, "Ed448"},
};

static bool print_key_algorithm(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    int algorithm = gnutls_pubkey_get_pk_algorithm(source->public, NULL);
    for (size_t i = 0; i < sizeof key_names / sizeof key_names[0]; i++) {
        if (key_names[i].algorithm == algorithm) {
            return lc_buf_printf(out, "%s", key_names[i].name);
        }
    }
    const char *oid = algorithm < 0 ? NULL : gnutls_pk_get_oid((gnutls_pk_algorithm_t)algorithm);
    return oid == NULL || lc_buf_printf(out, "%s", oid);
}

/* ---- Hashes ------------------------------------------------------------------------------------
 */

static bool print_thumbprint(const struct source *source, int algorithm, struct lc_buf *out)
{
    return lc_hash_print(algorithm, source->certificate->chain[0], "", out);
}

/* Of the certificate; of a bare key as SSH makes it. */
static bool print_fingerprint(const struct source *source, int algorithm, struct lc_buf *out)
{
    if (source->x509 != NULL) {
        return lc_hash_print(algorithm, source->certificate->chain[0], ":", out);
    }
    struct lc_buf key = {0};
    bool ok = lc_ssh_append(source->public, &key) &&
              (key.len == 0 || lc_hash_print(algorithm, lc_buf_bytes(&key), ":", out));
    lc_buf_free(&key);
    return ok;
}

/* ---- PEM ---------------------------------------------------------------------------------------
 */

static bool print_public(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    return lc_pem_print("PUBLIC KEY", source->certificate->spki, out);
}

static bool print_private(const struct source *source, int detail, struct lc_buf *out)
{
    (void)detail;
    struct lc_bytes key = source->certificate->key;
    return key.len == 0 || lc_pem_print("PRIVATE KEY", key, out);
}

/* At most `most` certificates; a bare key in place of none. */
static bool print_chain(const struct source *source, int most, struct lc_buf *out)
{
    const struct lc_certificate *certificate = source->certificate;
    if (certificate->chain_len == 0) {
        return print_public(source, 0, out);
    }
    bool ok = true;
    for (int i = 0; ok && i < certificate->chain_len && i < most; i++) {
        ok = lc_pem_print("CERTIFICATE", certificate->chain[i], out);
    }
    return ok;
}

/* ---- The table ---------------------------------------------------------------------------------
 */

static const struct {
    print *print;
    int detail;
    bool of_key; /* a bare key has it too */
} fields[] = {
    [LC_CERT_EFFECTIVE_DATE] = {print_date, EFFECTIVE, false},
    [LC_CERT_ENCODED] = {print_chain, 1, true},
    [LC_CERT_EXPIRATION_DATE] = {print_date, EXPIRATION, false},
    [LC_CERT_EXTENDED_KEY_USAGE] = {print_extended_usage, 0, false},
    [LC_CERT_FINGERPRINT] = {print_fingerprint, GNUTLS_DIG_MD5, true},
    [LC_CERT_FINGERPRINT_SHA1] = {print_fingerprint, GNUTLS_DIG_SHA1, true},
    [LC_CERT_FINGERPRINT_SHA256] = {print_fingerprint, GNUTLS_DIG_SHA256, true},
    [LC_CERT_ISSUER] = {print_issuer, 0, false},
    [LC_CERT_PRIVATE_KEY] = {print_private, 0, true},
    [LC_CERT_PUBLIC_KEY] = {print_public, 0, true},
    [LC_CERT_PUBLIC_KEY_ALGORITHM] = {print_key_algorithm, 0, true},
    [LC_CERT_SERIAL_NUMBER] = {print_serial, 0, false},
    [LC_CERT_SIGNATURE_ALGORITHM] = {print_signature, 0, false},
    [LC_CERT_SUBJECT] = {print_subject, 0, false},
    [LC_CERT_SUBJECT_ALT_NAMES] = {print_alt_names, 0, false},
    [LC_CERT_THUMBPRINT_MD5] = {print_thumbprint, GNUTLS_DIG_MD5, false},
    [LC_CERT_THUMBPRINT_SHA1] = {print_thumbprint, GNUTLS_DIG_SHA1, false},
    [LC_CERT_THUMBPRINT_SHA256] = {print_thumbprint, GNUTLS_DIG_SHA256, false},
    [LC_CERT_USAGE] = {print_usage, 0, false},
    [LC_CERT_VERSION] = {print_version, 0, false},
    [LC_CERT_CHAIN] = {print_chain, LC_CHAIN_MAX, true},
};

bool lc_certificate_print(
    const struct lc_certificate *certificate, enum lc_certificate_field field, struct lc_buf *out)
{
    if (certificate->chain_len == 0 && !fields[field].of_key) {
        return true;
    }
    struct source source = {certificate, NULL, lc_public_of(certificate->spki)};
    if (certificate->chain_len > 0) {
        source.x509 = lc_x509_of(certificate->chain[0]);
    }
    bool ok = source.public != NULL && (certificate->chain_len == 0 || source.x509 != NULL) &&
              fields[field].print(&source, fields[field].detail, out);
    gnutls_pubkey_deinit(source.public);
    gnutls_x509_crt_deinit(source.x509);
    return ok;
}

unsigned lc_certificate_key_bits(const struct lc_certificate *certificate)
{
    unsigned bits = 0;
    gnutls_pubkey_t public = lc_public_of(certificate->spki);
    if (public != NULL) {
        gnutls_pubkey_get_pk_algorithm(public, &bits);
    }
    gnutls_pubkey_deinit(public);
    return bits;
}

unsigned lc_certificate_usage_flags(const struct lc_certificate *certificate)
{
    gnutls_x509_crt_t x509 = certificate->chain_len == 0 ? NULL : lc_x509_of(certificate->chain[0]);
    unsigned flags = x509 == NULL ? 0 : usage_flags(x509);
    gnutls_x509_crt_deinit(x509);
    return flags;
}
