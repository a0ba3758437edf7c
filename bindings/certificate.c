/* Certificate objects; see certificate.h. */
#include "bindings/certificate.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/text.h"

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

/* How a field is read. */
enum kind { TEXT, SUBJECT, KEPT_VALUE, KEY_BITS, USAGE_FLAGS, HAS_KEY, NOTHING };

enum access { READ_ONLY, KEEPS, SEARCHES, DECODES };

struct row {
    uint8_t kind;   /* enum kind */
    uint8_t detail; /* TEXT, SUBJECT: enum lc_certificate_field; KEPT_VALUE: enum kept */
    uint8_t access; /* enum access */
};

#define CERTIFICATE_FIELDS(X)                                                                      \
    X(EffectiveDate, TEXT, LC_CERT_EFFECTIVE_DATE, READ_ONLY)                                      \
    X(Encoded, TEXT, LC_CERT_ENCODED, DECODES)                                                     \
    X(EncodedB, TEXT, LC_CERT_ENCODED, DECODES)                                                    \
    X(ExpirationDate, TEXT, LC_CERT_EXPIRATION_DATE, READ_ONLY)                                    \
    X(ExtendedKeyUsage, TEXT, LC_CERT_EXTENDED_KEY_USAGE, READ_ONLY)                               \
    X(Fingerprint, TEXT, LC_CERT_FINGERPRINT, READ_ONLY)                                           \
    X(FingerprintSHA1, TEXT, LC_CERT_FINGERPRINT_SHA1, READ_ONLY)                                  \
    X(FingerprintSHA256, TEXT, LC_CERT_FINGERPRINT_SHA256, READ_ONLY)                              \
    X(Issuer, TEXT, LC_CERT_ISSUER, READ_ONLY)                                                     \
    X(PrivateKey, TEXT, LC_CERT_PRIVATE_KEY, READ_ONLY)                                            \
    X(PrivateKeyAvailable, HAS_KEY, 0, READ_ONLY)                                                  \
    X(PrivateKeyContainer, NOTHING, 0, READ_ONLY)                                                  \
    X(PublicKey, TEXT, LC_CERT_PUBLIC_KEY, READ_ONLY)                                              \
    X(PublicKeyAlgorithm, TEXT, LC_CERT_PUBLIC_KEY_ALGORITHM, READ_ONLY)                           \
    X(PublicKeyLength, KEY_BITS, 0, READ_ONLY)                                                     \
    X(SerialNumber, TEXT, LC_CERT_SERIAL_NUMBER, READ_ONLY)                                        \
    X(SignatureAlgorithm, TEXT, LC_CERT_SIGNATURE_ALGORITHM, READ_ONLY)                            \
    X(Store, KEPT_VALUE, STORE, KEEPS)                                                             \
    X(StoreB, KEPT_VALUE, STORE, KEEPS)                                                            \
    X(StorePassword, KEPT_VALUE, STORE_PASSWORD, KEEPS)                                            \
    X(StoreType, KEPT_VALUE, STORE_TYPE, KEEPS)                                                    \
    X(Subject, SUBJECT, LC_CERT_SUBJECT, SEARCHES)                                                 \
    X(SubjectAltNames, TEXT, LC_CERT_SUBJECT_ALT_NAMES, READ_ONLY)                                 \
    X(ThumbprintMD5, TEXT, LC_CERT_THUMBPRINT_MD5, READ_ONLY)                                      \
    X(ThumbprintSHA1, TEXT, LC_CERT_THUMBPRINT_SHA1, READ_ONLY)                                    \
    X(ThumbprintSHA256, TEXT, LC_CERT_THUMBPRINT_SHA256, READ_ONLY)                                \
    X(Usage, TEXT, LC_CERT_USAGE, READ_ONLY)                                                       \
    X(UsageFlags, USAGE_FLAGS, 0, READ_ONLY)                                                       \
    X(Version, TEXT, LC_CERT_VERSION, READ_ONLY)

static const char *const field_names[] = {
#define X(name, kind, detail, access) #name,
    CERTIFICATE_FIELDS(X)
#undef X
};

static const struct row rows[] = {
#define X(name, kind, detail, access) {kind, detail, access},
    CERTIFICATE_FIELDS(X)
#undef X
};

static const struct lc_fields fields = {
    "Certificate", field_names, sizeof field_names / sizeof field_names[0]};

struct object {
    struct lc_certificate *certificate; /* held; NULL: empty */
    bool hides_subject; /* Encoded was assigned, and its private key is not in the store */
    struct lc_buf text; /* of a field that is being pushed: freed with the object if that raises */
};

/* ---- Checks ------------------------------------------------------------------------------------
 */

