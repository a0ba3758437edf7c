/*
 * probe.dtls: the DTLS filter on a transport of the spec's, in virtual time, with the real engines
 * or the one of fake_engine.h. Times are integers in microseconds, addresses those of fields.h;
 * sessions are numbers of their own beside them. Functions given to a filter are called in its
 * upcalls; an error in one is raised by the call that led there.
 */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "secure/cookie.h"
#include "secure/dtls.h"
#include "spec/probe/dtls_security.h"
#include "spec/probe/fields.h"
#include "spec/probe/upcall.h"

#include <lauxlib.h>
#include <malloc.h>
#include <stdlib.h>

static const char FILTER[] = "probe.dtls.filter";

/* What is under a filter, in memory of its own: it goes away when the filter is freed. */
struct probe_under {
    struct lc_transport transport;
    struct probe_filter *filter;
    uint8_t room[20000];
};

struct probe_filter {
    struct lc_dtls *dtls; /* NULL: freed */
    struct lc_cookies *cookies;
    struct lc_buf room;
    struct lc_session_cache *saved; /* or NULL */
    struct probe_under *under;
    struct lc_receiver receiver;
    struct lc_log log;
    unsigned tells;
    int functions; /* reference to the table given to new() */
};

/* All filters live in the same loop. */
static struct lc_timers timers;
static struct lc_handshakes handshakes;

/* The thread that called last: upcalls use it. */
static lua_State *running;

/* Pushes a function of the filter; false, and nothing pushed, when there is none. */
static bool push_function(const struct probe_filter *filter, const char *name)
{
    return lc_upcall_push(running, filter->functions, name);
}

static void push_bytes(const void *data, size_t len)
{
    lua_pushlstring(running, data, len);
}

/* ---- Under and above ------------------------------------------------------------------------- */

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct probe_under *under = lc_container(transport, struct probe_under, transport);
    return len > sizeof under->room ? NULL : under->room;
}

/* send(datagram, remote, local, session), where the session is 0. */
static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct probe_under *under = lc_container(transport, struct probe_under, transport);
    if (push_function(under->filter, "send")) {
        push_bytes(under->room, len);
        lua_pushinteger(running, field_address_number(&path->remote));
        lua_pushinteger(running, field_address_number(&path->local));
        lua_pushinteger(running, path->remote.session);
        lc_upcall(running, 4, 0);
    }
}

/* receive(data, remote, session, local); the data is overwritten afterwards, which it may be. */
static void on_receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct probe_filter *filter = arg;
    if (push_function(filter, "receive")) {
        push_bytes(data, len);
        lua_pushinteger(running, field_address_number(&path->remote));
        lua_pushinteger(running, path->remote.session);
        lua_pushinteger(running, field_address_number(&path->local));
        memset(data, 0xaa, len);
        lc_upcall(running, 4, 0);
    }
}

static void on_truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    if (push_function(arg, "truncated")) {
        push_bytes(data, len);
        lua_pushinteger(running, field_address_number(&path->remote));
        lc_upcall(running, 2, 0);
    }
}

/* refused(beginning, remote, errno) */
static void on_refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    if (push_function(arg, "refused")) {
        push_bytes(data, len);
        lua_pushinteger(running, field_address_number(&path->remote));
        lua_pushinteger(running, number);
        lc_upcall(running, 3, 0);
    }
}

/* ---- What the filter tells ------------------------------------------------------------------- */

/* authenticate(session, has certificate, trusted, status) */
static void on_authenticate(void *arg, uint32_t session, struct lc_certificate *certificate,
    const struct lc_finding *finding)
{
    if (push_function(arg, "authenticate")) {
        lua_pushinteger(running, session);
        lua_pushboolean(running, certificate != NULL);
        lua_pushboolean(running, finding->trusted);
        lua_pushstring(running, finding->status);
        lc_upcall(running, 4, 0);
    }
}

