/* Calls of the client role; see call.h. */
#include "component/call.h"

#include <stdio.h>

#include "base/memory.h"
#include "component/apply.h"
#include "component/endpoint.h"
#include "component/result.h"
#include "wire/code.h"
#include "wire/uri.h"

static struct lc_timers *timers_of(const struct lc_call *call)
{
    return lc_loop_timers(call->stage->loop);
}

/* ---- Making and unmaking ---- */

void lc_call_free(struct lc_call *call)
{
    lc_buf_free(&call->uri);
    lc_buf_free(&call->host);
    lc_buf_free(&call->options);
    lc_buf_free(&call->body);
    lc_content_release(call->response);
    lc_free(call);
}

static struct lc_call *new_call(struct lc_component *component)
{
    struct lc_list *spare = lc_store_take(&component->stage->calls);
    struct lc_call *call =
        spare != NULL ? lc_container(spare, struct lc_call, link) : lc_zalloc(sizeof *call);
    if (call == NULL) {
        return NULL;
    }
    *call = (struct lc_call){
        .stage = component->stage,
        .component = component,
        .uri = call->uri,
        .host = call->host,
        .options = call->options,
        .body = call->body,
    };
    lc_buf_clear(&call->uri);
    lc_buf_clear(&call->host);
    lc_buf_clear(&call->options);
    lc_buf_clear(&call->body);
    lc_list_init(&call->link);
    lc_list_init(&call->notifications);
    return call;
}

static void recycle(struct lc_call *call)
{
    lc_content_release(call->response);
    call->response = NULL;
    lc_list_remove(&call->link);
    if (!lc_store_keep(&call->stage->calls, &call->link)) {
        lc_call_free(call);
    }
}

/* Lets go of everything that could still speak to the call. */
static void silence(struct lc_call *call)
{
    lc_timer_clear(timers_of(call), &call->timer);
    if (call->resolution != NULL) {
        lc_resolve_cancel(call->resolution);
        call->resolution = NULL;
    }
    if (call->exchange != NULL) {
        lc_exchange_cancel(call->exchange);
        call->exchange = NULL;
    }
    call->state = LC_CALL_ENDED;
}

/* ---- The end ---- */

static void tell_waiter(struct lc_call *call)
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

/* The call has its outcome: RequestComplete, then the one who waits. The call is gone after this.
 */
static void finish(struct lc_call *call)
{
    struct lc_component *component = call->component;
    silence(call);
    lc_list_remove(&call->link);
    fire_complete(call, &call->remote);
    tell_waiter(call);
    recycle(call);
    lc_component_update_active(component);
}

static void fail(struct lc_call *call, int code, const char *text)
{
    lc_fail(&call->error, code, "%s", text);
}

static void finish_failed(struct lc_call *call, int code)
{
    fail(call, code, (const char *)call->uri.data);
    finish(call);
}

static void time_out(struct lc_timer *timer)
{
    finish_failed(lc_container(timer, struct lc_call, timer), LC_ERROR_TIMED_OUT);
}

/* ---- What the exchange says ---- */

static void start_timer(struct lc_call *call)
{
    if (call->timeout > 0) {
        struct lc_timers *timers = timers_of(call);
        lc_timer_set(timers, &call->timer, timers->now + call->timeout);
    }
}

static void on_progress(void *arg)
{
    struct lc_call *call = arg;
    if (call->state != LC_CALL_SENT || (call->absolute && call->timeout > 0)) {
        return; /* an observation that goes on needs no time-out: it renews itself */
    }
    if (call->timeout == 0) {
        /* Confirmed, it is not given up by 704 any more, and the answer may never come. */
        call->timeout = lc_apply_seconds(lc_component_settings(call->component)->pending_timeout);
    }
    start_timer(call);
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
        silence(call);
        lc_list_remove(&call->link);
        call->error.code = LC_OK;
        tell_waiter(call);
        recycle(call);
        lc_component_update_active(component);
        return;
    }
    keep_response(call, result);
    if (result->path != NULL) {
        call->remote = result->path->remote;
    }
    lc_result_describe(result, lc_buf_bytes(&call->uri), &call->error);
    finish(call);
}

/* One of the answers to a multicast request. */
static void on_answer(void *arg, const struct lc_result *result)
{
    struct lc_call *call = arg;
    keep_response(call, result);
    lc_result_describe(result, lc_buf_bytes(&call->uri), &call->error);
    fire_complete(call, &result->path->remote);
}

