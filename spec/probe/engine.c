/*
 * probe.engine: DTLS engines, by name, in virtual time. Times are integers in microseconds.
 * Functions given to a session are called in its upcalls; an error in one is raised by the call
 * that led there.
 */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "secure/engine.h"
#include "secure/keylog.h"
#include "spec/probe/upcall.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static const char CONTEXT[] = "probe.engine.context";
static const char SESSION[] = "probe.engine.session";

static const struct lc_engine *const engines[] = {&lc_engine_mbedtls, &lc_engine_gnutls};

enum { LIST_MAX = 64 };

struct probe_context {
    struct lc_context *context; /* NULL: freed */
    struct lc_keylog *keylog;
    struct lc_certificate own;
    struct lc_bytes extra[LC_CHAIN_MAX];
};

struct probe_session {
    struct lc_session *session; /* NULL: freed */
    struct lc_keylog *keylog;   /* its context's, or NULL */
    int functions;              /* reference to the table given to session() */
};

static struct lc_timers timers;

/* The thread that called last: upcalls use it. */
static lua_State *running;

static const struct lc_engine *check_engine(lua_State *L, const char *name)
{
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (strcmp(engines[i]->name, name) == 0) {
            return engines[i];
        }
    }
    luaL_error(L, "there is no engine '%s'", name);
    return NULL;
}

/* ---- Contexts -------------------------------------------------------------------------------- */

/* The strings stay in the table at `table`, which the caller keeps alive. */
static struct lc_bytes field_bytes(lua_State *L, int table, const char *name)
{
    size_t len = 0;
    lua_getfield(L, table, name);
    const char *data = luaL_optlstring(L, -1, "", &len);
    lua_pop(L, 1);
    return lc_bytes(data, len);
}

