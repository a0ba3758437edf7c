/*
 * probe.message: channels in virtual time for specs. Times are integers in microseconds, addresses
 * are integers: an IPv4 address << 16 | a port. Functions given to a channel are called in its
 * upcalls; an error in one is raised by the call that led there.
 */
#include "spec/probe/probe.h"

#include "message/state.h"
#include "spec/probe/fields.h"
#include "spec/probe/upcall.h"

#include <lauxlib.h>
#include <stdlib.h>

static const char TIMERS[] = "probe.message.timers";
static const char CHANNEL[] = "probe.message.channel";
static const char TRANSMISSION[] = "probe.message.transmission";

struct probe_channel {
    struct lc_channel *channel; /* NULL: freed */
    struct lc_transport transport;
    struct lc_params params;
    struct lc_log log;
    struct lc_receiver receiver;
    struct lc_timers *timers;
    int functions; /* reference to the table given to channel() */
    bool is_full;  /* the transport has no room */
    uint8_t room[70000];
};

struct probe_transmission {
    struct lc_transmission transmission;
    struct probe_channel *owner;
    int functions;
};

/* The thread that called last: upcalls use it. */
static lua_State *running;

/* ---- Timers ---------------------------------------------------------------------------------- */

static struct lc_timers *check_timers(lua_State *L, int arg)
{
    running = L;
    return luaL_checkudata(L, arg, TIMERS);
}

static int new_timers(lua_State *L)
{
    struct lc_timers *timers = lua_newuserdatauv(L, sizeof *timers, 0);
    *timers = (struct lc_timers){0};
    luaL_setmetatable(L, TIMERS);
    return 1;
}

static int timers_now(lua_State *L)
{
    lua_pushinteger(L, check_timers(L, 1)->now);
    return 1;
}

/* next() -> time | nil */
static int timers_next(lua_State *L)
{
    lc_time next = lc_timers_next(check_timers(L, 1));
    if (next == LC_NEVER) {
        return 0;
    }
    lua_pushinteger(L, next);
    return 1;
}

/* run_to(time): fires everything up to that time, each at its own moment. */
static int timers_run_to(lua_State *L)
{
    struct lc_timers *timers = check_timers(L, 1);
    lc_time target = luaL_checkinteger(L, 2), next;
    while ((next = lc_timers_next(timers)) <= target) {
        timers->now = next > timers->now ? next : timers->now;
        lc_timers_run(timers);
    }
    timers->now = target;
    lc_upcall_raise(L);
    return 0;
}

/* ---- Channel: the functions that it calls ---------------------------------------------------- */

static struct probe_channel *of_transport(struct lc_transport *transport)
{
    return lc_container(transport, struct probe_channel, transport);
}

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct probe_channel *probe = of_transport(transport);
    return probe->is_full || len > sizeof probe->room ? NULL : probe->room;
}

/* send(datagram, remote, local, session) */
static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct probe_channel *probe = of_transport(transport);
    lua_State *L = running;
    if (lc_upcall_push(L, probe->functions, "send")) {
        lua_pushlstring(L, (const char *)probe->room, len);
        lua_pushinteger(L, field_address_number(&path->remote));
        lua_pushinteger(L, field_address_number(&path->local));
        lua_pushinteger(L, path->remote.session);
        lc_upcall(L, 4, 0);
    }
}

static void push_bytes(lua_State *L, const char *name, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
    lua_setfield(L, -2, name);
}

static void push_message(lua_State *L, const struct lc_message *message, const struct lc_path *path)
{
    static const char *const types[] = {"CON", "NON", "ACK", "RST"};
    lua_createtable(L, 0, 8);
    if (path->remote.session != 0) {
        lua_pushinteger(L, path->remote.session);
        lua_setfield(L, -2, "session");
    }
    lua_pushstring(L, types[message->type]);
    lua_setfield(L, -2, "type");
    lua_pushinteger(L, message->code);
    lua_setfield(L, -2, "code");
    lua_pushinteger(L, message->id);
    lua_setfield(L, -2, "id");
    lua_pushinteger(L, field_address_number(&path->remote));
    lua_setfield(L, -2, "to");
    lua_pushinteger(L, field_address_number(&path->local));
    lua_setfield(L, -2, "from");
    push_bytes(L, "token", message->token);
    push_bytes(L, "payload", message->payload);
}

