/* Loop functions; see loop.h. */
#include "bindings/loop.h"

#include <lauxlib.h>
#include <signal.h>

#include "bindings/error.h"
#include "bindings/state.h"
#include "bindings/task.h"

#define TIMER "lunacoap.Timer"
#define TASK "lunacoap.Task"

/* Delays beyond some years mean a mistake in units. */
#define LONGEST_DELAY 1e9

lc_time lc_loop_check_seconds(lua_State *L, int index, const char *what, const char *or_else)
{
    int is_number;
    lua_Number seconds = lua_tonumberx(L, index, &is_number);
    if (!is_number || lua_type(L, index) != LUA_TNUMBER || !(seconds >= 0) ||
        seconds > LONGEST_DELAY) {
        lc_error_raisef(L, LC_ERROR_USAGE, "%s takes seconds from 0 to 1e9%s, not %s", what,
            or_else, lc_error_describe(L, index));
    }
    /* However short it is, the clock goes on, in virtual time too: what is left of a time, computed
     * with fractions, comes to an end. */
    lc_time time = (lc_time)(seconds * LC_SECOND + 0.5);
    return time == 0 && seconds > 0 ? 1 : time;
}

static void check_function(lua_State *L, int index, const char *what)
{
    if (!lua_isfunction(L, index)) {
        lc_error_raisef(
            L, LC_ERROR_USAGE, "%s takes a function, not %s", what, lc_error_describe(L, index));
    }
}

/* The loop's clock stands still while a script computes. */
static lc_time now(struct lc_state *state)
{
    lc_loop_update(state->loop);
    return lc_loop_timers(state->loop)->now;
}

static int loop_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)now(lc_state_of(L)) / LC_SECOND);
    return 1;
}

static int slept(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

static int loop_sleep(lua_State *L)
{
    lc_time delay = lc_loop_check_seconds(L, 1, "sleep", "");
    struct lc_wait *wait = lc_wait_push(L);
    lc_wait_until(wait, delay);
    return lc_wait_run(L, wait, slept);
}

/* ---- Functions that run as tasks of their own ---- */

static void function_ended(struct lc_task *task, bool returned)
{
    if (!returned) {
        lc_task_report(task);
        if (task->state->exit_code == 0) {
            task->state->exit_code = 1;
        }
    }
}

/* Begins a task for the function and its arguments at the top of L's stack, which are popped. */
static struct lc_task *begin_function(
    lua_State *L, struct lc_state *state, int args, void (*ended)(struct lc_task *, bool))
{
    struct lc_task *task = lc_task_new(state, ended);
    if (task == NULL || !lua_checkstack(task->thread, args + 1)) {
        lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
        return NULL;
    }
    lua_xmove(L, task->thread, args + 1);
    task->counted = true;
    lc_state_begin_activity(state);
    lc_task_make_ready(task);
    return task;
}

/* What spawn returns. Its user value is the thread, which knows its task; threads serve again, so
 * that the number tells whether that is the one. */
struct handle {
    uint64_t number;
};

int lc_loop_spawn(lua_State *L)
{
    check_function(L, 1, "spawn");
    int args = lua_gettop(L) - 1;
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);
    handle->number = 0;
    luaL_setmetatable(L, TASK);
    lua_insert(L, 1);
    struct lc_task *task = begin_function(L, lc_state_of(L), args, function_ended);
    handle->number = task->number;
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->ref);
    lua_setiuservalue(L, 1, 1);
    return 1;
}

/* The handle's task, or NULL: it has ended. */
static struct lc_task *task_of(lua_State *L)
{
    const struct handle *handle = luaL_testudata(L, 1, TASK);
    if (handle == NULL) {
        lc_error_raisef(
            L, LC_ERROR_USAGE, "a method of a task was called on %s", lc_error_describe(L, 1));
        return NULL;
    }
    lua_getiuservalue(L, 1, 1);
    lua_State *thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    struct lc_task *task = thread == NULL ? NULL : lc_task_of_thread(thread);
    return task != NULL && task->number == handle->number ? task : NULL;
}

