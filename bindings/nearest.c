/* The nearest of a script's words; see nearest.h. */
#include "bindings/nearest.h"

#include <lauxlib.h>

#include "bindings/error.h"
#include "bindings/suggest.h"

/* The strings of the list at `index`, which live as long as it stays as it is. Pushes the object
 * that holds the array. */
static const char **push_words(lua_State *L, int index, size_t *out_count)
{
    *out_count = (size_t)lua_rawlen(L, index);
    const char **words = lua_newuserdatauv(L, *out_count * sizeof *words, 0);
    for (size_t i = 0; i < *out_count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING) {
            lc_error_raisef(L, LC_ERROR_USAGE, "nearest takes a list of strings, and has %s in it",
                lc_error_describe(L, -1));
        }
        words[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return words;
}

int lc_nearest(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TSTRING || !lua_istable(L, 2)) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "nearest takes a word and a list of words");
    }
    size_t count;
    const char **words = push_words(L, 2, &count);
    lua_pushstring(L, lc_suggest(lua_tostring(L, 1), words, count));
    return 1;
}
