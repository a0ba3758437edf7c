/* JSON as Lua values; see json.h. Tables are marked and null is as in lunacoap.cbor. */
#include "bindings/json.h"

#include <ctype.h>
#include <jansson.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "bindings/buffer.h"
#include "bindings/cbor_value.h"
#include "bindings/error.h"
#include "bindings/text.h"
#include "bindings/walk.h"

#define NAME "lunacoap.json.tree"

/* Pushes the owner of a tree, so that an error leaks nothing. */
static json_t **push_tree(lua_State *L)
{
    json_t **tree = lua_newuserdatauv(L, sizeof *tree, 0);
    *tree = NULL;
    luaL_setmetatable(L, NAME);
    return tree;
}

static int free_tree(lua_State *L)
{
    json_t **tree = luaL_checkudata(L, 1, NAME);
    json_decref(*tree);
    *tree = NULL;
    return 0;
}

static void check(lua_State *L, bool done)
{
    lc_buffer_check(L, done);
}

/* ---- A tree as text ----------------------------------------------------------------------------
 */

/* jansson writes all numbers of a tree with the same count of digits, and each number, and each
 * quote around a string, as a piece of its own. */
struct text {
    struct lc_buf *out;
    bool quoted; /* within a string */
};

static bool is_real(const char *piece, size_t len)
{
    bool is_number = isdigit((uint8_t)piece[len - 1]);
    return is_number && (memchr(piece, '.', len) != NULL || memchr(piece, 'e', len) != NULL);
}

/* The fewest digits, from 15 on, with which a number reads back as it is: 0.1 needs 15, and with 17
 * it would be 0.10000000000000001. */
static int digits_of(double number)
{
    char text[40];
    int digits = 15;
    for (; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    return digits;
}

/* By jansson, since strtod() and printf() may have a comma for the point. */
static bool append_real(struct lc_buf *out, const char *piece, size_t len)
{
    json_t *real = json_loadb(piece, len, JSON_DECODE_ANY, NULL);
    if (real == NULL) {
        return false;
    }
    char text[40];
    size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits_of(json_real_value(real)));
    len = json_dumpb(real, text, sizeof text, flags);
    json_decref(real);
    return len > 0 && lc_buf_append(out, text, len);
}

static int append(const char *piece, size_t len, void *context)
{
    struct text *text = context;
    text->quoted ^= len == 1 && piece[0] == '"';
    bool done = !text->quoted && len > 0 && is_real(piece, len)
                    ? append_real(text->out, piece, len)
                    : lc_buf_append(text->out, piece, len);
    return done ? 0 : -1;
}

/* Pushes the text of a tree and frees it. */
static int push_text(lua_State *L, json_t **tree, size_t flags)
{
    struct text text = {.out = lc_buffer_push(L, 1)};
    flags |= JSON_ENCODE_ANY | JSON_REAL_PRECISION(17);
    check(L, json_dump_callback(*tree, append, &text, flags) == 0);
    lua_pushlstring(L, (const char *)text.out->data, text.out->len);
    lc_buf_free(text.out);
    json_decref(*tree);
    *tree = NULL;
    return 1;
}

/* ---- encode ------------------------------------------------------------------------------------
 */

static json_t *make_string(struct lc_walk *walk, int index)
{
    struct lc_bytes text = lc_text_bytes(walk->L, index);
    if (!lc_utf8_valid(text)) {
        lc_walk_refuse(walk, "a string that is not UTF-8");
    }
    return json_stringn((const char *)text.data, text.len);
}

static json_t *make_number(struct lc_walk *walk, int index)
{
    if (lua_isinteger(walk->L, index)) {
        return json_integer(lua_tointeger(walk->L, index));
    }
    double number = lua_tonumber(walk->L, index);
    if (!isfinite(number)) {
        lc_walk_refuse(walk, "JSON has no NaN and no Infinity");
    }
    return json_real(number);
}

/* A node for the value at `index`: whole, or an array or object that is still empty. */
static json_t *make(struct lc_walk *walk, int index)
{
    switch (lua_type(walk->L, index)) {
    case LUA_TSTRING:
        return make_string(walk, index);
    case LUA_TNUMBER:
        return make_number(walk, index);
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(walk->L, index));
    case LUA_TTABLE:
        return lc_walk_items(walk, index) >= 0 ? json_array() : json_object();
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(walk->L, index) == NULL) {
            return json_null();
        } /* fall through */
    default:
        lc_walk_refuse_type(walk, "JSON", index);
        return NULL;
    }
}

static void fill(struct lc_walk *walk, int table, json_t *node);

/* A node is its parent's before it is filled, so that an error leaks nothing. */
static void fill_array(struct lc_walk *walk, int table, json_t *array)
{
    lua_State *L = walk->L;
    lua_Integer count = (lua_Integer)lua_rawlen(L, table);
    for (lua_Integer i = 1; i <= count; i++) {
        lc_walk_enter(walk, (struct lc_step){.place = i});
        lua_rawgeti(L, table, i);
        json_t *item = make(walk, lua_gettop(L));
        check(L, json_array_append_new(array, item) == 0);
        fill(walk, lua_gettop(L), item);
        lua_pop(L, 1);
        lc_walk_leave(walk);
    }
}

