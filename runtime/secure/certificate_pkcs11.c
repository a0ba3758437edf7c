/* PKCS #11 tokens: their certificates, and the URLs (RFC 7512) of keys that never leave them. */
#include <gnutls/pkcs11.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/memory.h"
#include "secure/certificate_contents.h"

struct search {
    const char *password;
    struct lc_contents *contents;
    struct lc_error *error;
};

/* A wrong PIN is tried once: tokens lock themselves after a few. */
static int tell_pin(void *arg, int attempt, const char *token_url, const char *label,
    unsigned flags, char *pin, size_t room)
{
    (void)token_url;
    (void)label;
    (void)flags;
    const char *password = arg;
    size_t len = strlen(password);
    if (attempt > 0 || len == 0 || len >= room) {
        return -1;
    }
    memcpy(pin, password, len + 1);
    return 0;
}

static int fail_token(int code, const struct search *search)
{
    if (code == GNUTLS_E_PKCS11_PIN_ERROR || code == GNUTLS_E_PKCS11_PIN_LOCKED ||
        code == GNUTLS_E_PKCS11_PIN_EXPIRED) {
        return lc_fail(search->error, LC_ERROR_CERTIFICATE_STORE,
            "the token refuses StorePassword as its PIN: %s", gnutls_strerror(code));
    }
    return lc_fail(search->error, LC_ERROR_CERTIFICATE_STORE, "the token cannot be read: %s",
        gnutls_strerror(code));
}

/* ---- Objects -----------------------------------------------------------------------------------
 */

typedef int object_taker(gnutls_pkcs11_obj_t object, const struct search *search);

static int take_certificate(gnutls_pkcs11_obj_t object, const struct search *search)
{
    gnutls_datum_t der = {0};
    int code = gnutls_pkcs11_obj_export3(object, GNUTLS_X509_FMT_DER, &der);
    if (code < 0) {
        return fail_token(code, search);
    }
    code = lc_contents_add_certificate(search->contents, lc_datum_bytes(der), search->error);
    gnutls_free(der.data);
    return code;
}

static bool spki_of_url(const char *url, struct lc_bytes *out)
{
    gnutls_privkey_t key;
    if (gnutls_privkey_init(&key) < 0) {
        return false;
    }
    bool ok = gnutls_privkey_import_url(key, url, 0) == 0 && lc_spki_of_private(key, out);
    gnutls_privkey_deinit(key);
    return ok;
}

static int take_key(gnutls_pkcs11_obj_t object, const struct search *search)
{
    char *url = NULL, label[256];
    size_t len = sizeof label;
    if (gnutls_pkcs11_obj_export_url(object, GNUTLS_PKCS11_URL_GENERIC, &url) < 0) {
        return lc_fail_memory(search->error);
    }
    bool has_label = gnutls_pkcs11_obj_get_info(object, GNUTLS_PKCS11_OBJ_LABEL, label, &len) == 0;
    struct lc_bytes spki = {0};
    int code = LC_OK; /* a key whose public half the token does not show is of no use */
    if (spki_of_url(url, &spki)) {
        code = lc_contents_add_token_key(
            search->contents, spki, url, has_label ? label : NULL, search->error);
    }
    lc_bytes_free(&spki);
    gnutls_free(url);
    return code;
}

static int each_object(
    const char *url, unsigned flags, object_taker *take, const struct search *search)
{
    gnutls_pkcs11_obj_t *objects = NULL;
    unsigned count = 0;
    int code = gnutls_pkcs11_obj_list_import_url4(&objects, &count, url, flags);
    if (code < 0 && code != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
        return fail_token(code, search);
    }
    code = LC_OK;
    for (unsigned i = 0; i < count; i++) {
        if (code == LC_OK) {
            code = take(objects[i], search);
        }
        gnutls_pkcs11_obj_deinit(objects[i]);
    }
    gnutls_free(objects);
    return code;
}

/* ---- URLs --------------------------------------------------------------------------------------
 */

