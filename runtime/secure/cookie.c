/* Cookies: the time they were made at, and an HMAC; see cookie.h. */
#include "secure/cookie.h"

#include <gnutls/crypto.h>

#include "base/memory.h"
#include "base/random.h"

enum { TIME_SIZE = 4, MAC_SIZE = LC_COOKIE_SIZE - TIME_SIZE, SECRET_SIZE = 32, HASH_SIZE = 32 };

/* A client that lost the answer asks again with the same hello after 1, 2, 4 ... seconds. */
static const uint32_t lifetime = 60;

/* By GnuTLS, which hashes ten times as fast as mbed TLS, and every stranger can have it done. */
struct lc_cookies {
    gnutls_hmac_hd_t hmac;
};

struct lc_cookies *lc_cookies_new(void)
{
    struct lc_cookies *cookies = lc_alloc(sizeof *cookies);
    if (cookies == NULL) {
        return NULL;
    }
    uint8_t secret[SECRET_SIZE];
    lc_random_secret(secret, sizeof secret);
    int made = gnutls_hmac_init(&cookies->hmac, GNUTLS_MAC_SHA256, secret, sizeof secret);
    gnutls_memset(secret, 0, sizeof secret);
    if (made < 0) {
        lc_free(cookies);
        return NULL;
    }
    return cookies;
}

void lc_cookies_free(struct lc_cookies *cookies)
{
    if (cookies != NULL) {
        gnutls_hmac_deinit(cookies->hmac, NULL);
        lc_free(cookies);
    }
}

static bool make(struct lc_cookies *cookies, uint32_t second, const struct lc_address *client,
    const struct lc_bytes *hello, size_t count, uint8_t out[LC_COOKIE_SIZE])
{
    uint8_t mac[HASH_SIZE];
    memcpy(out, &second, TIME_SIZE);
    bool good = gnutls_hmac(cookies->hmac, out, TIME_SIZE) == 0 &&
                gnutls_hmac(cookies->hmac, client, sizeof *client) == 0;
    for (size_t i = 0; good && i < count; i++) {
        good = hello[i].len == 0 || gnutls_hmac(cookies->hmac, hello[i].data, hello[i].len) == 0;
    }
    gnutls_hmac_output(cookies->hmac, mac); /* begins the next one, too */
    memcpy(out + TIME_SIZE, mac, MAC_SIZE);
    return good;
}

bool lc_cookie_make(struct lc_cookies *cookies, lc_time now, const struct lc_address *client,
    const struct lc_bytes *hello, size_t count, uint8_t out[LC_COOKIE_SIZE])
{
    return make(cookies, (uint32_t)(now / LC_SECOND), client, hello, count, out);
}

/* In a time that does not tell how many bytes were right. */
static bool equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= a[i] ^ b[i];
    }
    return difference == 0;
}

bool lc_cookie_check(struct lc_cookies *cookies, lc_time now, const struct lc_address *client,
    const struct lc_bytes *hello, size_t count, struct lc_bytes cookie)
{
    uint8_t right[LC_COOKIE_SIZE];
    uint32_t second;
    if (cookie.len != LC_COOKIE_SIZE) {
        return false;
    }
    memcpy(&second, cookie.data, TIME_SIZE);
    uint32_t age = (uint32_t)(now / LC_SECOND) - second;
    return age <= lifetime && make(cookies, second, client, hello, count, right) &&
           equal(right, cookie.data, LC_COOKIE_SIZE);
}
