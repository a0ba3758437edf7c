/* Writing and reading the load generator's messages (RFC 7252 section 3). */
#include "packet.h"

#include <string.h>

enum { URI_PATH = 11, TOKEN_LENGTH = 4 };

struct writer {
    uint8_t *at;
    unsigned last_option;
};

/* Options up to 268 apart and values up to 12 bytes are all that is needed here. */
static void put_option(struct writer *w, unsigned number, const void *value, size_t length)
{
    unsigned delta = number - w->last_option;
    w->last_option = number;
    *w->at++ = (uint8_t)((delta < 13 ? delta : 13) << 4 | length);
    if (delta >= 13)
        *w->at++ = (uint8_t)(delta - 13);
    memcpy(w->at, value, length);
    w->at += length;
}

static void put_uint(struct writer *w, unsigned number, uint32_t value)
{
    uint8_t bytes[4] = {value >> 24, value >> 16, value >> 8, value};
    size_t skip = 0;
    while (skip < sizeof bytes && bytes[skip] == 0)
        skip++;
    put_option(w, number, bytes + skip, sizeof bytes - skip);
}

size_t packet_write(uint8_t *out, const struct packet_request *request)
{
    struct writer w = {out, 0};
    *w.at++ = 0x40 | PACKET_CON << 4 | TOKEN_LENGTH;
    *w.at++ = request->code;
    *w.at++ = request->mid >> 8;
    *w.at++ = request->mid & 0xff;
    memcpy(w.at, &request->token, TOKEN_LENGTH);
    w.at += TOKEN_LENGTH;
    if (request->observe)
        put_uint(&w, PACKET_OBSERVE, 0);
    put_option(&w, URI_PATH, request->path, strlen(request->path));
    if (request->block_option)
        put_uint(&w, request->block_option, request->block);
    if (request->size1)
        put_uint(&w, PACKET_SIZE1, request->size1);
    if (request->payload_length) {
        *w.at++ = 0xff;
        memcpy(w.at, request->payload, request->payload_length);
        w.at += request->payload_length;
    }
    return (size_t)(w.at - out);
}

size_t packet_write_empty(uint8_t *out, enum packet_type type, uint16_t mid)
{
    out[0] = (uint8_t)(0x40 | type << 4);
    out[1] = 0;
    out[2] = mid >> 8;
    out[3] = mid & 0xff;
    return 4;
}

/* Reads an option nibble with its extension; false when the datagram ends or the value is 15. */
static bool read_extended(const uint8_t **at, const uint8_t *end, unsigned nibble, unsigned *out)
{
    unsigned extra = nibble == 13 ? 1 : nibble == 14 ? 2 : 0;
    if (nibble == 15 || end - *at < (ptrdiff_t)extra)
        return false;
    *out = nibble;
    if (extra == 1)
        *out = 13u + (*at)[0];
    if (extra == 2)
        *out = 269u + ((unsigned)(*at)[0] << 8 | (*at)[1]);
    *at += extra;
    return true;
}

static void note_option(
    struct packet_answer *answer, unsigned number, const uint8_t *value, unsigned length)
{
    uint32_t number_value = 0;
    for (unsigned i = 0; i < length && i < 4; i++)
        number_value = number_value << 8 | value[i];
    if (number == PACKET_OBSERVE)
        answer->observe = true;
    else if (number == PACKET_BLOCK1)
        answer->block1 = number_value;
    else if (number == PACKET_BLOCK2)
        answer->block2 = number_value;
}

bool packet_read(const uint8_t *data, size_t length, struct packet_answer *out_answer)
{
    const uint8_t *at = data + 4 + TOKEN_LENGTH, *end = data + length;
    if (length < 4 + TOKEN_LENGTH || data[0] >> 6 != 1 || (data[0] & 15) != TOKEN_LENGTH)
        return false;
    *out_answer = (struct packet_answer){.type = data[0] >> 4 & 3,
        .code = data[1],
        .mid = (uint16_t)(data[2] << 8 | data[3]),
        .block1 = -1,
        .block2 = -1};
    memcpy(&out_answer->token, data + 4, TOKEN_LENGTH);
    unsigned number = 0, delta, size;
    while (at < end && *at != 0xff) {
        unsigned head = *at++;
        if (!read_extended(&at, end, head >> 4, &delta) ||
            !read_extended(&at, end, head & 15, &size) || end - at < (ptrdiff_t)size)
            return false;
        number += delta;
        note_option(out_answer, number, at, size);
        at += size;
    }
    if (at < end) {
        out_answer->payload = at + 1;
        out_answer->payload_length = (size_t)(end - at) - 1;
    }
    return true;
}
