/* The CoAP message: one pass over a datagram, and a writer front to back; see message.h. */
#include "wire/message.h"

#include "wire/option.h"

enum { VERSION = 1, MARKER = 0xff };

/* Classes 1, 6 and 7 are reserved (RFC 7252 3); 7 belongs to reliable transports (RFC 8323). */
static bool code_is_reserved(uint8_t code)
{
    uint8_t class = code >> 5;
    return class == 1 || class > 5;
}

enum lc_parse lc_message_parse(struct lc_message *message, const uint8_t *data, size_t len)
{
    if (len < LC_HEADER_SIZE || data[0] >> 6 != VERSION) {
        return LC_NOT_COAP;
    }
    size_t token_len = data[0] & 15u;
    const uint8_t *end = data + len;
    const uint8_t *at = data + LC_HEADER_SIZE;
    *message = (struct lc_message){
        .type = data[0] >> 4 & 3u,
        .code = data[1],
        .id = (uint16_t)(data[2] << 8 | data[3]),
    };
    /* An Empty message is the header alone (RFC 7252 4.1). */
    if (code_is_reserved(data[1]) || (data[1] == 0 && (len > LC_HEADER_SIZE || token_len > 0)) ||
        token_len > LC_TOKEN_MAX || token_len > (size_t)(end - at)) {
        return LC_MALFORMED;
    }
    const uint8_t *options = at + token_len, *payload = options;
    uint64_t present;
    if (!lc_options_scan(&payload, end, &present)) {
        return LC_MALFORMED;
    }
    const uint8_t *options_end = payload;
    if (payload < end && ++payload == end) {
        return LC_MALFORMED; /* a marker with nothing behind it (RFC 7252 3) */
    }
    message->present = present;
    message->token = lc_bytes(at, token_len);
    message->options = lc_bytes(options, (size_t)(options_end - options));
    message->payload = lc_bytes(payload, (size_t)(end - payload));
    return LC_PARSED;
}

void lc_writer_init(struct lc_writer *writer, uint8_t *room, size_t size)
{
    *writer = (struct lc_writer){.start = room, .at = room, .end = room + size};
}

/* Whether `size` more bytes fit. */
static bool claim(struct lc_writer *writer, size_t size)
{
    writer->failed |= size > (size_t)(writer->end - writer->at);
    return !writer->failed;
}

static void put(struct lc_writer *writer, struct lc_bytes bytes)
{
    if (bytes.len > 0) {
        memcpy(writer->at, bytes.data, bytes.len);
        writer->at += bytes.len;
    }
}

void lc_write_header(
    struct lc_writer *writer, enum lc_type type, uint8_t code, uint16_t id, struct lc_bytes token)
{
    writer->failed |= token.len > LC_TOKEN_MAX;
    if (!claim(writer, LC_HEADER_SIZE + token.len)) {
        return;
    }
    *writer->at++ = (uint8_t)(VERSION << 6 | type << 4 | token.len);
    *writer->at++ = code;
    *writer->at++ = (uint8_t)(id >> 8);
    *writer->at++ = (uint8_t)id;
    put(writer, token);
}

void lc_write_option(struct lc_writer *writer, uint16_t number, struct lc_bytes value)
{
    if (number < writer->number || value.len > LC_OPTION_VALUE_MAX) {
        writer->failed = true;
        return;
    }
    uint8_t head[LC_OPTION_HEAD_MAX];
    size_t head_len = lc_option_head(head, (uint16_t)(number - writer->number), value.len);
    if (!claim(writer, head_len + value.len)) {
        return;
    }
    for (size_t i = 0; i < head_len; i++) {
        *writer->at++ = head[i];
    }
    put(writer, value);
    writer->number = number;
}

void lc_write_uint(struct lc_writer *writer, uint16_t number, uint32_t value)
{
    uint8_t bytes[4];
    size_t len = lc_uint_write(bytes, value);
    lc_write_option(writer, number, lc_bytes(bytes, len));
}

void lc_write_payload(struct lc_writer *writer, struct lc_bytes payload)
{
    if (payload.len > 0 && claim(writer, 1 + payload.len)) {
        *writer->at++ = MARKER;
        put(writer, payload);
    }
}

void lc_write_options(
    struct lc_writer *writer, struct lc_bytes encoded, const struct lc_extra *extras, size_t count)
{
    struct lc_option_walk walk = lc_option_walk(encoded);
    struct lc_option option;
    size_t i = 0;
    while (lc_option_next(&walk, &option)) {
        for (; i < count && extras[i].number < option.number; i++) {
            lc_write_uint(writer, extras[i].number, extras[i].value);
        }
        lc_write_option(writer, option.number, option.value);
    }
    for (; i < count; i++) {
        lc_write_uint(writer, extras[i].number, extras[i].value);
    }
}
