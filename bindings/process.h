/* The table lunacoap.process: programs that a script starts, whose output it awaits. */
#ifndef LC_BINDINGS_PROCESS_H
#define LC_BINDINGS_PROCESS_H

#include <lua.h>

/* Makes the metatable; called once when a state is opened. */
void lc_process_register(lua_State *L);

/* Sets the field `process` of the table at the top of the stack. */
void lc_process_open(lua_State *L);

#endif
