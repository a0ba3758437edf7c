/* What CoAPOption objects (option.c) and their collections (option_list.c) know of each other. */
#ifndef LC_BINDINGS_OPTION_ITEM_H
#define LC_BINDINGS_OPTION_ITEM_H

#include <lua.h>

#include "component/content.h"

/* Makes the metatables of the collections. */
void lc_option_list_open(lua_State *L);

/* The options of a content; raises when there is no memory. */
struct lc_option_list *lc_option_items(lua_State *L, struct lc_content *content);

/* Pushes the option at a place (from 0), live. */
void lc_option_item_push(lua_State *L, struct lc_content *content, size_t index);

/*
 * Reads an option from the CoAPOption or table at `index` and checks that it could be sent; raises
 * when it could not. Pushes an object that keeps the result alive, which is a view.
 */
const struct lc_option_item *lc_option_item_take(lua_State *L, int index);

/* Pushes "Uri-Path: temp". */
void lc_option_item_describe(lua_State *L, const struct lc_option_item *item);

#endif
