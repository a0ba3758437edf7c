/* Messages as text; see describe.h. */
#include "wire/describe.h"

#include "wire/block.h"
#include "wire/code.h"
#include "wire/option.h"
#include "wire/registry.h"
#include "wire/uri.h"

/* How many bytes of a value, of a path with its query, and of a payload are shown. */
enum { VALUE_SHOWN = 64, TARGET_SHOWN = 120, PAYLOAD_SHOWN = 64 };

static void add_text(struct lc_buf *out, const char *text)
{
    lc_buf_append(out, text, strlen(text));
}

static void add_hex(struct lc_buf *out, struct lc_bytes bytes, size_t limit)
{
    for (size_t i = 0; i < bytes.len && i < limit; i++) {
        lc_buf_printf(out, "%02x", bytes.data[i]);
    }
    add_text(out, bytes.len > limit ? "..." : "");
}

/* The length of the character of UTF-8 (RFC 3629) that the bytes begin with; 0: none. */
static size_t character(struct lc_bytes bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = bytes.data[0];
    size_t len = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len == 0 || first >= 0xf8 || len > bytes.len) {
        return 0;
    }
    uint32_t point = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((bytes.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (bytes.data[i] & 0x3f);
    }
    bool surrogate = point >= 0xd800 && point < 0xe000;
    return point < least[len] || point > 0x10ffff || surrogate ? 0 : len;
}

/* Control characters, those of ISO 8859 among them, would act on a terminal. */
static bool is_control(struct lc_bytes bytes, size_t len)
{
    return len == 1 ? bytes.data[0] < 0x20 || bytes.data[0] == 0x7f
                    : len == 2 && bytes.data[0] == 0xc2 && bytes.data[1] < 0xa0;
}

/* Whether the bytes that will be shown are characters, but for one that the limit cuts. */
static bool is_text(struct lc_bytes bytes, size_t limit)
{
    for (size_t i = 0; i < bytes.len && i < limit;) {
        size_t len = character(lc_bytes(bytes.data + i, bytes.len - i));
        if (len == 0 || bytes.data[i] == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

static void add_characters(struct lc_buf *out, struct lc_bytes text, size_t limit)
{
    size_t at = 0;
    while (at < text.len && at < limit) {
        struct lc_bytes rest = lc_bytes(text.data + at, text.len - at);
        size_t len = character(rest);
        if (len == 0 || is_control(rest, len)) {
            len = 1;
            lc_buf_printf(out, rest.data[0] == '\n' ? "\\n" : "\\x%02x", rest.data[0]);
        } else {
            lc_buf_append(out, rest.data, len);
        }
        at += len;
    }
    add_text(out, at < text.len ? "..." : "");
}

static void add_quoted(struct lc_buf *out, struct lc_bytes text, size_t limit)
{
    add_text(out, "\"");
    add_characters(out, text, limit);
    add_text(out, "\"");
}

static void add_content_format(struct lc_buf *out, uint32_t number)
{
    for (size_t i = 0; i < lc_content_format_row_count; i++) {
        if (lc_content_format_rows[i].number == number) {
            add_text(out, lc_content_format_rows[i].media_type);
            return;
        }
    }
    lc_buf_printf(out, "%u", number);
}

static void add_number(struct lc_buf *out, const struct lc_option *option)
{
    struct lc_block block;
    uint32_t number;
    bool is_block = option->number == LC_BLOCK1 || option->number == LC_BLOCK2;
    if (is_block && lc_block_read(option->value, &block)) {
        lc_buf_printf(out, "%u/%u/%zu", block.num, block.more, lc_block_size(block.szx));
    } else if (!lc_uint_read(option->value, &number)) {
        add_hex(out, option->value, VALUE_SHOWN / 2);
    } else if (option->number == LC_CONTENT_FORMAT || option->number == LC_ACCEPT) {
        add_content_format(out, number);
    } else {
        lc_buf_printf(out, "%u", number);
    }
}

static void add_option(struct lc_buf *out, const struct lc_option *option)
{
    const struct lc_option_row *row = lc_option_row(option->number);
    if (row == NULL) {
        lc_buf_printf(out, ", Option %u", option->number);
    } else {
        lc_buf_printf(out, ", %s", row->name);
    }
    enum lc_option_format format = row == NULL ? LC_FORMAT_OPAQUE : row->format;
    if (format == LC_FORMAT_EMPTY || (format == LC_FORMAT_OPAQUE && option->value.len == 0)) {
        return;
    }
    add_text(out, " ");
    if (format == LC_FORMAT_STRING) {
        add_quoted(out, option->value, VALUE_SHOWN);
    } else if (format == LC_FORMAT_UINT) {
        add_number(out, option);
    } else {
        add_hex(out, option->value, VALUE_SHOWN / 2);
    }
}

/* The path and the query of a request. */
static void add_target(struct lc_buf *out, const struct lc_message *message)
{
    struct lc_buf target = {0};
    lc_uri_path(&target, message->options);
    struct lc_bytes query;
    if (lc_message_option(message, LC_URI_QUERY, &query)) {
        add_text(&target, "?");
        lc_uri_query(&target, message->options);
    }
    add_text(out, " ");
    add_characters(out, lc_buf_bytes(&target), TARGET_SHOWN);
    lc_buf_free(&target);
}

static void add_code(struct lc_buf *out, const struct lc_message *message)
{
    static const char *const types[] = {"CON", "NON", "ACK", "RST"};
    char code[5];
    const char *name = message->code == 0 ? "empty" : lc_code_name(message->code);
    lc_buf_printf(out, "%s", types[message->type]);
    if (name == NULL || lc_message_is_response(message)) {
        lc_buf_printf(out, " %s", lc_code_text(message->code, code));
    }
    if (name != NULL) {
        lc_buf_printf(out, " %s", name);
    }
}

static void add_payload(struct lc_buf *out, struct lc_bytes payload)
{
    if (payload.len == 0) {
        return;
    }
    lc_buf_printf(out, ", %zu byte%s ", payload.len, payload.len == 1 ? "" : "s");
    if (is_text(payload, PAYLOAD_SHOWN)) {
        add_quoted(out, payload, PAYLOAD_SHOWN);
    } else {
        add_hex(out, payload, PAYLOAD_SHOWN / 2);
    }
}

void lc_message_describe(const struct lc_message *message, struct lc_buf *out)
{
    add_code(out, message);
    if (lc_message_is_request(message)) {
        add_target(out, message);
    }
    lc_buf_printf(out, ", id %u", message->id);
    if (message->token.len > 0) {
        add_text(out, ", token ");
        add_hex(out, message->token, LC_TOKEN_MAX);
    }
    struct lc_option_walk walk = lc_option_walk(message->options);
    struct lc_option option;
    while (lc_option_next(&walk, &option)) {
        /* They are the target. */
        bool told = option.number == LC_URI_PATH || option.number == LC_URI_QUERY;
        if (!told || !lc_message_is_request(message)) {
            add_option(out, &option);
        }
    }
    add_payload(out, message->payload);
}
