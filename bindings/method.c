/* Methods: the reference's verbs, with calls that suspend their task; see method.h. */
#include "bindings/method.h"

#include <lauxlib.h>
#include <string.h>

#include "bindings/answer.h"
#include "bindings/component.h"
#include "bindings/configure.h"
#include "bindings/error.h"
#include "bindings/spawn.h"
#include "bindings/task.h"
#include "bindings/text.h"
#include "component/call.h"
#include "component/faulty.h"
#include "component/serve.h"
#include "wire/code.h"

static struct lc_bytes check_string(lua_State *L, int index, const char *method, const char *what)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "%s takes %s as a string, not %s", method, what,
            lc_error_describe(L, index));
    }
    return lc_text_bytes(L, index);
}

/* An argument too many is a mistake that would go unseen, such as coap:Put(uri, data). */
static void check_last(lua_State *L, int last, const char *method, const char *takes)
{
    if (!lua_isnoneornil(L, last + 1)) {
        lc_error_raisef(L, LC_ERROR_USAGE, "%s takes %s", method, takes);
    }
}

/* In OnLog and in finalizers, `method` without arguments is put off to the end of the turn. */
static bool put_off(lua_State *L, lua_CFunction method)
{
    if (lc_component_state(lc_component_check(L, 1))->inside == NULL && !lc_state_finalizes(L)) {
        return false;
    }
    lua_pushcfunction(L, lc_spawn);
    lua_pushcfunction(L, method);
    lua_pushvalue(L, 1);
    lua_call(L, 2, 0);
    return true;
}

/* ---- Requests ---- */

/* A synchronous call has ended: its answer becomes what Response* mean to the task. */
static int call_ended(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    struct lc_wait *wait = (struct lc_wait *)context;
    struct lc_component *component = lc_component_check(L, 1);
    struct lc_task *task = wait->state->current;
    if (task != NULL) {
        lc_answer_put(lc_component_answers(component), &task->answers, task, wait->response);
        wait->response = NULL;
    }
    if (wait->error.code != LC_OK) {
        return lc_error_raise(L, &wait->error);
    }
    if (wait->silent) {
        return 0;
    }
    lua_pushliteral(L, "");
    return 1;
}

/* Until it is answered, the task sees no older answer. */
static void clear_answer(struct lc_component *component)
{
    struct lc_task *task = lc_component_state(component)->current;
    if (task != NULL) {
        lc_answer_forget(lc_answer_find(lc_component_answers(component), task));
    }
}

/* There Request* are the peer's, and Response* what it will get. */
static void check_outside_handler(lua_State *L, struct lc_component *component, const char *method)
{
    const struct lc_task *task = lc_component_state(component)->current;
    if (component->listening && task != NULL && task->subject == component &&
        task->firing != NULL && task->firing->request != NULL) {
        lc_error_raisef(L, LC_ERROR_MODE,
            "%s sends no request in a handler of a request to the same component: use "
            "lunacoap.spawn, whose result has wait()",
            method);
    }
}

static int call(lua_State *L, const char *method, struct lc_call_options *options)
{
    struct lc_component *component = lc_component_check_acting(L, "call", method);
    struct lc_error error;
    check_outside_handler(L, component, method);
    options->uri = check_string(L, 2, method, "a URI");
    options->content = *lc_component_content(component, false);
    bool waits = component->values.basics.timeout > 0;
    struct lc_wait *wait = waits ? lc_wait_push(L) : NULL;
    options->waiter = wait;
    struct lc_call *begun = lc_call_begin(component, options, &error);
    if (begun == NULL) {
        return lc_error_raise(L, &error);
    }
    clear_answer(component);
    if (waits) {
        wait->call = begun;
        wait->silent = options->observe == LC_DEREGISTER;
        return lc_wait_run(L, wait, call_ended);
    }
    if (options->observe == LC_DEREGISTER) {
        return 0;
    }
    lua_pushfstring(L, "%I", (lua_Integer)begun->number);
    return 1;
}

