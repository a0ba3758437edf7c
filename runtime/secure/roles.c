/*
 * Who may act in the other role in a session that is up. The handshake has shown who the peer is in
 * the role that it had; for the other one it is judged anew, as strictly as another handshake
 * would.
 */
#include <time.h>

#include "base/memory.h"
#include "secure/connection.h"

/* What was found the last time: a chain is not verified for each request. */
struct lc_judgement {
    uint64_t by; /* the security's number */
    bool trusted;
    char host[];
};

static struct lc_shown shown_by(const struct lc_certificate *peer)
{
    struct lc_shown shown = {.is_raw_key = peer->chain_len == 0, .count = peer->chain_len};
    if (shown.is_raw_key) {
        shown.chain[shown.count++] = peer->spki;
    } else {
        memcpy(shown.chain, peer->chain, shown.count * sizeof shown.chain[0]);
    }
    return shown;
}

static bool judge(
    const struct lc_connection *c, const struct lc_security *security, const char *host)
{
    struct lc_finding finding;
    struct lc_shown shown = shown_by(c->peer);
    lc_trust_check(
        security->trust, &shown, security->is_server ? NULL : host, time(NULL), &finding);
    return finding.trusted;
}

static void note(
    struct lc_connection *c, const struct lc_security *security, const char *host, bool trusted)
{
    size_t size = strlen(host) + 1;
    lc_free(c->judgement);
    c->judgement = lc_alloc(sizeof *c->judgement + size);
    if (c->judgement != NULL) {
        c->judgement->by = security->number;
        c->judgement->trusted = trusted;
        memcpy(c->judgement->host, host, size);
    }
}

static bool is_trusted(
    struct lc_connection *c, const struct lc_security *security, const char *host)
{
    const struct lc_judgement *last = c->judgement;
    if (last != NULL && last->by == security->number && strcmp(last->host, host) == 0) {
        return last->trusted;
    }
    bool trusted = judge(c, security, host);
    note(c, security, host, trusted);
    return trusted;
}

/* Our own key was the session's if its client has named our identity: that is found first. */
static bool has_our_key(const struct lc_connection *c, const struct lc_security *security)
{
    return lc_security_same_psk(security, c->security) &&
           lc_bytes_equal(lc_buf_bytes(&c->identity), lc_buf_bytes(&security->psk_identity));
}

bool lc_connection_serves(
    struct lc_connection *c, const struct lc_security *security, const char *host, bool any_key)
{
    struct lc_address literal;
    if (security->modes == LC_MODE_PSK) {
        return has_our_key(c, security);
    }
    if (c->peer != NULL) {
        return is_trusted(c, security, host);
    }
    return any_key && c->identity.len > 0 && lc_address_parse(&literal, lc_bytes_text(host));
}

bool lc_connection_may_ask(
    struct lc_connection *c, const struct lc_security *served, bool by_certificate)
{
    if (c->security->modes == LC_MODE_PSK) {
        return lc_security_same_psk(served, c->security);
    }
    if (served->modes == LC_MODE_PSK) {
        return false; /* there everybody has a key */
    }
    return !by_certificate || (c->peer != NULL && is_trusted(c, served, ""));
}
