/* The loop functions of the module: run, stop, sleep, now, signal; and spawn and timer, which have
 * files of their own. */
#ifndef LC_BINDINGS_LOOP_H
#define LC_BINDINGS_LOOP_H

#include <lua.h>

#include "base/timers.h"

struct lc_state;

/* Sets them as fields of the table at the top of the stack. */
void lc_loop_open(lua_State *L);

/* The seconds at `index` that the function `what` takes, as a time; raises for what are none, and
 * says what else would be right: " or nil", or "". */
lc_time lc_loop_check_seconds(lua_State *L, int index, const char *what, const char *or_else);

/* Raises unless there is a function at `index`. */
void lc_loop_check_function(lua_State *L, int index, const char *what);

/* The moment now: the loop's clock stands still while a script computes. */
lc_time lc_loop_now(struct lc_state *state);

#endif
