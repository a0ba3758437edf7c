/* Waiting: by suspending the task, or by running the loop nested; see task.h. */
#include <lauxlib.h>

#include "base/memory.h"
#include "bindings/error.h"
#include "bindings/limit.h"
#include "bindings/state.h"
#include "bindings/task.h"
#include "component/call.h"

#define WAIT "lunacoap.Wait"

static void let_go(struct lc_wait *wait)
{
    lc_timer_clear(lc_loop_timers(wait->state->loop), &wait->timer);
    lc_list_remove(&wait->link);
    if (wait->timed) {
        wait->timed = false;
        lc_state_end_activity(wait->state);
    }
    if (wait->call != NULL) {
        lc_call_abandon(wait->call);
        wait->call = NULL;
    }
}

/* A script has taken the thread of the task that waits. */
static void lose_task(struct lc_wait *wait)
{
    let_go(wait);
    if (wait->task != NULL) {
        lc_task_lose(wait->task);
        wait->task = NULL;
    }
}

static void release(struct lc_wait *wait)
{
    lose_task(wait);
    lc_content_release(wait->response);
    wait->response = NULL;
    lc_free(wait->arrival);
    wait->arrival = NULL;
}

static int collect(lua_State *L)
{
    release(lua_touserdata(L, 1));
    return 0;
}

/* ---- Spare ones ---- */

/*
 * Waits are used again: each has a finalizer, and Lua frees such objects only a collection after it
 * has found them dead, and begins each collection the later the more of them there were. Of a
 * script that waits in a loop, and has much else in memory, gigabytes would be garbage.
 */
enum { SPARE_WAITS = 64 };

static const char spares_key;

/* How many the table in the registry has is state->spare_waits. */
static void push_spares(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &spares_key);
}

static int close(lua_State *L)
{
    struct lc_wait *wait = lua_touserdata(L, 1);
    struct lc_state *state = wait->state;
    release(wait);
    if (wait->done && state->spare_waits < SPARE_WAITS) {
        wait->done = false;
        push_spares(L);
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, (lua_Integer)++state->spare_waits); /* there is room: no error */
    }
    return 0;
}

/* Pushes a spare one, or a new one. */
static struct lc_wait *push_any(lua_State *L, struct lc_state *state)
{
    if (state->spare_waits == 0) {
        return lua_newuserdatauv(L, sizeof(struct lc_wait), 0);
    }
    push_spares(L);
    lua_rawgeti(L, -1, (lua_Integer)state->spare_waits);
    lua_pushnil(L);
    lua_rawseti(L, -3, (lua_Integer)state->spare_waits--);
    lua_remove(L, -2);
    return lua_touserdata(L, -1);
}

void lc_wait_open(lua_State *L)
{
    const luaL_Reg methods[] = {{"__close", close}, {"__gc", collect}, {NULL, NULL}};
    luaL_newmetatable(L, WAIT);
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
    lua_createtable(L, SPARE_WAITS, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &spares_key);
}

/* ---- Waiting ---- */

static void run_out(struct lc_timer *timer)
{
    lc_wait_over(lc_container(timer, struct lc_wait, timer));
}

struct lc_wait *lc_wait_push(lua_State *L)
{
    struct lc_state *state = lc_state_of(L);
    if (lc_state_finalizes(L)) {
        lc_error_raisef(L, LC_ERROR_USAGE, "a finalizer (__gc) may not wait");
    }
    if (state->current != NULL && !state->current->may_wait) {
        lc_error_raisef(L, LC_ERROR_USAGE, "OnLog, OnError and OnSSLStatus may not wait");
    }
    struct lc_wait *wait = push_any(L, state);
    *wait = (struct lc_wait){.state = state};
    lc_list_init(&wait->link);
    lc_timer_init(&wait->timer, run_out);
    luaL_setmetatable(L, WAIT);
    return wait;
}

void lc_wait_until(struct lc_wait *wait, lc_time delay)
{
    struct lc_timers *timers = lc_loop_timers(wait->state->loop);
    lc_loop_update(wait->state->loop); /* the script may have computed for long */
    if (delay != LC_NEVER) {
        lc_timer_set(timers, &wait->timer, timers->now + delay);
    }
    wait->timed = true;
    lc_state_begin_activity(wait->state);
}

void lc_wait_for_task(struct lc_wait *wait, struct lc_task *task)
{
    lc_list_append(&task->waiting, &wait->link);
}

void lc_wait_idle(struct lc_wait *wait)
{
    wait->turn = wait->state->turns;
    lc_list_append(&wait->state->idlers, &wait->link);
}

void lc_wait_drop(struct lc_wait *wait)
{
    wait->task = NULL;
    let_go(wait);
}

void lc_wait_over(struct lc_wait *wait)
{
    wait->over = true;
    let_go(wait);
    if (wait->task != NULL) {
        lc_task_make_ready(wait->task);
    }
}

static int resumed(lua_State *L, int status, lua_KContext context)
{
    struct lc_wait *wait = (struct lc_wait *)context;
    bool by_loop = wait->over && wait->state->current == wait->task;
    if (!by_loop) {
        lose_task(wait);
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "the coroutine of a suspended task is resumed by the loop, not by coroutine.resume");
    }
    struct lc_task *task = wait->task;
    wait->task = NULL;
    wait->done = true;
    lc_limit_check(L, task);
    return wait->k(L, status, context);
}

/* The time of what waits is over. */
static int give_up(lua_State *L, struct lc_wait *wait)
{
    let_go(wait);
    lc_limit_check(L, wait->state->current);
    return 0;
}

int lc_wait_run(lua_State *L, struct lc_wait *wait, lua_KFunction k)
{
    struct lc_state *state = wait->state;
    struct lc_task *task = state->current;
    lua_toclose(L, -1); /* coroutine.close() is noticed */
    if (wait->over) {
        wait->done = true;
        return k(L, LUA_OK, (lua_KContext)wait);
    }
    if (lc_limit_is_over(L, task)) {
        return give_up(L, wait);
    }
    if (task != NULL && task->firing != NULL) {
        lc_firing_suspend(task->firing);
    }
    if (task != NULL && task->thread == L && lua_isyieldable(L)) {
        wait->task = task;
        wait->k = k;
        task->wait = wait;
        return lua_yieldk(L, 0, (lua_KContext)wait, resumed);
    }
    while (!wait->over) {
        if (state->stopping) {
            let_go(wait);
            return lc_error_raisef(L, LC_ERROR_CANCELED, "%s", "the loop was stopped");
        } else if (lc_limit_is_over(L, task)) {
            return give_up(L, wait);
        }
        lc_state_turn(L, state, LC_NEVER);
    }
    wait->done = true;
    return k(L, LUA_OK, (lua_KContext)wait);
}
