/* Calls over DTLS: waiting for their session, and what its end means to them; see call.h. */
#include <stdio.h>

#include "component/call_state.h"
#include "component/secure.h"

/* An observation whose session could not be had again, or was lost again at once, is tried again
 * after this. */
static const lc_time reconnect_after = 30 * LC_SECOND;

int lc_call_connect(struct lc_call *call, struct lc_error *error)
{
    bool is_up;
    int code = lc_secure_connect(
        call->component, &call->remote, (const char *)call->host.data, &is_up, error);
    if (code != LC_OK) {
        return code;
    }
    if (is_up) {
        return lc_call_send(call, error);
    }
    if (call->state != LC_CALL_OBSERVING) {
        call->state = LC_CALL_CONNECTING;
    }
    return LC_OK;
}

/* The first that waits for the session; an observation waits with no exchange. */
static struct lc_call *find_waiting(struct lc_component *component, uint32_t session)
{
    lc_list_for_each (link, &component->calls) {
        struct lc_call *call = lc_container(link, struct lc_call, link);
        bool waits = call->state == LC_CALL_CONNECTING ||
                     (call->state == LC_CALL_OBSERVING && call->exchange == NULL);
        if (waits && call->remote.session == session) {
            return call;
        }
    }
    return NULL;
}

/* Each may run a handler that changes the list: it is looked through again. */
void lc_call_session_up(struct lc_component *component, uint32_t session)
{
    struct lc_call *call;
    while ((call = find_waiting(component, session)) != NULL) {
        if (lc_call_send(call, &call->error) != LC_OK) {
            lc_call_finish(call);
        }
    }
}

static struct lc_call *find_of(struct lc_component *component, uint32_t session)
{
    lc_list_for_each (link, &component->calls) {
        struct lc_call *call = lc_container(link, struct lc_call, link);
        if (call->remote.session == session && call->state != LC_CALL_ENDED) {
            return call;
        }
    }
    return NULL;
}

static void drop_exchange(struct lc_call *call)
{
    if (call->exchange != NULL) {
        lc_exchange_cancel(call->exchange);
        call->exchange = NULL;
    }
    call->remote.session = 0;
}

static void try_later(struct lc_call *call)
{
    struct lc_timers *timers = lc_call_timers(call);
    lc_timer_set(timers, &call->timer, timers->now + reconnect_after);
}

void lc_call_reconnect(struct lc_call *call)
{
    struct lc_error error;
    drop_exchange(call);
    if (lc_call_connect(call, &error) != LC_OK) {
        lc_log(&call->component->log, LC_LOG_INFO, "%s cannot be observed again yet: %s",
            (const char *)call->uri.data, error.text);
        try_later(call);
    }
}

/* A restarted server is asked at once, one that ends each session is not. */
static void reconnect_or_wait(struct lc_call *call)
{
    lc_time now = lc_call_timers(call)->now;
    bool is_soon = call->reconnected != 0 && now - call->reconnected < reconnect_after;
    call->reconnected = now;
    if (is_soon) {
        try_later(call);
    } else {
        lc_call_reconnect(call);
    }
}

static void fail_with(struct lc_call *call, const struct lc_error *error)
{
    call->error.code = error->code;
    snprintf(call->error.text, sizeof call->error.text, "%s: %s", error->text,
        (const char *)call->uri.data);
}

void lc_call_explain_silence(struct lc_call *call)
{
    struct lc_error error;
    lc_secure_explain_silence(call->component, call->remote.session, &error);
    fail_with(call, &error);
}

void lc_call_session_closed(
    struct lc_component *component, uint32_t session, const struct lc_error *error)
{
    struct lc_call *call;
    while ((call = find_of(component, session)) != NULL) {
        bool was_established = call->exchange != NULL;
        drop_exchange(call);
        if (call->state != LC_CALL_OBSERVING) {
            fail_with(call, error);
            lc_call_finish(call);
        } else if (was_established) {
            reconnect_or_wait(call);
        } else {
            try_later(call);
        }
    }
}
