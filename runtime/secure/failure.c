/* Why a session is over, in the user's words; see connection.h. */
#include <errno.h>
#include <stdio.h>

#include "secure/alert.h"
#include "secure/connection.h"

enum { HANDSHAKE_FAILURE = 40 };

/* What an alert of the peer most likely means to the user (RFC 5246 7.2.2, RFC 4279 section 2). */
static const struct {
    int alert;
    const char *meaning;
} meanings[] = {
    {20, "the two ends have different keys; with PSK, compare PSKKey"},
    {42, "it does not accept our certificate, or wants one and got none"},
    {43, "it does not take our kind of certificate"},
    {44, "our certificate is revoked"},
    {45, "our certificate has expired"},
    {46, "it does not accept our certificate"},
    {48, "it does not know the CA of our certificate"},
    {49, "it does not let us in"},
    {51, "the two ends have different keys; with PSK, compare PSKKey"},
    {70, "no protocol version in common"},
    {71, "our cipher suites are too weak for it"},
    {90, "it gave up"},
    {115, "it does not know our PSKIdentity"},
};

static const char *nothing_in_common(const struct lc_connection *c)
{
    unsigned modes = c->security->modes;
    if (c->security->is_server) {
        return "it has no cipher suite or group in common with us";
    }
    if (modes & LC_MODE_PSK) {
        return "it takes no pre-shared key, or has no cipher suite in common with us";
    }
    return modes & LC_MODE_RAW_KEY
               ? "it takes no raw public key, or has no cipher suite or group in common with us"
               : "it has no cipher suite or group in common with us, or no certificate and wants "
                 "PSKKey or UseRawPublicKey";
}

static const char *meaning_of(const struct lc_connection *c, int alert)
{
    if (alert == HANDSHAKE_FAILURE) {
        return nothing_in_common(c);
    }
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].alert == alert) {
            return meanings[i].meaning;
        }
    }
    return "it gave no reason that we know";
}

/* A server that has shown its own certificate has agreed to a suite: not for lack of one does it
 * send these. */
static bool lacks_certificate(const struct lc_connection *c, int alert)
{
    bool is_about_it = alert == HANDSHAKE_FAILURE || alert == 42 || alert == 116;
    return is_about_it && !c->security->is_server && c->peer != NULL && !c->security->has_own;
}

static int of_alert(const struct lc_connection *c, int alert, struct lc_error *error)
{
    const char *name = lc_alert_name(alert);
    if (lacks_certificate(c, alert)) {
        return lc_fail(error, LC_ERROR_NO_CLIENT_CERTIFICATE,
            "the peer sent alert %d (%s): most likely it wants a certificate; set SSLCert", alert,
            name);
    }
    return lc_fail(error, LC_ERROR_HANDSHAKE, "the peer sent alert %d (%s): %s", alert,
        name != NULL ? name : "unknown", meaning_of(c, alert));
}

static int of_refusal(const struct lc_connection *c, struct lc_error *error)
{
    const struct lc_finding *finding = c->handshake != NULL ? &c->handshake->finding : NULL;
    if (finding == NULL || finding->trusted) {
        return lc_fail(error, LC_ERROR_VERIFY, "%s set Accept to False, or failed",
            c->security->is_server ? "OnSSLClientAuthentication" : "OnSSLServerAuthentication");
    }
    /* Sentences, behind which the URI is going to stand. */
    int len = (int)strlen(finding->status);
    if (len > 0 && finding->status[len - 1] == '.') {
        len--;
    }
    return lc_fail(error, finding->code, "%.*s", len, finding->status);
}

static const char *why_closed(const struct lc_connection *c)
{
    if (c->peer != NULL) {
        return c->security->is_server ? "it may not have waited for OnSSLClientAuthentication"
                                      : "it may not have waited for OnSSLServerAuthentication";
    }
    return c->security->modes & LC_MODE_PSK ? "PSKIdentity or PSKKey may be wrong"
                                            : "it gave no reason";
}

/* An established session that is over is no failure, unless something waited for it: strerror()'s
 * words would say more than happened. */