static void check_string(lua_State *L, int index, const char *what)
{
    bool is_secret = strcmp(what, "StorePassword") == 0;
    if (lua_type(L, index) != LUA_TSTRING) {
        lc_error_raisef(L, LC_ERROR_USAGE, "Certificate: %s takes a string, not %s", what,
            is_secret ? luaL_typename(L, index) : lc_error_describe(L, index));
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

/* ---- The object --------------------------------------------------------------------------------
 */

static struct object *check_object(lua_State *L, int index)
{
    return luaL_checkudata(L, index, NAME);
}

static void clear_text(struct object *object)
{
    if (object->text.cap > 0) {
        explicit_bzero(object->text.data, object->text.cap); /* it may be the private key */
    }
    lc_buf_free(&object->text);
}

static int collect(lua_State *L)
{
    struct object *object = check_object(L, 1);
    lc_certificate_release(object->certificate);
    object->certificate = NULL;
    clear_text(object);
    return 0;
}

static struct object *push_object(lua_State *L)
{
    luaL_checkstack(L, 4, NULL);
    struct object *object = lua_newuserdatauv(L, sizeof *object, KEPT);
    *object = (struct object){0};
    luaL_setmetatable(L, NAME);
    lua_pushliteral(L, "MY");
    lua_setiuservalue(L, -2, STORE);
    lua_pushliteral(L, "");
    lua_setiuservalue(L, -2, STORE_PASSWORD);
    lua_pushinteger(L, LC_STORE_USER);
    lua_setiuservalue(L, -2, STORE_TYPE);
    return object;
}

static void push_text(lua_State *L, struct object *object, enum lc_certificate_field field)
{
    clear_text(object);
    if (!lc_certificate_print(object->certificate, field, &object->text)) {
        struct lc_error error;
        lc_fail_memory(&error);
        lc_error_raise(L, &error);
    }
    lua_pushlstring(L, (const char *)object->text.data, object->text.len);
    clear_text(object);
}

/* ---- Loading -----------------------------------------------------------------------------------
 */

/* The store that the object at index 1 names; its strings stay on the stack. */
static struct lc_certificate_source push_store(lua_State *L, int index)
{
    struct lc_certificate_source store;
    lua_getiuservalue(L, index, STORE_TYPE);
    store.type = (int)lua_tointeger(L, -1);
    lua_getiuservalue(L, index, STORE);
    store.content = lc_text_bytes(L, -1);
    lua_getiuservalue(L, index, STORE_PASSWORD);
    store.password = lc_text_bytes(L, -1);
    return store;
}

static void replace(struct object *object, struct lc_certificate *certificate, bool hides_subject)
{
    lc_certificate_release(object->certificate);
    object->certificate = certificate;
    object->hides_subject = hides_subject;
}

/* Looks for `subject` in the store of the object at `index`; an error number. */
static int search(lua_State *L, int index, struct lc_bytes subject, struct lc_error *error)
{
    index = lua_absindex(L, index);
    struct object *object = check_object(L, index);
    struct lc_certificate_source store = push_store(L, index);
    struct lc_certificate *found = NULL;
    int code = lc_certificate_open(&store, subject, &found, error);
    lua_pop(L, 3);
    if (code == LC_OK || code == LC_ERROR_CERTIFICATE) {
        replace(object, found, false);
    }
    return code;
}

/* As the reference says: without a match Subject is "" and nothing is selected. */
static void assign_subject(lua_State *L)
{
    struct lc_error error;
    struct lc_bytes subject = lc_text_bytes(L, 3);
    if (subject.len == 0) {
        replace(check_object(L, 1), NULL, false);
        return;
    }
    int code = search(L, 1, subject, &error);
    if (code != LC_OK && code != LC_ERROR_CERTIFICATE) {
        lc_error_raise(L, &error);
    }
}

static void assign_encoded(lua_State *L)
{
    struct object *object = check_object(L, 1);
    struct lc_bytes encoded = lc_text_bytes(L, 3);
    if (encoded.len == 0) {
        replace(object, NULL, false);
        return;
    }
    struct lc_error error;
    struct lc_certificate_source store = push_store(L, 1);
    struct lc_certificate *found;
    if (lc_certificate_decode(encoded, &store, &found, &error) != LC_OK) {
        lc_error_raise(L, &error);
    }
    replace(object, found, !lc_certificate_has_key(found));
}

/* ---- Fields ------------------------------------------------------------------------------------
 */

static void push_field(lua_State *L, struct object *object, const struct row *row)
{
    const struct lc_certificate *certificate = object->certificate;
    bool is_empty = certificate == NULL;
    switch (row->kind) {
    case KEPT_VALUE:
        lua_getiuservalue(L, 1, row->detail);
        return;
    case KEY_BITS:
        lua_pushinteger(L, is_empty ? 0 : lc_certificate_key_bits(certificate));
        return;
    case USAGE_FLAGS:
        lua_pushinteger(L, is_empty ? 0 : lc_certificate_usage_flags(certificate));
        return;
    case HAS_KEY:
        lua_pushboolean(L, !is_empty && lc_certificate_has_key(certificate));
        return;
    default:
        if (is_empty || row->kind == NOTHING || (row->kind == SUBJECT && object->hides_subject)) {
            lua_pushliteral(L, "");
        } else {
            push_text(L, object, row->detail);
        }
    }
}

static int index_field(lua_State *L)
{
    struct object *object = check_object(L, 1);
    push_field(L, object, &rows[lc_fields_find(L, &fields, 2)]);
    return 1;
}

static int assign_field(lua_State *L)
{
    check_object(L, 1);
    int field = lc_fields_find(L, &fields, 2);
    const struct row *row = &rows[field];
    lua_settop(L, 3);
    if (row->access == READ_ONLY) {
        return lc_fields_read_only(L, &fields, field);
    }
    if (row->kind == KEPT_VALUE && row->detail == STORE_TYPE) {
        check_store_type(L, 3);
        lua_pushinteger(L, lua_tointeger(L, 3));
        lua_replace(L, 3);
    } else {
        check_string(L, 3, field_names[field]);
    }
    if (row->access == SEARCHES) {
        assign_subject(L);
    } else if (row->access == DECODES) {
        assign_encoded(L);
    } else {
        lua_setiuservalue(L, 1, row->detail);
    }
    return 0;
}

static int describe(lua_State *L)
{
    struct object *object = check_object(L, 1);
    if (object->certificate == NULL) {
        lua_pushliteral(L, "Certificate (empty)");
        return 1;
    }
    if (object->certificate->chain_len == 0) {
        lua_pushliteral(L, "Certificate (a key without a certificate)");
        return 1;
    }
    push_text(L, object, LC_CERT_SUBJECT);
    lua_pushfstring(L, "Certificate (%s)", lua_tostring(L, -1));
    return 1;
}

/* ---- What others use ---------------------------------------------------------------------------
 */

void lc_certificate_push_empty(lua_State *L)
{
    push_object(L);
}

void lc_certificate_push(lua_State *L, struct lc_certificate *certificate)
{
    push_object(L)->certificate = lc_certificate_hold(certificate);
}

struct lc_certificate *lc_certificate_get(lua_State *L, int index)
{
    return check_object(L, index)->certificate;
}

bool lc_certificate_is(lua_State *L, int index)
{
    return luaL_testudata(L, index, NAME) != NULL;
}

static int new_from_encoded(lua_State *L)
{
    struct lc_error error;
    struct object *object = push_object(L);
    if (lc_certificate_decode(lc_text_bytes(L, 1), NULL, &object->certificate, &error) != LC_OK) {
        return lc_error_raise(L, &error);
    }
    return 1;
}

/* At 1 to 4: type, store, password, subject. */
static int new_from_store(lua_State *L)
{
    struct lc_error error;
    push_object(L);
    lua_pushinteger(L, lua_tointeger(L, 1));
    lua_setiuservalue(L, 5, STORE_TYPE);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 5, STORE);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, 5, STORE_PASSWORD);
    if (search(L, 5, lc_text_bytes(L, 4), &error) != LC_OK) {
        return lc_error_raise(L, &error);
    }
    return 1;
}

