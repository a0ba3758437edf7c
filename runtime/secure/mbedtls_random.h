/* The random numbers of mbed TLS: one generator (CTR-DRBG) for the whole process. */
#ifndef LC_SECURE_MBEDTLS_RANDOM_H
#define LC_SECURE_MBEDTLS_RANDOM_H

#include "base/bytes.h"

/* Seeds the generator from the system when that is still to be done, and mixes `seed` in, which may
 * be empty. False: the system gave no entropy. */
bool lc_mbedtls_random_start(struct lc_bytes seed);

/* What mbed TLS calls; `unused` is NULL. */
int lc_mbedtls_random(void *unused, unsigned char *out, size_t len);

#endif
