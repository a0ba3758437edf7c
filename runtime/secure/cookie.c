/* Cookies: the time they were made at, and an HMAC; see cookie.h. */
#include "secure/cookie.h"

#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>

#include "base/memory.h"
#include "base/random.h"

enum { TIME_SIZE = 4, MAC_SIZE = LC_COOKIE_SIZE - TIME_SIZE, SECRET_SIZE = 32, HASH_SIZE = 32 };

/* A client that lost the answer asks again with the same hello after 1, 2, 4 ... seconds. */
static const uint32_t lifetime = 60;

struct lc_cookies {
    mbedtls_md_context_t hmac;
};

struct lc_cookies *lc_cookies_new(void)
{
    struct lc_cookies *cookies = lc_alloc(sizeof *cookies);
    if (cookies == NULL) {
        return NULL;
    }
    uint8_t secret[SECRET_SIZE];
    lc_random_bytes(secret, sizeof secret);
    mbedtls_md_init(&cookies->hmac);
    bool made =
        mbedtls_md_setup(&cookies->hmac, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1) == 0 &&
        mbedtls_md_hmac_starts(&cookies->hmac, secret, sizeof secret) == 0;
    mbedtls_platform_zeroize(secret, sizeof secret);
    if (!made) {
        lc_cookies_free(cookies);
        return NULL;
    }
    return cookies;
}

void lc_cookies_free(struct lc_cookies *cookies)
{
    if (cookies != NULL) {
        mbedtls_md_free(&cookies->hmac);
        lc_free(cookies);
    }
}

static bool make(struct lc_cookies *cookies, uint32_t second, const struct lc_address *client,
    const struct lc_bytes *hello, size_t count, uint8_t out[LC_COOKIE_SIZE])
{
    uint8_t mac[HASH_SIZE];
    memcpy(out, &second, TIME_SIZE);
    bool good = mbedtls_md_hmac_reset(&cookies->hmac) == 0 &&
                mbedtls_md_hmac_update(&cookies->hmac, out, TIME_SIZE) == 0 &&
                mbedtls_md_hmac_update(&cookies->hmac, (const void *)client, sizeof *client) == 0;
    for (size_t i = 0; good && i < count; i++) {
        good = mbedtls_md_hmac_update(&cookies->hmac, hello[i].data, hello[i].len) == 0;
    }
    if (!good || mbedtls_md_hmac_finish(&cookies->hmac, mac) != 0) {
        return false;
    }
    memcpy(out + TIME_SIZE, mac, MAC_SIZE);
    return true;
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
