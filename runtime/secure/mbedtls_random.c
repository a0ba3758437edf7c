/* The generator that all contexts share; see mbedtls_random.h. */
#include "secure/mbedtls_random.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>

#include "secure/mbedtls_version.h"

/* With what the generator takes of the system's entropy this stays below its limit of 384. */
enum { SEED_PART = 256 };

/* Lives as long as the process. */
static struct {
    bool is_ready;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
} generator;

static bool begin(void)
{
    static const char purpose[] = "lunacoap DTLS";
    mbedtls_entropy_init(&generator.entropy);
    mbedtls_ctr_drbg_init(&generator.drbg);
    if (lc_mbedtls_start() &&
        mbedtls_ctr_drbg_seed(&generator.drbg, mbedtls_entropy_func, &generator.entropy,
            (const unsigned char *)purpose, sizeof purpose - 1) == 0) {
        return true;
    }
    mbedtls_ctr_drbg_free(&generator.drbg);
    mbedtls_entropy_free(&generator.entropy);
    return false;
}

bool lc_mbedtls_random_start(struct lc_bytes seed)
{
    if (!generator.is_ready) {
        generator.is_ready = begin();
    }
    /* Each call takes fresh entropy of the system too, so that a seed never weakens anything. */
    for (size_t at = 0; generator.is_ready && at < seed.len; at += SEED_PART) {
        size_t len = seed.len - at < SEED_PART ? seed.len - at : SEED_PART;
        if (mbedtls_ctr_drbg_reseed(&generator.drbg, seed.data + at, len) != 0) {
            return false;
        }
    }
    return generator.is_ready;
}

int lc_mbedtls_random(void *unused, unsigned char *out, size_t len)
{
    (void)unused;
    return mbedtls_ctr_drbg_random(&generator.drbg, out, len);
}
