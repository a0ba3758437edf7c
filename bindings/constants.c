/* The constant tables, made from the registries; see constants.h. */
#include "bindings/constants.h"

#include <lauxlib.h>

#include "bindings/certificate.h"
#include "bindings/error.h"
#include "wire/code.h"
#include "wire/registry.h"

/* ---- A table that only reads -------------------------------------------------------------------
 */

/* What a constant table is called, and whether a key that it does not have is nil or an error. */
enum upvalue { DATA = 1, TITLE, LENIENT };

static int find(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(DATA)) != LUA_TNIL ||
        lua_toboolean(L, lua_upvalueindex(LENIENT))) {
        return 1;
    }
    return lc_error_unknown_key(
        L, lua_tostring(L, lua_upvalueindex(TITLE)), "constant", 2, lua_upvalueindex(DATA));
}

static int refuse(lua_State *L)
{
    return lc_error_raisef(
        L, LC_ERROR_USAGE, "%s is read-only", lua_tostring(L, lua_upvalueindex(TITLE)));
}

static int next(lua_State *L)
{
    lua_settop(L, 2);
    if (lua_next(L, lua_upvalueindex(DATA))) {
        return 2;
    }
    lua_pushnil(L);
    return 1;
}

static int pairs(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(DATA));
    lua_pushcclosure(L, next, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int describe(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(TITLE));
    return 1;
}

/* Replaces the table of constants at the top by one through which it can be read, and sets that as
 * a field of the table below. */
static void set_constants(lua_State *L, const char *name, int lenient)
{
    static const luaL_Reg methods[] = {
        {"__index", find},
        {"__newindex", refuse},
        {"__pairs", pairs},
        {"__tostring", describe},
        {NULL, NULL},
    };
    lua_newtable(L);
    luaL_newlibtable(L, methods);
    lua_pushvalue(L, -3);
    lua_pushfstring(L, "lunacoap.%s", name);
    lua_pushboolean(L, lenient);
    luaL_setfuncs(L, methods, 3);
    lua_pushliteral(L, "constants");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
    lua_setfield(L, -2, name);
}

static void set_strict(lua_State *L, const char *name)
{
    set_constants(L, name, 0);
}

static void set_lenient(lua_State *L, const char *name)
{
    set_constants(L, name, 1);
}

static void add_number(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void add_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

/* ---- The tables --------------------------------------------------------------------------------
 */

static void set_store_types(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_certificate_store_count; i++) {
        add_number(L, lc_certificate_stores[i].name, lc_certificate_stores[i].number);
    }
    set_strict(L, "StoreType");
}

static void set_value_types(lua_State *L)
{
    lua_newtable(L);
    add_number(L, "ovtString", LC_FORMAT_STRING);
    add_number(L, "ovtUInt", LC_FORMAT_UINT);
    add_number(L, "ovtBinary", LC_FORMAT_OPAQUE);
    set_strict(L, "ValueType");
}

static void set_methods(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_code_row_count; i++) {
        if (lc_code_class(lc_code_rows[i].code) == 0) {
            add_number(L, lc_code_rows[i].name, lc_code_rows[i].code);
        }
    }
    set_strict(L, "Method");
    lua_newtable(L);
    for (size_t i = 0; i < lc_code_row_count; i++) {
        if (lc_code_class(lc_code_rows[i].code) == 0) {
            lua_pushstring(L, lc_code_rows[i].name);
            lua_rawseti(L, -2, lc_code_rows[i].code);
        }
    }
    set_lenient(L, "MethodName");
}

/* "Unsupported Content-Format" becomes UnsupportedContentFormat. */
static void push_identifier(lua_State *L, const char *name)
{
    luaL_Buffer identifier;
    luaL_buffinit(L, &identifier);
    for (; *name != '\0'; name++) {
        if (*name != ' ' && *name != '-') {
            luaL_addchar(&identifier, *name);
        }
    }
    luaL_pushresult(&identifier);
}

/* Codes that a response over UDP may have; 7.xx is signaling over TCP (RFC 8323). */
static void set_codes(lua_State *L)
{
    char code[5];
    lua_newtable(L);
    for (size_t i = 0; i < lc_code_row_count; i++) {
        unsigned class = lc_code_class(lc_code_rows[i].code);
        if (class >= 2 && class <= 5) {
            push_identifier(L, lc_code_rows[i].name);
            lua_pushstring(L, lc_code_text(lc_code_rows[i].code, code));
            lua_rawset(L, -3);
        }
    }
    set_strict(L, "Code");
    lua_newtable(L);
    for (size_t i = 0; i < lc_code_row_count; i++) {
        add_text(L, lc_code_text(lc_code_rows[i].code, code), lc_code_rows[i].name);
    }
    set_lenient(L, "CodeName");
}

static void set_content_formats(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_content_format_row_count; i++) {
        add_number(L, lc_content_format_rows[i].media_type, lc_content_format_rows[i].number);
    }
    /* As RFC 7252 12.3 writes it, and as everybody says it. */
    add_number(L, "text/plain;charset=utf-8", 0);
    add_number(L, "text/plain", 0);
    set_strict(L, "ContentFormat");
    lua_newtable(L);
    for (size_t i = 0; i < lc_content_format_row_count; i++) {
        lua_pushstring(L, lc_content_format_rows[i].media_type);
        lua_rawseti(L, -2, lc_content_format_rows[i].number);
    }
    set_lenient(L, "ContentFormatName");
}

static void set_option_numbers(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_option_row_count; i++) {
        add_number(L, lc_option_rows[i].name, lc_option_rows[i].number);
    }
    set_strict(L, "OptionNumber");
    lua_newtable(L);
    for (size_t i = 0; i < lc_option_row_count; i++) {
        lua_pushstring(L, lc_option_rows[i].name);
        lua_rawseti(L, -2, lc_option_rows[i].number);
    }
    set_lenient(L, "OptionName");
}

void lc_constants_open(lua_State *L)
{
    luaL_checkstack(L, 16, NULL);
    set_store_types(L);
    set_value_types(L);
    set_methods(L);
    set_codes(L);
    set_content_formats(L);
    set_option_numbers(L);
}
