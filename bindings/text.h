/* Strings between Lua and bytes: as they are, or through the CodePage setting. */
#ifndef LC_BINDINGS_TEXT_H
#define LC_BINDINGS_TEXT_H

#include <lua.h>

#include "base/bytes.h"

struct lc_state;

/* The bytes of the string at `index`: a view, as long as the string stays where it is. */
static inline struct lc_bytes lc_text_bytes(lua_State *L, int index)
{
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    return lc_bytes(text, len);
}

/* Pushes bytes as text of the script; raises 434 when they are none of the page. Returns 1. */
int lc_text_push(lua_State *L, struct lc_state *state, int code_page, struct lc_bytes bytes);

/* The string at `index` in the code page: a view that stays valid until the next conversion. Raises
 * 434. */
struct lc_bytes lc_text_check(lua_State *L, struct lc_state *state, int code_page, int index);

#endif
