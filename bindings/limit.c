/*
 * Time limits; see limit.h. A timer of the kernel sends a signal, for a script that computes turns
 * no loop. Its handler leaves a hook in the task, as the stock interpreter does for Ctrl-C, and
 * wakes the loop. It comes again each second, for a script may catch what is raised and go on, or
 * another task may hold the loop up.
 */
#include "bindings/limit.h"

#include <lauxlib.h>
#include <signal.h>
#include <time.h>

#include "bindings/error.h"
#include "bindings/guard.h"
#include "bindings/state.h"
#include "bindings/task.h"

#define LIMIT "lunacoap.Limit"

/* Seconds; more would be a mistake in units. */
#define LONGEST 1e9

struct lc_limit {
    struct lc_limit *next;  /* of all that run, for the handler */
    struct lc_limit *outer; /* of the same task */
    struct lc_task *task;   /* NULL: not begun, or done */
    lua_State *thread;      /* that it began in, a coroutine of the task perhaps; its user value */
    unsigned turn;          /* of the loop, when the signal came last */
    lua_Number seconds;
    timer_t timer;
    volatile sig_atomic_t over;
    volatile sig_atomic_t held_up; /* by another task, which has given the loop no turn since */
};

static struct lc_limit *running;
static volatile sig_atomic_t any_over;

/* ---- The signal ---- */

static int alarm_number(void)
{
    return SIGRTMAX - 1;
}

static void on_hook(lua_State *L, lua_Debug *activation)
{
    (void)activation;
    lua_sethook(L, NULL, 0, 0);
    struct lc_state *state = lc_state_of(L);
    lc_limit_check(L, state->current);
    for (struct lc_limit *limit = running; limit != NULL; limit = limit->next) {
        if (limit->held_up && limit->task != state->current) {
            limit->held_up = 0;
            lc_error_raisef(
                L, LC_ERROR_TIMED_OUT, "held up what was to be done within %g s", limit->seconds);
        }
    }
}

static void hook(lua_State *thread)
{
    lua_sethook(thread, on_hook, LUA_MASKCOUNT, 1);
}

static void unhook(lua_State *thread)
{
    if (lua_gethook(thread) == on_hook) {
        lua_sethook(thread, NULL, 0, 0);
    }
}

/* Has the hook run in what computes now. Another task is left alone until the signal comes again
 * and it still computes. */
static void interrupt(struct lc_limit *limit)
{
    const struct lc_state *state = limit->task->state;
    if (state->current == limit->task) {
        hook(limit->thread);
    } else if (limit->over && limit->turn == state->turns && state->current != NULL) {
        limit->held_up = 1;
        hook(state->current->thread);
    }
    limit->turn = state->turns;
}

static void on_alarm(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    for (struct lc_limit *limit = running; limit != NULL; limit = limit->next) {
        if (limit != info->si_value.sival_ptr) {
            continue;
        }
        interrupt(limit);
        limit->over = any_over = 1;
        lc_loop_wake(limit->task->state->loop);
    }
}

static void block_alarm(int how)
{
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, alarm_number());
    sigprocmask(how, &alarm, NULL);
}

/* ---- Begin and end ---- */

static bool set_timer(struct lc_limit *limit)
{
    struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = alarm_number()};
    struct itimerspec times = {.it_interval = {.tv_sec = 1}};
    event.sigev_value.sival_ptr = limit;
    times.it_value.tv_sec = (time_t)limit->seconds;
    times.it_value.tv_nsec = (long)((limit->seconds - (double)times.it_value.tv_sec) * 1e9) + 1;
    sigaction(alarm_number(), &action, NULL);
    return timer_create(CLOCK_MONOTONIC, &event, &limit->timer) == 0 &&
           timer_settime(limit->timer, 0, &times, NULL) == 0;
}

