/* Bytes that belong to a Lua object while they grow, so that an error leaks nothing. */
#ifndef LC_BINDINGS_BUFFER_H
#define LC_BINDINGS_BUFFER_H

#include <lua.h>

#include "base/buf.h"

/* Makes the metatable; called once when a state is opened. */
void lc_buffer_open(lua_State *L);

/* Pushes an object with so many empty buffers; freed with it at the latest. */
struct lc_buf *lc_buffer_push(lua_State *L, size_t count);

/* Raises that memory ran out when an operation was not done. */
void lc_buffer_check(lua_State *L, bool done);

#endif
