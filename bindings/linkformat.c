/* Link-format as Lua tables; see linkformat.h. */
#include "bindings/linkformat.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/buffer.h"
#include "bindings/error.h"
#include "bindings/text.h"
#include "wire/linkformat.h"

#define TARGET "target"

/* ---- Helpers -----------------------------------------------------------------------------------
 */

static struct lc_bytes check_text(lua_State *L, int index, const char *function, const char *what)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "linkformat.%s takes %s, not %s", function, what,
            lc_error_describe(L, index));
    }
    return lc_text_bytes(L, index);
}

static void push_bytes(lua_State *L, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

/* Returns nil and where the text is malformed. */
static int push_malformed(lua_State *L, struct lc_bytes text, size_t offset)
{
    size_t shown = text.len - offset < 20 ? text.len - offset : 20;
    lua_pushnil(L);
    lua_pushfstring(L, "malformed link-format at byte %I", (lua_Integer)offset + 1);
    if (shown == 0) {
        lua_pushliteral(L, ": the text ends too early");
    } else {
        lua_pushliteral(L, ", before: ");
        lua_pushlstring(L, (const char *)text.data + offset, shown);
        lua_concat(L, 2);
    }
    lua_concat(L, 2);
    return 2;
}

/* ---- parse -------------------------------------------------------------------------------------
 */

static void push_value(lua_State *L, const struct lc_link_param *param, struct lc_buf *scratch)
{
    if (!param->has_value) {
        lua_pushboolean(L, 1);
    } else if (param->quoted && param->value.len > 0 &&
               memchr(param->value.data, '\\', param->value.len) != NULL) {
        lc_buf_clear(scratch);
        lc_buffer_check(L, lc_link_unescape(scratch, param->value));
        push_bytes(L, lc_buf_bytes(scratch));
    } else {
        push_bytes(L, param->value);
    }
}

/* Of these the first counts when one is repeated (RFC 6690 2, RFC 5988 5.3 and 5.4). */
static bool first_counts(struct lc_bytes name)
{
    static const char *const names[] = {
        "rel", "rt", "if", "sz", "media", "title", "title*", "type", TARGET};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (lc_bytes_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* Sets a parameter of the link at the top. */
static void set_param(lua_State *L, const struct lc_link_param *param, struct lc_buf *scratch)
{
    push_bytes(L, param->name);
    lua_pushvalue(L, -1);
    int type = lua_rawget(L, -3);
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        push_value(L, param, scratch);
        lua_rawset(L, -3);
        return;
    }
    if (!first_counts(param->name)) {
        if (type != LUA_TTABLE) {
            lua_createtable(L, 2, 0);
            lua_insert(L, -2);
            lua_rawseti(L, -2, 1);
        }
        push_value(L, param, scratch);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_rawset(L, -3);
        return;
    }
    lua_pop(L, 2);
}

static void push_link(lua_State *L, const struct lc_link *link, struct lc_buf *scratch)
{
    struct lc_bytes rest = link->rest;
    struct lc_link_param param;
    lua_newtable(L);
    push_bytes(L, link->target);
    lua_setfield(L, -2, TARGET);
    while (lc_link_param_next(&rest, &param) == 1) {
        set_param(L, &param, scratch);
    }
}

static int parse(lua_State *L)
{
    struct lc_bytes text = check_text(L, 1, "parse", "the text of links");
    struct lc_buf *scratch = lc_buffer_push(L, 1);
    size_t offset = 0;
    struct lc_link link;
    int result;
    lua_newtable(L);
    for (lua_Integer i = 1; (result = lc_link_next(text, &offset, &link)) == 1; i++) {
        push_link(L, &link, scratch);
        lua_rawseti(L, -2, i);
    }
    return result == 0 ? 1 : push_malformed(L, text, offset);
}

/* ---- format ------------------------------------------------------------------------------------
 */

static bool is_name(const char *name, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$&+-.^_`|~*";
    return len > 0 && strspn(name, letters) == len;
}

static bool is_number(struct lc_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
    }
    return value.len > 0;
}

/* RFC 6690 2: a language tag and the values of names ending in "*" never have quotes; sz and ct are
 * numbers; for the rest quotes are always right. */
static bool takes_quotes(struct lc_bytes name, struct lc_bytes value)
{
    if (lc_bytes_is(name, "hreflang") || name.data[name.len - 1] == '*') {
        return false;
    }
    return !(is_number(value) && (lc_bytes_is(name, "sz") || lc_bytes_is(name, "ct")));
}

/* Appends one parameter whose value is at the top. */
static void format_param(lua_State *L, struct lc_buf *out, const char *name, lua_Integer place)
{
    struct lc_link_param param = {.name = lc_bytes_text(name)};
    int type = lua_type(L, -1);
    size_t len;
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        lua_pushvalue(L, -1);
        const char *value = lua_tolstring(L, -1, &len);
        param.value = lc_bytes(value, len);
        param.has_value = true;
        param.quoted = type == LUA_TSTRING && takes_quotes(param.name, param.value);
        lc_buffer_check(L, lc_link_param(out, &param));
        lua_pop(L, 1);
    } else if (type == LUA_TBOOLEAN) {
        lc_buffer_check(L, !lua_toboolean(L, -1) || lc_link_param(out, &param));
    } else {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "link %d: '%s' takes a string, a number, true or a list of them, not %s", (int)place,
            name, lc_error_describe(L, -1));
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the parameters of the link at the top, sorted, so that equal links give equal text.
 * Pushes the object that holds them. */
static const char **push_names(lua_State *L, lua_Integer place, size_t *out_count)
{
    int link = lua_gettop(L);
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, link); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING ||
            !is_name(lua_tostring(L, -2), (size_t)lua_rawlen(L, -2))) {
            lc_error_raisef(L, LC_ERROR_USAGE, "link %d: %s is no name of a parameter", (int)place,
                lc_error_describe(L, -2));
        }
        count++;
    }
    const char **names = lua_newuserdatauv(L, count * sizeof *names, 0);
    *out_count = 0;
    for (lua_pushnil(L); lua_next(L, link); lua_pop(L, 1)) {
        if (strcmp(lua_tostring(L, -2), TARGET) != 0) {
            names[(*out_count)++] = lua_tostring(L, -2);
        }
    }
    lua_settop(L, link + 1);
    qsort(names, *out_count, sizeof *names, compare_names);
    return names;
}

/* Replaces the link at the top by a copy, which no finalizer knows: one may run whenever something
 * is made. */
static void copy_link(lua_State *L)
{
    int link = lua_gettop(L), copy = link + 1;
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, link); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, copy);
    }
    lua_replace(L, link);
}

/* Appends the link at the top. */
static void format_link(lua_State *L, struct lc_buf *out, lua_Integer place)
{
    size_t count, len;
    int link = lua_gettop(L);
    lua_pushliteral(L, TARGET);
    if (!lua_istable(L, link) || lua_rawget(L, link) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "link %d: a link is a table with its target: {target = \"/temp\", rt = "
            "\"temperature\"}",
            (int)place);
    }
    const char *target = lua_tolstring(L, -1, &len);
    lc_buffer_check(L, lc_link_begin(out, lc_bytes(target, len)));
    lua_settop(L, link);
    copy_link(L);
    const char **names = push_names(L, place, &count);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, names[i]);
        if (lua_rawget(L, link) != LUA_TTABLE) {
            format_param(L, out, names[i], place);
        } else {
            for (lua_Integer j = 1; lua_rawgeti(L, link + 2, j) != LUA_TNIL; j++) {
                format_param(L, out, names[i], place);
                lua_settop(L, link + 2);
            }
        }
        lua_settop(L, link + 1);
    }
    lua_settop(L, link);
}

static int format(lua_State *L)
{
    if (!lua_istable(L, 1)) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "linkformat.format takes a list of links, not %s",
            lc_error_describe(L, 1));
    }
    lua_settop(L, 1);
    struct lc_buf *out = lc_buffer_push(L, 1);
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
        format_link(L, out, i);
        lua_settop(L, 2);
    }
    push_bytes(L, lc_buf_bytes(out));
    lc_buf_free(out);
    return 1;
}

/* ---- filter ------------------------------------------------------------------------------------
 */

static int filter(lua_State *L)
{
    struct lc_bytes text = check_text(L, 1, "filter", "the text of links");
    struct lc_bytes query = check_text(L, 2, "filter", "a query like \"rt=temp*\"");
    struct lc_link link;
    size_t offset = 0;
    int result;
    do {
        result = lc_link_next(text, &offset, &link);
    } while (result == 1);
    if (result < 0) {
        return push_malformed(L, text, offset);
    }
    struct lc_buf *out = lc_buffer_push(L, 1);
    lc_buffer_check(L, lc_link_filter(out, text, query));
    push_bytes(L, lc_buf_bytes(out));
    lc_buf_free(out);
    return 1;
}

void lc_linkformat_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"parse", parse},
        {"format", format},
        {"filter", filter},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lc_error_guard(L, "lunacoap.linkformat");
    lua_setfield(L, -2, "linkformat");
}
