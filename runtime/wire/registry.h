/*
 * The IANA registries of CoAP as data: option numbers, codes, content-formats ("CoRE Parameters").
 * Tables are sorted by number.
 */
#ifndef LC_WIRE_REGISTRY_H
#define LC_WIRE_REGISTRY_H

#include "base/bytes.h"

/* How an option's value is read; the first three are the component's ovtString, ovtUInt, ovtBinary.
 */
enum lc_option_format { LC_FORMAT_STRING, LC_FORMAT_UINT, LC_FORMAT_OPAQUE, LC_FORMAT_EMPTY };

struct lc_option_row {
    uint16_t number;
    const char *name;
    uint8_t format; /* enum lc_option_format */
    bool repeatable;
    uint16_t min_len, max_len;
    bool request, response; /* where the engine or the script understands it */
    bool understood; /* false: listed by IANA, but a critical one must be refused with 4.02 */
};

extern const struct lc_option_row lc_option_rows[];
extern const size_t lc_option_row_count;

/* The row of an option number, or NULL for an unknown one. */
const struct lc_option_row *lc_option_row(uint16_t number);

struct lc_code_row {
    uint8_t code; /* class << 5 | detail */
    const char *name;
};

extern const struct lc_code_row lc_code_rows[]; /* methods (0.01 ...) and response codes */
extern const size_t lc_code_row_count;

struct lc_content_format_row {
    uint16_t number;
    const char *media_type; /* with its parameters and, behind a space, its content coding:
                               "application/json deflate" */
};

extern const struct lc_content_format_row lc_content_format_rows[];
extern const size_t lc_content_format_row_count;

#endif
