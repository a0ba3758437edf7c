/* probe.certificate: what certificate objects hold that no field of Lua's shows. */
#include "spec/probe/probe.h"

#include "base/memory.h"
#include "secure/certificate.h"

#include <lauxlib.h>

static struct lc_bytes check_bytes(lua_State *L, int arg)
{
    size_t len;
    const char *data = luaL_checklstring(L, arg, &len);
    return lc_bytes(data, len);
}

static void push_bytes(lua_State *L, struct lc_bytes bytes)
{
    lua_pushlstring(L, (const char *)bytes.data, bytes.len);
}

static void push_list(lua_State *L, const struct lc_bytes *list, size_t count)
{
    lua_newtable(L);
    for (size_t i = 0; i < count; i++) {
        push_bytes(L, list[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static int push_error(lua_State *L, const struct lc_error *error)
{
    lua_pushnil(L);
    lua_pushstring(L, error->text);
    return 2;
}

static const char *const kinds[] = {"none", "rsa", "ec", "ed25519", "other"};

/* Pushes { chain, kind, spki, key, url, pin, pem } and releases it; nil for NULL. */
static int push_certificate(lua_State *L, struct lc_certificate *certificate)
{
    if (certificate == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    push_list(L, certificate->chain, certificate->chain_len);
    lua_setfield(L, -2, "chain");
    lua_pushstring(L, kinds[certificate->key_kind]);
    lua_setfield(L, -2, "kind");
    push_bytes(L, certificate->spki);
    lua_setfield(L, -2, "spki");
    push_bytes(L, certificate->key);
    lua_setfield(L, -2, "key");
    struct lc_buf pem = {0};
    if (lc_certificate_print(certificate, LC_CERT_CHAIN, &pem)) {
        push_bytes(L, lc_buf_bytes(&pem));
        lua_setfield(L, -2, "pem");
    }
    lc_buf_free(&pem);
    lc_certificate_release(certificate);
    return 1;
}

/* open(type, content, password, subject) -> a table | nil, text */
static int open(lua_State *L)
{
    const struct lc_certificate_source source = {
        (int)luaL_checkinteger(L, 1), check_bytes(L, 2), check_bytes(L, 3)};
    struct lc_certificate *certificate;
    struct lc_error error;
    if (lc_certificate_open(&source, check_bytes(L, 4), &certificate, &error) != LC_OK) {
        return push_error(L, &error);
    }
    return push_certificate(L, certificate);
}

static struct lc_certificate *from_chain(lua_State *L, int arg)
{
    struct lc_bytes chain[2 * LC_CHAIN_MAX];
    size_t count = (size_t)luaL_len(L, arg);
    luaL_argcheck(L, count <= 2 * LC_CHAIN_MAX, arg, "too many");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        chain[i] = check_bytes(L, -1);
        lua_pop(L, 1);
    }
    return lc_certificate_from_chain(chain, count);
}

/* A list of DER is a chain, a string a SubjectPublicKeyInfo. */
static struct lc_certificate *shown_at(lua_State *L, int arg)
{
    return lua_istable(L, arg) ? from_chain(L, arg) : lc_certificate_from_spki(check_bytes(L, arg));
}

/* shown(chain or spki) -> a table | nil */
static int shown(lua_State *L)
{
    return push_certificate(L, shown_at(L, 1));
}

/* list(pem, room) -> { der, ... } | nil, text */
static int list(lua_State *L)
{
    struct lc_bytes out[32];
    size_t room = (size_t)luaL_checkinteger(L, 2);
    luaL_argcheck(L, room <= 32, 2, "too many");
    struct lc_error error;
    int count = lc_certificate_list(check_bytes(L, 1), out, room, &error);
    if (count < 0) {
        return push_error(L, &error);
    }
    push_list(L, out, (size_t)count);
    for (int i = 0; i < count; i++) {
        lc_free((void *)out[i].data);
    }
    return 1;
}

int lc_probe_certificate(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"open", open}, {"shown", shown}, {"list", list}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
