/* A component's configuration as a table; see configure.h. */
#include "bindings/configure.h"

#include <lauxlib.h>
#include <string.h>

#include "bindings/component.h"
#include "bindings/error.h"
#include "bindings/property.h"
#include "bindings/text.h"
#include "component/component.h"
#include "component/event.h"

/* ---- Setting ---- */

static const struct lc_setting_row *find_row(lua_State *L, int name, unsigned flags)
{
    size_t len;
    const char *text = lua_type(L, name) == LUA_TSTRING ? lua_tolstring(L, name, &len) : NULL;
    return text == NULL ? NULL : lc_setting_find(text, len, flags);
}

static bool is_handler(lua_State *L, int name)
{
    for (size_t i = 0; i < LC_EVENT_COUNT; i++) {
        if (lua_type(L, name) == LUA_TSTRING &&
            strcmp(lua_tostring(L, name), lc_event_rows[i].handler) == 0) {
            return true;
        }
    }
    return false;
}

static int unknown_entry(lua_State *L, int name)
{
    const char *names[LC_SETTING_COUNT + LC_EVENT_COUNT];
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        names[i] = lc_setting_rows[i].name;
    }
    for (size_t i = 0; i < LC_EVENT_COUNT; i++) {
        names[LC_SETTING_COUNT + i] = lc_event_rows[i].handler;
    }
    return lc_error_unknown(L, "CoAP", "property or setting", luaL_tolstring(L, name, NULL), names,
        LC_SETTING_COUNT + LC_EVENT_COUNT);
}

/* A setting of Config that is no property. */
static void assign_setting(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value)
{
    struct lc_error error;
    struct lc_buf *out = &lc_component_state(component)->scratch;
    if (lua_isboolean(L, value)) {
        lua_pushstring(L, lua_toboolean(L, value) ? "True" : "False");
    } else if (lua_isstring(L, value)) {
        lua_pushvalue(L, value);
    } else {
        lc_property_raise_type(L, row, value);
    }
    lua_pushfstring(L, "%s=", row->name);
    lua_insert(L, -2);
    lua_concat(L, 2);
    if (lc_component_config(component, lc_text_bytes(L, -1), out, &error) != LC_OK) {
        lc_error_raise(L, &error);
    }
    lua_pop(L, 1);
}

/* In a table nil cannot stand for a handler that is to be taken off: false does. */
static void push_entry(lua_State *L, const struct lc_setting_row *row, int value)
{
    if (row == NULL && lua_isboolean(L, value) && !lua_toboolean(L, value)) {
        lua_pushnil(L);
    } else {
        lua_pushvalue(L, value);
    }
}

/* The settings, or all others but Listening. */
static void assign_entries(lua_State *L, struct lc_component *component, int table, bool settings)
{
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        int name = lua_gettop(L) - 1, value = name + 1;
        const struct lc_setting_row *row = find_row(L, name, LC_PROPERTY);
        if (row == NULL && !is_handler(L, name)) {
            row = find_row(L, name, LC_CONFIG);
            if (row == NULL || row->flags & LC_PROPERTY) {
                unknown_entry(L, name);
            } else if (settings) {
                assign_setting(L, component, row, value);
            }
        } else if (!settings && (row == NULL || row->id != LC_SETTING_Listening)) {
            lua_pushvalue(L, name);
            push_entry(L, row, value);
            lua_settable(L, 1);
        }
    }
}

void lc_configure(lua_State *L, struct lc_component *component, int table)
{
    assign_entries(L, component, table, true);
    assign_entries(L, component, table, false);
    if (lua_getfield(L, table, "Listening") != LUA_TNIL) {
        lua_setfield(L, 1, "Listening");
    }
}

/* ---- Reading ---- */

static bool is_configuration(const struct lc_setting_row *row)
{
    return !(row->flags & LC_READ_ONLY) &&
           (row->kind < LC_KIND_CONTENT || row->kind == LC_KIND_CERTIFICATE);
}

void lc_configuration_push(lua_State *L, struct lc_component *component)
{
    lua_newtable(L);
    int table = lua_gettop(L);
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        if (is_configuration(&lc_setting_rows[i])) {
            lc_property_push(L, component, &lc_setting_rows[i]);
            lua_setfield(L, table, lc_setting_rows[i].name);
            lua_settop(L, table); /* the value may have left others below it */
        }
    }
    for (int i = 0; i < LC_EVENT_COUNT; i++) {
        lc_component_push_handler(L, 1, (enum lc_event_id)i);
        lua_setfield(L, table, lc_event_rows[i].handler);
    }
}
