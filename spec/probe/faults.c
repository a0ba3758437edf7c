/* probe.faults: one direction of net/fault.h by itself, for more peers than sockets can be had. */
#include "spec/probe/probe.h"

#include <lauxlib.h>

#include "component/fault_text.h"

#define LANE "lunacoap.probe.lane"

/* lane(faults, seed) */
static int new_lane(lua_State *L)
{
    struct lc_fault list[LC_FAULTS_MAX];
    size_t count;
    struct lc_error error;
    struct lc_fault_lane *lane = lua_newuserdatauv(L, sizeof *lane, 0);
    *lane = (struct lc_fault_lane){0};
    luaL_setmetatable(L, LANE);
    if (lc_fault_read(lc_bytes_text(luaL_checkstring(L, 1)), "lane", list, &count, &error) !=
        LC_OK) {
        return luaL_error(L, "%s", error.text);
    }
    if (!lc_fault_lane_set(lane, list, count, (uint64_t)luaL_checkinteger(L, 2), 0)) {
        return luaL_error(L, "no memory");
    }
    return 1;
}

/* lane:judge(peer) -> "dropped" or ""; the peer is a number. */
static int judge(lua_State *L)
{
    struct lc_fault_lane *lane = luaL_checkudata(L, 1, LANE);
    lua_Integer number = luaL_checkinteger(L, 2);
    struct lc_address peer;
    lc_address_any(&peer, true);
    peer.port = (uint16_t)number;
    peer.ip[12] = (uint8_t)(1 + (number >> 16));
    struct lc_verdict verdict = lc_fault_judge(lane, &peer, (const uint8_t *)"\x50\x01\0", 4, 0);
    lua_pushstring(L, verdict.is_dropped ? "dropped" : "");
    return 1;
}

static int free_lane(lua_State *L)
{
    lc_fault_lane_free(luaL_checkudata(L, 1, LANE));
    return 0;
}

int lc_probe_faults(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"judge", judge}, {"__close", free_lane}, {"__gc", free_lane}, {0, 0}};
    luaL_newmetatable(L, LANE);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    static const luaL_Reg functions[] = {{"lane", new_lane}, {0, 0}};
    luaL_newlib(L, functions);
    return 1;
}
