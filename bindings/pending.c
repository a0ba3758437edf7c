/* Snapshots of a component's pending requests; see pending.h. */
#include "bindings/pending.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/state.h"
#include "bindings/text.h"

#define REQUEST_NAME "lunacoap.CoAPRequest"
#define LIST_NAME "lunacoap.CoAPRequestList"

/* Where a text stands among the bytes of a snapshot. */
struct span {
    size_t start, len;
};

struct request {
    uint64_t number;
    uint8_t method;
    uint16_t port;
    struct span host, token, uri;
};

/* All requests in one object: no other memory has to be freed, whatever happens. */
struct snapshot {
    size_t count, room;
    size_t bytes, byte_room; /* text behind the requests */
    int code_page;           /* for Token */
    struct request requests[];
};

/* ---- Taking a snapshot -------------------------------------------------------------------------
 */

/* Fills a snapshot as far as there is room, and counts on to say how much there should be. */
struct filling {
    struct snapshot *snapshot; /* NULL: counts alone */
    size_t count, bytes;
    bool failed; /* no memory for a text */
};

static uint8_t *bytes_of(struct snapshot *snapshot)
{
    return (uint8_t *)&snapshot->requests[snapshot->room];
}

static struct span keep(struct filling *filling, struct lc_bytes text)
{
    struct span span = {filling->bytes, text.len};
    struct snapshot *snapshot = filling->snapshot;
    filling->bytes += text.len;
    if (snapshot != NULL && filling->bytes <= snapshot->byte_room && text.len > 0) {
        memcpy(bytes_of(snapshot) + span.start, text.data, text.len);
    }
    return span;
}

static struct span keep_host(struct filling *filling, const struct lc_pending_info *info)
{
    if (info->host.len > 0) {
        return keep(filling, info->host);
    }
    struct lc_event event = {.remote = info->remote};
    struct lc_buf text = {0};
    filling->failed |= !lc_event_text(&event, LC_FIELD_REMOTE_HOST, &text);
    struct span span = keep(filling, lc_buf_bytes(&text));
    lc_buf_free(&text);
    return span;
}

static void add(void *arg, const struct lc_pending_info *info)
{
    struct filling *filling = arg;
    struct request request = {
        .number = info->number, .method = info->method, .port = info->remote.port};
    request.host = keep_host(filling, info);
    request.token = keep(filling, info->token);
    request.uri = keep(filling, info->uri);
    if (filling->snapshot != NULL && filling->count < filling->snapshot->room) {
        filling->snapshot->requests[filling->count] = request;
    }
    filling->count++;
}

static struct snapshot *push_snapshot(lua_State *L, size_t count, size_t bytes)
{
    struct snapshot *snapshot =
        lua_newuserdatauv(L, sizeof *snapshot + count * sizeof(struct request) + bytes, 0);
    *snapshot = (struct snapshot){.room = count, .byte_room = bytes};
    luaL_setmetatable(L, LIST_NAME);
    return snapshot;
}

void lc_pending_push(lua_State *L, struct lc_component *component)
{
    luaL_checkstack(L, 8, NULL);
    struct filling filling = {0};
    lc_component_pending(component, add, &filling);
    for (;;) {
        struct snapshot *snapshot = push_snapshot(L, filling.count, filling.bytes);
        filling = (struct filling){.snapshot = snapshot};
        lc_component_pending(component, add, &filling);
        /* Making the object may have run a script's __gc, which may have sent requests. */
        if (filling.count <= snapshot->room && filling.bytes <= snapshot->byte_room) {
            snapshot->count = filling.count;
            snapshot->bytes = filling.bytes;
            snapshot->code_page = lc_component_settings(component)->code_page;
            break;
        }
        lua_pop(L, 1);
    }
    if (filling.failed) {
        struct lc_error error;
        lc_fail_memory(&error);
        lc_error_raise(L, &error);
    }
}

/* ---- One request -------------------------------------------------------------------------------
 */

/* A place in the snapshot that is the object's user value. */
struct place {
    size_t index;
};

enum field { METHOD, REMOTE_HOST, REMOTE_PORT, REQUEST_ID, TOKEN, TOKEN_B, URI };

static const char *const field_names[] = {
    "Method", "RemoteHost", "RemotePort", "RequestId", "Token", "TokenB", "URI"};
static const struct lc_fields fields = {
    "CoAPRequest", field_names, sizeof field_names / sizeof field_names[0]};

static struct lc_bytes view(struct snapshot *snapshot, struct span span)
{
    return lc_bytes(bytes_of(snapshot) + span.start, span.len);
}