static lua_Integer field_integer(lua_State *L, int table, const char *name, lua_Integer otherwise)
{
    lua_getfield(L, table, name);
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

static bool field_boolean(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static size_t field_numbers(lua_State *L, int table, const char *name, uint16_t out[LIST_MAX])
{
    size_t count = 0;
    lua_getfield(L, table, name);
    while (lua_istable(L, -1) && count < LIST_MAX &&
           lua_rawgeti(L, -1, (lua_Integer)count + 1) != LUA_TNIL) {
        out[count++] = (uint16_t)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    lua_settop(L, table);
    return count;
}

static size_t field_strings(lua_State *L, int table, const char *name, struct lc_bytes *out)
{
    size_t count = 0;
    lua_getfield(L, table, name);
    while (lua_istable(L, -1) && count < LC_CHAIN_MAX &&
           lua_rawgeti(L, -1, (lua_Integer)count + 1) != LUA_TNIL) {
        size_t len;
        const char *data = luaL_checklstring(L, -1, &len);
        out[count++] = lc_bytes(data, len);
        lua_pop(L, 1);
    }
    lua_settop(L, table);
    return count;
}

/* own = { chain = {DER, ...}, key = PKCS #8, kind = enum lc_key_kind, spki =, key_url =, pin = } */
static struct lc_certificate *field_own(lua_State *L, struct probe_context *probe)
{
    lua_getfield(L, 1, "own");
    if (lua_istable(L, -1)) {
        struct lc_bytes url = field_bytes(L, 2, "key_url"), pin = field_bytes(L, 2, "pin");
        probe->own = (struct lc_certificate){
            .refs = 1,
            .key_kind = (uint8_t)field_integer(L, 2, "kind", LC_KEY_EC),
            .spki = field_bytes(L, 2, "spki"),
            .key = field_bytes(L, 2, "key"),
            .key_url = url.len > 0 ? (char *)url.data : NULL,
            .pin = pin.len > 0 ? (char *)pin.data : NULL,
        };
        probe->own.chain_len = (uint8_t)field_strings(L, 2, "chain", probe->own.chain);
    }
    lua_settop(L, 1);
    return probe->own.refs > 0 ? &probe->own : NULL;
}

static int push_error(lua_State *L, const struct lc_error *error)
{
    lua_pushnil(L);
    lua_pushinteger(L, error->code);
    lua_pushstring(L, error->text);
    return 3;
}

/* context{ engine =, server =, modes =, own =, ... as struct lc_secure_config } -> context | nil,
 * code, text */
static int new_context(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct probe_context *probe = lua_newuserdatauv(L, sizeof *probe, 1);
    *probe = (struct probe_context){0};
    luaL_setmetatable(L, CONTEXT);
    lua_pushvalue(L, 1); /* the strings live as long as the context */
    lua_setiuservalue(L, -2, 1);
    int self = luaL_ref(L, LUA_REGISTRYINDEX);
    uint16_t suites[LIST_MAX], groups[LIST_MAX], signatures[LIST_MAX];
    struct lc_error error = {0};
    struct lc_bytes name = field_bytes(L, 1, "engine"), keylog = field_bytes(L, 1, "keylog");
    struct lc_secure_config config = {
        .is_server = field_boolean(L, 1, "server"),
        .modes = (unsigned)field_integer(L, 1, "modes", LC_MODE_CERTIFICATE),
        .own = field_own(L, probe),
        .extra = probe->extra,
        .extra_count = field_strings(L, 1, "extra", probe->extra),
        .asks_client = field_boolean(L, 1, "asks_client"),
        .suites = suites,
        .groups = groups,
        .suite_count = field_numbers(L, 1, "suites", suites),
        .group_count = field_numbers(L, 1, "groups", groups),
        .signatures = signatures,
        .signature_count = field_numbers(L, 1, "signatures", signatures),
        .min_version = (uint16_t)field_integer(L, 1, "min_version", LC_DTLS_1_2),
        .max_version = (uint16_t)field_integer(L, 1, "max_version", LC_DTLS_1_2),
        .renegotiation_info = field_boolean(L, 1, "renegotiation_info"),
        .psk_identity = field_bytes(L, 1, "psk_identity"),
        .psk_key = field_bytes(L, 1, "psk_key"),
        .resumes = field_boolean(L, 1, "resumes"),
        .seed = field_bytes(L, 1, "seed"),
    };
    if (keylog.len > 0) {
        probe->keylog = lc_keylog_open((const char *)keylog.data, &error);
    }
    if (keylog.len == 0 || probe->keylog != NULL) {
        probe->context = check_engine(L, (const char *)name.data)->context_new(&config, &error);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, self);
    luaL_unref(L, LUA_REGISTRYINDEX, self);
    return probe->context == NULL ? push_error(L, &error) : 1;
}

static int context_free(lua_State *L)
{
    struct probe_context *probe = luaL_checkudata(L, 1, CONTEXT);
    if (probe->context != NULL) {
        probe->context->engine->context_free(probe->context);
    }
    lc_keylog_close(probe->keylog);
    probe->context = NULL;
    probe->keylog = NULL;
    return 0;
}

/* ---- Upcalls --------------------------------------------------------------------------------- */

/* Pushes the function of a session; false, and nothing pushed, when it has none. */
static bool push_function(void *arg, const char *name)
{
    const struct probe_session *probe = arg;
    return lc_upcall_push(running, probe->functions, name);
}

static void push_bytes(lua_State *L, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

static void on_output(void *arg, struct lc_bytes datagram)
{
    if (push_function(arg, "output")) {
        push_bytes(running, datagram);
        lc_upcall(running, 1, 0);
    }
}

/* deadline(time | nil) */
static void on_deadline(void *arg, lc_time at)
{
    if (push_function(arg, "deadline")) {
        if (at == LC_NEVER) {
            lua_pushnil(running);
        } else {
            lua_pushinteger(running, at);
        }
        lc_upcall(running, 1, 0);
    }
}

/* { is_raw_key =, DER, ... } */
static void push_shown(lua_State *L, const struct lc_shown *shown)
{
    lua_createtable(L, (int)shown->count, 1);
    lua_pushboolean(L, shown->is_raw_key);
    lua_setfield(L, -2, "is_raw_key");
    for (size_t i = 0; i < shown->count; i++) {
        push_bytes(L, shown->chain[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void on_authenticate(void *arg, const struct lc_shown *shown)
{
    if (push_function(arg, "authenticate")) {
        push_shown(running, shown);
        lc_upcall(running, 1, 0);
    }
}

/* find_key(identity) -> key | nil */
static size_t on_find_key(void *arg, struct lc_bytes identity, uint8_t *key, size_t room)
{
    size_t len = 0;
    if (push_function(arg, "find_key")) {
        push_bytes(running, identity);
        lc_upcall(running, 1, 1);
        const char *found = lua_tolstring(running, -1, &len);
        if (found != NULL && len <= room) {
            memcpy(key, found, len);
        }
        lua_pop(running, 1);
    }
    return len;
}

static void on_up(void *arg)
{
    if (push_function(arg, "up")) {
        lc_upcall(running, 0, 0);
    }
}

static void on_secret(void *arg, struct lc_bytes client_random, struct lc_bytes master)
{
    const struct probe_session *probe = arg;
    if (probe->keylog != NULL) {
        lc_keylog_write(probe->keylog, client_random, master);
    }
}

/* data(text): the record is overwritten afterwards, which it may be. */
static void on_data(void *arg, uint8_t *data, size_t len)
{
    if (push_function(arg, "data")) {
        push_bytes(running, lc_bytes(data, len));
        memset(data, 0xaa, len);
        lc_upcall(running, 1, 0);
    }
}

/* closed(reason, alert, text) */
static void on_closed(void *arg, const struct lc_end *end)
{
    static const char *const reasons[] = {
        [LC_END_CLOSED] = "closed",
        [LC_END_ALERT] = "alert",
        [LC_END_REFUSED] = "refused",
        [LC_END_NO_SUITE] = "no suite",
        [LC_END_NO_CERTIFICATE] = "no certificate",
        [LC_END_WRONG_TYPE] = "wrong type",
        [LC_END_WRONG_KEY] = "wrong key",
        [LC_END_UNKNOWN_PSK] = "unknown psk",
        [LC_END_TIMED_OUT] = "timed out",
        [LC_END_MEMORY] = "memory",
        [LC_END_PROTOCOL] = "protocol",
    };
    if (push_function(arg, "closed")) {
        lua_pushstring(running, reasons[end->reason]);
        lua_pushinteger(running, end->alert);
        lua_pushstring(running, end->text);
        lc_upcall(running, 3, 0);
    }
}

static const struct lc_session_upcalls upcalls = {
    .output = on_output,
    .deadline = on_deadline,
    .authenticate = on_authenticate,
    .find_key = on_find_key,
    .up = on_up,
    .secret = on_secret,
    .data = on_data,
    .closed = on_closed,
};

/* ---- Sessions -------------------------------------------------------------------------------- */

/* context:session{ mtu =, server_name =, saved =, output =, deadline =,
 * authenticate =, find_key =, up =, data =, closed = } -> session | nil */
static int new_session(lua_State *L)
{
    running = L;
    struct probe_context *owner = luaL_checkudata(L, 1, CONTEXT);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct lc_bytes name = field_bytes(L, 2, "server_name");
    struct probe_session *probe = lua_newuserdatauv(L, sizeof *probe, 1);
    *probe = (struct probe_session){.functions = LUA_NOREF, .keylog = owner->keylog};
    luaL_setmetatable(L, SESSION);
    lua_pushvalue(L, 1); /* the context outlives the session */
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, 2);
    probe->functions = luaL_ref(L, LUA_REGISTRYINDEX);
    struct lc_session_options options = {
        .context = owner->context,
        .timers = &timers,
        .upcalls = &upcalls,
        .arg = probe,
        .mtu = (size_t)field_integer(L, 2, "mtu", 1232),
        .server_name = name.len > 0 ? (const char *)name.data : NULL,
        .saved = field_bytes(L, 2, "saved"),
    };
    probe->session = owner->context->engine->session_new(&options);
    return probe->session == NULL ? 0 : 1;
}

static struct lc_session *check_session(lua_State *L)
{
    struct probe_session *probe = luaL_checkudata(L, 1, SESSION);
    running = L;
    luaL_argcheck(L, probe->session != NULL, 1, "the session was freed");
    return probe->session;
}

static int session_free(lua_State *L)
{
    struct probe_session *probe = luaL_checkudata(L, 1, SESSION);
    if (probe->session != NULL) {
        probe->session->engine->session_free(probe->session);
        probe->session = NULL;
        luaL_unref(L, LUA_REGISTRYINDEX, probe->functions);
    }
    return 0;
}

static int session_start(lua_State *L)
{
    struct lc_session *session = check_session(L);
    session->engine->start(session);
    lc_upcall_raise(L);
    return 0;
}

/* input(datagram): from a block of its own, so that reading too far is noticed. */
static int session_input(lua_State *L)
{
    struct lc_session *session = check_session(L);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    uint8_t *data = malloc(len > 0 ? len : 1);
    if (data == NULL) {
        return luaL_error(L, "out of memory");
    }
    memcpy(data, text, len);
    session->engine->input(session, data, len);
    free(data);
    lc_upcall_raise(L);
    return 0;
}

static int session_expire(lua_State *L)
{
    struct lc_session *session = check_session(L);
    session->engine->expire(session);
    lc_upcall_raise(L);
    return 0;
}

/* decide([alert]) */
static int session_decide(lua_State *L)
{
    struct lc_session *session = check_session(L);
    session->engine->decide(session, (int)luaL_optinteger(L, 2, 0));
    lc_upcall_raise(L);
    return 0;
}

static int session_write(lua_State *L)
{
    struct lc_session *session = check_session(L);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    bool done = session->engine->write(session, lc_bytes(data, len));
    lc_upcall_raise(L);
    lua_pushboolean(L, done);
    return 1;
}

static int session_max_data(lua_State *L)
{
    struct lc_session *session = check_session(L);
    lua_pushinteger(L, (lua_Integer)session->engine->max_data(session));
    return 1;
}

static int session_close(lua_State *L)
{
    struct lc_session *session = check_session(L);
    session->engine->close(session);
    lc_upcall_raise(L);
    return 0;
}

/* info() -> version, suite, group, resumed */
static int session_info(lua_State *L)
{
    struct lc_session *session = check_session(L);
    struct lc_session_info info = {0};
    session->engine->info(session, &info);
    lua_pushinteger(L, info.version);
    lua_pushinteger(L, info.suite);
    lua_pushinteger(L, info.group);
    lua_pushboolean(L, info.resumed);
    return 4;
}

static int session_shown(lua_State *L)
{
    struct lc_session *session = check_session(L);
    struct lc_shown shown = {0};
    session->engine->shown(session, &shown);
    push_shown(L, &shown);
    lc_upcall_raise(L);
    return 1;
}

/* save() -> bytes | nil */
static int session_save(lua_State *L)
{
    struct lc_session *session = check_session(L);
    struct lc_buf saved = {0};
    bool done = session->engine->save(session, &saved);
    if (done) {
        push_bytes(L, lc_buf_bytes(&saved));
    }
    lc_buf_free(&saved);
    lc_upcall_raise(L);
    return done ? 1 : 0;
}

static int session_park(lua_State *L)
{
    struct lc_session *session = check_session(L);
    bool parked = session->engine->park(session);
    lc_upcall_raise(L);
    lua_pushboolean(L, parked);
    return 1;
}

/* ---- Registration ---------------------------------------------------------------------------- */

/* set_now(time): for all sessions; nothing expires by itself. */
static int set_now(lua_State *L)
{
    timers.now = luaL_checkinteger(L, 1);
    return 0;
}

/* about(engine) -> { abilities =, max_psk = } */
static int about(lua_State *L)
{
    const struct lc_engine *engine = check_engine(L, luaL_checkstring(L, 1));
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, engine->abilities);
    lua_setfield(L, -2, "abilities");
    lua_pushinteger(L, (lua_Integer)engine->max_psk);
    lua_setfield(L, -2, "max_psk");
    return 1;
}

/* has_suite(engine, number) -> boolean */
static int has_suite(lua_State *L)
{
    const struct lc_engine *engine = check_engine(L, luaL_checkstring(L, 1));
    lua_pushboolean(L, engine->has_suite((uint16_t)luaL_checkinteger(L, 2)));
    return 1;
}

static void define(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

static const luaL_Reg context_methods[] = {
    {"session", new_session},
    {"free", context_free},
    {0, 0},
};

static const luaL_Reg session_methods[] = {
    {"start", session_start},
    {"input", session_input},
    {"expire", session_expire},
    {"decide", session_decide},
    {"write", session_write},
    {"max_data", session_max_data},
    {"close", session_close},
    {"info", session_info},
    {"shown", session_shown},
    {"save", session_save},
    {"park", session_park},
    {"free", session_free},
    {0, 0},
};

int lc_probe_engine(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"context", new_context},
        {"set_now", set_now},
        {"about", about},
        {"has_suite", has_suite},
        {0, 0},
    };
    define(L, CONTEXT, context_methods, context_free);
    define(L, SESSION, session_methods, session_free);
    luaL_newlib(L, functions);
    return 1;
}
