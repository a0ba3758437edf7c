/* Writing messages from tables: legal ones, and on purpose such as no stack would send; see
 * message.h. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bindings/buffer.h"
#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/message.h"
#include "bindings/text.h"
#include "wire/block.h"
#include "wire/code.h"
#include "wire/option.h"
#include "wire/registry.h"

enum { MARKER = 0xff, TOKEN_LENGTH_MAX = 15, UINT_MAX_LEN = 8 };

/* ---- The fields of a table ---------------------------------------------------------------------
 */

/* The last ones are for illegal messages. */
static const char *const names[] = {"type", "code", "id", "token", "options", "payload", "version",
    "token_length", "option_bytes", "marker", "tail"};

static const struct lc_fields fields = {"a message", names, sizeof names / sizeof names[0]};

static int refuse(lua_State *L, const char *field, const char *takes, int index)
{
    return lc_error_raisef(L, LC_ERROR_USAGE, "a message's '%s' takes %s, not %s", field, takes,
        lc_error_describe(L, index));
}

/* Leaves the field on the stack; false when it is absent. */
static bool push_field(lua_State *L, int table, const char *name)
{
    return lua_getfield(L, table, name) != LUA_TNIL;
}

/* The field as an integer; -1 when it is absent. */
static lua_Integer integer_field(lua_State *L, int table, const char *name, lua_Integer most)
{
    if (!push_field(L, table, name)) {
        return -1;
    }
    lua_Integer value = lua_tointeger(L, -1);
    if (!lua_isinteger(L, -1) || value < 0 || value > most) {
        char takes[48];
        snprintf(takes, sizeof takes, "an integer from 0 to %lld", (long long)most);
        refuse(L, name, takes, -1);
    }
    return value;
}

/* The field's bytes, which stay on the stack; empty when it is absent. */
static struct lc_bytes bytes_field(lua_State *L, int table, const char *name)
{
    if (!push_field(L, table, name)) {
        return lc_bytes("", 0);
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        refuse(L, name, "a string of bytes", -1);
    }
    return lc_text_bytes(L, -1);
}

/* ---- Header ------------------------------------------------------------------------------------
 */

static uint8_t read_type(lua_State *L, int table)
{
    if (!push_field(L, table, "type")) {
        return LC_CON;
    }
    for (uint8_t i = 0; i < 4; i++) {
        bool named =
            lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), lc_message_types[i]) == 0;
        if (named || (lua_isinteger(L, -1) && lua_tointeger(L, -1) == i)) {
            return i;
        }
    }
    return (uint8_t)refuse(
        L, "type", "\"CON\", \"NON\", \"ACK\", \"RST\" or their number, 0 to 3", -1);
}

/* Only an acknowledgement, a Reset or a ping has no code to tell. */
static uint8_t refuse_missing_code(lua_State *L, int table)
{
    for (size_t i = 0; i < fields.count; i++) {
        bool header = strcmp(names[i], "type") == 0 || strcmp(names[i], "id") == 0 ||
                      strcmp(names[i], "version") == 0;
        if (!header && push_field(L, table, names[i])) {
            lc_error_raisef(L, LC_ERROR_USAGE,
                "a message with '%s' has a 'code' such as \"GET\" or \"2.05\"; that of an Empty "
                "one is \"0.00\"",
                names[i]);
        }
    }
    return 0;
}

static uint8_t read_code(lua_State *L, int table)
{
    int code = -1;
    if (!push_field(L, table, "code")) {
        return refuse_missing_code(L, table);
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        code = lc_code_read(lc_text_bytes(L, -1));
    } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) == (lua_tointeger(L, -1) & 255)) {
        code = (int)lua_tointeger(L, -1);
    }
    if (code < 0) {
        refuse(L, "code",
            "a name such as \"GET\", digits such as \"2.05\", or a number from 0 to 255", -1);
    }
    return (uint8_t)code;
}

static uint16_t read_id(lua_State *L, int table)
{
    lua_Integer id = integer_field(L, table, "id", UINT16_MAX);
    if (id < 0) {
        lc_error_raisef(L, LC_ERROR_USAGE, "a message has an 'id', from 0 to 65535");
    }
    return (uint16_t)id;
}

