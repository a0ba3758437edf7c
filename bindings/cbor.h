/*
 * lunacoap.cbor: CBOR (RFC 8949) for scripts: encode(value) -> bytes; decode(bytes) -> value | nil,
 * message; diagnose(bytes[, indent]) -> text | nil, message; and what Lua has no type for:
 * cbor_value.h.
 */
#ifndef LC_BINDINGS_CBOR_H
#define LC_BINDINGS_CBOR_H

#include <lua.h>

/* Sets `cbor` as a field of the table at the top of the stack. */
void lc_cbor_open(lua_State *L);

#endif
