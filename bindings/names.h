/*
 * Names to small numbers, by the address of the interned string: Lua keeps one copy of every short
 * string, so that a property access costs one probe and no comparison of characters.
 */
#ifndef LC_BINDINGS_NAMES_H
#define LC_BINDINGS_NAMES_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum { LC_NAMES_SIZE = 256, LC_NAMES_MAX = 160 };

struct lc_names {
    const char *keys[LC_NAMES_SIZE];
    uint8_t ids[LC_NAMES_SIZE];
    const char *list[LC_NAMES_MAX]; /* by id, for suggestions */
    unsigned count;
};

/* Adds a name (at most 40 bytes) and returns its id: 0, 1, 2, ... It is kept from collection. May
 * raise. */
unsigned lc_names_add(lua_State *L, struct lc_names *names, const char *name);

/* The id of the string at `index`; -1 when it is none of the names, or no string. */
static inline int lc_names_find(lua_State *L, const struct lc_names *names, int index)
{
    const char *key = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
    size_t i = ((uintptr_t)key >> 4) * 0x9e3779b1u >> 8;
    for (; key != NULL && names->keys[i % LC_NAMES_SIZE] != NULL; i++) {
        if (names->keys[i % LC_NAMES_SIZE] == key) {
            return names->ids[i % LC_NAMES_SIZE];
        }
    }
    return -1;
}

#endif
