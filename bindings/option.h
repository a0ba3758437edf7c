/* CoAPOption objects and the collections RequestOptions and ResponseOptions. */
#ifndef LC_BINDINGS_OPTION_H
#define LC_BINDINGS_OPTION_H

#include <lua.h>

#include "component/content.h"

void lc_option_open(lua_State *L);

/* lunacoap.CoAPOption([number, value]). */
int lc_option_new(lua_State *L);

/*
 * Pushes a collection that is live: it shows and changes the options of `content`, of which it
 * takes a reference. #list, list[i], ipairs, list.Count, list:Add(o), list:RemoveAt(i),
 * list:Clear().
 */
void lc_option_push_list(lua_State *L, struct lc_content *content);

/*
 * Reads the table or collection at `index`, which may run a script's metamethods; raises when an
 * item is wrong. Pushes an object that keeps the result alive.
 */
const struct lc_option_list *lc_option_take_list(lua_State *L, int index);

#endif
