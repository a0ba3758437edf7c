/* The flaws of a message, looked for in the order of its bytes; see flaw.h. */
#include "wire/flaw.h"

#include "wire/message.h"

enum { VERSION = 1, MARKER = 0xff, RESERVED = 15 };

/* A look at a datagram, byte by byte. */
struct look {
    const uint8_t *data;
    size_t len, at;
};

static const char *header_flaw(struct look *look)
{
    const uint8_t *data = look->data;
    uint8_t class = data[1] >> 5;
    look->at = 0;
    if (data[0] >> 6 != VERSION) {
        return "the version is not 1 (RFC 7252 section 3)";
    }
    if ((data[0] & 15u) > LC_TOKEN_MAX) {
        return "a token length of 9 to 15 is reserved (RFC 7252 section 3)";
    }
    look->at = 1;
    if (class == 1 || class > 5) {
        return "the code is of a reserved class (RFC 7252 section 3)";
    }
    if (data[1] == 0 && (look->len > LC_HEADER_SIZE || (data[0] & 15u) > 0)) {
        look->at = look->len > LC_HEADER_SIZE ? LC_HEADER_SIZE : 0;
        return "an Empty message is its header alone (RFC 7252 section 4.1)";
    }
    return NULL;
}

/* Reads what a nibble of 13 or 14 stands for (RFC 7252 3.1); false when the bytes are missing. */
static bool extend(struct look *look, uint32_t *nibble)
{
    size_t left = look->len - look->at;
    const uint8_t *at = look->data + look->at;
    if (*nibble < 13) {
        return true;
    }
    size_t size = *nibble - 12;
    if (left < size) {
        look->at = look->len;
        return false;
    }
    *nibble = size == 1 ? 13u + at[0] : 269u + (uint32_t)(at[0] << 8 | at[1]);
    look->at += size;
    return true;
}

/* The option at `look`, which it moves behind it. */
static const char *option_flaw(struct look *look, uint32_t *number)
{
    size_t start = look->at;
    uint8_t head = look->data[look->at++];
    uint32_t delta = head >> 4, len = head & 15u;
    if (delta == RESERVED || len == RESERVED) {
        look->at = start;
        return delta == RESERVED ? "an option's delta of 15 is reserved (RFC 7252 section 3.1)"
                                 : "an option's length of 15 is reserved (RFC 7252 section 3.1)";
    }
    if (!extend(look, &delta) || !extend(look, &len)) {
        return "the message ends within the head of an option (RFC 7252 section 3.1)";
    }
    *number += delta;
    if (*number > UINT16_MAX) {
        look->at = start;
        return "the option's number is above 65535 (RFC 7252 section 3.1)";
    }
    if (len > look->len - look->at) {
        look->at = look->len;
        return "the message ends within the value of an option (RFC 7252 section 3.1)";
    }
    look->at += len;
    return NULL;
}

static const char *body_flaw(struct look *look)
{
    size_t token_len = look->data[0] & 15u;
    look->at = LC_HEADER_SIZE;
    if (token_len > look->len - look->at) {
        look->at = look->len;
        return "the message ends within its token (RFC 7252 section 3)";
    }
    look->at += token_len;
    for (uint32_t number = 0; look->at < look->len && look->data[look->at] != MARKER;) {
        const char *flaw = option_flaw(look, &number);
        if (flaw != NULL) {
            return flaw;
        }
    }
    bool bare = look->at + 1 == look->len;
    return bare ? "a payload marker stands with no payload behind it (RFC 7252 section 3)" : NULL;
}

const char *lc_message_flaw(const uint8_t *data, size_t len, size_t *out_offset)
{
    struct look look = {data, len, len};
    const char *flaw = "a message has a header of 4 bytes (RFC 7252 section 3)";
    if (len >= LC_HEADER_SIZE) {
        flaw = header_flaw(&look);
        flaw = flaw != NULL ? flaw : body_flaw(&look);
    }
    *out_offset = look.at;
    return flaw;
}
