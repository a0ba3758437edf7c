/* What the executables have in common: a Lua state with everything lunacoap brings, running the
 * command line. */
#ifndef LC_BINDINGS_PROGRAM_H
#define LC_BINDINGS_PROGRAM_H

struct lua_State;

/*
 * Runs the command line `lunacoap.cli` in a new Lua state and returns the exit status. `prepare`
 * (may be NULL) is called with the state before anything else runs; it may add to package.preload.
 */
int lc_program_run(int argc, char **argv, void (*prepare)(struct lua_State *L));

#endif
