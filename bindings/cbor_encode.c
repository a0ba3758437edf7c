/* cbor.encode: deterministic CBOR (RFC 8949 4.2.1) of a Lua value. */
#include "bindings/cbor_codec.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "bindings/buffer.h"
#include "bindings/cbor_value.h"
#include "bindings/error.h"
#include "bindings/text.h"
#include "bindings/walk.h"

/* Where a pair of a map stands in the output. */
struct pair {
    size_t start, key_len, len;
};

struct encoder {
    struct lc_walk walk;
    struct lc_buf *out;
    struct lc_buf *pairs;   /* struct pair: those of each map that is being written */
    struct lc_buf *scratch; /* a map's pairs while they are sorted */
};

static void encode_value(struct encoder *encoder, int index);

static void check(struct encoder *encoder, bool done)
{
    lc_buffer_check(encoder->walk.L, done);
}

/* ---- Tables ------------------------------------------------------------------------------------
 */

static void encode_array(struct encoder *encoder, int table, lua_Integer count)
{
    check(encoder, lc_cbor_write_head(encoder->out, LC_CBOR_ARRAY, (uint64_t)count));
    for (lua_Integer i = 1; i <= count; i++) {
        lc_walk_enter(&encoder->walk, (struct lc_step){.place = i});
        lua_rawgeti(encoder->walk.L, table, i);
        encode_value(encoder, lua_gettop(encoder->walk.L));
        lua_pop(encoder->walk.L, 1);
        lc_walk_leave(&encoder->walk);
    }
}

/* The keys are no prefixes of each other, so that the first byte that differs decides. */
static int compare_pairs(const void *a, const void *b, void *bytes)
{
    const struct pair *left = a, *right = b;
    const uint8_t *out = bytes;
    size_t len = left->key_len < right->key_len ? left->key_len : right->key_len;
    return memcmp(out + left->start, out + right->start, len);
}

/* Puts the pairs, which stand at the end of the output, behind the head of their map and in order.
 */
static void sort_pairs(struct encoder *encoder, size_t start, size_t first)
{
    struct lc_buf *out = encoder->out, *scratch = encoder->scratch;
    size_t count = (encoder->pairs->len - first) / sizeof(struct pair);
    struct pair *pairs = count > 0 ? (struct pair *)(void *)(encoder->pairs->data + first) : NULL;
    if (count > 1) {
        qsort_r(pairs, count, sizeof *pairs, compare_pairs, out->data);
    }
    lc_buf_clear(scratch);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_pairs(&pairs[i - 1], &pairs[i], out->data) == 0) {
            lc_walk_refuse(&encoder->walk, "two keys of a map that are the same in CBOR");
        }
        check(encoder, lc_buf_append(scratch, out->data + pairs[i].start, pairs[i].len));
    }
    out->len = start;
    check(encoder, lc_cbor_write_head(out, LC_CBOR_MAP, count) &&
                       lc_buf_append(out, scratch->data, scratch->len));
    encoder->pairs->len = first;
}

static void encode_map(struct encoder *encoder, int table)
{
    lua_State *L = encoder->walk.L;
    size_t start = encoder->out->len, first = encoder->pairs->len;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        int value = lua_gettop(L);
        struct pair pair = {.start = encoder->out->len};
        lc_walk_enter(&encoder->walk, (struct lc_step){.key = value - 1});
        encode_value(encoder, value - 1);
        pair.key_len = encoder->out->len - pair.start;
        encode_value(encoder, value);
        pair.len = encoder->out->len - pair.start;
        lc_walk_leave(&encoder->walk);
        check(encoder, lc_buf_append(encoder->pairs, &pair, sizeof pair));
    }
    sort_pairs(encoder, start, first);
}

static void encode_table(struct encoder *encoder, int table)
{
    lua_Integer count = lc_walk_items(&encoder->walk, table);
    if (count >= 0) {
        encode_array(encoder, table, count);
    } else {
        encode_map(encoder, table);
    }
}

/* ---- Objects -----------------------------------------------------------------------------------
 */

/* In the shortest form: as an integer, or without leading zeroes (RFC 8949 3.4.3). */
static bool encode_bignum(struct lc_buf *out, uint64_t tag, struct lc_bytes bignum)
{
    uint64_t argument;
    if (lc_cbor_is_integer(&bignum, &argument)) {
        return lc_cbor_write_head(
            out, tag == LC_CBOR_BIGNUM ? LC_CBOR_UINT : LC_CBOR_NEGINT, argument);
    }
    return lc_cbor_write_head(out, LC_CBOR_TAG, tag) &&
           lc_cbor_write_string(out, LC_CBOR_BYTES, bignum);
}