/* find_key(session, identity) -> key | nil */
static size_t on_find_key(
    void *arg, uint32_t session, struct lc_bytes identity, uint8_t *key, size_t room)
{
    size_t len = 0;
    if (push_function(arg, "find_key")) {
        lua_pushinteger(running, session);
        push_bytes(identity.data, identity.len);
        lc_upcall(running, 2, 1);
        const char *found = lua_tolstring(running, -1, &len);
        if (found != NULL && len <= room) {
            memcpy(key, found, len);
        }
        lua_pop(running, 1);
    }
    return len;
}

static void on_up(void *arg, uint32_t session)
{
    if (push_function(arg, "up")) {
        lua_pushinteger(running, session);
        lc_upcall(running, 1, 0);
    }
}

/* closed(session, code, text, remote) */
static void on_closed(void *arg, const struct lc_address *remote, const struct lc_error *error)
{
    if (push_function(arg, "closed")) {
        lua_pushinteger(running, remote->session);
        lua_pushinteger(running, error->code);
        lua_pushstring(running, error->text);
        lua_pushinteger(running, field_address_number(remote));
        lc_upcall(running, 4, 0);
    }
}

static void on_status(void *arg, const char *text)
{
    if (push_function(arg, "status")) {
        lua_pushstring(running, text);
        lc_upcall(running, 1, 0);
    }
}

static unsigned wants(void *arg)
{
    return ((const struct probe_filter *)arg)->tells;
}

static void on_secret(void *arg, const struct lc_address *remote, struct lc_bytes line)
{
    (void)remote;
    if (push_function(arg, "secret")) {
        lua_pushlstring(running, (const char *)line.data, line.len);
        lc_upcall(running, 1, 0);
    }
}

static void on_log(void *arg, int level, const char *text)
{
    (void)level;
    if (push_function(arg, "log")) {
        lua_pushstring(running, text);
        lc_upcall(running, 1, 0);
    }
}

/* ---- Filters --------------------------------------------------------------------------------- */

static struct lc_dtls *make_filter(struct probe_filter *filter, lc_time idle_timeout)
{
    *filter->under =
        (struct probe_under){.transport = {.reserve = reserve, .commit = commit}, .filter = filter};
    return lc_dtls_new(&(struct lc_dtls_options){
        .timers = &timers,
        .handshakes = &handshakes,
        .cookies = filter->cookies,
        .room = &filter->room,
        .under = &filter->under->transport,
        .above = {on_receive, on_truncated, on_refused, filter},
        .log = &filter->log,
        .upcalls = {on_authenticate, on_find_key, on_up, on_closed, on_status, wants, on_secret,
            filter},
        .saved = filter->saved,
        .idle_timeout = idle_timeout,
    });
}

/* new{ idle_timeout =, tells =, saves = boolean, send =, receive =, truncated =, refused =,
 * authenticate =, find_key =, up =, closed =, status =, secret =, log = } -> filter | nil */
static int new_filter(lua_State *L)
{
    running = L;
    luaL_checktype(L, 1, LUA_TTABLE);
    lc_time idle_timeout = field_integer(L, 1, "idle_timeout", LC_NEVER);
    unsigned tells = (unsigned)field_integer(L, 1, "tells", 0);
    bool saves = field_boolean(L, "saves");
    struct probe_filter *filter = lua_newuserdatauv(L, sizeof *filter, 0);
    lua_pushvalue(L, 1);
    *filter = (struct probe_filter){
        .cookies = lc_cookies_new(),
        .under = malloc(sizeof *filter->under),
        .log = {.level = LC_LOG_DEBUG, .write = on_log, .arg = filter},
        .tells = tells,
        .functions = luaL_ref(L, LUA_REGISTRYINDEX),
    };
    if (saves) {
        filter->saved = lc_session_cache_new(&(struct lc_session_cache_options){
            .timers = &timers,
            .lifetime = 3600 * LC_SECOND,
            .max_entries = 8,
            .max_bytes = 65536,
        });
    }
    luaL_setmetatable(L, FILTER);
    filter->dtls = filter->cookies == NULL ? NULL : make_filter(filter, idle_timeout);
    if (filter->dtls == NULL) {
        return 0;
    }
    filter->receiver = lc_dtls_receiver(filter->dtls);
    return 1;
}

