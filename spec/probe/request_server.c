/*
 * probe.request_server: a server on a channel whose transport is a list: what was sent is read from
 * it, what a spec gives it was received. Time stands still but for advance().
 */
#include "spec/probe/probe.h"

#include "message/channel.h"
#include "request/server.h"
#include "spec/probe/fields.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>

static const char NAME[] = "probe.request_server";

struct probe_server {
    lua_State *L; /* who called last */
    struct lc_timers timers;
    struct lc_params params;
    struct lc_limits limits;
    struct lc_log log;
    struct lc_transport transport;
    struct lc_channel *channel; /* NULL once freed */
    struct lc_server *server;
    struct lc_incoming *current; /* in the request upcall */
    int sent, handlers, logged;  /* references to tables */
    int failure;                 /* reference to the first error of a handler */
    uint32_t session;            /* of all datagrams received */
    bool no_room;
    uint8_t room[70000];
};

/* ---- Values ---- */

static void set_bytes(lua_State *L, const char *key, struct lc_bytes bytes)
{
    lua_pushlstring(L, bytes.len == 0 ? "" : (const char *)bytes.data, bytes.len);
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_address(lua_State *L, const char *key, const struct lc_address *address)
{
    char text[LC_ADDRESS_TEXT];
    lua_pushstring(L, lc_address_text(address, text));
    lua_setfield(L, -2, key);
}

static void set_path(lua_State *L, const struct lc_path *path)
{
    set_address(L, "remote", &path->remote);
    set_address(L, "to", &path->local);
}

static lc_time field_seconds(lua_State *L, int table, const char *key, lc_time otherwise)
{
    lua_getfield(L, table, key);
    lc_time value = lua_isnil(L, -1) ? otherwise : (lc_time)(luaL_checknumber(L, -1) * LC_SECOND);
    lua_pop(L, 1);
    return value;
}

static bool field_boolean(lua_State *L, int table, const char *key)
{
    lua_getfield(L, table, key);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static void append(lua_State *L, int reference)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

/* "host:port" or "[host]:port" */
static struct lc_address to_address(lua_State *L, const char *text)
{
    struct lc_address address;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !lc_address_parse(&address, lc_bytes(text, (size_t)(colon - text)))) {
        luaL_error(L, "not an address: %s", text);
    }
    address.port = (uint16_t)atoi(colon + 1);
    return address;
}

/* ---- The transport and the log ---- */

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct probe_server *probe = lc_container(transport, struct probe_server, transport);
    return !probe->no_room && len <= sizeof probe->room ? probe->room : NULL;
}

static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct probe_server *probe = lc_container(transport, struct probe_server, transport);
    lua_State *L = probe->L;
    lua_createtable(L, 0, 3);
    set_bytes(L, "data", lc_bytes(probe->room, len));
    set_address(L, "remote", &path->remote);
    set_address(L, "from", &path->local);
    set_integer(L, "session", path->remote.session);
    append(L, probe->sent);
    memset(probe->room, 0xee, sizeof probe->room); /* what is used later shows */
}

static void keep_log(void *arg, int level, const char *text)
{
    struct probe_server *probe = arg;
    (void)level;
    lua_pushstring(probe->L, text);
    append(probe->L, probe->logged);
}

/* ---- Upcalls ---- */

/* The handler of an event, if there is one. */
static bool push_handler(struct probe_server *probe, const char *name)
{
    lua_State *L = probe->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, probe->handlers);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    return true;
}

static void call(struct probe_server *probe, int arguments)
{
    lua_State *L = probe->L;
    if (lua_pcall(L, arguments, 0, 0) != LUA_OK) {
        if (probe->failure == LUA_NOREF) {
            probe->failure = luaL_ref(L, LUA_REGISTRYINDEX);
        } else {
            lua_pop(L, 1);
        }
    }
}

static void push_incoming(lua_State *L, const struct lc_incoming *incoming)
{
    lua_createtable(L, 0, 10);
    set_integer(L, "number", (lua_Integer)incoming->number);
    set_integer(L, "type", incoming->message.type);
    set_integer(L, "code", incoming->message.code);
    set_integer(L, "id", incoming->message.id);
    set_bytes(L, "token", incoming->message.token);
    set_bytes(L, "options", incoming->message.options);
    set_bytes(L, "payload", incoming->message.payload);
    set_path(L, &incoming->path);
    lua_pushboolean(L, incoming->multicast);
    lua_setfield(L, -2, "multicast");
    lua_pushboolean(L, incoming->answered);
    lua_setfield(L, -2, "answered");
}

