/* Base64 (RFC 4648). */
#ifndef LC_BASE_BASE64_H
#define LC_BASE_BASE64_H

#include "base/bytes.h"

/*
 * Decodes base64 or base64url, with or without padding, blanks and newlines between, into `out`,
 * which needs room for 3 bytes of every 4 characters begun. Returns how many bytes it wrote; -1:
 * `text` is no base64.
 */
long lc_base64_decode(struct lc_bytes text, uint8_t *out);

#endif
