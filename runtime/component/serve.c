/* The server role; see serve.h. */
#include "component/serve.h"

#include "component/endpoint.h"
#include "component/secure.h"
#include "wire/code.h"
#include "wire/option.h"
#include "wire/uri.h"

/* ---- The response that a handler leaves ---- */

/* Nobody answered. A method that no RFC knows is refused by RFC 7252 5.8. */
static uint8_t code_of_nothing(uint8_t method)
{
    return method <= LC_IPATCH ? LC_CODE(4, 4) : LC_CODE(4, 5);
}

/* ResponseCode left empty: what the data and the method suggest (design section 4). */
static uint8_t code_of(const struct lc_content *content, uint8_t method)
{
    uint8_t code = lc_content_code(content);
    if (code != 0) {
        return code;
    }
    if (lc_content_is_untouched(content)) {
        return code_of_nothing(method);
    }
    switch (method) {
    case LC_GET:
    case LC_FETCH:
        return LC_CODE(2, 5);
    case LC_DELETE:
        return LC_CODE(2, 2);
    default:
        return LC_CODE(2, 4);
    }
}

/* `options` is the caller's scratch, since it lives no longer than the call. */
static int make_response(struct lc_component *component, const struct lc_content *content,
    uint8_t code, struct lc_response *out, struct lc_error *error)
{
    struct lc_buf *options = &component->stage->scratch;
    int failed = lc_content_encode(content, true, lc_bytes(NULL, 0), options, error);
    *out = (struct lc_response){
        .code = code,
        .confirmable = component->values.basics.use_confirmable_messages,
        .options = lc_buf_bytes(options),
        .body = lc_content_data(content),
    };
    return failed;
}

/* Nobody listens to ResponseComplete: the server may forget the request once it is answered. */
static void say_who_listens(struct lc_component *component, struct lc_incoming *incoming)
{
    incoming->wants_complete = lc_component_handles(component, LC_ON_RESPONSE_COMPLETE);
}

static void respond_error(
    struct lc_component *component, struct lc_incoming *incoming, uint8_t code)
{
    struct lc_response response = {.code = code};
    struct lc_error error;
    say_who_listens(component, incoming);
    if (lc_server_respond(component->endpoint->server, incoming, &response, false, &error) !=
        LC_OK) {
        lc_server_cancel(component->endpoint->server, incoming);
    }
}

/* 5.00 to the client, and to the script what was wrong with its response. */
static void refuse_response(
    struct lc_component *component, struct lc_incoming *incoming, const struct lc_error *error)
{
    struct lc_buf text = {0};
    bool made = lc_buf_printf(&text, "%s (in the response to ", error->text) &&
                lc_uri_path(&text, incoming->message.options) && lc_buf_append(&text, ")", 2);
    respond_error(component, incoming, LC_CODE(5, 0));
    lc_component_tell_error(component, error->code, made ? (const char *)text.data : error->text);
    lc_buf_free(&text);
}

static void respond(struct lc_component *component, struct lc_incoming *incoming,
    const struct lc_content *content, bool observe)
{
    struct lc_error error;
    struct lc_response response;
    uint8_t code = code_of(content, incoming->message.code);
    say_who_listens(component, incoming);
    int failed = make_response(component, content, code, &response, &error);
    if (failed == LC_OK) {
        failed =
            lc_server_respond(component->endpoint->server, incoming, &response, observe, &error);
    }
    if (failed != LC_OK) {
        refuse_response(component, incoming, &error);
    }
}

/* ---- Request and Register ---- */

/* The handler has returned: its answer goes out, unless it was given or put off by other means. */
static void settle_request(struct lc_firing *firing, bool returned)
{
    struct lc_incoming *incoming = firing->source;
    struct lc_component *component = firing->component;
    if (component == NULL || incoming == NULL) {
        return;
    }
    incoming->owner = NULL;
    if (incoming->answered) {
        return;
    }
    bool is_register = firing->event.id == LC_ON_REGISTER;
    if (!returned) {
        respond_error(component, incoming, LC_CODE(5, 0));
    } else if (is_register || firing->event.flag) {
        respond(component, incoming, firing->response, is_register && firing->event.flag);
    }
}

