/*
 * Encoded options (RFC 7252 section 3.1): walking them, finding one, and building a sorted list of
 * them.
 */
#ifndef LC_WIRE_OPTION_H
#define LC_WIRE_OPTION_H

#include "base/buf.h"
#include "wire/message.h"

/* Option numbers (IANA "CoAP Option Numbers"); names, formats and limits are in registry.h. */
enum lc_option_number {
    LC_IF_MATCH = 1,
    LC_URI_HOST = 3,
    LC_ETAG = 4,
    LC_IF_NONE_MATCH = 5,
    LC_OBSERVE = 6,
    LC_URI_PORT = 7,
    LC_LOCATION_PATH = 8,
    LC_OSCORE = 9,
    LC_URI_PATH = 11,
    LC_CONTENT_FORMAT = 12,
    LC_MAX_AGE = 14,
    LC_URI_QUERY = 15,
    LC_HOP_LIMIT = 16,
    LC_ACCEPT = 17,
    LC_Q_BLOCK1 = 19,
    LC_LOCATION_QUERY = 20,
    LC_EDHOC = 21,
    LC_BLOCK2 = 23,
    LC_BLOCK1 = 27,
    LC_SIZE2 = 28,
    LC_Q_BLOCK2 = 31,
    LC_PROXY_URI = 35,
    LC_PROXY_SCHEME = 39,
    LC_SIZE1 = 60,
    LC_NO_RESPONSE = 258,
};

static inline bool lc_option_is_critical(uint16_t number)
{
    return number & 1;
}

/* A view of one option. */
struct lc_option {
    uint16_t number;
    struct lc_bytes value;
};

/* Walks encoded options that were validated, by lc_message_parse() or by having been built here. */
struct lc_option_walk {
    const uint8_t *at, *end;
    uint16_t number;
};

static inline struct lc_option_walk lc_option_walk(struct lc_bytes encoded)
{
    return (struct lc_option_walk){encoded.data, encoded.data + encoded.len, 0};
}

/* False at the end. */
bool lc_option_next(struct lc_option_walk *walk, struct lc_option *out_option);

/* The first option with this number; false when there is none. */
bool lc_option_find(struct lc_bytes encoded, uint16_t number, struct lc_bytes *out_value);

/* The same for a received message: its bit set answers most questions without a walk. */
bool lc_message_option(
    const struct lc_message *message, uint16_t number, struct lc_bytes *out_value);

/* An option's unsigned integer; false when absent or longer than 4 bytes. Leading zeroes are
 * allowed. */
bool lc_message_uint(const struct lc_message *message, uint16_t number, uint32_t *out_value);

/* Whether running a request again does no harm: its method is idempotent, and it makes no condition
 * (If-Match, If-None-Match) that its first run may have undone. */
bool lc_message_is_idempotent(const struct lc_message *request);

/* Reads up to 4 bytes, most significant first. False when there are more. */
bool lc_uint_read(struct lc_bytes value, uint32_t *out_value);

/* The shortest form of `value`; returns its length, 0 to 4 (RFC 7252 3.2). */
size_t lc_uint_write(uint8_t out[4], uint32_t value);

/*
 * Adds an option to encoded ones, behind those with the same or a lower number. False: out of
 * memory, or `value` is longer than LC_OPTION_VALUE_MAX. `value` is not part of `encoded`.
 */
bool lc_options_add(struct lc_buf *encoded, uint16_t number, struct lc_bytes value);
bool lc_options_add_uint(struct lc_buf *encoded, uint16_t number, uint32_t value);

/* Removes all options with this number. */
void lc_options_remove(struct lc_buf *encoded, uint16_t number);

/* Validates encoded options. */
bool lc_options_valid(struct lc_bytes encoded);

/*
 * Walks unchecked options from *at to `end` or to a payload marker, where *at is left, and collects
 * their numbers as lc_message.present does. False: malformed.
 */
bool lc_options_scan(const uint8_t **at, const uint8_t *end, uint64_t *out_present);

/* The longest value that an option's length can express (RFC 7252 3.1). */
enum { LC_OPTION_VALUE_MAX = 269 + 65535, LC_OPTION_HEAD_MAX = 5 };

/* Writes what stands before an option's value; returns its length, at most LC_OPTION_HEAD_MAX. */
size_t lc_option_head(uint8_t *out, uint16_t delta, size_t value_len);

#endif
