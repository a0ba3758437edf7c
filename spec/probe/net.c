/*
 * probe.net: loops and sockets for specs. Functions given to a loop or a socket are
 * called in its turns; an error in one of them is raised by the turn.
 */
#include "spec/probe/probe.h"

#include "net/private.h"
#include "net/resolve.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

static const char LOOP[] = "probe.net.loop", UDP[] = "probe.net.udp", JOB[] = "probe.net.job";

struct probe_loop {
    struct lc_loop *loop;
    lua_State *L; /* whose turn it is */
    int failure;  /* a reference, or LUA_NOREF */
};

/* A function that is to be called, once or often. */
struct probe_job {
    struct probe_loop *owner;
    int fn; /* a reference, or LUA_NOREF */
    struct lc_timer timer;
    struct lc_deferred deferred;
    struct lc_watch *watch;
    struct lc_signal *signal;
    struct lc_resolution *resolution;
};

struct probe_udp {
    struct probe_loop *owner;
    struct lc_udp *udp;
    int functions; /* a reference to the table given to open() */
};

/* What sendmmsg() is to do instead of its job: it has no argument for it. */
static struct {
    int number, count, most;
    unsigned calls;
} fault;

static int faulty_send(int fd, struct mmsghdr *headers, unsigned count, int flags)
{
    fault.calls++;
    if (fault.count > 0) {
        fault.count--;
        errno = fault.number;
        return -1;
    }
    if (fault.most > 0 && count > (unsigned)fault.most) {
        count = (unsigned)fault.most;
    }
    return sendmmsg(fd, headers, count, flags);
}

/* ---- Addresses --------------------------------------------------------------------------------
 */

static struct lc_address check_address(lua_State *L, int host, int port)
{
    size_t len;
    const char *text = luaL_checklstring(L, host, &len);
    struct lc_address address;
    luaL_argcheck(L, lc_address_parse(&address, lc_bytes(text, len)), host, "not an address");
    address.port = (uint16_t)luaL_optinteger(L, port, 0);
    return address;
}

static void push_host(lua_State *L, const struct lc_address *address)
{
    char text[LC_ADDRESS_TEXT];
    lua_pushstring(L, lc_address_host(address, text));
}

/* ---- Loops ------------------------------------------------------------------------------------
 */

static struct probe_loop *check_loop(lua_State *L)
{
    struct probe_loop *owner = luaL_checkudata(L, 1, LOOP);
    luaL_argcheck(L, owner->loop != NULL, 1, "freed");
    return owner;
}

/* Calls the function below its `count` arguments; the first error waits for the turn's end. */
static void call(struct probe_loop *owner, int count)
{
    if (lua_pcall(owner->L, count, 0, 0) == LUA_OK) {
        return;
    }
    if (owner->failure == LUA_NOREF) {
        owner->failure = luaL_ref(owner->L, LUA_REGISTRYINDEX);
    } else {
        lua_pop(owner->L, 1);
    }
}

static int loop_new(lua_State *L)
{
    struct probe_loop *owner = lua_newuserdatauv(L, sizeof *owner, 0);
    *owner = (struct probe_loop){.failure = LUA_NOREF};
    luaL_setmetatable(L, LOOP);
    owner->loop = lc_loop_new();
    if (owner->loop == NULL) {
        lua_pushnil(L);
    }
    return 1;
}

static int loop_free(lua_State *L)
{
    struct probe_loop *owner = luaL_checkudata(L, 1, LOOP);
    if (owner->loop != NULL) {
        lc_loop_free(owner->loop);
        owner->loop = NULL;
    }
    return 0;
}

/* loop:turn([max_wait in seconds, default 0]) -> false when nested too deep */
static int loop_turn(lua_State *L)
{
    struct probe_loop *owner = check_loop(L);
    lua_State *outer = owner->L;
    owner->L = L;
    bool done = lc_loop_turn(owner->loop, (lc_time)(luaL_optnumber(L, 2, 0) * LC_SECOND));
    owner->L = outer;
    if (owner->failure != LUA_NOREF) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, owner->failure);
        luaL_unref(L, LUA_REGISTRYINDEX, owner->failure);
        owner->failure = LUA_NOREF;
        return lua_error(L);
    }
    lua_pushboolean(L, done);
    return 1;
}

static int loop_depth(lua_State *L)
{
    lua_pushinteger(L, lc_loop_depth(check_loop(L)->loop));
    return 1;
}

static int loop_flush(lua_State *L)
{
    lc_loop_flush(check_loop(L)->loop);
    return 0;
}

static int loop_wake(lua_State *L)
{
    lc_loop_wake(check_loop(L)->loop);
    return 0;
}