/* The request goes its own way now: its handler, if it still runs, keeps what it reads. */
static void part_from_handler(struct lc_incoming *incoming)
{
    struct lc_firing *firing = incoming->owner;
    if (firing != NULL) {
        lc_content_hold(firing->request);
        firing->source = NULL;
        incoming->owner = NULL;
    }
}

/* The message must outlive the datagram, and an empty ACK goes out in time. */
static void hold_request(struct lc_firing *firing)
{
    struct lc_component *component = firing->component;
    struct lc_incoming *incoming = firing->source;
    if (incoming == NULL || lc_server_hold(component->endpoint->server, incoming)) {
        return;
    }
    part_from_handler(incoming);
    respond_error(component, incoming, LC_CODE(5, 3));
}

static void fill_event(struct lc_event *event, const struct lc_incoming *incoming)
{
    event->method = incoming->message.code;
    event->remote = incoming->path.remote;
    event->local = incoming->path.local;
    event->token = incoming->message.token;
    event->options = incoming->message.options;
    event->request_id = incoming->number;
}

static bool asks_to_register(const struct lc_message *message)
{
    uint32_t observe;
    return message->code == LC_GET && lc_message_uint(message, LC_OBSERVE, &observe) &&
           observe == 0;
}

static void on_request(void *arg, struct lc_incoming *incoming)
{
    struct lc_component *component = arg;
    enum lc_event_id id =
        lc_component_handles(component, LC_ON_REGISTER) && asks_to_register(&incoming->message)
            ? LC_ON_REGISTER
            : LC_ON_REQUEST;
    if (!lc_secure_may_ask(component, incoming->path.remote.session)) {
        respond_error(component, incoming, LC_CODE(4, 1));
        return;
    }
    if (!lc_component_handles(component, id)) {
        respond_error(component, incoming, code_of_nothing(incoming->message.code));
        return;
    }
    struct lc_firing *firing = lc_firing_new(component, id);
    if (firing == NULL || lc_firing_request(firing, &incoming->message) == NULL ||
        lc_firing_response(firing) == NULL) {
        respond_error(component, incoming, LC_CODE(5, 3));
        if (firing != NULL) {
            lc_firing_done(firing, false);
        }
        return;
    }
    fill_event(&firing->event, incoming);
    if (lc_address_is_any(&firing->event.local)) {
        firing->event.local = *lc_udp_local(component->endpoint->udp);
    }
    firing->event.local.port = lc_udp_local(component->endpoint->udp)->port;
    lc_secure_identify(component, &firing->event);
    firing->event.flag = id == LC_ON_REQUEST;
    firing->source = incoming;
    firing->settle = settle_request;
    firing->suspend = hold_request;
    incoming->owner = firing;
    component->stage->upcalls->fire(component, firing);
}

/* ---- What became of a response, and of observers ---- */

static void on_complete(void *arg, struct lc_incoming *incoming, int code, const char *text)
{
    struct lc_component *component = arg;
    part_from_handler(incoming);
    struct lc_firing *firing = NULL;
    if (lc_component_handles(component, LC_ON_RESPONSE_COMPLETE)) {
        firing = lc_firing_new(component, LC_ON_RESPONSE_COMPLETE);
    }
    if (firing != NULL) {
        firing->event.request_id = incoming->number;
        firing->event.number = code;
        firing->event.text = lc_bytes_text(text);
        component->stage->upcalls->fire(component, firing);
    }
    lc_component_update_active(component);
}

static void on_unregistered(void *arg, const struct lc_observer_info *observer)
{
    struct lc_component *component = arg;
    struct lc_firing *firing = NULL;
    if (lc_component_handles(component, LC_ON_UNREGISTERED)) {
        firing = lc_firing_new(component, LC_ON_UNREGISTERED);
    }
    if (firing != NULL) {
        struct lc_event *event = &firing->event;
        event->remote = observer->path.remote;
        event->local = observer->path.local;
        event->token = observer->token;
        event->uri = observer->uri;
        event->options = observer->options;
        component->stage->upcalls->fire(component, firing);
    }
}

/* ---- The component's verbs ---- */

