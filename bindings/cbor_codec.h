/* The two directions of lunacoap.cbor, as Lua functions and for each other. */
#ifndef LC_BINDINGS_CBOR_CODEC_H
#define LC_BINDINGS_CBOR_CODEC_H

#include <lua.h>

#include "wire/cbor.h"

/* encode(value) -> bytes; decode(bytes) -> value | nil, message */
int lc_cbor_encode(lua_State *L);
int lc_cbor_decode(lua_State *L);

/* The string that a function was called with, as a reader's input; raises for anything else. */
struct lc_cbor_reader lc_cbor_check_reader(lua_State *L, const char *function);

/* Pushes nil and where the input is malformed. Returns 2. */
int lc_cbor_push_fault(lua_State *L, const struct lc_cbor_reader *reader);

#endif
