/* probe.session_cache: the cache of resumable sessions, in virtual time; and key log files. */
#include "spec/probe/probe.h"

#include "secure/keylog.h"
#include "secure/session_cache.h"

#include <lauxlib.h>

static const char CACHE[] = "probe.session_cache";

struct probe_cache {
    struct lc_session_cache *cache; /* NULL: freed */
    struct lc_timers timers;
};

static struct lc_bytes arg_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    return lc_bytes(data, len);
}

/* new(lifetime, max_entries, max_bytes) -> cache | nil */
static int new_cache(lua_State *L)
{
    struct probe_cache *probe = lua_newuserdatauv(L, sizeof *probe, 0);
    *probe = (struct probe_cache){0};
    luaL_setmetatable(L, CACHE);
    probe->cache = lc_session_cache_new(&(struct lc_session_cache_options){
        .timers = &probe->timers,
        .lifetime = luaL_checkinteger(L, 1),
        .max_entries = (size_t)luaL_checkinteger(L, 2),
        .max_bytes = (size_t)luaL_checkinteger(L, 3),
    });
    return probe->cache == NULL ? 0 : 1;
}

static struct probe_cache *check_cache(lua_State *L)
{
    struct probe_cache *probe = luaL_checkudata(L, 1, CACHE);
    luaL_argcheck(L, probe->cache != NULL, 1, "the cache was freed");
    return probe;
}

static int cache_free(lua_State *L)
{
    struct probe_cache *probe = luaL_checkudata(L, 1, CACHE);
    lc_session_cache_free(probe->cache);
    probe->cache = NULL;
    return 0;
}

static int cache_set_now(lua_State *L)
{
    check_cache(L)->timers.now = luaL_checkinteger(L, 2);
    return 0;
}

/* put(key, session) -> kept? */
static int cache_put(lua_State *L)
{
    lua_pushboolean(
        L, lc_session_cache_put(check_cache(L)->cache, arg_bytes(L, 2), arg_bytes(L, 3)));
    return 1;
}

/* get(key) -> session, "" for none */
static int cache_get(lua_State *L)
{
    struct lc_bytes session = lc_session_cache_get(check_cache(L)->cache, arg_bytes(L, 2));
    lua_pushlstring(L, (const char *)session.data, session.len);
    return 1;
}

static int cache_remove(lua_State *L)
{
    lc_session_cache_remove(check_cache(L)->cache, arg_bytes(L, 2));
    return 0;
}

/* keylog(path, { {client random, secret}, ... }): opens, writes and closes -> true | nil, code,
 * text */
static int keylog(lua_State *L)
{
    struct lc_error error = {0};
    struct lc_keylog *log = lc_keylog_open(luaL_checkstring(L, 1), &error);
    if (log == NULL) {
        lua_pushnil(L);
        lua_pushinteger(L, error.code);
        lua_pushstring(L, error.text);
        return 3;
    }
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TTABLE; i++) {
        lua_rawgeti(L, 3, 1);
        lua_rawgeti(L, 3, 2);
        lc_keylog_write(log, arg_bytes(L, 4), arg_bytes(L, 5));
        lua_settop(L, 2);
    }
    lc_keylog_close(log);
    lua_pushboolean(L, true);
    return 1;
}

int lc_probe_session_cache(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"set_now", cache_set_now},
        {"put", cache_put},
        {"get", cache_get},
        {"remove", cache_remove},
        {"free", cache_free},
        {0, 0},
    };
    static const luaL_Reg functions[] = {
        {"new", new_cache},
        {"keylog", keylog},
        {0, 0},
    };
    luaL_newmetatable(L, CACHE);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, cache_free);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
