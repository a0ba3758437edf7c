/* The loop functions of the module: run, stop, spawn, sleep, timer, now, signal. */
#ifndef LC_BINDINGS_LOOP_H
#define LC_BINDINGS_LOOP_H

#include <lua.h>

#include "base/timers.h"

/* Sets them as fields of the table at the top of the stack. */
void lc_loop_open(lua_State *L);

/* The seconds at `index` that the function `what` takes, as a time; raises for what are none, and
 * says what else would be right: " or nil", or "". */
lc_time lc_loop_check_seconds(lua_State *L, int index, const char *what, const char *or_else);

/* lunacoap.spawn(f, ...). */
int lc_loop_spawn(lua_State *L);

#endif
