/* probe.base: the heap's counters and limit, and the repeatable random numbers. */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "base/random.h"

#include <lauxlib.h>

/* fail_after([count]): `count` more allocations succeed, then all fail; without count, no limit. */
static int fail_after(lua_State *L)
{
    lc_memory_fail_after((long)luaL_optinteger(L, 1, -1));
    return 0;
}

/* blocks(): how many blocks of the runtime's heap are allocated now. */
static int blocks(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lc_memory_blocks());
    return 1;
}

/* seed(number): a fixed sequence of random numbers; 0 or nothing: the system's again. */
static int seed(lua_State *L)
{
    lc_random_seed((uint64_t)luaL_optinteger(L, 1, 0));
    return 0;
}

/* random_bytes(count) -> string */
static int random_bytes(lua_State *L)
{
    size_t count = (size_t)luaL_checkinteger(L, 1);
    luaL_Buffer buffer;
    lc_random_bytes(luaL_buffinitsize(L, &buffer, count), count);
    luaL_pushresultsize(&buffer, count);
    return 1;
}

int lc_probe_base(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"fail_after", fail_after},
        {"blocks", blocks},
        {"seed", seed},
        {"random_bytes", random_bytes},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
