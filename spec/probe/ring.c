/* probe.ring: the memory of datagrams. */
#include "spec/probe/probe.h"

#include "net/ring.h"

#include <lauxlib.h>

/* fill(limit, count, len, [secrets]) -> how many of so many records of a length are kept, their
 * bytes, the number of the first, how many of the secrets. */
static int fill(lua_State *L)
{
    static const uint8_t zeroes[65536];
    struct lc_ring ring;
    lc_ring_init(&ring);
    lc_ring_limit(&ring, (size_t)luaL_checkinteger(L, 1));
    size_t len = (size_t)luaL_checkinteger(L, 3);
    luaL_argcheck(L, len <= sizeof zeroes, 3, "too long");
    for (lua_Integer i = 1; i <= luaL_checkinteger(L, 2); i++) {
        lc_ring_add(
            &ring, &(struct lc_record){.number = (uint64_t)i}, lc_bytes(zeroes, len), "a remark");
    }
    for (lua_Integer i = 0; i < luaL_optinteger(L, 4, 0); i++) {
        lc_ring_add_secret(&ring, lc_bytes_text("a line"));
    }
    const struct lc_record *first = lc_container(ring.records.next, struct lc_record, link);
    lua_pushinteger(L, (lua_Integer)ring.count);
    lua_pushinteger(L, (lua_Integer)ring.bytes);
    lua_pushinteger(L, ring.count == 0 ? 0 : (lua_Integer)first->number);
    lua_pushinteger(L, (lua_Integer)ring.secret_count);
    lc_ring_limit(&ring, 0);
    return 4;
}

int lc_probe_ring(lua_State *L)
{
    static const luaL_Reg functions[] = {{"fill", fill}, {0, 0}};
    luaL_newlib(L, functions);
    return 1;
}
