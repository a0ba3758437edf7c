/* probe.containers: maps, groups, lists and timers, whose members are numbered here. */
#include "spec/probe/probe.h"

#include "base/group.h"
#include "base/list.h"
#include "base/map.h"
#include "base/timers.h"

#include <lauxlib.h>
#include <string.h>

enum { MEMBERS = 2000 };

static int check_member(lua_State *L, int arg)
{
    lua_Integer member = luaL_checkinteger(L, arg);
    luaL_argcheck(L, member >= 0 && member < MEMBERS, arg, "no such member");
    return (int)member;
}

static void *new_userdata(lua_State *L, size_t size, const char *name, const luaL_Reg *methods)
{
    void *data = lua_newuserdatauv(L, size, 1);
    memset(data, 0, size);
    if (luaL_newmetatable(L, name)) {
        luaL_setfuncs(L, methods, 0);
        lua_pushvalue(L, -1);
        lua_setfield(L, -2, "__index");
    }
    lua_setmetatable(L, -2);
    return data;
}

/* ---- map() ---- */

struct test_map {
    struct lc_map map;
    struct lc_map_node nodes[MEMBERS];
};

static struct test_map *check_map(lua_State *L)
{
    return luaL_checkudata(L, 1, "probe.map");
}

/* map:insert(member, hash) -> boolean */
static int map_insert(lua_State *L)
{
    struct test_map *test = check_map(L);
    struct lc_map_node *node = &test->nodes[check_member(L, 2)];
    lua_pushboolean(L, lc_map_insert(&test->map, node, (uint64_t)luaL_checkinteger(L, 3)));
    return 1;
}

/* map:remove(member) */
static int map_remove(lua_State *L)
{
    struct test_map *test = check_map(L);
    lc_map_remove(&test->map, &test->nodes[check_member(L, 2)]);
    return 0;
}

/* map:find(hash) -> { [member] = true, ... } */
static int map_find(lua_State *L)
{
    struct test_map *test = check_map(L);
    struct lc_map_node *node = lc_map_find(&test->map, (uint64_t)luaL_checkinteger(L, 2));
    lua_newtable(L);
    for (; node != NULL; node = lc_map_find_next(node)) {
        lua_pushboolean(L, 1);
        lua_rawseti(L, -2, node - test->nodes);
    }
    return 1;
}

/* map:all([remove]) -> { [member] = count, ... }; with `remove`, each is removed on the way. */
static int map_all(lua_State *L)
{
    struct test_map *test = check_map(L);
    bool remove = lua_toboolean(L, 2);
    lua_newtable(L);
    struct lc_map_node *node = lc_map_next(&test->map, NULL), *next;
    for (; node != NULL; node = next) {
        next = lc_map_next(&test->map, node);
        lua_rawgeti(L, -1, node - test->nodes);
        lua_pushinteger(L, lua_tointeger(L, -1) + 1);
        lua_rawseti(L, -3, node - test->nodes);
        lua_pop(L, 1);
        if (remove) {
            lc_map_remove(&test->map, node);
        }
    }
    return 1;
}

/* map:sizes() -> count, buckets */
static int map_sizes(lua_State *L)
{
    struct test_map *test = check_map(L);
    lua_pushinteger(L, (lua_Integer)test->map.count);
    lua_pushinteger(L, (lua_Integer)test->map.size);
    return 2;
}

static int map_free(lua_State *L)
{
    lc_map_free(&check_map(L)->map);
    return 0;
}

static int map(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"insert", map_insert},
        {"remove", map_remove},
        {"find", map_find},
        {"all", map_all},
        {"sizes", map_sizes},
        {"free", map_free},
        {"__gc", map_free},
        {0, 0},
    };
    new_userdata(L, sizeof(struct test_map), "probe.map", methods);
    return 1;
}

/* ---- group(): members whose key is their hash ---- */

struct test_group {
    struct lc_map map;
    struct lc_group_node nodes[MEMBERS];
};

static struct test_group *check_group(lua_State *L)
{
    return luaL_checkudata(L, 1, "probe.group");
}

static struct lc_group_node *head_of(struct test_group *test, uint64_t hash)
{
    struct lc_map_node *node = lc_map_find(&test->map, hash);
    return node == NULL ? NULL : lc_container(node, struct lc_group_node, node);
}

/* group:join(member, hash) -> boolean */
static int group_join(lua_State *L)
{
    struct test_group *test = check_group(L);
    uint64_t hash = (uint64_t)luaL_checkinteger(L, 3);
    struct lc_group_node *member = &test->nodes[check_member(L, 2)];
    lua_pushboolean(L, lc_group_join(&test->map, member, head_of(test, hash), hash));
    return 1;
}

/* group:leave(member) */
static int group_leave(lua_State *L)
{
    struct test_group *test = check_group(L);
    lc_group_leave(&test->map, &test->nodes[check_member(L, 2)]);
    return 0;
}

/* group:all(hash, [leaves]) -> { member, ... } in their order; leaves(member): it leaves on the way
 */
static int group_all(lua_State *L)
{
    struct test_group *test = check_group(L);
    struct lc_group_node *member = head_of(test, (uint64_t)luaL_checkinteger(L, 2)), *next;
    lua_settop(L, 3);
    lua_newtable(L);
    for (; member != NULL; member = next) {
        next = lc_group_next(member);
        lua_pushinteger(L, member - test->nodes);
        lua_rawseti(L, 4, (lua_Integer)lua_rawlen(L, 4) + 1);
        if (!lua_isnil(L, 3)) {
            lua_pushvalue(L, 3);
            lua_pushinteger(L, member - test->nodes);
            lua_call(L, 1, 1);
            if (lua_toboolean(L, -1)) {
                lc_group_leave(&test->map, member);
            }
            lua_pop(L, 1);
        }
    }
    return 1;
}