static void add_header(lua_State *L, int table, struct lc_buf *out)
{
    lua_Integer version = integer_field(L, table, "version", 3);
    uint8_t type = read_type(L, table), code = read_code(L, table);
    uint16_t id = read_id(L, table);
    struct lc_bytes token = bytes_field(L, table, "token");
    lua_Integer token_len = integer_field(L, table, "token_length", TOKEN_LENGTH_MAX);
    if (token_len < 0 && token.len > TOKEN_LENGTH_MAX) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "a 'token' of %zu bytes needs a 'token_length' for the header, from 0 to 15",
            token.len);
    }
    token_len = token_len < 0 ? (lua_Integer)token.len : token_len;
    version = version < 0 ? 1 : version;
    uint8_t header[LC_HEADER_SIZE] = {
        (uint8_t)(version << 6 | type << 4 | token_len), code, (uint8_t)(id >> 8), (uint8_t)id};
    lc_buffer_check(
        L, lc_buf_append(out, header, sizeof header) && lc_buf_append(out, token.data, token.len));
}

/* ---- Options -----------------------------------------------------------------------------------
 */

static int refuse_option(lua_State *L, lua_Integer place, const char *what, int index)
{
    return lc_error_raisef(L, LC_ERROR_USAGE, "option %d of a message %s, not %s", (int)place, what,
        lc_error_describe(L, index));
}

/* Pushes the entry's first or second item, or its field. */
static void push_part(lua_State *L, int entry, int i, const char *name)
{
    if (lua_rawgeti(L, entry, i) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_getfield(L, entry, name);
    }
}

static uint16_t number_of_name(lua_State *L, const char *name)
{
    static const char *const options[] = {
#define X(number, name, ...) name,
#include "wire/options.def"
#undef X
    };
    for (size_t i = 0; i < lc_option_row_count; i++) {
        if (strcmp(lc_option_rows[i].name, name) == 0) {
            return lc_option_rows[i].number;
        }
    }
    return (uint16_t)lc_error_unknown(L, "CoAP", "option", name, options, lc_option_row_count);
}

/* The number of the option at the top. */
static uint16_t read_number(lua_State *L, int entry, lua_Integer place)
{
    push_part(L, entry, 1, "Number");
    if (lua_type(L, -1) == LUA_TSTRING) {
        return number_of_name(L, lua_tostring(L, -1));
    }
    lua_Integer number = lua_tointeger(L, -1);
    if (!lua_isinteger(L, -1) || number < 0 || number > UINT16_MAX) {
        refuse_option(L, place,
            "begins with its name, such as \"Uri-Path\", or its number, from 0 to 65535", -1);
    }
    return (uint16_t)number;
}

/* The RFC's uint of any size (RFC 7252 3.2). */
static struct lc_bytes write_uint(uint8_t room[UINT_MAX_LEN], uint64_t value)
{
    size_t start = UINT_MAX_LEN;
    for (; value > 0; value >>= 8) {
        room[--start] = (uint8_t)value;
    }
    return lc_bytes(room + start, UINT_MAX_LEN - start);
}

/* {num =, more =, size =} at the top as a value of Block1 or Block2 (RFC 7959 2.2). */
static uint32_t read_block(lua_State *L, lua_Integer place)
{
    static const char *const block_names[] = {"num", "more", "size"};
    static const struct lc_fields block_fields = {"a block", block_names, 3};
    int table = lua_gettop(L);
    lc_fields_check(L, &block_fields, table);
    lua_getfield(L, table, "num");
    lua_getfield(L, table, "more");
    lua_getfield(L, table, "size");
    lua_Integer num = lua_tointeger(L, -3), size = lua_tointeger(L, -1);
    bool right = lua_isinteger(L, -3) && num >= 0 && num <= LC_BLOCK_NUM_MAX &&
                 (lua_isboolean(L, -2) || lua_isnil(L, -2)) && lua_isinteger(L, -1) && size >= 16;
    struct lc_block block = {(uint32_t)num, lua_toboolean(L, -2), 0};
    block.szx = right ? lc_block_szx((size_t)size) : 0;
    if (!right || (lua_Integer)lc_block_size(block.szx) != size) {
        lc_error_raisef(L, LC_ERROR_USAGE,
            "option %d of a message: a block has a num from 0 to 1048575, more (true or false), "
            "and a size of 16, 32, 64, 128, 256, 512 or 1024",
            (int)place);
    }
    return lc_block_value(block);
}

