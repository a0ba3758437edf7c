/* probe.text: URIs, percent-coding and link-format. Texts are copied into blocks of just their
 * size, so that a sanitizer sees one byte too many being read. */
#include "spec/probe/probe.h"

#include "wire/linkformat.h"
#include "wire/uri.h"

#include <lauxlib.h>
#include <stdlib.h>

static struct lc_bytes check_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    void *copy = malloc(len);
    if (copy == NULL) {
        luaL_error(L, "out of memory");
    }
    memcpy(copy, data, len);
    return lc_bytes(copy, len);
}

static void release(struct lc_bytes bytes)
{
    free((void *)bytes.data);
}

static void push_bytes(lua_State *L, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

static void set_bytes(lua_State *L, const char *key, struct lc_bytes value)
{
    push_bytes(L, value);
    lua_setfield(L, -2, key);
}

static int push_error(lua_State *L, const struct lc_error *error)
{
    lua_pushnil(L);
    lua_pushinteger(L, error->code);
    lua_pushstring(L, error->text);
    return 3;
}

/* Pushes what a buffer holds, or nil, code, text; frees it. */
static int push_buf(lua_State *L, struct lc_buf *buf, const struct lc_error *error)
{
    if (error->code == LC_OK) {
        push_bytes(L, lc_buf_bytes(buf));
    }
    lc_buf_free(buf);
    return error->code == LC_OK ? 1 : push_error(L, error);
}

/* uri(text) -> { secure, literal, port, host, path, query or nil, name } | nil, code, text */
static int uri(lua_State *L)
{
    struct lc_bytes text = check_bytes(L, 1);
    struct lc_error error = {0};
    struct lc_uri parts;
    struct lc_buf host = {0};
    if (lc_uri_parse(&parts, text, &error) == LC_OK &&
        lc_uri_host(&parts, &host, &error) == LC_OK) {
        lua_newtable(L);
        lua_pushboolean(L, parts.secure);
        lua_setfield(L, -2, "secure");
        lua_pushboolean(L, parts.literal);
        lua_setfield(L, -2, "literal");
        lua_pushinteger(L, parts.port);
        lua_setfield(L, -2, "port");
        set_bytes(L, "host", parts.host);
        set_bytes(L, "path", parts.path);
        if (parts.query.data != NULL) {
            set_bytes(L, "query", parts.query);
        }
        set_bytes(L, "name", lc_buf_bytes(&host));
    }
    lc_buf_free(&host);
    release(text);
    return error.code == LC_OK ? 1 : push_error(L, &error);
}

/* uri_options(text) -> encoded options | nil, code, text */
static int uri_options(lua_State *L)
{
    struct lc_bytes text = check_bytes(L, 1);
    struct lc_error error = {0};
    struct lc_uri parts;
    struct lc_buf options = {0};
    if (lc_uri_parse(&parts, text, &error) == LC_OK) {
        lc_uri_options(&parts, &options, &error);
    }
    release(text);
    return push_buf(L, &options, &error);
}

/* normalise(text) -> text | nil, code, text */
static int normalise(lua_State *L)
{
    struct lc_bytes text = check_bytes(L, 1);
    struct lc_error error = {0};
    struct lc_buf out = {0};
    lc_uri_normalise(&out, text, &error);
    release(text);
    return push_buf(L, &out, &error);
}

static int push_text(lua_State *L, struct lc_buf *out, bool done)
{
    if (done) {
        push_bytes(L, lc_buf_bytes(out));
    } else {
        lua_pushnil(L);
    }
    lc_buf_free(out);
    return 1;
}

/* compose(encoded, host, port, secure) -> text | nil */
static int compose(lua_State *L)
{
    struct lc_uri_origin origin = {lua_toboolean(L, 4), luaL_optstring(L, 2, "192.0.2.1"),
        (uint16_t)luaL_optinteger(L, 3, LC_PORT)};
    struct lc_bytes encoded = check_bytes(L, 1);
    struct lc_buf out = {0};
    bool done = lc_uri_compose(&out, encoded, &origin);
    release(encoded);
    return push_text(L, &out, done);
}

/* path(encoded), query(encoded) -> text | nil */
static int path(lua_State *L)
{
    struct lc_bytes encoded = check_bytes(L, 1);
    struct lc_buf out = {0};
    bool done = lc_uri_path(&out, encoded);
    release(encoded);
    return push_text(L, &out, done);
}

static int query(lua_State *L)
{
    struct lc_bytes encoded = check_bytes(L, 1);
    struct lc_buf out = {0};
    bool done = lc_uri_query(&out, encoded);
    release(encoded);
    return push_text(L, &out, done);
}

/* Pushes { target, {name, value or false, quoted}, ... }. */
static void push_link(lua_State *L, struct lc_link link)
{
    struct lc_link_param param;
    lua_newtable(L);
    set_bytes(L, "target", link.target);
    for (lua_Integer i = 1; lc_link_param_next(&link.rest, &param) == 1; i++) {
        lua_createtable(L, 3, 0);
        push_bytes(L, param.name);
        lua_rawseti(L, -2, 1);
        if (param.has_value) {
            push_bytes(L, param.value);
        } else {
            lua_pushboolean(L, false);
        }
        lua_rawseti(L, -2, 2);
        lua_pushboolean(L, param.quoted);
        lua_rawseti(L, -2, 3);
        lua_rawseti(L, -2, i);
    }
}

/* links(text) -> { { target =, {name, value or false, quoted}, ... }, ... } | nil, offset */
static int links(lua_State *L)
{
    struct lc_bytes text = check_bytes(L, 1);
    struct lc_link link;
    size_t offset = 0;
    int result;
    lua_newtable(L);
    for (lua_Integer i = 1; (result = lc_link_next(text, &offset, &link)) == 1; i++) {
        push_link(L, link);
        lua_rawseti(L, -2, i);
    }
    release(text);
    if (result == 0) {
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)offset);
    return 2;
}

