/* Percent-coding; see percent.h. */
#include "wire/percent.h"

#define BIT(c) ((uint64_t)1 << ((c)&63))
#define RANGE(from, to) (BIT((to) + 1) - BIT(from))

/* RFC 3986 2.2, 2.3 and 3.3, by whether the character is below 64. */
#define UNRESERVED_LOW (RANGE('0', '9') | BIT('-') | BIT('.'))
#define UNRESERVED_HIGH (RANGE('A', 'Z') | RANGE('a', 'z') | BIT('_') | BIT('~'))
#define SUB_DELIMS                                                                                 \
    (BIT('!') | BIT('$') | BIT('&') | BIT('\'') | BIT('(') | BIT(')') | BIT('*') | BIT('+') |      \
        BIT(',') | BIT(';') | BIT('='))

const struct lc_percent_set lc_percent_host = {UNRESERVED_LOW | SUB_DELIMS, UNRESERVED_HIGH, false};

const struct lc_percent_set lc_percent_segment = {
    UNRESERVED_LOW | SUB_DELIMS | BIT(':'), UNRESERVED_HIGH | BIT('@'), false};

const struct lc_percent_set lc_percent_argument = {
    (UNRESERVED_LOW | SUB_DELIMS | BIT(':') | BIT('/') | BIT('?')) & ~BIT('&'),
    UNRESERVED_HIGH | BIT('@'), false};

bool lc_percent_encode(
    struct lc_buf *out, struct lc_bytes bytes, const struct lc_percent_set *unchanged)
{
    static const char digits[] = "0123456789ABCDEF";
    if (bytes.len > SIZE_MAX / 3 || !lc_buf_reserve(out, 3 * bytes.len)) {
        return false;
    }
    uint8_t *at = out->data + out->len;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.data[i];
        if (lc_percent_has(unchanged, byte)) {
            *at++ = byte;
            continue;
        }
        *at++ = '%';
        *at++ = (uint8_t)digits[byte >> 4];
        *at++ = (uint8_t)digits[byte & 15];
    }
    out->len = (size_t)(at - out->data);
    return true;
}

/* -1 for what is no hexadecimal digit. */
static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t lc_percent_flaw(struct lc_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '%' &&
            (text.len - i < 3 || digit(text.data[i + 1]) < 0 || digit(text.data[i + 2]) < 0)) {
            return i;
        }
    }
    return text.len;
}

size_t lc_percent_decode(uint8_t *out, struct lc_bytes text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            byte = (uint8_t)(digit(text.data[i + 1]) << 4 | digit(text.data[i + 2]));
            i += 2;
        }
        out[len++] = byte;
    }
    return len;
}
