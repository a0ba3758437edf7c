/* Raw endpoints as Lua objects; see endpoint.h. */
#include "bindings/endpoint.h"

#include <lauxlib.h>
#include <string.h>

#include "base/memory.h"
#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/loop.h"
#include "bindings/message.h"
#include "bindings/state.h"
#include "bindings/task.h"
#include "bindings/text.h"
#include "component/raw.h"

#define ENDPOINT "lunacoap.Endpoint"

struct endpoint {
    struct lc_state *state;
    struct lc_raw *raw;              /* NULL: closed */
    struct lc_list waiters;          /* lc_wait.link, who came first is served first */
    struct lc_address local, remote; /* remote: with whom the last datagram was exchanged */
    uint64_t dropped;                /* once it is closed */
};

enum field {
    LOCAL_HOST,
    LOCAL_PORT,
    REMOTE_HOST,
    REMOTE_PORT,
    DROPPED,
    CLOSE,
    EXPECT,
    RECEIVE,
    SEND,
    URI,
};

static const char *const names[] = {"LocalHost", "LocalPort", "RemoteHost", "RemotePort", "Dropped",
    "close", "expect", "receive", "send", "uri"};

static const struct lc_fields fields = {"endpoint", names, sizeof names / sizeof names[0]};

/* ---- Helpers -----------------------------------------------------------------------------------
 */

static struct endpoint *check(lua_State *L, const char *method)
{
    struct endpoint *endpoint = luaL_testudata(L, 1, ENDPOINT);
    if (endpoint == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "%s of an endpoint was called on %s; write endpoint:%s(), with a colon", method,
            lc_error_describe(L, 1), method);
    }
    return endpoint;
}

static struct endpoint *check_open(lua_State *L, const char *method)
{
    struct endpoint *endpoint = check(L, method);
    if (endpoint->raw == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE, "%s: the endpoint is closed", method);
    }
    return endpoint;
}

static int refuse(lua_State *L, const char *what, const char *takes, int index)
{
    return lc_error_raisef(
        L, LC_ERROR_USAGE, "%s takes %s, not %s", what, takes, lc_error_describe(L, index));
}

/* A port, or -1 for nil. */
static int check_port(lua_State *L, int index, const char *what)
{
    if (lua_isnoneornil(L, index)) {
        return -1;
    }
    lua_Integer port = lua_tointeger(L, index);
    if (!lua_isinteger(L, index) || port < 0 || port > UINT16_MAX) {
        refuse(L, what, "a port from 0 to 65535", index);
    }
    return (int)port;
}

/* The address that a host, or a URI, and perhaps a port stand for. */
static void read_remote(lua_State *L, struct endpoint *endpoint, int host, int port)
{
    struct lc_error error;
    struct lc_address remote;
    if (lc_raw_address(lc_text_bytes(L, host), port, &remote, &error) != LC_OK) {
        lc_error_raise(L, &error);
    }
    endpoint->remote = remote;
}

/* ---- receive -----------------------------------------------------------------------------------
 */

/* Something came: whoever waits gets it. */
static void on_arrived(void *arg)
{
    struct endpoint *endpoint = arg;
    if (!lc_list_empty(&endpoint->waiters)) {
        struct lc_wait *wait = lc_container(endpoint->waiters.next, struct lc_wait, link);
        wait->arrival = lc_raw_take(endpoint->raw);
        lc_wait_over(wait);
    }
}

static int push_arrival(lua_State *L, struct endpoint *endpoint, const struct lc_arrival *arrival)
{
    char text[LC_ADDRESS_TEXT];
    if (arrival->refused != 0) {
        struct lc_error error;
        lc_fail_errno(&error, arrival->refused, "a datagram could not be delivered: %s",
            lc_address_text(&arrival->remote, text));
        lua_pushnil(L);
        lc_error_push(L, error.code, error.text);
        return 2;
    }
    endpoint->remote = arrival->remote;
    lua_pushlstring(L, (const char *)arrival->data, arrival->len);
    lua_pushstring(L, lc_address_host(&arrival->remote, text));
    lua_pushinteger(L, arrival->remote.port);
    return 3;
}

static int received(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    struct lc_wait *wait = (struct lc_wait *)context;
    if (wait->error.code != LC_OK) {
        return lc_error_raise(L, &wait->error);
    }
    if (wait->arrival == NULL) {
        lua_pushnil(L);
        return 1;
    }
    int results = push_arrival(L, lua_touserdata(L, 1), wait->arrival);
    lc_free(wait->arrival);
    wait->arrival = NULL;
    return results;
}