/* loop:now([update]) -> seconds */
static int loop_now(lua_State *L)
{
    struct probe_loop *owner = check_loop(L);
    if (lua_toboolean(L, 2)) {
        lc_loop_update(owner->loop);
    }
    lua_pushnumber(L, (lua_Number)lc_loop_timers(owner->loop)->now / LC_SECOND);
    return 1;
}

/* loop:send_fails([errno, count, most]): the next `count` sendmmsg() calls give errno, and no call
 * takes more than `most` datagrams; without arguments all is well again. Returns how many calls
 * there were since it was called before. */
static int loop_send_fails(lua_State *L)
{
    struct probe_loop *owner = check_loop(L);
    fault.number = (int)luaL_optinteger(L, 2, 0);
    fault.count = (int)luaL_optinteger(L, 3, 0);
    fault.most = (int)luaL_optinteger(L, 4, 0);
    owner->loop->send.send = faulty_send;
    lua_pushinteger(L, fault.calls);
    fault.calls = 0;
    return 1;
}

/* loop:shared_dropped() -> datagrams for nobody */
static int loop_shared_dropped(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lc_udp_shared_dropped(check_loop(L)->loop));
    return 1;
}

/* ---- Jobs -------------------------------------------------------------------------------------
 */

static void run_job(struct probe_job *job, int arguments)
{
    lua_rawgeti(job->owner->L, LUA_REGISTRYINDEX, job->fn);
    lua_insert(job->owner->L, -1 - arguments);
    call(job->owner, arguments);
}

static void on_timer(struct lc_timer *timer)
{
    run_job(lc_container(timer, struct probe_job, timer), 0);
}

static void on_deferred(struct lc_deferred *deferred)
{
    run_job(lc_container(deferred, struct probe_job, deferred), 0);
}

static void on_event(void *arg)
{
    run_job(arg, 0);
}

static void on_resolved(void *arg, const struct lc_address *address, const struct lc_error *error)
{
    struct probe_job *job = arg;
    job->resolution = NULL;
    if (address != NULL) {
        push_host(job->owner->L, address);
        run_job(job, 1);
    } else {
        lua_pushnil(job->owner->L);
        lua_pushinteger(job->owner->L, error->code);
        lua_pushstring(job->owner->L, error->text);
        run_job(job, 3);
    }
}

/* A job whose function is the argument at `fn`; it leaves the job on the stack. */
static struct probe_job *new_job(lua_State *L, int fn)
{
    struct probe_loop *owner = check_loop(L);
    luaL_checktype(L, fn, LUA_TFUNCTION);
    struct probe_job *job = lua_newuserdatauv(L, sizeof *job, 1);
    *job = (struct probe_job){.owner = owner, .deferred = {.fn = on_deferred}};
    lc_timer_init(&job->timer, on_timer);
    lua_pushvalue(L, fn);
    job->fn = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, JOB);
    return job;
}

static int job_cancel(lua_State *L)
{
    struct probe_job *job = luaL_checkudata(L, 1, JOB);
    if (job->fn == LUA_NOREF || job->owner->loop == NULL) {
        return 0;
    }
    lc_timer_clear(lc_loop_timers(job->owner->loop), &job->timer);
    lc_deferred_cancel(job->owner->loop, &job->deferred);
    lc_watch_free(job->watch);
    lc_signal_free(job->signal);
    lc_resolve_cancel(job->resolution);
    luaL_unref(L, LUA_REGISTRYINDEX, job->fn);
    job->fn = LUA_NOREF;
    return 0;
}

/* loop:timer(seconds from now, f) -> job */
static int loop_timer(lua_State *L)
{
    struct probe_job *job = new_job(L, 3);
    struct lc_timers *timers = lc_loop_timers(job->owner->loop);
    lc_timer_set(timers, &job->timer, timers->now + (lc_time)(luaL_checknumber(L, 2) * LC_SECOND));
    return 1;
}

/* loop:defer(f) -> job */
static int loop_defer(lua_State *L)
{
    struct probe_job *job = new_job(L, 2);
    lc_loop_defer(job->owner->loop, &job->deferred);
    return 1;
}

static int job_defer(lua_State *L)
{
    struct probe_job *job = luaL_checkudata(L, 1, JOB);
    lc_loop_defer(job->owner->loop, &job->deferred);
    return 0;
}

/* loop:watch(descriptor, f) -> job | nil */
static int loop_watch(lua_State *L)
{
    struct probe_job *job = new_job(L, 3);
    job->watch = lc_loop_watch(job->owner->loop, (int)luaL_checkinteger(L, 2), on_event, job);
    return job->watch == NULL ? 0 : 1;
}

/* loop:signal(number, f) -> job | nil */
static int loop_signal(lua_State *L)
{
    struct probe_job *job = new_job(L, 3);
    job->signal = lc_loop_signal(job->owner->loop, (int)luaL_checkinteger(L, 2), on_event, job);
    return job->signal == NULL ? 0 : 1;
}

