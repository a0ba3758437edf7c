/*
 * probe.hello: DTLS records, hellos and cookies, in times and with addresses that specs give; and
 * the queue of handshake steps. Times are integers in microseconds.
 */
#include "spec/probe/probe.h"

#include "base/list.h"
#include "secure/handshakes.h"
#include "secure/hello.h"
#include "secure/record.h"
#include "spec/probe/fields.h"

#include <lauxlib.h>
#include <stdlib.h>

static const char COOKIES[] = "probe.hello.cookies";
static const char STEPS[] = "probe.hello.steps";

/* ---- Records --------------------------------------------------------------------------------- */

/* A block of its own, so that reading too far is noticed. Freed by the caller. */
static struct lc_bytes copied(lua_State *L, int arg)
{
    size_t len;
    const char *text = luaL_checklstring(L, arg, &len);
    uint8_t *data = malloc(len > 0 ? len : 1);
    if (data == NULL) {
        luaL_error(L, "out of memory");
    }
    return lc_bytes(memcpy(data, text, len), len);
}

static int is_dtls(lua_State *L)
{
    struct lc_bytes datagram = copied(L, 1);
    lua_pushboolean(L, lc_record_is_dtls(datagram.data, datagram.len));
    free((void *)datagram.data);
    return 1;
}

/* frame(datagram) -> the length of its whole records */
static int frame(lua_State *L)
{
    struct lc_bytes datagram = copied(L, 1);
    lua_pushinteger(L, (lua_Integer)lc_record_frame(datagram.data, datagram.len));
    free((void *)datagram.data);
    return 1;
}

/* describe(datagram) -> a line for each record */
static int describe(lua_State *L)
{
    struct lc_bytes datagram = copied(L, 1), rest = datagram;
    struct lc_record record;
    char text[LC_RECORD_TEXT];
    lua_newtable(L);
    for (lua_Integer i = 1; lc_record_next(&rest, &record); i++) {
        lua_pushstring(L, lc_record_describe(&record, text));
        lua_rawseti(L, -2, i);
    }
    free((void *)datagram.data);
    return 1;
}

/* ---- Hellos ---------------------------------------------------------------------------------- */

/* cookies() -> cookies with a secret of their own */
static int new_cookies(lua_State *L)
{
    struct lc_cookies **cookies = lua_newuserdatauv(L, sizeof *cookies, 0);
    *cookies = lc_cookies_new();
    luaL_setmetatable(L, COOKIES);
    return *cookies == NULL ? 0 : 1;
}

static int cookies_free(lua_State *L)
{
    struct lc_cookies **cookies = luaL_checkudata(L, 1, COOKIES);
    lc_cookies_free(*cookies);
    *cookies = NULL;
    return 0;
}

/* cookies:examine(datagram, client, now) -> kind, answer | nil */
static int examine(lua_State *L)
{
    static const char *const kinds[] = {
        [LC_HELLO_NONE] = "none",
        [LC_HELLO_MALFORMED] = "malformed",
        [LC_HELLO_BARE] = "bare",
        [LC_HELLO_PROVEN] = "proven",
    };
    struct lc_cookies **cookies = luaL_checkudata(L, 1, COOKIES);
    struct lc_address client = field_address(luaL_checkinteger(L, 3));
    lc_time now = luaL_optinteger(L, 4, 0);
    struct lc_bytes datagram = copied(L, 2);
    uint8_t answer[LC_HELLO_VERIFY_SIZE];
    enum lc_hello_kind kind = lc_hello_examine(*cookies, now, &client, datagram, answer);
    free((void *)datagram.data);
    lua_pushstring(L, kinds[kind]);
    if (kind == LC_HELLO_BARE) {
        lua_pushlstring(L, (const char *)answer, sizeof answer);
        return 2;
    }
    return 1;
}

