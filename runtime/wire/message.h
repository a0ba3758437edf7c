/*
 * The CoAP message (RFC 7252 section 3): reading one in place, and writing one.
 */
#ifndef LC_WIRE_MESSAGE_H
#define LC_WIRE_MESSAGE_H

#include "base/bytes.h"

enum lc_type { LC_CON, LC_NON, LC_ACK, LC_RST };

enum { LC_TOKEN_MAX = 8, LC_HEADER_SIZE = 4 };

/* A view of a datagram: every pointer looks into it, nothing is copied. */
struct lc_message {
    uint8_t type, code;
    uint16_t id;
    bool is_cut;      /* it was too long to be taken: header and token are all there is of it */
    uint64_t present; /* bit n: option number n occurs (1 to 63); bit 0: 0 or one above 63 does */
    struct lc_bytes token;   /* 0 to 8 bytes */
    struct lc_bytes options; /* as encoded, without the payload marker */
    struct lc_bytes payload;
};

enum lc_parse {
    LC_PARSED,
    LC_NOT_COAP,  /* shorter than a header, or another version: silently ignored (RFC 7252 3) */
    LC_MALFORMED, /* the header's type, code and id are filled and nothing else: reject it (RFC
                     7252 4.2) */
};

/* Reads a datagram. Every option is walked once, so that what LC_PARSED accepts may be iterated
 * unchecked. */
enum lc_parse lc_message_parse(struct lc_message *message, const uint8_t *data, size_t len);

static inline bool lc_message_is_request(const struct lc_message *message)
{
    return message->code >= 1 && message->code < 32;
}

static inline bool lc_message_is_response(const struct lc_message *message)
{
    return message->code >= 64 && message->code < 192;
}

/*
 * Writes one message front to back into memory that the caller gives. When it does not fit, or an
 * option comes out of order, `failed` is set and stays so; check it once at the end.
 */
struct lc_writer {
    uint8_t *start, *at, *end;
    uint16_t number; /* of the last option written */
    bool failed;
};

void lc_writer_init(struct lc_writer *writer, uint8_t *room, size_t size);
void lc_write_header(
    struct lc_writer *writer, enum lc_type type, uint8_t code, uint16_t id, struct lc_bytes token);

/* Options are written in order of their numbers; equal numbers in the order wanted. */
void lc_write_option(struct lc_writer *writer, uint16_t number, struct lc_bytes value);

/* An unsigned integer in its shortest form, 0 being no bytes (RFC 7252 3.2). */
void lc_write_uint(struct lc_writer *writer, uint16_t number, uint32_t value);

/* The marker and the payload; nothing when it is empty. */
void lc_write_payload(struct lc_writer *writer, struct lc_bytes payload);

static inline size_t lc_writer_len(const struct lc_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

/* An option that the engine puts among the ones of the script, see lc_write_options(). */
struct lc_extra {
    uint16_t number;
    uint32_t value;
};

/* Merges encoded options with `count` uint options that are sorted by number; an extra comes after
 * its equals. */
void lc_write_options(
    struct lc_writer *writer, struct lc_bytes encoded, const struct lc_extra *extras, size_t count);

#endif