static int receive(lua_State *L)
{
    struct endpoint *endpoint = check_open(L, "receive");
    lc_time timeout = LC_NEVER;
    if (!lua_isnoneornil(L, 2)) {
        timeout = lc_loop_check_seconds(L, 2, "receive", " or nil");
    }
    lua_settop(L, 1);
    struct lc_wait *wait = lc_wait_push(L);
    wait->arrival = lc_raw_take(endpoint->raw);
    if (wait->arrival != NULL) {
        return received(L, LUA_OK, (lua_KContext)wait);
    }
    lc_list_append(&endpoint->waiters, &wait->link);
    lc_wait_until(wait, timeout);
    return lc_wait_run(L, wait, received);
}

/* ---- send --------------------------------------------------------------------------------------
 */

/* In the middle of the protocol there may be a datagram that is only half written. */
static void check_acting(lua_State *L, const struct endpoint *endpoint)
{
    bool finalizes = lc_state_finalizes(L);
    if (finalizes || endpoint->state->inside != NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "%s may not send; use lunacoap.spawn to do it a moment later",
            finalizes ? "a finalizer (__gc)" : endpoint->state->inside);
    }
}

static void check_remote(lua_State *L, struct endpoint *endpoint)
{
    int port = check_port(L, 4, "send");
    if (!lua_isnoneornil(L, 3)) {
        if (lua_type(L, 3) != LUA_TSTRING) {
            refuse(L, "send", "a host, or a URI, as second argument", 3);
        }
        read_remote(L, endpoint, 3, port);
    } else if (endpoint->remote.port == 0) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "send needs a host and a port, or a URI, as long as nothing was sent or received");
    }
}

/* send(message[, host[, port]]) -> bytes */
static int send(lua_State *L)
{
    struct endpoint *endpoint = check_open(L, "send");
    struct lc_error error;
    check_acting(L, endpoint);
    if (lua_type(L, 2) != LUA_TSTRING && !lua_istable(L, 2)) {
        refuse(L, "send", "bytes, or a table as message.encode does", 2);
    }
    check_remote(L, endpoint);
    lua_settop(L, 2);
    if (lua_istable(L, 2)) {
        lc_message_push(L, 2);
    }
    /* What encoding has called may have closed it. */
    endpoint = check_open(L, "send");
    if (lc_raw_send(endpoint->raw, &endpoint->remote, lc_text_bytes(L, -1), &error) != LC_OK) {
        lc_error_raise(L, &error);
    }
    return 1;
}

/* ---- The other members -------------------------------------------------------------------------
 */

/* A URI of the endpoint for a client on this machine, as a server has it. */
static int uri(lua_State *L)
{
    struct endpoint *endpoint = check(L, "uri");
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        lua_pushliteral(L, "/");
    }
    const char *path = lua_tostring(L, 2);
    if (path == NULL || (path[0] != '\0' && path[0] != '/')) {
        return refuse(L, "uri", "a path that begins with \"/\", or \"\"", 2);
    }
    char text[LC_ADDRESS_TEXT];
    struct lc_address local = endpoint->local;
    if (lc_address_is_any(&local)) {
        lc_address_parse(&local, lc_bytes_text("127.0.0.1"));
        local.port = endpoint->local.port;
    }
    lua_pushfstring(L, "coap://%s", lc_address_text(&local, text));
    lua_pushvalue(L, 2);
    lua_concat(L, 2);
    return 1;
}

static void end(struct endpoint *endpoint)
{
    if (endpoint->raw == NULL) {
        return;
    }
    endpoint->dropped = lc_raw_dropped(endpoint->raw);
    lc_raw_close(endpoint->raw);
    endpoint->raw = NULL;
    lc_list_for_each (link, &endpoint->waiters) {
        struct lc_wait *wait = lc_container(link, struct lc_wait, link);
        lc_fail(&wait->error, LC_ERROR_CANCELED, "the endpoint was closed");
        lc_wait_over(wait);
    }
}

static int close(lua_State *L)
{
    end(check(L, "close"));
    return 0;
}

static int describe(lua_State *L)
{
    struct endpoint *endpoint = check(L, "__tostring");
    char text[LC_ADDRESS_TEXT];
    lua_pushfstring(L, "endpoint (%s%s)", endpoint->raw == NULL ? "closed, was " : "",
        lc_address_text(&endpoint->local, text));
    return 1;
}

