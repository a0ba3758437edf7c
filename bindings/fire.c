/* Handlers as tasks; see fire.h. */
#include "bindings/fire.h"

#include <lauxlib.h>
#include <stdio.h>

#include "bindings/component.h"
#include "bindings/error.h"
#include "bindings/event.h"
#include "bindings/task.h"
#include "component/call.h"

/* ---- Handlers that may suspend ---- */

static int handler_returned(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

/* Runs in the task's thread, protected: looks the handler up, makes the event object, calls. */
static int run_handler(lua_State *L)
{
    struct lc_task *task = lua_touserdata(L, 1);
    struct lc_firing *firing = task->firing;
    const struct lc_component *component = firing->component;
    lc_component_push(L, task->state, component);
    if (lc_component_push_handler(L, 2, firing->event.id) != LUA_TFUNCTION) {
        return 0;
    }
    lua_pushvalue(L, 2);
    task->event =
        lc_event_push(L, task->state, &firing->event, lc_component_settings(component)->code_page);
    lua_pushvalue(L, -1);
    lua_replace(L, 1);
    /* Component and event stay below the call: those who fired look at them when it has returned,
     * even if the handler has shut the component down and nobody else knows it. */
    lua_callk(L, 2, 0, 0, handler_returned);
    return 0;
}

/* The words for OnError: what was raised and from where. Protected, since making it may raise. */
static int tell_error(lua_State *L)
{
    struct lc_task *task = lua_touserdata(L, 1);
    struct lc_component *component = lua_touserdata(L, 2);
    lc_error_from_thread(L, task->thread);
    lua_getfield(L, -1, "Code");
    int code = (int)lua_tointeger(L, -1);
    lua_getfield(L, -2, "Where");
    lua_getfield(L, -3, "Traceback");
    lua_getfield(L, -4, "Message");
    const char *where = lua_tostring(L, -3), *trace = lua_tostring(L, -2);
    const char *message = luaL_tolstring(L, -1, NULL);
    const char *text = lua_pushfstring(L, "%s%s%s%s%s", where == NULL ? "" : where,
        where == NULL ? "" : ": ", message, trace == NULL ? "" : "\n", trace == NULL ? "" : trace);
    lc_component_tell_error(component, code, text);
    return 0;
}

static void report_failure(struct lc_task *task, struct lc_component *component)
{
    lua_State *L = task->state->running;
    lua_pushcfunction(L, tell_error);
    lua_pushlightuserdata(L, task);
    lua_pushlightuserdata(L, component);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
        lua_pop(L, 1);
        lc_component_tell_error(component, LC_ERROR_NO_MEMORY, "a handler failed: out of memory");
    }
}

static void handler_ended(struct lc_task *task, bool returned)
{
    struct lc_firing *firing = task->firing;
    task->firing = NULL;
    if (task->event != NULL) {
        task->event->open = false;
        firing->event.flag = task->event->event.flag;
    }
    if (!returned && firing->component != NULL) {
        report_failure(task, firing->component);
    } else if (!returned) {
        lc_task_report(task);
    }
    lc_firing_done(firing, returned);
}

static void fire(struct lc_component *component, struct lc_firing *firing)
{
    struct lc_state *state = lc_component_state(component);
    struct lc_task *task = lc_task_new(state, handler_ended);
    if (task == NULL) {
        lc_component_tell_error(component, LC_ERROR_NO_MEMORY, "no memory to run a handler");
        lc_firing_done(firing, false);
        return;
    }
    task->firing = firing;
    task->subject = component;
    lua_pushcfunction(task->thread, run_handler);
    lua_pushlightuserdata(task->thread, task);
    lc_task_resume(task, 1);
}

/* ---- Handlers that may not: OnLog, OnError, OnSSLStatus, OnPSKLookup, OnTransfer ---- */

struct telling {
    struct lc_component *component;
    const struct lc_event *event;
    bool handled, returned;
};

static int run_teller(lua_State *L)
{
    struct telling *telling = lua_touserdata(L, 1);
    struct lc_state *state = lc_component_state(telling->component);
    lc_component_push(L, state, telling->component);
    if (lc_component_push_handler(L, 2, telling->event->id) != LUA_TFUNCTION) {
        return 0;
    }
    telling->handled = true;
    lua_pushvalue(L, 2);
    struct lc_event_object *object = lc_event_push(
        L, state, telling->event, lc_component_settings(telling->component)->code_page);
    lua_pushvalue(L, -1);
    lua_replace(L, 1);
    lua_call(L, 2, 0);
    object->open = false;
    telling->returned = true;
    return 0;
}

static void teller_ended(struct lc_task *task, bool returned)
{
    if (!returned) {
        lc_task_report(task);
    }
}

/* What OnPSKLookup or OnTransfer raises is an error of the script like any other handler's. */
static void other_ended(struct lc_task *task, bool returned)
{
    if (!returned) {
        task->state->telling = false;
        report_failure(task, task->subject);
        task->state->telling = true;
    }
}

static bool is_line(const struct lc_event *event)
{
    return event->id == LC_ON_LOG || event->id == LC_ON_SSL_STATUS;
}

static bool tell(struct lc_component *component, const struct lc_event *event)
{
    struct lc_state *state = lc_component_state(component);
    if (state->telling) {
        return is_line(event); /* lines about the handling of a line are dropped */
    }
    bool plain = is_line(event) || event->id == LC_ON_ERROR;
    struct lc_task *task = lc_task_new(state, plain ? teller_ended : other_ended);
    if (task == NULL) {
        return false;
    }
    struct telling telling = {component, event, false, false};
    const char *inside = state->inside;
    task->may_wait = false;
    task->subject = component;
    state->telling = true;
    /* The protocol is in the middle of something. OnError may act, but not on what is raised
     * there. */
    state->inside = event->id == LC_ON_ERROR ? inside : lc_event_rows[event->id].handler;
    lua_pushcfunction(task->thread, run_teller);
    lua_pushlightuserdata(task->thread, &telling);
    lc_task_resume(task, 1);
    state->telling = false;
    state->inside = inside;
    /* What a handler that failed has set is not its answer. */
    return plain ? telling.handled : telling.returned;
}

/* ---- The rest ---- */

static void finished(struct lc_call *call)
{
    struct lc_wait *wait = call->waiter;
    wait->error = call->error;
    wait->response = call->response;
    if (wait->response != NULL) {
        wait->response->refs++;
    }
    wait->call = NULL;
    lc_wait_over(wait);
}

static void active(struct lc_component *component, bool is_active)
{
    struct lc_state *state = lc_component_state(component);
    lc_component_pin(state, component, is_active);
    if (is_active) {
        lc_state_begin_activity(state);
    } else {
        lc_state_end_activity(state);
    }
}

const struct lc_stage_upcalls lc_fire_upcalls = {
    .fire = fire,
    .tell = tell,
    .finished = finished,
    .active = active,
};
