/* probe.content: options as the script sees them, and contents. */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "component/content.h"

#include <lauxlib.h>

#define CONTENT "probe.content"

static struct lc_bytes check_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    return lc_bytes(data, len);
}

static void push_bytes(lua_State *L, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

/* `value`, freed | nil, code, text */
static int push_result(lua_State *L, int code, struct lc_buf *value, const struct lc_error *error)
{
    if (code == LC_OK) {
        push_bytes(L, lc_buf_bytes(value));
        lc_buf_free(value);
        return 1;
    }
    lc_buf_free(value);
    lua_pushnil(L);
    lua_pushinteger(L, code);
    lua_pushstring(L, error->text);
    return 3;
}

/* Reads number, value and (optional) type at `arg` and after; free the item. */
static struct lc_option_item check_item(lua_State *L, int arg)
{
    struct lc_option_item item = {0};
    struct lc_bytes value = check_bytes(L, arg + 1);
    lc_option_item_set_number(&item, (uint16_t)luaL_checkinteger(L, arg));
    item.type = (uint8_t)luaL_optinteger(L, arg + 2, item.type);
    if (!lc_buf_set(&item.value, value.data, value.len)) {
        luaL_error(L, "out of memory");
    }
    return item;
}

/* encode(number, value[, type]) -> bytes | nil, code, text */
static int encode(lua_State *L)
{
    struct lc_option_item item = check_item(L, 1);
    struct lc_buf out = {0};
    struct lc_error error;
    int code = lc_option_item_encode(&item, &out, &error);
    lc_option_item_free(&item);
    return push_result(L, code, &out, &error);
}

/* decode(number, bytes) -> value, type */
static int decode(lua_State *L)
{
    struct lc_option_item item = {0};
    if (!lc_option_item_decode(&item, (uint16_t)luaL_checkinteger(L, 1), check_bytes(L, 2))) {
        lc_option_item_free(&item);
        return luaL_error(L, "out of memory");
    }
    push_bytes(L, lc_buf_bytes(&item.value));
    lua_pushinteger(L, item.type);
    lc_option_item_free(&item);
    return 2;
}

/* type_of(number[, type]) -> the type after the number was set on an option of that type */
static int type_of(lua_State *L)
{
    struct lc_option_item item = {.type = (uint8_t)luaL_optinteger(L, 2, 0)};
    lc_option_item_set_number(&item, (uint16_t)luaL_checkinteger(L, 1));
    lua_pushinteger(L, item.type);
    return 1;
}

/* ---- Contents -------------------------------------------------------------------------------- */

struct held {
    struct lc_content *content;
    struct lc_message message;
    uint8_t *datagram; /* a user value of the object */
    size_t len;
};

static struct lc_content *check_content(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, CONTENT);
    return held->content;
}

static struct held *push_held(lua_State *L, struct lc_content *content)
{
    struct held *held = lua_newuserdatauv(L, sizeof *held, 1);
    *held = (struct held){.content = content};
    luaL_setmetatable(L, CONTENT);
    return held;
}

/* new([datagram]): empty, or what a received message says */
static int new_content(lua_State *L)
{
    struct lc_content *content = lc_content_new();
    if (content == NULL) {
        return luaL_error(L, "out of memory");
    }
    struct held *held = push_held(L, content);
    if (lua_isstring(L, 1)) {
        struct lc_bytes data = check_bytes(L, 1);
        held->len = data.len;
        held->datagram = lua_newuserdatauv(L, data.len, 0);
        memcpy(held->datagram, data.data, data.len);
        lua_setiuservalue(L, -2, 1);
        luaL_argcheck(L, lc_message_parse(&held->message, held->datagram, data.len) == LC_PARSED, 1,
            "no message");
        content->message = &held->message;
    }
    return 1;
}

/* content:hold(): copies the message and overwrites what it came from -> whether there was memory
 */
static int hold(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, CONTENT);
    bool done = lc_content_hold(held->content);
    memset(&held->message, 0xee, sizeof held->message);
    if (held->datagram != NULL) {
        memset(held->datagram, 0xee, held->len);
    }
    lua_pushboolean(L, done);
    return 1;
}

/* content:clone() -> content | nil: memory */
static int clone(lua_State *L)
{
    struct lc_content *copy = lc_content_clone(check_content(L));
    if (copy == NULL) {
        lua_pushnil(L);
    } else {
        push_held(L, copy);
    }
    return 1;
}

static int clear(lua_State *L)
{
    lc_content_clear(check_content(L));
    return 0;
}

