/* The way through a Lua value; see walk.h. */
#include "bindings/walk.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdint.h>

#include "bindings/cbor_value.h"
#include "bindings/error.h"

/* Longer names are shown as strings, which are cut. */
enum { STEPS_SHOWN = 12, LONGEST_NAME = 32, STACK_OF_LEVEL = 12 };

static bool is_name(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TSTRING || lua_rawlen(L, index) > LONGEST_NAME) {
        return false;
    }
    const char *text = lua_tostring(L, index);
    size_t i = 0;
    while (isalpha((uint8_t)text[i]) || text[i] == '_' || (i > 0 && isdigit((uint8_t)text[i]))) {
        i++;
    }
    return i > 0 && i == lua_rawlen(L, index);
}

static void push_step(lua_State *L, const struct lc_step *step)
{
    if (step->key != 0 && is_name(L, step->key)) {
        lua_pushfstring(L, ".%s", lua_tostring(L, step->key));
    } else if (step->key != 0) {
        lua_pushfstring(L, "[%s]", lc_error_describe(L, step->key));
        lua_remove(L, -2);
    } else if (step->place != 0) {
        lua_pushfstring(L, "[%I]", step->place);
    } else {
        lua_pushliteral(L, ".value");
    }
}

void lc_walk_refuse(struct lc_walk *walk, const char *why)
{
    lua_State *L = walk->L;
    luaL_checkstack(L, STACK_OF_LEVEL, "a value");
    lua_pushfstring(L, "%s: value", walk->function);
    for (int i = 0; i < walk->depth && i < STEPS_SHOWN; i++) {
        push_step(L, &walk->steps[i]);
        lua_concat(L, 2);
    }
    lua_pushfstring(L, "%s: %s", walk->depth > STEPS_SHOWN ? "..." : "", why);
    lua_concat(L, 2);
    lc_error_push(L, LC_ERROR_USAGE, lua_tostring(L, -1));
    lua_error(L);
}

void lc_walk_refuse_type(struct lc_walk *walk, const char *what, int index)
{
    const char *value = lc_error_describe(walk->L, index);
    lc_walk_refuse(walk, lua_pushfstring(walk->L, "%s has nothing for %s", what, value));
}

void lc_walk_enter(struct lc_walk *walk, struct lc_step step)
{
    luaL_checkstack(walk->L, STACK_OF_LEVEL, "a value");
    if (walk->depth == LC_WALK_DEPTH) {
        lc_walk_refuse(walk, "nested more than 128 deep; does a table hold itself?");
    }
    walk->steps[walk->depth++] = step;
}

void lc_walk_leave(struct lc_walk *walk)
{
    walk->depth--;
}

/* -1: there are other keys than 1, 2, 3 ... */
static lua_Integer count_items(lua_State *L, int table)
{
    lua_Unsigned len = lua_rawlen(L, table), count = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2) || (lua_Unsigned)lua_tointeger(L, -2) - 1 >= len) {
            lua_pop(L, 2);
            return -1;
        }
        count++;
    }
    return count == len ? (lua_Integer)len : -1;
}

lua_Integer lc_walk_items(struct lc_walk *walk, int index)
{
    enum lc_cbor_mark mark = lc_cbor_get_mark(walk->L, index);
    lua_Integer count = mark == LC_CBOR_MARKED_MAP ? -1 : count_items(walk->L, index);
    if (mark == LC_CBOR_MARKED_ARRAY && count < 0) {
        lc_walk_refuse(walk, "an array has the keys 1, 2, 3 ... without gaps, and no others");
    }
    return count > 0 || mark == LC_CBOR_MARKED_ARRAY ? count : -1;
}
