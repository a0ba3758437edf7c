/* The runtime of one Lua state; see state.h. */
#include "bindings/state.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "bindings/error.h"
#include "bindings/fire.h"
#include "bindings/limit.h"
#include "bindings/task.h"
#include "component/recording.h"

/* Its address is the registry key. */
static const char state_key;

/* States whose queued output is to be sent when the process ends without closing them (os.exit). */
static struct lc_list open_states = {&open_states, &open_states};

static void flush_open_states(void)
{
    lc_list_for_each (link, &open_states) {
        struct lc_state *state = lc_container(link, struct lc_state, link);
        lc_loop_flush(state->loop);
        lc_recording_flush(&state->stage);
    }
}

static int close_state(lua_State *L)
{
    struct lc_state *state = lua_touserdata(L, 1);
    lc_task_dispose_all(state);
    /* Finalizers of objects that are older than this one find no loop any more. */
    lua_pushboolean(L, false);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
    if (state->loop != NULL) {
        lc_list_remove(&state->link);
        lc_deferred_cancel(state->loop, &state->resume);
        lc_loop_flush(state->loop);
        lc_recording_end(&state->stage);
        lc_loop_free(state->loop);
    }
    lc_stage_dispose(&state->stage);
    lc_codepage_free(state->codepage);
    lc_buf_free(&state->scratch);
    return 0;
}

struct lc_state *lc_state_open(lua_State *L)
{
    struct lc_state *state = lua_newuserdatauv(L, sizeof *state, 0);
    *state = (struct lc_state){.components = LUA_NOREF, .event_meta = LUA_NOREF};
    lc_list_init(&state->tasks);
    lc_list_init(&state->spare_tasks);
    lc_list_init(&state->ready);
    lc_list_init(&state->idlers);
    lc_list_init(&state->link);
    lc_stage_init(&state->stage, NULL, &lc_fire_upcalls);
    state->resume.fn = lc_task_resume_ready;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, close_state);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);

    state->loop = lc_loop_new();
    if (state->loop == NULL) {
        lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "cannot make an event loop");
    }
    static bool registered;
    if (!registered) {
        registered = atexit(flush_open_states) == 0;
    }
    lc_list_append(&open_states, &state->link);
    state->stage.loop = state->loop;
    /* The thread that asks for the module first may be a coroutine, which is gone one day. */
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    state->running = lua_tothread(L, -1);
    lua_pop(L, 1);
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    state->components = luaL_ref(L, LUA_REGISTRYINDEX);
    return state;
}

bool lc_state_exists(lua_State *L)
{
    bool exists = lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key) != LUA_TNIL;
    lua_pop(L, 1);
    return exists;
}

struct lc_state *lc_state_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
    struct lc_state *state = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (state == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE, "the program ends: lunacoap is closed already");
    }
    return state;
}

bool lc_state_finalizes(lua_State *L)
{
    /* There every option of lua_gc is refused. */
    return lua_gc(L, LUA_GCCOUNT) < 0;
}

void lc_state_stop(struct lc_state *state, int code)
{
    state->stopping = true;
    state->exit_code = code;
    lc_loop_wake(state->loop);
}

/* Ends DoEvents for those who called it before this turn. */
static void end_idling(struct lc_state *state, unsigned turn)
{
    while (!lc_list_empty(&state->idlers)) {
        struct lc_wait *wait = lc_container(state->idlers.next, struct lc_wait, link);
        if (wait->turn >= turn) {
            return;
        }
        lc_wait_over(wait);
    }
}

void lc_state_turn(lua_State *L, struct lc_state *state, lc_time max_wait)
{
    lua_State *outer = state->running;
    struct lc_task *task = state->current;
    state->running = L;
    unsigned turn = ++state->turns;
    bool turned = lc_loop_turn(state->loop, max_wait);
    state->running = outer;
    state->current = task;
    if (!turned) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "event loops are nested too deep (16); wait in a task instead of a coroutine of your "
            "own");
    }
    end_idling(state, turn);
    lc_limit_resume();
}

int lc_state_run(lua_State *L, struct lc_state *state)
{
    while (!state->stopping && (state->activity > 0 || !lc_list_empty(&state->ready))) {
        lc_state_turn(L, state, LC_NEVER);
    }
    lc_task_dispose_all(state);
    lc_loop_flush(state->loop);
    lc_recording_flush(&state->stage);
    int code = state->exit_code;
    state->stopping = false;
    state->exit_code = 0;
    return code;
}
