/* Error objects for scripts; see error.h. */
#include "bindings/error.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bindings/suggest.h"

#define NAME "lunacoap.Error"

enum { LONGEST_SHOWN = 40 };

/* The first level of `thread` that runs Lua code; false when there is none. */
static bool find_line(lua_State *thread, int *level, lua_Debug *ar)
{
    for (; lua_getstack(thread, *level, ar); ++*level) {
        lua_getinfo(thread, "Sl", ar);
        if (ar->currentline > 0) {
            return true;
        }
    }
    return false;
}

static void push_line(lua_State *L, const lua_Debug *ar)
{
    /* short_src cuts long paths off, which no editor can open. */
    const char *file = *ar->source == '@' ? ar->source + 1 : ar->short_src;
    lua_pushfstring(L, "%s:%d", file, ar->currentline);
}

/* Sets Where and Traceback of the error object at the top from a level of `thread` on. */
static void set_place(lua_State *L, lua_State *thread, int level)
{
    lua_Debug ar;
    if (find_line(thread, &level, &ar)) {
        push_line(L, &ar);
    } else {
        lua_pushliteral(L, "?");
        level = 0;
    }
    lua_setfield(L, -2, "Where");
    luaL_traceback(L, thread, NULL, level);
    lua_setfield(L, -2, "Traceback");
}

/* Makes an object without a place of the message at the top, which it replaces. */
static void make(lua_State *L, int code)
{
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, code);
    lua_setfield(L, -2, "Code");
    lua_insert(L, -2);
    lua_setfield(L, -2, "Message");
    luaL_setmetatable(L, NAME);
}

void lc_error_push(lua_State *L, int code, const char *text)
{
    luaL_checkstack(L, 8, NULL);
    lua_pushstring(L, text);
    make(L, code);
    set_place(L, L, 0);
}

int lc_error_raise(lua_State *L, const struct lc_error *error)
{
    lc_error_push(L, error->code, error->text);
    return lua_error(L);
}

int lc_error_raisef(lua_State *L, int code, const char *format, ...)
{
    struct lc_error error;
    char detail[sizeof error.text];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    lc_fail(&error, code, "%s", detail);
    return lc_error_raise(L, &error);
}

int lc_error_unknown(lua_State *L, const char *what, const char *kind, const char *name,
    const char *const *names, size_t count)
{
    const char *nearest = lc_suggest(name, names, count);
    if (nearest != NULL) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "%s has no %s '%.*s'; did you mean '%s'?", what,
            kind, LONGEST_SHOWN, name, nearest);
    }
    return lc_error_raisef(
        L, LC_ERROR_USAGE, "%s has no %s '%.*s'", what, kind, LONGEST_SHOWN, name);
}

/* The names in the table at `data`, as C strings that live as long as the table does. Pushes the
 * object that holds the array. */
static const char **push_names(lua_State *L, int data, size_t *out_count)
{
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, data); lua_pop(L, 1)) {
        count++;
    }
    const char **names = lua_newuserdatauv(L, count * sizeof *names, 0);
    *out_count = 0;
    /* Making the object may have run a finalizer that made more of them. */
    for (lua_pushnil(L); *out_count < count && lua_next(L, data); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            names[(*out_count)++] = lua_tostring(L, -2);
        }
    }
    return names;
}

int lc_error_unknown_key(lua_State *L, const char *what, const char *kind, int key, int table)
{
    if (lua_type(L, key) != LUA_TSTRING || !lua_istable(L, table)) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "%s has no %s %s", what, kind, lc_error_describe(L, key));
    }
    size_t count;
    const char **names = push_names(L, table, &count);
    return lc_error_unknown(L, what, kind, lua_tostring(L, key), names, count);
}

static int unknown_name(lua_State *L)
{
    return lc_error_unknown_key(L, lua_tostring(L, lua_upvalueindex(1)), "field", 2, 1);
}