static bool is_block(uint16_t number)
{
    return number == LC_BLOCK1 || number == LC_BLOCK2 || number == LC_Q_BLOCK1 ||
           number == LC_Q_BLOCK2;
}

static bool takes_text(uint16_t number)
{
    const struct lc_option_row *row = lc_option_row(number);
    return row != NULL && row->format == LC_FORMAT_STRING;
}

/* The value of the option, whose bytes are on the stack or in `room`. */
static struct lc_bytes read_value(
    lua_State *L, int entry, uint16_t number, lua_Integer place, uint8_t room[UINT_MAX_LEN])
{
    push_part(L, entry, 2, "Value");
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        return lc_bytes("", 0);
    case LUA_TSTRING:
        return lc_text_bytes(L, -1);
    case LUA_TTABLE:
        if (is_block(number)) {
            return write_uint(room, read_block(L, place));
        }
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0 && !takes_text(number)) {
            return write_uint(room, (uint64_t)lua_tointeger(L, -1));
        }
        break;
    default:
        break;
    }
    refuse_option(L, place,
        takes_text(number)
            ? "takes a string"
            : "takes a string of bytes or an integer that is not negative, a block one also "
              "{ num =, more =, size = }",
        -1);
    return lc_bytes("", 0);
}

/* Options are sorted, as they have to be on the wire; equal ones stay in the order of the list. */
static void add_options(lua_State *L, int table, struct lc_buf *encoded)
{
    uint8_t room[UINT_MAX_LEN];
    if (!push_field(L, table, "options")) {
        return;
    }
    int list = lua_gettop(L), entry = list + 1;
    if (!lua_istable(L, list)) {
        refuse(L, "options", "a list of options, each { name or number, value }", list);
    }
    for (lua_Integer i = 1; lua_geti(L, list, i) != LUA_TNIL; i++) {
        if (!lua_istable(L, entry)) {
            refuse_option(L, i, "is a table { name or number, value }", entry);
        }
        uint16_t number = read_number(L, entry, i);
        struct lc_bytes value = read_value(L, entry, number, i, room);
        if (value.len > LC_OPTION_VALUE_MAX) {
            lc_error_raisef(L, LC_ERROR_USAGE, "option %d of a message has more than %d bytes",
                (int)i, LC_OPTION_VALUE_MAX);
        }
        lc_buffer_check(L, lc_options_add(encoded, number, value));
        lua_settop(L, list);
    }
}

/* ---- The message -------------------------------------------------------------------------------
 */

static bool read_marker(lua_State *L, int table, bool usual)
{
    if (!push_field(L, table, "marker")) {
        return usual;
    }
    if (!lua_isboolean(L, -1)) {
        refuse(L, "marker", "true or false", -1);
    }
    return lua_toboolean(L, -1);
}

static void add_payload(lua_State *L, int table, struct lc_buf *out)
{
    static const uint8_t marker = MARKER;
    struct lc_bytes payload = bytes_field(L, table, "payload");
    bool marked = read_marker(L, table, payload.len > 0);
    struct lc_bytes tail = bytes_field(L, table, "tail");
    lc_buffer_check(L, lc_buf_append(out, &marker, marked ? 1 : 0) &&
                           lc_buf_append(out, payload.data, payload.len) &&
                           lc_buf_append(out, tail.data, tail.len));
}

void lc_message_push(lua_State *L, int index)
{
    int table = lua_absindex(L, index), top = lua_gettop(L);
    luaL_checkstack(L, 2 * LUA_MINSTACK, NULL);
    lc_fields_check(L, &fields, table);
    struct lc_buf *buffers = lc_buffer_push(L, 2), *out = &buffers[0], *options = &buffers[1];
    add_header(L, table, out);
    add_options(L, table, options);
    struct lc_bytes raw = bytes_field(L, table, "option_bytes");
    lc_buffer_check(L,
        lc_buf_append(out, options->data, options->len) && lc_buf_append(out, raw.data, raw.len));
    add_payload(L, table, out);
    lua_pushlstring(L, (const char *)out->data, out->len);
    lc_buf_free(out);
    lc_buf_free(options);
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
}

int lc_message_encode(lua_State *L)
{
    if (!lua_istable(L, 1)) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "message.encode takes a table such as { type = \"CON\", code = \"GET\", id = 1 }, not "
            "%s",
            lc_error_describe(L, 1));
    }
    lc_message_push(L, 1);
    return 1;
}
