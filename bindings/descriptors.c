/* The limit of open files, which every socket of its own counts for; see descriptors.h. */
#include "bindings/descriptors.h"

#include <lauxlib.h>
#include <sys/resource.h>

#include "bindings/error.h"

static lua_Integer as_integer(rlim_t limit)
{
    return limit > (rlim_t)LUA_MAXINTEGER ? LUA_MAXINTEGER : (lua_Integer)limit;
}

/* The soft limit, which a process may raise as far as the hard one. */
int lc_descriptors(lua_State *L)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        limit = (struct rlimit){0};
    }
    if (!lua_isnoneornil(L, 1)) {
        if (!lua_isinteger(L, 1) || lua_tointeger(L, 1) < 1) {
            return lc_error_raisef(L, LC_ERROR_USAGE,
                "descriptors takes how many files are to be open at most, from 1, or nothing, not "
                "%s",
                lc_error_describe(L, 1));
        }
        struct rlimit wanted = {(rlim_t)lua_tointeger(L, 1), limit.rlim_max};
        wanted.rlim_cur = wanted.rlim_cur < limit.rlim_max ? wanted.rlim_cur : limit.rlim_max;
        if (wanted.rlim_cur > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &wanted) == 0) {
            limit = wanted;
        }
    }
    lua_pushinteger(L, as_integer(limit.rlim_cur));
    return 1;
}
