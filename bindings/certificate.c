/* Certificate objects, all of which are empty until DTLS is there; see certificate.h. */
#include "bindings/certificate.h"

#include <lauxlib.h>
#include <stdint.h>

#include "bindings/error.h"
#include "bindings/fields.h"

#define NAME "lunacoap.Certificate"

const struct lc_certificate_store lc_certificate_stores[] = {
    {"cstUser", 0},
    {"cstMachine", 1},
    {"cstPFXFile", 2},
    {"cstPFXBlob", 3},
    {"cstJKSFile", 4},
    {"cstJKSBlob", 5},
    {"cstPEMKeyFile", 6},
    {"cstPEMKeyBlob", 7},
    {"cstPublicKeyFile", 8},
    {"cstPublicKeyBlob", 9},
    {"cstSSHPublicKeyBlob", 10},
    {"cstP7BFile", 11},
    {"cstP7BBlob", 12},
    {"cstSSHPublicKeyFile", 13},
    {"cstPPKFile", 14},
    {"cstPPKBlob", 15},
    {"cstXMLFile", 16},
    {"cstXMLBlob", 17},
    {"cstJWKFile", 18},
    {"cstJWKBlob", 19},
    {"cstBCFKSFile", 21},
    {"cstBCFKSBlob", 22},
    {"cstPKCS11", 23},
    {"cstAuto", 99},
};

const size_t lc_certificate_store_count =
    sizeof lc_certificate_stores / sizeof lc_certificate_stores[0];

/* The fields that are kept, each as a user value of the object. */
enum kept { STORE = 1, STORE_PASSWORD, STORE_TYPE, KEPT = STORE_TYPE };

enum access { READ_ONLY, KEEPS, LOADS };

/* One field: what it reads as in an empty certificate, and what assigning it does. */
struct row {
    int type;        /* LUA_TSTRING, LUA_TNUMBER (0), LUA_TBOOLEAN (false) */
    uint8_t access;  /* enum access */
    uint8_t kept_as; /* enum kept, or 0 */
};

#define CERTIFICATE_FIELDS(X)                                                                      \
    X(EffectiveDate, LUA_TSTRING, READ_ONLY, 0)                                                    \
    X(Encoded, LUA_TSTRING, LOADS, 0)                                                              \
    X(EncodedB, LUA_TSTRING, LOADS, 0)                                                             \
    X(ExpirationDate, LUA_TSTRING, READ_ONLY, 0)                                                   \
    X(ExtendedKeyUsage, LUA_TSTRING, READ_ONLY, 0)                                                 \
    X(Fingerprint, LUA_TSTRING, READ_ONLY, 0)                                                      \
    X(FingerprintSHA1, LUA_TSTRING, READ_ONLY, 0)                                                  \
    X(FingerprintSHA256, LUA_TSTRING, READ_ONLY, 0)                                                \
    X(Issuer, LUA_TSTRING, READ_ONLY, 0)                                                           \
    X(PrivateKey, LUA_TSTRING, READ_ONLY, 0)                                                       \
    X(PrivateKeyAvailable, LUA_TBOOLEAN, READ_ONLY, 0)                                             \
    X(PrivateKeyContainer, LUA_TSTRING, READ_ONLY, 0)                                              \
    X(PublicKey, LUA_TSTRING, READ_ONLY, 0)                                                        \
    X(PublicKeyAlgorithm, LUA_TSTRING, READ_ONLY, 0)                                               \
    X(PublicKeyLength, LUA_TNUMBER, READ_ONLY, 0)                                                  \
    X(SerialNumber, LUA_TSTRING, READ_ONLY, 0)                                                     \
    X(SignatureAlgorithm, LUA_TSTRING, READ_ONLY, 0)                                               \
    X(Store, LUA_TSTRING, KEEPS, STORE)                                                            \
    X(StoreB, LUA_TSTRING, KEEPS, STORE)                                                           \
    X(StorePassword, LUA_TSTRING, KEEPS, STORE_PASSWORD)                                           \
    X(StoreType, LUA_TNUMBER, KEEPS, STORE_TYPE)                                                   \
    X(Subject, LUA_TSTRING, LOADS, 0)                                                              \
    X(SubjectAltNames, LUA_TSTRING, READ_ONLY, 0)                                                  \
    X(ThumbprintMD5, LUA_TSTRING, READ_ONLY, 0)                                                    \
    X(ThumbprintSHA1, LUA_TSTRING, READ_ONLY, 0)                                                   \
    X(ThumbprintSHA256, LUA_TSTRING, READ_ONLY, 0)                                                 \
    X(Usage, LUA_TSTRING, READ_ONLY, 0)                                                            \
    X(UsageFlags, LUA_TNUMBER, READ_ONLY, 0)                                                       \
    X(Version, LUA_TSTRING, READ_ONLY, 0)

