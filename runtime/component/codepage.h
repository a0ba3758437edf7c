/*
 * The CodePage setting: text of scripts (UTF-8) to the bytes of a Windows code page and back, by
 * iconv. Pages without a converter are an error 434.
 */
#ifndef LC_COMPONENT_CODEPAGE_H
#define LC_COMPONENT_CODEPAGE_H

#include "base/buf.h"
#include "base/error.h"

enum { LC_CODEPAGE_UTF8 = 65001 }; /* the default: no conversion at all */

/* The open converters of one component; NULL until the first conversion. */
struct lc_codepage;

/* 0 or 434. */
int lc_codepage_check(int page, struct lc_error *error);

/*
 * Replace `out` by the converted text. `cache` keeps the converters for the next call and is
 * changed when the page is another one. 0; 434 when something has no place in the page, or is not
 * text of it; 10055.
 */
int lc_codepage_encode(struct lc_codepage **cache, int page, struct lc_bytes text,
    struct lc_buf *out, struct lc_error *error);
int lc_codepage_decode(struct lc_codepage **cache, int page, struct lc_bytes bytes,
    struct lc_buf *out, struct lc_error *error);

/* NULL is nothing. */
void lc_codepage_free(struct lc_codepage *cache);

#endif
