/* CoAPOption objects; see option.h. Collections of them are in option_list.c. */
#include "bindings/option.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/option_item.h"
#include "bindings/text.h"
#include "component/optionlist.h"
#include "wire/registry.h"

#define NAME "lunacoap.CoAPOption"

enum field { CRITICAL, NO_CACHE_KEY, NUMBER, UNSAFE, VALUE, VALUE_TYPE };

static const char *const field_names[] = {
    "Critical", "NoCacheKey", "Number", "Unsafe", "Value", "ValueType"};
static const struct lc_fields fields = {
    "CoAPOption", field_names, sizeof field_names / sizeof field_names[0]};

/* An option of its own, or the one that stands at a place of a collection now. */
struct option {
    struct lc_content *content; /* a reference; NULL: an option of its own */
    size_t index;               /* from 0 */
    struct lc_option_item own;
};

static struct option *push_option(lua_State *L)
{
    struct option *option = lua_newuserdatauv(L, sizeof *option, 0);
    memset(option, 0, sizeof *option);
    luaL_setmetatable(L, NAME);
    return option;
}

void lc_option_item_push(lua_State *L, struct lc_content *content, size_t index)
{
    struct option *option = push_option(L);
    option->content = content;
    option->index = index;
    content->refs++;
}

static struct lc_option_item *item_of(lua_State *L, const struct option *option)
{
    struct lc_option_list *list = lc_option_items(L, option->content);
    if (option->index >= list->count) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "the collection has no item %zu any more: it holds %zu option%s", option->index + 1,
            list->count, list->count == 1 ? "" : "s");
    }
    return &list->items[option->index];
}

static struct lc_option_item *check_item(lua_State *L, int index)
{
    struct option *option = luaL_checkudata(L, index, NAME);
    return option->content == NULL ? &option->own : item_of(L, option);
}

/* ---- Checked assignment ------------------------------------------------------------------------
 */

static lua_Integer check_integer(lua_State *L, int index, int field, lua_Integer max)
{
    int is_integer = lua_type(L, index) == LUA_TNUMBER;
    lua_Integer value = is_integer ? lua_tointegerx(L, index, &is_integer) : 0;
    if (!is_integer || value < 0 || value > max) {
        int code = lua_type(L, index) == LUA_TNUMBER ? LC_ERROR_OPTION : LC_ERROR_USAGE;
        lc_error_raisef(L, code, "CoAPOption.%s takes an integer from 0 to %d, not %s",
            field_names[field], (int)max, lc_error_describe(L, index));
    }
    return value;
}

/* Pushes the value at `index` as text; numbers are taken, and those without a fraction are shown
 * without one. */
static struct lc_bytes push_text(lua_State *L, int index)
{
    int is_integer;
    lua_Integer integer = lua_tointegerx(L, index, &is_integer);
    if (lua_type(L, index) == LUA_TNUMBER && is_integer) {
        lua_pushfstring(L, "%I", integer);
    } else if (lua_isstring(L, index)) {
        lua_pushvalue(L, index);
    } else {
        lc_error_raisef(L, LC_ERROR_USAGE, "CoAPOption.Value takes a string or a number, not %s",
            lc_error_describe(L, index));
    }
    return lc_text_bytes(L, -1);
}

static int check_sendable(const struct lc_option_item *item, struct lc_error *error)
{
    struct lc_buf encoded = {0};
    int code = lc_option_item_encode(item, &encoded, error);
    lc_buf_free(&encoded);
    return code;
}

static bool is_hex(const struct lc_buf *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (!isxdigit(text->data[i])) {
            return false;
        }
    }
    return true;
}

/* Hex reads back in lower case, however it was written. */
static void tidy(struct lc_option_item *item)
{
    if (item->type != LC_VALUE_BINARY || !is_hex(&item->value)) {
        return;
    }
    for (size_t i = 0; i < item->value.len; i++) {
        item->value.data[i] = (uint8_t)tolower(item->value.data[i]);
    }
}

