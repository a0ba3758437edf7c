/* Percent-coding (RFC 3986 section 2.1). "+" means itself. */
#ifndef LC_WIRE_PERCENT_H
#define LC_WIRE_PERCENT_H

#include "base/buf.h"

/* Which bytes stay as they are: bit c of `low`, bit c - 64 of `high`, and all from 128 on or none.
 */
struct lc_percent_set {
    uint64_t low, high;
    bool rest;
};

extern const struct lc_percent_set lc_percent_host;     /* a reg-name */
extern const struct lc_percent_set lc_percent_segment;  /* of a path */
extern const struct lc_percent_set lc_percent_argument; /* of a query, between two "&" */

/* Whether a byte is in a set. */
static inline bool lc_percent_has(const struct lc_percent_set *set, uint8_t byte)
{
    if (byte >= 128) {
        return set->rest;
    }
    return ((byte < 64 ? set->low : set->high) >> (byte & 63) & 1) != 0;
}

/* Appends `bytes`, those outside the set as "%2F". False: memory. */
bool lc_percent_encode(
    struct lc_buf *out, struct lc_bytes bytes, const struct lc_percent_set *unchanged);

/* Where the first "%" stands that two hexadecimal digits do not follow; text.len when none does. */
size_t lc_percent_flaw(struct lc_bytes text);

/* Decodes flawless text; `out` may be where the text is. Returns the length, at most text.len. */
size_t lc_percent_decode(uint8_t *out, struct lc_bytes text);

#endif
