/* The CoAP object; see component.h. */
#include "bindings/component.h"

#include <lauxlib.h>

#include "bindings/answer.h"
#include "bindings/certificate.h"
#include "bindings/configure.h"
#include "bindings/error.h"
#include "bindings/method.h"
#include "bindings/names.h"
#include "bindings/property.h"
#include "bindings/task.h"
#include "component/endpoint.h"
#include "component/secure.h"

#define COAP "lunacoap.CoAP"

/* Handlers are user values 1 to LC_EVENT_COUNT, certificates of properties the next. */
enum { FIRST_HANDLER = 1, FIRST_KEPT = FIRST_HANDLER + LC_EVENT_COUNT, KEPT = 2 };

static const enum lc_setting_id kept[KEPT] = {LC_SETTING_SSLCert, LC_SETTING_SSLAcceptServerCert};

enum member_kind { MEMBER_PROPERTY, MEMBER_METHOD, MEMBER_HANDLER };

/* Whatever may stand behind "coap." */
struct members {
    struct lc_names names;
    struct {
        enum member_kind kind;
        size_t index;
    } list[LC_NAMES_MAX];
};

struct lc_component *lc_component_test(lua_State *L, int index)
{
    struct lc_component_object *object = luaL_testudata(L, index, COAP);
    return object == NULL ? NULL : &object->component;
}

struct lc_component *lc_component_check(lua_State *L, int index)
{
    struct lc_component *component = lc_component_test(L, index);
    if (component == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "a method of a CoAP object was called on %s; write coap:Method(), with a colon",
            lc_error_describe(L, index));
    }
    return component;
}

/* A Certificate may have been changed since it was assigned to a property. */
static void use_certificates(lua_State *L, struct lc_component *component)
{
    if (!lc_container(component, struct lc_component_object, component)->keeps) {
        return;
    }
    struct lc_error error;
    for (int i = 0; i < KEPT; i++) {
        if (lua_getiuservalue(L, 1, FIRST_KEPT + i) == LUA_TUSERDATA &&
            lc_secure_set_certificate(component, kept[i], lc_certificate_get(L, -1), &error) !=
                LC_OK) {
            lc_error_raise(L, &error);
        }
        lua_pop(L, 1);
    }
}

struct lc_component *lc_component_check_acting(lua_State *L, const char *verb, const char *member)
{
    struct lc_component *component = lc_component_check(L, 1);
    bool finalizes = lc_state_finalizes(L);
    if (finalizes || lc_component_state(component)->inside) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "%s may not %s %s; use lunacoap.spawn to do it a moment later",
            finalizes ? "a finalizer (__gc)" : lc_component_state(component)->inside, verb, member);
    }
    use_certificates(L, component);
    /* What is begun now has its whole time, however long the script has computed before. */
    lc_loop_update(lc_component_state(component)->loop);
    return component;
}

void lc_component_push(lua_State *L, struct lc_state *state, const struct lc_component *component)
{
    int pin = lc_container(component, struct lc_component_object, component)->pin;
    if (pin != LUA_NOREF) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, pin);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->components);
    lua_rawgetp(L, -1, component);
    lua_remove(L, -2);
}

int lc_component_push_handler(lua_State *L, int index, enum lc_event_id id)
{
    return lua_getiuservalue(L, index, FIRST_HANDLER + (int)id);
}

static int kept_index(enum lc_setting_id which)
{
    return FIRST_KEPT + (which == kept[0] ? 0 : 1);
}

int lc_component_push_kept(lua_State *L, int index, enum lc_setting_id which)
{
    return lua_getiuservalue(L, index, kept_index(which));
}

void lc_component_keep(lua_State *L, int index, enum lc_setting_id which)
{
    struct lc_component_object *object = lua_touserdata(L, index);
    lua_setiuservalue(L, index, kept_index(which));
    object->keeps = true;
}

void lc_component_forget_kept(lua_State *L, int index)
{
    struct lc_component_object *object = lua_touserdata(L, index);
    for (int i = 0; object->keeps && i < KEPT; i++) {
        lua_pushnil(L);
        lua_setiuservalue(L, index, FIRST_KEPT + i);
    }
    object->keeps = false;
}

void lc_component_pin(struct lc_state *state, struct lc_component *component, bool pinned)
{
    struct lc_component_object *object =
        lc_container(component, struct lc_component_object, component);
    lua_State *L = state->running;
    if (!pinned) {
        luaL_unref(L, LUA_REGISTRYINDEX, object->pin);
        object->pin = LUA_NOREF;
    } else {
        lc_component_push(L, state, component);
        object->pin = luaL_ref(L, LUA_REGISTRYINDEX);
    }
}

struct lc_content **lc_component_content(struct lc_component *component, bool response)
{
    struct lc_task *task = lc_component_state(component)->current;
    if (task != NULL && response) {
        struct lc_answer *answer = lc_answer_find(lc_component_answers(component), task);
        if (answer != NULL) {
            return &answer->content;
        }
    }
    if (task != NULL && task->subject == component && task->firing != NULL) {
        struct lc_firing *firing = task->firing;
        if (response && firing->response != NULL) {
            return &firing->response;
        }
        if (!response && firing->request != NULL) {
            return &firing->request;
        }
    }
    return response ? &component->response : &component->request;
}

/* ---- Members ---- */