/* cancel() -> whether it had not ended yet */
static int task_cancel(lua_State *L)
{
    struct lc_task *task = task_of(L);
    if (task == NULL) {
        lua_pushboolean(L, false);
        return 1;
    }
    if (!lc_task_close(task)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "a task that runs cannot be cancelled: it is this one, or waits for what this one "
            "does");
    }
    lua_pushboolean(L, true);
    return 1;
}

static int waited(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    lua_pushboolean(L, task_of(L) == NULL);
    return 1;
}

/* wait([seconds]) -> whether it has ended */
static int task_wait(lua_State *L)
{
    struct lc_task *task = task_of(L);
    lc_time longest =
        lua_isnoneornil(L, 2) ? LC_NEVER : lc_loop_check_seconds(L, 2, "wait", " or nil");
    if (task == NULL) {
        lua_pushboolean(L, true);
        return 1;
    }
    if (task == task->state->current) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "a task cannot wait for its own end");
    }
    lua_settop(L, 1);
    struct lc_wait *wait = lc_wait_push(L);
    lc_wait_for_task(wait, task);
    lc_wait_until(wait, longest);
    return lc_wait_run(L, wait, waited);
}

static int task_ended(lua_State *L)
{
    lua_pushboolean(L, task_of(L) == NULL);
    return 1;
}

/* ---- Timers ---- */

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

/* The task of a timer that has fired, unless another task has stopped it meanwhile. */
static int run_timer(lua_State *L)
{
    struct timer *timer = lua_touserdata(L, 1);
    if (timer->pin == LUA_NOREF) {
        return 0;
    }
    if (timer->repeat > 0) {
        lc_timer_set(
            lc_loop_timers(timer->state->loop), &timer->timer, now(timer->state) + timer->repeat);
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
    begin_function(L, timer->state, 1, function_ended);
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
        lc_timer_set(lc_loop_timers(timer->state->loop), fired, now(timer->state) + RETRY);
    }
}

static int loop_timer(lua_State *L)
{
    lc_time after = lc_loop_check_seconds(L, 1, "timer", ""), repeat = 0;
    if (!lua_isnoneornil(L, 2)) {
        repeat = lc_loop_check_seconds(L, 2, "timer's second argument", " or nil");
    }
    check_function(L, 3, "timer");
    struct timer *timer = lua_newuserdatauv(L, sizeof *timer, 1);
    *timer = (struct timer){.state = lc_state_of(L), .repeat = repeat, .pin = LUA_NOREF};
    lc_timer_init(&timer->timer, on_timer);
    luaL_setmetatable(L, TIMER);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    timer->pin = luaL_ref(L, LUA_REGISTRYINDEX);
    lc_timer_set(lc_loop_timers(timer->state->loop), &timer->timer, now(timer->state) + after);
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
    if (timer->pin == LUA_NOREF) {
        lua_pushvalue(L, 1);
        timer->pin = luaL_ref(L, LUA_REGISTRYINDEX);
        lc_state_begin_activity(timer->state);
    }
    lc_timer_set(lc_loop_timers(timer->state->loop), &timer->timer, now(timer->state) + after);
    return 0;
}

/* ---- Signals ---- */

/* A Lua function for a signal; stands in the table of handlers in the registry. */
struct handler {
    struct lc_state *state;
    struct lc_signal *signal;
    int function;
};

#define HANDLERS "lunacoap.signals"

static const struct {
    const char *name;
    int number;
} signal_names[] = {{"SIGHUP", SIGHUP}, {"SIGINT", SIGINT}, {"SIGQUIT", SIGQUIT},
    {"SIGTERM", SIGTERM}, {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGALRM", SIGALRM},
    {"SIGCHLD", SIGCHLD}, {"SIGCONT", SIGCONT}, {"SIGPIPE", SIGPIPE}, {"SIGWINCH", SIGWINCH}};

static int check_signal(lua_State *L, int index)
{
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    for (size_t i = 0; i < sizeof signal_names / sizeof signal_names[0]; i++) {
        /* "SIGTERM" and "TERM" alike */
        if (strcmp(name, signal_names[i].name) == 0 ||
            strcmp(name, signal_names[i].name + 3) == 0) {
            return signal_names[i].number;
        }
    }
    return lc_error_raisef(L, LC_ERROR_USAGE,
        "signal takes a name such as \"SIGTERM\" or \"SIGHUP\", not %s",
        lc_error_describe(L, index));
}

static int run_signal(lua_State *L)
{
    struct handler *handler = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, handler->function);
    begin_function(L, handler->state, 0, function_ended);
    return 0;
}