static int of_reset(struct lc_error *error, const char *text)
{
    error->code = lc_error_of_errno(ECONNRESET);
    snprintf(error->text, sizeof error->text, "%s", text);
    return error->code;
}

static int of_goodbye(const struct lc_connection *c, const char *peer, struct lc_error *error)
{
    if (!c->is_up) {
        return lc_fail(error, LC_ERROR_HANDSHAKE,
            "the %s closed the session in the middle of the handshake; %s", peer, why_closed(c));
    }
    return of_reset(error, c->security->is_server ? "The client closed the DTLS session"
                                                  : "The server closed the DTLS session");
}

int lc_failure_of_replacement(const struct lc_connection *by, struct lc_error *error)
{
    return of_reset(
        error, by->security->is_server
                   ? "The client began a new DTLS session"
                   : "A new DTLS session took its place, since settings or the URI's host name "
                     "are others now, or nothing was heard in it");
}

/* Many servers say nothing at all of what they do not take. */
static const char *why_silent(const struct lc_connection *c)
{
    if (c->handshake->waits_for_verdict) {
        return c->security->is_server ? "OnSSLClientAuthentication has not decided in time"
                                      : "OnSSLServerAuthentication has not decided in time";
    }
    if (c->security->is_server) {
        return "the client does not answer the DTLS handshake any more";
    }
    if (!c->handshake->has_heard) {
        return "nothing answers the DTLS handshake; there may be no DTLS server at this address";
    }
    if (c->security->modes & LC_MODE_PSK) {
        return "the server fell silent in the DTLS handshake; most likely PSKKey or PSKIdentity is "
               "wrong, or it takes no pre-shared key";
    }
    return c->security->modes & LC_MODE_RAW_KEY
               ? "the server fell silent in the DTLS handshake; it may take no raw public key"
               : "the server fell silent in the DTLS handshake; it may have no certificate, and "
                 "want PSKKey or UseRawPublicKey";
}

int lc_failure_of_silence(const struct lc_connection *c, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_TIMED_OUT, "%s", why_silent(c));
}

int lc_failure_of(const struct lc_connection *c, const struct lc_end *end, struct lc_error *error)
{
    const char *peer = c->security->is_server ? "client" : "server";
    switch (end->reason) {
    case LC_END_CLOSED:
        return of_goodbye(c, peer, error);
    case LC_END_ALERT:
        return of_alert(c, end->alert, error);
    case LC_END_REFUSED:
        return of_refusal(c, error);
    case LC_END_NO_SUITE:
        return lc_fail(error, LC_ERROR_HANDSHAKE,
            "no cipher suite, group, version or kind of key in common with the %s", peer);
    case LC_END_NO_CERTIFICATE:
        return lc_fail(error, LC_ERROR_NO_SERVER_CERTIFICATE, "the server showed none");
    case LC_END_WRONG_TYPE:
        return lc_fail(error, LC_ERROR_VERIFY,
            (c->security->modes & LC_MODE_RAW_KEY)
                ? "the %s has shown a certificate, and UseRawPublicKey wants a raw public key"
                : "the %s has shown a raw public key; set UseRawPublicKey=True to take it",
            peer);
    case LC_END_WRONG_KEY:
        return lc_fail(error, LC_ERROR_HANDSHAKE,
            "the %s has another key: its Finished message cannot be read; with PSK, compare PSKKey",
            peer);
    case LC_END_UNKNOWN_PSK:
        return lc_fail(error, LC_ERROR_HANDSHAKE,
            "the client's PSK identity is not known; set PSKIdentity and PSKKey, or OnPSKLookup");
    case LC_END_TIMED_OUT:
        return lc_failure_of_silence(c, error);
    case LC_END_MEMORY:
        return lc_fail_memory(error);
    default:
        return lc_fail(error, c->is_up ? LC_ERROR_DECRYPT : LC_ERROR_HANDSHAKE, "%s",
            end->text != NULL ? end->text : "the peer broke the protocol");
    }
}