static bool begins(struct lc_bytes text, const char *start)
{
    return text.len >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

/* Appends `url` without its type, and without the label of an object if told so. */
static bool widen(struct lc_bytes url, bool without_label, struct lc_buf *out)
{
    const uint8_t *query = url.len == 0 ? NULL : memchr(url.data, '?', url.len);
    size_t path_len = query == NULL ? url.len : (size_t)(query - url.data);
    size_t scheme = strlen("pkcs11:");
    bool ok = lc_buf_append(out, url.data, scheme);
    for (size_t at = scheme, len; at < path_len; at += len + 1) {
        const uint8_t *semicolon = memchr(url.data + at, ';', path_len - at);
        len = semicolon == NULL ? path_len - at : (size_t)(semicolon - url.data) - at;
        struct lc_bytes part = lc_bytes(url.data + at, len);
        if (begins(part, "type=") || (without_label && begins(part, "object="))) {
            continue;
        }
        ok = ok && (out->len == scheme || lc_buf_append(out, ";", 1)) &&
             lc_buf_append(out, part.data, part.len);
    }
    return ok && lc_buf_append(out, url.data + path_len, url.len - path_len) &&
           lc_buf_append(out, "", 1);
}

/*
 * The certificates that a URL stands for, and their keys, which may have another label: on cards
 * after FIPS 201 they do. Without certificates, the keys that it stands for.
 */
static int search_url(struct lc_bytes url, const struct search *search)
{
    struct lc_buf certificates = {0}, keys = {0};
    size_t before = search->contents->certificate_count;
    int code = LC_OK;
    if (widen(url, false, &certificates)) {
        code = each_object(
            (char *)certificates.data, GNUTLS_PKCS11_OBJ_FLAG_CRT, take_certificate, search);
    }
    bool found = search->contents->certificate_count > before;
    if (certificates.data == NULL || !widen(url, found, &keys)) {
        code = lc_fail_memory(search->error);
    }
    if (code == LC_OK) {
        unsigned login = search->password[0] == '\0' ? 0 : GNUTLS_PKCS11_OBJ_FLAG_LOGIN;
        code = each_object(
            (char *)keys.data, GNUTLS_PKCS11_OBJ_FLAG_PRIVKEY | login, take_key, search);
    }
    lc_buf_free(&certificates);
    lc_buf_free(&keys);
    return code;
}

/* ---- Modules -----------------------------------------------------------------------------------
 */

static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* The tokens of one module alone: others may be loaded that have hundreds of certificates. */
static int search_module(const char *path, const struct search *search)
{
    int code = gnutls_pkcs11_add_provider(path, NULL);
    if (code < 0) {
        return lc_fail(search->error, LC_ERROR_CERTIFICATE_STORE,
            "%s cannot be loaded as a PKCS #11 module; a URL (pkcs11:token=...) or the path of a "
            "module is wanted: %s",
            path, gnutls_strerror(code));
    }
    char *url, module[512];
    code = LC_OK;
    for (unsigned i = 0; code == LC_OK && gnutls_pkcs11_token_get_url(i, 0, &url) == 0; i++) {
        size_t len = sizeof module;
        if (gnutls_pkcs11_token_get_info(url, GNUTLS_PKCS11_TOKEN_MODNAME, module, &len) == 0 &&
            is_same_file(module, path)) {
            code = search_url(lc_bytes_text(url), search);
        }
        gnutls_free(url);
    }
    return code;
}

int lc_read_pkcs11(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    struct search search = {password, contents, error};
    gnutls_pkcs11_set_pin_function(tell_pin, (void *)password);
    int code;
    if (begins(data, "pkcs11:")) {
        code = search_url(data, &search);
    } else {
        char *path = lc_copy(data.data, data.len);
        code = path == NULL ? lc_fail_memory(error) : search_module(path, &search);
        lc_free(path);
    }
    gnutls_pkcs11_set_pin_function(NULL, NULL);
    if (code == LC_OK && contents->certificate_count + contents->key_count == 0) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "no token with a certificate or a key is found for it; private keys are seen only when "
            "StorePassword is the PIN");
    }
    return code;
}