static int push_host(lua_State *L, const struct lc_address *address)
{
    char text[LC_ADDRESS_TEXT];
    lua_pushstring(L, lc_address_host(address, text));
    return 1;
}

static int push_integer(lua_State *L, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    return 1;
}

/* It is written in Lua, on top of the rest. */
static int push_expect(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "lunacoap.expect");
    lua_call(L, 1, 1);
    return 1;
}

static int index_member(lua_State *L)
{
    static const lua_CFunction methods[] = {
        [CLOSE] = close, [RECEIVE] = receive, [SEND] = send, [URI] = uri};
    const struct endpoint *endpoint = check(L, "__index");
    int field = lc_fields_find(L, &fields, 2);
    switch ((enum field)field) {
    case LOCAL_HOST:
        return push_host(L, &endpoint->local);
    case LOCAL_PORT:
        return push_integer(L, endpoint->local.port);
    case REMOTE_HOST:
        return push_host(L, &endpoint->remote);
    case REMOTE_PORT:
        return push_integer(L, endpoint->remote.port);
    case DROPPED:
        return push_integer(
            L, endpoint->raw == NULL ? endpoint->dropped : lc_raw_dropped(endpoint->raw));
    case EXPECT:
        return push_expect(L);
    default:
        lua_pushcfunction(L, methods[field]);
        return 1;
    }
}

static int refuse_assignment(lua_State *L)
{
    return lc_fields_read_only(L, &fields, lc_fields_find(L, &fields, 2));
}

void lc_endpoint_register(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__gc", close}, {"__close", close}, {"__tostring", describe}, {NULL, NULL}};
    if (luaL_newmetatable(L, ENDPOINT)) {
        luaL_setfuncs(L, methods, 0);
        lc_fields_push_function(L, &fields, index_member);
        lua_setfield(L, -2, "__index");
        lc_fields_push_function(L, &fields, refuse_assignment);
        lua_setfield(L, -2, "__newindex");
    }
    lua_pop(L, 1);
}

/* ---- The constructor ---------------------------------------------------------------------------
 */

/* What it takes are the names up to RemotePort. */
static const struct lc_fields init_fields = {"endpoint", names, REMOTE_PORT + 1};

/* Pushes a host of the table; "" when it is absent. */
static const char *push_init_host(lua_State *L, enum field field)
{
    if (lua_getfield(L, 1, names[field]) == LUA_TNIL) {
        lua_pushliteral(L, "");
        lua_replace(L, -2);
    } else if (lua_type(L, -1) != LUA_TSTRING) {
        refuse(L, names[field], "a string", -1);
    }
    if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1)) {
        refuse(L, names[field], "a host without zero bytes", -1);
    }
    return lua_tostring(L, -1);
}

static int init_port(lua_State *L, enum field field)
{
    lua_getfield(L, 1, names[field]);
    int port = check_port(L, -1, names[field]);
    lua_pop(L, 1);
    return port;
}

int lc_endpoint_new(lua_State *L)
{
    struct lc_error error;
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    } else if (!lua_istable(L, 1)) {
        return refuse(L, "endpoint", "a table such as { LocalPort = 5683 }", 1);
    }
    lc_fields_check(L, &init_fields, 1);
    const char *host = push_init_host(L, LOCAL_HOST);
    const char *remote = push_init_host(L, REMOTE_HOST);
    int port = init_port(L, LOCAL_PORT), remote_port = init_port(L, REMOTE_PORT);
    struct endpoint *endpoint = lua_newuserdatauv(L, sizeof *endpoint, 0);
    *endpoint = (struct endpoint){.state = lc_state_of(L)};
    lc_list_init(&endpoint->waiters);
    luaL_setmetatable(L, ENDPOINT);
    if (*remote != '\0') {
        read_remote(L, endpoint, 3, remote_port);
    } else if (remote_port >= 0) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "RemotePort needs a RemoteHost, such as \"127.0.0.1\"");
    }
    endpoint->raw = lc_raw_open(&endpoint->state->stage, host, (uint16_t)(port < 0 ? 0 : port),
        &(struct lc_raw_upcall){on_arrived, endpoint}, &error);
    if (endpoint->raw == NULL) {
        return lc_error_raise(L, &error);
    }
    endpoint->local = *lc_raw_local(endpoint->raw);
    return 1;
}