static void on_signal(void *arg)
{
    struct handler *handler = arg;
    lua_State *L = handler->state->running;
    lua_pushcfunction(L, run_signal);
    lua_pushlightuserdata(L, handler);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        lua_pop(L, 1);
    }
}

static int handler_gc(lua_State *L)
{
    struct handler *handler = lua_touserdata(L, 1);
    if (handler->signal != NULL) {
        lc_signal_free(handler->signal);
        handler->signal = NULL;
        luaL_unref(L, LUA_REGISTRYINDEX, handler->function);
    }
    return 0;
}

static int loop_signal(lua_State *L)
{
    int number = check_signal(L, 1);
    bool set = !lua_isnoneornil(L, 2);
    if (set) {
        check_function(L, 2, "signal");
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, HANDLERS);
    if (lua_rawgeti(L, -1, number) == LUA_TUSERDATA) {
        lua_pushcfunction(L, handler_gc);
        lua_insert(L, -2);
        lua_call(L, 1, 0);
    } else {
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_rawseti(L, -2, number);
    if (!set) {
        return 0;
    }
    struct handler *handler = lua_newuserdatauv(L, sizeof *handler, 0);
    *handler = (struct handler){.state = lc_state_of(L), .function = LUA_NOREF};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, handler_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 2);
    handler->function = luaL_ref(L, LUA_REGISTRYINDEX);
    handler->signal = lc_loop_signal(handler->state->loop, number, on_signal, handler);
    if (handler->signal == NULL) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "%s cannot be caught", lua_tostring(L, 1));
    }
    lua_rawseti(L, -2, number);
    return 0;
}

/* ---- Running ---- */

static int loop_stop(lua_State *L)
{
    struct lc_state *state = lc_state_of(L);
    lua_Integer code = lua_isnoneornil(L, 1) ? state->exit_code : lua_tointeger(L, 1);
    if (!lua_isnoneornil(L, 1) && !(lua_isinteger(L, 1) && code >= 0 && code <= 255)) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "stop takes an exit code from 0 to 255, not %s",
            lc_error_describe(L, 1));
    }
    lc_state_stop(state, (int)code);
    return 0;
}

static void main_ended(struct lc_task *task, bool returned)
{
    if (!returned) {
        lc_task_report(task);
        lc_state_stop(task->state, 1);
    }
}

/*
 * run([f, ...]): runs `f` as the main task, then the loop until nothing is left that can fire.
 * Returns the exit code. Inside a task it does nothing: the loop runs already.
 */
static int loop_run(lua_State *L)
{
    struct lc_state *state = lc_state_of(L);
    if (state->current != NULL || lc_loop_depth(state->loop) > 0) {
        return 0;
    }
    if (!lua_isnoneornil(L, 1)) {
        check_function(L, 1, "run");
        begin_function(L, state, lua_gettop(L) - 1, main_ended);
    }
    lua_pushinteger(L, lc_state_run(L, state));
    return 1;
}

void lc_loop_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"run", loop_run}, {"stop", loop_stop},
        {"spawn", lc_loop_spawn}, {"sleep", loop_sleep}, {"timer", loop_timer}, {"now", loop_now},
        {"signal", loop_signal}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, TIMER);
    lua_pushcfunction(L, timer_method_stop);
    lua_setfield(L, -2, "__gc");
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, timer_method_stop);
    lua_setfield(L, -2, "stop");
    lua_pushcfunction(L, timer_method_again);
    lua_setfield(L, -2, "again");
    lua_setfield(L, -2, "__index");
    luaL_newmetatable(L, TASK);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, task_cancel);
    lua_setfield(L, -2, "cancel");
    lua_pushcfunction(L, task_wait);
    lua_setfield(L, -2, "wait");
    lua_pushcfunction(L, task_ended);
    lua_setfield(L, -2, "ended");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
}
