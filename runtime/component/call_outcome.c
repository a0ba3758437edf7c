/* What becomes of a call: its answers, the notifications of an observation, its end; see call.h. */
#include "component/apply.h"
#include "component/call_state.h"
#include "component/result.h"
#include "component/secure.h"
#include "wire/code.h"

/* ---- The end ---- */

void lc_call_tell_waiter(struct lc_call *call)
{
    if (call->waiter != NULL) {
        call->stage->upcalls->finished(call);
        call->waiter = NULL;
    }
}

static void fire_complete(struct lc_call *call, const struct lc_address *from)
{
    struct lc_component *component = call->component;
    if (!lc_component_handles(component, LC_ON_REQUEST_COMPLETE)) {
        return;
    }
    struct lc_firing *firing = lc_firing_new(component, LC_ON_REQUEST_COMPLETE);
    if (firing == NULL) {
        return;
    }
    struct lc_event *event = &firing->event;
    event->method = call->method;
    event->uri = lc_buf_bytes(&call->uri);
    event->request_id = call->number;
    event->number = call->error.code;
    event->text = lc_bytes_text(call->error.code == LC_OK ? "" : call->error.text);
    event->remote = *from;
    if (call->response != NULL) {
        lc_firing_share_response(firing, call->response);
    } else {
        lc_firing_response(firing);
    }
    component->stage->upcalls->fire(component, firing);
}

void lc_call_finish(struct lc_call *call)
{
    struct lc_component *component = call->component;
    lc_call_silence(call);
    lc_list_remove(&call->link);
    fire_complete(call, &call->remote);
    lc_call_tell_waiter(call);
    lc_call_recycle(call);
    lc_component_update_active(component);
}

void lc_call_fail(struct lc_call *call, int code)
{
    lc_fail(&call->error, code, "%s", (const char *)call->uri.data);
}

void lc_call_time_out(struct lc_timer *timer)
{
    struct lc_call *call = lc_container(timer, struct lc_call, timer);
    if (call->state == LC_CALL_OBSERVING) {
        lc_call_reconnect(call);
        return;
    }
    if (call->state == LC_CALL_CONNECTING) {
        lc_call_explain_silence(call);
    } else {
        if (!call->has_progress) {
            lc_secure_doubt(call->component, call->remote.session, call->timeout);
        }
        lc_call_fail(call, LC_ERROR_TIMED_OUT);
    }
    lc_call_finish(call);
}

/* ---- What the exchange says ---- */

void lc_call_start_timer(struct lc_call *call)
{
    if (call->timeout > 0) {
        struct lc_timers *timers = lc_call_timers(call);
        lc_timer_set(timers, &call->timer, timers->now + call->timeout);
    }
}

static void on_progress(void *arg)
{
    struct lc_call *call = arg;
    call->has_progress = true;
    if (call->state != LC_CALL_SENT || (call->absolute && call->timeout > 0)) {
        return; /* an observation that goes on needs no time-out: it renews itself */
    }
    if (call->timeout == 0) {
        /* Confirmed, it is not given up by 704 any more, and the answer may never come. */
        call->timeout = lc_apply_seconds(lc_component_settings(call->component)->pending_timeout);
    }
    lc_call_start_timer(call);
}

static void on_transferred(void *arg, const struct lc_transfer *transfer)
{
    const struct lc_call *call = arg;
    struct lc_component *component = call->component;
    if (!lc_component_handles(component, LC_ON_TRANSFER)) {
        return;
    }
    struct lc_event event = {
        .id = LC_ON_TRANSFER,
        .request_id = call->number,
        .uri = lc_buf_bytes(&call->uri),
        .number = transfer->incoming,
        .bytes = (uint32_t)transfer->bytes,
        .total = (uint32_t)transfer->total,
    };
    component->stage->upcalls->tell(component, &event);
}

/* Makes the answer what Response* mean, to the call and to the component. */
static void keep_response(struct lc_call *call, const struct lc_result *result)
{
    lc_content_release(call->response);
    call->response = result->response == NULL ? NULL : lc_content_new();
    if (call->response == NULL) {
        return;
    }
    call->response->message = result->response;
    lc_content_hold(call->response);
    struct lc_component *component = call->component;
    lc_content_release(component->response);
    component->response = call->response;
    component->response->refs++;
}

static void on_complete(void *arg, const struct lc_result *result)
{
    struct lc_call *call = arg;
    call->exchange = NULL;
    bool all_answers_told = result->code == LC_OK && result->response == NULL;
    if (all_answers_told) {
        struct lc_component *component = call->component;
        lc_call_silence(call);
        lc_list_remove(&call->link);
        call->error.code = LC_OK;
        lc_call_tell_waiter(call);
        lc_call_recycle(call);
        lc_component_update_active(component);
        return;
    }
    if (result->code == LC_ERROR_TRANSMISSION) {
        const struct lc_settings *settings = lc_component_settings(call->component);
        lc_secure_doubt(
            call->component, call->remote.session, lc_apply_seconds(settings->ack_timeout));
        if (call->secure && call->state == LC_CALL_OBSERVING) {
            lc_call_reconnect(call); /* the server may have lost the session, not the resource */
            return;
        }
    }
    keep_response(call, result);
    if (result->path != NULL) {
        call->remote = result->path->remote;
    }
    lc_result_describe(result, lc_buf_bytes(&call->uri), &call->error);
    lc_call_finish(call);
}

