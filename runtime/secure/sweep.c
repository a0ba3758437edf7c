/* What bounds the table of sessions in time: half-open ones end, idle ones are parked and then
 * ended. See room.c too. */
#include "base/memory.h"
#include "secure/connection.h"

enum {
    SWEEP_AT_ONCE = 64,
    TRIM_AFTER = 32, /* parked sessions: a megabyte */
};

/* Of all endpoints, which have one heap: a fleet has a few sessions at each of thousands. */
static size_t all_up, all_parked; /* parked: since memory was given back to the system */

/* RFC 6347 4.2.4.1: flights are sent again after 1, 2, 4 ... s; after six of them nobody is there.
 */
static const lc_time handshake_limit = 64 * LC_SECOND;

/* Waking a parked session costs some 30 us, what a busy one may pay every few seconds. */
static const lc_time park_after = 5 * LC_SECOND;

static struct lc_connection *first_of(const struct lc_list *list)
{
    return lc_list_empty(list) ? NULL : lc_container(list->next, struct lc_connection, link);
}

/* Only who is up says goodbye. */
void lc_dtls_end_one(struct lc_connection *c, int code, const char *why)
{
    struct lc_error error;
    lc_fail(&error, code, "%s", why);
    void (*end)(struct lc_connection *, const struct lc_error *) =
        c->is_up ? lc_connection_close : lc_connection_finish;
    end(c, &error);
}

/* When the first of a list is due; LC_NEVER for an empty one. */
static lc_time due(const struct lc_list *list, lc_time after)
{
    struct lc_connection *c = first_of(list);
    return c == NULL || after == LC_NEVER ? LC_NEVER : c->used + after;
}

/* A session rests before it is ended. */
static lc_time rest_after(const struct lc_dtls *dtls)
{
    lc_time end = dtls->options.idle_timeout;
    return end < park_after ? end : park_after;
}

static lc_time next_sweep(const struct lc_dtls *dtls)
{
    lc_time at = due(&dtls->handshaking, handshake_limit);
    lc_time park = due(&dtls->busy, rest_after(dtls));
    lc_time end = due(&dtls->resting, dtls->options.idle_timeout);
    at = park < at ? park : at;
    return end < at ? end : at;
}

void lc_dtls_sweep_later(struct lc_dtls *dtls)
{
    struct lc_timers *timers = dtls->options.timers;
    lc_time at = dtls->is_closed ? LC_NEVER : next_sweep(dtls);
    if (at != LC_NEVER && (!lc_timer_is_set(timers, &dtls->sweep) || at < dtls->sweep.at)) {
        lc_timer_set(timers, &dtls->sweep, at);
    }
}

/* One due thing; false: there was none. */
static bool sweep_one(struct lc_dtls *dtls)
{
    lc_time now = dtls->options.timers->now;
    if (due(&dtls->handshaking, handshake_limit) <= now) {
        lc_dtls_end_one(first_of(&dtls->handshaking), LC_ERROR_TIMED_OUT,
            "the DTLS handshake took more than 64 seconds");
    } else if (due(&dtls->busy, rest_after(dtls)) <= now) {
        lc_connection_park(first_of(&dtls->busy));
    } else if (due(&dtls->resting, dtls->options.idle_timeout) <= now) {
        lc_dtls_end_one(first_of(&dtls->resting), LC_ERROR_TIMED_OUT,
            "the DTLS session was idle for SSLSessionTimeout");
    } else {
        return false;
    }
    return true;
}

/* At the end of a wave, and once for an eighth of the sessions: the gaps are as many as those. */
static void trim(struct lc_dtls *dtls)
{
    size_t enough = all_up / 8 > TRIM_AFTER ? all_up / 8 : TRIM_AFTER;
    if (all_parked >= enough && next_sweep(dtls) > dtls->options.timers->now) {
        all_parked = 0;
        lc_memory_trim();
    }
}

void lc_dtls_count_up(struct lc_dtls *dtls, int change)
{
    dtls->up_count += (size_t)change;
    all_up += (size_t)change;
}

void lc_dtls_count_parked(void)
{
    all_parked++;
}

void lc_dtls_sweep(struct lc_timer *timer)
{
    struct lc_dtls *dtls = lc_container(timer, struct lc_dtls, sweep);
    lc_dtls_enter(dtls);
    for (int i = 0; i < SWEEP_AT_ONCE && !dtls->is_closed && sweep_one(dtls); i++) {
    }
    lc_dtls_sweep_later(dtls);
    trim(dtls);
    lc_dtls_leave(dtls);
}
