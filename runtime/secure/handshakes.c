/* Handshake steps, a little in each turn of the loop; see handshakes.h. */
#include "secure/handshakes.h"

#include <time.h>

/* Cheap steps (pre-shared keys, resumption: some 40 us each) go together in one turn; after a step
 * with public-key arithmetic the loop has its turn. */
static const int64_t budget_ns = 200000;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The timer stands while steps wait, so that a step which turns the loop does not hold them up. */
static void wake(struct lc_handshakes *handshakes)
{
    if (lc_list_empty(&handshakes->steps)) {
        lc_timer_clear(handshakes->timers, &handshakes->timer);
    } else {
        lc_timer_set(handshakes->timers, &handshakes->timer, handshakes->timers->now);
    }
}

static void run(struct lc_timer *timer)
{
    struct lc_handshakes *handshakes = lc_container(timer, struct lc_handshakes, timer);
    int64_t end = now_ns() + budget_ns;
    while (!lc_list_empty(&handshakes->steps) && now_ns() < end) {
        struct lc_step *step = lc_container(handshakes->steps.next, struct lc_step, link);
        lc_list_remove(&step->link);
        wake(handshakes);
        step->run(step);
    }
    wake(handshakes);
}

void lc_handshakes_init(struct lc_handshakes *handshakes, struct lc_timers *timers)
{
    handshakes->timers = timers;
    lc_timer_init(&handshakes->timer, run);
    lc_list_init(&handshakes->steps);
}

void lc_handshakes_add(struct lc_handshakes *handshakes, struct lc_step *step)
{
    if (!lc_list_empty(&step->link)) {
        return;
    }
    lc_list_append(&handshakes->steps, &step->link);
    if (!lc_timer_is_set(handshakes->timers, &handshakes->timer)) {
        wake(handshakes);
    }
}