/* group:count() -> of groups */
static int group_count(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_group(L)->map.count);
    return 1;
}

static int group_free(lua_State *L)
{
    lc_map_free(&check_group(L)->map);
    return 0;
}

static int group(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"join", group_join},
        {"leave", group_leave},
        {"all", group_all},
        {"count", group_count},
        {"__gc", group_free},
        {0, 0},
    };
    struct test_group *test = new_userdata(L, sizeof *test, "probe.group", methods);
    for (int i = 0; i < MEMBERS; i++) {
        lc_group_init(&test->nodes[i]);
    }
    return 1;
}

/* ---- list() ---- */

struct test_list {
    struct lc_list list;
    struct member {
        int number;
        struct lc_list link;
    } members[MEMBERS];
};

static struct test_list *check_list(lua_State *L)
{
    return luaL_checkudata(L, 1, "probe.list");
}

static int list_append(lua_State *L)
{
    struct test_list *test = check_list(L);
    lc_list_append(&test->list, &test->members[check_member(L, 2)].link);
    return 0;
}

static int list_prepend(lua_State *L)
{
    struct test_list *test = check_list(L);
    lc_list_prepend(&test->list, &test->members[check_member(L, 2)].link);
    return 0;
}

static int list_remove(lua_State *L)
{
    struct test_list *test = check_list(L);
    lc_list_remove(&test->members[check_member(L, 2)].link);
    return 0;
}

/* list:all([remove]) -> { member, ... }; with `remove`, each is removed on the way. */
static int list_all(lua_State *L)
{
    struct test_list *test = check_list(L);
    bool remove = lua_toboolean(L, 2);
    lua_newtable(L);
    lc_list_for_each (link, &test->list) {
        lua_pushinteger(L, lc_container(link, struct member, link)->number);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        if (remove) {
            lc_list_remove(link);
        }
    }
    luaL_argcheck(L, !remove || lc_list_empty(&test->list), 1, "not empty");
    return 1;
}

static int list(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"append", list_append},
        {"prepend", list_prepend},
        {"remove", list_remove},
        {"all", list_all},
        {0, 0},
    };
    struct test_list *test = new_userdata(L, sizeof *test, "probe.list", methods);
    lc_list_init(&test->list);
    for (int i = 0; i < MEMBERS; i++) {
        test->members[i].number = i;
        lc_list_init(&test->members[i].link);
    }
    return 1;
}

/* ---- timers() ---- */

struct test_timers {
    struct lc_timers timers;
    lua_State *L; /* of the run that is going on; its argument 3 is the function to call */
    struct test_timer {
        struct lc_timer timer;
        struct test_timers *test;
    } members[MEMBERS];
};

static struct test_timers *check_timers(lua_State *L)
{
    return luaL_checkudata(L, 1, "probe.timers");
}

static void fire(struct lc_timer *timer)
{
    struct test_timer *member = lc_container(timer, struct test_timer, timer);
    lua_State *L = member->test->L;
    lua_pushvalue(L, 3);
    lua_pushinteger(L, member - member->test->members);
    lua_call(L, 1, 0);
}

/* timers:set(member, at), timers:clear(member), timers:is_set(member) */
static int timers_set(lua_State *L)
{
    struct test_timers *test = check_timers(L);
    struct test_timer *member = &test->members[check_member(L, 2)];
    lc_timer_set(&test->timers, &member->timer, luaL_checkinteger(L, 3));
    return 0;
}

static int timers_clear(lua_State *L)
{
    struct test_timers *test = check_timers(L);
    lc_timer_clear(&test->timers, &test->members[check_member(L, 2)].timer);
    return 0;
}

static int timers_is_set(lua_State *L)
{
    struct test_timers *test = check_timers(L);
    lua_pushboolean(L, lc_timer_is_set(&test->timers, &test->members[check_member(L, 2)].timer));
    return 1;
}

/* timers:next() -> time of the earliest, or nil */
static int timers_next(lua_State *L)
{
    lc_time at = lc_timers_next(&check_timers(L)->timers);
    if (at == LC_NEVER) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, at);
    }
    return 1;
}

/* timers:run(now, f): f(member) for each timer that fires. May nest. */
static int timers_run(lua_State *L)
{
    struct test_timers *test = check_timers(L);
    lua_State *outer = test->L;
    luaL_checktype(L, 3, LUA_TFUNCTION);
    test->L = L;
    test->timers.now = luaL_checkinteger(L, 2);
    lc_timers_run(&test->timers);
    test->L = outer;
    return 0;
}

static int timers(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"set", timers_set},
        {"clear", timers_clear},
        {"is_set", timers_is_set},
        {"next", timers_next},
        {"run", timers_run},
        {0, 0},
    };
    struct test_timers *test = new_userdata(L, sizeof *test, "probe.timers", methods);
    for (int i = 0; i < MEMBERS; i++) {
        lc_timer_init(&test->members[i].timer, fire);
        test->members[i].test = test;
    }
    return 1;
}

int lc_probe_containers(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"map", map},
        {"group", group},
        {"list", list},
        {"timers", timers},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
