/* lunacoap.etag(bytes): a tag for a representation. */
#ifndef LC_BINDINGS_ETAG_H
#define LC_BINDINGS_ETAG_H

#include <lua.h>

int lc_etag(lua_State *L);

#endif
