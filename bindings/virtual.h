/* lunacoap.virtual: a function that runs while the time leaps. */
#ifndef LC_BINDINGS_VIRTUAL_H
#define LC_BINDINGS_VIRTUAL_H

#include <lua.h>

/* Adds the function to the table at the top. */
void lc_virtual_open(lua_State *L);

#endif
