/* lunacoap.timer: functions of scripts that are called later, and again and again. */
#ifndef LC_BINDINGS_TIMER_H
#define LC_BINDINGS_TIMER_H

#include <lua.h>

/* timer(after, repeat_every, f) -> timer */
int lc_timer_object_new(lua_State *L);

void lc_timer_object_register(lua_State *L);

#endif