static void on_notification(void *arg, const struct lc_result *result, bool latest);

static const struct lc_exchange_upcalls exchange_upcalls = {
    .progress = on_progress,
    .notification = on_notification,
    .answer = on_answer,
    .complete = on_complete,
};

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
        recycle(call);
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
    lc_timer_clear(timers_of(call), &call->timer);
    if (over) {
        call->exchange = NULL;
        silence(call);
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
    tell_waiter(call);
    release(call, guarded);
    lc_component_update_active(component);
}

/* ---- The beginning ---- */

/* The observation that a StopObserving ends: its token is used once more (RFC 7641 3.6). */
static void take_over_observation(struct lc_call *call)
{
    lc_list_for_each (link, &call->component->calls) {
        struct lc_call *other = lc_container(link, struct lc_call, link);
        if (other->state == LC_CALL_OBSERVING &&
            lc_bytes_equal(lc_buf_bytes(&other->uri), lc_buf_bytes(&call->uri))) {
            struct lc_bytes token = lc_exchange_token(other->exchange);
            call->token_len = (uint8_t)token.len;
            memcpy(call->token, token.data, token.len);
            silence(other);
            lc_list_remove(&other->link);
            if (!other->notifying && !other->guarded) {
                recycle(other);
            }
            return;
        }
    }
}

static int send_now(struct lc_call *call, struct lc_error *error)
{
    struct lc_component *component = call->component;
    int code = lc_component_open(component, &call->remote, error);
    if (code != LC_OK) {
        return code;
    }
    struct lc_client *client = lc_endpoint_client(component->endpoint);
    if (client == NULL) {
        return lc_fail_memory(error);
    }
    struct lc_request request = {
        .method = call->method,
        .confirmable = call->confirmable,
        .observe = call->observe,
        .path = {.remote = call->remote},
        .options = lc_buf_bytes(&call->options),
        .body = lc_buf_bytes(&call->body),
        .id = call->message_id,
        .empty_token = lc_component_settings(component)->use_empty_token,
        .token = lc_bytes(call->token, call->token_len),
    };
    struct lc_exchange_upcalls upcalls = exchange_upcalls;
    upcalls.arg = call;
    call->exchange = lc_client_send(client, &request, &upcalls, error);
    if (call->exchange == NULL) {
        return error->code;
    }
    component->endpoint->asked = call->remote;
    call->state = LC_CALL_SENT;
    return LC_OK;
}

static void on_resolved(void *arg, const struct lc_address *address, const struct lc_error *error)
{
    struct lc_call *call = arg;
    call->resolution = NULL;
    if (address == NULL) {
        call->error = *error;
        finish(call);
        return;
    }
    uint16_t port = call->remote.port;
    call->remote = *address;
    call->remote.port = port;
    if (send_now(call, &call->error) != LC_OK) {
        finish(call);
    }
}

/* Reads the URI: where to send, its normal form, its options (into `body`, which is free until
 * now). */
static int read_uri(struct lc_call *call, struct lc_bytes text, struct lc_error *error)
{
    struct lc_uri uri;
    int code = lc_uri_parse(&uri, text, error);
    if (code == LC_OK && uri.secure) {
        return lc_fail(error, LC_ERROR_USAGE,
            "%.*s needs DTLS, which this version does not have yet; use coap://", (int)text.len,
            (const char *)text.data);
    }
    if (code == LC_OK) {
        code = lc_uri_normalise(&call->uri, text, error);
    }
    if (code == LC_OK && !lc_buf_append(&call->uri, "", 1)) {
        code = lc_fail_memory(error);
    }
    if (code == LC_OK) {
        call->uri.len--; /* the zero byte stays behind it, for messages */
        code = lc_uri_options(&uri, &call->body, error);
    }
    if (code != LC_OK) {
        return code;
    }
    code = lc_uri_host(&uri, &call->host, error);
    if (code == LC_OK && uri.literal) {
        if (!lc_address_parse(&call->remote, lc_buf_bytes(&call->host))) {
            return lc_fail(error, LC_ERROR_URI, "%.*s names no interface of this machine",
                (int)call->host.len, (const char *)call->host.data);
        }
        lc_buf_clear(&call->host);
    }
    call->remote.port = uri.port;
    return code;
}

