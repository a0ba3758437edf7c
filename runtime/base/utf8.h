/* UTF-8 (RFC 3629): the shortest form only, no surrogates, nothing above U+10FFFF. */
#ifndef LC_BASE_UTF8_H
#define LC_BASE_UTF8_H

#include "base/bytes.h"

/* How many bytes at the beginning are valid UTF-8: all of them when it is text.len. */
size_t lc_utf8_span(struct lc_bytes text);

static inline bool lc_utf8_valid(struct lc_bytes text)
{
    return lc_utf8_span(text) == text.len;
}

#endif
