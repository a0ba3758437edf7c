/*
 * coap and coaps URIs (RFC 7252 section 6): text into options, options into text, percent-coding
 * both ways.
 */
#ifndef LC_WIRE_URI_H
#define LC_WIRE_URI_H

#include "base/buf.h"
#include "base/error.h"

enum { LC_PORT = 5683, LC_SECURE_PORT = 5684 };

/* A URI taken apart; a view of the text it was read from, percent-coding untouched. */
struct lc_uri {
    bool secure;  /* coaps */
    bool literal; /* host is an IP address; without the brackets of IPv6, zone id kept (RFC 6874) */
    uint16_t port;         /* the default port when the text gives none */
    struct lc_bytes host;  /* never empty */
    struct lc_bytes path;  /* "" or "/..." */
    struct lc_bytes query; /* without "?"; data is NULL when there is no "?" */
};

/* Returns 0, or 700 with a message that says which part is wrong (RFC 7252 6.4 steps 1 to 3:
 * absolute, no fragment). Text beyond ASCII is taken as it is. */
int lc_uri_parse(struct lc_uri *uri, struct lc_bytes text, struct lc_error *error);

/*
 * Appends the URI's options to empty `options` (RFC 7252 6.4 steps 5 to 9): Uri-Host unless the
 * host is a literal address, Uri-Path and Uri-Query decoded. Uri-Port is left out: requests go to
 * the URI's port. "." and ".." segments are resolved away; "/" alone gives no Uri-Path, any other
 * empty segment an empty one. The host is lower-cased and percent-decoded. 700: a segment, argument
 * or host longer than 255 bytes. Memory: 10055.
 */
int lc_uri_options(const struct lc_uri *uri, struct lc_buf *options, struct lc_error *error);

/* Sets `host` to the host as a name or address to look up: lower case, percent-decoded, the zone
 * behind "%". 700: longer than 255 bytes, or a zero byte in it. */
int lc_uri_host(const struct lc_uri *uri, struct lc_buf *host, struct lc_error *error);

/* What the options of a request say, with what to take when they are silent (RFC 7252 6.5). */
struct lc_uri_origin {
    bool secure;
    const char *host; /* text of the address the request was sent to, IPv6 with brackets */
    uint16_t port;
};

/* Appends the normalised URI of a request: lower-case scheme and host, default port left out (RFC
 * 7252 6.3, 6.5). False: memory. */
bool lc_uri_compose(
    struct lc_buf *out, struct lc_bytes options, const struct lc_uri_origin *origin);

/* Appends a URI's text brought to the same normal form, for comparing. Errors as lc_uri_parse() and
 * lc_uri_options(). */
int lc_uri_normalise(struct lc_buf *out, struct lc_bytes text, struct lc_error *error);

/*
 * Appends "/seg1/seg2" and "a=1&b=2" for the script: in a segment "/" and "%" stay
 * percent-encoded, in an argument "&" and "%" do, all else is decoded. "/" and "" when there are
 * none. False: memory.
 */
bool lc_uri_path(struct lc_buf *out, struct lc_bytes options);
bool lc_uri_query(struct lc_buf *out, struct lc_bytes options);

#endif
