/* Terminals; see terminal.h. */
#include "bindings/terminal.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bindings/error.h"

int lc_terminal_isatty(lua_State *L)
{
    const luaL_Stream *stream = luaL_testudata(L, 1, LUA_FILEHANDLE);
    if (stream == NULL || stream->closef == NULL) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "isatty takes an open file such as io.stdout, not %s",
            stream == NULL ? lc_error_describe(L, 1) : "a closed one");
    }
    int file = fileno(stream->f);
    bool is_terminal = isatty(file);
    struct winsize size;
    lua_pushboolean(L, is_terminal);
    if (is_terminal && ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        lua_pushinteger(L, size.ws_col);
    } else {
        lua_pushnil(L);
    }
    return 2;
}
