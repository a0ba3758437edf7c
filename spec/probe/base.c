/* probe.base: the heap's counters and limit, random numbers, hash, buffers, errors and log lines.
 */
#include "spec/probe/probe.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"

#include <lauxlib.h>
#include <string.h>

/* fail_after([count]): `count` more allocations succeed, then all fail; without count, no limit. */
static int fail_after(lua_State *L)
{
    lc_memory_fail_after((long)luaL_optinteger(L, 1, -1));
    return 0;
}

/* blocks(): how many blocks of the runtime's heap are allocated now, but for those of objects that
 * nobody can reach any more. Those are collected first, so that a count never depends on when the
 * collector came by: twice, as an object may be held by another one's finaliser. */
static int blocks(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    lua_pushinteger(L, (lua_Integer)lc_memory_blocks());
    return 1;
}

/* allocations(size) -> alloc, zalloc, realloc of a block of 8 "x", copy of "x": each the first
 * bytes of its block, or nil when it failed. All are freed again. */
static int allocations(lua_State *L)
{
    size_t size = (size_t)luaL_checkinteger(L, 1);
    char *made[4] = {lc_alloc(size), lc_zalloc(size), lc_copy("xxxxxxxx", 8), lc_copy("x", 1)};
    if (made[0] != NULL) {
        memset(made[0], 'a', size);
    }
    char *grown = made[2] == NULL ? NULL : lc_realloc(made[2], size);
    lua_settop(L, 0);
    lua_pushlstring(L, made[0], made[0] == NULL ? 0 : size);
    lua_pushlstring(L, made[1], made[1] == NULL ? 0 : size);
    lua_pushlstring(L, grown, grown == NULL ? 0 : size < 8 ? size : 8);
    lua_pushstring(L, made[3]);
    lc_free(grown == NULL ? made[2] : grown);
    lc_free(made[0]);
    lc_free(made[1]);
    lc_free(made[3]);
    return 4;
}

/* seed(number): a fixed sequence of random numbers; 0 or nothing: the system's again. */
/* pool(size, count) -> how many blocks were given, how many of them were zeroed and overlapped no
 * other, how often the next lay on another page. All are given back, every second one first. */
static int pool(lua_State *L)
{
    enum { MOST = 1000 };
    size_t size = (size_t)luaL_checkinteger(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2), given = 0, good = 0, turned = 0;
    luaL_argcheck(L, count <= MOST && size > 0, 2, "too many");
    uint8_t *all[MOST];
    for (; given < count && (all[given] = lc_pool_zalloc(size)) != NULL; given++) {
        good += all[given][0] == 0 && memcmp(all[given], all[given] + 1, size - 1) == 0;
        memset(all[given], (int)(given % 255) + 1, size);
    }
    for (lua_Integer i = 0; i < given; i++) {
        turned += i > 0 && (uintptr_t)all[i] / 4096 != (uintptr_t)all[i - 1] / 4096;
        uint8_t mark = (uint8_t)(i % 255 + 1);
        good -= all[i][0] != mark || memcmp(all[i], all[i] + 1, size - 1) != 0;
    }
    for (lua_Integer half = 0; half < 2; half++) {
        for (lua_Integer i = half; i < given; i += 2) {
            lc_pool_free(all[i]);
        }
    }
    lua_pushinteger(L, given);
    lua_pushinteger(L, good);
    lua_pushinteger(L, turned);
    return 3;
}

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

/* random_unit() -> number */
static int random_unit(lua_State *L)
{
    lua_pushnumber(L, lc_random_unit());
    return 1;
}

/* hash(data, seed) -> integer */
static int hash(lua_State *L)
{
    size_t len;
    const char *data = luaL_checklstring(L, 1, &len);
    lua_pushinteger(L, (lua_Integer)lc_hash(data, len, (uint64_t)luaL_optinteger(L, 2, 0)));
    return 1;
}

/* One step on a buffer: {"append", text}, {"printf", text}, {"set", text}, {"set_own", from, to},
 * {"reserve", count}, {"clear"}, {"free"}. */