/* The table of functions stays until the filter is collected: an upcall may be under way. */
static int filter_free(lua_State *L)
{
    struct probe_filter *filter = luaL_checkudata(L, 1, FILTER);
    running = L;
    if (filter->dtls != NULL) {
        lc_dtls_free(filter->dtls);
        filter->dtls = NULL;
    }
    free(filter->under);
    filter->under = NULL;
    lc_buf_free(&filter->room);
    lc_cookies_free(filter->cookies);
    filter->cookies = NULL;
    lc_session_cache_free(filter->saved);
    filter->saved = NULL;
    return 0;
}

static int filter_collect(lua_State *L)
{
    struct probe_filter *filter = luaL_checkudata(L, 1, FILTER);
    filter_free(L);
    luaL_unref(L, LUA_REGISTRYINDEX, filter->functions);
    return 0;
}

static struct probe_filter *check_filter(lua_State *L)
{
    struct probe_filter *filter = luaL_checkudata(L, 1, FILTER);
    running = L;
    luaL_argcheck(L, filter->dtls != NULL, 1, "the filter was freed");
    return filter;
}

/* The datagram and the path at the arguments 2 to 4. The data is a block of its own, so that
 * reading too far is noticed; not one of the counted heap. */
static uint8_t *take_datagram(lua_State *L, struct lc_path *path, size_t *len)
{
    const char *text = luaL_checklstring(L, 2, len);
    *path = (struct lc_path){.remote = field_address(luaL_checkinteger(L, 3))};
    uint8_t *data = malloc(*len > 0 ? *len : 1);
    if (data == NULL) {
        luaL_error(L, "out of memory");
    }
    return memcpy(data, text, *len);
}

static int give_back(lua_State *L, uint8_t *data)
{
    free(data);
    lc_upcall_raise(L);
    return 0;
}

/* receive(datagram, from, [to]) */
static int filter_receive(lua_State *L)
{
    struct lc_receiver receiver = check_filter(L)->receiver;
    struct lc_path path;
    size_t len;
    uint8_t *data = take_datagram(L, &path, &len);
    path.local = field_address(luaL_optinteger(L, 4, 0));
    receiver.receive(receiver.arg, &path, data, len);
    return give_back(L, data);
}

/* truncated(beginning, from) */
static int filter_truncated(lua_State *L)
{
    struct lc_receiver receiver = check_filter(L)->receiver;
    struct lc_path path;
    size_t len;
    uint8_t *data = take_datagram(L, &path, &len);
    receiver.truncated(receiver.arg, &path, data, len);
    return give_back(L, data);
}

/* refused(beginning, to, errno) */
static int filter_refused(lua_State *L)
{
    struct lc_receiver receiver = check_filter(L)->receiver;
    struct lc_path path;
    size_t len;
    uint8_t *data = take_datagram(L, &path, &len);
    receiver.refused(receiver.arg, &path, (int)luaL_checkinteger(L, 4), data, len);
    return give_back(L, data);
}

/* write(data, to, session) -> whether there was room */
static int filter_write(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    struct lc_transport *transport = lc_dtls_transport(filter->dtls);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct lc_path path = {.remote = field_address(luaL_checkinteger(L, 3))};
    path.remote.session = (uint32_t)luaL_optinteger(L, 4, 0);
    uint8_t *room = transport->reserve(transport, len);
    if (room != NULL) {
        memcpy(room, data, len);
        transport->commit(transport, &path, len);
    }
    lc_upcall_raise(L);
    lua_pushboolean(L, room != NULL);
    return 1;
}

/* serve([security]) */
static int filter_serve(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    lc_dtls_serve(filter->dtls, lua_isnoneornil(L, 2) ? NULL : check_security(L, 2));
    return 0;
}

