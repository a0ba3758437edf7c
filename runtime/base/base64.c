/* Base64, decoded by hand: both alphabets in one; see base64.h. */
#include "base/base64.h"

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

long lc_base64_decode(struct lc_bytes text, uint8_t *out)
{
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    long len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (is_blank(c)) {
            continue;
        }
        if (c == '=') {
            padding++;
            continue;
        }
        int value = value_of(c);
        if (value < 0 || padding > 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)value;
        digits++;
        if (digits % 4 != 1) {
            out[len++] = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
        }
    }
    size_t rest = digits % 4;
    bool padded = padding == 0 || (rest > 1 && padding == 4 - rest);
    return rest == 1 || !padded ? -1 : len;
}
