/* To-be-closed slots of C functions; see guard.h. */
#include "bindings/guard.h"

#include <lauxlib.h>

enum { SLOT = 1 };

void lc_guard_register(lua_State *L, const char *class, lua_CFunction close)
{
    const luaL_Reg methods[] = {{"__close", close}, {"__gc", close}, {NULL, NULL}};
    luaL_newmetatable(L, class);
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}

void lc_guard_enter(lua_State *L)
{
    lua_toclose(L, SLOT);
}

static int returned(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    lua_closeslot(L, SLOT);
    return lua_gettop(L) - SLOT;
}

int lc_guard_call(lua_State *L)
{
    lua_callk(L, lua_gettop(L) - SLOT - 1, LUA_MULTRET, 0, returned);
    return returned(L, LUA_OK, 0);
}
