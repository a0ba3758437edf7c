/* Byte strings, tagged and simple values, marks of tables; see cbor_value.h. */
#include "bindings/cbor_value.h"

#include <lauxlib.h>
#include <stdbool.h>

#include "bindings/error.h"
#include "bindings/fields.h"
#include "wire/cbor.h"

#define BYTES_NAME "lunacoap.cbor.bytes"
#define TAGGED_NAME "lunacoap.cbor.tagged"
#define SIMPLE_NAME "lunacoap.cbor.simple"
#define ARRAY_NAME "lunacoap.cbor.array"
#define MAP_NAME "lunacoap.cbor.map"

/* Keys of the registry: byte strings by their content (weak), simple values by their number. */
static const char all_bytes, all_simple;

/* What every object holds; its content is its user value. */
struct object {
    enum lc_cbor_object kind;
    uint64_t number;
};

/* Makes an object of the value at the top, which it replaces. */
static void make(lua_State *L, enum lc_cbor_object kind, uint64_t number, const char *name)
{
    luaL_checkstack(L, 6, NULL);
    struct object *object = lua_newuserdatauv(L, sizeof *object, 1);
    *object = (struct object){kind, number};
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, name);
}

/* Replaces the key at the top by the object that a table of the registry has for it; false: it has
 * none, and the table is pushed. */
static bool find(lua_State *L, const void *registry_key)
{
    luaL_checkstack(L, 6, NULL);
    lua_rawgetp(L, LUA_REGISTRYINDEX, registry_key);
    lua_pushvalue(L, -2);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
    return true;
}

/* Keeps the object at the top in the table below it, by the key below that, and leaves it alone. */
static void keep(lua_State *L)
{
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

void lc_cbor_to_bytes(lua_State *L)
{
    if (!find(L, &all_bytes)) {
        lua_pushvalue(L, -2);
        make(L, LC_CBOR_BYTE_STRING, 0, BYTES_NAME);
        keep(L);
    }
}

void lc_cbor_to_tagged(lua_State *L, uint64_t tag)
{
    make(L, LC_CBOR_TAGGED, tag, TAGGED_NAME);
}

void lc_cbor_push_simple(lua_State *L, uint8_t number)
{
    if (number == LC_CBOR_FALSE || number == LC_CBOR_TRUE) {
        lua_pushboolean(L, number == LC_CBOR_TRUE);
    } else if (number == LC_CBOR_NULL) {
        lua_pushlightuserdata(L, NULL);
    } else {
        lua_pushinteger(L, number);
        if (!find(L, &all_simple)) {
            lua_pushnil(L);
            make(L, LC_CBOR_SIMPLE_OBJECT, number, SIMPLE_NAME);
            keep(L);
        }
    }
}

/* The object at `index`, of any kind; NULL: it is none. */
static const struct object *test(lua_State *L, int index)
{
    static const char *const names[] = {BYTES_NAME, TAGGED_NAME, SIMPLE_NAME};
    const struct object *object = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && object == NULL; i++) {
        object = luaL_testudata(L, index, names[i]);
    }
    return object;
}

enum lc_cbor_object lc_cbor_push_content(lua_State *L, int index, uint64_t *out_number)
{
    const struct object *object = test(L, index);
    if (object == NULL) {
        return LC_CBOR_NO_OBJECT;
    }
    if (object->kind != LC_CBOR_SIMPLE_OBJECT) {
        lua_getiuservalue(L, index, 1);
    }
    *out_number = object->number;
    return object->kind;
}

/* ---- Marks -------------------------------------------------------------------------------------
 */

void lc_cbor_set_mark(lua_State *L, enum lc_cbor_mark mark)
{
    luaL_setmetatable(L, mark == LC_CBOR_MARKED_ARRAY ? ARRAY_NAME : MAP_NAME);
}

enum lc_cbor_mark lc_cbor_get_mark(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index)) {
        return LC_CBOR_UNMARKED;
    }
    luaL_getmetatable(L, ARRAY_NAME);
    luaL_getmetatable(L, MAP_NAME);
    enum lc_cbor_mark mark = lua_rawequal(L, -3, -2)   ? LC_CBOR_MARKED_ARRAY
                             : lua_rawequal(L, -3, -1) ? LC_CBOR_MARKED_MAP
                                                       : LC_CBOR_UNMARKED;
    lua_pop(L, 3);
    return mark;
}

static int mark_table(lua_State *L, enum lc_cbor_mark mark, const char *function)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    if (!lua_istable(L, 1) ||
        (lc_cbor_get_mark(L, 1) == LC_CBOR_UNMARKED && lua_getmetatable(L, 1))) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "cbor.%s takes a table without a metatable of its own, or nothing, not %s", function,
            lc_error_describe(L, 1));
    }
    lc_cbor_set_mark(L, mark);
    return 1;
}

static int array(lua_State *L)
{
    return mark_table(L, LC_CBOR_MARKED_ARRAY, "array");
}

static int map(lua_State *L)
{
    return mark_table(L, LC_CBOR_MARKED_MAP, "map");
}

/* ---- Making objects ----------------------------------------------------------------------------
 */

static int bytes(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TSTRING) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "cbor.bytes takes a string, not %s", lc_error_describe(L, 1));
    }
    lua_settop(L, 1);
    lc_cbor_to_bytes(L);
    return 1;
}

static int tagged(lua_State *L)
{
    if (!lua_isinteger(L, 1) || lua_isnoneornil(L, 2)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "cbor.tagged takes the number of a tag and a value, not %s and %s",
            lc_error_describe(L, 1), lc_error_describe(L, 2));
    }
    lua_settop(L, 2);
    lc_cbor_to_tagged(L, (uint64_t)lua_tointeger(L, 1));
    return 1;
}

