/*
 * What one Lua state has of the runtime: the loop, the components' stage, the tasks. Lives in the
 * registry until the state is closed.
 */
#ifndef LC_BINDINGS_STATE_H
#define LC_BINDINGS_STATE_H

#include <lua.h>

#include "base/list.h"
#include "base/timers.h"
#include "component/codepage.h"
#include "component/stage.h"
#include "net/loop.h"

struct lc_task;

struct lc_state {
    struct lc_stage stage;
    struct lc_loop *loop;
    lua_State *running;         /* the thread that runs the loop: parent of what the loop resumes */
    struct lc_task *current;    /* the task that runs now, or NULL */
    struct lc_list tasks;       /* begun and not ended */
    struct lc_list spare_tasks; /* ended; they and their threads serve again */
    unsigned spare_count;
    uint64_t last_task;    /* number of the one begun last */
    struct lc_list ready;  /* tasks to resume in this turn */
    struct lc_list idlers; /* waits of DoEvents, oldest first: over when a turn ends */
    unsigned spare_waits;  /* kept for the next ones; wait.c */
    unsigned turns;        /* begun */
    struct lc_deferred resume;
    struct lc_codepage *codepage;
    struct lc_buf scratch; /* for texts on their way to Lua */
    unsigned activity;     /* what can still fire: listening components, requests, timers */
    int exit_code;
    bool stopping;    /* stop() was called: the loop ends after this turn */
    unsigned closing; /* tasks whose to-be-closed variables are being closed, one in another */
    bool telling;     /* a handler that may not suspend runs */
    /* The name of the handler that runs while the protocol is in the middle of something (OnLog,
     * OnSSLStatus, OnPSKLookup, OnTransfer), which may not act; else NULL. */
    const char *inside;
    int components;      /* registry: component pointer to userdata, weak */
    int event_meta;      /* registry: metatable of event objects */
    struct lc_list link; /* in the list of states to flush at exit */
};

/* Makes the state of L, its closing bound to L's. May raise. */
struct lc_state *lc_state_open(lua_State *L);

/* Whether L has a state, or had one and is being closed. */
bool lc_state_exists(lua_State *L);

/* The state of L. Raises while L is being closed, when it is gone. */
struct lc_state *lc_state_of(lua_State *L);

/* Whether a finalizer (__gc) runs: between any two values that the bindings make. */
bool lc_state_finalizes(lua_State *L);

/*
 * Runs the loop in L until stop() or until nothing is left that can fire; then closes the tasks
 * that are still suspended. Returns the exit status.
 */
int lc_state_run(lua_State *L, struct lc_state *state);

/* One turn, for loops that wait for something. Raises when nested too deep. */
void lc_state_turn(lua_State *L, struct lc_state *state, lc_time max_wait);

/* Asks the loop to end after this turn. */
void lc_state_stop(struct lc_state *state, int code);

/* Something that can fire began (or ended): the program goes on as long as there is one. */
static inline void lc_state_begin_activity(struct lc_state *state)
{
    state->activity++;
}

static inline void lc_state_end_activity(struct lc_state *state)
{
    state->activity--;
}

#endif
