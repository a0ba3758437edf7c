/* probe.trust: what lc_trust_check() finds, and the names of alerts. */
#include "spec/probe/probe.h"

#include "secure/alert.h"
#include "secure/trust.h"

#include <lauxlib.h>

static struct lc_bytes bytes_at(lua_State *L, int index)
{
    size_t len = 0;
    const char *text = lua_tolstring(L, index, &len);
    return lc_bytes(text, len);
}

/* The field of the table at 1; the value stays alive, as the table has it. */
static struct lc_bytes bytes_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    struct lc_bytes bytes = bytes_at(L, -1);
    lua_pop(L, 1);
    return bytes;
}

static const char *text_field(lua_State *L, const char *name)
{
    return (const char *)bytes_field(L, name).data;
}

static bool flag_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static int64_t number_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    int64_t value = (int64_t)luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    return value;
}

/* A list of strings; returns how many there are. */
static size_t chain_field(lua_State *L, const char *name, struct lc_bytes chain[LC_CHAIN_MAX])
{
    size_t count = 0;
    lua_getfield(L, 1, name);
    if (lua_istable(L, -1)) {
        for (; count < LC_CHAIN_MAX && lua_rawgeti(L, -1, (lua_Integer)count + 1) != LUA_TNIL;
             count++) {
            chain[count] = bytes_at(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, 1);
    return count;
}

static size_t signatures_field(lua_State *L, uint16_t signatures[8])
{
    size_t count = 0;
    lua_getfield(L, 1, "signatures");
    if (lua_istable(L, -1)) {
        for (; count < 8 && lua_rawgeti(L, -1, (lua_Integer)count + 1) != LUA_TNIL; count++) {
            signatures[count] = (uint16_t)lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, 1);
    return count;
}

static struct lc_certificate *pinned(lua_State *L)
{
    struct lc_bytes chain[LC_CHAIN_MAX], spki = bytes_field(L, "pinned_key");
    size_t count = chain_field(L, "pinned", chain);
    if (spki.len > 0) {
        return lc_certificate_from_spki(spki);
    }
    return count > 0 ? lc_certificate_from_chain(chain, count) : NULL;
}

/*
 * check { clients =, ca =, file =, folder =, system =, flags =, signatures =, shown =, raw =, host
 * =, now =, pinned =, pinned_key =, times = } -> trusted, status, code, alert | nil, code, text.
 * `shown` and `pinned` are lists of DER; the check is done `times` times with the same object.
 */
static int check(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    uint16_t signatures[8];
    struct lc_trust_options options = {
        .for_servers = !flag_field(L, "clients"),
        .ca_certificates = bytes_field(L, "ca"),
        .ca_file = text_field(L, "file"),
        .ca_folder = text_field(L, "folder"),
        .system = flag_field(L, "system"),
        .pinned = pinned(L),
        .security_flags = (uint32_t)number_field(L, "flags"),
        .signatures = signatures,
        .signature_count = signatures_field(L, signatures),
    };
    struct lc_shown shown = {.is_raw_key = flag_field(L, "raw")};
    shown.count = chain_field(L, "shown", shown.chain);
    struct lc_error error = {0};
    struct lc_finding finding = {0};
    struct lc_trust *trust = lc_trust_new(&options, &error);
    lc_certificate_release(options.pinned);
    if (trust == NULL) {
        lua_pushnil(L);
        lua_pushinteger(L, error.code);
        lua_pushstring(L, error.text);
        return 3;
    }
    for (int64_t i = 0; i == 0 || i < number_field(L, "times"); i++) {
        lc_trust_check(trust, &shown, text_field(L, "host"), number_field(L, "now"), &finding);
    }
    lc_trust_free(trust);
    lua_pushboolean(L, finding.trusted);
    lua_pushstring(L, finding.status);
    lua_pushinteger(L, finding.code);
    lua_pushinteger(L, finding.alert);
    return 4;
}

/* alert_name(number) -> text | nil */
static int alert_name(lua_State *L)
{
    lua_pushstring(L, lc_alert_name((int)luaL_checkinteger(L, 1)));
    return 1;
}

int lc_probe_trust(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"check", check},
        {"alert_name", alert_name},
        {0, 0},
    };
    luaL_newlib(L, functions);
    return 1;
}
