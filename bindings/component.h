/* The CoAP object in Lua: a userdata that is the component, its handlers in user values. */
#ifndef LC_BINDINGS_COMPONENT_H
#define LC_BINDINGS_COMPONENT_H

#include <lua.h>

#include "bindings/state.h"
#include "component/component.h"

struct lc_component_object {
    struct lc_component component;
    struct lc_list answers; /* of tasks: answer.h */
    int pin;                /* registry: keeps an active component alive */
    bool keeps;             /* there is a certificate among the user values */
};

/* The state whose components share a stage with this one. */
static inline struct lc_state *lc_component_state(const struct lc_component *component)
{
    return lc_container(component->stage, struct lc_state, stage);
}

/* Makes the metatable; called once when a state is opened. */
void lc_component_open_class(lua_State *L);

/* lunacoap.CoAP([table]). */
int lc_component_new(lua_State *L);

/* The component at `index`; raises when it is something else. */
struct lc_component *lc_component_check(lua_State *L, int index);

/* The same, or NULL. */
struct lc_component *lc_component_test(lua_State *L, int index);

/*
 * The same for what sends or ends something ("call" "Get", "set" "Listening"). Raises in OnLog,
 * since the protocol cannot bear it while it writes a line, and in finalizers (__gc), which run
 * wherever a value is made.
 */
struct lc_component *lc_component_check_acting(lua_State *L, const char *verb, const char *member);

/* Pushes the userdata of a component, nil when it has been collected. */
void lc_component_push(lua_State *L, struct lc_state *state, const struct lc_component *component);

/* Pushes the handler of the component at `index` and returns its type. */
int lc_component_push_handler(lua_State *L, int index, enum lc_event_id id);

/* What a property of the component at `index` keeps in Lua (SSLCert, SSLAcceptServerCert): pushes
 * it and returns its type; or pops a value and keeps it. */
int lc_component_push_kept(lua_State *L, int index, enum lc_setting_id which);
void lc_component_keep(lua_State *L, int index, enum lc_setting_id which);

/* Reset: nothing is kept any more. */
void lc_component_forget_kept(lua_State *L, int index);

/* Keeps the userdata alive, or no longer. */
void lc_component_pin(struct lc_state *state, struct lc_component *component, bool pinned);

/*
 * What Request* or Response* of a component mean to the task that runs now: its exchange's, its
 * last answer's, or the component's own. The slot may hold NULL: all empty.
 */
struct lc_content **lc_component_content(struct lc_component *component, bool response);

/* The answers that tasks remember of a component. */
static inline struct lc_list *lc_component_answers(struct lc_component *component)
{
    return &lc_container(component, struct lc_component_object, component)->answers;
}

#endif