/* request(message): its `to` and `from` are those of the answer */
static void on_request(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    struct probe_channel *probe = arg;
    if (lc_upcall_push(running, probe->functions, "request")) {
        push_message(running, message, path);
        lc_upcall(running, 1, 0);
    }
}

/* response(message) -> whether it was expected */
static bool on_response(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    struct probe_channel *probe = arg;
    lua_State *L = running;
    if (!lc_upcall_push(L, probe->functions, "response")) {
        return false;
    }
    push_message(L, message, path);
    lc_upcall(L, 1, 1);
    bool expected = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return expected;
}

/* reset(remote, id) */
static void on_reset(void *arg, const struct lc_path *path, uint16_t id)
{
    struct probe_channel *probe = arg;
    if (lc_upcall_push(running, probe->functions, "reset")) {
        lua_pushinteger(running, field_address_number(&path->remote));
        lua_pushinteger(running, id);
        lc_upcall(running, 2, 0);
    }
}

/* log(level, text) */
static void on_log(void *arg, int level, const char *text)
{
    struct probe_channel *probe = arg;
    if (lc_upcall_push(running, probe->functions, "log")) {
        lua_pushinteger(running, level);
        lua_pushstring(running, text);
        lc_upcall(running, 2, 0);
    }
}

/* ---- Channel: what specs call ---------------------------------------------------------------- */

static struct probe_channel *check_channel(lua_State *L, int arg)
{
    struct probe_channel *probe = luaL_checkudata(L, arg, CHANNEL);
    running = L;
    luaL_argcheck(L, probe->channel != NULL, arg, "the channel was freed");
    return probe;
}

/* channel(timers, { params =, send =, request =, response =, reset =, log = }) -> channel | nil */
static int new_channel(lua_State *L)
{
    struct lc_timers *timers = check_timers(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "params");
    struct lc_params params = field_params_of(L, -1);
    struct probe_channel *probe = lua_newuserdatauv(L, sizeof *probe, 1);
    *probe = (struct probe_channel){
        .transport = {.reserve = reserve, .commit = commit},
        .params = params,
        .log = {.level = LC_LOG_DEBUG, .write = on_log, .arg = probe},
        .timers = timers,
        .functions = LUA_NOREF,
    };
    luaL_setmetatable(L, CHANNEL);
    lua_pushvalue(L, 1); /* the timers outlive the channel */
    lua_setiuservalue(L, -2, 1);
    struct lc_channel_options options = {
        .timers = timers,
        .transport = &probe->transport,
        .params = &probe->params,
        .log = &probe->log,
        .upcalls = {on_request, on_response, on_reset, probe},
    };
    probe->channel = lc_channel_new(&options);
    if (probe->channel == NULL) {
        return 0;
    }
    lua_pushvalue(L, 2);
    probe->functions = luaL_ref(L, LUA_REGISTRYINDEX);
    probe->receiver = lc_channel_receiver(probe->channel);
    return 1;
}

static int channel_free(lua_State *L)
{
    struct probe_channel *probe = luaL_checkudata(L, 1, CHANNEL);
    if (probe->channel != NULL) {
        lc_channel_free(probe->channel);
        luaL_unref(L, LUA_REGISTRYINDEX, probe->functions);
        probe->channel = NULL;
    }
    return 0;
}

static struct lc_path arg_path(lua_State *L, int remote, int local)
{
    return (struct lc_path){
        .remote = field_address(luaL_checkinteger(L, remote)),
        .local = field_address(luaL_optinteger(L, local, 0)),
    };
}

/* A block of its own, so that reading too far is noticed; not one of the counted heap. */
static uint8_t *copy(lua_State *L, const char *text, size_t len)
{
    uint8_t *data = malloc(len > 0 ? len : 1);
    if (data == NULL) {
        luaL_error(L, "out of memory");
    }
    return memcpy(data, text, len);
}

/* receive(datagram, from, [to], [session]) */
static int channel_receive(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    struct lc_path path = arg_path(L, 3, 4);
    path.remote.session = (uint32_t)luaL_optinteger(L, 5, 0);
    uint8_t *data = copy(L, text, len);
    probe->receiver.receive(probe->receiver.arg, &path, data, len);
    free(data);
    lc_upcall_raise(L);
    return 0;
}

