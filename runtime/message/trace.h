/* Log lines about single messages: one line each at level 2, their bytes too at level 3. */
#ifndef LC_MESSAGE_TRACE_H
#define LC_MESSAGE_TRACE_H

#include "base/bytes.h"
#include "base/log.h"
#include "net/address.h"

void lc_trace_write(const struct lc_log *log, const char *verb, const struct lc_address *peer,
    struct lc_bytes datagram);

/* `verb` is "received from" or "sent to". Costs a comparison when nobody reads it. */
static inline void lc_trace(const struct lc_log *log, const char *verb,
    const struct lc_address *peer, struct lc_bytes datagram)
{
    if (log->level >= LC_LOG_VERBOSE) {
        lc_trace_write(log, verb, peer, datagram);
    }
}

#endif
