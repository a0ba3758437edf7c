/* The guard of a run in virtual time; see virtual.h. */
#include "bindings/virtual.h"

#include <lauxlib.h>

#include "base/random.h"
#include "bindings/error.h"
#include "bindings/guard.h"
#include "bindings/state.h"
#include "net/loop.h"

#define GUARD "lunacoap.virtual"

struct guard {
    struct lc_loop *loop; /* NULL once it is over */
};

/* How many runs there are, of whom the first has chosen the random numbers. */
static unsigned runs;

/* However the function ends, by an error or by the end of its task too. */
static int guard_close(lua_State *L)
{
    struct guard *guard = luaL_checkudata(L, 1, GUARD);
    if (guard->loop != NULL) {
        lc_loop_end_virtual(guard->loop);
        guard->loop = NULL;
        if (--runs == 0) {
            lc_random_seed(0);
        }
    }
    return 0;
}

static lua_Integer take_seed(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TNUMBER) {
        return 1;
    }
    lua_Integer seed = lua_tointeger(L, 1);
    if (!lua_isinteger(L, 1) || seed < 1) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "virtual takes a seed from 1, or none, before its function, not %s",
            lc_error_describe(L, 1));
    }
    lua_remove(L, 1);
    return seed;
}

/* virtual([seed,] f, ...): returns what f(...) returns. */
static int run(lua_State *L)
{
    lua_Integer seed = take_seed(L);
    if (!lua_isfunction(L, 1)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "virtual takes a function, or a seed and a function, not %s", lc_error_describe(L, 1));
    }
    struct lc_loop *loop = lc_state_of(L)->loop;
    struct guard *guard = lua_newuserdatauv(L, sizeof *guard, 0);
    guard->loop = NULL;
    luaL_setmetatable(L, GUARD);
    lua_insert(L, 1);
    lc_guard_enter(L);
    guard->loop = loop;
    lc_loop_begin_virtual(loop);
    if (runs++ == 0) {
        lc_random_seed((uint64_t)seed);
    }
    return lc_guard_call(L);
}

void lc_virtual_open(lua_State *L)
{
    lc_guard_register(L, GUARD, guard_close);
    lua_pushcfunction(L, run);
    lua_setfield(L, -2, "virtual");
}
