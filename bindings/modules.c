/* Fields of `lunacoap` that are Lua modules; see modules.h. */
#include "bindings/modules.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bindings/error.h"

static const char *const modules[] = {"csv", "directory", "faults", "fleet", "format", "ladder",
    "response", "scenario", "senml", "sensor", "server"};

static bool is_module(const char *name)
{
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        if (strcmp(name, modules[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Those that are not loaded are named too, if they are near. */
static int unknown_field(lua_State *L)
{
    lua_settop(L, 2);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 1);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, 3);
    }
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        lua_pushboolean(L, true);
        lua_setfield(L, 3, modules[i]);
    }
    return lc_error_unknown_key(L, "lunacoap", "field", 2, 3);
}

/* __index: loads the module and keeps it in the table, or raises. */
static int load(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING || !is_module(lua_tostring(L, 2))) {
        return unknown_field(L);
    }
    lua_getglobal(L, "require");
    lua_pushfstring(L, "lunacoap.%s", lua_tostring(L, 2));
    lua_call(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

void lc_modules_open(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, load);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}