static int replace_value(struct lc_option_item *item, struct lc_bytes text, struct lc_error *error)
{
    struct lc_option_item changed = {.number = item->number, .type = item->type};
    if (!lc_buf_set(&changed.value, text.data, text.len)) {
        return lc_fail_memory(error);
    }
    /* One without a number is not finished yet. */
    int code = item->number == 0 ? LC_OK : check_sendable(&changed, error);
    if (code != LC_OK) {
        lc_buf_free(&changed.value);
        return code;
    }
    lc_buf_free(&item->value);
    *item = changed;
    return LC_OK;
}

static void set_value(lua_State *L, int index, struct lc_option_item *item)
{
    struct lc_error error;
    if (replace_value(item, push_text(L, index), &error) != LC_OK) {
        lc_error_raise(L, &error);
    }
    lua_pop(L, 1);
}

static void set_field(lua_State *L, int index, int field, struct lc_option_item *item)
{
    switch (field) {
    case NUMBER:
        lc_option_item_set_number(item, (uint16_t)check_integer(L, index, field, 65535));
        break;
    case VALUE_TYPE:
        item->type = (uint8_t)check_integer(L, index, field, LC_VALUE_BINARY);
        break;
    case VALUE:
        set_value(L, index, item);
        break;
    default:
        lc_fields_read_only(L, &fields, field);
    }
    tidy(item);
}

/* ---- From what scripts write -------------------------------------------------------------------
 */

/* The field that a key of {Number=, Value=, ValueType=} or {number, value} means; raises for
 * others. */
static int field_of_key(lua_State *L, int index)
{
    if (lua_isinteger(L, index)) {
        lua_Integer place = lua_tointeger(L, index);
        if (place == 1 || place == 2) {
            return place == 1 ? NUMBER : VALUE;
        }
    } else if (lua_type(L, index) == LUA_TSTRING) {
        const char *name = lua_tostring(L, index);
        for (size_t i = 0; i < fields.count; i++) {
            if (strcmp(name, field_names[i]) == 0) {
                return (int)i;
            }
        }
        lc_error_unknown(L, fields.what, "field", name, fields.names, fields.count);
    }
    return lc_error_raisef(L, LC_ERROR_USAGE,
        "an option is written {Number = 11, Value = \"temp\"} or {11, \"temp\"}, without a key %s",
        lc_error_describe(L, index));
}

/* Number first, because it sets the type, and the type before the value, which it checks. */
static void read_table(lua_State *L, int table, struct lc_option_item *item)
{
    static const int order[] = {NUMBER, VALUE_TYPE, VALUE};
    int given = lua_gettop(L) + 1;
    for (int i = 0; i <= VALUE_TYPE; i++) {
        lua_pushnil(L);
    }
    lua_pushnil(L);
    while (lua_next(L, table)) {
        int field = field_of_key(L, -2);
        if (field != NUMBER && field != VALUE && field != VALUE_TYPE) {
            lc_fields_read_only(L, &fields, field);
        }
        lua_replace(L, given + field);
    }
    if (lua_isnil(L, given + NUMBER)) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "an option is written {Number = 11, Value = \"temp\"}: its Number is missing");
    }
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!lua_isnil(L, given + order[i])) {
            set_field(L, given + order[i], order[i], item);
        }
    }
    lua_settop(L, given - 1);
}

const struct lc_option_item *lc_option_item_take(lua_State *L, int index)
{
    struct lc_error error;
    const struct lc_option_item *item;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 16, NULL);
    if (luaL_testudata(L, index, NAME) != NULL) {
        lua_pushvalue(L, index);
        item = check_item(L, index);
    } else if (lua_istable(L, index)) {
        struct option *option = push_option(L);
        read_table(L, index, &option->own);
        item = &option->own;
    } else {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "an option is a CoAPOption or {Number = 11, Value = \"temp\"}, not %s",
            lc_error_describe(L, index));
        return NULL;
    }
    if (check_sendable(item, &error) != LC_OK) {
        lc_error_raise(L, &error);
    }
    return item;
}

