/* The table lunacoap.json: JSON (RFC 8259) to and from Lua values, by jansson. */
#ifndef LC_BINDINGS_JSON_H
#define LC_BINDINGS_JSON_H

#include <lua.h>

/* Makes the metatable; called once when a state is opened. */
void lc_json_register(lua_State *L);

/* Sets the field `json` of the table at the top of the stack. */
void lc_json_open(lua_State *L);

#endif
