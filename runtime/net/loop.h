/*
 * The event loop: libev behind a few verbs, one set of timers, and the two arenas of datagrams that
 * all sockets share. The only public face of libev; nothing above net/ includes ev.h.
 */
#ifndef LC_NET_LOOP_H
#define LC_NET_LOOP_H

#include "base/error.h"
#include "base/timers.h"

struct lc_loop;

/* NULL: out of memory or no way to poll. */
struct lc_loop *lc_loop_new(void);

/* Everything that used the loop must have been closed. */
void lc_loop_free(struct lc_loop *loop);

/* The timers of this loop; their `now` is brought up to date at the start of every turn. */
struct lc_timers *lc_loop_timers(struct lc_loop *loop);

/*
 * One turn: sends what is queued, waits until something happens but at most `max_wait` microseconds
 * (LC_NEVER: as long as it takes, 0: not at all), then handles what is ready and the timers that
 * are due. May be called from within a turn (the inner turn has arenas of its own); false when
 * nested deeper than 16.
 */
bool lc_loop_turn(struct lc_loop *loop, lc_time max_wait);

/* How deep the turns are nested now: 0 outside. */
unsigned lc_loop_depth(const struct lc_loop *loop);

/* Makes a waiting turn end. The only function here that may be called from a signal handler or
 * another thread. */
void lc_loop_wake(struct lc_loop *loop);

/* Sends what is queued; waits for full sockets, for a second at most. Called before the process
 * ends. */
void lc_loop_flush(struct lc_loop *loop);

/* The moment now, by the clock that `now` is taken from. */
lc_time lc_loop_clock(const struct lc_loop *loop);

/* The time of day then, microseconds since 1970; in virtual time, as far behind the beginning of
 * that as `now` is. */
lc_time lc_loop_time_of_day(const struct lc_loop *loop);

/* Brings `now` up to date after long work. */
void lc_loop_update(struct lc_loop *loop);

/*
 * Virtual time, until it was ended as often as begun: `now` stands still while anything is to be
 * done, and then leaps to the next deadline. Sockets opened meanwhile are in memory: they reach
 * each other, at once and in order, and nobody else. Those of the system go on, and see the time
 * leap. `now` never goes back.
 */
void lc_loop_begin_virtual(struct lc_loop *loop);
void lc_loop_end_virtual(struct lc_loop *loop);

/* A file descriptor to watch; stands in its owner. Watchers are opaque to layers that do not poll.
 */
struct lc_watch;

/* `fn` is called in a turn when the descriptor is readable (for specs, consoles, standard input).
 * NULL: memory. */
struct lc_watch *lc_loop_watch(struct lc_loop *loop, int fd, void (*fn)(void *arg), void *arg);
void lc_watch_free(struct lc_watch *watch);

/* A signal, by number; `fn` is called in a turn. SIGINT and SIGTERM end the program at once when
 * they come again before that. NULL: memory, or not a signal that can be caught. */
struct lc_signal;
struct lc_signal *lc_loop_signal(
    struct lc_loop *loop, int number, void (*fn)(void *arg), void *arg);
void lc_signal_free(struct lc_signal *signal);

/*
 * Deferred work: `fn` is called in this turn's end or the next one's, in the order of the calls.
 * The struct stands in its owner, who cancels it before it goes away. Deferring twice is deferring
 * once.
 */
struct lc_deferred {
    struct lc_deferred *next, **link; /* link: NULL when not deferred */
    void (*fn)(struct lc_deferred *deferred);
};

void lc_loop_defer(struct lc_loop *loop, struct lc_deferred *deferred);
void lc_deferred_cancel(struct lc_loop *loop, struct lc_deferred *deferred);

#endif
