/*
 * probe.request_client: a client on a channel whose transport is a list: what was sent is read from
 * it, what a spec gives it was received. Time stands still but for advance().
 */
#include "spec/probe/probe.h"

#include "message/channel.h"
#include "request/client.h"
#include "wire/option.h"

#include <lauxlib.h>
#include <stdlib.h>

static const char NAME[] = "probe.request_client";

struct probe_client {
    lua_State *L; /* who called last */
    struct lc_timers timers;
    struct lc_params params;
    struct lc_limits limits;
    struct lc_log log;
    struct lc_transport transport;
    struct lc_channel *channel; /* NULL once freed */
    struct lc_client *client;
    struct probe_exchange *exchanges;
    lua_Integer count;
    int sent, events, hooks; /* references to tables */
    uint8_t room[70000];
};

/* What the spec knows an exchange by. */
struct probe_exchange {
    struct probe_client *owner;
    struct lc_exchange *exchange; /* NULL once it is gone */
    struct probe_exchange *next;
    lua_Integer number;
    struct lc_path path;
};

/* ---- The transport ---- */

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct probe_client *probe = lc_container(transport, struct probe_client, transport);
    return len <= sizeof probe->room ? probe->room : NULL;
}

static void push_address(lua_State *L, const struct lc_address *address)
{
    char text[LC_ADDRESS_TEXT];
    lua_pushstring(L, lc_address_text(address, text));
}

static void append(lua_State *L, int reference)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct probe_client *probe = lc_container(transport, struct probe_client, transport);
    lua_State *L = probe->L;
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, (const char *)probe->room, len);
    lua_setfield(L, -2, "data");
    push_address(L, &path->remote);
    lua_setfield(L, -2, "remote");
    append(L, probe->sent);
}

/* ---- Upcalls ---- */

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

static void push_response(lua_State *L, const struct lc_result *result)
{
    lua_createtable(L, 0, 6);
    set_integer(L, "type", result->response->type);
    set_integer(L, "code", result->response->code);
    set_bytes(L, "token", result->response->token);
    set_bytes(L, "options", result->response->options);
    set_bytes(L, "payload", result->response->payload);
    push_address(L, &result->path->remote);
    lua_setfield(L, -2, "remote");
}

static void act(struct probe_exchange *known, const char *kind);

static void record(struct probe_exchange *known, const char *kind, const struct lc_result *result)
{
    lua_State *L = known->owner->L;
    lua_createtable(L, 0, 6);
    lua_pushstring(L, kind);
    lua_setfield(L, -2, "kind");
    set_integer(L, "exchange", known->number);
    if (result != NULL) {
        set_integer(L, "code", result->code);
        lua_pushstring(L, result->text);
        lua_setfield(L, -2, "text");
    }
    if (result != NULL && result->response != NULL) {
        push_response(L, result);
        lua_setfield(L, -2, "response");
    }
}

static void progress(void *arg)
{
    struct probe_exchange *known = arg;
    record(known, "progress", NULL);
    append(known->owner->L, known->owner->events);
    act(known, "progress");
}

/* { kind = "transferred", incoming, bytes, total } */
static void transferred(void *arg, const struct lc_transfer *transfer)
{
    struct probe_exchange *known = arg;
    lua_State *L = known->owner->L;
    record(known, "transferred", NULL);
    lua_pushboolean(L, transfer->incoming);
    lua_setfield(L, -2, "incoming");
    set_integer(L, "bytes", (lua_Integer)transfer->bytes);
    set_integer(L, "total", (lua_Integer)transfer->total);
    append(L, known->owner->events);
}

static void notification(void *arg, const struct lc_result *result, bool latest)
{
    struct probe_exchange *known = arg;
    lua_State *L = known->owner->L;
    record(known, "notification", result);
    lua_pushboolean(L, latest);
    lua_setfield(L, -2, "latest");
    append(L, known->owner->events);
    if (result->code != 0) {
        known->exchange = NULL;
    }
    act(known, "notification");
}

static void answer(void *arg, const struct lc_result *result)
{
    struct probe_exchange *known = arg;
    record(known, "answer", result);
    append(known->owner->L, known->owner->events);
    act(known, "answer");
}

/* The event is recorded after the hook, so that it shows what the hook may have spoilt. */
static void complete(void *arg, const struct lc_result *result)
{
    struct probe_exchange *known = arg;
    known->exchange = NULL;
    act(known, "complete");
    record(known, "complete", result);
    append(known->owner->L, known->owner->events);
}

static bool on_response(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    struct probe_client *probe = arg;
    return lc_client_response(probe->client, message, path);
}

static void on_request(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    (void)arg;
    (void)message;
    (void)path;
}

static void on_reset(void *arg, const struct lc_path *path, uint16_t id)
{
    (void)arg;
    (void)path;
    (void)id;
}

static void discard_log(void *arg, int level, const char *text)
{
    (void)arg;
    (void)level;
    (void)text;
}

/* ---- Life ---- */

