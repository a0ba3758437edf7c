/* probe.request_block: the block machines and shared bodies. */
#include "spec/probe/probe.h"

#include "request/block_recv.h"
#include "request/block_send.h"

#include <lauxlib.h>

static const char SENDER[] = "probe.block_send", RECEIVER[] = "probe.block_recv";

struct probe_sender {
    struct lc_block_send send;
};

static struct lc_bytes check_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    return lc_bytes(data, len);
}

static struct lc_block check_block(lua_State *L, int num, int more, int szx)
{
    return (struct lc_block){.num = (uint32_t)luaL_checkinteger(L, num),
        .more = lua_toboolean(L, more),
        .szx = (uint8_t)luaL_checkinteger(L, szx)};
}

/* Pushes num, more, szx, bytes. */
static int push_slice(lua_State *L, bool found, const struct lc_block_slice *slice)
{
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, slice->block.num);
    lua_pushboolean(L, slice->block.more);
    lua_pushinteger(L, slice->block.szx);
    lua_pushlstring(
        L, slice->bytes.len == 0 ? "" : (const char *)slice->bytes.data, slice->bytes.len);
    return 4;
}

/* slice(body, num, szx, max_szx) -> num, more, szx, bytes | nil */
static int slice(lua_State *L)
{
    struct lc_block_slice found;
    struct lc_block wanted = {
        .num = (uint32_t)luaL_checkinteger(L, 2), .szx = (uint8_t)luaL_checkinteger(L, 3)};
    bool ok = lc_block_slice(check_bytes(L, 1), wanted, (uint8_t)luaL_checkinteger(L, 4), &found);
    return push_slice(L, ok, &found);
}

/* sender(body, szx) */
static int sender(lua_State *L)
{
    struct lc_bytes body = check_bytes(L, 1);
    struct probe_sender *probe = lua_newuserdatauv(L, sizeof *probe, 1);
    lc_block_send_start(&probe->send, body, (uint8_t)luaL_checkinteger(L, 2));
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, SENDER);
    return 1;
}

/* sender:slice() -> num, more, szx, bytes | nil */
static int sender_slice(lua_State *L)
{
    struct probe_sender *probe = luaL_checkudata(L, 1, SENDER);
    struct lc_block_slice present;
    return push_slice(L, lc_block_send_slice(&probe->send, &present), &present);
}

/* sender:confirm(num, szx) -> "next" | "last" | "wrong" */
static int sender_confirm(lua_State *L)
{
    static const char *const names[] = {"next", "last", "wrong"};
    struct probe_sender *probe = luaL_checkudata(L, 1, SENDER);
    struct lc_block echo = {
        .num = (uint32_t)luaL_checkinteger(L, 2), .szx = (uint8_t)luaL_checkinteger(L, 3)};
    lua_pushstring(L, names[lc_block_send_confirm(&probe->send, echo)]);
    return 1;
}

/* sender:shrink(szx) -> boolean */
static int sender_shrink(lua_State *L)
{
    struct probe_sender *probe = luaL_checkudata(L, 1, SENDER);
    lua_pushboolean(L, lc_block_send_shrink(&probe->send, (uint8_t)luaL_checkinteger(L, 2)));
    return 1;
}

static int receiver(lua_State *L)
{
    struct lc_block_recv *recv = lua_newuserdatauv(L, sizeof *recv, 0);
    memset(recv, 0, sizeof *recv);
    luaL_setmetatable(L, RECEIVER);
    return 1;
}

/* receiver:accept(num, more, szx, payload, [limit, size_hint]) -> result, length so far */
static int receiver_accept(lua_State *L)
{
    static const char *const names[] = {
        "continue", "complete", "repeated", "gap", "too large", "bad", "no memory"};
    struct lc_block_recv *recv = luaL_checkudata(L, 1, RECEIVER);
    enum lc_block_result result =
        lc_block_recv_accept(recv, check_block(L, 2, 3, 4), check_bytes(L, 5),
            (size_t)luaL_optinteger(L, 7, 0), (size_t)luaL_optinteger(L, 6, 1 << 20));
    lua_pushstring(L, names[result]);
    lua_pushinteger(L, (lua_Integer)lc_block_recv_len(recv));
    return 2;
}

/* receiver:etag(num, [etag]) -> boolean */
static int receiver_etag(lua_State *L)
{
    struct lc_block_recv *recv = luaL_checkudata(L, 1, RECEIVER);
    struct lc_block block = {.num = (uint32_t)luaL_checkinteger(L, 2)};
    struct lc_bytes etag = lua_isnoneornil(L, 3) ? lc_bytes(NULL, 0) : check_bytes(L, 3);
    lua_pushboolean(L, lc_block_recv_etag(recv, block, etag));
    return 1;
}

/* receiver:body() -> string */
static int receiver_body(lua_State *L)
{
    struct lc_block_recv *recv = luaL_checkudata(L, 1, RECEIVER);
    lua_pushlstring(L, recv->body.len == 0 ? "" : (const char *)recv->body.data, recv->body.len);
    return 1;
}

static int receiver_reset(lua_State *L)
{
    lc_block_recv_reset(luaL_checkudata(L, 1, RECEIVER));
    return 0;
}

static int receiver_free(lua_State *L)
{
    lc_block_recv_free(luaL_checkudata(L, 1, RECEIVER));
    return 0;
}

static void new_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

int lc_probe_request_block(lua_State *L)
{
    static const luaL_Reg sender_methods[] = {
        {"slice", sender_slice}, {"confirm", sender_confirm}, {"shrink", sender_shrink}, {0, 0}};
    static const luaL_Reg receiver_methods[] = {{"accept", receiver_accept},
        {"etag", receiver_etag}, {"body", receiver_body}, {"reset", receiver_reset},
        {"free", receiver_free}, {"__gc", receiver_free}, {0, 0}};
    static const luaL_Reg functions[] = {
        {"slice", slice}, {"sender", sender}, {"receiver", receiver}, {0, 0}};
    new_class(L, SENDER, sender_methods);
    new_class(L, RECEIVER, receiver_methods);
    luaL_newlib(L, functions);
    return 1;
}
