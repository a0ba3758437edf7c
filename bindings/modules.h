/* Modules of scripts/lunacoap that are fields of the module `lunacoap`: lunacoap.server is
 * require "lunacoap.server", loaded when a script first asks for it. */
#ifndef LC_BINDINGS_MODULES_H
#define LC_BINDINGS_MODULES_H

#include <lua.h>

/* Gives them to the module at the top of the stack, which raises for other names that it lacks. */
void lc_modules_open(lua_State *L);

#endif