/* The value at the top has a tag. */
static void encode_tagged(struct encoder *encoder, uint64_t tag)
{
    lua_State *L = encoder->walk.L;
    uint64_t number;
    int value = lua_gettop(L);
    lc_walk_enter(&encoder->walk, (struct lc_step){0});
    if ((tag == LC_CBOR_BIGNUM || tag == LC_CBOR_NEGATIVE_BIGNUM) &&
        lc_cbor_push_content(L, value, &number) == LC_CBOR_BYTE_STRING) {
        check(encoder, encode_bignum(encoder->out, tag, lc_text_bytes(L, -1)));
    } else {
        check(encoder, lc_cbor_write_head(encoder->out, LC_CBOR_TAG, tag));
        encode_value(encoder, value);
    }
    lua_settop(L, value);
    lc_walk_leave(&encoder->walk);
}

static void encode_object(struct encoder *encoder, int index)
{
    lua_State *L = encoder->walk.L;
    int top = lua_gettop(L);
    uint64_t number;
    switch (lc_cbor_push_content(L, index, &number)) {
    case LC_CBOR_BYTE_STRING:
        check(encoder, lc_cbor_write_string(encoder->out, LC_CBOR_BYTES, lc_text_bytes(L, -1)));
        break;
    case LC_CBOR_TAGGED:
        encode_tagged(encoder, number);
        break;
    case LC_CBOR_SIMPLE_OBJECT:
        check(encoder, lc_cbor_write_head(encoder->out, LC_CBOR_SIMPLE, number));
        break;
    case LC_CBOR_NO_OBJECT:
        lc_walk_refuse_type(&encoder->walk, "CBOR", index);
    }
    lua_settop(L, top);
}

/* ---- Any value ---------------------------------------------------------------------------------
 */

static bool encode_number(struct lc_buf *out, lua_State *L, int index)
{
    if (!lua_isinteger(L, index)) {
        return lc_cbor_write_float(out, lua_tonumber(L, index));
    }
    lua_Integer integer = lua_tointeger(L, index);
    return integer < 0 ? lc_cbor_write_head(out, LC_CBOR_NEGINT, (uint64_t)(-1 - integer))
                       : lc_cbor_write_head(out, LC_CBOR_UINT, (uint64_t)integer);
}

/* A string that is no text is a byte string. */
static bool encode_string(struct lc_buf *out, struct lc_bytes string)
{
    return lc_cbor_write_string(out, lc_utf8_valid(string) ? LC_CBOR_TEXT : LC_CBOR_BYTES, string);
}

/* `index` counts from the bottom of the stack. */
static void encode_value(struct encoder *encoder, int index)
{
    lua_State *L = encoder->walk.L;
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        check(encoder, encode_number(encoder->out, L, index));
        break;
    case LUA_TSTRING:
        check(encoder, encode_string(encoder->out, lc_text_bytes(L, index)));
        break;
    case LUA_TBOOLEAN:
        check(encoder, lc_cbor_write_head(encoder->out, LC_CBOR_SIMPLE,
                           lua_toboolean(L, index) ? LC_CBOR_TRUE : LC_CBOR_FALSE));
        break;
    case LUA_TTABLE:
        encode_table(encoder, index);
        break;
    case LUA_TUSERDATA:
        encode_object(encoder, index);
        break;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index) == NULL) {
            check(encoder, lc_cbor_write_head(encoder->out, LC_CBOR_SIMPLE, LC_CBOR_NULL));
            break;
        } /* fall through */
    default:
        lc_walk_refuse_type(&encoder->walk, "CBOR", index);
    }
}

int lc_cbor_encode(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "cbor.encode takes a value, not nil; CBOR's null is cbor.null");
    }
    struct lc_buf *buffers = lc_buffer_push(L, 3);
    struct encoder encoder = {.walk = {.L = L, .function = "cbor.encode"},
        .out = &buffers[0],
        .pairs = &buffers[1],
        .scratch = &buffers[2]};
    encode_value(&encoder, 1);
    lua_pushlstring(L, (const char *)encoder.out->data, encoder.out->len);
    for (int i = 0; i < 3; i++) {
        lc_buf_free(&buffers[i]);
    }
    return 1;
}