static void begin(lua_State *L, struct lc_limit *limit, struct lc_task *task)
{
    block_alarm(SIG_BLOCK);
    limit->task = task;
    limit->outer = task->limit;
    task->limit = limit;
    limit->next = running;
    running = limit;
    bool set = set_timer(limit);
    block_alarm(SIG_UNBLOCK);
    if (!set) {
        lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "no timer is left");
    }
}

static void take_out(struct lc_limit *limit)
{
    struct lc_limit **link = &running;
    while (*link != limit) {
        link = &(*link)->next;
    }
    *link = limit->next;
    /* The innermost is not always the first to end: coroutines have limits too. */
    link = &limit->task->limit;
    while (*link != limit) {
        link = &(*link)->outer;
    }
    *link = limit->outer;
}

static void end(struct lc_limit *limit)
{
    block_alarm(SIG_BLOCK);
    timer_delete(limit->timer);
    take_out(limit);
    unhook(limit->thread);
    limit->task = NULL;
    block_alarm(SIG_UNBLOCK);
}

/* However the function ends, by an error or by the end of its task too. */
static int close_limit(lua_State *L)
{
    struct lc_limit *limit = luaL_checkudata(L, 1, LIMIT);
    if (limit->task != NULL) {
        end(limit);
    }
    return 0;
}

void lc_limit_end_all(struct lc_task *task)
{
    while (task->limit != NULL) {
        end(task->limit);
    }
}

/* limit(seconds, f, ...): returns what f(...) returns, or raises error 301 in it. */
static int limit_function(lua_State *L)
{
    struct lc_task *task = lc_state_of(L)->current;
    lua_Number seconds = lua_tonumber(L, 1);
    if (lua_type(L, 1) != LUA_TNUMBER || !(seconds > 0) || seconds > LONGEST) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "limit takes seconds above 0, not %s", lc_error_describe(L, 1));
    } else if (!lua_isfunction(L, 2)) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "limit takes a function, not %s", lc_error_describe(L, 2));
    } else if (task == NULL) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "limit is for tasks: it takes a loop that runs (lunacoap.run)");
    }
    struct lc_limit *limit = lua_newuserdatauv(L, sizeof *limit, 1);
    *limit = (struct lc_limit){.seconds = seconds, .thread = L};
    lua_pushthread(L);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, LIMIT);
    lua_replace(L, 1);
    lc_guard_enter(L);
    begin(L, limit, task);
    return lc_guard_call(L);
}

void lc_limit_open(lua_State *L)
{
    lc_guard_register(L, LIMIT, close_limit);
    lua_pushcfunction(L, limit_function);
    lua_setfield(L, -2, "limit");
}

/* ---- What waits and computes ---- */

/* Whether it is for what L does. One that began in a coroutine is not for the rest of the task,
 * which may leave the coroutine for good. */
static bool is_for(const struct lc_limit *limit, const lua_State *L)
{
    return limit->thread == L || limit->thread == limit->task->thread;
}

static const struct lc_limit *over(const lua_State *L, const struct lc_task *task)
{
    const struct lc_limit *limit = task == NULL ? NULL : task->limit;
    while (limit != NULL && !(limit->over && is_for(limit, L))) {
        limit = limit->outer;
    }
    return limit;
}

bool lc_limit_is_over(const lua_State *L, const struct lc_task *task)
{
    return over(L, task) != NULL;
}

void lc_limit_check(lua_State *L, const struct lc_task *task)
{
    const struct lc_limit *limit = over(L, task);
    if (limit != NULL) {
        lc_error_raisef(L, LC_ERROR_TIMED_OUT, "not done within %g s", limit->seconds);
    }
}

void lc_limit_resume(void)
{
    if (!any_over) {
        return;
    }
    any_over = 0;
    for (struct lc_limit *limit = running; limit != NULL; limit = limit->next) {
        if (limit->over && limit->task->wait != NULL && is_for(limit, limit->task->thread)) {
            lc_wait_over(limit->task->wait);
        }
    }
}