int lc_serve_start(struct lc_component *component, struct lc_error *error)
{
    struct lc_server_upcalls upcalls = {on_request, on_complete, on_unregistered, component};
    struct lc_server *server = lc_endpoint_server(component->endpoint, &upcalls);
    if (server == NULL) {
        return lc_fail_memory(error);
    }
    lc_server_accept_requests(server, true);
    return LC_OK;
}

void lc_serve_stop(struct lc_component *component)
{
    lc_server_accept_requests(component->endpoint->server, false);
}

static struct lc_server *server_of(const struct lc_component *component)
{
    return component->endpoint == NULL ? NULL : component->endpoint->server;
}

static int find(struct lc_component *component, uint64_t number, struct lc_incoming **out_incoming,
    struct lc_error *error)
{
    struct lc_server *server = server_of(component);
    *out_incoming = server == NULL ? NULL : lc_server_find(server, number);
    if (*out_incoming == NULL || (*out_incoming)->answered) {
        return lc_fail(error, LC_ERROR_REQUEST_ID,
            "no request with Id \"%llu\" waits for an answer", (unsigned long long)number);
    }
    return LC_OK;
}

static int check_code(const struct lc_content *content, const char *method, struct lc_error *error)
{
    if (lc_content_code(content) == 0) {
        return lc_fail(
            error, LC_ERROR_RESPONSE_CODE, "set ResponseCode (such as \"2.05\") before %s", method);
    }
    return LC_OK;
}

static int fail_mode(const char *method, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_MODE,
        "%s needs server mode; set LocalPort and call StartListening first", method);
}

int lc_serve_respond(struct lc_component *component, uint64_t number,
    const struct lc_content *content, struct lc_error *error)
{
    if (server_of(component) == NULL) {
        return fail_mode("SendResponse", error);
    }
    struct lc_incoming *incoming;
    struct lc_response response;
    int code = find(component, number, &incoming, error);
    if (code == LC_OK) {
        code = check_code(content, "SendResponse", error);
    }
    if (code == LC_OK) {
        code = make_response(component, content, lc_content_code(content), &response, error);
    }
    if (code == LC_OK) {
        part_from_handler(incoming);
        say_who_listens(component, incoming);
        code = lc_server_respond(component->endpoint->server, incoming, &response, false, error);
        lc_component_update_active(component);
    }
    return code;
}

int lc_serve_cancel(struct lc_component *component, uint64_t number, struct lc_error *error)
{
    struct lc_incoming *incoming;
    int code = find(component, number, &incoming, error);
    if (code == LC_OK) {
        part_from_handler(incoming);
        say_who_listens(component, incoming);
        lc_server_cancel(component->endpoint->server, incoming);
        lc_component_update_active(component);
    }
    return code;
}

int lc_serve_notify(struct lc_component *component, struct lc_bytes uri, int accept,
    const struct lc_content *content, struct lc_error *error)
{
    struct lc_server *server = server_of(component);
    if (server == NULL) {
        return fail_mode("SendNotification", error);
    }
    struct lc_buf normal = {0};
    int code = LC_OK;
    if (uri.len == 0 || uri.data[0] != '/') {
        code = lc_uri_normalise(&normal, uri, error);
        uri = lc_buf_bytes(&normal);
    }
    if (code == LC_OK) {
        code = check_code(content, "SendNotification", error);
    }
    struct lc_response response;
    if (code == LC_OK) {
        code = make_response(component, content, lc_content_code(content), &response, error);
    }
    if (code == LC_OK) {
        code = lc_server_notify(server, uri, accept, &response, error);
    }
    lc_buf_free(&normal);
    return code;
}

int lc_serve_check_observed(const struct lc_component *component, struct lc_error *error)
{
    return server_of(component) == NULL ? fail_mode("ListObserved", error) : LC_OK;
}

bool lc_serve_next_observed(
    const struct lc_component *component, struct lc_bytes path, struct lc_observed *observed)
{
    return lc_server_next_observed(server_of(component), path, observed);
}

size_t lc_serve_pending(const struct lc_component *component)
{
    struct lc_server *server = server_of(component);
    return server == NULL ? 0 : lc_server_pending(server);
}
