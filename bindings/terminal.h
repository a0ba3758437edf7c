/* lunacoap.isatty(file): whether a file of Lua is a terminal, and how wide. */
#ifndef LC_BINDINGS_TERMINAL_H
#define LC_BINDINGS_TERMINAL_H

#include <lua.h>

int lc_terminal_isatty(lua_State *L);

#endif
