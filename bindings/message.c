/* Reading messages for scripts, and the library's table; see message.h. */
#include "bindings/message.h"

#include <lauxlib.h>

#include "bindings/buffer.h"
#include "bindings/error.h"
#include "bindings/text.h"
#include "wire/code.h"
#include "wire/describe.h"
#include "wire/flaw.h"
#include "wire/option.h"
#include "wire/registry.h"

const char *const lc_message_types[4] = {"CON", "NON", "ACK", "RST"};

static struct lc_bytes check_bytes(lua_State *L, const char *function)
{
    if (lua_type(L, 1) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "message.%s takes the bytes of a message, not %s",
            function, lc_error_describe(L, 1));
    }
    return lc_text_bytes(L, 1);
}

static void set_bytes(lua_State *L, const char *key, struct lc_bytes value)
{
    lua_pushlstring(L, (const char *)value.data, value.len);
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void push_option(lua_State *L, const struct lc_option *option)
{
    const struct lc_option_row *row = lc_option_row(option->number);
    lua_createtable(L, 0, 3);
    set_integer(L, "Number", option->number);
    if (row != NULL) {
        set_text(L, "Name", row->name);
    }
    set_bytes(L, "Value", option->value);
}

static void push_options(lua_State *L, struct lc_bytes encoded)
{
    struct lc_option_walk walk = lc_option_walk(encoded);
    struct lc_option option;
    lua_newtable(L);
    for (lua_Integer i = 1; lc_option_next(&walk, &option); i++) {
        push_option(L, &option);
        lua_rawseti(L, -2, i);
    }
}

static void push_flaw(lua_State *L, struct lc_bytes data)
{
    size_t offset;
    const char *flaw = lc_message_flaw(data.data, data.len, &offset);
    lua_pushfstring(L, "malformed CoAP message at byte %I: %s", (lua_Integer)offset + 1, flaw);
}

static int decode(lua_State *L)
{
    struct lc_bytes data = check_bytes(L, "decode");
    struct lc_message message;
    char code[5];
    if (lc_message_parse(&message, data.data, data.len) != LC_PARSED) {
        lua_pushnil(L);
        push_flaw(L, data);
        return 2;
    }
    lua_createtable(L, 0, 7);
    set_integer(L, "version", 1);
    set_text(L, "type", lc_message_types[message.type]);
    set_text(L, "code", lc_code_text(message.code, code));
    set_integer(L, "id", message.id);
    set_bytes(L, "token", message.token);
    push_options(L, message.options);
    lua_setfield(L, -2, "options");
    set_bytes(L, "payload", message.payload);
    return 1;
}

enum { BYTES_SHOWN = 32 };

static void describe_malformed(lua_State *L, struct lc_bytes data, struct lc_buf *out)
{
    push_flaw(L, data);
    lc_buffer_check(L, lc_buf_printf(out, "%s; %zu bytes", lua_tostring(L, -1), data.len));
    for (size_t i = 0; i < data.len && i < BYTES_SHOWN; i++) {
        lc_buffer_check(L, lc_buf_printf(out, i == 0 ? " %02x" : "%02x", data.data[i]));
    }
    lc_buffer_check(L, lc_buf_printf(out, "%s", data.len > BYTES_SHOWN ? "..." : ""));
}

static int describe(lua_State *L)
{
    struct lc_bytes data = check_bytes(L, "describe");
    struct lc_buf *out = lc_buffer_push(L, 1);
    struct lc_message message;
    if (lc_message_parse(&message, data.data, data.len) == LC_PARSED) {
        lc_message_describe(&message, out);
    } else {
        describe_malformed(L, data, out);
    }
    lua_pushlstring(L, (const char *)out->data, out->len);
    lc_buf_free(out);
    return 1;
}

void lc_message_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"encode", lc_message_encode},
        {"decode", decode},
        {"describe", describe},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lc_error_guard(L, "lunacoap.message");
    lua_setfield(L, -2, "message");
}
