/* What the peer's own certificate says besides its chain; see trust_inquiry.h. */
#include "secure/trust_inquiry.h"

#include "secure/trust_name.h"

/* With the suites in use the peer signs in the handshake (RFC 5246 section 7.4.2). */
static void check_key_usage(const struct lc_inquiry *inquiry)
{
    unsigned usage;
    if (gnutls_x509_crt_get_key_usage(inquiry->shown[0], &usage, NULL) == 0 &&
        (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) == 0) {
        lc_trust_tell(inquiry->out, LC_PROBLEM_USAGE,
            "The certificate's key is not meant for digital signatures.");
    }
}

static const char without_wildcards[] = " Names with * do not count (RFC 7252 section 9.1.3.3).";

static void check_name(const struct lc_inquiry *inquiry)
{
    if (inquiry->host == NULL || lc_trust_name_fits(inquiry->shown[0], inquiry->host)) {
        return;
    }
    struct lc_buf list = {0};
    lc_trust_name_print(inquiry->shown[0], &list);
    const char *names = lc_trust_excerpt(&list);
    if (names[0] == '\0') {
        lc_trust_tell(inquiry->out, LC_PROBLEM_NAME,
            "The certificate has no name, so it is not for %.60s.", inquiry->host);
    } else {
        lc_trust_tell(inquiry->out, LC_PROBLEM_NAME, "The certificate is for %s, not for %.60s.%s",
            names, inquiry->host, strchr(names, '*') != NULL ? without_wildcards : "");
    }
    lc_buf_free(&list);
}

/* As the numbers of config.h (RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.1.3). A setting that
 * takes RSA takes its other padding too, for which it has no words. */
static const struct {
    gnutls_sign_algorithm_t algorithm;
    uint16_t number;
} signatures[] = {
    {GNUTLS_SIGN_RSA_SHA1, 0x0201},
    {GNUTLS_SIGN_RSA_SHA224, 0x0301},
    {GNUTLS_SIGN_RSA_SHA256, 0x0401},
    {GNUTLS_SIGN_RSA_SHA384, 0x0501},
    {GNUTLS_SIGN_RSA_SHA512, 0x0601},
    {GNUTLS_SIGN_RSA_PSS_SHA256, 0x0401},
    {GNUTLS_SIGN_RSA_PSS_SHA384, 0x0501},
    {GNUTLS_SIGN_RSA_PSS_SHA512, 0x0601},
    {GNUTLS_SIGN_DSA_SHA1, 0x0202},
    {GNUTLS_SIGN_DSA_SHA224, 0x0302},
    {GNUTLS_SIGN_DSA_SHA256, 0x0402},
    {GNUTLS_SIGN_DSA_SHA384, 0x0502},
    {GNUTLS_SIGN_DSA_SHA512, 0x0602},
    {GNUTLS_SIGN_ECDSA_SHA1, 0x0203},
    {GNUTLS_SIGN_ECDSA_SHA224, 0x0303},
    {GNUTLS_SIGN_ECDSA_SHA256, 0x0403},
    {GNUTLS_SIGN_ECDSA_SHA384, 0x0503},
    {GNUTLS_SIGN_ECDSA_SHA512, 0x0603},
    {GNUTLS_SIGN_EDDSA_ED25519, 0x0807},
};

static bool allows_signature(const struct lc_trust *trust, gnutls_sign_algorithm_t algorithm)
{
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        for (size_t j = 0; j < trust->signature_count; j++) {
            if (signatures[i].algorithm == algorithm &&
                signatures[i].number == trust->signatures[j]) {
                return true;
            }
        }
    }
    return trust->signature_count == 0;
}

static void check_signature(const struct lc_inquiry *inquiry)
{
    int algorithm = gnutls_x509_crt_get_signature_algorithm(inquiry->shown[0]);
    if (!allows_signature(inquiry->trust, (gnutls_sign_algorithm_t)algorithm)) {
        const char *name = gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm);
        lc_trust_tell(inquiry->out, LC_PROBLEM_SIGNATURE,
            "The certificate is signed with %s, which TLS12SignatureAlgorithms does not have.",
            name != NULL ? name : "an algorithm that is not known here");
    }
}

void lc_trust_check_leaf(const struct lc_inquiry *inquiry)
{
    if (!lc_trust_overlooks(inquiry, LC_OVERLOOK_USAGE)) {
        check_key_usage(inquiry);
    }
    check_signature(inquiry);
    if (!lc_trust_overlooks(inquiry, LC_OVERLOOK_NAME)) {
        check_name(inquiry);
    }
}
