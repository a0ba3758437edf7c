/* probe.params: the derived times and the limits of transmission parameters; times are integers in
 * microseconds. */
#include "spec/probe/probe.h"

#include "spec/probe/fields.h"

/* times([params]) -> { span, wait, lifetime, non_lifetime } */
static int times(lua_State *L)
{
    struct lc_params params = field_params_of(L, 1);
    lua_newtable(L);
    lua_pushinteger(L, lc_params_max_transmit_span(&params));
    lua_setfield(L, -2, "span");
    lua_pushinteger(L, lc_params_max_transmit_wait(&params));
    lua_setfield(L, -2, "wait");
    lua_pushinteger(L, lc_params_exchange_lifetime(&params));
    lua_setfield(L, -2, "lifetime");
    lua_pushinteger(L, lc_params_non_lifetime(&params));
    lua_setfield(L, -2, "non_lifetime");
    return 1;
}

/* check([params]) -> nil | code, text */
static int check(lua_State *L)
{
    struct lc_params params = field_params_of(L, 1);
    struct lc_error error;
    if (lc_params_check(&params, &error) == LC_OK) {
        return 0;
    }
    lua_pushinteger(L, error.code);
    lua_pushstring(L, error.text);
    return 2;
}

int lc_probe_params(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"times", times},
        {"check", check},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
