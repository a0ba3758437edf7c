/* What the files of a call share: call.c (its life and beginning) and call_outcome.c (the rest). */
#ifndef LC_COMPONENT_CALL_STATE_H
#define LC_COMPONENT_CALL_STATE_H

#include "component/call.h"

/* ---- call.c ---- */

struct lc_timers *lc_call_timers(const struct lc_call *call);

/* Lets go of everything that could still speak to the call. */
void lc_call_silence(struct lc_call *call);

/* Back to those that are kept for the next use. */
void lc_call_recycle(struct lc_call *call);

/* Sends the request to call->remote, whose session is up if there is to be one. */
int lc_call_send(struct lc_call *call, struct lc_error *error);

/* ---- call_secure.c ---- */

/* Waits for a session with call->remote, then sends; the time-out runs already. */
int lc_call_connect(struct lc_call *call, struct lc_error *error);

/* The session of an observation is gone: tries to have another one now, or some time later. */
void lc_call_reconnect(struct lc_call *call);

/* Its time is over before its session was up: notes what that waited for. */
void lc_call_explain_silence(struct lc_call *call);

/* ---- call_outcome.c ---- */

/* For the exchange; `arg` is the call. */
extern const struct lc_exchange_upcalls lc_call_upcalls;

/* Timeout, from now on; nothing when it is 0. */
void lc_call_start_timer(struct lc_call *call);
void lc_call_time_out(struct lc_timer *timer);

/* Notes an outcome; its text is the URI. */
void lc_call_fail(struct lc_call *call, int code);

/* The call has its outcome: RequestComplete, then the one who waits. The call is gone after this.
 */
void lc_call_finish(struct lc_call *call);

/* Wakes the one who waits, if there is one. */
void lc_call_tell_waiter(struct lc_call *call);

#endif
