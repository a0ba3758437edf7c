/* "sent to 127.0.0.1:5683: CON GET /time, id 4660, token 1a2b"; see trace.h. */
#include "message/trace.h"

#include "base/buf.h"
#include "wire/describe.h"

enum { HEX_BYTES = 200 };

void lc_trace_write(const struct lc_log *log, const char *verb, const struct lc_address *peer,
    struct lc_bytes datagram)
{
    char address[LC_ADDRESS_TEXT];
    struct lc_message message;
    struct lc_buf text = {0};
    lc_address_text(peer, address);
    if (lc_message_parse(&message, datagram.data, datagram.len) == LC_PARSED) {
        lc_message_describe(&message, &text);
    } else {
        lc_buf_printf(&text, "%zu bytes that are no CoAP message", datagram.len);
    }
    lc_log_write(log, LC_LOG_VERBOSE, "%s %s: %.*s", verb, address, (int)text.len,
        text.data == NULL ? "" : (const char *)text.data);
    if (log->level >= LC_LOG_DEBUG) {
        lc_buf_clear(&text);
        for (size_t i = 0; i < datagram.len && i < HEX_BYTES; i++) {
            lc_buf_printf(&text, "%02x", datagram.data[i]);
        }
        lc_log_write(log, LC_LOG_DEBUG, "%s %s: %.*s%s", verb, address, (int)text.len,
            text.data == NULL ? "" : (const char *)text.data,
            datagram.len > HEX_BYTES ? "..." : "");
    }
    lc_buf_free(&text);
}
