/* UTF-8; see utf8.h. */
#include "base/utf8.h"

/* Characters that begin with FIRST to LAST have `more` further bytes, the first of them between
 * `low` and `high`, the others between 0x80 and 0xbf (RFC 3629 section 4). */
static const struct {
    uint8_t first, last, more, low, high;
} rows[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf},
    {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f},
    {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf},
    {0xf4, 0xf4, 3, 0x80, 0x8f},
};

/* The length of the character of several bytes at `data`; 0: there is none. */
static size_t character(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (data[0] < rows[i].first || data[0] > rows[i].last) {
            continue;
        }
        if (len <= rows[i].more || data[1] < rows[i].low || data[1] > rows[i].high) {
            return 0;
        }
        for (size_t j = 2; j <= rows[i].more; j++) {
            if ((data[j] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return rows[i].more + 1u;
    }
    return 0;
}

size_t lc_utf8_span(struct lc_bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = text.data[at] < 0x80 ? 1 : character(text.data + at, text.len - at);
        if (len == 0) {
            break;
        }
        at += len;
    }
    return at;
}
