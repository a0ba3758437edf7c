/* Modules of scripts/lunacoap that are fields of the module `lunacoap`: lunacoap.server is
 * require "lunacoap.server", loaded when a script first asks for it. */
#ifndef LC_BINDINGS_MODULES_H
#define LC_BINDINGS_MODULES_H

#include <lua.h>

/* Guards the module at the top of the stack as lc_error_guard does, and gives it these fields. */
void lc_modules_open(lua_State *L);

#endif
