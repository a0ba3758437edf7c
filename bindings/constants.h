/*
 * The constant tables of the module: StoreType, ValueType, Method, MethodName, Code, CodeName,
 * ContentFormat, ContentFormatName, OptionNumber, OptionName.
 */
#ifndef LC_BINDINGS_CONSTANTS_H
#define LC_BINDINGS_CONSTANTS_H

#include <lua.h>

/*
 * Sets them as fields of the table at the top of the stack. They raise on writing and on unknown
 * names; those from numbers and codes to names give nil for what the registries do not know.
 */
void lc_constants_open(lua_State *L);

#endif
