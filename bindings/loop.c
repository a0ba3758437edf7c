/* Loop functions; see loop.h. */
#include "bindings/loop.h"

#include <lauxlib.h>
#include <signal.h>

#include "bindings/error.h"
#include "bindings/spawn.h"
#include "bindings/state.h"
#include "bindings/task.h"
#include "bindings/timer.h"

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

void lc_loop_check_function(lua_State *L, int index, const char *what)
{
    if (!lua_isfunction(L, index)) {
        lc_error_raisef(
            L, LC_ERROR_USAGE, "%s takes a function, not %s", what, lc_error_describe(L, index));
    }
}

lc_time lc_loop_now(struct lc_state *state)
{
    lc_loop_update(state->loop);
    return lc_loop_timers(state->loop)->now;
}

static int loop_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)lc_loop_now(lc_state_of(L)) / LC_SECOND);
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
    lc_spawn_function(L, handler->state, 0, lc_spawn_ended);
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
        lc_loop_check_function(L, 2, "signal");
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
        lc_loop_check_function(L, 1, "run");
        lc_spawn_function(L, state, lua_gettop(L) - 1, main_ended);
    }
    lua_pushinteger(L, lc_state_run(L, state));
    return 1;
}

void lc_loop_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"run", loop_run}, {"stop", loop_stop},
        {"spawn", lc_spawn}, {"sleep", loop_sleep}, {"timer", lc_timer_object_new},
        {"now", loop_now}, {"signal", loop_signal}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
