/* Error numbers and their texts; see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *lc_error_text(int code)
{
    switch (code) {
#define X(number, symbol, text)                                                                    \
    case number:                                                                                   \
        return text;
#include "base/errors.def"
#undef X
    default:
        return NULL;
    }
}

/* Code 1 and 709 have texts that say it all; the others begin with the words of their number. */
static const char *heading(int code)
{
    return code == LC_ERROR_USAGE || code == LC_ERROR_ERROR_RESPONSE ? NULL : lc_error_text(code);
}

int lc_fail(struct lc_error *error, int code, const char *format, ...)
{
    if (error == NULL) {
        return code;
    }
    char detail[sizeof error->text];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    const char *head = heading(code);
    error->code = code;
    snprintf(error->text, sizeof error->text, "%s%s%s", head == NULL ? "" : head,
        head == NULL || detail[0] == '\0' ? "" : ": ", detail);
    return code;
}

int lc_fail_memory(struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_NO_MEMORY, "%s", "");
}

/* The Windows socket numbers that the reference's product family reports. */
static const struct {
    int number, code;
} socket_errors[] = {
    {EINTR, 10004},
    {EACCES, 10013},
    {EPERM, 10013},
    {EINVAL, 10022},
    {EMFILE, 10024},
    {ENFILE, 10024},
    {EAGAIN, 10035},
    {EMSGSIZE, 10040},
    {EPROTONOSUPPORT, 10043},
    {EAFNOSUPPORT, 10047},
    {EADDRINUSE, 10048},
    {EADDRNOTAVAIL, 10049},
    {ENETDOWN, 10050},
    {ENETUNREACH, 10051},
    {ENETRESET, 10052},
    {ECONNRESET, 10054},
    {ENOBUFS, 10055},
    {ENOMEM, 10055},
    {ETIMEDOUT, 10060},
    {ECONNREFUSED, 10061},
    {EHOSTDOWN, 10064},
    {EHOSTUNREACH, 10065},
};

int lc_error_of_errno(int number)
{
    for (size_t i = 0; i < sizeof socket_errors / sizeof socket_errors[0]; i++) {
        if (socket_errors[i].number == number) {
            return socket_errors[i].code;
        }
    }
    return 10000 + number;
}

int lc_fail_errno(struct lc_error *error, int number, const char *format, ...)
{
    int code = lc_error_of_errno(number);
    if (error == NULL) {
        return code;
    }
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    error->code = code;
    snprintf(error->text, sizeof error->text, "%s: %s", strerror(number), what);
    return code;
}