int lc_option_new(lua_State *L)
{
    int count = lua_gettop(L);
    struct option *option = push_option(L);
    if (count > 2) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "CoAPOption takes a number and a value, not %d arguments", count);
    }
    if (count == 1 && lua_istable(L, 1)) {
        read_table(L, 1, &option->own);
        return 1;
    }
    if (count >= 1) {
        set_field(L, 1, NUMBER, &option->own);
    }
    if (count == 2) {
        set_field(L, 2, VALUE, &option->own);
    }
    return 1;
}

/* ---- The object --------------------------------------------------------------------------------
 */

static int index_field(lua_State *L)
{
    const struct lc_option_item *item = check_item(L, 1);
    /* The bits of an option's number (RFC 7252 5.4.6). */
    switch (lc_fields_find(L, &fields, 2)) {
    case CRITICAL:
        lua_pushboolean(L, item->number & 1);
        break;
    case UNSAFE:
        lua_pushboolean(L, item->number & 2);
        break;
    case NO_CACHE_KEY:
        lua_pushboolean(L, (item->number & 0x1e) == 0x1c);
        break;
    case NUMBER:
        lua_pushinteger(L, item->number);
        break;
    case VALUE_TYPE:
        lua_pushinteger(L, item->type);
        break;
    default:
        lua_pushlstring(L, (const char *)item->value.data, item->value.len);
    }
    return 1;
}

static int assign_field(lua_State *L)
{
    struct option *option = luaL_checkudata(L, 1, NAME);
    int field = lc_fields_find(L, &fields, 2);
    if (field == VALUE) {
        /* Making a string may collect garbage, and that a script's __gc may change the list: the
         * item is looked up behind it. */
        push_text(L, 3);
        lua_replace(L, 3);
    }
    set_field(L, 3, field, check_item(L, 1));
    if (option->content != NULL) {
        option->content->set |= LC_HAS_OPTIONS;
    }
    return 0;
}

void lc_option_item_describe(lua_State *L, const struct lc_option_item *item)
{
    int number = item->number;
    const struct lc_option_row *row = lc_option_row(item->number);
    lua_pushlstring(L, (const char *)item->value.data, item->value.len);
    if (row != NULL) {
        lua_pushfstring(L, "%s: ", row->name);
    } else {
        lua_pushfstring(L, "Option %d: ", number);
    }
    lua_insert(L, -2);
    lua_concat(L, 2);
}

static int describe(lua_State *L)
{
    lc_option_item_describe(L, check_item(L, 1));
    return 1;
}

/* The same place of the same collection is the same option, whichever object stands for it. */
static int equal(lua_State *L)
{
    const struct option *a = luaL_testudata(L, 1, NAME), *b = luaL_testudata(L, 2, NAME);
    lua_pushboolean(L, a != NULL && b != NULL && a->content != NULL && a->content == b->content &&
                           a->index == b->index);
    return 1;
}

static int collect(lua_State *L)
{
    struct option *option = luaL_checkudata(L, 1, NAME);
    lc_content_release(option->content);
    lc_option_item_free(&option->own);
    memset(option, 0, sizeof *option);
    return 0;
}

void lc_option_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__tostring", describe},
        {"__eq", equal},
        {"__gc", collect},
        {NULL, NULL},
    };
    if (luaL_newmetatable(L, NAME)) {
        luaL_setfuncs(L, methods, 0);
        lc_fields_push_function(L, &fields, index_field);
        lua_setfield(L, -2, "__index");
        lc_fields_push_function(L, &fields, assign_field);
        lua_setfield(L, -2, "__newindex");
    }
    lua_pop(L, 1);
    lc_option_list_open(L);
}