static void on_request(void *arg, struct lc_incoming *incoming)
{
    struct probe_server *probe = arg;
    if (push_handler(probe, "request")) {
        struct lc_incoming *outer = probe->current;
        probe->current = incoming;
        push_incoming(probe->L, incoming);
        call(probe, 1);
        probe->current = outer;
    }
}

static void on_complete(void *arg, struct lc_incoming *incoming, int code, const char *text)
{
    struct probe_server *probe = arg;
    if (push_handler(probe, "complete")) {
        lua_pushinteger(probe->L, (lua_Integer)incoming->number);
        lua_pushinteger(probe->L, code);
        lua_pushstring(probe->L, text);
        call(probe, 3);
    }
}

static void on_unregistered(void *arg, const struct lc_observer_info *observer)
{
    struct probe_server *probe = arg;
    if (push_handler(probe, "unregistered")) {
        lua_createtable(probe->L, 0, 5);
        set_path(probe->L, &observer->path);
        set_bytes(probe->L, "token", observer->token);
        set_bytes(probe->L, "uri", observer->uri);
        set_bytes(probe->L, "options", observer->options);
        call(probe, 1);
    }
}

static void channel_request(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    struct probe_server *probe = arg;
    lc_server_request(probe->server, message, path);
}

static bool channel_response(
    void *arg, const struct lc_message *message, const struct lc_path *path)
{
    (void)arg;
    (void)message;
    (void)path;
    return false;
}

static void channel_reset(void *arg, const struct lc_path *path, uint16_t id)
{
    struct probe_server *probe = arg;
    lc_server_reset(probe->server, path, id);
}

/* ---- Life ---- */

static int new_table(lua_State *L)
{
    lua_newtable(L);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

static void read_limits(lua_State *L, struct lc_limits *limits)
{
    *limits = (struct lc_limits)LC_LIMITS_DEFAULT;
    limits->block_size = (unsigned)field_integer(L, 1, "block_size", limits->block_size);
    limits->max_body = (size_t)field_integer(L, 1, "max_body", (lua_Integer)limits->max_body);
    limits->max_pending = (unsigned)field_integer(L, 1, "max_pending", limits->max_pending);
    limits->max_observers = (unsigned)field_integer(L, 1, "max_observers", limits->max_observers);
    limits->notifications_per_con =
        (unsigned)field_integer(L, 1, "notifications_per_con", limits->notifications_per_con);
    limits->max_transfers = (unsigned)field_integer(L, 1, "max_transfers", limits->max_transfers);
    limits->max_transfer_bytes =
        (size_t)field_integer(L, 1, "max_transfer_bytes", (lua_Integer)limits->max_transfer_bytes);
    limits->pending_timeout = field_seconds(L, 1, "pending_timeout", limits->pending_timeout);
    limits->piggyback_delay = field_seconds(L, 1, "piggyback_delay", limits->piggyback_delay);
    limits->multicast_leisure = field_seconds(L, 1, "leisure", limits->multicast_leisure);
}

static void make_runtime(struct probe_server *probe, bool listens)
{
    struct lc_channel_options channel = {.timers = &probe->timers,
        .transport = &probe->transport,
        .params = &probe->params,
        .log = &probe->log,
        .upcalls = {channel_request, channel_response, channel_reset, probe}};
    probe->channel = lc_channel_new(&channel);
    struct lc_server_options server = {.timers = &probe->timers,
        .channel = probe->channel,
        .params = &probe->params,
        .limits = &probe->limits,
        .log = &probe->log,
        .upcalls = {on_request, listens ? on_complete : NULL, on_unregistered, probe}};
    probe->server = probe->channel == NULL ? NULL : lc_server_new(&server);
}

/*
 * new{ settings of lc_limits by name, times in seconds, secure, deaf = no complete() upcall } ->
 * server | nil when there is no memory
 */
static int new (lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct probe_server *probe = lua_newuserdatauv(L, sizeof *probe, 0);
    memset(probe, 0, sizeof *probe);
    luaL_setmetatable(L, NAME);
    probe->L = L;
    probe->timers.now = 1000 * LC_SECOND;
    probe->params = (struct lc_params)LC_PARAMS_DEFAULT;
    read_limits(L, &probe->limits);
    probe->log = (struct lc_log){.level = LC_LOG_DEBUG, .write = keep_log, .arg = probe};
    probe->transport = (struct lc_transport){.reserve = reserve, .commit = commit};
    probe->sent = new_table(L);
    probe->handlers = new_table(L);
    probe->logged = new_table(L);
    probe->failure = LUA_NOREF;
    probe->session = field_boolean(L, 1, "secure");
    make_runtime(probe, !field_boolean(L, 1, "deaf"));
    return probe->server != NULL;
}

static void free_runtime(struct probe_server *probe)
{
    lc_server_free(probe->server);
    if (probe->channel != NULL) {
        lc_channel_free(probe->channel);
    }
    probe->server = NULL;
    probe->channel = NULL;
}

/* server:free(): as a component does that is shut down, also within a handler. */
static int free_server(lua_State *L)
{
    struct probe_server *probe = luaL_checkudata(L, 1, NAME);
    free_runtime(probe);
    return 0;
}

static int collect(lua_State *L)
{
    struct probe_server *probe = luaL_checkudata(L, 1, NAME);
    free_runtime(probe);
    luaL_unref(L, LUA_REGISTRYINDEX, probe->sent);
    luaL_unref(L, LUA_REGISTRYINDEX, probe->handlers);
    luaL_unref(L, LUA_REGISTRYINDEX, probe->logged);
    probe->sent = probe->handlers = probe->logged = LUA_NOREF;
    return 0;
}

static struct probe_server *check_server(lua_State *L)
{
    struct probe_server *probe = luaL_checkudata(L, 1, NAME);
    luaL_argcheck(L, probe->server != NULL, 1, "freed");
    probe->L = L;
    return probe;
}

static int raise_failure(struct probe_server *probe)
{
    lua_State *L = probe->L;
    if (probe->failure == LUA_NOREF) {
        return 0;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, probe->failure);
    luaL_unref(L, LUA_REGISTRYINDEX, probe->failure);
    probe->failure = LUA_NOREF;
    return lua_error(L);
}

/* ---- What a spec does ---- */

/* server:on(event, function): "request"(incoming), "complete"(number, code, text),
 * "unregistered"(info) */
static int on(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, probe->handlers);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, -3);
    return 0;
}