/* truncated(beginning, from, [to]) */
static int channel_truncated(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    struct lc_path path = arg_path(L, 3, 4);
    uint8_t *data = copy(L, text, len);
    probe->receiver.truncated(probe->receiver.arg, &path, data, len);
    free(data);
    return 0;
}

/* refused(beginning, to, errno) */
static int channel_refused(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    struct lc_path path = arg_path(L, 3, 5);
    uint8_t *data = copy(L, text, len);
    int number = (int)luaL_checkinteger(L, 4);
    probe->receiver.refused(probe->receiver.arg, &path, number, data, len);
    free(data);
    lc_upcall_raise(L);
    return 0;
}

/* lose(remote, session, number) */
static int channel_lose(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    struct lc_address remote = field_address(luaL_checkinteger(L, 2));
    remote.session = (uint32_t)luaL_checkinteger(L, 3);
    lc_channel_lose(probe->channel, &remote, (int)luaL_checkinteger(L, 4));
    lc_upcall_raise(L);
    return 0;
}

/* reply{ to =, from =, type = "ACK" | "NON", code =, id =, token =, payload =, keep = } -> sent? */
static int channel_reply(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct lc_path path = field_path(L, 2);
    struct lc_bytes payload = field_bytes(L, 2, "payload");
    struct lc_bytes token = field_bytes(L, 2, "token");
    enum lc_type type = lc_bytes_is(field_bytes(L, 2, "type"), "NON") ? LC_NON : LC_ACK;
    lua_getfield(L, 2, "keep");
    bool keep = lua_toboolean(L, -1);
    struct lc_writer writer;
    if (!lc_channel_reply_begin(probe->channel, &writer, &path, type,
            (uint8_t)field_integer(L, 2, "code", 69), (int)field_integer(L, 2, "id", -1), token,
            payload.len + 1)) {
        lua_pushboolean(L, false);
        return 1;
    }
    lc_write_payload(&writer, payload);
    lc_channel_reply_end(probe->channel, &writer, &path, keep);
    lc_upcall_raise(L);
    lua_pushboolean(L, true);
    return 1;
}

/* acknowledge(remote, id, [local]) */
static int channel_acknowledge(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    struct lc_path path = arg_path(L, 2, 4);
    lc_channel_acknowledge(probe->channel, &path, (uint16_t)luaL_checkinteger(L, 3));
    lc_upcall_raise(L);
    return 0;
}

/* peek_id(remote) */
static int channel_peek_id(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    struct lc_address remote = field_address(luaL_checkinteger(L, 2));
    lua_pushinteger(L, lc_channel_peek_id(probe->channel, &remote));
    return 1;
}

/* set_full(whether): the transport has no room from now on, or has again. */
static int channel_set_full(lua_State *L)
{
    check_channel(L, 1)->is_full = lua_toboolean(L, 2);
    return 0;
}

static int channel_stats(lua_State *L)
{
    const struct lc_channel_stats *stats = lc_channel_stats(check_channel(L, 1)->channel);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"received", stats->received},
        {"malformed", stats->malformed},
        {"duplicates", stats->duplicates},
        {"retransmissions", stats->retransmissions},
        {"id_conflicts", stats->id_conflicts},
        {"replies_evicted", stats->replies_evicted},
        {"kept_replies_evicted", stats->kept_replies_evicted},
        {"ids_evicted", stats->ids_evicted},
        {"peers_evicted", stats->peers_evicted},
    };
    lua_newtable(L);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lua_pushinteger(L, (lua_Integer)rows[i].value);
        lua_setfield(L, -2, rows[i].name);
    }
    return 1;
}

/* ---- Transmissions --------------------------------------------------------------------------- */

static struct probe_transmission *check_transmission(lua_State *L)
{
    running = L;
    return luaL_checkudata(L, 1, TRANSMISSION);
}

/* done(outcome, number) */
static void on_done(struct lc_transmission *transmission, enum lc_outcome outcome, int number)
{
    static const char *const names[] = {"acknowledged", "reset", "gave up", "refused"};
    struct probe_transmission *probe =
        lc_container(transmission, struct probe_transmission, transmission);
    lua_State *L = running;
    if (lc_upcall_push(L, probe->functions, "done")) {
        lua_pushstring(L, names[outcome]);
        lua_pushinteger(L, number);
        lc_upcall(L, 2, 0);
    }
}

