/* Properties, settings and handlers of a component as one table: the constructor's argument, and
 * the methods Configure and Configuration. */
#ifndef LC_BINDINGS_CONFIGURE_H
#define LC_BINDINGS_CONFIGURE_H

#include <lua.h>

struct lc_component;

/*
 * Sets what is in the table at index `table`; the component's object is at index 1. Settings come
 * first, since CodePage tells how text is taken, and Listening last. Raises for the first entry
 * that is wrong; those before it stay set.
 */
void lc_configure(lua_State *L, struct lc_component *component, int table);

/* Pushes a table of all that lc_configure() could set, but for messages and Listening. */
void lc_configuration_push(lua_State *L, struct lc_component *component);

#endif
