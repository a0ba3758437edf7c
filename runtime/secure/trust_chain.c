/* The way from what a peer has shown to somebody who is trusted (RFC 5280 section 6), which GnuTLS
 * finds and verifies; see trust_inquiry.h. */
#include "secure/trust_inquiry.h"

#include "secure/certificate_name.h"
#include "secure/trust_anchors.h"

#include <stdio.h>
#include <time.h>

/* Puts the leaf's issuer behind it, the issuer of that behind that, and so on. */
static void sort(struct lc_inquiry *inquiry)
{
    gnutls_x509_crt_t *shown = inquiry->shown;
    inquiry->chain_len = 1;
    for (unsigned i = 1; i < inquiry->shown_count; i++) {
        if (gnutls_x509_crt_check_issuer(shown[inquiry->chain_len - 1], shown[i]) != 0) {
            gnutls_x509_crt_t issuer = shown[i];
            shown[i] = shown[inquiry->chain_len];
            shown[inquiry->chain_len++] = issuer;
            i = inquiry->chain_len - 1; /* from the first of the rest again */
        }
    }
}

/* GnuTLS asks this clock while it verifies: the caller's time counts. */
static int64_t now;

static time_t tell_time(time_t *out)
{
    if (out != NULL) {
        *out = now;
    }
    return now;
}

static bool allows_sha1(const struct lc_trust *trust)
{
    for (size_t i = 0; i < trust->signature_count; i++) {
        if (trust->signatures[i] >> 8 == 2) {
            return true;
        }
    }
    return trust->signature_count == 0;
}

/* What GnuTLS finds wrong: GNUTLS_CERT_... */
static unsigned verify(struct lc_inquiry *inquiry, gnutls_x509_trust_list_t list)
{
    const struct lc_trust *trust = inquiry->trust;
    unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_LOW); /* RSA from 1024 bits */
    if (lc_trust_overlooks(inquiry, LC_OVERLOOK_DATES)) {
        flags |= GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS;
    }
    if (allows_sha1(trust)) {
        flags |= GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1;
    }
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID,
        .data = (unsigned char *)(trust->for_servers ? GNUTLS_KP_TLS_WWW_SERVER
                                                     : GNUTLS_KP_TLS_WWW_CLIENT),
    };
    unsigned purposes = lc_trust_overlooks(inquiry, LC_OVERLOOK_USAGE) ? 0 : 1;
    unsigned status = 0;
    now = inquiry->now;
    gnutls_global_set_time_function(tell_time);
    int result = gnutls_x509_trust_list_verify_crt2(
        list, inquiry->shown, inquiry->chain_len, &purpose, purposes, flags, &status, NULL);
    gnutls_global_set_time_function(time);
    return result < 0 ? GNUTLS_CERT_INVALID : status;
}

static void tell_unknown(const struct lc_inquiry *inquiry)
{
    gnutls_x509_crt_t last = inquiry->shown[inquiry->chain_len - 1];
    const char *setting = inquiry->trust->for_servers ? "SSLServerCACerts" : "SSLClientCACerts";
    if (inquiry->chain_len == 1 && gnutls_x509_crt_check_issuer(last, last) != 0) {
        lc_trust_tell(inquiry->out, LC_PROBLEM_UNKNOWN_CA,
            "The certificate is signed by itself and not known: %s can name it.", setting);
        return;
    }
    struct lc_buf name = {0};
    lc_issuer_print(last, &name);
    lc_trust_tell(inquiry->out, LC_PROBLEM_UNKNOWN_CA,
        "The certificate's issuer (%s) is not known: %s can name it.", lc_trust_excerpt(&name),
        setting);
    lc_buf_free(&name);
}