/* Puts the default in place of an argument that is nil or not there. */
static void check_optional(lua_State *L, int index, const char *what, const char *by_default)
{
    if (lua_isnil(L, index)) {
        lua_pushstring(L, by_default);
        lua_replace(L, index);
    }
    check_string(L, index, what);
}

int lc_certificate_new(lua_State *L)
{
    int count = lua_gettop(L);
    if (count == 0) {
        lc_certificate_push_empty(L);
        return 1;
    }
    if (count == 1 && lua_type(L, 1) == LUA_TSTRING) {
        return new_from_encoded(L);
    }
    if (lua_type(L, 1) != LUA_TNUMBER || count > 4) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "Certificate takes nothing, (encoded) or (storeType, store, password, subject)");
    }
    lua_settop(L, 4);
    check_store_type(L, 1);
    check_string(L, 2, "Store");
    check_optional(L, 3, "StorePassword", "");
    check_optional(L, 4, "Subject", "*");
    return new_from_store(L);
}

void lc_certificate_register(lua_State *L)
{
    if (luaL_newmetatable(L, NAME)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, describe);
        lua_setfield(L, -2, "__tostring");
        lc_fields_push_function(L, &fields, index_field);
        lua_setfield(L, -2, "__index");
        lc_fields_push_function(L, &fields, assign_field);
        lua_setfield(L, -2, "__newindex");
    }
    lua_pop(L, 1);
}
