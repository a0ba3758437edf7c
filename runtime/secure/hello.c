/* The stateless beginning of a handshake; see hello.h. */
#include "secure/hello.h"

#include "base/hash.h"
#include "secure/record.h"

enum {
    CLIENT_HELLO = 1,
    HELLO_VERIFY_REQUEST = 3,
    MESSAGE_HEADER = 12, /* type, length, message_seq, fragment_offset, fragment_length */
    MESSAGE_SEQ = LC_RECORD_HEADER + 4,
    VERSION_AND_RANDOM = 34,
    PIECES = 2,
};

/* The parts of a hello that the cookie covers: what RFC 6347 4.2.1 wants to be the same in the
 * second one, but for the session id. Clients of mbed TLS that have a ticket make up another one
 * for it, and would be asked for a cookie again and again. */
struct hello {
    struct lc_bytes pieces[PIECES];
    struct lc_bytes cookie;
};

/* Takes a vector with a length of `width` bytes in front off `rest`. */
static bool take_vector(struct lc_bytes *rest, size_t width, struct lc_bytes *out)
{
    size_t len = 0;
    if (rest->len < width) {
        return false;
    }
    for (size_t i = 0; i < width; i++) {
        len = len << 8 | rest->data[i];
    }
    if (len > rest->len - width) {
        return false;
    }
    *out = lc_bytes(rest->data + width, len);
    *rest = lc_bytes(rest->data + width + len, rest->len - width - len);
    return true;
}

/* The message must be whole in its record: the pieces of one could not be put together without
 * keeping them. */
static bool read_message(const struct lc_record *record, struct lc_bytes *out)
{
    static const uint8_t offset_0[3];
    const uint8_t *at = record->body.data;
    size_t len = record->body.len;
    if (len < MESSAGE_HEADER || memcmp(at + 6, offset_0, 3) != 0 ||
        memcmp(at + 1, at + 9, 3) != 0) {
        return false;
    }
    size_t message_len = (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    *out = lc_bytes(at + MESSAGE_HEADER, message_len);
    return message_len <= len - MESSAGE_HEADER;
}

static bool read_hello(struct lc_bytes message, struct hello *out)
{
    struct lc_bytes rest = message, session_id, suites, compression;
    if (rest.len < VERSION_AND_RANDOM) {
        return false;
    }
    out->pieces[0] = lc_bytes(message.data, VERSION_AND_RANDOM);
    rest = lc_bytes(message.data + VERSION_AND_RANDOM, message.len - VERSION_AND_RANDOM);
    if (!take_vector(&rest, 1, &session_id) || session_id.len > 32 ||
        !take_vector(&rest, 1, &out->cookie)) {
        return false;
    }
    const uint8_t *after = rest.data;
    if (!take_vector(&rest, 2, &suites) || !take_vector(&rest, 1, &compression)) {
        return false;
    }
    out->pieces[1] = lc_bytes(after, (size_t)(rest.data - after));
    return true;
}

/* The record's sequence number is the hello's (RFC 6347 4.2.1), and so is message_seq: 0 for a
 * first hello, 1 for one whose cookie is too old (4.2.2). The version is DTLS 1.0 whatever will be
 * negotiated. */
static void write_answer(
    const uint8_t *hello, const uint8_t *cookie, uint8_t out[LC_HELLO_VERIFY_SIZE])
{
    enum { BODY = 3 + LC_COOKIE_SIZE };
    const uint8_t header[LC_RECORD_HEADER + MESSAGE_HEADER + 3] = {
        LC_HANDSHAKE,
        0xfe,
        0xff,
        [12] = MESSAGE_HEADER + BODY,
        [13] = HELLO_VERIFY_REQUEST,
        [16] = BODY,
        [24] = BODY,
        [25] = 0xfe,
        0xff,
        LC_COOKIE_SIZE,
    };
    memcpy(out, header, sizeof header);
    memcpy(out + 3, hello + 3, 8);
    memcpy(out + MESSAGE_SEQ, hello + MESSAGE_SEQ, 2);
    memcpy(out + sizeof header, cookie, LC_COOKIE_SIZE);
}

static bool is_hello(const struct lc_record *record)
{
    return record->type == LC_HANDSHAKE && record->epoch == 0 && record->body.len > 0 &&
           record->body.data[0] == CLIENT_HELLO;
}

/* No client sends a hello behind other records; to an engine it could mean a reconnection. */
static bool has_hello(struct lc_bytes rest)
{
    struct lc_record record;
    while (lc_record_next(&rest, &record)) {
        if (is_hello(&record)) {
            return true;
        }
    }
    return false;
}

enum lc_hello_kind lc_hello_examine(struct lc_cookies *cookies, lc_time now,
    const struct lc_address *client, struct lc_bytes datagram, uint8_t answer[LC_HELLO_VERIFY_SIZE])
{
    struct lc_bytes rest = datagram, message;
    struct lc_record record;
    struct hello hello;
    uint8_t cookie[LC_COOKIE_SIZE];
    if (!lc_record_next(&rest, &record) || !is_hello(&record)) {
        return has_hello(rest) ? LC_HELLO_MALFORMED : LC_HELLO_NONE;
    }
    if (!read_message(&record, &message) || !read_hello(message, &hello)) {
        return LC_HELLO_MALFORMED;
    }
    if (lc_cookie_check(cookies, now, client, hello.pieces, PIECES, hello.cookie)) {
        return LC_HELLO_PROVEN;
    }
    if (!lc_cookie_make(cookies, now, client, hello.pieces, PIECES, cookie)) {
        return LC_HELLO_MALFORMED;
    }
    write_answer(datagram.data, cookie, answer);
    return LC_HELLO_BARE;
}

uint64_t lc_hello_print(struct lc_bytes datagram)
{
    const size_t random = LC_RECORD_HEADER + MESSAGE_HEADER + 2;
    return lc_hash(datagram.data + random, VERSION_AND_RANDOM - 2, 0);
}
