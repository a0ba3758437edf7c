/* The table `lunacoap.probe`: one field for each probe. */
#include "spec/probe/probe.h"

#include <lauxlib.h>

static const luaL_Reg probes[] = {
#define LC_PROBE(name) {#name, lc_probe_##name},
#include "probes.def"
#undef LC_PROBE
    {0, 0},
};

int luaopen_lunacoap_probe(lua_State *L)
{
    lua_newtable(L);
    for (const luaL_Reg *probe = probes; probe->name; probe++) {
        lua_pushcfunction(L, probe->func);
        lua_call(L, 0, 1);
        lua_setfield(L, -2, probe->name);
    }
    return 1;
}