/* One of the answers to a multicast request. */
static void on_answer(void *arg, const struct lc_result *result)
{
    struct lc_call *call = arg;
    keep_response(call, result);
    lc_result_describe(result, lc_buf_bytes(&call->uri), &call->error);
    fire_complete(call, &result->path->remote);
}

/* ---- Notifications ---- */

/*
 * Between these two a handler may end the call, which must not go before they are through. They
 * nest: guard() returns what release() is to leave.
 */
static bool guard(struct lc_call *call)
{
    bool before = call->guarded;
    call->guarded = true;
    return before;
}

static void release(struct lc_call *call, bool guarded)
{
    call->guarded = guarded;
    if (call->state == LC_CALL_ENDED && !call->notifying && !guarded) {
        lc_call_recycle(call);
    }
}

static void fire_notification(struct lc_firing *firing)
{
    struct lc_call *call = firing->source;
    call->notifying = true;
    firing->component->stage->upcalls->fire(firing->component, firing);
}

static void stop_observing(struct lc_call *call)
{
    struct lc_error error;
    struct lc_call_options options = {
        .method = LC_GET,
        .observe = LC_DEREGISTER,
        .uri = lc_buf_bytes(&call->uri),
    };
    if (lc_call_begin(call->component, &options, &error) == NULL) {
        lc_component_tell_error(call->component, error.code, error.text);
    }
}

/* The handler of one notification has returned: the next one may start. */
static void settle_notification(struct lc_firing *firing, bool returned)
{
    struct lc_call *call = firing->source;
    bool guarded = guard(call);
    call->notifying = false;
    bool wanted = firing->component != NULL && returned && firing->event.flag;
    if (wanted && call->state == LC_CALL_OBSERVING) {
        stop_observing(call);
    }
    while (!call->notifying && !lc_list_empty(&call->notifications)) {
        struct lc_firing *next = lc_container(call->notifications.next, struct lc_firing, queue);
        lc_list_remove(&next->queue);
        if (next->component != NULL) {
            fire_notification(next);
        } else {
            next->settle = NULL;
            lc_firing_done(next, false);
        }
    }
    release(call, guarded);
}

/* A handler that sleeps while notifications pour in sees the newest ones (bounded). */
enum { NOTIFICATIONS_MAX = 64 };

static void queue_notification(struct lc_call *call, struct lc_firing *firing)
{
    unsigned waiting = 0;
    lc_list_for_each (link, &call->notifications) {
        waiting++;
    }
    if (waiting == NOTIFICATIONS_MAX) {
        struct lc_firing *oldest = lc_container(call->notifications.next, struct lc_firing, queue);
        lc_log(&call->component->log, LC_LOG_INFO,
            "a notification of %s is dropped: its handler is too slow", (char *)call->uri.data);
        lc_list_remove(&oldest->queue);
        oldest->settle = NULL;
        lc_firing_done(oldest, false);
    }
    lc_list_append(&call->notifications, &firing->queue);
}

static void on_notification(void *arg, const struct lc_result *result, bool latest)
{
    struct lc_call *call = arg;
    struct lc_component *component = call->component;
    bool over = result->code != LC_OK;
    keep_response(call, result);
    call->state = LC_CALL_OBSERVING;
    lc_timer_clear(lc_call_timers(call), &call->timer);
    if (over) {
        call->exchange = NULL;
        lc_call_silence(call);
        lc_list_remove(&call->link);
    }
    struct lc_firing *firing = NULL;
    if (lc_component_handles(component, LC_ON_NOTIFICATION)) {
        firing = lc_firing_new(component, LC_ON_NOTIFICATION);
    }
    if (firing != NULL) {
        firing->source = call;
        firing->settle = settle_notification;
        firing->event.uri = lc_buf_bytes(&call->uri);
        firing->event.latest = latest;
        firing->event.flag = firing->event.flag_fixed = over;
        lc_firing_share_response(firing, call->response);
    }
    /* The registration call returns when the first notification is there. */
    call->error.code = LC_OK;
    bool guarded = guard(call);
    if (firing != NULL && call->notifying) {
        queue_notification(call, firing);
    } else if (firing != NULL) {
        fire_notification(firing);
    }
    lc_call_tell_waiter(call);
    release(call, guarded);
    lc_component_update_active(component);
}

const struct lc_exchange_upcalls lc_call_upcalls = {
    .progress = on_progress,
    .transferred = on_transferred,
    .notification = on_notification,
    .answer = on_answer,
    .complete = on_complete,
};
