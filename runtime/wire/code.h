/* Codes: "2.05" and 0x45 (RFC 7252 section 3). */
#ifndef LC_WIRE_CODE_H
#define LC_WIRE_CODE_H

#include "base/bytes.h"

#define LC_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))

enum lc_method {
    LC_GET = 1,
    LC_POST,
    LC_PUT,
    LC_DELETE,
    LC_FETCH, /* RFC 8132 */
    LC_PATCH,
    LC_IPATCH,
};

/* Reads a response's "c.dd" with c 2 to 5 and dd 00 to 31; -1 for anything else: classes 6 and 7
 * are reserved (RFC 7252 12.1). */
int lc_code_parse(struct lc_bytes text);

/* Reads any code: "GET", "Content", or "c.dd" with c 0 to 7; -1 for anything else. */
int lc_code_read(struct lc_bytes text);

/* Writes "c.dd"; the buffer holds 5 bytes. */
const char *lc_code_text(uint8_t code, char out[5]);

/* "Content", "GET", ..., or NULL for a code without a name. */
const char *lc_code_name(uint8_t code);

static inline unsigned lc_code_class(uint8_t code)
{
    return code >> 5;
}

static inline bool lc_code_is_success(uint8_t code)
{
    return lc_code_class(code) == 2;
}

/* GET and FETCH: safe (RFC 7252 5.1, RFC 8132 1.1). */
bool lc_method_is_safe(uint8_t method);

/* PUT, DELETE, iPATCH and the safe ones: running them again does no harm. */
bool lc_method_is_idempotent(uint8_t method);

#endif
