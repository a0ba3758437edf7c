/* lunacoap.statistics(): what all components have counted. */
#ifndef LC_BINDINGS_TOTALS_H
#define LC_BINDINGS_TOTALS_H

#include <lua.h>

int lc_statistics(lua_State *L);

#endif
