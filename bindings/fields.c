/* Field names by one lookup in a Lua table; see fields.h. */
#include "bindings/fields.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bindings/error.h"

void lc_fields_push_function(lua_State *L, const struct lc_fields *fields, lua_CFunction function)
{
    lua_createtable(L, 0, (int)fields->count);
    for (size_t i = 0; i < fields->count; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_setfield(L, -2, fields->names[i]);
    }
    lua_pushcclosure(L, function, 1);
}

/* Raises for the key at `index`, which is none of the names. */
static int refuse_key(lua_State *L, const struct lc_fields *fields, int index)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        return lc_error_unknown(
            L, fields->what, "field", lua_tostring(L, index), fields->names, fields->count);
    }
    return lc_error_raisef(
        L, LC_ERROR_USAGE, "%s has no field %s", fields->what, lc_error_describe(L, index));
}

int lc_fields_find(lua_State *L, const struct lc_fields *fields, int index)
{
    lua_pushvalue(L, index);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNUMBER) {
        int field = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
        return field;
    }
    return refuse_key(L, fields, index);
}

static bool is_name(lua_State *L, const struct lc_fields *fields, int index)
{
    const char *key = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
    for (size_t i = 0; i < fields->count && key != NULL; i++) {
        if (strcmp(key, fields->names[i]) == 0) {
            return true;
        }
    }
    return false;
}

void lc_fields_check(lua_State *L, const struct lc_fields *fields, int index)
{
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (!is_name(L, fields, -2)) {
            refuse_key(L, fields, -2);
        }
    }
}

int lc_fields_read_only(lua_State *L, const struct lc_fields *fields, int field)
{
    return lc_error_raisef(
        L, LC_ERROR_USAGE, "%s.%s is read-only", fields->what, fields->names[field]);
}
