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
    /* Composed beside error->text, which may be among the arguments. */
    char text[sizeof error->text];
    const char *head = heading(code);
    size_t head_len = 0;
    if (head != NULL) {
        head_len = (size_t)snprintf(text, sizeof text, "%s: ", head);
    }
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text + head_len, sizeof text - head_len, format, args);
    va_end(args);
    if (len <= 0 && head_len > 0) {
        text[head_len - 2] = '\0'; /* nothing but the heading */
    }
    error->code = code;
    memcpy(error->text, text, sizeof text);
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
    {EBADF, 10009},
    {EACCES, 10013},
    {EPERM, 10013},
    {EFAULT, 10014},
    {EINVAL, 10022},
    {EMFILE, 10024},
    {ENFILE, 10024},
    {EAGAIN, 10035},
    {EINPROGRESS, 10036},
    {EALREADY, 10037},
    {ENOTSOCK, 10038},
    {EDESTADDRREQ, 10039},
    {EMSGSIZE, 10040},
    {EPROTOTYPE, 10041},
    {ENOPROTOOPT, 10042},
    {EPROTONOSUPPORT, 10043},
    {ESOCKTNOSUPPORT, 10044},
    {EOPNOTSUPP, 10045},
    {EPFNOSUPPORT, 10046},
    {EAFNOSUPPORT, 10047},
    {EADDRINUSE, 10048},
    {EADDRNOTAVAIL, 10049},
    {ENETDOWN, 10050},
    {ENETUNREACH, 10051},
    {ENETRESET, 10052},
    {ECONNABORTED, 10053},
    {ECONNRESET, 10054},
    {ENOBUFS, 10055},
    {ENOMEM, 10055},
    {EISCONN, 10056},
    {ENOTCONN, 10057},
    {ESHUTDOWN, 10058},
    {EPIPE, 10058},
    {ETIMEDOUT, 10060},
    {ECONNREFUSED, 10061},
    {ELOOP, 10062},
    {ENAMETOOLONG, 10063},
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
