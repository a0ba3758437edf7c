/*
 * The Lua files of scripts/, linked into the program and the module so that both are one file each.
 * With the environment variable LUNACOAP_PATH=scripts the files of that folder are used instead,
 * which saves a build while they are written.
 */
#ifndef LC_BINDINGS_EMBED_H
#define LC_BINDINGS_EMBED_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* One embedded file; owns nothing, all of it is constant data. */
struct lc_embed_file {
    const char *module; /* "lunacoap.cli" */
    const char *path;   /* "scripts/lunacoap/cli.lua", shown in tracebacks */
    const char *text;
    size_t length;   /* bytes of text */
    bool is_starter; /* a script for users: the module is its text, never that of LUNACOAP_PATH */
};

/* Ended by a row whose module is NULL; generated from scripts/ by bindings/embed.lua. */
extern const struct lc_embed_file lc_embed_files[];

/* Lets `require` find the embedded files, before any file on package.path. Doing it twice changes
 * nothing. */
void lc_embed_install(lua_State *L);

#endif
