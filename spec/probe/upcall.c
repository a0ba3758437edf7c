/* Calling Lua from an upcall; see upcall.h. */
#include "spec/probe/upcall.h"

#include <lauxlib.h>

/* The first error: a reference or none. */
static int failure = LUA_NOREF;

void lc_upcall(lua_State *L, int args, int results)
{
    if (lua_pcall(L, args, results, 0) != LUA_OK) {
        int error = luaL_ref(L, LUA_REGISTRYINDEX);
        if (failure == LUA_NOREF) {
            failure = error;
        } else {
            luaL_unref(L, LUA_REGISTRYINDEX, error);
        }
        for (int i = 0; i < results; i++) {
            lua_pushnil(L);
        }
    }
}

void lc_upcall_raise(lua_State *L)
{
    if (failure != LUA_NOREF) {
        int error = failure;
        failure = LUA_NOREF;
        lua_rawgeti(L, LUA_REGISTRYINDEX, error);
        luaL_unref(L, LUA_REGISTRYINDEX, error);
        lua_error(L);
    }
}

bool lc_upcall_push(lua_State *L, int functions, const char *name)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, functions);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    return true;
}
