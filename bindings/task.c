/* Tasks and their threads; see task.h. */
#include "bindings/task.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "bindings/answer.h"
#include "bindings/error.h"
#include "bindings/limit.h"
#include "bindings/state.h"

/* More threads than this are not kept when they have nothing to do. */
enum { SPARE_MAX = 64 };

/* A thread remembers whose it is in the room that Lua leaves for that. */
static void belong(lua_State *thread, struct lc_task *task)
{
    memcpy(lua_getextraspace(thread), &task, sizeof(struct lc_task *));
}

struct lc_task *lc_task_of_thread(lua_State *thread)
{
    struct lc_task *task;
    memcpy(&task, lua_getextraspace(thread), sizeof(struct lc_task *));
    return task;
}

/* Lua may raise a memory error here, so it is called protected. */
static int make_thread(lua_State *L)
{
    struct lc_task *task = lua_touserdata(L, 1);
    task->thread = lua_newthread(L);
    belong(task->thread, NULL);
    task->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    belong(task->thread, task);
    return 0;
}

static bool give_thread(struct lc_state *state, struct lc_task *task)
{
    lua_State *L = state->running;
    task->ref = LUA_NOREF;
    lua_pushcfunction(L, make_thread);
    lua_pushlightuserdata(L, task);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        lua_pop(L, 1);
        return false;
    }
    return true;
}

static struct lc_task *fresh_task(struct lc_state *state)
{
    struct lc_task *task = lc_zalloc(sizeof *task);
    if (task == NULL) {
        return NULL;
    }
    if (!give_thread(state, task)) {
        lc_free(task);
        return NULL;
    }
    lc_list_init(&task->link);
    lc_list_init(&task->ready);
    lc_list_init(&task->answers);
    lc_list_init(&task->waiting);
    return task;
}

struct lc_task *lc_task_new(struct lc_state *state, void (*ended)(struct lc_task *, bool))
{
    struct lc_task *task;
    if (state->spare_count > 0) {
        task = lc_container(state->spare_tasks.next, struct lc_task, link);
        lc_list_remove(&task->link);
        state->spare_count--;
    } else {
        task = fresh_task(state);
        if (task == NULL) {
            return NULL;
        }
    }
    task->state = state;
    task->number = ++state->last_task;
    task->ended = ended;
    task->may_wait = true;
    lc_list_append(&state->tasks, &task->link);
    return task;
}

static void free_task(struct lc_task *task)
{
    belong(task->thread, NULL);
    luaL_unref(task->state->running, LUA_REGISTRYINDEX, task->ref);
    lc_list_remove(&task->link);
    lc_list_remove(&task->ready);
    lc_free(task);
}

/* The task has ended or was closed: its thread is clean again. */
static void retire(struct lc_task *task)
{
    struct lc_state *state = task->state;
    while (!lc_list_empty(&task->waiting)) {
        lc_wait_over(lc_container(task->waiting.next, struct lc_wait, link));
    }
    lc_answer_forget_task(&task->answers);
    lc_limit_end_all(task);
    if (task->counted) {
        task->counted = false;
        lc_state_end_activity(state);
    }
    task->wait = NULL;
    task->subject = NULL;
    task->firing = NULL;
    task->event = NULL;
    task->lost = false;
    task->number = 0;
    lc_list_remove(&task->link);
    lc_list_remove(&task->ready);
    if (state->spare_count == SPARE_MAX) {
        free_task(task);
        return;
    }
    lc_list_prepend(&state->spare_tasks, &task->link);
    state->spare_count++;
}

void lc_task_discard(struct lc_task *task)
{
    lua_settop(task->thread, 0);
    retire(task);
}

/* Ends it where it is, so that nobody resumes it any more. What it has to close runs as itself, and
 * may wait, nested, where the task that runs now may. False: that raised something, which is at the
 * top of its thread now. */
static bool close_thread(struct lc_task *task)
{
    struct lc_state *state = task->state;
    struct lc_task *outer = state->current;
    lc_list_remove(&task->link);
    lc_list_remove(&task->ready);
    if (task->wait != NULL) {
        lc_wait_drop(task->wait);
        task->wait = NULL;
    }
    task->may_wait = task->may_wait && (outer == NULL || outer->may_wait);
    state->current = task;
    state->closing++;
    int status = lua_resetthread(task->thread);
    state->closing--;
    state->current = outer;
    return status == LUA_OK;
}

/* The error, if it has not returned, is at the top of its thread. */
static void end(struct lc_task *task, struct lc_task *outer, bool returned)
{
    task->ended(task, returned);
    task->state->current = outer;
    if (!returned) {
        close_thread(task);
    }
    lc_task_discard(task);
}

bool lc_task_resume(struct lc_task *task, int args)
{
    struct lc_state *state = task->state;
    struct lc_task *outer = state->current;
    int results;
    state->current = task;
    int status = lua_resume(task->thread, state->running, args, &results);
    if (status == LUA_YIELD && task->wait != NULL) {
        lua_pop(task->thread, results);
        state->current = outer;
        return false;
    }
    if (status == LUA_YIELD) {
        /* Nobody would ever resume it. */
        lua_pop(task->thread, results);
        lua_pushliteral(task->thread,
            "a task may only suspend in lunacoap.sleep, a call such as Get, "
            "or DoEvents, not by coroutine.yield");
    }
    end(task, outer, status == LUA_OK);
    return true;
}

