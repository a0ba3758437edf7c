/* "sent to 127.0.0.1:5683: CON GET /time, id 4660, token 1a2b"; see trace.h. */
#include "message/trace.h"

#include <stdio.h>

#include "base/buf.h"
#include "wire/code.h"
#include "wire/message.h"
#include "wire/option.h"
#include "wire/uri.h"

enum { HEX_BYTES = 200, PATH_MAX_SHOWN = 120 };

static const char *hex(struct lc_bytes bytes, size_t limit, char *out)
{
    size_t n = bytes.len < limit ? bytes.len : limit;
    for (size_t i = 0; i < n; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes.data[i]);
    }
    strcpy(out + 2 * n, bytes.len > limit ? "..." : "");
    return out;
}

/* What a request asks for, or how large a response is; without memory for it, nothing. */
static void describe_content(const struct lc_message *message, struct lc_buf *out)
{
    uint32_t value;
    if (lc_message_is_request(message)) {
        lc_buf_append(out, " ", 1);
        lc_uri_path(out, message->options);
    }
    if (message->present & 1u << LC_OBSERVE && lc_message_uint(message, LC_OBSERVE, &value)) {
        lc_buf_printf(out, ", observe %u", value);
    }
    const struct {
        uint16_t number;
        const char *name;
    } blocks[] = {{LC_BLOCK1, "block1"}, {LC_BLOCK2, "block2"}};
    for (size_t i = 0; i < 2; i++) {
        if (lc_message_uint(message, blocks[i].number, &value)) {
            lc_buf_printf(out, ", %s %u/%u/%u", blocks[i].name, value >> 4, value >> 3 & 1,
                16u << (value & 7));
        }
    }
    if (message->payload.len > 0) {
        lc_buf_printf(out, ", %zu bytes", message->payload.len);
    }
}

void lc_trace_write(const struct lc_log *log, const char *verb, const struct lc_address *peer,
    struct lc_bytes datagram)
{
    static const char *const types[] = {"CON", "NON", "ACK", "RST"};
    char bytes[2 * HEX_BYTES + 4], address[LC_ADDRESS_TEXT], code[5], token[2 * LC_TOKEN_MAX + 4];
    struct lc_message message;
    struct lc_buf content = {0};
    hex(datagram, HEX_BYTES, bytes);
    lc_address_text(peer, address);
    if (lc_message_parse(&message, datagram.data, datagram.len) != LC_PARSED) {
        lc_log_write(log, LC_LOG_VERBOSE, "%s %s: %zu bytes that are no CoAP message", verb,
            address, datagram.len);
    } else {
        describe_content(&message, &content);
        const char *name = message.code == 0 ? "empty" : lc_code_name(message.code);
        bool response = lc_message_is_response(&message);
        lc_log_write(log, LC_LOG_VERBOSE, "%s %s: %s %s%s%s%.*s, id %u%s%s", verb, address,
            types[message.type], response ? lc_code_text(message.code, code) : "",
            response ? " " : "", name == NULL ? "" : name,
            (int)(content.len < PATH_MAX_SHOWN ? content.len : PATH_MAX_SHOWN),
            content.data == NULL ? "" : (const char *)content.data, message.id,
            message.token.len > 0 ? ", token " : "", hex(message.token, LC_TOKEN_MAX, token));
    }
    lc_buf_free(&content);
    if (log->level >= LC_LOG_DEBUG) {
        lc_log_write(log, LC_LOG_DEBUG, "%s %s: %s", verb, address, bytes);
    }
}