void lc_error_guard(lua_State *L, const char *what)
{
    lua_createtable(L, 0, 1);
    lua_pushstring(L, what);
    lua_pushcclosure(L, unknown_name, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

void *lc_error_check_self(lua_State *L, const char *class, const char *what)
{
    void *self = luaL_testudata(L, 1, class);
    if (self == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "a method of a %s was called on %s; write %s:method(), with a colon", what,
            lc_error_describe(L, 1), what);
    }
    return self;
}

static const char *describe_object(lua_State *L, int index)
{
    int type = luaL_getmetafield(L, index, "__name");
    if (type != LUA_TSTRING) {
        lua_pop(L, type == LUA_TNIL ? 0 : 1);
        return lua_pushfstring(L, "a %s", luaL_typename(L, index));
    }
    lua_pushfstring(L, "a %s", lua_tostring(L, -1));
    lua_remove(L, -2);
    return lua_tostring(L, -1);
}

const char *lc_error_describe(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING: {
        size_t len;
        const char *text = lua_tolstring(L, index, &len);
        if (len <= LONGEST_SHOWN) {
            return lua_pushfstring(L, "'%s'", text);
        }
        lua_pushlstring(L, text, LONGEST_SHOWN);
        const char *start = lua_tostring(L, -1);
        lua_pushfstring(L, "'%s...'", start);
        lua_remove(L, -2);
        return lua_tostring(L, -1);
    }
    case LUA_TNIL:
    case LUA_TNONE:
        return lua_pushstring(L, "nil");
    case LUA_TNUMBER:
    case LUA_TBOOLEAN:
        return luaL_tolstring(L, index, NULL);
    default:
        return describe_object(L, index);
    }
}

static int to_text(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Replaces the value at the top by its text, even when its __tostring raises. */
static void make_text(lua_State *L)
{
    lua_pushcfunction(L, to_text);
    lua_pushvalue(L, -2);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushfstring(L, "(an error that is a %s value)", luaL_typename(L, -1));
    }
    lua_remove(L, -2);
}

/*
 * error() puts a position in front of its text. Removes it from the string at the top and returns
 * the level of `thread` that it names, 0 when there is none.
 */
static int strip_position(lua_State *L, lua_State *thread)
{
    const char *text = lua_tostring(L, -1);
    lua_Debug ar;
    for (int level = 0; find_line(thread, &level, &ar); level++) {
        char position[LUA_IDSIZE + 24];
        int len = snprintf(position, sizeof position, "%s:%d: ", ar.short_src, ar.currentline);
        if (strncmp(text, position, (size_t)len) == 0) {
            lua_pushstring(L, text + len);
            lua_remove(L, -2);
            return level;
        }
    }
    return 0;
}

static bool is_error(lua_State *L, int index)
{
    bool is = false;
    if (lua_istable(L, index) && lua_getmetatable(L, index)) {
        luaL_getmetatable(L, NAME);
        is = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    return is;
}

void lc_error_from_thread(lua_State *L, lua_State *thread)
{
    luaL_checkstack(L, 8, NULL);
    lua_pushvalue(thread, -1);
    if (thread != L) {
        lua_xmove(thread, L, 1);
    }
    if (!is_error(L, -1)) {
        make_text(L);
        int level = strip_position(L, thread);
        make(L, LC_ERROR_USAGE);
        set_place(L, thread, level);
    } else if (lua_getfield(L, -1, "Traceback") == LUA_TNIL) {
        lua_pop(L, 1);
        set_place(L, thread, 0);
    } else {
        lua_pop(L, 1);
    }
}

/* As debug.traceback, it leaves objects as they are: they are for who knows them. */
int lc_error_traceback(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING) {
        lc_error_from_thread(L, L);
    }
    return 1;
}

/* ---- What an error object does in a script ----------------------------------------------------
 */

/* Fields of a table that a script may have changed are read raw and shown as they are. */
static void push_field(lua_State *L, int index, const char *name)
{
    luaL_checktype(L, index, LUA_TTABLE);
    index = lua_absindex(L, index);
    lua_pushstring(L, name);
    lua_rawget(L, index);
}

static int describe(lua_State *L)
{
    push_field(L, 1, "Code");
    push_field(L, 1, "Message");
    const char *code = luaL_tolstring(L, -2, NULL);
    const char *message = luaL_tolstring(L, -2, NULL);
    lua_pushfstring(L, "%s: %s", code, message);
    return 1;
}

static int concat(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

static int equal(lua_State *L)
{
    bool same = is_error(L, 1) && is_error(L, 2);
    static const char *const names[] = {"Code", "Message"};
    for (int i = 0; i < 2 && same; i++) {
        push_field(L, 1, names[i]);
        push_field(L, 2, names[i]);
        same = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    lua_pushboolean(L, same);
    return 1;
}

void lc_error_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__tostring", describe},
        {"__concat", concat},
        {"__eq", equal},
        {NULL, NULL},
    };
    if (luaL_newmetatable(L, NAME)) {
        luaL_setfuncs(L, methods, 0);
    }
    lua_pop(L, 1);
}
