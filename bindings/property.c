/* Properties of a component: from Lua values and back; see property.h. */
#include "bindings/property.h"

#include <lauxlib.h>

#include "bindings/certificate.h"
#include "bindings/component.h"
#include "bindings/error.h"
#include "bindings/option.h"
#include "bindings/pending.h"
#include "bindings/text.h"
#include "component/secure.h"
#include "wire/code.h"

static struct lc_content *writable_content(
    lua_State *L, struct lc_component *component, bool response)
{
    struct lc_content **slot = lc_component_content(component, response);
    if (*slot == NULL) {
        *slot = lc_content_new();
    }
    if (*slot == NULL) {
        lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
    }
    return *slot;
}

/* ---- Reading ---- */

static int push_content(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row)
{
    const struct lc_content *content = *lc_component_content(component, row->response);
    struct lc_bytes bytes;
    char text[5];
    switch (row->part) {
    case LC_PART_CODE: {
        uint8_t code = lc_content_code(content);
        lua_pushstring(L, code == 0 ? "" : lc_code_text(code, text));
        return 1;
    }
    case LC_PART_FORMAT:
        lua_pushinteger(L, lc_content_format(content));
        return 1;
    case LC_PART_ETAG:
        bytes = lc_content_etag(content);
        break;
    default:
        bytes = lc_content_data(content);
        break;
    }
    int page = row->raw ? LC_CODEPAGE_UTF8 : lc_component_settings(component)->code_page;
    return lc_text_push(L, lc_component_state(component), page, bytes);
}

/* Values that are text inside, as what they are in Lua. */
static int push_printed(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row)
{
    struct lc_buf *out = &lc_component_state(component)->scratch;
    lc_buf_clear(out);
    if (!lc_component_print(component, row, out)) {
        return lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
    }
    lua_pushlstring(L, (const char *)out->data, out->len);
    if (row->kind == LC_KIND_BOOLEAN || row->id == LC_SETTING_Listening) {
        lua_pushboolean(L, lc_bytes_is(lc_buf_bytes(out), "True"));
    } else if (row->kind == LC_KIND_INTEGER || row->kind == LC_KIND_NUMBER) {
        lua_stringtonumber(L, lua_tostring(L, -1));
    }
    return 1;
}

/* The object that stands for a property: changing its fields changes the property. The component is
 * at index 1. */
static int push_certificate(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row)
{
    if (row->flags & LC_READ_ONLY) {
        lc_certificate_push(L, lc_secure_certificate(component, row->id));
        return 1;
    }
    if (lc_component_push_kept(L, 1, row->id) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        lc_certificate_push_empty(L);
        lua_pushvalue(L, -1);
        lc_component_keep(L, 1, row->id);
    }
    return 1;
}

int lc_property_push(lua_State *L, struct lc_component *component, const struct lc_setting_row *row)
{
    switch (row->kind) {
    case LC_KIND_CONTENT:
        return push_content(L, component, row);
    case LC_KIND_OPTIONS:
        lc_option_push_list(L, writable_content(L, component, row->response));
        return 1;
    case LC_KIND_PENDING:
        lc_pending_push(L, component);
        return 1;
    case LC_KIND_CERTIFICATE:
        return push_certificate(L, component, row);
    default:
        return push_printed(L, component, row);
    }
}

/* ---- Assigning ---- */

int lc_property_raise_type(lua_State *L, const struct lc_setting_row *row, int value)
{
    return lc_error_raisef(L, LC_ERROR_USAGE, "%s takes %s, not %s", row->name, row->takes,
        lc_error_describe(L, value));
}

static int assign_content(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value)
{
    struct lc_error error;
    bool is_number = row->part == LC_PART_FORMAT;
    if (lua_type(L, value) != (is_number ? LUA_TNUMBER : LUA_TSTRING)) {
        return lc_property_raise_type(L, row, value);
    }
    struct lc_content *content = writable_content(L, component, row->response);
    int code;
    if (is_number) {
        code = lc_content_set_number(content, row, lua_tonumber(L, value), &error);
    } else {
        int page = row->raw || row->part == LC_PART_CODE
                       ? LC_CODEPAGE_UTF8
                       : lc_component_settings(component)->code_page;
        struct lc_bytes bytes = lc_text_check(L, lc_component_state(component), page, value);
        code = lc_content_set_bytes(content, row, bytes, &error);
    }
    return code == LC_OK ? 0 : lc_error_raise(L, &error);
}

/* Reading the list may run a script, which may reset the component: its content comes second. */
static int assign_options(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value)
{
    struct lc_error error;
    const struct lc_option_list *list = lc_option_take_list(L, value);
    struct lc_content *content = writable_content(L, component, row->response);
    int code = lc_content_set_options(content, list->items, list->count, &error);
    return code == LC_OK ? 0 : lc_error_raise(L, &error);
}

static int assign_plain(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value)
{
    struct lc_error error;
    int code;
    if (row->flags & LC_READ_ONLY) {
        code = lc_setting_fail_read_only(row, &error);
    } else if (row->kind == LC_KIND_BOOLEAN || row->id == LC_SETTING_Listening) {
        if (!lua_isboolean(L, value)) {
            return lc_property_raise_type(L, row, value);
        }
        if (row->id == LC_SETTING_Listening) {
            lc_component_check_acting(L, "set", "Listening");
        }
        code = lc_component_set_boolean(component, row, lua_toboolean(L, value), &error);
    } else if (row->kind == LC_KIND_TEXT) {
        if (lua_type(L, value) != LUA_TSTRING) {
            return lc_property_raise_type(L, row, value);
        }
        code = lc_component_set_text(component, row, lc_text_bytes(L, value), &error);
    } else {
        if (lua_type(L, value) != LUA_TNUMBER) {
            return lc_property_raise_type(L, row, value);
        }
        code = lc_component_set_number(component, row, lua_tonumber(L, value), &error);
    }
    return code == LC_OK ? 0 : lc_error_raise(L, &error);
}

static int assign_certificate(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value)
{
    struct lc_error error;
    if (row->flags & LC_READ_ONLY) {
        lc_setting_fail_read_only(row, &error);
        return lc_error_raise(L, &error);
    }
    if (!lc_certificate_is(L, value)) {
        return lc_property_raise_type(L, row, value);
    }
    if (lc_secure_set_certificate(component, row->id, lc_certificate_get(L, value), &error) !=
        LC_OK) {
        return lc_error_raise(L, &error);
    }
    lua_pushvalue(L, value);
    lc_component_keep(L, 1, row->id);
    return 0;
}

int lc_property_assign(
    lua_State *L, struct lc_component *component, const struct lc_setting_row *row, int value)
{
    struct lc_error error;
    switch (row->kind) {
    case LC_KIND_CONTENT:
        return assign_content(L, component, row, value);
    case LC_KIND_OPTIONS:
        return assign_options(L, component, row, value);
    case LC_KIND_PENDING:
        lc_setting_fail_read_only(row, &error);
        return lc_error_raise(L, &error);
    case LC_KIND_CERTIFICATE:
        return assign_certificate(L, component, row, value);
    default:
        return assign_plain(L, component, row, value);
    }
}
