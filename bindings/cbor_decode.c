/* cbor.decode: from CBOR straight onto the Lua stack. */
#include "bindings/cbor_codec.h"

#include <lauxlib.h>
#include <math.h>

#include "bindings/cbor_value.h"
#include "bindings/text.h"

/* A table is made for so many items at most; a larger one grows as they are read. */
enum { MOST_ROOM = 64 };

static bool push_item(lua_State *L, struct lc_cbor_reader *reader);

static int room_for(const struct lc_cbor_head *head)
{
    return head->argument < MOST_ROOM ? (int)head->argument : MOST_ROOM;
}

/* ---- Numbers -----------------------------------------------------------------------------------
 */

/* An integer that is too large for Lua is an object with the tag of a bignum. */
static void push_big(lua_State *L, uint64_t tag, const void *data, size_t len)
{
    lua_pushlstring(L, data, len);
    lc_cbor_to_bytes(L);
    lc_cbor_to_tagged(L, tag);
}

/* `tag` is that of a bignum of the same sign. */
static void push_integer(lua_State *L, uint64_t tag, uint64_t argument)
{
    uint8_t bytes[8];
    if (argument <= INT64_MAX) {
        lua_Integer integer = (lua_Integer)argument;
        lua_pushinteger(L, tag == LC_CBOR_NEGATIVE_BIGNUM ? -1 - integer : integer);
        return;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(argument >> (56 - 8 * i));
    }
    push_big(L, tag, bytes, sizeof bytes);
}

static void push_bignum(lua_State *L, uint64_t tag, struct lc_bytes bignum)
{
    uint64_t argument;
    if (lc_cbor_is_integer(&bignum, &argument)) {
        push_integer(L, tag, argument);
    } else {
        push_big(L, tag, bignum.data, bignum.len);
    }
}

/* ---- Strings and tags --------------------------------------------------------------------------
 */

static bool push_string(
    lua_State *L, struct lc_cbor_reader *reader, const struct lc_cbor_head *head)
{
    struct lc_cbor_head chunk;
    if (!head->indefinite) {
        lua_pushlstring(L, (const char *)head->string.data, head->string.len);
    } else {
        luaL_Buffer text;
        luaL_buffinit(L, &text);
        while (lc_cbor_chunk(reader, head, &chunk)) {
            luaL_addlstring(&text, (const char *)chunk.string.data, chunk.string.len);
        }
        luaL_pushresult(&text);
    }
    if (head->kind == LC_CBOR_BYTES) {
        lc_cbor_to_bytes(L);
    }
    return reader->fault == NULL;
}

/* Pushes the item behind a tag, with the tag or, behind one of a bignum, as the number. */
static bool push_tagged(lua_State *L, struct lc_cbor_reader *reader, uint64_t tag)
{
    uint64_t number;
    if (!push_item(L, reader)) {
        return false;
    }
    int item = lua_gettop(L);
    if ((tag == LC_CBOR_BIGNUM || tag == LC_CBOR_NEGATIVE_BIGNUM) &&
        lc_cbor_push_content(L, item, &number) == LC_CBOR_BYTE_STRING) {
        push_bignum(L, tag, lc_text_bytes(L, -1));
        lua_replace(L, item);
        lua_settop(L, item);
    } else {
        lua_settop(L, item);
        lc_cbor_to_tagged(L, tag);
    }
    return true;
}

/* ---- Arrays and maps ---------------------------------------------------------------------------
 */

static bool push_array(lua_State *L, struct lc_cbor_reader *reader, const struct lc_cbor_head *head)
{
    lua_createtable(L, room_for(head), 0);
    lc_cbor_set_mark(L, LC_CBOR_MARKED_ARRAY);
    for (lua_Integer done = 0; lc_cbor_more(reader, head, (uint64_t)done); done++) {
        if (!push_item(L, reader)) {
            return false;
        }
        lua_rawseti(L, -2, done + 1);
    }
    return true;
}

/* Whether the key at the top is one of its own in Lua: NaN is none, and 1.0 is the key 1. */
static bool is_key(lua_State *L)
{
    lua_Integer integer;
    if (lua_type(L, -1) != LUA_TNUMBER || lua_isinteger(L, -1)) {
        return true;
    }
    lua_Number number = lua_tonumber(L, -1);
    return !isnan(number) && !(number == floor(number) && lua_numbertointeger(number, &integer));
}

