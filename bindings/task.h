/*
 * Tasks: the main chunk, handlers, timer and signal functions, spawned functions. Each is a Lua
 * thread that may suspend; the threads serve again. A wait is what a task, or a nested loop, is
 * suspended on.
 */
#ifndef LC_BINDINGS_TASK_H
#define LC_BINDINGS_TASK_H

#include <lua.h>

#include "base/error.h"
#include "base/list.h"
#include "base/timers.h"
#include "component/component.h"

struct lc_arrival;
struct lc_call;
struct lc_event_object;
struct lc_limit;
struct lc_state;
struct lc_wait;

struct lc_task {
    struct lc_state *state;
    struct lc_list link;
    struct lc_list ready; /* in state->ready while it waits to be resumed */
    uint64_t number;      /* of all tasks, for handles */
    lua_State *thread;
    int ref;                                            /* keeps the thread */
    struct lc_wait *wait;                               /* what it is suspended on, or NULL */
    struct lc_list answers;                             /* answer.h */
    void (*ended)(struct lc_task *task, bool returned); /* the error is at the top of the thread */
    struct lc_limit *limit;                             /* the innermost, or NULL; limit.h */
    struct lc_component *subject;                       /* whose event it handles, or NULL */
    struct lc_firing *firing;
    struct lc_event_object *event; /* on the thread's stack */
    struct lc_list waiting;        /* waits for its end */
    bool may_wait;                 /* OnLog and its like may not, nor what is closed in them */
    bool counted;                  /* one of state->activity until it ends */
    bool lost;                     /* a script has taken its thread away: it ends without it */
};

/* A new task; NULL: memory. It does nothing before lc_task_resume(). */
struct lc_task *lc_task_new(struct lc_state *state, void (*ended)(struct lc_task *, bool));

/*
 * Runs the task until it returns, fails or suspends. For the first time its function and `args`
 * arguments are on its thread's stack. True: it has ended (`ended` was called, the task is gone).
 */
bool lc_task_resume(struct lc_task *task, int args);

/* The task that a thread is of, or NULL: none any more. `thread` is or was a task's. */
struct lc_task *lc_task_of_thread(lua_State *thread);

/* Gives a new task back that was not made ready. */
void lc_task_discard(struct lc_task *task);

/* Closes a task that is suspended or has not begun: to-be-closed variables run, and nothing is told
 * but what they raise. False: it runs, so that nothing can be done about it. */
bool lc_task_close(struct lc_task *task);

/* Has it resumed in this turn of the loop, behind what is there already. */
void lc_task_make_ready(struct lc_task *task);

/* The loop's part of that. */
void lc_task_resume_ready(struct lc_deferred *deferred);

/* A script has closed or resumed its thread while it was suspended: it ends in this turn. */
void lc_task_lose(struct lc_task *task);

/* Closes all suspended tasks (to-be-closed variables run) and frees the spare ones. */
void lc_task_dispose_all(struct lc_state *state);

/* Says on standard error what a task ended with: for those without a component to tell. */
void lc_task_report(struct lc_task *task);

/* Forgets what tasks remember of a component that is collected. */
void lc_task_forget(struct lc_state *state, const struct lc_component *component);

/* ---- Waiting ---- */

struct lc_wait {
    struct lc_state *state;
    struct lc_task *task; /* suspended on it; NULL: a nested loop looks at `over` */
    struct lc_list link;  /* in state->idlers (DoEvents), an endpoint (receive) or a task (wait) */
    unsigned turn;        /* of DoEvents: the loop's when it was called */
    struct lc_timer timer;
    bool over, timed;
    bool done;            /* nobody has it in mind any more, once it is closed */
    bool silent;          /* StopObserving returns nothing */
    lua_KFunction k;      /* what the task goes on with */
    struct lc_call *call; /* the call waited for, until it has ended */
    struct lc_error error;
    struct lc_content *response;
    struct lc_arrival *arrival; /* what an endpoint's receive waited for */
};

/* Pushes a wait; collected like any userdata, which cancels it. Raises in __gc and where waiting is
 * not allowed. */
struct lc_wait *lc_wait_push(lua_State *L);

/* Ends it after `delay` microseconds at the latest, which may be LC_NEVER; until it is over the
 * program goes on. */
void lc_wait_until(struct lc_wait *wait, lc_time delay);

/* Ends it when a task has ended. */
void lc_wait_for_task(struct lc_wait *wait, struct lc_task *task);

/* Ends it when a turn that has yet to begin is over. */
void lc_wait_idle(struct lc_wait *wait);

/* Its task is closed: it waits for nothing any more. */
void lc_wait_drop(struct lc_wait *wait);

/* It is over: its task is resumed soon, or its nested loop ends. */
void lc_wait_over(struct lc_wait *wait);

/*
 * Suspends the task of L until the wait (at the top of the stack) is over, then goes on with `k`,
 * whose context is the wait; runs the loop nested where suspending is impossible. Used as `return
 * lc_wait_run(L, wait, k)`.
 */
int lc_wait_run(lua_State *L, struct lc_wait *wait, lua_KFunction k);

void lc_wait_open(lua_State *L);

#endif
