/* The constant tables of the module: StoreType, ValueType, Method, Code, CodeName, ContentFormat,
 * ... */
#ifndef LC_BINDINGS_CONSTANTS_H
#define LC_BINDINGS_CONSTANTS_H

#include <lua.h>

/* Sets them as fields of the table at the top of the stack. They raise on unknown names and on
 * writing. */
void lc_constants_open(lua_State *L);

#endif
