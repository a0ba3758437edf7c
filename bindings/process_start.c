/* What process.start takes; see process_start.h. */
#include "bindings/process_start.h"

#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings/error.h"

static const char *const names[] = {"ready", "within", "env", "cwd"};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static void check_names(lua_State *L, int index)
{
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_isinteger(L, -2)) {
            continue;
        }
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        size_t i = 0;
        while (i < NAME_COUNT && strcmp(name, names[i]) != 0) {
            i++;
        }
        if (i == NAME_COUNT) {
            lc_error_unknown(L, "process.start", "field", name, names, NAME_COUNT);
        }
    }
}

/* Pushes a string for the system: text, or a number as text. */
static char *push_word(lua_State *L, const char *what)
{
    size_t len;
    int type = lua_type(L, -1);
    const char *word =
        type == LUA_TSTRING || type == LUA_TNUMBER ? lua_tolstring(L, -1, &len) : NULL;
    if (word == NULL || strlen(word) != len) {
        lc_error_raisef(L, LC_ERROR_USAGE, "process.start takes text as %s, not %s", what,
            lc_error_describe(L, -1));
    }
    return (char *)word;
}

static char **push_words(lua_State *L, size_t count)
{
    return lua_newuserdatauv(L, (count + 1) * sizeof(char *), 0);
}

static char *const *read_arguments(lua_State *L, int index)
{
    lua_Integer count = luaL_len(L, index);
    if (count < 1 || count > 100000) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "process.start takes a table of a program and its arguments, such as "
            "{ \"coap-server-notls\", \"-p\", 5683 }");
    }
    luaL_checkstack(L, (int)count + 8, "process.start");
    char **words = push_words(L, (size_t)count);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, index, i + 1);
        words[i] = push_word(L, "program and arguments");
    }
    words[count] = NULL;
    return words;
}

/* Whether the table at `index` has something for this NAME=VALUE of ours. */
static bool is_replaced(lua_State *L, int index, const char *ours)
{
    lua_pushlstring(L, ours, strcspn(ours, "="));
    bool replaced = lua_gettable(L, index) != LUA_TNIL;
    lua_pop(L, 1);
    return replaced;
}

static size_t count_environment(lua_State *L, int index)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        count++;
    }
    return count;
}

/* Pushes the NAME=VALUE of the pair at the top, and takes the value away; NULL: `false` leaves the
 * name out. */
static char *push_assignment(lua_State *L)
{
    if (lua_type(L, -2) != LUA_TSTRING) {
        lc_error_raisef(
            L, LC_ERROR_USAGE, "process.start takes env as a table { NAME = \"value\" }");
    }
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        return NULL;
    }
    lua_pushfstring(L, "%s=%s", lua_tostring(L, -2), push_word(L, "a value of env"));
    lua_replace(L, -2);
    return (char *)lua_tostring(L, -1);
}

/* Our environment, with the changes of the table at `index`. */
static char *const *read_environment(lua_State *L, int index)
{
    size_t count = count_environment(L, index), n = 0;
    luaL_checkstack(L, (int)count + 8, "process.start");
    char **words = push_words(L, count);
    for (char **ours = environ; *ours != NULL; ours++) {
        if (!is_replaced(L, index, *ours)) {
            words[n++] = *ours;
        }
    }
    lua_pushnil(L);
    while (lua_next(L, index)) {
        char *word = push_assignment(L);
        if (word != NULL) {
            words[n++] = word;
            lua_insert(L, -2); /* the key goes on; the text stays */
        }
    }
    words[n] = NULL;
    return words;
}

/* Pushes a text field; NULL when it is absent. */
static const char *push_text(lua_State *L, int index, const char *name)
{
    if (lua_getfield(L, index, name) == LUA_TNIL) {
        return NULL;
    }
    return push_word(L, name);
}

static lua_Number check_seconds(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TNUMBER) {
        lc_error_raisef(L, LC_ERROR_USAGE, "process.start takes seconds as within, not %s",
            lc_error_describe(L, -1));
    }
    return lua_tonumber(L, -1);
}

void lc_process_start_read(lua_State *L, int index, struct lc_process_start *wanted)
{
    if (!lua_istable(L, index)) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "process.start takes a table of a program and its arguments, not %s",
            lc_error_describe(L, index));
    }
    *wanted = (struct lc_process_start){.within = LC_PROCESS_PATIENCE};
    check_names(L, index);
    wanted->program.arguments = read_arguments(L, index);
    wanted->program.folder = push_text(L, index, "cwd");
    wanted->ready = push_text(L, index, "ready");
    if (lua_getfield(L, index, "within") != LUA_TNIL) {
        wanted->within = check_seconds(L);
    }
    if (lua_getfield(L, index, "env") == LUA_TTABLE) {
        wanted->program.environment = read_environment(L, lua_gettop(L));
    } else if (!lua_isnil(L, -1)) {
        lc_error_raisef(L, LC_ERROR_USAGE, "process.start takes env as a table, not %s",
            lc_error_describe(L, -1));
    }
}
