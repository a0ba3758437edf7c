/*
 * Calling Lua from an upcall of C: an error must not jump over the code under test, so the first
 * one is kept and raised when that has returned.
 */
#ifndef LC_SPEC_PROBE_UPCALL_H
#define LC_SPEC_PROBE_UPCALL_H

#include <lua.h>
#include <stdbool.h>

/* Calls what is on the stack, as lua_call() does; after an error there are nils in place of the
 * results. */
void lc_upcall(lua_State *L, int args, int results);

/* Raises the error that was kept, if there is one. */
void lc_upcall_raise(lua_State *L);

/* Pushes the function `name` of the table with the reference `functions`; false, and nothing
 * pushed, when there is none. */
bool lc_upcall_push(lua_State *L, int functions, const char *name);

#endif