/* Options and body as the method has them: what reads or deletes carries no data. */
static int read_content(
    struct lc_call *call, const struct lc_content *content, struct lc_error *error)
{
    struct lc_content bare = {.format = -1};
    if (content != NULL) {
        bare = *content;
    }
    bool carries_data = call->method != LC_GET && call->method != LC_DELETE;
    if (!carries_data) {
        bare.format = -1;
        bare.set |= LC_HAS_FORMAT;
    }
    int code = lc_content_encode(&bare, false, lc_buf_bytes(&call->body), &call->options, error);
    if (code != LC_OK) {
        return code;
    }
    struct lc_bytes data = carries_data ? lc_content_data(content) : lc_bytes(NULL, 0);
    return lc_buf_set(&call->body, data.data, data.len) ? LC_OK : lc_fail_memory(error);
}

static int start(struct lc_call *call, struct lc_error *error)
{
    if (call->host.len == 0) {
        return send_now(call, error);
    }
    if (!lc_buf_append(&call->host, "", 1)) {
        return lc_fail_memory(error);
    }
    const struct lc_settings *settings = lc_component_settings(call->component);
    call->state = LC_CALL_RESOLVING;
    call->resolution = lc_resolve(call->stage->loop, (const char *)call->host.data,
        settings->use_ipv6, on_resolved, call, error);
    return call->resolution != NULL ? LC_OK : error->code;
}

static int prepare(
    struct lc_call *call, const struct lc_call_options *options, struct lc_error *error)
{
    struct lc_component *component = call->component;
    const struct lc_settings *settings = lc_component_settings(component);
    int code = read_uri(call, options->uri, error);
    if (code == LC_OK) {
        code = read_content(call, options->content, error);
    }
    if (code != LC_OK) {
        return code;
    }
    call->confirmable = component->values.basics.use_confirmable_messages;
    call->absolute = settings->absolute_timeout;
    call->message_id = component->message_id;
    component->message_id = -1;
    if (options->waiter != NULL) {
        call->timeout = lc_apply_seconds(component->values.basics.timeout);
    } else if (!call->confirmable) {
        call->timeout = lc_apply_seconds(settings->pending_timeout);
    }
    if (call->observe == LC_DEREGISTER) {
        take_over_observation(call);
    }
    return start(call, error);
}

struct lc_call *lc_call_begin(
    struct lc_component *component, const struct lc_call_options *options, struct lc_error *error)
{
    if (component->listening) {
        lc_fail(error, LC_ERROR_MODE,
            "a component that listens sends no requests; call StopListening first, or use another "
            "one");
        return NULL;
    }
    struct lc_call *call = new_call(component);
    if (call == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    call->method = options->method;
    call->observe = options->observe;
    call->waiter = options->waiter;
    lc_timer_init(&call->timer, time_out);
    if (prepare(call, options, error) != LC_OK) {
        silence(call);
        recycle(call);
        return NULL;
    }
    call->number = ++component->last_number;
    lc_content_release(component->response);
    component->response = NULL;
    lc_list_append(&component->calls, &call->link);
    start_timer(call);
    lc_component_update_active(component);
    return call;
}

/* ---- Cancelling ---- */

void lc_call_cancel(struct lc_call *call)
{
    silence(call);
    fail(call, LC_ERROR_CANCELED, (const char *)call->uri.data);
    call->deferred = true;
    lc_loop_defer(call->stage->loop, &call->component->deferred);
}

void lc_call_run_deferred(struct lc_component *component)
{
    /* A handler may begin and cancel others: start over after each. */
    for (struct lc_list *link = component->calls.next; link != &component->calls;) {
        struct lc_call *call = lc_container(link, struct lc_call, link);
        link = link->next;
        if (call->deferred) {
            finish(call);
            link = component->calls.next;
        }
    }
}

void lc_call_abandon(struct lc_call *call)
{
    call->waiter = NULL;
}

struct lc_call *lc_call_find(const struct lc_component *component, uint64_t number)
{
    lc_list_for_each (link, &component->calls) {
        struct lc_call *call = lc_container(link, struct lc_call, link);
        if (call->number == number && lc_call_is_pending(call)) {
            return call;
        }
    }
    return NULL;
}

void lc_call_drop_all(struct lc_component *component)
{
    while (!lc_list_empty(&component->calls)) {
        struct lc_call *call = lc_container(component->calls.next, struct lc_call, link);
        silence(call);
        lc_list_remove(&call->link);
        fail(call, LC_ERROR_CANCELED, (const char *)call->uri.data);
        tell_waiter(call);
        if (!call->notifying && !call->guarded) {
            recycle(call);
        }
    }
}