/* loop:resolve(host, ipv6, f) -> job | nil, code, text; f gets the host or nil, code, text */
static int loop_resolve(lua_State *L)
{
    struct lc_error error = {0};
    const char *host = luaL_checkstring(L, 2);
    struct probe_job *job = new_job(L, 4);
    job->resolution =
        lc_resolve(job->owner->loop, host, lua_toboolean(L, 3), on_resolved, job, &error);
    if (job->resolution != NULL) {
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, error.code);
    lua_pushstring(L, error.text);
    return 3;
}

/* ---- Sockets ----------------------------------------------------------------------------------
 */

static int upcall_after_close(lua_State *L)
{
    return luaL_error(L, "an upcall of a closed socket");
}

/* Calls functions[name](data, remote host, port, local host, port, number); none there: nothing. */
static void tell(struct probe_udp *owner, const char *name, const struct lc_path *path,
    const uint8_t *data, size_t len, int number)
{
    lua_State *L = owner->owner->L;
    luaL_checkstack(L, 10, NULL);
    if (owner->udp == NULL) {
        lua_pushcfunction(L, upcall_after_close);
        call(owner->owner, 0);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, owner->functions);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_pushlstring(L, (const char *)data, len);
    push_host(L, &path->remote);
    lua_pushinteger(L, path->remote.port);
    push_host(L, &path->local);
    lua_pushinteger(L, path->local.port);
    lua_pushinteger(L, number);
    call(owner->owner, 6);
}

static void on_receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    tell(arg, "receive", path, data, len, 0);
    if (((struct probe_udp *)arg)->udp != NULL) { /* the same bytes, if nothing wrote over them */
        tell(arg, "after", path, data, len, 0);
    }
}

static void on_truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    tell(arg, "truncated", path, data, len, 0);
}

static void on_refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    tell(arg, "refused", path, data, len, number);
}

static lua_Integer field(lua_State *L, const char *name, lua_Integer otherwise)
{
    lua_getfield(L, 2, name);
    lua_Integer value =
        lua_isboolean(L, -1) ? lua_toboolean(L, -1) : luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

/* The address in a field of the options ("host", its port in another field), or false. */
static bool field_address(lua_State *L, const char *name, const char *port, struct lc_address *out)
{
    lua_getfield(L, 2, name);
    bool there = !lua_isnil(L, -1);
    if (there) {
        *out = check_address(L, lua_gettop(L), lua_gettop(L) + 1);
        out->port = (uint16_t)field(L, port, 0);
    }
    lua_pop(L, 1);
    return there;
}

/* Reads the table at index 2. */
static struct lc_udp_options check_options(
    lua_State *L, struct lc_address *connect, struct lc_address *group)
{
    struct lc_udp_options options = {
        .dual_stack = field(L, "dual_stack", 0) != 0,
        .share_port = field(L, "share_port", 0) != 0,
        .share_socket = field(L, "share_socket", 0) != 0,
        .dont_fragment = field(L, "dont_fragment", 0) != 0,
        .packet_info = field(L, "packet_info", 0) != 0,
        .dscp = (int)field(L, "dscp", 0),
        .receive_buffer = (int)field(L, "receive_buffer", 0),
        .send_buffer = (int)field(L, "send_buffer", 0),
        .max_packet = (size_t)field(L, "max_packet", 2048),
    };
    if (!field_address(L, "host", "port", &options.local)) {
        lc_address_any(&options.local, true);
    }
    if (field_address(L, "connect", "connect_port", connect)) {
        options.connect = connect;
    }
    if (field_address(L, "group", "", group)) {
        options.groups = group;
        options.group_count = 1;
    }
    return options;
}

/* loop:open{ host=, port=, group=, connect=, connect_port=, receive=f, refused=f, truncated=f,
 * and the options by name } -> udp | nil, code, text */
static int loop_open(lua_State *L)
{
    struct probe_loop *owner = check_loop(L);
    struct lc_error error = {0};
    struct lc_address connect, group;
    luaL_checktype(L, 2, LUA_TTABLE);
    struct lc_udp_options options = check_options(L, &connect, &group);
    struct probe_udp *udp = lua_newuserdatauv(L, sizeof *udp, 1);
    *udp = (struct probe_udp){.owner = owner, .functions = LUA_NOREF};
    luaL_setmetatable(L, UDP);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    const struct lc_receiver receiver = {on_receive, on_truncated, on_refused, udp};
    udp->udp = lc_udp_open(owner->loop, &options, &error);
    if (udp->udp == NULL) {
        lua_pushnil(L);
        lua_pushinteger(L, error.code);
        lua_pushstring(L, error.text);
        return 3;
    }
    lc_udp_receive(udp->udp, &receiver);
    lua_pushvalue(L, 2);
    udp->functions = luaL_ref(L, LUA_REGISTRYINDEX);
    return 1;
}

static struct probe_udp *check_udp(lua_State *L)
{
    struct probe_udp *udp = luaL_checkudata(L, 1, UDP);
    luaL_argcheck(L, udp->udp != NULL, 1, "closed");
    return udp;
}

static int udp_close(lua_State *L)
{
    struct probe_udp *udp = luaL_checkudata(L, 1, UDP);
    if (udp->udp != NULL && udp->owner->loop != NULL) {
        lc_udp_close(udp->udp);
        luaL_unref(L, LUA_REGISTRYINDEX, udp->functions);
    }
    udp->udp = NULL;
    return 0;
}

/* udp:send(data, host, port, [local host]) -> false when there is no room */
static int udp_send(lua_State *L)
{
    struct lc_transport *transport = lc_udp_transport(check_udp(L)->udp);
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    struct lc_path path = {.remote = check_address(L, 3, 4)};
    if (!lua_isnoneornil(L, 5)) {
        path.local = check_address(L, 5, 6);
    }
    uint8_t *room = transport->reserve(transport, len);
    if (room != NULL) {
        memcpy(room, data, len);
        transport->commit(transport, &path, len);
    }
    lua_pushboolean(L, room != NULL);
    return 1;
}

/* udp:bound() -> host, port */
static int udp_bound(lua_State *L)
{
    const struct lc_address *local = lc_udp_local(check_udp(L)->udp);
    push_host(L, local);
    lua_pushinteger(L, local->port);
    return 2;
}

static int udp_stats(lua_State *L)
{
    const struct lc_udp_stats *stats = lc_udp_stats(check_udp(L)->udp);
    lua_newtable(L);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"received", stats->received},
        {"sent", stats->sent},
        {"receive_calls", stats->receive_calls},
        {"send_calls", stats->send_calls},
        {"dropped", stats->dropped},
        {"refused", stats->refused},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lua_pushinteger(L, (lua_Integer)rows[i].value);
        lua_setfield(L, -2, rows[i].name);
    }
    return 1;
}

