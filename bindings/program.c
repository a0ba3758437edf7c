/* Opens a Lua state, hands the arguments to the embedded module lunacoap.cli and turns what it
 * returns into a status. */
#include "bindings/program.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bindings/embed.h"
#include "bindings/lunacoap.h"
#include "bindings/state.h"
#include "bindings/task.h"

struct start {
    int argc;
    char **argv;
    void (*prepare)(struct lua_State *L);
};

static void set_arguments(lua_State *L, int argc, char **argv)
{
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_setglobal(L, "arg");
}

static int add_traceback(lua_State *L)
{
    const char *message = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, message, 1);
    return 1;
}

/* The one state of the program, for the signal handler. */
static struct lc_state *program_state;

static void on_signal(int number)
{
    if (program_state == NULL) {
        _exit(128 + number); /* while the state is being closed */
    }
    lc_state_stop(program_state, 128 + number);
}

/*
 * SIGINT, SIGTERM and SIGHUP (unless nohup has it ignored) end the program in good order at the
 * end of the turn; a second one ends it at once, for a script that never gives its turn back.
 * lunacoap.signal replaces this.
 */
static void end_on_signals(struct lc_state *state)
{
    static const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
    program_state = state;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
        sigaction(SIGHUP, &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow fails the write alone */
}

static void input_ready(void *arg)
{
    lc_wait_over(arg);
}

static int free_watch(lua_State *L)
{
    struct lc_watch **watch = lua_touserdata(L, 1);
    if (*watch != NULL) {
        lc_watch_free(*watch);
        *watch = NULL;
    }
    return 0;
}

static int input_waited(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return free_watch(L);
}

/* Suspends the console until standard input can be read. */
static int wait_for_input(lua_State *L)
{
    lua_settop(L, 0);
    struct lc_watch **watch = lua_newuserdatauv(L, sizeof *watch, 0);
    *watch = NULL;
    /* The wait is never resumed when the program is stopped meanwhile. */
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, free_watch);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    struct lc_wait *wait = lc_wait_push(L);
    *watch = lc_loop_watch(wait->state->loop, STDIN_FILENO, input_ready, wait);
    if (*watch == NULL) {
        /* A file is always readable, and cannot be watched. */
        return 0;
    }
    return lc_wait_run(L, wait, input_waited);
}

/* The protected part of the program. Returns the status as its one result. */
static int start(lua_State *L)
{
    const struct start *s = lua_touserdata(L, 1);
    luaL_openlibs(L);
    set_arguments(L, s->argc, s->argv);
    lc_embed_install(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_lunacoap);
    lua_setfield(L, -2, "lunacoap");
    luaL_requiref(L, "lunacoap", luaopen_lunacoap, 0);
    end_on_signals(lc_state_of(L));
    lua_pop(L, 1);
    if (s->prepare != NULL) {
        s->prepare(L);
    }
    lua_getglobal(L, "require");
    lua_pushliteral(L, "lunacoap.cli");
    lua_call(L, 1, 1);
    lua_pushliteral(L, LC_VERSION);
    lua_pushcfunction(L, wait_for_input);
    lua_call(L, 2, 1);
    return 1;
}

int lc_program_run(int argc, char **argv, void (*prepare)(struct lua_State *L))
{
    /* Lua's collector frees in waves; what it frees is needed again a moment later. */
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        fputs("lunacoap: not enough memory to start\n", stderr);
        return EXIT_FAILURE;
    }
    /* Lua's own step does a hundred thousand things at a time: with much in memory, such as a fleet
     * of devices, nothing else happens for a quarter of a second. These steps are far smaller. */
    lua_gc(L, LUA_GCINC, 0, 4, 12);
    struct start s = {argc, argv, prepare};
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, start);
    lua_pushlightuserdata(L, &s);
    int status = EXIT_FAILURE;
    if (lua_pcall(L, 1, 1, 1) == LUA_OK) {
        status = (int)lua_tointeger(L, -1);
    } else {
        fprintf(stderr, "lunacoap: %s\n", lua_tostring(L, -1));
    }
    program_state = NULL;
    lua_close(L);
    return status;
}
