/* lunacoap.endpoint: a raw UDP endpoint, which sends and receives datagrams as they are. */
#ifndef LC_BINDINGS_ENDPOINT_H
#define LC_BINDINGS_ENDPOINT_H

#include <lua.h>

/* Makes the metatable; called once when a state is opened. */
void lc_endpoint_register(lua_State *L);

/* endpoint([init]). */
int lc_endpoint_new(lua_State *L);

#endif