/* ---- Pipes ------------------------------------------------------------------------------------
 */

/* pipe() -> descriptor to read, descriptor to write */
static int open_pipe(lua_State *L)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return luaL_error(L, "no pipe");
    }
    lua_pushinteger(L, ends[0]);
    lua_pushinteger(L, ends[1]);
    return 2;
}

static int write_pipe(lua_State *L)
{
    size_t len;
    const char *data = luaL_checklstring(L, 2, &len);
    lua_pushboolean(L, write((int)luaL_checkinteger(L, 1), data, len) == (ssize_t)len);
    return 1;
}

static int read_pipe(lua_State *L)
{
    char data[64];
    ssize_t len = read((int)luaL_checkinteger(L, 1), data, sizeof data);
    lua_pushlstring(L, data, len > 0 ? (size_t)len : 0);
    return 1;
}

static int close_pipe(lua_State *L)
{
    close((int)luaL_checkinteger(L, 1));
    return 0;
}

static void add_class(
    lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction finalizer)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, finalizer);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

int lc_probe_net(lua_State *L)
{
    static const luaL_Reg loop_methods[] = {{"free", loop_free}, {"turn", loop_turn},
        {"depth", loop_depth}, {"flush", loop_flush}, {"wake", loop_wake}, {"now", loop_now},
        {"send_fails", loop_send_fails}, {"shared_dropped", loop_shared_dropped},
        {"timer", loop_timer}, {"defer", loop_defer}, {"watch", loop_watch},
        {"signal", loop_signal}, {"resolve", loop_resolve}, {"open", loop_open}, {0, 0}};
    static const luaL_Reg job_methods[] = {{"cancel", job_cancel}, {"defer", job_defer}, {0, 0}};
    static const luaL_Reg udp_methods[] = {{"close", udp_close}, {"send", udp_send},
        {"bound", udp_bound}, {"stats", udp_stats}, {0, 0}};
    static const luaL_Reg functions[] = {{"loop", loop_new}, {"pipe", open_pipe},
        {"write", write_pipe}, {"read", read_pipe}, {"close", close_pipe}, {0, 0}};
    add_class(L, LOOP, loop_methods, loop_free);
    add_class(L, JOB, job_methods, job_cancel);
    add_class(L, UDP, udp_methods, udp_close);
    luaL_newlib(L, functions);
    lua_pushinteger(L, sizeof(struct lc_udp));
    lua_setfield(L, -2, "socket_size");
    return 1;
}