static int release(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, CONTENT);
    lc_content_release(held->content);
    held->content = NULL;
    return 0;
}

/* content:set(property, value) -> true | nil, code, text */
static int set(lua_State *L)
{
    struct lc_content *content = check_content(L);
    struct lc_bytes name = check_bytes(L, 2);
    const struct lc_setting_row *row =
        lc_setting_find((const char *)name.data, name.len, LC_PROPERTY);
    struct lc_error error;
    int code;
    luaL_argcheck(L, row != NULL && row->kind == LC_KIND_CONTENT, 2, "no such row");
    if (lua_type(L, 3) == LUA_TNUMBER) {
        code = lc_content_set_number(content, row, lua_tonumber(L, 3), &error);
    } else {
        code = lc_content_set_bytes(content, row, check_bytes(L, 3), &error);
    }
    if (code == LC_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct lc_buf none = {0};
    return push_result(L, code, &none, &error);
}

/* content:get() -> code, data, format, etag */
static int get(lua_State *L)
{
    const struct lc_content *content = check_content(L);
    lua_pushinteger(L, lc_content_code(content));
    push_bytes(L, lc_content_data(content));
    lua_pushinteger(L, lc_content_format(content));
    push_bytes(L, lc_content_etag(content));
    return 4;
}

static struct lc_option_list *check_list(lua_State *L)
{
    struct lc_option_list *list = lc_content_options(check_content(L));
    if (list == NULL) {
        luaL_error(L, "out of memory");
    }
    return list;
}

/* content:options() -> { {number, value, type}, ... } */
static int options(lua_State *L)
{
    const struct lc_option_list *list = check_list(L);
    lua_newtable(L);
    for (size_t i = 0; i < list->count; i++) {
        const struct lc_option_item *item = &list->items[i];
        lua_newtable(L);
        lua_pushinteger(L, item->number);
        lua_rawseti(L, -2, 1);
        push_bytes(L, lc_buf_bytes(&item->value));
        lua_rawseti(L, -2, 2);
        lua_pushinteger(L, item->type);
        lua_rawseti(L, -2, 3);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* content:add(number, value[, type]) -> whether there was memory */
static int add(lua_State *L)
{
    struct lc_option_list *list = check_list(L);
    struct lc_option_item item = check_item(L, 2);
    lua_pushboolean(L, lc_option_list_add(list, &item));
    lc_option_item_free(&item);
    return 1;
}

/* content:remove(index from 1) */
static int remove_at(lua_State *L)
{
    struct lc_option_list *list = check_list(L);
    lua_Integer index = luaL_checkinteger(L, 2);
    luaL_argcheck(L, index >= 1 && (size_t)index <= list->count, 2, "no such item");
    lc_option_list_remove(list, (size_t)index - 1);
    return 0;
}

/* content:replace(other): takes over the options of another content -> true | nil, code, text */
static int replace(lua_State *L)
{
    struct lc_content *content = check_content(L);
    struct held *other = luaL_checkudata(L, 2, CONTENT);
    const struct lc_option_list *list = lc_content_options(other->content);
    struct lc_buf none = {0};
    struct lc_error error;
    if (list == NULL) {
        return luaL_error(L, "out of memory");
    }
    int code = lc_content_set_options(content, list->items, list->count, &error);
    return push_result(L, code, &none, &error);
}

/* content:encoded(response[, base]) -> encoded options | nil, code, text */
static int encoded(lua_State *L)
{
    const struct lc_content *content = check_content(L);
    bool response = lua_toboolean(L, 2);
    struct lc_bytes base = lua_isnoneornil(L, 3) ? lc_bytes(NULL, 0) : check_bytes(L, 3);
    struct lc_buf out = {0};
    struct lc_error error;
    int code = lc_content_encode(content, response, base, &out, &error);
    return push_result(L, code, &out, &error);
}

/* content:untouched() */
static int untouched(lua_State *L)
{
    lua_pushboolean(L, lc_content_is_untouched(check_content(L)));
    return 1;
}

int lc_probe_content(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"hold", hold},
        {"clone", clone},
        {"clear", clear},
        {"set", set},
        {"get", get},
        {"options", options},
        {"add", add},
        {"remove", remove_at},
        {"replace", replace},
        {"encoded", encoded},
        {"untouched", untouched},
        {"release", release},
        {"__gc", release},
        {0, 0},
    };
    static const luaL_Reg functions[] = {
        {"encode", encode},
        {"decode", decode},
        {"type_of", type_of},
        {"new", new_content},
        {0, 0},
    };
    luaL_newmetatable(L, CONTENT);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
