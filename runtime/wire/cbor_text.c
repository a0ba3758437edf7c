/* Diagnostic notation; see cbor_text.h. */
#include "wire/cbor_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE = 80 };

struct printer {
    struct lc_cbor_reader *reader;
    struct lc_buf *out;
    unsigned indent;
    unsigned column; /* where the present line's text begins */
    size_t line;     /* the offset of the present line in `out` */
    bool flat;       /* all on one line, which may not become longer than LINE */
    bool too_long;   /* it has */
};

static bool print_item(struct printer *printer);

/* Whether the present line may take `more` bytes. */
static bool fits(struct printer *printer, size_t more)
{
    size_t len = printer->out->len - printer->line;
    printer->too_long = printer->flat && printer->indent > 0 && len + more > LINE;
    return !printer->too_long;
}

static bool put(struct printer *printer, const char *text)
{
    return lc_buf_append(printer->out, text, strlen(text));
}

/* ---- Numbers and simple values -----------------------------------------------------------------
 */

static bool print_negative(struct printer *printer, uint64_t argument)
{
    return argument == UINT64_MAX ? put(printer, "-18446744073709551616")
                                  : lc_buf_printf(printer->out, "-%" PRIu64, argument + 1);
}

/* The fewest digits that give the same number again, and a point, which tells it from an integer.
 */