static void push_text(lua_State *L, struct snapshot *snapshot, struct span span)
{
    struct lc_bytes bytes = view(snapshot, span);
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

/* Leaves the snapshot on the stack. */
static struct request *check_request(lua_State *L, int index, struct snapshot **out_snapshot)
{
    const struct place *place = luaL_checkudata(L, index, REQUEST_NAME);
    lua_getiuservalue(L, index, 1);
    *out_snapshot = lua_touserdata(L, -1);
    return &(*out_snapshot)->requests[place->index];
}

static void push_id(lua_State *L, uint64_t number)
{
    if (number == 0) {
        lua_pushliteral(L, "");
    } else {
        lua_pushfstring(L, "%I", (lua_Integer)number);
    }
}

static int index_field(lua_State *L)
{
    struct snapshot *snapshot;
    const struct request *request = check_request(L, 1, &snapshot);
    switch (lc_fields_find(L, &fields, 2)) {
    case METHOD:
        lua_pushinteger(L, request->method);
        break;
    case REMOTE_HOST:
        push_text(L, snapshot, request->host);
        break;
    case REMOTE_PORT:
        lua_pushinteger(L, request->port);
        break;
    case REQUEST_ID:
        push_id(L, request->number);
        break;
    case TOKEN:
        lc_text_push(L, lc_state_of(L), snapshot->code_page, view(snapshot, request->token));
        break;
    case URI:
        push_text(L, snapshot, request->uri);
        break;
    default:
        push_text(L, snapshot, request->token);
    }
    return 1;
}

static int refuse_field(lua_State *L)
{
    return lc_fields_read_only(L, &fields, lc_fields_find(L, &fields, 2));
}

static int describe_request(lua_State *L)
{
    struct snapshot *snapshot;
    const struct request *request = check_request(L, 1, &snapshot);
    lua_pushliteral(L, "CoAPRequest ");
    push_id(L, request->number);
    lua_pushliteral(L, " ");
    push_text(L, snapshot, request->uri);
    lua_concat(L, 4);
    return 1;
}

/* ---- The collection ----------------------------------------------------------------------------
 */

static const char *const list_names[] = {"Count"};
static const struct lc_fields list_fields = {"PendingRequests", list_names, 1};

static int count_requests(lua_State *L)
{
    const struct snapshot *snapshot = luaL_checkudata(L, 1, LIST_NAME);
    lua_pushinteger(L, (lua_Integer)snapshot->count);
    return 1;
}

static int index_list(lua_State *L)
{
    const struct snapshot *snapshot = luaL_checkudata(L, 1, LIST_NAME);
    int is_integer = lua_type(L, 2) == LUA_TNUMBER;
    lua_Integer number = is_integer ? lua_tointegerx(L, 2, &is_integer) : 0;
    if (!is_integer) {
        lc_fields_find(L, &list_fields, 2);
        return count_requests(L);
    }
    if (number < 1 || (lua_Unsigned)number > snapshot->count) {
        lua_pushnil(L);
        return 1;
    }
    struct place *place = lua_newuserdatauv(L, sizeof *place, 1);
    place->index = (size_t)number - 1;
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, REQUEST_NAME);
    return 1;
}

static int refuse_item(lua_State *L)
{
    return lc_error_raisef(L, LC_ERROR_USAGE,
        "PendingRequests is read-only: CancelRequest and SendResponse take requests out");
}

static int next_request(lua_State *L)
{
    lua_Integer number = luaL_checkinteger(L, 2) + 1;
    lua_pushinteger(L, number);
    return lua_geti(L, 1, number) == LUA_TNIL ? 1 : 2;
}

static int pairs(lua_State *L)
{
    luaL_checkudata(L, 1, LIST_NAME);
    lua_pushcfunction(L, next_request);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int describe_list(lua_State *L)
{
    const struct snapshot *snapshot = luaL_checkudata(L, 1, LIST_NAME);
    lua_pushfstring(L, "PendingRequests (%I)", (lua_Integer)snapshot->count);
    return 1;
}

void lc_pending_open(lua_State *L)
{
    static const luaL_Reg list_methods[] = {
        {"__len", count_requests},
        {"__newindex", refuse_item},
        {"__pairs", pairs},
        {"__tostring", describe_list},
        {NULL, NULL},
    };
    if (luaL_newmetatable(L, LIST_NAME)) {
        luaL_setfuncs(L, list_methods, 0);
        lc_fields_push_function(L, &list_fields, index_list);
        lua_setfield(L, -2, "__index");
    }
    if (luaL_newmetatable(L, REQUEST_NAME)) {
        lua_pushcfunction(L, describe_request);
        lua_setfield(L, -2, "__tostring");
        lc_fields_push_function(L, &fields, index_field);
        lua_setfield(L, -2, "__index");
        lc_fields_push_function(L, &fields, refuse_field);
        lua_setfield(L, -2, "__newindex");
    }
    lua_pop(L, 2);
}
