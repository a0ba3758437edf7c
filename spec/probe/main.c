/* The executable `lunacoap-spec`: lunacoap and, as `require "lunacoap.probe"`, the inside of its
 * layers. */
#include "bindings/program.h"
#include "spec/probe/probe.h"

#include <lauxlib.h>

static void preload_probe(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_lunacoap_probe);
    lua_setfield(L, -2, "lunacoap.probe");
    lua_pop(L, 1);
}

int main(int argc, char **argv)
{
    return lc_program_run(argc, argv, preload_probe);
}
