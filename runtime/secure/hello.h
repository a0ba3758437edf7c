/* ClientHello as the first message of a handshake, and the HelloVerifyRequest that asks for a
 * cookie (RFC 6347 4.2.1): all that a server does before it keeps any state. */
#ifndef LC_SECURE_HELLO_H
#define LC_SECURE_HELLO_H

#include "secure/cookie.h"

enum lc_hello_kind {
    LC_HELLO_NONE,      /* something else */
    LC_HELLO_MALFORMED, /* one that is not whole, also in fragments, or behind other records */
    LC_HELLO_BARE,      /* its cookie is missing or wrong */
    LC_HELLO_PROVEN,
};

enum { LC_HELLO_VERIFY_SIZE = 28 + LC_COOKIE_SIZE };

/*
 * Looks at a datagram that came from `client`. For LC_HELLO_BARE `answer` is a datagram to send
 * back, never longer than what came (RFC 6347 4.2.1: no amplification).
 */
enum lc_hello_kind lc_hello_examine(struct lc_cookies *cookies, lc_time now,
    const struct lc_address *client, struct lc_bytes datagram,
    uint8_t answer[LC_HELLO_VERIFY_SIZE]);

/* Tells hellos of different handshakes apart: a hash of the client's random. */
uint64_t lc_hello_print(struct lc_bytes datagram);

#endif