/* print(proven hello) -> an integer */
static int print(lua_State *L)
{
    struct lc_bytes datagram = copied(L, 1);
    lua_pushinteger(L, (lua_Integer)lc_hello_print(datagram));
    free((void *)datagram.data);
    return 1;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

enum { STEPS_MAX = 64 };

struct probe_steps;

struct probe_step {
    struct lc_step step;
    struct probe_steps *owner;
};

struct probe_steps {
    struct lc_timers timers;
    struct lc_handshakes handshakes;
    int function; /* what a step does: a reference */
    struct probe_step steps[STEPS_MAX];
};

/* The thread that called last: steps use it. */
static lua_State *running;

/* The first error in a step: a reference or none. */
static int failure = LUA_NOREF;

static void run_step(struct lc_step *step)
{
    struct probe_step *self = lc_container(step, struct probe_step, step);
    lua_State *L = running;
    lua_rawgeti(L, LUA_REGISTRYINDEX, self->owner->function);
    lua_pushinteger(L, self - self->owner->steps + 1);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        luaL_unref(L, LUA_REGISTRYINDEX, failure);
        failure = luaL_ref(L, LUA_REGISTRYINDEX);
    }
}

/* steps(function(number)) -> a queue with steps 1 ... 64, none added */
static int new_steps(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    struct probe_steps *probe = lua_newuserdatauv(L, sizeof *probe, 0);
    probe->timers = (struct lc_timers){0};
    lc_handshakes_init(&probe->handshakes, &probe->timers);
    for (int i = 0; i < STEPS_MAX; i++) {
        probe->steps[i].owner = probe;
        lc_step_init(&probe->steps[i].step, run_step);
    }
    lua_pushvalue(L, 1);
    probe->function = luaL_ref(L, LUA_REGISTRYINDEX);
    luaL_setmetatable(L, STEPS);
    return 1;
}

static struct probe_steps *check_steps(lua_State *L)
{
    running = L;
    return luaL_checkudata(L, 1, STEPS);
}

static struct lc_step *check_step(lua_State *L, struct probe_steps *probe)
{
    lua_Integer number = luaL_checkinteger(L, 2);
    luaL_argcheck(L, number >= 1 && number <= STEPS_MAX, 2, "no such step");
    return &probe->steps[number - 1].step;
}

static int steps_add(lua_State *L)
{
    struct probe_steps *probe = check_steps(L);
    lc_handshakes_add(&probe->handshakes, check_step(L, probe));
    return 0;
}

static int steps_cancel(lua_State *L)
{
    lc_step_cancel(check_step(L, check_steps(L)));
    return 0;
}

/* turn(): one turn of the loop. Returns whether there is something left for the next. */
static int steps_turn(lua_State *L)
{
    struct probe_steps *probe = check_steps(L);
    probe->timers.now++;
    lc_timers_run(&probe->timers);
    if (failure != LUA_NOREF) {
        int error = failure;
        failure = LUA_NOREF;
        lua_rawgeti(L, LUA_REGISTRYINDEX, error);
        luaL_unref(L, LUA_REGISTRYINDEX, error);
        return lua_error(L);
    }
    lua_pushboolean(L, lc_timers_next(&probe->timers) != LC_NEVER);
    return 1;
}

static int steps_free(lua_State *L)
{
    struct probe_steps *probe = check_steps(L);
    for (int i = 0; i < STEPS_MAX; i++) {
        lc_step_cancel(&probe->steps[i].step);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, probe->function);
    probe->function = LUA_NOREF;
    return 0;
}

/* ---- The table of the probe ------------------------------------------------------------------ */

static void define(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

int lc_probe_hello(lua_State *L)
{
    static const luaL_Reg cookies_methods[] = {
        {"examine", examine}, {"free", cookies_free}, {NULL, NULL}};
    static const luaL_Reg steps_methods[] = {
        {"add", steps_add},
        {"cancel", steps_cancel},
        {"turn", steps_turn},
        {"free", steps_free},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"is_dtls", is_dtls},
        {"frame", frame},
        {"describe", describe},
        {"cookies", new_cookies},
        {"print", print},
        {"steps", new_steps},
        {NULL, NULL},
    };
    define(L, COOKIES, cookies_methods);
    define(L, STEPS, steps_methods);
    luaL_newlib(L, functions);
    return 1;
}
