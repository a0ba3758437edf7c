/*
 * lunacoap.linkformat: CoRE Link Format (RFC 6690) for scripts. A link is a table with the field
 * `target` and one field for each parameter: a string, true for a parameter without a value, or a
 * list when it is repeated.
 */
#ifndef LC_BINDINGS_LINKFORMAT_H
#define LC_BINDINGS_LINKFORMAT_H

#include <lua.h>

/*
 * Sets `linkformat` as a field of the table at the top of the stack:
 * parse(text) -> list of links | nil, message; format(list) -> text;
 * filter(text, "rt=temp*") -> text | nil, message.
 */
void lc_linkformat_open(lua_State *L);

#endif
