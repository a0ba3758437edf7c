/* The IANA tables, from options.def, codes.def and content_formats.def; see registry.h. */
#include "wire/registry.h"

#include "wire/code.h"

const struct lc_option_row lc_option_rows[] = {
#define X(number, name, format, repeatable, min, max, request, response, understood)               \
    {number, name, LC_FORMAT_##format, repeatable, min, max, request, response, understood},
#include "wire/options.def"
#undef X
};

const struct lc_code_row lc_code_rows[] = {
#define X(class, detail, name) {LC_CODE(class, detail), name},
#include "wire/codes.def"
#undef X
};

const struct lc_content_format_row lc_content_format_rows[] = {
#define X(number, media_type) {number, media_type},
#include "wire/content_formats.def"
#undef X
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const size_t lc_option_row_count = COUNT(lc_option_rows);
const size_t lc_code_row_count = COUNT(lc_code_rows);
const size_t lc_content_format_row_count = COUNT(lc_content_format_rows);

const struct lc_option_row *lc_option_row(uint16_t number)
{
    size_t low = 0, high = COUNT(lc_option_rows);
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct lc_option_row *row = &lc_option_rows[middle];
        if (row->number == number) {
            return row;
        }
        if (row->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
