/* Heads of CBOR, by libcbor; see cbor.h. */
#include "wire/cbor.h"

#include <cbor.h>
#include <float.h>
#include <math.h>

#include "base/utf8.h"

enum { BREAK = 0xff, LONGEST_HEAD = 9 };

/* ---- What libcbor found ------------------------------------------------------------------------
 */

static void set(void *out, enum lc_cbor_kind kind, uint64_t argument)
{
    struct lc_cbor_head *head = out;
    head->kind = kind;
    head->argument = argument;
}

/* libcbor has a callback for each width of an integer. */
#define ON_INTEGER(name, kind, type)                                                               \
    static void name(void *out, type value)                                                        \
    {                                                                                              \
        set(out, kind, value);                                                                     \
    }
ON_INTEGER(on_uint8, LC_CBOR_UINT, uint8_t)
ON_INTEGER(on_uint16, LC_CBOR_UINT, uint16_t)
ON_INTEGER(on_uint32, LC_CBOR_UINT, uint32_t)
ON_INTEGER(on_uint64, LC_CBOR_UINT, uint64_t)
ON_INTEGER(on_negint8, LC_CBOR_NEGINT, uint8_t)
ON_INTEGER(on_negint16, LC_CBOR_NEGINT, uint16_t)
ON_INTEGER(on_negint32, LC_CBOR_NEGINT, uint32_t)
ON_INTEGER(on_negint64, LC_CBOR_NEGINT, uint64_t)
ON_INTEGER(on_array, LC_CBOR_ARRAY, size_t)
ON_INTEGER(on_map, LC_CBOR_MAP, size_t)
ON_INTEGER(on_tag, LC_CBOR_TAG, uint64_t)

#define ON_START(name, kind_of_it)                                                                 \
    static void name(void *out)                                                                    \
    {                                                                                              \
        set(out, kind_of_it, 0);                                                                   \
        ((struct lc_cbor_head *)out)->indefinite = true;                                           \
    }
ON_START(on_bytes_start, LC_CBOR_BYTES)
ON_START(on_text_start, LC_CBOR_TEXT)
ON_START(on_array_start, LC_CBOR_ARRAY)
ON_START(on_map_start, LC_CBOR_MAP)

static void on_bytes(void *out, cbor_data data, size_t len)
{
    set(out, LC_CBOR_BYTES, len);
    ((struct lc_cbor_head *)out)->string = lc_bytes(data, len);
}

static void on_text(void *out, cbor_data data, size_t len)
{
    set(out, LC_CBOR_TEXT, len);
    ((struct lc_cbor_head *)out)->string = lc_bytes(data, len);
}

static void on_double(void *out, double number)
{
    set(out, LC_CBOR_FLOAT, 0);
    ((struct lc_cbor_head *)out)->number = number;
}

static void on_float(void *out, float number)
{
    on_double(out, (double)number);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string = on_bytes,
    .byte_string_start = on_bytes_start,
    .string = on_text,
    .string_start = on_text_start,
    .array_start = on_array,
    .indef_array_start = on_array_start,
    .map_start = on_map,
    .indef_map_start = on_map_start,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
};

/* ---- Reading -----------------------------------------------------------------------------------
 */

bool lc_cbor_fault(struct lc_cbor_reader *reader, size_t offset, const char *why)
{
    reader->fault = why;
    reader->fault_at = offset;
    return false;
}

static bool ends_early(struct lc_cbor_reader *reader)
{
    return lc_cbor_fault(reader, reader->offset, "the input ends within an item");
}

/* libcbor knows neither simple values but the named ones, nor all tags of one byte. Takes these;
 * false: the head is another one. */
static bool take_small(const uint8_t *data, size_t len, struct lc_cbor_head *out, size_t *out_len)
{
    uint8_t small = data[0] & 0x1f;
    *out_len = 1;
    if (data[0] >= 0xc0 && data[0] <= 0xd7) {
        set(out, LC_CBOR_TAG, small);
        return true;
    }
    if (data[0] >= 0xe0 && data[0] <= 0xf7) {
        set(out, LC_CBOR_SIMPLE, small);
        return true;
    }
    if (data[0] == 0xf8 && len > 1 && data[1] >= 32) {
        set(out, LC_CBOR_SIMPLE, data[1]);
        *out_len = 2;
        return true;
    }
    return false;
}

static bool check_text(struct lc_cbor_reader *reader, const struct lc_cbor_head *head)
{
    size_t valid = lc_utf8_span(head->string);
    if (valid == head->string.len) {
        return true;
    }
    size_t start = (size_t)(head->string.data - reader->input.data);
    return lc_cbor_fault(reader, start + valid, "the text is not UTF-8");
}

bool lc_cbor_next(struct lc_cbor_reader *reader, struct lc_cbor_head *out)
{
    const uint8_t *data = reader->input.data + reader->offset;
    size_t len = reader->input.len - reader->offset, taken;
    memset(out, 0, sizeof *out);
    if (len == 0) {
        return ends_early(reader);
    }
    if (take_small(data, len, out, &taken)) {
        reader->offset += taken;
        return true;
    }
    if (data[0] == BREAK) {
        return lc_cbor_fault(reader, reader->offset, "a break where an item should be");
    }
    struct cbor_decoder_result result = cbor_stream_decode(data, len, &callbacks, out);
    if (result.status == CBOR_DECODER_NEDATA || (data[0] == 0xf8 && len == 1)) {
        return ends_early(reader);
    }
    if (result.status != CBOR_DECODER_FINISHED) {
        return lc_cbor_fault(reader, reader->offset, "no item begins with this byte");
    }
    if (out->kind == LC_CBOR_TEXT && !out->indefinite && !check_text(reader, out)) {
        return false;
    }
    reader->offset += result.read;
    return true;
}