/* refresh() -> the new datagram | nil */
static bool on_refresh(struct lc_transmission *transmission)
{
    struct probe_transmission *probe =
        lc_container(transmission, struct probe_transmission, transmission);
    lua_State *L = running;
    if (!lc_upcall_push(L, probe->functions, "refresh")) {
        return false;
    }
    lc_upcall(L, 0, 1);
    size_t len;
    const char *data = lua_tolstring(L, -1, &len);
    bool renewed = data != NULL && lc_buf_set(&transmission->datagram, data, len);
    lua_pop(L, 1);
    return renewed;
}

/* send{ to =, from =, data =, id =, done =, refresh = } -> transmission | nil, code, text */
static int channel_send(lua_State *L)
{
    struct probe_channel *probe = check_channel(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct lc_path path = field_path(L, 2);
    struct lc_bytes data = field_bytes(L, 2, "data");
    struct probe_transmission *sent = lua_newuserdatauv(L, sizeof *sent, 1);
    lc_transmission_init(&sent->transmission, on_done);
    sent->transmission.refresh = on_refresh;
    sent->owner = probe;
    lua_pushvalue(L, 2);
    sent->functions = luaL_ref(L, LUA_REGISTRYINDEX);
    luaL_setmetatable(L, TRANSMISSION);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    struct lc_error error = {.code = LC_ERROR_NO_MEMORY};
    if (!lc_buf_set(&sent->transmission.datagram, data.data, data.len) ||
        lc_channel_send(probe->channel, &sent->transmission, &path,
            (int)field_integer(L, 2, "id", -1), &error) != LC_OK) {
        lua_pushnil(L);
        lua_pushinteger(L, error.code);
        lua_pushstring(L, error.text);
        return 3;
    }
    lc_upcall_raise(L);
    return 1;
}

static int transmission_cancel(lua_State *L)
{
    lc_transmission_cancel(&check_transmission(L)->transmission);
    lc_upcall_raise(L);
    return 0;
}

static int transmission_active(lua_State *L)
{
    lua_pushboolean(L, lc_transmission_is_active(&check_transmission(L)->transmission));
    return 1;
}

static int transmission_id(lua_State *L)
{
    lua_pushinteger(L, check_transmission(L)->transmission.id);
    return 1;
}

static int transmission_gc(lua_State *L)
{
    struct probe_transmission *sent = check_transmission(L);
    lc_transmission_cancel(&sent->transmission);
    lc_buf_free(&sent->transmission.datagram);
    luaL_unref(L, LUA_REGISTRYINDEX, sent->functions);
    sent->functions = LUA_NOREF;
    return 0;
}

/* ---- Registration ---------------------------------------------------------------------------- */

static void define(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    if (gc != NULL) {
        lua_pushcfunction(L, gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
}

static const luaL_Reg timers_methods[] = {
    {"now", timers_now},
    {"next", timers_next},
    {"run_to", timers_run_to},
    {0, 0},
};

static const luaL_Reg channel_methods[] = {
    {"receive", channel_receive},
    {"truncated", channel_truncated},
    {"refused", channel_refused},
    {"send", channel_send},
    {"lose", channel_lose},
    {"reply", channel_reply},
    {"acknowledge", channel_acknowledge},
    {"peek_id", channel_peek_id},
    {"set_full", channel_set_full},
    {"stats", channel_stats},
    {"free", channel_free},
    {0, 0},
};

static const luaL_Reg transmission_methods[] = {
    {"cancel", transmission_cancel},
    {"active", transmission_active},
    {"id", transmission_id},
    {0, 0},
};

int lc_probe_message(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"timers", new_timers},
        {"channel", new_channel},
        {0, 0},
    };
    define(L, TIMERS, timers_methods, NULL);
    define(L, CHANNEL, channel_methods, channel_free);
    define(L, TRANSMISSION, transmission_methods, transmission_gc);
    luaL_newlib(L, functions);
    lua_pushinteger(L, sizeof(struct lc_channel));
    lua_setfield(L, -2, "channel_size");
    return 1;
}