static int unknown_member(lua_State *L, const struct members *members)
{
    size_t len;
    const char *name = luaL_tolstring(L, 2, &len);
    const struct lc_setting_row *row = lc_setting_find(name, len, LC_CONFIG);
    if (row != NULL && (row->flags & LC_PROPERTY) == 0) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "CoAP has no property '%s'; it is a setting: Config(\"%s\") reads it, "
            "Config(\"%s=VALUE\") sets it",
            row->name, row->name, row->name);
    }
    return lc_error_unknown(L, "CoAP", "property", name, members->names.list, members->names.count);
}

static int component_index(lua_State *L)
{
    const struct members *members = lua_touserdata(L, lua_upvalueindex(1));
    struct lc_component_object *object = lua_touserdata(L, 1);
    int id = lc_names_find(L, &members->names, 2);
    if (id < 0) {
        return unknown_member(L, members);
    }
    size_t index = members->list[id].index;
    switch (members->list[id].kind) {
    case MEMBER_PROPERTY:
        return lc_property_push(L, &object->component, &lc_setting_rows[index]);
    case MEMBER_METHOD:
        lua_pushcfunction(L, lc_method_rows[index].function);
        return 1;
    default:
        lc_component_push_handler(L, 1, (enum lc_event_id)index);
        return 1;
    }
}

static int assign_handler(lua_State *L, struct lc_component *component, size_t event, int value)
{
    bool set = lua_isfunction(L, value);
    if (!set && !lua_isnil(L, value)) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "%s takes a function or nil, not %s",
            lc_event_rows[event].handler, lc_error_describe(L, value));
    }
    lua_pushvalue(L, value);
    lua_setiuservalue(L, 1, FIRST_HANDLER + (int)event);
    if (set) {
        component->handlers |= (uint16_t)(1 << event);
    } else {
        component->handlers &= (uint16_t) ~(1 << event);
    }
    lc_secure_handler_changed(component, (enum lc_event_id)event);
    return 0;
}

static int component_newindex(lua_State *L)
{
    const struct members *members = lua_touserdata(L, lua_upvalueindex(1));
    struct lc_component_object *object = lua_touserdata(L, 1);
    int id = lc_names_find(L, &members->names, 2);
    if (id < 0) {
        return unknown_member(L, members);
    }
    size_t index = members->list[id].index;
    switch (members->list[id].kind) {
    case MEMBER_PROPERTY:
        return lc_property_assign(L, &object->component, &lc_setting_rows[index], 3);
    case MEMBER_HANDLER:
        return assign_handler(L, &object->component, index, 3);
    default:
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "%s is a method; it cannot be assigned", members->names.list[id]);
    }
}

/* ---- Life ---- */

static int component_gc(lua_State *L)
{
    struct lc_component_object *object = lua_touserdata(L, 1);
    lc_component_dispose(&object->component);
    lc_answer_forget_component(&object->answers);
    lc_task_forget(lc_component_state(&object->component), &object->component);
    /* A finalizer that runs later may still reach it: it is no component any more. */
    lua_pushnil(L);
    lua_setmetatable(L, 1);
    return 0;
}

static int component_tostring(lua_State *L)
{
    struct lc_component *component = lc_component_check(L, 1);
    if (component->endpoint == NULL) {
        lua_pushliteral(L, "CoAP (closed)");
        return 1;
    }
    char text[LC_ADDRESS_TEXT];
    lua_pushfstring(L, "CoAP (%s %s)", component->listening ? "listening on" : "open on",
        lc_address_text(lc_udp_local(component->endpoint->udp), text));
    return 1;
}

/* ---- The constructor ---- */

int lc_component_new(lua_State *L)
{
    lua_settop(L, 1);
    if (!lua_isnoneornil(L, 1) && !lua_istable(L, 1)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "CoAP takes a table of properties, settings and handlers, not %s",
            lc_error_describe(L, 1));
    }
    struct lc_state *state = lc_state_of(L);
    struct lc_component_object *object =
        lua_newuserdatauv(L, sizeof *object, FIRST_KEPT + KEPT - 1);
    object->pin = LUA_NOREF;
    object->keeps = false;
    lc_list_init(&object->answers);
    lc_component_init(&object->component, &state->stage);
    luaL_setmetatable(L, COAP);
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->components);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, &object->component);
    lua_pop(L, 1);
    lua_insert(L, 1);
    if (lua_istable(L, 2)) {
        lc_configure(L, &object->component, 2);
    }
    lua_settop(L, 1);
    return 1;
}

/* ---- The class ---- */

static void add_member(
    lua_State *L, struct members *members, const char *name, enum member_kind kind, size_t index)
{
    unsigned id = lc_names_add(L, &members->names, name);
    members->list[id].kind = kind;
    members->list[id].index = index;
}

static void fill_members(lua_State *L, struct members *members)
{
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        if (lc_setting_rows[i].flags & LC_PROPERTY) {
            add_member(L, members, lc_setting_rows[i].name, MEMBER_PROPERTY, i);
        }
    }
    for (size_t i = 0; i < lc_method_count; i++) {
        add_member(L, members, lc_method_rows[i].name, MEMBER_METHOD, i);
    }
    for (size_t i = 0; i < LC_EVENT_COUNT; i++) {
        add_member(L, members, lc_event_rows[i].handler, MEMBER_HANDLER, i);
    }
}

void lc_component_open_class(lua_State *L)
{
    luaL_newmetatable(L, COAP);
    struct members *members = lua_newuserdatauv(L, sizeof *members, 0);
    memset(members, 0, sizeof *members);
    fill_members(L, members);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, component_index, 1);
    lua_setfield(L, -3, "__index");
    lua_pushcclosure(L, component_newindex, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, component_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, lc_method_shut_down);
    lua_setfield(L, -2, "__close");
    lua_pushcfunction(L, component_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
