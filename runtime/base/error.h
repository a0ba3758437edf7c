/* What went wrong, in the component's numbers and in words. */
#ifndef LC_BASE_ERROR_H
#define LC_BASE_ERROR_H

enum lc_error_code {
    LC_OK = 0,
#define X(number, symbol, text) LC_ERROR_##symbol = (number),
#include "base/errors.def"
#undef X
};

struct lc_error {
    int code; /* LC_OK or a number of errors.def or 10000 + a socket error */
    char text[320];
};

/*
 * Fills `error` (which may be NULL) and returns `code`. Say what was wrong and what would be right;
 * the words of the number are put in front ("Invalid or malformed URI: "), except for code 1 and
 * 709, whose text says it all.
 */
int lc_fail(struct lc_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 10055. */
int lc_fail_memory(struct lc_error *error);

/* The same for errno: the number as Windows counts socket errors, 10000 + n, and strerror's text.
 */
int lc_fail_errno(struct lc_error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 10000 + n for an errno value. */
int lc_error_of_errno(int number);

/* The text of an error number, or NULL for numbers without a row. */
const char *lc_error_text(int code);

#endif
