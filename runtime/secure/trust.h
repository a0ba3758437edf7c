/*
 * Whether a peer's certificate is to be trusted, and why not: chain, dates, names, usage, signature
 * algorithms, for all engines alike. Whether to go on all the same is for the caller to say.
 *
 * Each given certificate is trusted as it stands, an intermediate authority or a peer's own too.
 * Names go by RFC 7252 section 9.1.3.3: see trust_name.h.
 */
#ifndef LC_SECURE_TRUST_H
#define LC_SECURE_TRUST_H

#include "secure/engine.h"

struct lc_trust;

/* SSLSecurityFlags: what is overlooked. The other bits of the reference have no effect here. */
enum {
    LC_OVERLOOK_DATES = 0x1,
    LC_OVERLOOK_UNKNOWN_CA = 0x10,
    LC_OVERLOOK_USAGE = 0x20,
    LC_OVERLOOK_NAME = 0x80000000u,
};

struct lc_trust_options {
    bool for_servers;                /* the certificates to check are servers', else clients' */
    struct lc_bytes ca_certificates; /* PEM: SSLServerCACerts or SSLClientCACerts */
    const char *ca_file, *ca_folder; /* OpenSSLCAFile, OpenSSLCADir; NULL or "": none */
    bool system;                     /* the system's certificates too */
    struct lc_certificate *pinned;   /* SSLAcceptServerCert; held; NULL: none */
    uint32_t security_flags;
    const uint16_t *signatures; /* of the leaf, as in config.h; none: all, SHA-1 too */
    size_t signature_count;
};

/* NULL with `error`: 275 for a file, folder or text that cannot be read, naming it; 10055. */
struct lc_trust *lc_trust_new(const struct lc_trust_options *options, struct lc_error *error);
void lc_trust_free(struct lc_trust *trust);

/* What was found. */
struct lc_finding {
    bool trusted;
    int alert;        /* to refuse with: 42 to 48, 0 when trusted */
    int code;         /* error number: 275, 280, 281 or 282 */
    char status[512]; /* "OK", or a sentence in the user's terms for each problem */
};

/*
 * `host`: whom the client meant to reach, a name or a literal address, NULL on a server. `now`:
 * seconds since 1970. What is pinned is trusted whatever else is wrong with it: the same
 * certificate, or where one of the two is a bare key, the same key. A raw key is trusted only then,
 * nothing shown (count 0) never.
 */
void lc_trust_check(struct lc_trust *trust, const struct lc_shown *shown, const char *host,
    int64_t now, struct lc_finding *out);

#endif