/* connect(security, remote, host) -> session, is up */
static int filter_connect(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    struct lc_address remote = field_address(luaL_checkinteger(L, 3));
    uint32_t session = lc_dtls_connect(
        filter->dtls, check_security(L, 2), &remote, luaL_optstring(L, 4, "localhost"));
    lc_upcall_raise(L);
    lua_pushinteger(L, session);
    lua_pushboolean(L, filter->dtls != NULL && lc_dtls_is_up(filter->dtls, session));
    return 2;
}

static int filter_decide(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    lc_dtls_decide(filter->dtls, (uint32_t)luaL_checkinteger(L, 2), lua_toboolean(L, 3));
    return 0;
}

static int filter_close(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    lc_dtls_close(filter->dtls, (uint32_t)luaL_checkinteger(L, 2));
    lc_upcall_raise(L);
    return 0;
}

/* look(session) -> { resumed, has_certificate, identity, engine, suite } | nil */
static int filter_look(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    struct lc_dtls_view view;
    if (!lc_dtls_look(filter->dtls, (uint32_t)luaL_checkinteger(L, 2), &view)) {
        return 0;
    }
    lua_newtable(L);
    lua_pushboolean(L, view.info.resumed);
    lua_setfield(L, -2, "resumed");
    lua_pushinteger(L, view.info.suite);
    lua_setfield(L, -2, "suite");
    lua_pushboolean(L, view.certificate != NULL);
    lua_setfield(L, -2, "has_certificate");
    push_bytes(view.psk_identity.data, view.psk_identity.len);
    lua_setfield(L, -2, "identity");
    lua_pushstring(L, view.engine->name);
    lua_setfield(L, -2, "engine");
    return 1;
}

/* count() -> sessions that are up, handshakes under way */
static int filter_count(lua_State *L)
{
    struct probe_filter *filter = check_filter(L);
    lua_pushinteger(L, (lua_Integer)lc_dtls_count(filter->dtls));
    lua_pushinteger(L, (lua_Integer)lc_dtls_handshakes(filter->dtls));
    return 2;
}

/* ---- The loop -------------------------------------------------------------------------------- */

static int now(lua_State *L)
{
    lua_pushinteger(L, timers.now);
    return 1;
}

/* next() -> when the next timer is due | nil */
static int next(lua_State *L)
{
    lc_time at = lc_timers_next(&timers);
    if (at == LC_NEVER) {
        return 0;
    }
    lua_pushinteger(L, at);
    return 1;
}

/* turn([time]): moves the clock on, and lets the loop have one turn. */
static int turn(lua_State *L)
{
    running = L;
    timers.now = luaL_optinteger(L, 1, timers.now);
    lc_timers_run(&timers);
    lc_upcall_raise(L);
    return 0;
}

/* heap() -> bytes that the whole program has allocated */
static int heap(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)mallinfo2().uordblks);
    return 1;
}

/* ---- The table of the probe ------------------------------------------------------------------ */

static void define(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction collect)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

int lc_probe_dtls(lua_State *L)
{
    static const luaL_Reg security_methods[] = {{"free", security_free}, {NULL, NULL}};
    static const luaL_Reg filter_methods[] = {
        {"free", filter_free},
        {"receive", filter_receive},
        {"truncated", filter_truncated},
        {"refused", filter_refused},
        {"write", filter_write},
        {"serve", filter_serve},
        {"connect", filter_connect},
        {"decide", filter_decide},
        {"close", filter_close},
        {"look", filter_look},
        {"count", filter_count},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"security", new_security},
        {"new", new_filter},
        {"now", now},
        {"next", next},
        {"turn", turn},
        {"heap", heap},
        {"fake_calls", fake_calls},
        {NULL, NULL},
    };
    lc_handshakes_init(&handshakes, &timers);
    define(L, SECURITY, security_methods, security_free);
    define(L, FILTER, filter_methods, filter_collect);
    luaL_newlib(L, functions);
    return 1;
}
