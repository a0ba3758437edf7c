/* Formats a log line; see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void lc_log_write(const struct lc_log *log, int level, const char *format, ...)
{
    if (log->write == NULL) {
        return;
    }
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log->write(log->arg, level, text);
}