static lua_Integer field_integer(lua_State *L, int table, const char *key, lua_Integer otherwise)
{
    lua_getfield(L, table, key);
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

/* Leaves the string on the stack. */
static struct lc_bytes field_bytes(lua_State *L, int table, const char *key)
{
    size_t len;
    lua_getfield(L, table, key);
    const char *data = luaL_optlstring(L, -1, "", &len);
    return lc_bytes(data, len);
}

static bool field_boolean(lua_State *L, int table, const char *key)
{
    lua_getfield(L, table, key);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static int new_table(lua_State *L)
{
    lua_newtable(L);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* new{ block_size, max_body, nstart } -> client | nil when there is no memory */
static int new (lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct probe_client *probe = lua_newuserdatauv(L, sizeof *probe, 0);
    memset(probe, 0, sizeof *probe);
    luaL_setmetatable(L, NAME);
    probe->L = L;
    probe->timers.now = 1000 * LC_SECOND;
    probe->params = (struct lc_params)LC_PARAMS_DEFAULT;
    probe->params.nstart = (unsigned)field_integer(L, 1, "nstart", 1);
    probe->params.probing_rate = 0;
    probe->limits = (struct lc_limits)LC_LIMITS_DEFAULT;
    probe->limits.block_size = (unsigned)field_integer(L, 1, "block_size", 1024);
    probe->limits.max_body = (size_t)field_integer(L, 1, "max_body", 8 << 20);
    probe->log = (struct lc_log){.level = LC_LOG_DEBUG, .write = discard_log};
    probe->transport = (struct lc_transport){.reserve = reserve, .commit = commit};
    probe->sent = new_table(L);
    probe->events = new_table(L);
    probe->hooks = new_table(L);
    struct lc_channel_options channel = {.timers = &probe->timers,
        .transport = &probe->transport,
        .params = &probe->params,
        .log = &probe->log,
        .upcalls = {on_request, on_response, on_reset, probe}};
    probe->channel = lc_channel_new(&channel);
    struct lc_client_options client = {.timers = &probe->timers,
        .channel = probe->channel,
        .params = &probe->params,
        .limits = &probe->limits,
        .log = &probe->log};
    probe->client = probe->channel == NULL ? NULL : lc_client_new(&client);
    return probe->client != NULL;
}

static void free_runtime(struct probe_client *probe)
{
    if (probe->client != NULL) {
        lc_client_free(probe->client);
    }
    if (probe->channel != NULL) {
        lc_channel_free(probe->channel);
    }
    probe->client = NULL;
    probe->channel = NULL;
}

static int close(lua_State *L)
{
    struct probe_client *probe = luaL_checkudata(L, 1, NAME);
    free_runtime(probe);
    while (probe->exchanges != NULL) {
        struct probe_exchange *known = probe->exchanges;
        probe->exchanges = known->next;
        free(known);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, probe->sent);
    luaL_unref(L, LUA_REGISTRYINDEX, probe->events);
    luaL_unref(L, LUA_REGISTRYINDEX, probe->hooks);
    probe->sent = probe->events = probe->hooks = LUA_NOREF;
    return 0;
}

static struct probe_client *check_client(lua_State *L)
{
    struct probe_client *probe = luaL_checkudata(L, 1, NAME);
    probe->L = L;
    return probe;
}

static struct lc_address check_address(lua_State *L, int host, int port)
{
    size_t len;
    const char *text = luaL_optlstring(L, host, "192.0.2.1", &len);
    struct lc_address address;
    luaL_argcheck(L, lc_address_parse(&address, lc_bytes(text, len)), host, "not an address");
    address.port = (uint16_t)luaL_optinteger(L, port, 5683);
    return address;
}

/* ---- What a spec does ---- */

static struct lc_exchange *begin(
    struct probe_exchange *known, const struct lc_request *request, struct lc_error *error)
{
    struct lc_exchange_upcalls upcalls = {
        progress, transferred, notification, answer, complete, known};
    return lc_client_send(known->owner->client, request, &upcalls, error);
}

static struct probe_exchange *new_known(struct probe_client *probe)
{
    struct probe_exchange *known = calloc(1, sizeof *known);
    known->owner = probe;
    known->number = ++probe->count;
    known->next = probe->exchanges;
    probe->exchanges = known;
    return known;
}

/*
 * client:send{ method, con = boolean, observe = 0 to 2, options = encoded, body, id, empty_token,
 * token, host, port, session } -> number | nil, code, text
 */
static int send(lua_State *L)
{
    struct probe_client *probe = check_client(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_getfield(L, 2, "host");
    lua_getfield(L, 2, "port");
    struct probe_exchange *known = new_known(probe);
    known->path.remote = check_address(L, 3, 4);
    known->path.remote.session = (uint32_t)field_integer(L, 2, "session", 0);
    struct lc_error error = {0};
    struct lc_request request = {
        .method = (uint8_t)field_integer(L, 2, "method", 1),
        .confirmable = field_boolean(L, 2, "con"),
        .observe = (enum lc_observe_intent)field_integer(L, 2, "observe", 0),
        .path = known->path,
        .options = field_bytes(L, 2, "options"),
        .body = field_bytes(L, 2, "body"),
        .id = (int)field_integer(L, 2, "id", -1),
        .empty_token = field_boolean(L, 2, "empty_token"),
        .token = field_bytes(L, 2, "token"),
    };
    known->exchange = begin(known, &request, &error);
    if (known->exchange != NULL) {
        lua_pushinteger(L, known->number);
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, error.code);
    lua_pushstring(L, error.text);
    return 3;
}

static struct probe_exchange *check_known(lua_State *L, struct probe_client *probe)
{
    struct probe_exchange *known = probe->exchanges;
    while (known != NULL && known->number != luaL_checkinteger(L, 2)) {
        known = known->next;
    }
    luaL_argcheck(L, known != NULL && known->exchange != NULL, 2, "no such exchange");
    return known;
}

/* client:cancel(number) */
static int cancel(lua_State *L)
{
    struct probe_exchange *known = check_known(L, check_client(L));
    lc_exchange_cancel(known->exchange);
    known->exchange = NULL;
    return 0;
}

/* client:describe(number) -> token, id, is_observation */
static int describe(lua_State *L)
{
    const struct lc_exchange *exchange = check_known(L, check_client(L))->exchange;
    struct lc_bytes token = lc_exchange_token(exchange);
    lua_pushlstring(L, (const char *)token.data, token.len);
    lua_pushinteger(L, lc_exchange_id(exchange));
    lua_pushboolean(L, lc_exchange_is_observation(exchange));
    return 3;
}

/* client:hook(kind, "free" | "cancel" | "send"): what an upcall does. */
static int hook(lua_State *L)
{
    struct probe_client *probe = check_client(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, probe->hooks);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, -3);
    return 0;
}

static void act(struct probe_exchange *known, const char *kind)
{
    struct probe_client *probe = known->owner;
    lua_State *L = probe->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, probe->hooks);
    lua_getfield(L, -1, kind);
    const char *what = luaL_optstring(L, -1, "");
    if (what[0] == 'f') {
        free_runtime(probe);
    } else if (what[0] == 'c' && known->exchange != NULL) {
        lc_exchange_cancel(known->exchange);
        known->exchange = NULL;
    } else if (what[0] == 's') {
        char body[600];
        memset(body, '!', sizeof body);
        struct probe_exchange *more = new_known(probe);
        struct lc_request request = {.method = 3, .id = -1, .path = known->path};
        request.body = lc_bytes(body, sizeof body);
        more->exchange = begin(more, &request, NULL);
    }
    lua_pop(L, 2);
}

/* Leaves the table as it was and begins a new one. */
static int take(lua_State *L, int reference)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, reference);
    return 1;
}

