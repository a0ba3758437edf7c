/* probe.types: error objects and option lists without a component, names that are near, and a Lua
 * memory that runs out. Works beside `require "lunacoap"`. */
#include "spec/probe/probe.h"

#include "bindings/error.h"
#include "bindings/option.h"
#include "bindings/suggest.h"
#include "component/content.h"

#include <lauxlib.h>
#include <stdlib.h>

/* list() -> an empty collection */
static int list(lua_State *L)
{
    struct lc_content *content = lc_content_new();
    if (content == NULL) {
        return luaL_error(L, "out of memory");
    }
    lc_option_push_list(L, content);
    lc_content_release(content);
    return 1;
}

/* received(datagram) -> the collection of its options */
static int received(lua_State *L)
{
    size_t len;
    const char *data = luaL_checklstring(L, 1, &len);
    struct lc_message message;
    struct lc_content *content = lc_content_new();
    if (content == NULL) {
        return luaL_error(L, "out of memory");
    }
    if (lc_message_parse(&message, (const uint8_t *)data, len) != LC_PARSED) {
        return luaL_error(L, "no message");
    }
    content->message = &message;
    if (!lc_content_hold(content)) {
        return luaL_error(L, "out of memory");
    }
    lc_option_push_list(L, content);
    lc_content_release(content);
    return 1;
}

/* assign(list, value): as assigning coap.RequestOptions does */
static int assign(lua_State *L)
{
    struct lc_content **content = luaL_checkudata(L, 1, "lunacoap.CoAPOptionList");
    const struct lc_option_list *list = lc_option_take_list(L, 2);
    struct lc_error error;
    return lc_content_set_options(*content, list->items, list->count, &error) == LC_OK
               ? 0
               : lc_error_raise(L, &error);
}

/* raise(code, text) */
static int raise(lua_State *L)
{
    return lc_error_raisef(L, (int)luaL_checkinteger(L, 1), "%s", luaL_checkstring(L, 2));
}

/* raise_whole(code, text): the text as it is */
static int raise_whole(lua_State *L)
{
    lc_error_push(L, (int)luaL_checkinteger(L, 1), luaL_checkstring(L, 2));
    return lua_error(L);
}

/* from_thread(f, ...) -> the error object of a coroutine that ends with an error */
static int from_thread(lua_State *L)
{
    int arguments = lua_gettop(L) - 1, results;
    lua_State *thread = lua_newthread(L);
    lua_insert(L, 1);
    lua_xmove(L, thread, arguments + 1);
    if (lua_resume(thread, L, arguments, &results) <= LUA_YIELD) {
        return 0;
    }
    lc_error_from_thread(L, thread);
    return 1;
}

/* suggest(name, {names}) */
static int suggest(lua_State *L)
{
    const char *names[64];
    size_t count = 0;
    while (count < 64 && lua_rawgeti(L, 2, (lua_Integer)count + 1) == LUA_TSTRING) {
        names[count++] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_pushstring(L, lc_suggest(luaL_checkstring(L, 1), names, count));
    return 1;
}

struct scarce {
    lua_Alloc alloc;
    void *arg;
    long left;
};

static void *scarce_alloc(void *arg, void *block, size_t old_size, size_t new_size)
{
    struct scarce *scarce = arg;
    if (new_size > 0 && (block == NULL || new_size > old_size) && scarce->left-- <= 0) {
        return NULL;
    }
    return scarce->alloc(scarce->arg, block, old_size, new_size);
}

/* with_memory(n, f) -> whether f returned; Lua's allocations after the first n fail meanwhile */
static int with_memory(lua_State *L)
{
    struct scarce scarce = {.left = (long)luaL_checkinteger(L, 1)};
    luaL_checktype(L, 2, LUA_TFUNCTION);
    scarce.alloc = lua_getallocf(L, &scarce.arg);
    lua_setallocf(L, scarce_alloc, &scarce);
    int status = lua_pcall(L, 0, 0, 0);
    lua_setallocf(L, scarce.alloc, scarce.arg);
    lua_pushboolean(L, status == LUA_OK);
    return 1;
}

int lc_probe_types(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"list", list},
        {"received", received},
        {"assign", assign},
        {"raise", raise},
        {"raise_whole", raise_whole},
        {"from_thread", from_thread},
        {"suggest", suggest},
        {"with_memory", with_memory},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    return 1;
}