/* A script gets at the thread by coroutine.running(), and threads serve again: what has not begun
 * may have been run or closed by it. */
static bool is_lost(const struct lc_task *task)
{
    lua_State *thread = task->thread;
    lua_Debug running;
    if (task->lost || task->wait != NULL) {
        return task->lost;
    }
    bool has_not_begun = lua_status(thread) == LUA_OK && !lua_getstack(thread, 0, &running);
    return !has_not_begun || lua_gettop(thread) == 0;
}

/* Ends it with an error, on another thread: the script may do with the old one what it likes. */
static void end_lost(struct lc_task *task)
{
    struct lc_state *state = task->state;
    struct lc_task *outer = state->current;
    lua_State *old = task->thread;
    int taken = task->ref;
    if (!give_thread(state, task)) {
        task->ref = taken;
        task->lost = true;
        lc_task_make_ready(task);
        return;
    }
    belong(old, NULL);
    luaL_unref(state->running, LUA_REGISTRYINDEX, taken);
    task->event = NULL; /* it was on the old thread */
    lua_pushliteral(task->thread,
        "the coroutine of this task was closed or resumed by the script; only the loop may do so");
    state->current = task;
    end(task, outer, false);
}

void lc_task_make_ready(struct lc_task *task)
{
    if (lc_list_empty(&task->ready)) {
        lc_list_append(&task->state->ready, &task->ready);
        lc_loop_defer(task->state->loop, &task->state->resume);
    }
}

void lc_task_resume_ready(struct lc_deferred *deferred)
{
    struct lc_state *state = lc_container(deferred, struct lc_state, resume);
    /* What becomes ready meanwhile waits for the next turn; a nested loop may take some of these.
     */
    size_t count = 0;
    lc_list_for_each (link, &state->ready) {
        count++;
    }
    while (count-- > 0 && !lc_list_empty(&state->ready)) {
        struct lc_task *task = lc_container(state->ready.next, struct lc_task, ready);
        lc_list_remove(&task->ready);
        if (!lc_list_empty(&state->ready)) {
            lc_loop_defer(state->loop, deferred); /* for the nested loop */
        }
        if (is_lost(task)) {
            end_lost(task);
            continue;
        }
        int args = task->wait == NULL ? lua_gettop(task->thread) - 1 : 0;
        task->wait = NULL;
        lc_task_resume(task, args);
    }
    if (lc_list_empty(&state->ready)) {
        lc_deferred_cancel(state->loop, deferred);
    } else {
        lc_loop_defer(state->loop, deferred);
    }
}

bool lc_task_close(struct lc_task *task)
{
    bool waits = task->wait != NULL || !lc_list_empty(&task->ready);
    if (!waits || is_lost(task)) {
        return false;
    }
    if (!close_thread(task)) {
        task->ended(task, false);
    }
    lc_task_discard(task);
    return true;
}

static void dispose(struct lc_task *task)
{
    close_thread(task);
    if (task->firing != NULL) {
        lc_firing_done(task->firing, false);
    }
    lc_task_discard(task);
}

void lc_task_dispose_all(struct lc_state *state)
{
    while (!lc_list_empty(&state->tasks)) {
        dispose(lc_container(state->tasks.next, struct lc_task, link));
    }
    while (state->spare_count > 0) {
        struct lc_task *task = lc_container(state->spare_tasks.next, struct lc_task, link);
        state->spare_count--;
        free_task(task);
    }
}

void lc_task_lose(struct lc_task *task)
{
    task->wait = NULL;
    task->lost = true;
    lc_task_make_ready(task);
}

/* Builds the text protected: making an error object may raise. */
static int print_error(lua_State *L)
{
    lua_State *thread = lua_touserdata(L, 1);
    lc_error_from_thread(L, thread);
    lua_getfield(L, -1, "Where");
    lua_getfield(L, -2, "Traceback");
    /* Code 1 tells a reader nothing, and would look like a column behind the line. */
    bool plain =
        lua_getfield(L, -3, "Code") == LUA_TNUMBER && lua_tointeger(L, -1) == LC_ERROR_USAGE;
    lua_pop(L, 1);
    if (plain) {
        lua_getfield(L, -3, "Message");
    } else {
        lua_pushvalue(L, -3);
    }
    const char *text = luaL_tolstring(L, -1, NULL);
    const char *where = lua_tostring(L, -4);
    const char *trace = lua_tostring(L, -3);
    if (where == NULL || strcmp(where, "?") == 0) {
        fprintf(stderr, "lunacoap: %s\n", text); /* its stack is gone already */
        return 0;
    }
    fprintf(stderr, "lunacoap: %s: %s\n%s%s", where, text, trace == NULL ? "" : trace,
        trace == NULL ? "" : "\n");
    return 0;
}

void lc_task_report(struct lc_task *task)
{
    lua_State *L = task->state->running;
    lua_pushcfunction(L, print_error);
    lua_pushlightuserdata(L, task->thread);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        lua_pop(L, 1);
        fputs("lunacoap: out of memory\n", stderr);
    }
}

void lc_task_forget(struct lc_state *state, const struct lc_component *component)
{
    lc_list_for_each (link, &state->tasks) {
        struct lc_task *task = lc_container(link, struct lc_task, link);
        if (task->subject == component) {
            task->subject = NULL;
        }
    }
}
