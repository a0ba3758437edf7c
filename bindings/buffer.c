/* Buffers as Lua objects; see buffer.h. */
#include "bindings/buffer.h"

#include <lauxlib.h>

#include "bindings/error.h"

#define NAME "lunacoap.Buffer"

struct lc_buf *lc_buffer_push(lua_State *L, size_t count)
{
    struct lc_buf *buffers = lua_newuserdatauv(L, count * sizeof *buffers, 0);
    memset(buffers, 0, count * sizeof *buffers);
    luaL_setmetatable(L, NAME);
    return buffers;
}

static int collect(lua_State *L)
{
    struct lc_buf *buffers = luaL_checkudata(L, 1, NAME);
    for (size_t i = 0; i < (size_t)lua_rawlen(L, 1) / sizeof *buffers; i++) {
        lc_buf_free(&buffers[i]);
    }
    return 0;
}

void lc_buffer_check(lua_State *L, bool done)
{
    if (!done) {
        struct lc_error error;
        lc_fail_memory(&error);
        lc_error_raise(L, &error);
    }
}

void lc_buffer_open(lua_State *L)
{
    if (luaL_newmetatable(L, NAME)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
}
