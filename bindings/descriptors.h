/* lunacoap.descriptors([wanted]): how many files the process may have open. */
#ifndef LC_BINDINGS_DESCRIPTORS_H
#define LC_BINDINGS_DESCRIPTORS_H

#include <lua.h>

int lc_descriptors(lua_State *L);

#endif
