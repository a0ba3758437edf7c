/* lunacoap.limit: a function that is given a time, on the clock of the world: whatever it does
 * then, waiting or computing, an error is raised there. One is raised in another task too that
 * computes for a second more, since all waits for it. */
#ifndef LC_BINDINGS_LIMIT_H
#define LC_BINDINGS_LIMIT_H

#include <lua.h>
#include <stdbool.h>

struct lc_limit;
struct lc_state;
struct lc_task;

/* Adds the function to the table at the top. */
void lc_limit_open(lua_State *L);

/* Whether the time of what the task does in L is over. NULL: no task. */
bool lc_limit_is_over(const lua_State *L, const struct lc_task *task);

/* Raises if it is. */
void lc_limit_check(lua_State *L, const struct lc_task *task);

/* The task has ended: it has no limits any more. */
void lc_limit_end_all(struct lc_task *task);

/* Between turns of the loop: resumes tasks that wait though their time is over. */
void lc_limit_resume(void);

#endif
