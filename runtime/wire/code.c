/* Codes as text, and what is known of methods; see code.h. */
#include "wire/code.h"

#include "wire/registry.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "c.dd" with c from `first` to `last`. */
static int parse_digits(struct lc_bytes text, uint8_t first, uint8_t last)
{
    const uint8_t *c = text.data;
    if (text.len != 4 || c[0] < first || c[0] > last || c[1] != '.' || !is_digit(c[2]) ||
        !is_digit(c[3])) {
        return -1;
    }
    int detail = (c[2] - '0') * 10 + c[3] - '0';
    return detail > 31 ? -1 : LC_CODE(c[0] - '0', detail);
}

int lc_code_parse(struct lc_bytes text)
{
    return parse_digits(text, '2', '5');
}

int lc_code_read(struct lc_bytes text)
{
    for (size_t i = 0; i < lc_code_row_count; i++) {
        if (lc_bytes_is(text, lc_code_rows[i].name)) {
            return lc_code_rows[i].code;
        }
    }
    return parse_digits(text, '0', '7');
}

const char *lc_code_text(uint8_t code, char out[5])
{
    unsigned detail = code & 31u;
    out[0] = (char)('0' + (code >> 5));
    out[1] = '.';
    out[2] = (char)('0' + detail / 10);
    out[3] = (char)('0' + detail % 10);
    out[4] = '\0';
    return out;
}

const char *lc_code_name(uint8_t code)
{
    for (size_t i = 0; i < lc_code_row_count; i++) {
        if (lc_code_rows[i].code == code) {
            return lc_code_rows[i].name;
        }
    }
    return NULL;
}

bool lc_method_is_safe(uint8_t method)
{
    return method == LC_GET || method == LC_FETCH;
}

bool lc_method_is_idempotent(uint8_t method)
{
    return lc_method_is_safe(method) || method == LC_PUT || method == LC_DELETE ||
           method == LC_IPATCH;
}
