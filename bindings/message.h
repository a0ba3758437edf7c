/* The table lunacoap.message: CoAP messages to and from bytes, illegal ones on purpose too. */
#ifndef LC_BINDINGS_MESSAGE_H
#define LC_BINDINGS_MESSAGE_H

#include <lua.h>

/* Pushes the bytes of the message that the table at `index` describes. Raises when it describes
 * none. */
void lc_message_push(lua_State *L, int index);

/* message.encode(fields). */
int lc_message_encode(lua_State *L);

/* The names of the types, by number. */
extern const char *const lc_message_types[4];

/* Sets the field `message` of the table at the top of the stack. */
void lc_message_open(lua_State *L);

#endif
