/* The life of a call, and its beginning; see call.h. */
#include "component/call.h"

#include "base/memory.h"
#include "component/apply.h"
#include "component/call_state.h"
#include "component/endpoint.h"
#include "wire/code.h"
#include "wire/uri.h"

struct lc_timers *lc_call_timers(const struct lc_call *call)
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

void lc_call_recycle(struct lc_call *call)
{
    lc_content_release(call->response);
    call->response = NULL;
    lc_list_remove(&call->link);
    if (!lc_store_keep(&call->stage->calls, &call->link)) {
        lc_call_free(call);
    }
}

void lc_call_silence(struct lc_call *call)
{
    lc_timer_clear(lc_call_timers(call), &call->timer);
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

/* ---- The beginning ---- */

static bool observes_the_same(const struct lc_call *other, const struct lc_call *call)
{
    return other->observe == LC_REGISTER && other->state != LC_CALL_ENDED &&
           lc_bytes_equal(lc_buf_bytes(&other->uri), lc_buf_bytes(&call->uri));
}

/* What another call observes is this one's from now on; one that is not registered yet, and never
 * will be, ends with 711. */
static void end_other(struct lc_call *other)
{
    if (lc_call_is_pending(other)) {
        lc_call_cancel(other);
        return;
    }
    lc_call_silence(other);
    lc_list_remove(&other->link);
    if (!other->notifying && !other->guarded) {
        lc_call_recycle(other);
    }
}

/* The observation that a StopObserving ends, or another StartObserving renews: its token is used
 * once more (RFC 7641 3.6, 3.1), to end it also the options that it was registered with (3.6). */
static int take_over_observation(struct lc_call *call, struct lc_error *error)
{
    lc_list_for_each (link, &call->component->calls) {
        struct lc_call *other = lc_container(link, struct lc_call, link);
        if (!observes_the_same(other, call)) {
            continue;
        }
        if (call->observe == LC_DEREGISTER &&
            !lc_buf_set(&call->options, other->options.data, other->options.len)) {
            return lc_fail_memory(error);
        }
        if (other->exchange != NULL) {
            struct lc_bytes token = lc_exchange_token(other->exchange);
            call->token_len = (uint8_t)token.len;
            memcpy(call->token, token.data, token.len);
        }
        end_other(other);
        return LC_OK;
    }
    return LC_OK;
}

/* RFC 7252 8.1, 9.1: DTLS is between two. */
static int check_multicast(const struct lc_call *call, struct lc_error *error)
{
    char text[LC_ADDRESS_TEXT];
    if (!lc_address_is_multicast(&call->remote)) {
        return LC_OK;
    }
    lc_address_host(&call->remote, text);
    if (call->secure) {
        return lc_fail(error, LC_ERROR_URI,
            "%s is a multicast group, which DTLS cannot reach; use coap:// with SSLEnabled false",
            text);
    }
    if (call->observe != LC_NO_OBSERVE) {
        return lc_fail(error, LC_ERROR_OBSERVATION,
            "%s is a multicast group; observe its members one by one", text);
    }
    return LC_OK;
}

/* The address is known: opens the socket, then a session if need be, and sends. */
static int send_to_remote(struct lc_call *call, struct lc_error *error)
{
    int code = check_multicast(call, error);
    if (code == LC_OK) {
        code = lc_component_open(call->component, &call->remote, error);
    }
    if (code != LC_OK) {
        return code;
    }
    return call->secure ? lc_call_connect(call, error) : lc_call_send(call, error);
}

int lc_call_send(struct lc_call *call, struct lc_error *error)
{
    struct lc_component *component = call->component;
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
    struct lc_exchange_upcalls upcalls = lc_call_upcalls;
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
        lc_call_finish(call);
        return;
    }
    uint16_t port = call->remote.port;
    call->remote = *address;
    call->remote.port = port;
    if (send_to_remote(call, &call->error) != LC_OK) {
        lc_call_finish(call);
    }
}

/* Reads the URI: where to send, its normal form, its options (into `body`, which is free until
 * now). */
static int read_uri(struct lc_call *call, struct lc_bytes text, struct lc_error *error)
{
    struct lc_uri uri;
    int code = lc_uri_parse(&uri, text, error);
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
    if (code == LC_OK && uri.literal &&
        !lc_address_parse(&call->remote, lc_buf_bytes(&call->host))) {
        return lc_fail(error, LC_ERROR_URI, "%.*s names no interface of this machine",
            (int)call->host.len, (const char *)call->host.data);
    }
    if (code == LC_OK && !lc_buf_append(&call->host, "", 1)) {
        code = lc_fail_memory(error);
    }
    call->secure = uri.secure || lc_component_settings(call->component)->ssl_enabled;
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

/* A literal address is in place already. */
static int start(struct lc_call *call, struct lc_error *error)
{
    if (!lc_address_is_any(&call->remote)) {
        return send_to_remote(call, error);
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
    call->has_progress = false;
    call->message_id = component->message_id;
    component->message_id = -1;
    if (options->waiter != NULL) {
        call->timeout = lc_apply_seconds(component->values.basics.timeout);
    } else if (!call->confirmable) {
        call->timeout = lc_apply_seconds(settings->pending_timeout);
    }
    if (call->observe != LC_NO_OBSERVE && take_over_observation(call, error) != LC_OK) {
        return error->code;
    }
    return start(call, error);
}

/* RequestIds of a component in both roles: the peers' have the low numbers. */
static const uint64_t own_numbers = UINT64_C(1) << 48;

static uint64_t next_number(struct lc_component *component)
{
    uint64_t number = ++component->last_number;
    return component->values.basics.both_roles ? own_numbers + number : number;
}

struct lc_call *lc_call_begin(
    struct lc_component *component, const struct lc_call_options *options, struct lc_error *error)
{
    if (component->listening && !component->values.basics.both_roles) {
        lc_fail(error, LC_ERROR_MODE,
            "a component that listens sends no requests; set BothRoles=True before it listens, "
            "call StopListening first, or use another one");
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
    lc_timer_init(&call->timer, lc_call_time_out);
    if (prepare(call, options, error) != LC_OK) {
        lc_call_silence(call);
        lc_call_recycle(call);
        lc_component_update_active(component); /* it may have taken over the last observation */
        return NULL;
    }
    call->number = next_number(component);
    lc_content_release(component->response);
    component->response = NULL;
    lc_list_append(&component->calls, &call->link);
    lc_call_start_timer(call);
    lc_component_update_active(component);
    return call;
}

/* ---- Cancelling ---- */

void lc_call_cancel(struct lc_call *call)
{
    lc_call_silence(call);
    lc_call_fail(call, LC_ERROR_CANCELED);
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
            lc_call_finish(call);
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
        lc_call_silence(call);
        lc_list_remove(&call->link);
        lc_call_fail(call, LC_ERROR_CANCELED);
        lc_call_tell_waiter(call);
        if (!call->notifying && !call->guarded) {
            lc_call_recycle(call);
        }
    }
}