/* server:receive(datagram, "from:port", "to:port", [session]); the bytes are gone afterwards. */
static int receive(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct lc_path path = {.remote = to_address(L, luaL_checkstring(L, 3)),
        .local = to_address(L, luaL_checkstring(L, 4))};
    path.remote.session = (uint32_t)luaL_optinteger(L, 5, probe->session);
    uint8_t *copy = lua_newuserdatauv(L, len + 1, 0);
    memcpy(copy, data, len);
    struct lc_receiver receiver = lc_channel_receiver(probe->channel);
    receiver.receive(receiver.arg, &path, copy, len);
    memset(copy, 0xdd, len);
    return raise_failure(probe);
}

/* server:refuse(datagram, "to:port", errno): an ICMP error. */
static int refuse(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct lc_path path = {.remote = to_address(L, luaL_checkstring(L, 3))};
    struct lc_receiver receiver = lc_channel_receiver(probe->channel);
    receiver.refused(receiver.arg, &path, (int)luaL_checkinteger(L, 4), (const uint8_t *)data, len);
    return raise_failure(probe);
}

/* server:lose("from:port", session): the session is over. */
static int lose(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    struct lc_address remote = to_address(L, luaL_checkstring(L, 2));
    remote.session = (uint32_t)luaL_checkinteger(L, 3);
    lc_server_lose(probe->server, &remote);
    lc_channel_lose(probe->channel, &remote, ECONNRESET);
    return raise_failure(probe);
}

/* server:advance(seconds): the timers fire on the way, each at its time. */
static int advance(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    lc_time end = probe->timers.now + (lc_time)(luaL_checknumber(L, 2) * LC_SECOND);
    while (lc_timers_next(&probe->timers) <= end) {
        lc_time next = lc_timers_next(&probe->timers);
        probe->timers.now = next > probe->timers.now ? next : probe->timers.now;
        lc_timers_run(&probe->timers);
        if (probe->timers.now >= end) {
            break;
        }
    }
    probe->timers.now = end;
    return raise_failure(probe);
}

static int take(lua_State *L, int *reference)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, *reference);
    luaL_unref(L, LUA_REGISTRYINDEX, *reference);
    *reference = new_table(L);
    return 1;
}

/* server:sent() -> { {data, remote, from}, ... } since the last call */
static int sent(lua_State *L)
{
    struct probe_server *probe = luaL_checkudata(L, 1, NAME);
    return take(L, &probe->sent);
}

/* server:logged() -> lines since the last call */
static int logged(lua_State *L)
{
    struct probe_server *probe = luaL_checkudata(L, 1, NAME);
    return take(L, &probe->logged);
}

static struct lc_response read_response(lua_State *L, int table)
{
    return (struct lc_response){
        .code = (uint8_t)field_integer(L, table, "code", 0x45),
        .confirmable = field_boolean(L, table, "con"),
        .options = field_bytes(L, table, "options"),
        .body = field_bytes(L, table, "body"),
    };
}

