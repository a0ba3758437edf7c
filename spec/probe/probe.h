/*
 * The inside of the layers for specs. A file spec/probe/NAME.c defines `int lc_probe_NAME(lua_State
 * *L)`, which returns one table; it is `require "lunacoap.probe".NAME`. The list of names comes
 * from the file names (see the Makefile).
 */
#ifndef LC_SPEC_PROBE_H
#define LC_SPEC_PROBE_H

#include <lua.h>

#define LC_PROBE(name) int lc_probe_##name(lua_State *L);
#include "probes.def"
#undef LC_PROBE

int luaopen_lunacoap_probe(lua_State *L);

#endif
