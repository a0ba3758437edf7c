/*
 * Deadlines, and the present moment they are measured by. One set of timers serves a whole loop:
 * its owner moves `now` (the clock of the machine, or a spec's), sleeps until lc_timers_next(), and
 * runs what is due. Timers stand in the structs they belong to, so that setting one never needs
 * memory.
 */
#ifndef LC_BASE_TIMERS_H
#define LC_BASE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds on a monotonic clock. */
typedef int64_t lc_time;

#define LC_NEVER INT64_MAX
#define LC_SECOND ((lc_time)1000000)

struct lc_timer {
    lc_time at;
    void (*fire)(struct lc_timer *timer); /* the timer is unset when this is called */
    struct lc_timer *child, *next, *prev; /* a pairing heap */
};

struct lc_timers {
    lc_time now;
    lc_time epoch; /* what those count `now` from who show it to peers */
    struct lc_timer *root;
    unsigned running; /* how deep lc_timers_run() is nested */
};

static inline void lc_timer_init(struct lc_timer *timer, void (*fire)(struct lc_timer *))
{
    *timer = (struct lc_timer){.fire = fire};
}

bool lc_timer_is_set(const struct lc_timers *timers, const struct lc_timer *timer);

/* Sets or moves a timer; `at` may lie in the past, and is then due at the next run. */
void lc_timer_set(struct lc_timers *timers, struct lc_timer *timer, lc_time at);

/* Does nothing when the timer is not set. */
void lc_timer_clear(struct lc_timers *timers, struct lc_timer *timer);

/* The earliest deadline, or LC_NEVER. */
lc_time lc_timers_next(const struct lc_timers *timers);

/*
 * Fires what is due, in order of deadline; equal deadlines in any order. A timer that a firing one
 * sets for now or earlier waits for the next run, so that the loop gets its turn. May nest.
 */
void lc_timers_run(struct lc_timers *timers);

#endif
