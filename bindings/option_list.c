/* The collections RequestOptions and ResponseOptions; see option.h. */
#include "bindings/option_item.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/option.h"

#define NAME "lunacoap.CoAPOptionList"
#define COPY_NAME "lunacoap.CoAPOptionCopy"

enum field { ADD, CLEAR, COUNT, REMOVE_AT };

static const char *const field_names[] = {"Add", "Clear", "Count", "RemoveAt"};
static const struct lc_fields fields = {
    "CoAPOptionList", field_names, sizeof field_names / sizeof field_names[0]};

static struct lc_content *check_content(lua_State *L, int index)
{
    struct lc_content **list = luaL_checkudata(L, index, NAME);
    if (*list == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE, "this option list has been collected");
    }
    return *list;
}

struct lc_option_list *lc_option_items(lua_State *L, struct lc_content *content)
{
    struct lc_option_list *list = lc_content_options(content);
    if (list == NULL) {
        struct lc_error error;
        lc_fail_memory(&error);
        lc_error_raise(L, &error);
    }
    return list;
}

void lc_option_push_list(lua_State *L, struct lc_content *content)
{
    struct lc_content **list = lua_newuserdatauv(L, sizeof *list, 0);
    *list = NULL;
    luaL_setmetatable(L, NAME);
    content->refs++;
    *list = content;
}

static void check_memory(lua_State *L, bool done)
{
    if (!done) {
        struct lc_error error;
        lc_fail_memory(&error);
        lc_error_raise(L, &error);
    }
}

/* ---- Assigning a whole list --------------------------------------------------------------------
 */

/* Pushes an empty list that is freed with the object. Filled at leisure, it makes the assignment
 * all or nothing. */
static struct lc_option_list *push_copy(lua_State *L)
{
    struct lc_option_list *copy = lua_newuserdatauv(L, sizeof *copy, 0);
    memset(copy, 0, sizeof *copy);
    luaL_setmetatable(L, COPY_NAME);
    return copy;
}

static int collect_copy(lua_State *L)
{
    lc_option_list_free(luaL_checkudata(L, 1, COPY_NAME));
    return 0;
}

/* {Number = 11, ...} in place of {{Number = 11, ...}} must not pass for an empty list. */
static void check_keys(lua_State *L, int table, lua_Integer count)
{
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        lua_Integer place = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (place < 1 || place > count) {
            lc_error_raisef(L, LC_ERROR_USAGE,
                "a list of options is written {{Number = 11, Value = \"temp\"}, ...}, without a "
                "key %s",
                lc_error_describe(L, -1));
        }
    }
}

static void copy_table(lua_State *L, int table, struct lc_option_list *copy)
{
    lua_Integer count = luaL_len(L, table);
    if (!lua_getmetatable(L, table)) {
        check_keys(L, table, count);
    } else {
        lua_pop(L, 1);
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, table, i);
        check_memory(L, lc_option_list_add(copy, lc_option_item_take(L, -1)));
        lua_pop(L, 2);
    }
}

const struct lc_option_list *lc_option_take_list(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 16, NULL);
    struct lc_option_list *copy = push_copy(L);
    if (luaL_testudata(L, index, NAME) != NULL) {
        const struct lc_option_list *from = lc_option_items(L, check_content(L, index));
        for (size_t i = 0; i < from->count; i++) {
            check_memory(L, lc_option_list_add(copy, &from->items[i]));
        }
    } else if (lua_istable(L, index)) {
        copy_table(L, index, copy);
    } else {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "a list of options is a table of CoAPOption or {Number = 11, Value = \"temp\"}, not %s",
            lc_error_describe(L, index));
    }
    return copy;
}

/* ---- Methods -----------------------------------------------------------------------------------
 */

/* The item is copied before the list is looked at: it may be one of the list's own, which adding
 * moves. */
static void add(lua_State *L, int index, struct lc_content *content)
{
    struct lc_option_list *copy = push_copy(L);
    check_memory(L, lc_option_list_add(copy, lc_option_item_take(L, index)));
    struct lc_option_list *list = lc_option_items(L, content);
    check_memory(L, lc_option_list_add(list, &copy->items[0]));
    content->set |= LC_HAS_OPTIONS;
    lc_option_list_free(copy);
    lua_pop(L, 2);
}

static int method_add(lua_State *L)
{
    struct lc_content *content = check_content(L, 1);
    lua_settop(L, 2);
    add(L, 2, content);
    lua_pushinteger(L, (lua_Integer)content->options.count);
    return 1;
}

/* The place (from 0) that the argument at `index` names; `spare` is 1 when the one behind the last
 * will do, else 0. */
static size_t check_place(lua_State *L, int index, size_t count, size_t spare)
{
    int is_integer;
    lua_Integer place = lua_tointegerx(L, index, &is_integer);
    if (lua_type(L, index) != LUA_TNUMBER || !is_integer || place < 1 ||
        (lua_Unsigned)place > count + spare) {
        lc_error_raisef(L, LC_ERROR_USAGE, "the option list has no place %s: it holds %zu option%s",
            lc_error_describe(L, index), count, count == 1 ? "" : "s");
    }
    return (size_t)place - 1;
}

