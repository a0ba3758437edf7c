/* The properties of a CoAP object, as rows of the table of settings have them. */
#ifndef LC_BINDINGS_PROPERTY_H
#define LC_BINDINGS_PROPERTY_H

#include <lua.h>

#include "component/component.h"

/* Pushes the value that a property has for the task that runs now; returns 1. May raise a memory
 * error. */
int lc_property_push(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row);

/* Assigns the value at index `value`, or raises what is wrong with it; returns 0. */
int lc_property_assign(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value);

/* Raises what a property or setting takes, and that the value at index `value` is none. */
int lc_property_raise_type(lua_State *L, const struct lc_setting_row *row, int value);

#endif
