/* Waiting: by suspending the task, or by running the loop nested; see task.h. */
#include <lauxlib.h>

#include "base/memory.h"
#include "bindings/error.h"
#include "bindings/guard.h"
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

static int collect(lua_State *L)
{
    struct lc_wait *wait = lua_touserdata(L, 1);
    lose_task(wait);
    lc_content_release(wait->response);
    wait->response = NULL;
    lc_free(wait->arrival);
    wait->arrival = NULL;
    return 0;
}

void lc_wait_open(lua_State *L)
{
    lc_guard_register(L, WAIT, collect);
}

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
    struct lc_wait *wait = lua_newuserdatauv(L, sizeof *wait, 0);
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
    if (wait->over) {
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
        lua_toclose(L, -1); /* coroutine.close() is noticed */
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
    return k(L, LUA_OK, (lua_KContext)wait);
}
