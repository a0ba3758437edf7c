/* Names by address; see names.h. */
#include "bindings/names.h"

#include <lauxlib.h>

unsigned lc_names_add(lua_State *L, struct lc_names *names, const char *name)
{
    if (names->count == LC_NAMES_MAX) {
        luaL_error(L, "too many names");
    }
    const char *key = lua_pushstring(L, name);
    luaL_ref(L, LUA_REGISTRYINDEX);
    size_t i = ((uintptr_t)key >> 4) * 0x9e3779b1u >> 8;
    while (names->keys[i % LC_NAMES_SIZE] != NULL) {
        i++;
    }
    names->keys[i % LC_NAMES_SIZE] = key;
    names->ids[i % LC_NAMES_SIZE] = (uint8_t)names->count;
    names->list[names->count] = name;
    return names->count++;
}
