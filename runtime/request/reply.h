/* What goes out as one response message: the script's options and what the engine adds to them. */
#ifndef LC_REQUEST_REPLY_H
#define LC_REQUEST_REPLY_H

#include "base/buf.h"
#include "wire/message.h"

enum {
    LC_REPLY_EXTRAS = 6,
    LC_REPLY_OPTIONS_MAX = 60000, /* so that a datagram holds them beside the largest block */
};

/* A view. */
struct lc_reply {
    uint8_t code;
    struct lc_bytes options, payload;
    struct lc_extra extras[LC_REPLY_EXTRAS]; /* sorted */
    size_t count;
};

/* Adds an option; there is room for LC_REPLY_EXTRAS. */
void lc_reply_add(struct lc_reply *reply, uint16_t number, uint32_t value);

/*
 * The ETag for a 2.05 that goes out in blocks, which clients compare from block to block (RFC
 * 7959 2.4); 0 when the options have one, or none is needed. It is made from the body, so that it
 * is the same when the script makes the same body again, in another process too, and takes 4 bytes.
 */
uint32_t lc_reply_etag(uint8_t code, struct lc_bytes options, struct lc_bytes body);

/* An upper bound of the bytes that lc_reply_write() writes. */
size_t lc_reply_room(const struct lc_reply *reply);

/* Options and payload, behind a header that is there already. False: the options cannot be written.
 */
bool lc_reply_write(const struct lc_reply *reply, struct lc_writer *writer);

/* The same into memory of a buffer, in place of what it holds. False: out of memory, or as above.
 */
bool lc_reply_encode(const struct lc_reply *reply, struct lc_buf *out);

/* Puts what lc_reply_encode() made behind a header. */
void lc_reply_append(struct lc_writer *writer, struct lc_bytes encoded);

/* A whole message with Message ID 0. */
bool lc_reply_encode_message(
    const struct lc_reply *reply, enum lc_type type, struct lc_bytes token, struct lc_buf *out);

#endif
