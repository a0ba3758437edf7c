/* Writing response messages; see reply.h. */
#include "request/reply.h"

#include "base/hash.h"
#include "wire/code.h"
#include "wire/option.h"

/* An extra's header takes up to 2 bytes (their numbers are below 269) and its value 4. */
enum { EXTRA_MAX = 6 };

void lc_reply_add(struct lc_reply *reply, uint16_t number, uint32_t value)
{
    size_t i = reply->count++;
    for (; i > 0 && reply->extras[i - 1].number > number; i--) {
        reply->extras[i] = reply->extras[i - 1];
    }
    reply->extras[i] = (struct lc_extra){number, value};
}

uint32_t lc_reply_etag(uint8_t code, struct lc_bytes options, struct lc_bytes body)
{
    struct lc_bytes given;
    if (code != LC_CODE(2, 5) || lc_option_find(options, LC_ETAG, &given)) {
        return 0;
    }
    return (uint32_t)lc_hash_plain(body.data, body.len, 0) | 1u << 31;
}

size_t lc_reply_room(const struct lc_reply *reply)
{
    return reply->options.len + reply->count * EXTRA_MAX + 1 + reply->payload.len;
}

bool lc_reply_write(const struct lc_reply *reply, struct lc_writer *writer)
{
    lc_write_options(writer, reply->options, reply->extras, reply->count);
    lc_write_payload(writer, reply->payload);
    return !writer->failed;
}

void lc_reply_append(struct lc_writer *writer, struct lc_bytes encoded)
{
    if (encoded.len > (size_t)(writer->end - writer->at)) {
        writer->failed = true;
    } else if (encoded.len > 0) {
        memcpy(writer->at, encoded.data, encoded.len);
        writer->at += encoded.len;
    }
}

static bool begin(struct lc_buf *out, size_t room, struct lc_writer *writer)
{
    lc_buf_clear(out);
    if (!lc_buf_reserve(out, room)) {
        return false;
    }
    lc_writer_init(writer, out->data, room);
    return true;
}

bool lc_reply_encode(const struct lc_reply *reply, struct lc_buf *out)
{
    struct lc_writer writer;
    if (!begin(out, lc_reply_room(reply), &writer) || !lc_reply_write(reply, &writer)) {
        return false;
    }
    out->len = lc_writer_len(&writer);
    return true;
}

bool lc_reply_encode_message(
    const struct lc_reply *reply, enum lc_type type, struct lc_bytes token, struct lc_buf *out)
{
    struct lc_writer writer;
    if (!begin(out, LC_HEADER_SIZE + LC_TOKEN_MAX + lc_reply_room(reply), &writer)) {
        return false;
    }
    lc_write_header(&writer, type, reply->code, 0, token);
    if (!lc_reply_write(reply, &writer)) {
        return false;
    }
    out->len = lc_writer_len(&writer);
    return true;
}
