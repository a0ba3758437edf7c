/* lunacoap.nearest(word, words): "did you mean" for scripts; see suggest.h. */
#ifndef LC_BINDINGS_NEAREST_H
#define LC_BINDINGS_NEAREST_H

#include <lua.h>

int lc_nearest(lua_State *L);

#endif
