/* probe.suite: the names and numbers of TLS. */
#include "spec/probe/probe.h"

#include "secure/suite.h"

#include <lauxlib.h>

static struct lc_bytes check_text(lua_State *L, int arg)
{
    size_t len;
    const char *text = luaL_checklstring(L, arg, &len);
    return lc_bytes(text, len);
}

static int push_suite(lua_State *L, const struct lc_suite *suite)
{
    if (suite == NULL) {
        return 0;
    }
    lua_newtable(L);
    lua_pushinteger(L, suite->number);
    lua_setfield(L, -2, "number");
    lua_pushstring(L, suite->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, lc_key_exchange_name(suite->exchange));
    lua_setfield(L, -2, "exchange");
    lua_pushboolean(L, lc_key_exchange_is_psk(suite->exchange));
    lua_setfield(L, -2, "psk");
    lua_pushinteger(L, suite->key_bits);
    lua_setfield(L, -2, "bits");
    lua_pushstring(L, suite->cipher);
    lua_setfield(L, -2, "cipher");
    lua_pushboolean(L, suite->is_aead);
    lua_setfield(L, -2, "aead");
    lua_pushboolean(L, suite->by_default);
    lua_setfield(L, -2, "by_default");
    return 1;
}

/* all() -> { suite, ... }; a suite is { number, name, exchange, psk, bits, cipher, aead, by_default
 * } */
static int all(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < lc_suite_count; i++) {
        push_suite(L, &lc_suites[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* find(number) -> suite | nothing */
static int find(lua_State *L)
{
    return push_suite(L, lc_suite_find((uint16_t)luaL_checkinteger(L, 1)));
}

/* named(name) -> suite | nothing */
static int named(lua_State *L)
{
    return push_suite(L, lc_suite_named(check_text(L, 1)));
}

/* group(number) -> name or nil, bits */
static int group(lua_State *L)
{
    uint16_t number = (uint16_t)luaL_checkinteger(L, 1);
    lua_pushstring(L, lc_group_name(number));
    lua_pushinteger(L, lc_group_bits(number));
    return 2;
}

typedef int read_function(
    struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error);

/* Pushes { number, ... } | nil, code, text; the second argument is the room, 200 by itself. */
static int push_read(lua_State *L, read_function *read)
{
    uint16_t out[200];
    struct lc_error error = {0};
    size_t room = (size_t)luaL_optinteger(L, 2, 200);
    int count = read(check_text(L, 1), out, room, &error);
    if (count < 0) {
        lua_pushnil(L);
        lua_pushinteger(L, error.code);
        lua_pushstring(L, error.text);
        return 3;
    }
    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        lua_pushinteger(L, out[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int suites(lua_State *L)
{
    return push_read(L, lc_suites_read);
}

static int groups(lua_State *L)
{
    return push_read(L, lc_groups_read);
}

static int signatures(lua_State *L)
{
    return push_read(L, lc_signatures_read);
}

/* Pushes true | nil, code, text. */
static int push_checked(lua_State *L, int (*check)(struct lc_bytes, struct lc_error *))
{
    struct lc_error error = {0};
    if (check(check_text(L, 1), &error) >= 0) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, error.code);
    lua_pushstring(L, error.text);
    return 3;
}

static int tls13_groups(lua_State *L)
{
    return push_checked(L, lc_tls13_groups_check);
}

static int tls13_signatures(lua_State *L)
{
    return push_checked(L, lc_tls13_signatures_check);
}

int lc_probe_suite(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"all", all},
        {"find", find},
        {"named", named},
        {"group", group},
        {"suites", suites},
        {"groups", groups},
        {"signatures", signatures},
        {"tls13_groups", tls13_groups},
        {"tls13_signatures", tls13_signatures},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
