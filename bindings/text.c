/* The CodePage; see text.h. Page 65001 costs nothing: bytes are taken as they are. */
#include "bindings/text.h"

#include "bindings/error.h"
#include "bindings/state.h"
#include "component/codepage.h"

int lc_text_push(lua_State *L, struct lc_state *state, int code_page, struct lc_bytes bytes)
{
    if (code_page != LC_CODEPAGE_UTF8) {
        /* scratch may hold `bytes` itself */
        struct lc_buf text = {0};
        struct lc_error error;
        int code = lc_codepage_decode(&state->codepage, code_page, bytes, &text, &error);
        if (code == LC_OK && !lc_buf_set(&state->scratch, text.data, text.len)) {
            code = lc_fail_memory(&error);
        }
        lc_buf_free(&text);
        if (code != LC_OK) {
            return lc_error_raise(L, &error);
        }
        bytes = lc_buf_bytes(&state->scratch);
    }
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
    return 1;
}

struct lc_bytes lc_text_check(lua_State *L, struct lc_state *state, int code_page, int index)
{
    struct lc_bytes bytes = lc_text_bytes(L, index);
    if (code_page != LC_CODEPAGE_UTF8) {
        struct lc_error error;
        if (lc_codepage_encode(&state->codepage, code_page, bytes, &state->scratch, &error) !=
            LC_OK) {
            lc_error_raise(L, &error);
        }
        bytes = lc_buf_bytes(&state->scratch);
    }
    return bytes;
}
