/* Fields of `lunacoap` that are Lua modules; see modules.h. */
#include "bindings/modules.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bindings/error.h"

static const char *const modules[] = {"response", "server"};

static bool is_module(const char *name)
{
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        if (strcmp(name, modules[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* __index: loads the module and keeps it in the table, or raises as the guard does. */
static int load(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING || !is_module(lua_tostring(L, 2))) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
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
    lc_error_guard(L, "lunacoap");
    lua_getmetatable(L, -1);
    lua_getfield(L, -1, "__index");
    lua_pushcclosure(L, load, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
