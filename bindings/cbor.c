/* The table lunacoap.cbor; see cbor.h. */
#include "bindings/cbor.h"

#include <lauxlib.h>

#include "bindings/buffer.h"
#include "bindings/cbor_codec.h"
#include "bindings/cbor_value.h"
#include "bindings/error.h"
#include "bindings/text.h"
#include "wire/cbor_text.h"

enum { MOST_INDENT = 16 };

struct lc_cbor_reader lc_cbor_check_reader(lua_State *L, const char *function)
{
    if (lua_type(L, 1) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "cbor.%s takes a string of bytes, not %s", function,
            lc_error_describe(L, 1));
    }
    return (struct lc_cbor_reader){.input = lc_text_bytes(L, 1)};
}

int lc_cbor_push_fault(lua_State *L, const struct lc_cbor_reader *reader)
{
    lua_pushnil(L);
    lua_pushfstring(
        L, "malformed CBOR at byte %I: %s", (lua_Integer)reader->fault_at + 1, reader->fault);
    return 2;
}

static int diagnose(lua_State *L)
{
    struct lc_cbor_reader reader = lc_cbor_check_reader(L, "diagnose");
    lua_Integer indent = lua_isnoneornil(L, 2) ? 0 : lua_tointeger(L, 2);
    if (!lua_isnoneornil(L, 2) && (!lua_isinteger(L, 2) || indent < 0 || indent > MOST_INDENT)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "cbor.diagnose takes how many blanks to indent by, 0 to %d, not %s", MOST_INDENT,
            lc_error_describe(L, 2));
    }
    struct lc_buf *text = lc_buffer_push(L, 1);
    if (!lc_cbor_diagnose(text, &reader, (unsigned)indent)) {
        lc_buffer_check(L, reader.fault != NULL);
        return lc_cbor_push_fault(L, &reader);
    }
    lua_pushlstring(L, (const char *)text->data, text->len);
    lc_buf_free(text);
    return 1;
}

void lc_cbor_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"decode", lc_cbor_decode},
        {"diagnose", diagnose},
        {"encode", lc_cbor_encode},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lc_cbor_value_open(L);
    lc_error_guard(L, "lunacoap.cbor");
    lua_setfield(L, -2, "cbor");
}