static int request(lua_State *L, const char *method, uint8_t code, enum lc_observe_intent observe)
{
    check_last(L, 2, method, "a URI alone; what goes with it is in Request*");
    lua_settop(L, 2);
    struct lc_call_options options = {.method = code, .observe = observe};
    return call(L, method, &options);
}

static int get(lua_State *L)
{
    return request(L, "Get", LC_GET, LC_NO_OBSERVE);
}

static int post(lua_State *L)
{
    return request(L, "Post", LC_POST, LC_NO_OBSERVE);
}

static int put(lua_State *L)
{
    return request(L, "Put", LC_PUT, LC_NO_OBSERVE);
}

static int delete (lua_State *L)
{
    return request(L, "Delete", LC_DELETE, LC_NO_OBSERVE);
}

static int send_custom_request(lua_State *L)
{
    int is_integer;
    lua_Integer code = lua_tointegerx(L, 3, &is_integer);
    if (!is_integer || lua_type(L, 3) != LUA_TNUMBER || code < 1 || code > 31) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "SendCustomRequest takes a method code from 1 to 31 after the URI, such as "
            "lunacoap.Method.FETCH, not %s",
            lc_error_describe(L, 3));
    }
    check_last(L, 3, "SendCustomRequest", "a URI and a method; what goes with it is in Request*");
    lua_settop(L, 2);
    return request(L, "SendCustomRequest", (uint8_t)code, LC_NO_OBSERVE);
}

static int start_observing(lua_State *L)
{
    return request(L, "StartObserving", LC_GET, LC_REGISTER);
}

static int stop_observing(lua_State *L)
{
    return request(L, "StopObserving", LC_GET, LC_DEREGISTER);
}

/* ---- What is pending ---- */

/* RequestIds are decimal; 0 is never one. */
static uint64_t check_id(lua_State *L, const char *method)
{
    struct lc_bytes text = check_string(L, 2, method, "a RequestId");
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i > 18) {
            number = 0;
            break;
        }
        number = number * 10 + text.data[i] - '0';
    }
    if (number == 0) {
        lc_error_raisef(L, LC_ERROR_REQUEST_ID, "no request has the Id \"%s\"", lua_tostring(L, 2));
    }
    return number;
}

static int cancel_request(lua_State *L)
{
    struct lc_component *component = lc_component_check_acting(L, "call", "CancelRequest");
    uint64_t number = check_id(L, "CancelRequest");
    bool as_client = !component->listening || component->values.basics.both_roles;
    struct lc_call *pending = as_client ? lc_call_find(component, number) : NULL;
    if (pending != NULL) {
        lc_call_cancel(pending);
        return 0;
    }
    struct lc_error error;
    if (lc_serve_cancel(component, number, &error) != LC_OK) {
        return lc_error_raise(L, &error);
    }
    return 0;
}

static int send_response(lua_State *L)
{
    struct lc_component *component = lc_component_check_acting(L, "call", "SendResponse");
    struct lc_error error;
    uint64_t number = check_id(L, "SendResponse");
    check_last(L, 2, "SendResponse", "a RequestId alone; what it sends is in Response*");
    if (lc_serve_respond(component, number, *lc_component_content(component, true), &error) !=
        LC_OK) {
        return lc_error_raise(L, &error);
    }
    return 0;
}

/* Which Accept the observers to notify have asked for: -1 for none, nil for all. */
static int check_accept(lua_State *L, int index)
{
    int is_integer;
    lua_Integer accept = lua_tointegerx(L, index, &is_integer);
    if (lua_isnoneornil(L, index)) {
        return LC_ACCEPT_ANY;
    }
    if (!is_integer || lua_type(L, index) != LUA_TNUMBER || accept < LC_ACCEPT_NONE ||
        accept > UINT16_MAX) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "SendNotification takes the number of a content-format after the URI, or -1 for the "
            "observers that asked for none, not %s",
            lc_error_describe(L, index));
    }
    return (int)accept;
}

