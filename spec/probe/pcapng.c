/* probe.pcapng: the blocks of capture files, and the headers of their packets. */
#include "spec/probe/probe.h"

#include "net/ip.h"
#include "net/pcapng.h"
#include "net/source.h"

#include <lauxlib.h>

static struct lc_bytes field_bytes(lua_State *L, const char *name)
{
    size_t len = 0;
    lua_getfield(L, 1, name);
    const char *data = lua_tolstring(L, -1, &len);
    lua_pop(L, 1); /* the table holds it */
    return lc_bytes(data, len);
}

static lua_Integer field_integer(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    lua_Integer value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

static struct lc_address field_address(lua_State *L, const char *host, const char *port)
{
    struct lc_address address;
    luaL_argcheck(L, lc_address_parse(&address, field_bytes(L, host)), 1, "not an address");
    address.port = (uint16_t)field_integer(L, port);
    return address;
}

/* The bytes, or nil for want of memory, where the buffer is as it was. */
static int push(lua_State *L, struct lc_buf *buf, bool done)
{
    luaL_argcheck(L, done || buf->len == 0, 1, "a part of a block is left");
    if (done) {
        lua_pushlstring(L, (const char *)buf->data, buf->len);
    } else {
        lua_pushnil(L);
    }
    lc_buf_free(buf);
    return 1;
}

static int begin(lua_State *L)
{
    struct lc_buf buf = {0};
    bool done = lc_pcapng_begin(&buf);
    return push(L, &buf, done);
}

/* secrets(lines) */
static int secrets(lua_State *L)
{
    size_t len;
    const char *lines = luaL_checklstring(L, 1, &len);
    struct lc_buf buf = {0};
    bool done = lc_pcapng_secrets(&buf, lc_bytes(lines, len));
    return push(L, &buf, done);
}

/* packet{ from =, from_port =, to =, to_port =, data =, micros =, interface =, sent =, comment = }
 */
static int packet(lua_State *L)
{
    struct lc_buf buf = {0};
    lua_getfield(L, 1, "sent");
    struct lc_pcapng_packet what = {
        .interface = (enum lc_pcapng_interface)field_integer(L, "interface"),
        .is_sent = lua_toboolean(L, -1),
        .micros = field_integer(L, "micros"),
        .from = field_address(L, "from", "from_port"),
        .to = field_address(L, "to", "to_port"),
        .data = field_bytes(L, "data"),
        .comment = (const char *)field_bytes(L, "comment").data,
    };
    bool done = lc_pcapng_packet(&buf, &what);
    return push(L, &buf, done);
}

/* headers{ from =, from_port =, to =, to_port =, data = } */
static int headers(lua_State *L)
{
    uint8_t out[LC_IP_HEADERS];
    struct lc_address from = field_address(L, "from", "from_port");
    struct lc_address to = field_address(L, "to", "to_port");
    size_t len = lc_ip_headers(out, &from, &to, field_bytes(L, "data"));
    lua_pushlstring(L, (const char *)out, len);
    return 1;
}

/* source(host) -> host that it is sent from */
static int source(lua_State *L)
{
    static struct lc_sources sources;
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct lc_address remote;
    luaL_argcheck(L, lc_address_parse(&remote, lc_bytes(text, len)), 1, "not an address");
    struct lc_address found = lc_source_of(&sources, 1, &remote);
    char host[LC_ADDRESS_TEXT];
    lua_pushstring(L, lc_address_host(&found, host));
    return 1;
}

int lc_probe_pcapng(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"begin", begin},
        {"secrets", secrets},
        {"packet", packet},
        {"headers", headers},
        {"source", source},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