static const char *const field_names[] = {
#define X(name, type, access, kept_as) #name,
    CERTIFICATE_FIELDS(X)
#undef X
};

static const struct row rows[] = {
#define X(name, type, access, kept_as) {type, access, kept_as},
    CERTIFICATE_FIELDS(X)
#undef X
};

static const struct lc_fields fields = {
    "Certificate", field_names, sizeof field_names / sizeof field_names[0]};

/* ---- Checks ------------------------------------------------------------------------------------
 */

static void check_string(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "Certificate: %s takes a string, not %s", what,
            lc_error_describe(L, index));
    }
}

static void check_store_type(lua_State *L, int index)
{
    int is_integer = lua_type(L, index) == LUA_TNUMBER;
    lua_Integer number = is_integer ? lua_tointegerx(L, index, &is_integer) : 0;
    for (size_t i = 0; is_integer && i < lc_certificate_store_count; i++) {
        if (lc_certificate_stores[i].number == number) {
            return;
        }
    }
    lc_error_raisef(L, LC_ERROR_USAGE,
        "Certificate: StoreType takes one of lunacoap.StoreType, not %s",
        lc_error_describe(L, index));
}

static int refuse_to_load(lua_State *L)
{
    return lc_error_raisef(
        L, LC_ERROR_CERTIFICATE_STORE, "certificates come with DTLS, which is not there yet");
}

/* ---- The object --------------------------------------------------------------------------------
 */

static int index_field(lua_State *L)
{
    luaL_checkudata(L, 1, NAME);
    const struct row *row = &rows[lc_fields_find(L, &fields, 2)];
    if (row->kept_as != 0) {
        lua_getiuservalue(L, 1, row->kept_as);
    } else if (row->type == LUA_TBOOLEAN) {
        lua_pushboolean(L, 0);
    } else if (row->type == LUA_TNUMBER) {
        lua_pushinteger(L, 0);
    } else {
        lua_pushliteral(L, "");
    }
    return 1;
}

static int assign_field(lua_State *L)
{
    luaL_checkudata(L, 1, NAME);
    int field = lc_fields_find(L, &fields, 2);
    const struct row *row = &rows[field];
    if (row->access == READ_ONLY) {
        return lc_fields_read_only(L, &fields, field);
    }
    if (row->kept_as == STORE_TYPE) {
        check_store_type(L, 3);
        lua_pushinteger(L, lua_tointeger(L, 3));
        lua_replace(L, 3);
    } else {
        check_string(L, 3, field_names[field]);
    }
    if (row->kept_as != 0) {
        lua_settop(L, 3);
        lua_setiuservalue(L, 1, row->kept_as);
    } else if (lua_rawlen(L, 3) > 0) {
        return refuse_to_load(L);
    }
    return 0;
}

static int describe(lua_State *L)
{
    luaL_checkudata(L, 1, NAME);
    lua_pushliteral(L, "Certificate (empty)");
    return 1;
}

void lc_certificate_push_empty(lua_State *L)
{
    luaL_checkstack(L, 4, NULL);
    lua_newuserdatauv(L, 0, KEPT);
    lua_pushliteral(L, "MY");
    lua_setiuservalue(L, -2, STORE);
    lua_pushliteral(L, "");
    lua_setiuservalue(L, -2, STORE_PASSWORD);
    lua_pushinteger(L, 0);
    lua_setiuservalue(L, -2, STORE_TYPE);
    luaL_setmetatable(L, NAME);
}

bool lc_certificate_is(lua_State *L, int index)
{
    return luaL_testudata(L, index, NAME) != NULL;
}

int lc_certificate_new(lua_State *L)
{
    int count = lua_gettop(L);
    if (count == 0) {
        lc_certificate_push_empty(L);
        return 1;
    }
    if (count == 1 && lua_type(L, 1) == LUA_TSTRING) {
        return refuse_to_load(L);
    }
    if (lua_type(L, 1) != LUA_TNUMBER || count > 4) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "Certificate takes nothing, (encoded) or (storeType, store, password, subject)");
    }
    static const char *const arguments[] = {"Store", "StorePassword", "Subject"};
    check_store_type(L, 1);
    check_string(L, 2, arguments[0]);
    for (int i = 3; i <= 4; i++) {
        if (!lua_isnoneornil(L, i)) {
            check_string(L, i, arguments[i - 2]);
        }
    }
    return refuse_to_load(L);
}

void lc_certificate_open(lua_State *L)
{
    if (luaL_newmetatable(L, NAME)) {
        lua_pushcfunction(L, describe);
        lua_setfield(L, -2, "__tostring");
        lc_fields_push_function(L, &fields, index_field);
        lua_setfield(L, -2, "__index");
        lc_fields_push_function(L, &fields, assign_field);
        lua_setfield(L, -2, "__newindex");
    }
    lua_pop(L, 1);
}
