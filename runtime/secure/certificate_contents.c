/* Gathers what a store holds; see certificate_contents.h. */
#include "secure/certificate_contents.h"

#include "base/memory.h"

enum { FIRST_ROOM = 8 };

/*
 * The array with room for one more item, or NULL. The room is FIRST_ROOM times a power of two: such
 * a count means that it is full.
 */
static void *grown(void *array, size_t count, size_t item)
{
    bool is_full = count % FIRST_ROOM == 0 && (count & (count - 1)) == 0;
    return is_full ? lc_realloc(array, (count == 0 ? FIRST_ROOM : 2 * count) * item) : array;
}

int lc_contents_add_certificate(
    struct lc_contents *contents, struct lc_bytes der, struct lc_error *error)
{
    gnutls_x509_crt_t x509 = lc_x509_of(der);
    if (x509 == NULL) {
        return lc_fail(
            error, LC_ERROR_CERTIFICATE_STORE, "a certificate in it is damaged or cut off");
    }
    gnutls_x509_crt_deinit(x509);
    struct lc_bytes *all =
        grown(contents->certificates, contents->certificate_count, sizeof *contents->certificates);
    if (all == NULL) {
        return lc_fail_memory(error);
    }
    contents->certificates = all;
    struct lc_bytes copy = lc_bytes(lc_copy(der.data, der.len), der.len);
    if (copy.data == NULL) {
        return lc_fail_memory(error);
    }
    all[contents->certificate_count++] = copy;
    return LC_OK;
}

static void free_key(struct lc_found_key *key)
{
    lc_bytes_free(&key->spki);
    lc_secret_free(&key->key);
    lc_free(key->url);
    lc_free(key->name);
}

static int fail_key(struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
        "a key in it cannot be taken over: damaged, of a kind not read here, or no memory");
}

/* Takes `key` over, also when it fails. */
static int add_key(
    struct lc_contents *contents, struct lc_found_key key, const char *name, struct lc_error *error)
{
    if (name != NULL) {
        key.name = lc_copy(name, strlen(name));
    }
    struct lc_found_key *all = grown(contents->keys, contents->key_count, sizeof key);
    if (all != NULL) {
        contents->keys = all;
    }
    if (all == NULL || (name != NULL && key.name == NULL)) {
        free_key(&key);
        return lc_fail_memory(error);
    }
    all[contents->key_count++] = key;
    return LC_OK;
}

int lc_contents_add_private(struct lc_contents *contents, gnutls_privkey_t private,
    const char *name, struct lc_error *error)
{
    struct lc_found_key key = {0};
    if (!lc_spki_of_private(private, &key.spki) || !lc_pkcs8_of(private, &key.key)) {
        free_key(&key);
        return fail_key(error);
    }
    return add_key(contents, key, name, error);
}

int lc_contents_add_public(
    struct lc_contents *contents, gnutls_pubkey_t public, const char *name, struct lc_error *error)
{
    struct lc_found_key key = {0};
    if (!lc_spki_of_public(public, &key.spki)) {
        return fail_key(error);
    }
    return add_key(contents, key, name, error);
}

int lc_contents_add_token_key(struct lc_contents *contents, struct lc_bytes spki, const char *url,
    const char *name, struct lc_error *error)
{
    struct lc_found_key key = {.url = lc_copy(url, strlen(url))};
    if (key.url == NULL || !lc_spki_copy(spki, &key.spki)) {
        free_key(&key);
        return lc_fail_memory(error);
    }
    return add_key(contents, key, name, error);
}

void lc_contents_free(struct lc_contents *contents)
{
    for (size_t i = 0; i < contents->certificate_count; i++) {
        lc_bytes_free(&contents->certificates[i]);
    }
    for (size_t i = 0; i < contents->key_count; i++) {
        free_key(&contents->keys[i]);
    }
    lc_free(contents->certificates);
    lc_free(contents->keys);
    *contents = (struct lc_contents){0};
}