static int send_notification(lua_State *L)
{
    struct lc_component *component = lc_component_check_acting(L, "call", "SendNotification");
    struct lc_bytes uri = check_string(L, 2, "SendNotification", "a URI or a path");
    int accept = check_accept(L, 3);
    check_last(L, 3, "SendNotification", "a URI and an Accept; what it sends is in Response*");
    struct lc_error error;
    if (lc_serve_notify(component, uri, accept, *lc_component_content(component, true), &error) !=
        LC_OK) {
        return lc_error_raise(L, &error);
    }
    return 0;
}

/* ---- What a request has ---- */

static uint16_t check_option(lua_State *L, int index)
{
    int is_integer;
    lua_Integer number = lua_tointegerx(L, index, &is_integer);
    if (lua_type(L, index) != LUA_TNUMBER || !is_integer || number < 1 || number > UINT16_MAX) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "HasOption takes numbers of options such as 17, Accept, not %s",
            lc_error_describe(L, index));
    }
    return (uint16_t)number;
}

static int has_option(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    const struct lc_content *request = *lc_component_content(component, false);
    int count = lua_gettop(L);
    bool has = false;
    check_option(L, 2);
    for (int i = 2; i <= count; i++) {
        has = lc_content_has_option(request, check_option(L, i)) || has;
    }
    lua_pushboolean(L, has);
    return 1;
}

/* ---- What is observed ---- */

static void set_text(lua_State *L, const struct lc_component *component,
    const struct lc_event *event, enum lc_field_source source, const char *key)
{
    struct lc_buf *text = &lc_component_state(component)->scratch;
    lc_buf_clear(text);
    if (!lc_event_text(event, source, text)) {
        lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
    }
    lua_pushlstring(L, (const char *)text->data, text->len);
    lua_setfield(L, -2, key);
}

static void push_observed(
    lua_State *L, const struct lc_component *component, const struct lc_observed *observed)
{
    struct lc_event event = {.uri = observed->uri, .options = observed->options};
    lua_createtable(L, 0, 5);
    set_text(L, component, &event, LC_FIELD_URI, "URI");
    set_text(L, component, &event, LC_FIELD_URI_PATH, "URIPath");
    set_text(L, component, &event, LC_FIELD_URI_QUERY, "URIQuery");
    lua_pushinteger(L, observed->accept);
    lua_setfield(L, -2, "Accept");
    lua_pushinteger(L, (lua_Integer)observed->observers);
    lua_setfield(L, -2, "Observers");
}

static struct lc_bytes check_path(lua_State *L)
{
    if (lua_isnoneornil(L, 2)) {
        return lc_bytes(NULL, 0);
    }
    struct lc_bytes path = check_string(L, 2, "ListObserved", "a path");
    if (path.len == 0 || path.data[0] != '/') {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "ListObserved takes a path as URIPath has it, such as \"/a/b\", not %s",
            lc_error_describe(L, 2));
    }
    return path;
}

