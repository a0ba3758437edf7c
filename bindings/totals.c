/* The sums over all components as a table; see totals.h. */
#include "bindings/totals.h"

#include "bindings/state.h"
#include "component/totals.h"

int lc_statistics(lua_State *L)
{
    struct lc_totals totals = lc_totals_of(&lc_state_of(L)->stage);
    const struct {
        const char *name;
        uint64_t count;
    } fields[] = {
        {"sent", totals.sent},
        {"received", totals.received},
        {"retransmissions", totals.retransmissions},
        {"duplicates", totals.duplicates},
        {"malformed", totals.malformed},
        {"dropped", totals.dropped},
        {"refused", totals.refused},
        {"open", totals.open},
    };
    lua_createtable(L, 0, sizeof fields / sizeof fields[0]);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        lua_pushinteger(L, (lua_Integer)fields[i].count);
        lua_setfield(L, -2, fields[i].name);
    }
    return 1;
}