/* client:sent() -> { { data, remote }, ... } since the last call */
static int sent(lua_State *L)
{
    return take(L, check_client(L)->sent);
}

/* client:events() -> { { kind, exchange, code, text, response, latest }, ... } since the last call
 */
static int events(lua_State *L)
{
    return take(L, check_client(L)->events);
}

/* client:receive(datagram, [host, port, session]) */
static int receive(lua_State *L)
{
    struct probe_client *probe = check_client(L);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct lc_path path = {.remote = check_address(L, 3, 4)};
    path.remote.session = (uint32_t)luaL_optinteger(L, 5, 0);
    struct lc_receiver receiver = lc_channel_receiver(probe->channel);
    uint8_t *copy = malloc(len + 1);
    memcpy(copy, data, len);
    receiver.receive(receiver.arg, &path, copy, len);
    free(copy);
    return 0;
}

/* client:refuse(datagram, errno, [host, port]): the network refused what was sent. */
static int refuse(lua_State *L)
{
    struct probe_client *probe = check_client(L);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct lc_path path = {.remote = check_address(L, 4, 5)};
    struct lc_receiver receiver = lc_channel_receiver(probe->channel);
    receiver.refused(receiver.arg, &path, (int)luaL_checkinteger(L, 3), (const uint8_t *)data, len);
    return 0;
}

/* client:advance([seconds]): what is due in that time happens, each at its moment. */
static int advance(lua_State *L)
{
    struct probe_client *probe = check_client(L);
    struct lc_timers *timers = &probe->timers;
    lc_time until = timers->now + (lc_time)(luaL_optnumber(L, 2, 0) * (double)LC_SECOND);
    until += 10; /* timers set for now in a turn are due a microsecond later */
    while (lc_timers_next(timers) <= until) {
        if (lc_timers_next(timers) > timers->now) {
            timers->now = lc_timers_next(timers);
        }
        lc_timers_run(timers);
    }
    timers->now = until;
    return 0;
}

int lc_probe_request_client(lua_State *L)
{
    static const luaL_Reg methods[] = {{"send", send}, {"cancel", cancel}, {"describe", describe},
        {"hook", hook}, {"sent", sent}, {"events", events}, {"receive", receive},
        {"refuse", refuse}, {"advance", advance}, {"close", close}, {"__gc", close}, {0, 0}};
    static const luaL_Reg functions[] = {{"new", new}, {0, 0}};
    luaL_newmetatable(L, NAME);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