/* Making a value may run finalizers, which may do nothing that would end the walk (they raise). */
static int list_observed(lua_State *L)
{
    const struct lc_component *component = lc_component_check(L, 1);
    struct lc_bytes path = check_path(L);
    check_last(L, 2, "ListObserved", "a path alone");
    struct lc_error error;
    if (lc_serve_check_observed(component, &error) != LC_OK) {
        return lc_error_raise(L, &error);
    }
    struct lc_observed observed = {0};
    lua_newtable(L);
    for (lua_Integer i = 1; lc_serve_next_observed(component, path, &observed); i++) {
        push_observed(L, component, &observed);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/* ---- Life ---- */

static int start_listening(lua_State *L)
{
    struct lc_error error;
    struct lc_component *component = lc_component_check_acting(L, "call", "StartListening");
    if (lc_component_start_listening(component, &error) != LC_OK) {
        return lc_error_raise(L, &error);
    }
    return 0;
}

static int stop_listening(lua_State *L)
{
    lc_component_stop_listening(lc_component_check_acting(L, "call", "StopListening"));
    return 0;
}

int lc_method_shut_down(lua_State *L)
{
    if (!put_off(L, lc_method_shut_down)) {
        lc_component_shutdown(lc_component_check(L, 1));
    }
    return 0;
}

static int reset(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    if (!put_off(L, reset)) {
        lc_component_reset(component);
        lc_component_forget_kept(L, 1);
        clear_answer(component);
    }
    return 0;
}

/* A name that no setting has is answered with the nearest one. */
static void check_setting(lua_State *L, struct lc_bytes text)
{
    const uint8_t *equals = text.len == 0 ? NULL : memchr(text.data, '=', text.len);
    size_t len = equals == NULL ? text.len : (size_t)(equals - text.data);
    if (lc_setting_find((const char *)text.data, len, LC_CONFIG) != NULL) {
        return;
    }
    const struct lc_setting_row *row = lc_setting_find((const char *)text.data, len, LC_PROPERTY);
    if (row != NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE, "%s is a property; write coap.%s", row->name, row->name);
    }
    const char *names[LC_SETTING_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        if (lc_setting_rows[i].flags & LC_CONFIG) {
            names[count++] = lc_setting_rows[i].name;
        }
    }
    lua_pushlstring(L, (const char *)text.data, len);
    lc_error_unknown(L, "Config", "setting", lua_tostring(L, -1), names, count);
}

static int config(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    struct lc_bytes text = check_string(L, 2, "Config", "\"NAME\" or \"NAME=VALUE\"");
    check_last(L, 2, "Config", "one string, such as \"BlockSize=512\"");
    check_setting(L, text);
    struct lc_buf *out = &lc_component_state(component)->scratch;
    struct lc_error error;
    lc_buf_clear(out);
    if (lc_component_config(component, text, out, &error) != LC_OK) {
        return lc_error_raise(L, &error);
    }
    lua_pushlstring(L, (const char *)out->data, out->len);
    return 1;
}

/* How long DoEvents waits when nothing is ready. */
#define IDLE_WAIT (LC_SECOND / 20)

static int events_done(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

static int do_events(lua_State *L)
{
    lc_component_check(L, 1);
    struct lc_wait *wait = lc_wait_push(L);
    lc_wait_idle(wait);
    lc_wait_until(wait, IDLE_WAIT);
    return lc_wait_run(L, wait, events_done);
}

static int configuration(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    lua_settop(L, 1);
    lc_configuration_push(L, component);
    return 1;
}

static int configure(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    check_last(L, 2, "Configure", "a table of properties, settings and handlers");
    if (!lua_istable(L, 2)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "Configure takes a table of properties, settings and handlers, not %s",
            lc_error_describe(L, 2));
    }
    lua_settop(L, 2);
    lc_configure(L, component, 2);
    return 0;
}

static int restart(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    check_last(L, 1, "Restart", "nothing");
    struct lc_error error;
    bool done = put_off(L, restart) || lc_faulty_restart(component, &error) == LC_OK;
    return done ? 0 : lc_error_raise(L, &error);
}

static int rebind(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    check_last(L, 1, "Rebind", "nothing");
    struct lc_error error;
    bool done = put_off(L, rebind) || lc_faulty_rebind(component, &error) == LC_OK;
    return done ? 0 : lc_error_raise(L, &error);
}

const struct lc_method_row lc_method_rows[] = {
    {"CancelRequest", cancel_request},
    {"Config", config},
    {"Configuration", configuration},
    {"Configure", configure},
    {"Delete", delete},
    {"DoEvents", do_events},
    {"Get", get},
    {"HasOption", has_option},
    {"ListObserved", list_observed},
    {"Post", post},
    {"Put", put},
    {"Rebind", rebind},
    {"Reset", reset},
    {"Restart", restart},
    {"SendCustomRequest", send_custom_request},
    {"SendNotification", send_notification},
    {"SendResponse", send_response},
    {"Shutdown", lc_method_shut_down},
    {"StartListening", start_listening},
    {"StartObserving", start_observing},
    {"StopListening", stop_listening},
    {"StopObserving", stop_observing},
};

const size_t lc_method_count = sizeof lc_method_rows / sizeof lc_method_rows[0];
