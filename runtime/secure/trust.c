/* Whom to trust; see trust.h. The chain and the leaf are looked at in trust_chain.c, trust_leaf.c.
 */
#include "secure/trust.h"

#include "base/memory.h"
#include "secure/alert.h"
#include "secure/certificate_key.h"
#include "secure/trust_anchors.h"
#include "secure/trust_inquiry.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    int code, alert;
} consequences[] = {
    [LC_PROBLEM_NO_CLIENT_CERTIFICATE] = {LC_ERROR_NO_CLIENT_CERTIFICATE, LC_ALERT_bad_certificate},
    [LC_PROBLEM_NO_SERVER_CERTIFICATE] = {LC_ERROR_NO_SERVER_CERTIFICATE, LC_ALERT_bad_certificate},
    [LC_PROBLEM_UNREADABLE] = {LC_ERROR_VERIFY, LC_ALERT_bad_certificate},
    [LC_PROBLEM_UNKNOWN_KEY] = {LC_ERROR_VERIFY, LC_ALERT_certificate_unknown},
    [LC_PROBLEM_UNKNOWN_CA] = {LC_ERROR_CHAIN, LC_ALERT_unknown_ca},
    [LC_PROBLEM_BROKEN_CHAIN] = {LC_ERROR_CHAIN, LC_ALERT_bad_certificate},
    [LC_PROBLEM_REVOKED] = {LC_ERROR_VERIFY, LC_ALERT_certificate_revoked},
    [LC_PROBLEM_DATE] = {LC_ERROR_VERIFY, LC_ALERT_certificate_expired},
    [LC_PROBLEM_USAGE] = {LC_ERROR_VERIFY, LC_ALERT_unsupported_certificate},
    [LC_PROBLEM_SIGNATURE] = {LC_ERROR_VERIFY, LC_ALERT_bad_certificate},
    [LC_PROBLEM_NAME] = {LC_ERROR_VERIFY, LC_ALERT_certificate_unknown},
};

void lc_trust_tell(struct lc_finding *out, enum lc_problem problem, const char *format, ...)
{
    size_t used = strlen(out->status);
    if (used == 0) {
        out->code = consequences[problem].code;
        out->alert = consequences[problem].alert;
    } else if (used + 1 < sizeof out->status) {
        out->status[used++] = ' ';
        out->status[used] = '\0';
    }
    va_list args;
    va_start(args, format);
    vsnprintf(out->status + used, sizeof out->status - used, format, args);
    va_end(args);
    /* Names are what a stranger has put into a certificate, and this ends in logs and terminals. */
    for (char *c = out->status + used; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}

const char *lc_trust_excerpt(struct lc_buf *text)
{
    enum { LEN = 80 };
    if (text->len > LEN) {
        size_t len = LEN;
        while (len > 0 && (text->data[len] & 0xc0) == 0x80) {
            len--; /* within a character of UTF-8 */
        }
        text->len = len;
        lc_buf_append(text, "...", 3);
    }
    return lc_buf_append(text, "", 1) ? (const char *)text->data : "";
}

static void check_certificate(struct lc_inquiry *inquiry, const struct lc_shown *shown)
{
    for (size_t i = 0; i < shown->count; i++) {
        gnutls_x509_crt_t certificate = lc_x509_of(shown->chain[i]);
        if (certificate != NULL) {
            inquiry->shown[inquiry->shown_count++] = certificate;
        } else if (i == 0) {
            lc_trust_tell(inquiry->out, LC_PROBLEM_UNREADABLE, "The certificate cannot be read.");
            return;
        }
    }
    lc_trust_check_chain(inquiry);
    lc_trust_check_leaf(inquiry);
    for (unsigned i = 0; i < inquiry->shown_count; i++) {
        gnutls_x509_crt_deinit(inquiry->shown[i]);
    }
}

static bool has_key(struct lc_bytes der, struct lc_bytes wanted)
{
    struct lc_bytes spki = {0};
    bool same = lc_spki_of_certificate(der, &spki) && lc_bytes_equal(spki, wanted);
    lc_bytes_free(&spki);
    return same;
}

/* The same certificate; when either of the two is a bare key, the same key. */
static bool is_pinned(const struct lc_certificate *pinned, const struct lc_shown *shown)
{
    if (pinned == NULL) {
        return false;
    }
    if (shown->is_raw_key) {
        return lc_bytes_equal(shown->chain[0], pinned->spki);
    }
    return pinned->chain_len > 0 ? lc_bytes_equal(shown->chain[0], pinned->chain[0])
                                 : has_key(shown->chain[0], pinned->spki);
}

static void check_shown(struct lc_inquiry *inquiry, const struct lc_shown *shown)
{
    const struct lc_trust *trust = inquiry->trust;
    if (shown->count == 0) {
        lc_trust_tell(inquiry->out,
            trust->for_servers ? LC_PROBLEM_NO_SERVER_CERTIFICATE
                               : LC_PROBLEM_NO_CLIENT_CERTIFICATE,
            "The %s has shown no certificate.", trust->for_servers ? "server" : "client");
    } else if (is_pinned(trust->pinned, shown)) {
        return;
    } else if (shown->is_raw_key) {
        lc_trust_tell(inquiry->out, LC_PROBLEM_UNKNOWN_KEY,
            "The %s's raw public key is not known: %s can accept it.",
            trust->for_servers ? "server" : "client",
            trust->for_servers ? "SSLAcceptServerCert or the event SSLServerAuthentication"
                               : "the event SSLClientAuthentication");
    } else {
        check_certificate(inquiry, shown);
    }
}

void lc_trust_check(struct lc_trust *trust, const struct lc_shown *shown, const char *host,
    int64_t now, struct lc_finding *out)
{
    *out = (struct lc_finding){0};
    struct lc_inquiry inquiry = {.trust = trust, .host = host, .now = now, .out = out};
    check_shown(&inquiry, shown);
    if (out->code == LC_OK) {
        out->trusted = true;
        memcpy(out->status, "OK", sizeof "OK");
    }
}

struct lc_trust *lc_trust_new(const struct lc_trust_options *options, struct lc_error *error)
{
    size_t size = options->signature_count * sizeof options->signatures[0];
    struct lc_trust *trust = lc_zalloc(sizeof *trust);
    if (trust == NULL || (trust->signatures = lc_copy(options->signatures, size)) == NULL) {
        lc_fail_memory(error);
        lc_free(trust);
        return NULL;
    }
    trust->anchors = lc_trust_anchors(options, error);
    if (trust->anchors == NULL) {
        lc_free(trust->signatures);
        lc_free(trust);
        return NULL;
    }
    trust->for_servers = options->for_servers;
    trust->system = options->system;
    trust->overlooked = options->security_flags;
    trust->pinned = lc_certificate_hold(options->pinned);
    trust->signature_count = options->signature_count;
    return trust;
}

void lc_trust_free(struct lc_trust *trust)
{
    if (trust == NULL) {
        return;
    }
    gnutls_x509_trust_list_deinit(trust->anchors, 1);
    lc_certificate_release(trust->pinned);
    lc_free(trust->signatures);
    lc_free(trust);
}
