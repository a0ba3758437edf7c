/* probe.wire: messages, options, blocks, codes and the registries; probe.text has URIs and links.
 */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "wire/block.h"
#include "wire/code.h"
#include "wire/describe.h"
#include "wire/message.h"
#include "wire/option.h"
#include "wire/registry.h"

#include <lauxlib.h>

static struct lc_bytes check_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    return lc_bytes(data, len);
}

static void push_bytes(lua_State *L, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_boolean(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static void set_bytes(lua_State *L, const char *key, struct lc_bytes value)
{
    push_bytes(L, value);
    lua_setfield(L, -2, key);
}

/* Pushes { {number, value}, ... }. */
static void push_options(lua_State *L, struct lc_bytes encoded)
{
    struct lc_option_walk walk = lc_option_walk(encoded);
    struct lc_option option;
    lua_newtable(L);
    for (lua_Integer i = 1; lc_option_next(&walk, &option); i++) {
        lua_createtable(L, 2, 0);
        lua_pushinteger(L, option.number);
        lua_rawseti(L, -2, 1);
        push_bytes(L, option.value);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, i);
    }
}

static void push_message(lua_State *L, const struct lc_message *message)
{
    lua_newtable(L);
    set_integer(L, "type", message->type);
    set_integer(L, "code", message->code);
    set_integer(L, "id", message->id);
    set_integer(L, "present", (lua_Integer)message->present);
    set_boolean(L, "request", lc_message_is_request(message));
    set_boolean(L, "response", lc_message_is_response(message));
    set_bytes(L, "token", message->token);
    set_bytes(L, "encoded", message->options);
    set_bytes(L, "payload", message->payload);
    push_options(L, message->options);
    lua_setfield(L, -2, "options");
}

/* The datagram in a block of just its size, so that a sanitizer sees one byte too many being read.
 */
static uint8_t *exact_copy(lua_State *L, struct lc_bytes data)
{
    uint8_t *copy = lc_alloc(data.len);
    if (copy == NULL) {
        luaL_error(L, "out of memory");
    }
    memcpy(copy, data.data, data.len);
    return copy;
}

/* parse(datagram) -> message | nil, "not-coap" | nil, "malformed", header */
static int parse(lua_State *L)
{
    struct lc_bytes data = check_bytes(L, 1);
    uint8_t *copy = exact_copy(L, data);
    struct lc_message message;
    enum lc_parse result = lc_message_parse(&message, copy, data.len);
    if (result == LC_PARSED) {
        push_message(L, &message);
        lc_free(copy);
        return 1;
    }
    lc_free(copy);
    lua_pushnil(L);
    lua_pushstring(L, result == LC_NOT_COAP ? "not-coap" : "malformed");
    if (result == LC_NOT_COAP) {
        return 2;
    }
    push_message(L, &message);
    return 3;
}

/* describe(datagram) -> text */
static int describe(lua_State *L)
{
    struct lc_bytes data = check_bytes(L, 1);
    uint8_t *copy = exact_copy(L, data);
    struct lc_message message;
    struct lc_buf text = {0};
    if (lc_message_parse(&message, copy, data.len) == LC_PARSED) {
        lc_message_describe(&message, &text);
    }
    lc_free(copy);
    push_bytes(L, lc_buf_bytes(&text));
    lc_buf_free(&text);
    return 1;
}

/* uint(datagram, number), option(datagram, number) -> value | nil */
static int message_option(lua_State *L, bool as_uint)
{
    struct lc_bytes data = check_bytes(L, 1), value;
    uint16_t number = (uint16_t)luaL_checkinteger(L, 2);
    struct lc_message message;
    uint32_t integer;
    if (lc_message_parse(&message, data.data, data.len) != LC_PARSED) {
        return luaL_error(L, "no message");
    }
    if (as_uint && lc_message_uint(&message, number, &integer)) {
        lua_pushinteger(L, integer);
    } else if (!as_uint && lc_message_option(&message, number, &value)) {
        push_bytes(L, value);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int uint(lua_State *L)
{
    return message_option(L, true);
}

static int option(lua_State *L)
{
    return message_option(L, false);
}

static lua_Integer field_integer(lua_State *L, int table, const char *key, lua_Integer otherwise)
{
    lua_getfield(L, table, key);
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

/* Leaves the string on the stack. */
static struct lc_bytes field_bytes(lua_State *L, int table, const char *key)
{
    size_t len;
    lua_getfield(L, table, key);
    const char *data = luaL_optlstring(L, -1, "", &len);
    return lc_bytes(data, len);
}

static void write_option_list(lua_State *L, struct lc_writer *writer, int list)
{
    for (lua_Integer i = 1; lua_rawgeti(L, list, i) == LUA_TTABLE; i++) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        uint16_t number = (uint16_t)luaL_checkinteger(L, -2);
        if (lua_isinteger(L, -1)) {
            lc_write_uint(writer, number, (uint32_t)lua_tointeger(L, -1));
        } else {
            lc_write_option(writer, number, check_bytes(L, -1));
        }
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
}

static size_t read_extras(lua_State *L, int list, struct lc_extra extras[8])
{
    size_t count = 0;
    while (count < 8 && lua_rawgeti(L, list, (lua_Integer)count + 1) == LUA_TTABLE) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        extras[count].number = (uint16_t)luaL_checkinteger(L, -2);
        extras[count].value = (uint32_t)luaL_checkinteger(L, -1);
        lua_pop(L, 3);
        count++;
    }
    return count;
}

/*
 * encode{ type, code, id, token, options = {{number, bytes or integer}, ...}, encoded = options as
 * bytes, extras = {{number, integer}, ...}, payload, room = bytes } -> datagram | nil when the
 * writer failed
 */
static int encode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t room = (size_t)field_integer(L, 1, "room", 70000);
    uint8_t *out = lua_newuserdatauv(L, room, 0);
    struct lc_writer writer;
    lc_writer_init(&writer, out, room);
    lc_write_header(&writer, (enum lc_type)field_integer(L, 1, "type", LC_CON),
        (uint8_t)field_integer(L, 1, "code", LC_GET), (uint16_t)field_integer(L, 1, "id", 0),
        field_bytes(L, 1, "token"));
    if (lua_getfield(L, 1, "options") == LUA_TTABLE) {
        write_option_list(L, &writer, lua_gettop(L));
    }
    struct lc_extra extras[8];
    size_t count = 0;
    if (lua_getfield(L, 1, "extras") == LUA_TTABLE) {
        count = read_extras(L, lua_gettop(L), extras);
    }
    lc_write_options(&writer, field_bytes(L, 1, "encoded"), extras, count);
    lc_write_payload(&writer, field_bytes(L, 1, "payload"));
    if (writer.failed) {
        lua_pushnil(L);
    } else {
        push_bytes(L, lc_bytes(out, lc_writer_len(&writer)));
    }
    return 1;
}

/* options(encoded) -> { {number, value}, ... } | nil when malformed */
static int options(lua_State *L)
{
    struct lc_bytes encoded = check_bytes(L, 1);
    if (lc_options_valid(encoded)) {
        push_options(L, encoded);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int push_changed(lua_State *L, struct lc_buf *encoded, bool done)
{
    if (done) {
        push_bytes(L, lc_buf_bytes(encoded));
    } else {
        lua_pushnil(L);
    }
    lc_buf_free(encoded);
    return 1;
}

/* add_option(encoded, number, bytes or integer) -> encoded | nil */
static int add_option(lua_State *L)
{
    struct lc_bytes before = check_bytes(L, 1);
    uint16_t number = (uint16_t)luaL_checkinteger(L, 2);
    struct lc_buf encoded = {0};
    bool done = lc_buf_append(&encoded, before.data, before.len);
    if (done && lua_isinteger(L, 3)) {
        done = lc_options_add_uint(&encoded, number, (uint32_t)lua_tointeger(L, 3));
    } else if (done) {
        done = lc_options_add(&encoded, number, check_bytes(L, 3));
    }
    return push_changed(L, &encoded, done);
}

/* remove_options(encoded, number) -> encoded */
static int remove_options(lua_State *L)
{
    struct lc_bytes before = check_bytes(L, 1);
    struct lc_buf encoded = {0};
    bool done = lc_buf_append(&encoded, before.data, before.len);
    if (done) {
        lc_options_remove(&encoded, (uint16_t)luaL_checkinteger(L, 2));
    }
    return push_changed(L, &encoded, done);
}

/* read_uint(bytes) -> integer | nil; write_uint(integer) -> bytes */
static int read_uint(lua_State *L)
{
    uint32_t value;
    if (lc_uint_read(check_bytes(L, 1), &value)) {
        lua_pushinteger(L, value);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int write_uint(lua_State *L)
{
    uint8_t bytes[4];
    size_t len = lc_uint_write(bytes, (uint32_t)luaL_checkinteger(L, 1));
    push_bytes(L, lc_bytes(bytes, len));
    return 1;
}

/* read_block(value) -> { num, more, szx, size, offset, value } | nil */
static int read_block(lua_State *L)
{
    struct lc_block block;
    if (!lc_block_read(check_bytes(L, 1), &block)) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    set_integer(L, "num", block.num);
    set_boolean(L, "more", block.more);
    set_integer(L, "szx", block.szx);
    set_integer(L, "size", (lua_Integer)lc_block_size(block.szx));
    set_integer(L, "offset", (lua_Integer)lc_block_offset(block));
    set_integer(L, "value", lc_block_value(block));
    return 1;
}

/* block_szx(size) -> szx */
static int block_szx(lua_State *L)
{
    lua_pushinteger(L, lc_block_szx((size_t)luaL_checkinteger(L, 1)));
    return 1;
}

/* code(text) -> number | nil */
static int code(lua_State *L)
{
    int number = lc_code_parse(check_bytes(L, 1));
    if (number < 0) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, number);
    }
    return 1;
}

/* describe_code(number) -> { text, name, success, safe, idempotent } */
static int describe_code(lua_State *L)
{
    uint8_t number = (uint8_t)luaL_checkinteger(L, 1);
    char text[5];
    lua_newtable(L);
    set_bytes(L, "text", lc_bytes_text(lc_code_text(number, text)));
    lua_pushstring(L, lc_code_name(number));
    lua_setfield(L, -2, "name");
    set_boolean(L, "success", lc_code_is_success(number));
    set_boolean(L, "safe", lc_method_is_safe(number));
    set_boolean(L, "idempotent", lc_method_is_idempotent(number));
    return 1;
}

static void push_option_row(lua_State *L, const struct lc_option_row *row)
{
    static const char *const formats[] = {"string", "uint", "opaque", "empty"};
    lua_newtable(L);
    set_integer(L, "number", row->number);
    set_bytes(L, "name", lc_bytes_text(row->name));
    set_bytes(L, "format", lc_bytes_text(formats[row->format]));
    set_boolean(L, "repeatable", row->repeatable);
    set_integer(L, "min", row->min_len);
    set_integer(L, "max", row->max_len);
    set_boolean(L, "request", row->request);
    set_boolean(L, "response", row->response);
    set_boolean(L, "understood", row->understood);
    set_boolean(L, "critical", lc_option_is_critical(row->number));
}

/* option_row(number) -> row | nil */
static int option_row(lua_State *L)
{
    const struct lc_option_row *row = lc_option_row((uint16_t)luaL_checkinteger(L, 1));
    if (row == NULL) {
        lua_pushnil(L);
    } else {
        push_option_row(L, row);
    }
    return 1;
}

/* option_rows() -> { row, ... } */
static int option_rows(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_option_row_count; i++) {
        push_option_row(L, &lc_option_rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static void push_pair(lua_State *L, lua_Integer index, lua_Integer number, const char *name)
{
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, number);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, index);
}

/* code_rows(), content_formats() -> { {number, name}, ... } */
static int code_rows(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_code_row_count; i++) {
        push_pair(L, (lua_Integer)i + 1, lc_code_rows[i].code, lc_code_rows[i].name);
    }
    return 1;
}

static int content_formats(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_content_format_row_count; i++) {
        const struct lc_content_format_row *row = &lc_content_format_rows[i];
        push_pair(L, (lua_Integer)i + 1, row->number, row->media_type);
    }
    return 1;
}

int lc_probe_wire(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"parse", parse},
        {"describe", describe},
        {"uint", uint},
        {"option", option},
        {"encode", encode},
        {"options", options},
        {"add_option", add_option},
        {"remove_options", remove_options},
        {"read_uint", read_uint},
        {"write_uint", write_uint},
        {"read_block", read_block},
        {"block_szx", block_szx},
        {"code", code},
        {"describe_code", describe_code},
        {"option_row", option_row},
        {"option_rows", option_rows},
        {"code_rows", code_rows},
        {"content_formats", content_formats},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
