/* Timers of scripts; see timer.h. */
#include "bindings/timer.h"

#include <lauxlib.h>

#include "bindings/error.h"
#include "bindings/loop.h"
#include "bindings/spawn.h"
#include "bindings/state.h"
#include "bindings/task.h"

#define TIMER "lunacoap.Timer"

struct timer {
    struct lc_state *state;
    struct lc_timer timer;
    lc_time repeat;
    int pin; /* registry: keeps the object while it is set; its function is a user value */
};

static void timer_stop(struct timer *timer, lua_State *L)
{
    if (timer->pin != LUA_NOREF) {
        lc_timer_clear(lc_loop_timers(timer->state->loop), &timer->timer);
        luaL_unref(L, LUA_REGISTRYINDEX, timer->pin);
        timer->pin = LUA_NOREF;
        lc_state_end_activity(timer->state);
    }
}

static int timer_returned(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

/* The task of a timer that has fired, unless another task has stopped it or set it again meanwhile.
 */
static int run_timer(lua_State *L)
{
    struct timer *timer = lua_touserdata(L, 1);
    bool is_set = lc_timer_is_set(lc_loop_timers(timer->state->loop), &timer->timer);
    if (timer->pin == LUA_NOREF || is_set) {
        return 0;
    }
    if (timer->repeat > 0) {
        lc_timer_set(lc_loop_timers(timer->state->loop), &timer->timer,
            lc_loop_now(timer->state) + timer->repeat);
    } else {
        timer_stop(timer, L);
    }
    lua_getiuservalue(L, 1, 1);
    lua_callk(L, 0, 0, 0, timer_returned);
    return 0;
}

/* Protected, since making a task may raise. */
static int begin_timer(lua_State *L)
{
    struct timer *timer = lua_touserdata(L, 1);
    lua_pushcfunction(L, run_timer);
    lua_rawgeti(L, LUA_REGISTRYINDEX, timer->pin);
    lc_spawn_function(L, timer->state, 1, lc_spawn_ended);
    return 0;
}

#define RETRY (LC_SECOND / 10)

static void on_timer(struct lc_timer *fired)
{
    struct timer *timer = lc_container(fired, struct timer, timer);
    lua_State *L = timer->state->running;
    lua_pushcfunction(L, begin_timer);
    lua_pushlightuserdata(L, timer);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        /* Out of memory: a moment later there may be some. */
        lua_pop(L, 1);
        lc_timer_set(lc_loop_timers(timer->state->loop), fired, lc_loop_now(timer->state) + RETRY);
    }
}

int lc_timer_object_new(lua_State *L)
{
    lc_time after = lc_loop_check_seconds(L, 1, "timer", ""), repeat = 0;
    if (!lua_isnoneornil(L, 2)) {
        repeat = lc_loop_check_seconds(L, 2, "timer's second argument", " or nil");
    }
    lc_loop_check_function(L, 3, "timer");
    struct timer *timer = lua_newuserdatauv(L, sizeof *timer, 1);
    *timer = (struct timer){.state = lc_state_of(L), .repeat = repeat, .pin = LUA_NOREF};
    lc_timer_init(&timer->timer, on_timer);
    luaL_setmetatable(L, TIMER);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    timer->pin = luaL_ref(L, LUA_REGISTRYINDEX);
    lc_timer_set(
        lc_loop_timers(timer->state->loop), &timer->timer, lc_loop_now(timer->state) + after);
    lc_state_begin_activity(timer->state);
    return 1;
}

static int timer_method_stop(lua_State *L)
{
    timer_stop(luaL_checkudata(L, 1, TIMER), L);
    return 0;
}

/* again(after): fires then, whatever it was set to; also one that has fired or was stopped. */
static int timer_method_again(lua_State *L)
{
    struct timer *timer = luaL_checkudata(L, 1, TIMER);
    lc_time after = lc_loop_check_seconds(L, 2, "again", "");
    lc_state_of(L); /* raises in a finalizer after the loop's end */
    if (timer->pin == LUA_NOREF) {
        lua_pushvalue(L, 1);
        timer->pin = luaL_ref(L, LUA_REGISTRYINDEX);
        lc_state_begin_activity(timer->state);
    }
    lc_timer_set(
        lc_loop_timers(timer->state->loop), &timer->timer, lc_loop_now(timer->state) + after);
    return 0;
}

void lc_timer_object_register(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"again", timer_method_again}, {"stop", timer_method_stop}, {NULL, NULL}};
    luaL_newmetatable(L, TIMER);
    lua_pushcfunction(L, timer_method_stop);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
