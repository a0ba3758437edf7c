/* Folders as Lua objects; see folder.h. */
#include "bindings/folder.h"

#include <errno.h>
#include <lauxlib.h>

#include "base/folder.h"
#include "bindings/buffer.h"
#include "bindings/error.h"
#include "bindings/text.h"

#define NAME "lunacoap.Folder"

/* The path of the folder is the object: it is opened anew for each access. */
static const char *check_folder(lua_State *L)
{
    return lc_error_check_self(L, NAME, "folder");
}

/* A path with a zero byte in it leads nowhere; base/folder.h finds nothing for "." either. */
static const char *check_path(lua_State *L, const char *verb)
{
    if (lua_type(L, 2) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "a folder %s a path such as \"sub/a.txt\", not %s", verb,
            lc_error_describe(L, 2));
    }
    struct lc_bytes path = lc_text_bytes(L, 2);
    return memchr(path.data, '\0', path.len) == NULL ? (const char *)path.data : ".";
}

/* nil, message, number: as functions of io do. Memory that is missing raises, as everywhere. */
static int push_failure(lua_State *L, int code, int path)
{
    lc_buffer_check(L, code != ENOMEM);
    const char *name = lua_tostring(L, path);
    errno = code;
    return luaL_fileresult(L, 0, *name == '\0' ? "." : name);
}

int lc_folder_new(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TSTRING) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "folder takes the path of one, not %s", lc_error_describe(L, 1));
    }
    const char *path = lua_tostring(L, 1);
    int code = lc_folder_check(path);
    if (code != 0) {
        return push_failure(L, code, 1);
    }
    size_t size = strlen(path) + 1;
    memcpy(lua_newuserdatauv(L, size, 0), path, size);
    luaL_setmetatable(L, NAME);
    return 1;
}

static int describe(lua_State *L)
{
    lua_pushfstring(L, NAME ": %s", check_folder(L));
    return 1;
}

static size_t check_limit(lua_State *L, int index)
{
    lua_Integer limit = lua_isinteger(L, index) ? lua_tointeger(L, index) : -1;
    if (lua_isnoneornil(L, index)) {
        return SIZE_MAX;
    } else if (limit < 0) {
        lc_error_raisef(L, LC_ERROR_USAGE, "a folder reads at most a number of bytes, not %s",
            lc_error_describe(L, index));
    }
    return (size_t)limit;
}

static int read_file(lua_State *L)
{
    const char *root = check_folder(L), *path = check_path(L, "reads");
    size_t limit = check_limit(L, 3);
    struct lc_buf *content = lc_buffer_push(L, 1);
    int code = lc_folder_read(root, path, limit, content);
    if (code != 0) {
        return push_failure(L, code, 2);
    }
    lua_pushlstring(L, (const char *)content->data, content->len);
    lc_buf_free(content);
    return 1;
}

static int write_file(lua_State *L)
{
    const char *root = check_folder(L), *path = check_path(L, "writes");
    if (lua_type(L, 3) != LUA_TSTRING) {
        return lc_error_raisef(L, LC_ERROR_USAGE, "a folder writes bytes as a string, not %s",
            lc_error_describe(L, 3));
    }
    bool created;
    int code = lc_folder_write(root, path, lc_text_bytes(L, 3), &created);
    if (code != 0) {
        return push_failure(L, code, 2);
    }
    lua_pushstring(L, created ? "created" : "replaced");
    return 1;
}

static int remove_file(lua_State *L)
{
    int code = lc_folder_remove(check_folder(L), check_path(L, "removes"));
    if (code != 0) {
        return push_failure(L, code, 2);
    }
    lua_pushboolean(L, true);
    return 1;
}

static void push_entry(lua_State *L, const struct lc_folder_entry *entry)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, entry->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, entry->is_folder ? "directory" : "file");
    lua_setfield(L, -2, "type");
    if (!entry->is_folder) {
        lua_pushinteger(L, (lua_Integer)entry->size);
        lua_setfield(L, -2, "size");
    }
}

static int list(lua_State *L)
{
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        lua_pushliteral(L, "");
    }
    const char *root = check_folder(L), *path = check_path(L, "lists");
    struct lc_buf *entries = lc_buffer_push(L, 1);
    int code = lc_folder_list(root, path, entries);
    if (code != 0) {
        return push_failure(L, code, 2);
    }
    struct lc_bytes rest = lc_buf_bytes(entries);
    struct lc_folder_entry entry;
    lua_newtable(L);
    for (lua_Integer i = 1; lc_folder_next(&rest, &entry); i++) {
        push_entry(L, &entry);
        lua_rawseti(L, -2, i);
    }
    lc_buf_free(entries);
    return 1;
}

void lc_folder_register(lua_State *L)
{
    static const luaL_Reg methods[] = {{"list", list}, {"read", read_file}, {"remove", remove_file},
        {"write", write_file}, {NULL, NULL}};
    if (luaL_newmetatable(L, NAME)) {
        lua_pushcfunction(L, describe);
        lua_setfield(L, -2, "__tostring");
        luaL_newlib(L, methods);
        lc_error_guard(L, "a folder");
        lua_setfield(L, -2, "__index");
    }
    lua_pop(L, 1);
}
