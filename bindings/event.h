/* Event objects: what a handler gets as its second argument. They stay readable for ever. */
#ifndef LC_BINDINGS_EVENT_H
#define LC_BINDINGS_EVENT_H

#include <lua.h>

#include "component/event.h"

struct lc_state;

struct lc_event_object {
    struct lc_event event; /* looks into `room` */
    struct lc_state *state;
    int code_page; /* for the plain string fields */
    bool open;     /* the handler has not ended: var fields may be assigned */
    uint8_t room[];
};

/* Pushes a copy of an event. May raise a memory error. */
struct lc_event_object *lc_event_push(
    lua_State *L, struct lc_state *state, const struct lc_event *event, int code_page);

/* Makes the metatable. */
void lc_event_open(lua_State *L, struct lc_state *state);

#endif
