/*
 * The queue of handshake steps of a whole loop. A step may cost milliseconds of arithmetic; a burst
 * of them is spread over the loop's turns, so that established traffic waits for one step at most.
 */
#ifndef LC_SECURE_HANDSHAKES_H
#define LC_SECURE_HANDSHAKES_H

#include "base/list.h"
#include "base/timers.h"

struct lc_handshakes {
    struct lc_timers *timers;
    struct lc_timer timer;
    struct lc_list steps;
};

/* Something that has a step to make; stands in its owner. */
struct lc_step {
    struct lc_list link;
    void (*run)(struct lc_step *step); /* may add it again, and end others */
};

void lc_handshakes_init(struct lc_handshakes *handshakes, struct lc_timers *timers);

static inline void lc_step_init(struct lc_step *step, void (*run)(struct lc_step *))
{
    lc_list_init(&step->link);
    step->run = run;
}

/* The step is run in this turn or a later one, after those added before. Twice is once. */
void lc_handshakes_add(struct lc_handshakes *handshakes, struct lc_step *step);

static inline void lc_step_cancel(struct lc_step *step)
{
    lc_list_remove(&step->link);
}

#endif
