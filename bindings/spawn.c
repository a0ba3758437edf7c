/* Functions as tasks, and what a script has of them; see spawn.h. */
#include "bindings/spawn.h"

#include <lauxlib.h>

#include "bindings/error.h"
#include "bindings/loop.h"
#include "bindings/state.h"

#define TASK "lunacoap.Task"

void lc_spawn_ended(struct lc_task *task, bool returned)
{
    if (!returned) {
        lc_task_report(task);
        if (task->state->exit_code == 0) {
            task->state->exit_code = 1;
        }
    }
}

struct lc_task *lc_spawn_function(
    lua_State *L, struct lc_state *state, int args, void (*ended)(struct lc_task *, bool))
{
    struct lc_task *task = lc_task_new(state, ended);
    if (task != NULL && !lua_checkstack(task->thread, args + 1)) {
        lc_task_discard(task);
        task = NULL;
    }
    if (task == NULL) {
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

int lc_spawn(lua_State *L)
{
    lc_loop_check_function(L, 1, "spawn");
    int args = lua_gettop(L) - 1;
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);
    handle->number = 0;
    luaL_setmetatable(L, TASK);
    lua_insert(L, 1);
    struct lc_task *task = lc_spawn_function(L, lc_state_of(L), args, lc_spawn_ended);
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

/* One in another, each takes some of the C stack, which Lua does not count. */
enum { CLOSING_MAX = 100 };

/* cancel() -> whether it had not ended yet */
static int task_cancel(lua_State *L)
{
    struct lc_task *task = task_of(L);
    if (task == NULL) {
        lua_pushboolean(L, false);
        return 1;
    }
    if (task->state->closing == CLOSING_MAX) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "tasks cancel each other too deep (%d)", CLOSING_MAX);
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

void lc_spawn_register(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"cancel", task_cancel}, {"ended", task_ended}, {"wait", task_wait}, {NULL, NULL}};
    luaL_newmetatable(L, TASK);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
