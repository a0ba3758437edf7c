/* Certificate objects. Without DTLS there are only empty ones. */
#ifndef LC_BINDINGS_CERTIFICATE_H
#define LC_BINDINGS_CERTIFICATE_H

#include <lua.h>

void lc_certificate_open(lua_State *L);

/* lunacoap.Certificate(...): the reference's four constructors, told apart by their arguments. */
int lc_certificate_new(lua_State *L);

/* Pushes an empty one. */
void lc_certificate_push_empty(lua_State *L);

#endif