static int simple(lua_State *L)
{
    int is_integer;
    lua_Integer number = lua_tointegerx(L, 1, &is_integer);
    if (!is_integer || number < 0 || number > 255 || (number >= 24 && number < 32)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "cbor.simple takes a number from 0 to 23 or 32 to 255, not %s",
            lc_error_describe(L, 1));
    }
    lc_cbor_push_simple(L, (uint8_t)number);
    return 1;
}

/* type(value) -> the name of the function that makes such a value, or nil */
static int type(lua_State *L)
{
    static const char *const objects[] = {NULL, "bytes", "tagged", "simple"};
    static const char *const marks[] = {NULL, "array", "map"};
    luaL_checkany(L, 1);
    if (lua_istable(L, 1)) {
        lua_pushstring(L, marks[lc_cbor_get_mark(L, 1)]);
    } else {
        const struct object *object = test(L, 1);
        lua_pushstring(L, object != NULL ? objects[object->kind] : NULL);
    }
    return 1;
}

void lc_cbor_value_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"array", array},
        {"bytes", bytes},
        {"map", map},
        {"simple", simple},
        {"tagged", tagged},
        {"type", type},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
    lc_cbor_push_simple(L, LC_CBOR_NULL);
    lua_setfield(L, -2, "null");
    lc_cbor_push_simple(L, LC_CBOR_UNDEFINED);
    lua_setfield(L, -2, "undefined");
}

/* ---- What objects do in a script ---------------------------------------------------------------
 */

static const struct object *check(lua_State *L, int index)
{
    const struct object *object = test(L, index);
    if (object == NULL) {
        lc_error_raisef(
            L, LC_ERROR_USAGE, "not an object of cbor: %s", lc_error_describe(L, index));
    }
    return object;
}

/* tostring: as in diagnostic notation. */
static int describe_bytes(lua_State *L)
{
    check(L, 1);
    lua_getiuservalue(L, 1, 1);
    size_t len;
    const char *data = lua_tolstring(L, -1, &len);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "h'");
    for (size_t i = 0; i < len; i++) {
        static const char digits[] = "0123456789abcdef";
        luaL_addchar(&text, digits[(uint8_t)data[i] >> 4]);
        luaL_addchar(&text, digits[data[i] & 15]);
    }
    luaL_addchar(&text, '\'');
    luaL_pushresult(&text);
    return 1;
}

static int describe_tagged(lua_State *L)
{
    char tag[24];
    snprintf(tag, sizeof tag, "%llu", (unsigned long long)check(L, 1)->number);
    lua_getiuservalue(L, 1, 1);
    lua_pushfstring(L, "%s(%s)", tag, luaL_tolstring(L, -1, NULL));
    return 1;
}

static int describe_simple(lua_State *L)
{
    int number = (int)check(L, 1)->number;
    if (number == LC_CBOR_UNDEFINED) {
        lua_pushliteral(L, "undefined");
    } else {
        lua_pushfstring(L, "simple(%d)", number);
    }
    return 1;
}

static int length_of_bytes(lua_State *L)
{
    check(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    return 1;
}

static int equal_tagged(lua_State *L)
{
    const struct object *a = test(L, 1), *b = test(L, 2);
    bool same = a != NULL && b != NULL && a->kind == b->kind && a->number == b->number;
    if (same) {
        lua_getiuservalue(L, 1, 1);
        lua_getiuservalue(L, 2, 1);
        same = lua_compare(L, -2, -1, LUA_OPEQ);
    }
    lua_pushboolean(L, same);
    return 1;
}

enum field { VALUE, TAG };

static const char *const field_names[] = {"value", "tag"};
static const struct lc_fields bytes_fields = {"cbor.bytes", field_names, 1};
static const struct lc_fields tagged_fields = {"cbor.tagged", field_names, 2};
static const struct lc_fields simple_fields = {"cbor.simple", field_names, 1};

static int get(lua_State *L)
{
    const struct object *object = check(L, 1);
    const struct lc_fields *fields = object->kind == LC_CBOR_BYTE_STRING ? &bytes_fields
                                     : object->kind == LC_CBOR_TAGGED    ? &tagged_fields
                                                                         : &simple_fields;
    if (lc_fields_find(L, fields, 2) == TAG || object->kind == LC_CBOR_SIMPLE_OBJECT) {
        lua_pushinteger(L, (lua_Integer)object->number);
    } else {
        lua_getiuservalue(L, 1, 1);
    }
    return 1;
}

static int refuse(lua_State *L)
{
    return lc_error_raisef(L, LC_ERROR_USAGE, "values of cbor never change: make a new one");
}

static void register_class(
    lua_State *L, const char *name, const struct lc_fields *fields, lua_CFunction describe)
{
    if (luaL_newmetatable(L, name)) {
        lua_pushcfunction(L, describe);
        lua_setfield(L, -2, "__tostring");
        lua_pushcfunction(L, refuse);
        lua_setfield(L, -2, "__newindex");
        lc_fields_push_function(L, fields, get);
        lua_setfield(L, -2, "__index");
    }
}

static void set_function(lua_State *L, const char *name, lua_CFunction function)
{
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void lc_cbor_value_register(lua_State *L)
{
    register_class(L, BYTES_NAME, &bytes_fields, describe_bytes);
    set_function(L, "__len", length_of_bytes);
    register_class(L, TAGGED_NAME, &tagged_fields, describe_tagged);
    set_function(L, "__eq", equal_tagged);
    register_class(L, SIMPLE_NAME, &simple_fields, describe_simple);
    luaL_newmetatable(L, ARRAY_NAME);
    luaL_newmetatable(L, MAP_NAME);
    lua_pop(L, 3);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &all_simple);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &all_bytes);
}