static int method_remove_at(lua_State *L)
{
    struct lc_content *content = check_content(L, 1);
    struct lc_option_list *list = lc_option_items(L, content);
    lc_option_list_remove(list, check_place(L, 2, list->count, 0));
    content->set |= LC_HAS_OPTIONS;
    return 0;
}

static int method_clear(lua_State *L)
{
    struct lc_content *content = check_content(L, 1);
    lc_option_list_clear(lc_option_items(L, content));
    content->set |= LC_HAS_OPTIONS;
    return 0;
}

/* ---- The object --------------------------------------------------------------------------------
 */

static int index_list(lua_State *L)
{
    struct lc_content *content = check_content(L, 1);
    int is_integer = lua_type(L, 2) == LUA_TNUMBER;
    lua_Integer place = is_integer ? lua_tointegerx(L, 2, &is_integer) : 0;
    if (is_integer) {
        struct lc_option_list *list = lc_option_items(L, content);
        if (place >= 1 && (lua_Unsigned)place <= list->count) {
            lc_option_item_push(L, content, (size_t)place - 1);
        } else {
            lua_pushnil(L);
        }
        return 1;
    }
    switch (lc_fields_find(L, &fields, 2)) {
    case ADD:
        lua_pushcfunction(L, method_add);
        break;
    case CLEAR:
        lua_pushcfunction(L, method_clear);
        break;
    case REMOVE_AT:
        lua_pushcfunction(L, method_remove_at);
        break;
    default:
        lua_pushinteger(L, (lua_Integer)lc_option_items(L, content)->count);
    }
    return 1;
}

static int assign_item(lua_State *L)
{
    struct lc_content *content = check_content(L, 1);
    if (lua_type(L, 2) != LUA_TNUMBER) {
        return lc_fields_read_only(L, &fields, lc_fields_find(L, &fields, 2));
    }
    if (lua_isnil(L, 3)) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "an option list has no gaps: take an item out with RemoveAt");
    }
    size_t count = lc_option_items(L, content)->count;
    size_t place = check_place(L, 2, count, 1);
    if (place == count) {
        add(L, 3, content);
        return 0;
    }
    const struct lc_option_item *item = lc_option_item_take(L, 3);
    /* Taking it may have run a script's __gc or __index. */
    struct lc_option_list *list = lc_option_items(L, content);
    if (place >= list->count) {
        return (int)check_place(L, 2, list->count, 0);
    }
    if (item != &list->items[place]) {
        check_memory(L, lc_option_item_copy(&list->items[place], item));
    }
    content->set |= LC_HAS_OPTIONS;
    return 0;
}

static int count_items(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lc_option_items(L, check_content(L, 1))->count);
    return 1;
}

static int next_item(lua_State *L)
{
    lua_Integer place = luaL_checkinteger(L, 2) + 1;
    lua_pushinteger(L, place);
    return lua_geti(L, 1, place) == LUA_TNIL ? 1 : 2;
}

/* pairs(list) goes over the items, as ipairs does. */
static int pairs(lua_State *L)
{
    check_content(L, 1);
    lua_pushcfunction(L, next_item);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int describe(lua_State *L)
{
    const struct lc_option_list *list = lc_option_items(L, check_content(L, 1));
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addchar(&text, '{');
    for (size_t i = 0; i < list->count; i++) {
        luaL_addstring(&text, i == 0 ? "" : ", ");
        lc_option_item_describe(L, &list->items[i]);
        luaL_addvalue(&text);
    }
    luaL_addchar(&text, '}');
    luaL_pushresult(&text);
    return 1;
}

static int equal(lua_State *L)
{
    struct lc_content **a = luaL_testudata(L, 1, NAME), **b = luaL_testudata(L, 2, NAME);
    lua_pushboolean(L, a != NULL && b != NULL && *a == *b);
    return 1;
}

static int collect(lua_State *L)
{
    struct lc_content **list = luaL_checkudata(L, 1, NAME);
    lc_content_release(*list);
    *list = NULL;
    return 0;
}

void lc_option_list_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__len", count_items},
        {"__pairs", pairs},
        {"__tostring", describe},
        {"__eq", equal},
        {"__gc", collect},
        {NULL, NULL},
    };
    if (luaL_newmetatable(L, COPY_NAME)) {
        lua_pushcfunction(L, collect_copy);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    if (luaL_newmetatable(L, NAME)) {
        luaL_setfuncs(L, methods, 0);
        lc_fields_push_function(L, &fields, index_list);
        lua_setfield(L, -2, "__index");
        lc_fields_push_function(L, &fields, assign_item);
        lua_setfield(L, -2, "__newindex");
    }
    lua_pop(L, 1);
}
