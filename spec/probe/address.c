/* probe.address: addresses in their forms. */
#include "spec/probe/probe.h"

#include "net/address.h"

#include <lauxlib.h>
#include <sys/socket.h>

static void push_host(lua_State *L, const struct lc_address *address)
{
    char text[LC_ADDRESS_TEXT];
    lua_pushstring(L, lc_address_host(address, text));
}

/* parse(host, [port]) -> { host, text, any, multicast, ipv4, scope, hash } | nil */
static int parse(lua_State *L)
{
    size_t len;
    const char *literal = luaL_checklstring(L, 1, &len);
    struct lc_address address;
    if (!lc_address_parse(&address, lc_bytes(literal, len))) {
        lua_pushnil(L);
        return 1;
    }
    address.port = (uint16_t)luaL_optinteger(L, 2, 0);
    char text[LC_ADDRESS_TEXT];
    lua_newtable(L);
    push_host(L, &address);
    lua_setfield(L, -2, "host");
    lua_pushstring(L, lc_address_text(&address, text));
    lua_setfield(L, -2, "text");
    lua_pushboolean(L, lc_address_is_any(&address));
    lua_setfield(L, -2, "any");
    lua_pushboolean(L, lc_address_is_multicast(&address));
    lua_setfield(L, -2, "multicast");
    lua_pushboolean(L, address.is_ipv4);
    lua_setfield(L, -2, "ipv4");
    lua_pushinteger(L, address.scope);
    lua_setfield(L, -2, "scope");
    lua_pushinteger(L, (lua_Integer)lc_address_hash(&address));
    lua_setfield(L, -2, "hash");
    return 1;
}

/* convert(host, port, ipv6_socket) -> family's length, host, port as read back */
static int convert(lua_State *L)
{
    size_t literal;
    const char *text = luaL_checklstring(L, 1, &literal);
    struct lc_address address, back;
    struct sockaddr_storage name;
    luaL_argcheck(L, lc_address_parse(&address, lc_bytes(text, literal)), 1, "not an address");
    address.port = (uint16_t)luaL_checkinteger(L, 2);
    unsigned len = lc_address_to(&address, lua_toboolean(L, 3), &name);
    lua_pushinteger(L, len);
    if (len == 0) {
        return 1;
    }
    lc_address_from(&back, (struct sockaddr *)&name);
    push_host(L, &back);
    lua_pushinteger(L, back.port);
    lua_pushboolean(L, lc_address_equal(&address, &back));
    return 4;
}

int lc_probe_address(lua_State *L)
{
    static const luaL_Reg functions[] = {{"parse", parse}, {"convert", convert}, {0, 0}};
    luaL_newlib(L, functions);
    return 1;
}
