/* lunacoap.spawn: functions of scripts that run as tasks of their own. */
#ifndef LC_BINDINGS_SPAWN_H
#define LC_BINDINGS_SPAWN_H

#include "bindings/task.h"

/* Begins a task for the function and its arguments at the top of L's stack, which are popped.
 * Raises without memory. */
struct lc_task *lc_spawn_function(
    lua_State *L, struct lc_state *state, int args, void (*ended)(struct lc_task *, bool));

/* How most of them end: what they raise is told on standard error, and in the exit status. */
void lc_spawn_ended(struct lc_task *task, bool returned);

/* spawn(f, ...) -> task */
int lc_spawn(lua_State *L);

void lc_spawn_register(lua_State *L);

#endif
