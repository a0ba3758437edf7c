/* Guards: objects that end something when a script's function is over, however that ends. */
#ifndef LC_BINDINGS_GUARD_H
#define LC_BINDINGS_GUARD_H

#include <lua.h>

/* Makes the metatable of a class of guards. `close` may be called more than once. */
void lc_guard_register(lua_State *L, const char *class, lua_CFunction close);

/* From now on the guard at index 1 is closed when the C function is left, by an error or by the end
 * of its task too; so that what it ends may begin. */
void lc_guard_enter(lua_State *L);

/* Calls the function at index 2, which may suspend the task, with what stands above it; closes the
 * guard, and returns the results as a C function does. */
int lc_guard_call(lua_State *L);

#endif
