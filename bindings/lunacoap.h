/* The module `lunacoap`. */
#ifndef LC_BINDINGS_LUNACOAP_H
#define LC_BINDINGS_LUNACOAP_H

#include <lua.h>

/* For require, and for the program. Opening it twice in a state gives the same runtime. */
__attribute__((visibility("default"))) int luaopen_lunacoap(lua_State *L);

#endif