static int push_result(lua_State *L, int code, const struct lc_error *error)
{
    if (code == LC_OK) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, code);
    lua_pushstring(L, error->text);
    return 3;
}

static struct lc_incoming *check_incoming(lua_State *L, struct probe_server *probe)
{
    struct lc_incoming *incoming = lc_server_find(probe->server, (uint64_t)luaL_checkinteger(L, 2));
    luaL_argcheck(L, incoming != NULL, 2, "no such request");
    return incoming;
}

/* server:respond(number, { code, con, options = encoded, body, observe, deaf = no complete() }) */
static int respond(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    struct lc_incoming *incoming = check_incoming(L, probe);
    struct lc_error error = {0};
    struct lc_response response = read_response(L, 3);
    if (field_boolean(L, 3, "deaf")) {
        incoming->wants_complete = false;
    }
    int code = lc_server_respond(
        probe->server, incoming, &response, field_boolean(L, 3, "observe"), &error);
    return push_result(L, code, &error);
}

/* server:notify(uri, { code, con, options, body }, [accept]) */
static int notify(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    size_t len;
    const char *uri = luaL_checklstring(L, 2, &len);
    struct lc_error error = {0};
    struct lc_response response = read_response(L, 3);
    int accept = (int)luaL_optinteger(L, 4, LC_ACCEPT_ANY);
    int code = lc_server_notify(probe->server, lc_bytes(uri, len), accept, &response, &error);
    return push_result(L, code, &error);
}

/* server:observed([path]) -> { { uri, options, accept, observers }, ... } */
static int observed(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    size_t len;
    const char *path = luaL_optlstring(L, 2, "", &len);
    struct lc_observed observed = {0};
    lua_newtable(L);
    for (int i = 1; lc_server_next_observed(probe->server, lc_bytes(path, len), &observed); i++) {
        lua_createtable(L, 0, 4);
        set_bytes(L, "uri", observed.uri);
        set_bytes(L, "options", observed.options);
        set_integer(L, "accept", observed.accept);
        set_integer(L, "observers", (lua_Integer)observed.observers);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

static int cancel(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    lc_server_cancel(probe->server, check_incoming(L, probe));
    return 0;
}

static int hold(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    lua_pushboolean(L, lc_server_hold(probe->server, check_incoming(L, probe)));
    return 1;
}

/* server:find(number) -> what it is now, or nil */
static int find(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    struct lc_incoming *incoming = lc_server_find(probe->server, (uint64_t)luaL_checkinteger(L, 2));
    if (incoming == NULL) {
        lua_pushnil(L);
    } else {
        push_incoming(L, incoming);
    }
    return 1;
}

/* server:waiting() -> numbers of those not answered, oldest first; must be as many as
 * lc_server_pending() says */
static int waiting(lua_State *L)
{
    struct probe_server *probe = check_server(L);
    struct lc_incoming *incoming = NULL;
    lua_newtable(L);
    while ((incoming = lc_server_next(probe->server, incoming)) != NULL) {
        lua_pushinteger(L, (lua_Integer)incoming->number);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    if (lua_rawlen(L, -1) != lc_server_pending(probe->server)) {
        return luaL_error(L, "lc_server_pending() disagrees");
    }
    return 1;
}

static int observers(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lc_server_observers(check_server(L)->server));
    return 1;
}

static int evicted(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lc_server_transfers_evicted(check_server(L)->server));
    return 1;
}

static int accept(lua_State *L)
{
    lc_server_accept_requests(check_server(L)->server, lua_toboolean(L, 2));
    return 0;
}

/* server:no_room(boolean): the transport has no place for datagrams. */
static int no_room(lua_State *L)
{
    check_server(L)->no_room = lua_toboolean(L, 2);
    return 0;
}

int lc_probe_request_server(lua_State *L)
{
    static const luaL_Reg methods[] = {{"free", free_server}, {"on", on}, {"receive", receive},
        {"refuse", refuse}, {"lose", lose}, {"advance", advance}, {"sent", sent},
        {"logged", logged}, {"respond", respond}, {"notify", notify}, {"observed", observed},
        {"cancel", cancel}, {"hold", hold}, {"find", find}, {"waiting", waiting},
        {"observers", observers}, {"evicted", evicted}, {"accept", accept}, {"no_room", no_room},
        {"__gc", collect}, {0, 0}};
    static const luaL_Reg functions[] = {{"new", new}, {0, 0}};
    luaL_newmetatable(L, NAME);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
