/*
 * What CBOR has and Lua lacks, as Lua values: byte strings, tagged values and simple values are
 * objects that never change. Arrays and maps are tables; a mark (a metatable) keeps those apart
 * that look alike: an empty one, and a map whose keys are 1, 2, 3 ...
 */
#ifndef LC_BINDINGS_CBOR_VALUE_H
#define LC_BINDINGS_CBOR_VALUE_H

#include <lua.h>

#include "base/bytes.h"

/* Makes the metatables; called once when a state is opened. */
void lc_cbor_value_register(lua_State *L);

/* Sets bytes(s), tagged(tag, value), simple(n), array([t]), map([t]), type(value), null and
 * undefined as fields of the table at the top of the stack. */
void lc_cbor_value_open(lua_State *L);

/* Replaces the string at the top by the byte string that holds it. There is one object for each
 * content, so that byte strings are equal when they should be, also as keys. */
void lc_cbor_to_bytes(lua_State *L);

/* Replaces the value at the top by that value with a tag. */
void lc_cbor_to_tagged(lua_State *L, uint64_t tag);

/* Pushes a simple value: false, true, null, or the one object that stands for the number. */
void lc_cbor_push_simple(lua_State *L, uint8_t number);

enum lc_cbor_object {
    LC_CBOR_NO_OBJECT,
    LC_CBOR_BYTE_STRING,
    LC_CBOR_TAGGED,
    LC_CBOR_SIMPLE_OBJECT
};

/* Which kind of object the value at `index` is, and its tag or number. Pushes its content: the
 * string of a byte string, the value that has a tag; nothing for the others. */
enum lc_cbor_object lc_cbor_push_content(lua_State *L, int index, uint64_t *out_number);

enum lc_cbor_mark { LC_CBOR_UNMARKED, LC_CBOR_MARKED_ARRAY, LC_CBOR_MARKED_MAP };

/* Marks the table at the top; the mark of the table at `index`. */
void lc_cbor_set_mark(lua_State *L, enum lc_cbor_mark mark);
enum lc_cbor_mark lc_cbor_get_mark(lua_State *L, int index);

#endif
