/* The loop functions of the module: run, stop, spawn, sleep, timer, now, signal. */
#ifndef LC_BINDINGS_LOOP_H
#define LC_BINDINGS_LOOP_H

#include <lua.h>

/* Sets them as fields of the table at the top of the stack. */
void lc_loop_open(lua_State *L);

/* lunacoap.spawn(f, ...). */
int lc_loop_spawn(lua_State *L);

#endif
