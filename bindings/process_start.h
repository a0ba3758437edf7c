/* What process.start takes. */
#ifndef LC_BINDINGS_PROCESS_START_H
#define LC_BINDINGS_PROCESS_START_H

#include <lua.h>

#include "net/child.h"

/* Seconds in which a line has to come that nobody has given a time for. */
#define LC_PROCESS_PATIENCE 10.0

struct lc_process_start {
    struct lc_child_program program;
    const char *ready; /* a pattern, or NULL */
    lua_Number within; /* seconds, not checked yet */
};

/* Reads the table at `index`, or raises. What `wanted` points to stays on the stack. */
void lc_process_start_read(lua_State *L, int index, struct lc_process_start *wanted);

#endif
