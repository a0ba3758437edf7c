/* The table lunacoap.capture: the datagrams of the process, in memory and in pcapng files. */
#ifndef LC_BINDINGS_CAPTURE_H
#define LC_BINDINGS_CAPTURE_H

#include <lua.h>

/* Sets the field `capture` of the table at the top of the stack. */
void lc_capture_library_open(lua_State *L);

#endif