static bool write_param(lua_State *L, struct lc_buf *out)
{
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 3);
    size_t name_len, value_len = 0;
    const char *name = luaL_checklstring(L, -3, &name_len);
    const char *value = lua_tolstring(L, -2, &value_len);
    struct lc_link_param param = {
        .name = lc_bytes(name, name_len),
        .value = lc_bytes(value, value_len),
        .has_value = value != NULL,
        .quoted = lua_toboolean(L, -1),
    };
    lua_pop(L, 3);
    return lc_link_param(out, &param);
}

/* write_links(links as links() returns them, but without escapes) -> text | nil */
static int write_links(lua_State *L)
{
    struct lc_buf out = {0};
    bool done = true;
    for (lua_Integer i = 1; done && lua_rawgeti(L, 1, i) == LUA_TTABLE; i++) {
        lua_getfield(L, -1, "target");
        size_t len;
        const char *target = luaL_checklstring(L, -1, &len);
        done = lc_link_begin(&out, lc_bytes(target, len));
        lua_pop(L, 1);
        for (lua_Integer j = 1; done && lua_rawgeti(L, -1, j) == LUA_TTABLE; j++) {
            done = write_param(L, &out);
            lua_pop(L, 1);
        }
        lua_settop(L, 1);
    }
    return push_text(L, &out, done);
}

/* unescape(value) -> text | nil */
static int unescape(lua_State *L)
{
    struct lc_bytes value = check_bytes(L, 1);
    struct lc_buf out = {0};
    bool done = lc_link_unescape(&out, value);
    release(value);
    return push_text(L, &out, done);
}

/* filter(text, "name=value") -> text | nil */
static int filter(lua_State *L)
{
    struct lc_bytes text = check_bytes(L, 1), wanted = check_bytes(L, 2);
    struct lc_buf out = {0};
    bool done = lc_link_filter(&out, text, wanted);
    release(text);
    release(wanted);
    return push_text(L, &out, done);
}

int lc_probe_text(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"uri", uri},
        {"uri_options", uri_options},
        {"normalise", normalise},
        {"compose", compose},
        {"path", path},
        {"query", query},
        {"links", links},
        {"write_links", write_links},
        {"unescape", unescape},
        {"filter", filter},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
