/* SHA-256 (FIPS 180-4). */
#ifndef LC_SECURE_DIGEST_H
#define LC_SECURE_DIGEST_H

#include <stdbool.h>

#include "base/bytes.h"

enum { LC_DIGEST_SIZE = 32 };

/* False: GnuTLS cannot work. */
bool lc_digest(struct lc_bytes bytes, uint8_t out[LC_DIGEST_SIZE]);

#endif
