/* Event objects; fields are made when they are asked for. */
#include "bindings/event.h"

#include <lauxlib.h>
#include <stdio.h>

#include "bindings/error.h"
#include "bindings/names.h"
#include "bindings/state.h"
#include "bindings/text.h"

/* Every field name of every event, and which row of its event it is. */
struct fields {
    struct lc_names names;
    const struct lc_field_row *rows[LC_EVENT_COUNT][LC_NAMES_MAX];
};

struct lc_event_object *lc_event_push(
    lua_State *L, struct lc_state *state, const struct lc_event *event, int code_page)
{
    struct lc_event_object *object =
        lua_newuserdatauv(L, sizeof *object + lc_event_extra(event), 0);
    lc_event_copy(&object->event, event, object->room);
    object->state = state;
    object->code_page = code_page;
    object->open = true;
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->event_meta);
    lua_setmetatable(L, -2);
    return object;
}

static const struct lc_field_row *find_field(
    lua_State *L, const struct fields *fields, const struct lc_event *event)
{
    int id = lc_names_find(L, &fields->names, 2);
    const struct lc_field_row *row = id < 0 ? NULL : fields->rows[event->id][id];
    if (row == NULL) {
        const struct lc_event_row *kind = &lc_event_rows[event->id];
        const char *names[LC_NAMES_MAX];
        for (size_t i = 0; i < kind->field_count; i++) {
            names[i] = kind->fields[i].name;
        }
        char what[64];
        snprintf(what, sizeof what, "the %s event", kind->name);
        lc_error_unknown(L, what, "field", luaL_tolstring(L, 2, NULL), names, kind->field_count);
    }
    return row;
}

static int push_field(lua_State *L, struct lc_event_object *object, const struct lc_field_row *row)
{
    const struct lc_event *event = &object->event;
    switch (row->source) {
    case LC_FIELD_NUMBER:
    case LC_FIELD_METHOD:
    case LC_FIELD_URI_PORT:
    case LC_FIELD_REMOTE_PORT:
    case LC_FIELD_BYTES:
    case LC_FIELD_PERCENT:
    case LC_FIELD_TOTAL:
        lua_pushinteger(L, lc_event_number(event, row->source));
        return 1;
    case LC_FIELD_LATEST:
    case LC_FIELD_FLAG:
        lua_pushboolean(L, lc_event_number(event, row->source) != 0);
        return 1;
    default:
        break;
    }
    if (row->source == LC_FIELD_KEY && !object->open) {
        lua_pushliteral(L, ""); /* where it was kept is gone, and so should it be */
        return 1;
    }
    struct lc_buf *text = &object->state->scratch;
    lc_buf_clear(text);
    if (!lc_event_text(event, row->source, text)) {
        return lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
    }
    if (row->source == LC_FIELD_TOKEN) {
        return lc_text_push(L, object->state, object->code_page, lc_buf_bytes(text));
    }
    lua_pushlstring(L, (const char *)text->data, text->len);
    return 1;
}

static int event_index(lua_State *L)
{
    const struct fields *fields = lua_touserdata(L, lua_upvalueindex(1));
    struct lc_event_object *object = lua_touserdata(L, 1);
    return push_field(L, object, find_field(L, fields, &object->event));
}

/* The pre-shared key that a client's identity stands for; the event does not keep it. */
static int assign_key(lua_State *L, struct lc_event_object *object)
{
    size_t len;
    if (lua_type(L, 3) != LUA_TSTRING) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "Key takes the raw bytes of a key as a string, not %s",
            lua_type(L, 3) == LUA_TNUMBER ? "a number" : lc_error_describe(L, 3));
    }
    if (!object->open) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "Key counts only until the handler of the PSKLookup event ends");
    }
    const char *key = lua_tolstring(L, 3, &len);
    if (len > object->event.key_room) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "Key is longer than the %d bytes that the engine of this session takes",
            object->event.key_room);
    }
    if (!lc_buf_set(object->event.key, key, len)) {
        return lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
    }
    return 0;
}

static int event_newindex(lua_State *L)
{
    const struct fields *fields = lua_touserdata(L, lua_upvalueindex(1));
    struct lc_event_object *object = lua_touserdata(L, 1);
    const struct lc_field_row *row = find_field(L, fields, &object->event);
    const char *event = lc_event_rows[object->event.id].name;
    if (row->source == LC_FIELD_KEY) {
        return assign_key(L, object);
    }
    if (row->source != LC_FIELD_FLAG) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "%s of the %s event is read-only", row->name, event);
    }
    if (!lua_isboolean(L, 3)) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "%s takes true or false, not %s", row->name,
            lc_error_describe(L, 3));
    }
    if (!object->open) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "%s counts only until the handler of the %s event ends", row->name, event);
    }
    if (!object->event.flag_fixed) {
        object->event.flag = lua_toboolean(L, 3);
    }
    return 0;
}

static int event_tostring(lua_State *L)
{
    const struct lc_event_object *object = lua_touserdata(L, 1);
    lua_pushfstring(L, "lunacoap.Event (%s)", lc_event_rows[object->event.id].name);
    return 1;
}

/* for name, value in pairs(event): the fields in the order of the reference. */
static int next_field(lua_State *L)
{
    struct lc_event_object *object = lua_touserdata(L, lua_upvalueindex(2));
    const struct lc_event_row *kind = &lc_event_rows[object->event.id];
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(1));
    if ((size_t)i >= kind->field_count) {
        return 0;
    }
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(1));
    lua_pushstring(L, kind->fields[i].name);
    return 1 + push_field(L, object, &kind->fields[i]);
}

static int event_pairs(lua_State *L)
{
    lua_pushinteger(L, 0);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, next_field, 2);
    return 1;
}

static void fill_fields(lua_State *L, struct fields *fields)
{
    for (size_t e = 0; e < LC_EVENT_COUNT; e++) {
        for (size_t f = 0; f < lc_event_rows[e].field_count; f++) {
            const struct lc_field_row *row = &lc_event_rows[e].fields[f];
            lua_pushstring(L, row->name);
            int id = lc_names_find(L, &fields->names, -1);
            if (id < 0) {
                id = (int)lc_names_add(L, &fields->names, row->name);
            }
            lua_pop(L, 1);
            fields->rows[e][id] = row;
        }
    }
}

void lc_event_open(lua_State *L, struct lc_state *state)
{
    lua_createtable(L, 0, 6);
    struct fields *fields = lua_newuserdatauv(L, sizeof *fields, 0);
    memset(fields, 0, sizeof *fields);
    fill_fields(L, fields);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, event_index, 1);
    lua_setfield(L, -3, "__index");
    lua_pushcclosure(L, event_newindex, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, event_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, event_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushliteral(L, "lunacoap.Event");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    state->event_meta = luaL_ref(L, LUA_REGISTRYINDEX);
}