static bool print_float(struct printer *printer, double number)
{
    char text[40];
    if (isnan(number) || isinf(number)) {
        return put(printer, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    if (strchr(text, '.') != NULL) {
        return put(printer, text);
    }
    int whole = (int)strcspn(text, "e");
    return lc_buf_printf(printer->out, "%.*s.0%s", whole, text, text + whole);
}

static bool print_simple(struct printer *printer, uint64_t value)
{
    static const char *const names[] = {"false", "true", "null", "undefined"};
    if (value >= LC_CBOR_FALSE && value <= LC_CBOR_UNDEFINED) {
        return put(printer, names[value - LC_CBOR_FALSE]);
    }
    return lc_buf_printf(printer->out, "simple(%" PRIu64 ")", value);
}

/* ---- Strings -----------------------------------------------------------------------------------
 */

static bool print_bytes(struct printer *printer, struct lc_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    bool ok = put(printer, "h'");
    for (size_t i = 0; i < bytes.len && ok; i++) {
        char pair[] = {digits[bytes.data[i] >> 4], digits[bytes.data[i] & 15]};
        ok = lc_buf_append(printer->out, pair, sizeof pair);
    }
    return ok && put(printer, "'");
}

/* As in JSON. What would move a terminal's cursor is escaped, the control characters from U+0080 on
 * too. Returns how many bytes it took. */
static size_t print_character(struct printer *printer, struct lc_bytes rest)
{
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    uint8_t c = rest.data[0];
    for (size_t i = 0; letters[i] != '\0'; i += 2) {
        if (c == (uint8_t)letters[i]) {
            return lc_buf_printf(printer->out, "\\%c", letters[i + 1]) ? 1 : 0;
        }
    }
    if (c < 0x20 || c == 0x7f) {
        return lc_buf_printf(printer->out, "\\u%04x", c) ? 1 : 0;
    }
    if (c == 0xc2 && rest.data[1] < 0xa0) {
        return lc_buf_printf(printer->out, "\\u%04x", rest.data[1]) ? 2 : 0;
    }
    return lc_buf_append(printer->out, rest.data, 1) ? 1 : 0;
}

static bool print_text(struct printer *printer, struct lc_bytes text)
{
    bool ok = put(printer, "\"");
    for (size_t at = 0, taken; at < text.len && ok; at += taken) {
        taken = print_character(printer, lc_bytes(text.data + at, text.len - at));
        ok = taken > 0;
    }
    return ok && put(printer, "\"");
}

static bool print_string(struct printer *printer, const struct lc_cbor_head *head)
{
    return fits(printer, head->string.len) &&
           (head->kind == LC_CBOR_TEXT ? print_text(printer, head->string)
                                       : print_bytes(printer, head->string));
}

/* (_ "ab", "c"); an empty one is ""_ or ''_ (RFC 8949 8.1). */
static bool print_chunks(struct printer *printer, const struct lc_cbor_head *head)
{
    struct lc_cbor_head chunk;
    size_t count = 0;
    while (lc_cbor_chunk(printer->reader, head, &chunk)) {
        if (!put(printer, count++ == 0 ? "(_ " : ", ") || !print_string(printer, &chunk)) {
            return false;
        }
    }
    if (printer->reader->fault != NULL) {
        return false;
    }
    return put(printer, count > 0 ? ")" : head->kind == LC_CBOR_TEXT ? "\"\"_" : "''_");
}

/* ---- Arrays, maps and tags ---------------------------------------------------------------------
 */

static bool begin_line(struct printer *printer)
{
    printer->line = printer->out->len + 1;
    return lc_buf_printf(printer->out, "\n%*s", (int)printer->column, "");
}

static bool print_pair(struct printer *printer)
{
    return print_item(printer) && put(printer, ": ") && print_item(printer);
}

static bool print_items(struct printer *printer, const struct lc_cbor_head *head)
{
    bool is_map = head->kind == LC_CBOR_MAP, flat = printer->flat;
    uint64_t done = 0;
    bool ok = put(printer, is_map ? "{" : "[") && (!head->indefinite || put(printer, "_ "));
    printer->column += printer->indent;
    for (; ok && lc_cbor_more(printer->reader, head, done); done++) {
        ok = (done == 0 || put(printer, flat ? ", " : ",")) && (flat || begin_line(printer)) &&
             (is_map ? print_pair(printer) : print_item(printer));
    }
    printer->column -= printer->indent;
    return ok && (flat || done == 0 || begin_line(printer)) && put(printer, is_map ? "}" : "]");
}

/* Tries a line first. What does not fit is known after one line's length, so that trying at every
 * depth costs little. */
static bool print_container(struct printer *printer, const struct lc_cbor_head *head)
{
    if (printer->flat) {
        return print_items(printer, head);
    }
    struct lc_cbor_reader start = *printer->reader;
    size_t len = printer->out->len;
    printer->flat = true;
    bool ok = print_items(printer, head);
    printer->flat = false;
    if (!printer->too_long) {
        return ok;
    }
    printer->too_long = false;
    *printer->reader = start;
    printer->out->len = len;
    return print_items(printer, head);
}

static bool print_nested(struct printer *printer, const struct lc_cbor_head *head)
{
    if (!lc_cbor_enter(printer->reader)) {
        return false;
    }
    bool ok = head->kind != LC_CBOR_TAG
                  ? print_container(printer, head)
                  : lc_buf_printf(printer->out, "%" PRIu64 "(", head->argument) &&
                        print_item(printer) && put(printer, ")");
    lc_cbor_leave(printer->reader);
    return ok;
}

/* ---- Any item ----------------------------------------------------------------------------------
 */

static bool print_head(struct printer *printer, const struct lc_cbor_head *head)
{
    switch (head->kind) {
    case LC_CBOR_UINT:
        return lc_buf_printf(printer->out, "%" PRIu64, head->argument);
    case LC_CBOR_NEGINT:
        return print_negative(printer, head->argument);
    case LC_CBOR_FLOAT:
        return print_float(printer, head->number);
    case LC_CBOR_SIMPLE:
        return print_simple(printer, head->argument);
    case LC_CBOR_BYTES:
    case LC_CBOR_TEXT:
        return head->indefinite ? print_chunks(printer, head) : print_string(printer, head);
    default:
        return print_nested(printer, head);
    }
}

static bool print_item(struct printer *printer)
{
    struct lc_cbor_head head;
    return lc_cbor_next(printer->reader, &head) && print_head(printer, &head) && fits(printer, 0);
}

bool lc_cbor_diagnose(struct lc_buf *out, struct lc_cbor_reader *reader, unsigned indent)
{
    struct printer printer = {
        .reader = reader,
        .out = out,
        .indent = indent,
        .line = out->len,
        .flat = indent == 0,
    };
    return print_item(&printer) && lc_cbor_finish(reader);
}
