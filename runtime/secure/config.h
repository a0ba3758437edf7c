/* What a DTLS context is made from, in words of no engine. */
#ifndef LC_SECURE_CONFIG_H
#define LC_SECURE_CONFIG_H

#include "secure/certificate.h"

/* How the two ends know each other (RFC 7252 section 9); a server may take more than one. */
enum lc_secure_mode {
    LC_MODE_CERTIFICATE = 1,
    LC_MODE_RAW_KEY = 2, /* RFC 7250; never together with LC_MODE_CERTIFICATE */
    LC_MODE_PSK = 4,
};

enum { LC_DTLS_1_0 = 0xfeff, LC_DTLS_1_2 = 0xfefd };

/* Views and borrowed objects; a context keeps copies or references of what it needs. */
struct lc_secure_config {
    bool is_server;
    unsigned modes;             /* LC_MODE_... */
    struct lc_certificate *own; /* with a private key; NULL: none */

    /* Certificates to send behind the own one, DER (SSLCACerts). */
    const struct lc_bytes *extra;
    size_t extra_count;

    bool asks_client; /* server: wants a certificate or raw key of its clients */

    /* By their numbers at IANA, the preferred first. */
    const uint16_t *suites, *groups;
    size_t suite_count, group_count;

    /* SignatureAndHashAlgorithm, as 256 * hash + signature; none: no extension is asked for. */
    const uint16_t *signatures;
    size_t signature_count;

    uint16_t min_version, max_version; /* LC_DTLS_... */
    bool renegotiation_info;           /* client: send that extension (RFC 5746) */

    /* A client's, or those that a server takes: its engine asks find_key() for every identity. */
    struct lc_bytes psk_identity, psk_key;

    bool resumes; /* client: sessions can be saved; server: sessions are kept for that */

    struct lc_bytes seed; /* mixed into the random numbers, never in place of the system's */
};

#endif