static void tell_date(
    const struct lc_inquiry *inquiry, gnutls_x509_crt_t certificate, const char *verb, time_t date)
{
    char text[40];
    struct tm parts;
    if (gmtime_r(&date, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
        snprintf(text, sizeof text, "a date that cannot be read");
    }
    const char *whose = certificate == inquiry->shown[0] ? "" : " of an issuer";
    lc_trust_tell(inquiry->out, LC_PROBLEM_DATE, "The certificate%s %s %s.", whose, verb, text);
}

static bool check_date(const struct lc_inquiry *inquiry, gnutls_x509_crt_t certificate)
{
    time_t from = gnutls_x509_crt_get_activation_time(certificate);
    time_t until = gnutls_x509_crt_get_expiration_time(certificate);
    if (inquiry->now < from) {
        tell_date(inquiry, certificate, "is not valid before", from);
    } else if (inquiry->now > until) {
        tell_date(inquiry, certificate, "has expired on", until);
    }
    return inquiry->now >= from && inquiry->now <= until;
}

/* One date is told, the leaf's first. Those of issuers count when GnuTLS says so: it may have found
 * another way past an old one. */
static void check_dates(const struct lc_inquiry *inquiry, unsigned status)
{
    bool wrong = (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED)) != 0;
    bool good = check_date(inquiry, inquiry->shown[0]);
    for (unsigned i = 1; good && wrong && i < inquiry->chain_len; i++) {
        good = check_date(inquiry, inquiry->shown[i]);
    }
    if (good && wrong) {
        lc_trust_tell(inquiry->out, LC_PROBLEM_DATE,
            "The certificate of an issuer that is trusted has expired or is not valid yet.");
    }
}

static const struct {
    unsigned bits; /* one of them */
    enum lc_problem problem;
    const char *text;
} problems[] = {
    {GNUTLS_CERT_SIGNER_NOT_CA | GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, LC_PROBLEM_BROKEN_CHAIN,
        "An issuer may not issue it: it is no authority, or not one for this name or depth."},
    {GNUTLS_CERT_SIGNATURE_FAILURE, LC_PROBLEM_BROKEN_CHAIN,
        "The signature of the certificate, or of an issuer, is wrong."},
    {GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, LC_PROBLEM_BROKEN_CHAIN,
        "The certificate has a critical extension that is not known here."},
    {GNUTLS_CERT_INSECURE_ALGORITHM, LC_PROBLEM_SIGNATURE,
        "The certificate, or an issuer, has a weak signature or a key that is too short."},
    {GNUTLS_CERT_REVOKED, LC_PROBLEM_REVOKED, "The certificate is revoked."},
};

static void tell_status(const struct lc_inquiry *inquiry, unsigned status)
{
    unsigned known = GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_PURPOSE_MISMATCH |
                     GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED;
    if ((status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0 &&
        !lc_trust_overlooks(inquiry, LC_OVERLOOK_UNKNOWN_CA)) {
        tell_unknown(inquiry);
    }
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        known |= problems[i].bits;
        if ((status & problems[i].bits) != 0) {
            lc_trust_tell(inquiry->out, problems[i].problem, "%s", problems[i].text);
        }
    }
    if (status == GNUTLS_CERT_INVALID || (status & ~(known | GNUTLS_CERT_INVALID)) != 0) {
        lc_trust_tell(inquiry->out, LC_PROBLEM_UNREADABLE, "The certificate cannot be verified.");
    }
    if (!lc_trust_overlooks(inquiry, LC_OVERLOOK_DATES)) {
        check_dates(inquiry, status);
    }
    if ((status & GNUTLS_CERT_PURPOSE_MISMATCH) != 0) {
        lc_trust_tell(inquiry->out, LC_PROBLEM_USAGE, "The certificate is not meant for %s.",
            inquiry->trust->for_servers ? "servers" : "clients");
    }
}

void lc_trust_check_chain(struct lc_inquiry *inquiry)
{
    sort(inquiry);
    unsigned status = verify(inquiry, inquiry->trust->anchors);
    if (inquiry->trust->system && (status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0) {
        gnutls_x509_trust_list_t system = lc_trust_system_anchors();
        status = system != NULL ? verify(inquiry, system) : status;
    }
    tell_status(inquiry, status);
}
