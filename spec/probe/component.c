/* probe.component: the tables of settings, events and errors, the values of settings, code pages
 * and event fields. */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "bindings/constants.h"
#include "component/apply.h"
#include "component/codepage.h"
#include "component/event.h"
#include "component/setting.h"

#include <lauxlib.h>

#define VALUES "probe.values"

/* ---- What the functions below share ---------------------------------------------------------- */

static struct lc_bytes check_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    return lc_bytes(data, len);
}

static void set_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, lua_Number value)
{
    lua_Integer integer;
    if (lua_numbertointeger(value, &integer) && (lua_Number)integer == value) {
        lua_pushinteger(L, integer);
    } else {
        lua_pushnumber(L, value);
    }
    lua_setfield(L, -2, key);
}

static void set_boolean(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

/* true | nil, code, text */
static int push_outcome(lua_State *L, int code, const struct lc_error *error)
{
    if (code == LC_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, code);
    lua_pushstring(L, error->text);
    return 3;
}

/* Pushes what the buffer holds and frees it. */
static void push_buf(lua_State *L, struct lc_buf *buf)
{
    lua_pushlstring(L, (const char *)buf->data, buf->len);
    lc_buf_free(buf);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static void push_setting_row(lua_State *L, const struct lc_setting_row *row)
{
    static const char *const kinds[] = {"boolean", "integer", "number", "text", "content",
        "options", "pending", "certificate", "computed"};
    lua_newtable(L);
    set_text(L, "name", row->name);
    set_text(L, "kind", kinds[row->kind]);
    set_text(L, "type", row->type);
    set_text(L, "initial", row->initial);
    set_text(L, "takes", row->takes);
    set_text(L, "doc", row->doc);
    set_number(L, "min", row->min);
    set_number(L, "max", row->max);
    set_boolean(L, "property", row->flags & LC_PROPERTY);
    set_boolean(L, "config", row->flags & LC_CONFIG);
    set_boolean(L, "read_only", row->flags & LC_READ_ONLY);
    set_boolean(L, "closed_only", row->flags & LC_CLOSED_ONLY);
    set_boolean(L, "no_effect", row->flags & LC_NO_EFFECT);
    set_boolean(L, "secure", row->flags & LC_SECURE);
    set_boolean(L, "stored", row->offset != LC_NOWHERE);
}

/* rows() -> { {name, kind, type, ...}, ... } */
static int rows(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        push_setting_row(L, &lc_setting_rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* find(name, "property" or "config") -> the name as the table has it | nil */
static int find(lua_State *L)
{
    static const char *const wheres[] = {"property", "config", NULL};
    struct lc_bytes name = check_bytes(L, 1);
    unsigned flags = luaL_checkoption(L, 2, NULL, wheres) == 0 ? LC_PROPERTY : LC_CONFIG;
    const struct lc_setting_row *row = lc_setting_find((const char *)name.data, name.len, flags);
    lua_pushstring(L, row == NULL ? NULL : row->name);
    return 1;
}

/* errors() -> { {code, text}, ... } */
static int errors(lua_State *L)
{
    static const int codes[] = {
#define X(number, symbol, text) number,
#include "base/errors.def"
#undef X
    };
    lua_newtable(L);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        lua_newtable(L);
        set_number(L, "code", codes[i]);
        set_text(L, "text", lc_error_text(codes[i]));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* events() -> { {name, doc, may_suspend, fields = { {name, type, assignable}, ... }}, ... } */
static int events(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < LC_EVENT_COUNT; i++) {
        const struct lc_event_row *row = &lc_event_rows[i];
        lua_newtable(L);
        set_text(L, "name", row->name);
        set_text(L, "doc", row->doc);
        set_boolean(L, "may_suspend", row->may_suspend);
        lua_newtable(L);
        for (size_t f = 0; f < row->field_count; f++) {
            lua_newtable(L);
            set_text(L, "name", row->fields[f].name);
            set_text(L, "type", row->fields[f].type);
            set_boolean(L, "assignable", row->fields[f].assignable);
            lua_rawseti(L, -2, (lua_Integer)f + 1);
        }
        lua_setfield(L, -2, "fields");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* constants() -> a table with the module's constant tables as fields */
static int constants(lua_State *L)
{
    lua_newtable(L);
    lc_constants_open(L);
    return 1;
}

/* ---- Values: an object like a component's ---------------------------------------------------- */

static struct lc_values *check_values(lua_State *L)
{
    return luaL_checkudata(L, 1, VALUES);
}

static const struct lc_setting_row *check_row(lua_State *L, int arg)
{
    struct lc_bytes name = check_bytes(L, arg);
    const struct lc_setting_row *row =
        lc_setting_find((const char *)name.data, name.len, LC_PROPERTY | LC_CONFIG);
    luaL_argcheck(L, row != NULL, arg, "no such row");
    return row;
}

/* values() */
static int new_values(lua_State *L)
{
    lc_values_init(lua_newuserdatauv(L, sizeof(struct lc_values), 0));
    luaL_setmetatable(L, VALUES);
    return 1;
}

/* values:free(): everything at its default again */
static int free_values(lua_State *L)
{
    lc_values_free(check_values(L));
    return 0;
}

/* values:set(name, value) -> true | nil, code, text */
static int set_value(lua_State *L)
{
    struct lc_values *values = check_values(L);
    const struct lc_setting_row *row = check_row(L, 2);
    struct lc_error error;
    int code;
    if (lua_type(L, 3) == LUA_TBOOLEAN) {
        code = lc_setting_set_boolean(values, row, lua_toboolean(L, 3), &error);
    } else if (lua_type(L, 3) == LUA_TNUMBER) {
        code = lc_setting_set_number(values, row, lua_tonumber(L, 3), &error);
    } else {
        code = lc_setting_set_text(values, row, check_bytes(L, 3), &error);
    }
    return push_outcome(L, code, &error);
}

/* values:parse(name, text) -> true | nil, code, text */
static int parse_value(lua_State *L)
{
    struct lc_error error;
    int code = lc_setting_parse(check_values(L), check_row(L, 2), check_bytes(L, 3), &error);
    return push_outcome(L, code, &error);
}

/* values:get(name) -> text as Config has it | nil: memory */
static int get_value(lua_State *L)
{
    struct lc_buf out = {0};
    if (!lc_setting_print(check_values(L), check_row(L, 2), &out)) {
        lua_pushnil(L);
        return 1;
    }
    push_buf(L, &out);
    return 1;
}

/* values:is_default(name) */
static int value_is_default(lua_State *L)
{
    lua_pushboolean(L, lc_setting_is_default(check_values(L), check_row(L, 2)));
    return 1;
}

/* values:shared(): whether the settings are still those of all components */
static int values_are_shared(lua_State *L)
{
    lua_pushboolean(L, check_values(L)->settings == &lc_settings_default);
    return 1;
}

/* values:applied() -> { ack_timeout = microseconds, ..., dscp, groups = { address, ... } } */
static int values_applied(lua_State *L)
{
    const struct lc_settings *settings = check_values(L)->settings;
    struct lc_params params = lc_apply_params(settings);
    struct lc_limits limits = lc_apply_limits(settings);
    struct lc_address groups[8];
    int count = lc_apply_groups(settings->multicast_groups, groups, 8);
    lua_newtable(L);
    set_number(L, "ack_timeout", (lua_Number)params.ack_timeout);
    set_number(L, "ack_random_factor", params.ack_random_factor);
    set_number(L, "max_retransmit", params.max_retransmit);
    set_number(L, "nstart", params.nstart);
    set_number(L, "max_latency", (lua_Number)params.max_latency);
    set_number(L, "probing_rate", params.probing_rate);
    set_number(L, "block_size", limits.block_size);
    set_number(L, "max_body", (lua_Number)limits.max_body);
    set_number(L, "max_transfer_bytes", (lua_Number)limits.max_transfer_bytes);
    set_number(L, "max_pending", limits.max_pending);
    set_number(L, "pending_timeout", (lua_Number)limits.pending_timeout);
    set_number(L, "piggyback_delay", (lua_Number)limits.piggyback_delay);
    set_number(L, "multicast_leisure", (lua_Number)limits.multicast_leisure);
    set_number(L, "max_observers", limits.max_observers);
    set_number(L, "notifications_per_con", limits.notifications_per_con);
    set_number(L, "dscp", lc_apply_dscp(settings));
    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        char text[LC_ADDRESS_TEXT];
        lua_pushstring(L, lc_address_host(&groups[i], text));
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "groups");
    return 1;
}

/* ---- Code pages ------------------------------------------------------------------------------ */

static int convert(lua_State *L, int (*function)(struct lc_codepage **, int, struct lc_bytes,
                                     struct lc_buf *, struct lc_error *))
{
    struct lc_codepage *cache = NULL;
    struct lc_buf out = {0};
    struct lc_error error;
    int page = (int)luaL_checkinteger(L, 1);
    /* Twice, since the second one finds the converter open. */
    int code = function(&cache, page, check_bytes(L, 2), &out, &error);
    if (code == LC_OK) {
        code = function(&cache, page, check_bytes(L, 2), &out, &error);
    }
    lc_codepage_free(cache);
    if (code != LC_OK) {
        lc_buf_free(&out);
        return push_outcome(L, code, &error);
    }
    push_buf(L, &out);
    return 1;
}

/* to_page(page, text) -> bytes | nil, code, text; from_page(page, bytes) -> text | ... */
static int to_page(lua_State *L)
{
    return convert(L, lc_codepage_encode);
}

static int from_page(lua_State *L)
{
    return convert(L, lc_codepage_decode);
}

/* ---- Event fields ---------------------------------------------------------------------------- */

static struct lc_bytes field_bytes(lua_State *L, const char *key)
{
    size_t len;
    lua_getfield(L, 1, key);
    const char *data = luaL_optlstring(L, -1, "", &len);
    return lc_bytes(data, len);
}

static lua_Integer field_integer(lua_State *L, const char *key)
{
    lua_getfield(L, 1, key);
    lua_Integer value = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    return value;
}

static struct lc_address field_address(lua_State *L, const char *host, const char *port)
{
    struct lc_address address = {0};
    struct lc_bytes text = field_bytes(L, host);
    if (text.len > 0 && !lc_address_parse(&address, text)) {
        luaL_error(L, "not an address: %s", text.data);
    }
    address.port = (uint16_t)field_integer(L, port);
    return address;
}

static const struct lc_field_row *find_field(const struct lc_event_row *row, const char *name)
{
    for (size_t i = 0; i < row->field_count; i++) {
        if (strcmp(row->fields[i].name, name) == 0) {
            return &row->fields[i];
        }
    }
    return NULL;
}

static void read_event(lua_State *L, struct lc_event *event)
{
    struct lc_bytes name = field_bytes(L, "name");
    *event = (struct lc_event){0};
    while (event->id < LC_EVENT_COUNT && !lc_bytes_is(name, lc_event_rows[event->id].name)) {
        event->id++;
    }
    luaL_argcheck(L, event->id < LC_EVENT_COUNT, 1, "no such event");
    event->method = (uint8_t)field_integer(L, "method");
    event->number = (int)field_integer(L, "number");
    event->request_id = (uint64_t)field_integer(L, "request_id");
    event->bytes = (uint32_t)field_integer(L, "bytes");
    event->total = (uint32_t)field_integer(L, "total");
    event->latest = field_integer(L, "latest") != 0;
    event->flag = field_integer(L, "flag") != 0;
    event->remote = field_address(L, "remote_host", "remote_port");
    event->remote.session = (uint32_t)field_integer(L, "secure");
    event->local = field_address(L, "local_host", "local_port");
    event->token = field_bytes(L, "token");
    event->options = field_bytes(L, "options");
    event->uri = field_bytes(L, "uri");
    event->text = field_bytes(L, "text");
}

/* event({ name, options = encoded, local_host, ... }, field) -> its value, read from a copy whose
 * original is gone */
static int event_field(lua_State *L)
{
    struct lc_event event, copy;
    luaL_checktype(L, 1, LUA_TTABLE);
    const char *name = luaL_checkstring(L, 2);
    read_event(L, &event);
    const struct lc_field_row *row = find_field(&lc_event_rows[event.id], name);
    luaL_argcheck(L, row != NULL, 2, "no such field");
    uint8_t *room = lua_newuserdatauv(L, lc_event_extra(&event), 0);
    lc_event_copy(&copy, &event, room);
    memset(&event, 0xff, sizeof event);
    if (strcmp(row->type, "string") != 0) {
        long value = lc_event_number(&copy, row->source);
        if (strcmp(row->type, "boolean") == 0) {
            lua_pushboolean(L, value != 0);
        } else {
            lua_pushinteger(L, value);
        }
        return 1;
    }
    struct lc_buf out = {0};
    bool done = lc_event_text(&copy, row->source, &out);
    if (!done) {
        lc_buf_free(&out);
        lua_pushnil(L);
        return 1;
    }
    push_buf(L, &out);
    return 1;
}

int lc_probe_component(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"set", set_value},
        {"parse", parse_value},
        {"get", get_value},
        {"is_default", value_is_default},
        {"shared", values_are_shared},
        {"applied", values_applied},
        {"free", free_values},
        {"__gc", free_values},
        {0, 0},
    };
    static const luaL_Reg functions[] = {
        {"rows", rows},
        {"find", find},
        {"errors", errors},
        {"events", events},
        {"constants", constants},
        {"values", new_values},
        {"to_page", to_page},
        {"from_page", from_page},
        {"event", event_field},
        {0, 0},
    };
    luaL_newmetatable(L, VALUES);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_pushinteger(L, sizeof(struct lc_settings));
    lua_setfield(L, -2, "settings_size");
    return 1;
}