static bool buf_step(lua_State *L, struct lc_buf *buf, int step)
{
    lua_rawgeti(L, step, 1);
    lua_rawgeti(L, step, 2);
    lua_rawgeti(L, step, 3);
    const char *verb = luaL_checkstring(L, -3);
    size_t len = 0;
    const char *text = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &len) : "";
    size_t from = (size_t)lua_tointeger(L, -2), to = (size_t)lua_tointeger(L, -1);
    lua_pop(L, 3);
    switch (verb[0]) {
    case 'a':
        return lc_buf_append(buf, text, len);
    case 'p':
        return lc_buf_printf(buf, "<%s>", text);
    case 's':
        return verb[3] == '_' ? lc_buf_set(buf, buf->data + from, to - from)
                              : lc_buf_set(buf, text, len);
    case 'r':
        return lc_buf_reserve(buf, from) && buf->cap - buf->len >= from;
    case 'c':
        lc_buf_clear(buf);
        return true;
    default:
        lc_buf_free(buf);
        return buf->data == NULL && buf->cap == 0;
    }
}

/* buf{ step, ... } -> content, count of the steps that succeeded */
static int buf(lua_State *L)
{
    struct lc_buf content = {0};
    lua_Integer succeeded = 0;
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) == LUA_TTABLE; i++) {
        succeeded += buf_step(L, &content, lua_gettop(L));
        lua_settop(L, 1);
    }
    lua_pushlstring(L, (const char *)content.data, content.len);
    lua_pushinteger(L, succeeded);
    lc_buf_free(&content);
    return 2;
}

static int push_error(lua_State *L, int code, const struct lc_error *error)
{
    lua_pushinteger(L, code);
    lua_pushinteger(L, error->code);
    lua_pushstring(L, error->text);
    return 3;
}

/* fail(code, text), fail_twice(code, text), fail_errno(number, text) -> returned code, code, text
 */
static int fail(lua_State *L)
{
    struct lc_error error = {0};
    int code = (int)luaL_checkinteger(L, 1);
    lc_fail(NULL, code, "nobody wants to know");
    return push_error(L, lc_fail(&error, code, "%s", luaL_checkstring(L, 2)), &error);
}

static int fail_twice(lua_State *L)
{
    struct lc_error error = {0};
    lc_fail(&error, LC_ERROR_USAGE, "%s", luaL_checkstring(L, 2));
    int code = (int)luaL_checkinteger(L, 1);
    return push_error(L, lc_fail(&error, code, "while reading: %s", error.text), &error);
}

static int fail_errno(lua_State *L)
{
    struct lc_error error = {0};
    int number = (int)luaL_checkinteger(L, 1);
    lc_fail_errno(NULL, number, "nobody wants to know");
    return push_error(L, lc_fail_errno(&error, number, "%s", luaL_checkstring(L, 2)), &error);
}

/* error_text(code) -> text | nil */
static int error_text(lua_State *L)
{
    lua_pushstring(L, lc_error_text((int)luaL_checkinteger(L, 1)));
    return 1;
}

static void keep_line(void *arg, int level, const char *text)
{
    lua_State *L = arg;
    lua_pushfstring(L, "%d %s", level, text);
    lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
}

/* log_lines(level) -> the lines that a log of this level gets of one at each level from 1 to 3, and
 * how many were formatted at all. */
static int log_lines(lua_State *L)
{
    struct lc_log log = {(int)luaL_checkinteger(L, 1), keep_line, L};
    int evaluated = 0;
    lua_settop(L, 1);
    lua_newtable(L);
    for (int level = LC_LOG_INFO; level <= LC_LOG_DEBUG; level++) {
        lc_log(&log, level, "line %d", ++evaluated);
    }
    log.write = NULL;
    lc_log(&log, LC_LOG_NONE, "to nobody");
    lua_pushinteger(L, evaluated);
    return 2;
}

int lc_probe_base(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"fail_after", fail_after},
        {"blocks", blocks},
        {"allocations", allocations},
        {"pool", pool},
        {"seed", seed},
        {"random_bytes", random_bytes},
        {"random_unit", random_unit},
        {"hash", hash},
        {"buf", buf},
        {"fail", fail},
        {"fail_twice", fail_twice},
        {"fail_errno", fail_errno},
        {"error_text", error_text},
        {"log_lines", log_lines},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
