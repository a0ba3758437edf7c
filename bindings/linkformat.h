/* lunacoap.linkformat: CoRE Link Format (RFC 6690) for scripts. */
#ifndef LC_BINDINGS_LINKFORMAT_H
#define LC_BINDINGS_LINKFORMAT_H

#include <lua.h>

/* Sets `linkformat` (parse, format, filter) as a field of the table at the top of the stack. */
void lc_linkformat_open(lua_State *L);

#endif
