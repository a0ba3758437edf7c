/* probe.dtls: what two ends need to know each other, with a real engine or the one of
 * fake_engine.h. For dtls.c alone. */
#ifndef LC_SPEC_PROBE_DTLS_SECURITY_H
#define LC_SPEC_PROBE_DTLS_SECURITY_H

#include "spec/probe/fake_engine.h"
#include "spec/probe/fields.h"

#include <lauxlib.h>

static const char SECURITY[] = "probe.dtls.security";

static inline struct lc_security *check_security(lua_State *L, int arg)
{
    struct lc_security **security = luaL_checkudata(L, arg, SECURITY);
    luaL_argcheck(L, *security != NULL, arg, "the security was freed");
    return *security;
}

/* PEM of a certificate with its chain and key. NULL: none is given. */
static inline struct lc_certificate *field_certificate(lua_State *L, const char *name)
{
    struct lc_certificate *certificate = NULL;
    struct lc_error error;
    struct lc_certificate_source source = {
        .type = LC_STORE_PEM_KEY_BLOB, .content = field_bytes(L, 1, name)};
    if (source.content.len > 0 &&
        lc_certificate_open(&source, lc_bytes_text("*"), &certificate, &error) != LC_OK) {
        luaL_error(L, "%s: %s", name, error.text);
    }
    return certificate;
}

static inline bool field_boolean(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static inline struct lc_security *make_security(lua_State *L, struct lc_error *error)
{
    static const uint16_t suites[] = {0xc0ae, 0xc02b, 0xc0a8}, groups[] = {23};
    struct lc_bytes engine = field_bytes(L, 1, "engine");
    bool is_server = field_boolean(L, "server");
    struct lc_security_options options = {
        .config =
            {
                .is_server = is_server,
                .modes = (unsigned)field_integer(L, 1, "modes", LC_MODE_PSK),
                .own = field_certificate(L, "own"),
                .asks_client = field_boolean(L, "asks_client"),
                .suites = suites,
                .suite_count = sizeof suites / sizeof suites[0],
                .groups = groups,
                .group_count = 1,
                .min_version = LC_DTLS_1_2,
                .max_version = LC_DTLS_1_2,
                .psk_identity = field_bytes(L, 1, "psk_identity"),
                .psk_key = field_bytes(L, 1, "psk_key"),
                .resumes = field_boolean(L, "resumes"),
            },
        .trust =
            {
                .for_servers = !is_server,
                .ca_certificates = field_bytes(L, 1, "ca"),
            },
        .provider = (const char *)engine.data,
    };
    struct lc_security *security = strcmp(options.provider, "fake") == 0
                                       ? fake_security(&options, error)
                                       : lc_security_new(&options, error);
    lc_certificate_release(options.config.own);
    return security;
}

/* security{ engine =, server =, modes =, own =, ca =, asks_client =, psk_identity =, psk_key =,
 * resumes = } -> security | nil, code, text */
static inline int new_security(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct lc_error error = {0};
    struct lc_security *security = make_security(L, &error);
    if (security == NULL) {
        lua_pushnil(L);
        lua_pushinteger(L, error.code);
        lua_pushstring(L, error.text);
        return 3;
    }
    struct lc_security **out = lua_newuserdatauv(L, sizeof *out, 0);
    *out = security;
    luaL_setmetatable(L, SECURITY);
    return 1;
}

static inline int security_free(lua_State *L)
{
    struct lc_security **security = luaL_checkudata(L, 1, SECURITY);
    lc_security_release(*security);
    *security = NULL;
    return 0;
}

#endif