static void fill_object(struct lc_walk *walk, int table, json_t *object)
{
    lua_State *L = walk->L;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        int value = lua_gettop(L);
        lc_walk_enter(walk, (struct lc_step){.key = value - 1});
        if (lua_type(L, value - 1) != LUA_TSTRING) {
            lc_walk_refuse(walk, "the keys of a JSON object are strings");
        }
        struct lc_bytes key = lc_text_bytes(L, value - 1);
        if (!lc_utf8_valid(key)) {
            lc_walk_refuse(walk, "a key that is not UTF-8");
        }
        json_t *item = make(walk, value);
        check(L, json_object_setn_new(object, (const char *)key.data, key.len, item) == 0);
        fill(walk, value, item);
        lc_walk_leave(walk);
    }
}

static void fill(struct lc_walk *walk, int table, json_t *node)
{
    if (json_is_array(node)) {
        fill_array(walk, table, node);
    } else if (json_is_object(node)) {
        fill_object(walk, table, node);
    }
}

static int encode(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "json.encode takes a value, not nil; JSON's null is json.null");
    }
    struct lc_walk walk = {.L = L, .function = "json.encode"};
    json_t **tree = push_tree(L);
    *tree = make(&walk, 1);
    check(L, *tree != NULL);
    fill(&walk, 1, *tree);
    /* In order, so that equal values are equal text, and have equal ETags. */
    return push_text(L, tree, JSON_COMPACT | JSON_SORT_KEYS);
}

/* ---- decode ------------------------------------------------------------------------------------
 */

/* The byte behind which a text is nested too deep, 0 for none. */
static size_t find_too_deep(struct lc_bytes text)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (quoted) {
            i += c == '\\';
        } else if (c == '[' || c == '{') {
            if (++depth > LC_WALK_DEPTH) {
                return i + 1;
            }
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return 0;
}

static int push_malformed(lua_State *L, size_t byte, const char *why)
{
    lua_pushnil(L);
    lua_pushfstring(L, "malformed JSON at byte %I: %s", (lua_Integer)byte, why);
    return 2;
}

/* Reads the text that a function was called with into a tree. False: nil and a message are pushed.
 */
static bool load(lua_State *L, const char *function, json_t **tree)
{
    if (lua_type(L, 1) != LUA_TSTRING) {
        lc_error_raisef(
            L, LC_ERROR_USAGE, "json.%s takes a string, not %s", function, lc_error_describe(L, 1));
    }
    struct lc_bytes text = lc_text_bytes(L, 1);
    size_t deep = find_too_deep(text);
    if (deep > 0) {
        push_malformed(L, deep, "nested more than 128 deep");
        return false;
    }
    json_error_t error;
    *tree = json_loadb((const char *)text.data, text.len,
        JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (*tree == NULL) {
        check(L, json_error_code(&error) != json_error_out_of_memory);
        push_malformed(L, error.position > 0 ? (size_t)error.position : 1, error.text);
    }
    return *tree != NULL;
}

static void push_node(lua_State *L, json_t *node);

static void push_array(lua_State *L, const json_t *array)
{
    size_t i;
    json_t *item;
    lua_createtable(L, (int)json_array_size(array), 0);
    json_array_foreach(array, i, item)
    {
        push_node(L, item);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lc_cbor_set_mark(L, LC_CBOR_MARKED_ARRAY);
}

static void push_object(lua_State *L, json_t *object)
{
    const char *key;
    size_t len;
    json_t *item;
    lua_createtable(L, 0, (int)json_object_size(object));
    json_object_keylen_foreach(object, key, len, item)
    {
        lua_pushlstring(L, key, len);
        push_node(L, item);
        lua_rawset(L, -3);
    }
}

static void push_node(lua_State *L, json_t *node)
{
    luaL_checkstack(L, 4, "JSON");
    switch (json_typeof(node)) {
    case JSON_OBJECT:
        push_object(L, node);
        break;
    case JSON_ARRAY:
        push_array(L, node);
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(node), json_string_length(node));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(node));
        break;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(node));
        break;
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    default:
        lua_pushboolean(L, json_is_true(node));
    }
}

static int decode(lua_State *L)
{
    lua_settop(L, 1);
    json_t **tree = push_tree(L);
    if (!load(L, "decode", tree)) {
        return 2;
    }
    push_node(L, *tree);
    json_decref(*tree);
    *tree = NULL;
    return 1;
}

static int pretty(lua_State *L)
{
    lua_settop(L, 1);
    json_t **tree = push_tree(L);
    return load(L, "pretty", tree) ? push_text(L, tree, JSON_INDENT(2)) : 2;
}

void lc_json_register(lua_State *L)
{
    if (luaL_newmetatable(L, NAME)) {
        lua_pushcfunction(L, free_tree);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
}

/* The table has lunacoap.cbor, whose array and null these are. */
void lc_json_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"decode", decode},
        {"encode", encode},
        {"pretty", pretty},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_getfield(L, -2, "cbor");
    lua_getfield(L, -1, "array");
    lua_setfield(L, -3, "array");
    lua_pop(L, 1);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lc_error_guard(L, "lunacoap.json");
    lua_setfield(L, -2, "json");
}
