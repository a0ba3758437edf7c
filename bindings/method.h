/* The methods of the CoAP object. */
#ifndef LC_BINDINGS_METHOD_H
#define LC_BINDINGS_METHOD_H

#include <lua.h>
#include <stddef.h>

struct lc_method_row {
    const char *name;
    lua_CFunction function;
};

extern const struct lc_method_row lc_method_rows[];
extern const size_t lc_method_count;

/* Shutdown, which closing a <close> variable does too. */
int lc_method_shut_down(lua_State *L);

#endif