/* Whether tables and tagged values that are equal would be different keys. */
static bool is_told_by_identity(lua_State *L)
{
    uint64_t number;
    int top = lua_gettop(L);
    bool is = lua_istable(L, top) || (lua_type(L, top) == LUA_TUSERDATA &&
                                         lc_cbor_push_content(L, top, &number) == LC_CBOR_TAGGED);
    lua_settop(L, top);
    return is;
}

/* Whether the map at `map` has the key at the top. Behind the map stands a table of the keys that
 * are told by identity, by their encoding; nil until there is one. */
static bool has_key(lua_State *L, int map)
{
    int key = lua_gettop(L), seen = map + 1;
    if (!is_told_by_identity(L)) {
        lua_pushvalue(L, key);
        bool has = lua_rawget(L, map) != LUA_TNIL;
        lua_pop(L, 1);
        return has;
    }
    if (lua_isnil(L, seen)) {
        lua_newtable(L);
        lua_replace(L, seen);
    }
    lua_pushcfunction(L, lc_cbor_encode);
    lua_pushvalue(L, key);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    bool has = lua_rawget(L, seen) != LUA_TNIL;
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, seen);
    return has;
}

static bool push_key(lua_State *L, struct lc_cbor_reader *reader, int map)
{
    size_t start = reader->offset;
    if (!push_item(L, reader)) {
        return false;
    }
    if (!is_key(L)) {
        return lc_cbor_fault(reader, start, "this number is no key of its own in Lua");
    }
    return !has_key(L, map) || lc_cbor_fault(reader, start, "the map has this key already");
}

static bool push_map(lua_State *L, struct lc_cbor_reader *reader, const struct lc_cbor_head *head)
{
    lua_createtable(L, 0, room_for(head));
    int map = lua_gettop(L);
    lc_cbor_set_mark(L, LC_CBOR_MARKED_MAP);
    lua_pushnil(L);
    for (uint64_t done = 0; lc_cbor_more(reader, head, done); done++) {
        if (!push_key(L, reader, map) || !push_item(L, reader)) {
            return false;
        }
        lua_rawset(L, map);
    }
    lua_settop(L, map);
    return true;
}

static bool push_nested(
    lua_State *L, struct lc_cbor_reader *reader, const struct lc_cbor_head *head)
{
    luaL_checkstack(L, 12, "CBOR");
    if (!lc_cbor_enter(reader)) {
        return false;
    }
    bool ok = head->kind == LC_CBOR_TAG     ? push_tagged(L, reader, head->argument)
              : head->kind == LC_CBOR_ARRAY ? push_array(L, reader, head)
                                            : push_map(L, reader, head);
    lc_cbor_leave(reader);
    return ok;
}

/* ---- Any item ----------------------------------------------------------------------------------
 */

/* Pushes the next item. False: there is a fault, and anything may have been pushed. */
static bool push_item(lua_State *L, struct lc_cbor_reader *reader)
{
    struct lc_cbor_head head;
    if (!lc_cbor_next(reader, &head)) {
        return false;
    }
    switch (head.kind) {
    case LC_CBOR_UINT:
        push_integer(L, LC_CBOR_BIGNUM, head.argument);
        return true;
    case LC_CBOR_NEGINT:
        push_integer(L, LC_CBOR_NEGATIVE_BIGNUM, head.argument);
        return true;
    case LC_CBOR_FLOAT:
        lua_pushnumber(L, head.number);
        return true;
    case LC_CBOR_SIMPLE:
        lc_cbor_push_simple(L, (uint8_t)head.argument);
        return true;
    case LC_CBOR_BYTES:
    case LC_CBOR_TEXT:
        return push_string(L, reader, &head);
    default:
        return push_nested(L, reader, &head);
    }
}

int lc_cbor_decode(lua_State *L)
{
    struct lc_cbor_reader reader = lc_cbor_check_reader(L, "decode");
    luaL_checkstack(L, 12, "CBOR");
    if (push_item(L, &reader) && lc_cbor_finish(&reader)) {
        return 1;
    }
    return lc_cbor_push_fault(L, &reader);
}
