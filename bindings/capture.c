/* What was sent and received, for scripts; see capture.h. */
#include "bindings/capture.h"

#include <lauxlib.h>

#include "bindings/component.h"
#include "bindings/error.h"
#include "bindings/state.h"
#include "bindings/text.h"
#include "component/recording.h"

static struct lc_stage *stage_of(lua_State *L)
{
    return &lc_state_of(L)->stage;
}

static int check(lua_State *L, int code, const struct lc_error *error)
{
    return code == LC_OK ? 0 : lc_error_raise(L, error);
}

/* Nothing: `otherwise`. */
static lua_Integer take_integer(lua_State *L, const char *function, lua_Integer otherwise)
{
    if (lua_isnoneornil(L, 1)) {
        return otherwise;
    }
    lua_Integer value = lua_tointeger(L, 1);
    if (lua_type(L, 1) != LUA_TNUMBER || !lua_isinteger(L, 1) || value < 0) {
        lc_error_raisef(L, LC_ERROR_USAGE, "capture.%s takes an integer from 0, not %s", function,
            lc_error_describe(L, 1));
    }
    return value;
}

static const char *take_path(lua_State *L, const char *function)
{
    size_t len;
    const char *path = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &len) : NULL;
    if (path == NULL || len == 0 || strlen(path) != len) {
        lc_error_raisef(L, LC_ERROR_USAGE, "capture.%s takes the name of a file, not %s", function,
            lc_error_describe(L, 1));
    }
    return path;
}

/* keep([n]) -> how many were kept until now */
static int keep(lua_State *L)
{
    struct lc_stage *stage = stage_of(L);
    struct lc_error error;
    lua_Integer before = stage->recorder == NULL ? 0 : (lua_Integer)stage->recorder->ring.limit;
    lua_Integer count = take_integer(L, "keep", before);
    if (count != before) {
        check(L, lc_recording_keep(stage, (size_t)count, &error), &error);
    }
    lua_pushinteger(L, before);
    return 1;
}

static int mark(lua_State *L)
{
    const struct lc_recorder *recorder = stage_of(L)->recorder;
    lua_pushinteger(L, recorder == NULL ? 1 : (lua_Integer)recorder->last + 1);
    return 1;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_address(lua_State *L, const char *key, const struct lc_address *address)
{
    char text[LC_ADDRESS_TEXT];
    set_text(L, key, lc_address_text(address, text));
}

static void push_record(lua_State *L, const struct lc_record *record)
{
    lua_createtable(L, 0, 9);
    lua_pushinteger(L, (lua_Integer)record->number);
    lua_setfield(L, -2, "number");
    lua_pushnumber(L, (lua_Number)record->at / LC_SECOND);
    lua_setfield(L, -2, "time");
    set_text(L, "direction", lc_fate_is_out(record->fate) ? "sent" : "received");
    set_address(L, "local_address", &record->path.local);
    set_address(L, "remote", &record->path.remote);
    lua_pushlstring(L, (const char *)record->data, record->len);
    lua_setfield(L, -2, "data");
    if (record->is_clear) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "secure");
    }
    if (lc_fate_is_dropped(record->fate)) {
        set_text(L, "fate", "dropped");
    }
    if (record->comment != NULL) {
        set_text(L, "comment", record->comment);
    }
}

/* push_records(since, component or nil) -> array */
static int push_records(lua_State *L)
{
    const struct lc_recorder *recorder = stage_of(L)->recorder;
    const struct lc_component *component = lua_touserdata(L, 2);
    lua_Integer since = lua_tointeger(L, 1), count = 0;
    lua_newtable(L);
    if (recorder == NULL) {
        return 1;
    }
    lc_list_for_each (link, &recorder->ring.records) {
        const struct lc_record *record = lc_container(link, struct lc_record, link);
        bool is_wanted = component == NULL || record->owner == component;
        if (is_wanted && record->number >= (uint64_t)since) {
            push_record(L, record);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

/* list([since[, component]]) -> those that are kept, from a number on, the oldest first. No
 * finalizer runs meanwhile: it could send something, or have all forgotten. */
static int list(lua_State *L)
{
    lua_Integer since = take_integer(L, "list", 0);
    struct lc_component *component = lc_component_test(L, 2);
    if (component == NULL && !lua_isnoneornil(L, 2)) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "capture.list takes a component second, not %s",
            lc_error_describe(L, 2));
    }
    bool runs = lua_gc(L, LUA_GCISRUNNING) > 0;
    lua_gc(L, LUA_GCSTOP);
    lua_pushcfunction(L, push_records);
    lua_pushinteger(L, since);
    lua_pushlightuserdata(L, component);
    int status = lua_pcall(L, 2, 1, 0);
    if (runs) {
        lua_gc(L, LUA_GCRESTART);
    }
    return status == LUA_OK ? 1 : lua_error(L);
}

static int write(lua_State *L)
{
    struct lc_error error;
    const char *path = take_path(L, "write");
    return check(L, lc_recording_write(stage_of(L), path, &error), &error);
}

/* file(path | nil) */
static int file(lua_State *L)
{
    struct lc_error error;
    const char *path = lua_isnoneornil(L, 1) ? NULL : take_path(L, "file");
    return check(L, lc_recording_stream(stage_of(L), path, &error), &error);
}

void lc_capture_library_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"file", file},
        {"keep", keep},
        {"list", list},
        {"mark", mark},
        {"write", write},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lc_error_guard(L, "lunacoap.capture");
    lua_setfield(L, -2, "capture");
}