static bool take_break(struct lc_cbor_reader *reader)
{
    if (reader->offset < reader->input.len && reader->input.data[reader->offset] == BREAK) {
        reader->offset++;
        return true;
    }
    return false;
}

bool lc_cbor_more(struct lc_cbor_reader *reader, const struct lc_cbor_head *head, uint64_t done)
{
    return head->indefinite ? !take_break(reader) : done < head->argument;
}

bool lc_cbor_chunk(
    struct lc_cbor_reader *reader, const struct lc_cbor_head *head, struct lc_cbor_head *out)
{
    size_t start = reader->offset;
    if (take_break(reader) || !lc_cbor_next(reader, out)) {
        return false;
    }
    if (out->kind != head->kind || out->indefinite) {
        return lc_cbor_fault(reader, start, "a string is made of strings of its kind");
    }
    return true;
}

bool lc_cbor_enter(struct lc_cbor_reader *reader)
{
    if (reader->depth == LC_CBOR_MAX_DEPTH) {
        return lc_cbor_fault(reader, reader->offset, "nested more than 128 deep");
    }
    reader->depth++;
    return true;
}

void lc_cbor_leave(struct lc_cbor_reader *reader)
{
    reader->depth--;
}

bool lc_cbor_finish(struct lc_cbor_reader *reader)
{
    return reader->offset == reader->input.len ||
           lc_cbor_fault(reader, reader->offset, "something follows the item");
}

bool lc_cbor_is_integer(struct lc_bytes *bignum, uint64_t *out_argument)
{
    while (bignum->len > 0 && bignum->data[0] == 0) {
        *bignum = lc_bytes(bignum->data + 1, bignum->len - 1);
    }
    *out_argument = 0;
    for (size_t i = 0; i < bignum->len; i++) {
        *out_argument = *out_argument << 8 | bignum->data[i];
    }
    return bignum->len <= sizeof *out_argument;
}

/* ---- Writing -----------------------------------------------------------------------------------
 */

/* `kind` is none that has a writer of its own. */
static size_t encode_head(enum lc_cbor_kind kind, uint64_t argument, uint8_t *out)
{
    switch (kind) {
    case LC_CBOR_UINT:
        return cbor_encode_uint(argument, out, LONGEST_HEAD);
    case LC_CBOR_NEGINT:
        return cbor_encode_negint(argument, out, LONGEST_HEAD);
    case LC_CBOR_BYTES:
        return cbor_encode_bytestring_start(argument, out, LONGEST_HEAD);
    case LC_CBOR_TEXT:
        return cbor_encode_string_start(argument, out, LONGEST_HEAD);
    case LC_CBOR_ARRAY:
        return cbor_encode_array_start(argument, out, LONGEST_HEAD);
    case LC_CBOR_MAP:
        return cbor_encode_map_start(argument, out, LONGEST_HEAD);
    case LC_CBOR_TAG:
        return cbor_encode_tag(argument, out, LONGEST_HEAD);
    default:
        return cbor_encode_ctrl((uint8_t)argument, out, LONGEST_HEAD);
    }
}

bool lc_cbor_write_head(struct lc_buf *out, enum lc_cbor_kind kind, uint64_t argument)
{
    if (!lc_buf_reserve(out, LONGEST_HEAD)) {
        return false;
    }
    out->len += encode_head(kind, argument, out->data + out->len);
    return true;
}

/* The bits of the half-precision float of the same value; false: there is none. libcbor would round
 * the small ones. */
static bool to_half(double number, uint16_t *out)
{
    int exponent;
    uint16_t sign = signbit(number) ? 0x8000 : 0;
    if (isnan(number)) {
        *out = 0x7e00;
        return true;
    }
    if (isinf(number)) {
        *out = sign | 0x7c00;
        return true;
    }
    frexp(number, &exponent); /* |number| is below 2^exponent, and at least half of it */
    bool normal = number != 0 && exponent >= -13;
    double mantissa = ldexp(fabs(number), normal ? 11 - exponent : 24);
    if (exponent > 16 || mantissa != floor(mantissa)) {
        return false;
    }
    *out = (uint16_t)(sign + (normal ? (exponent + 13) << 10 : 0) + (int)mantissa);
    return true;
}

bool lc_cbor_write_float(struct lc_buf *out, double number)
{
    uint16_t half;
    if (to_half(number, &half)) {
        uint8_t bytes[] = {0xf9, (uint8_t)(half >> 8), (uint8_t)half};
        return lc_buf_append(out, bytes, sizeof bytes);
    }
    if (!lc_buf_reserve(out, LONGEST_HEAD)) {
        return false;
    }
    uint8_t *end = out->data + out->len;
    bool single = fabs(number) <= FLT_MAX && (double)(float)number == number;
    out->len += single ? cbor_encode_single((float)number, end, LONGEST_HEAD)
                       : cbor_encode_double(number, end, LONGEST_HEAD);
    return true;
}

bool lc_cbor_write_string(struct lc_buf *out, enum lc_cbor_kind kind, struct lc_bytes string)
{
    return lc_cbor_write_head(out, kind, string.len) && lc_buf_append(out, string.data, string.len);
}
