/* A package searcher for the embedded Lua files. */
#include "bindings/embed.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INSTALLED "lunacoap.embed"

static const struct lc_embed_file *find(const char *module)
{
    const struct lc_embed_file *file = lc_embed_files;
    while (file->module && strcmp(file->module, module) != 0)
        file++;
    return file->module ? file : NULL;
}

/* Pushes the path of the file below LUNACOAP_PATH that overrides the embedded one, or nothing. */
static const char *push_override(lua_State *L, const struct lc_embed_file *file)
{
    const char *folder = getenv("LUNACOAP_PATH");
    if (!folder || !*folder)
        return NULL;
    const char *path = lua_pushfstring(L, "%s%s", folder, strchr(file->path, '/'));
    if (access(path, R_OK) == 0)
        return path;
    lua_pop(L, 1);
    return NULL;
}

static int return_text(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

static int load(lua_State *L, const struct lc_embed_file *file)
{
    if (file->is_starter) {
        lua_pushlstring(L, file->text, file->length);
        lua_pushcclosure(L, return_text, 1);
        return LUA_OK;
    }
    const char *override = push_override(L, file);
    if (override)
        return luaL_loadfilex(L, override, "t");
    const char *name = lua_pushfstring(L, "@%s", file->path);
    return luaL_loadbufferx(L, file->text, file->length, name, "t");
}

static int search(lua_State *L)
{
    const char *module = luaL_checkstring(L, 1);
    const struct lc_embed_file *file = find(module);
    if (!file) {
        lua_pushfstring(L, "no embedded file '%s'", module);
        return 1;
    }
    if (load(L, file) != LUA_OK)
        return luaL_error(L, "cannot load '%s': %s", module, lua_tostring(L, -1));
    lua_pushstring(L, file->path);
    return 2;
}

void lc_embed_install(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, INSTALLED);
    int installed = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (installed)
        return;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    /* Second place: after package.preload, before the file system. */
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i >= 2; i--) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search);
    lua_rawseti(L, -2, 2);
    lua_pop(L, 2);
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, INSTALLED);
}
