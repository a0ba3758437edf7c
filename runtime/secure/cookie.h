/*
 * Cookies of the stateless part of a handshake (RFC 6347 4.2.1): they show that a client receives
 * at the address it sends from, and cost the server no memory.
 */
#ifndef LC_SECURE_COOKIE_H
#define LC_SECURE_COOKIE_H

#include "base/bytes.h"
#include "base/timers.h"
#include "net/address.h"

enum { LC_COOKIE_SIZE = 20 };

struct lc_cookies;

/* With a secret of its own. NULL: memory. */
struct lc_cookies *lc_cookies_new(void);
void lc_cookies_free(struct lc_cookies *cookies);

/* The cookie for a client and its hello (`hello`: its parameters without the cookie, in `count`
 * pieces) at this time. False: out of memory. */
bool lc_cookie_make(struct lc_cookies *cookies, lc_time now, const struct lc_address *client,
    const struct lc_bytes *hello, size_t count, uint8_t out[LC_COOKIE_SIZE]);

/* Whether it was made for the same within the last minute. */
bool lc_cookie_check(struct lc_cookies *cookies, lc_time now, const struct lc_address *client,
    const struct lc_bytes *hello, size_t count, struct lc_bytes cookie);

#endif
