/* CoAPRequest objects and the read-only collection PendingRequests. */
#ifndef LC_BINDINGS_PENDING_H
#define LC_BINDINGS_PENDING_H

#include <lua.h>

#include "component/component.h"

void lc_pending_open(lua_State *L);

/* Pushes a snapshot of the component's pending requests: #list, list[i], ipairs, list.Count. */
void lc_pending_push(lua_State *L, struct lc_component *component);

#endif
