/* The life of certificate objects; see certificate.h. Stores are opened in certificate_open.c. */
#include "secure/certificate.h"

#include "base/memory.h"
#include "secure/certificate_contents.h"

static void free_certificate(struct lc_certificate *certificate)
{
    lc_bytes_free(&certificate->spki);
    lc_secret_free(&certificate->key);
    lc_free(certificate->key_url);
    if (certificate->pin != NULL) {
        struct lc_bytes pin = lc_bytes_text(certificate->pin);
        lc_secret_free(&pin);
    }
    for (size_t i = 0; i < certificate->chain_len; i++) {
        lc_bytes_free(&certificate->chain[i]);
    }
    lc_free(certificate);
}

static bool copy_bytes(struct lc_bytes *out, struct lc_bytes bytes)
{
    *out = lc_bytes(lc_copy(bytes.data, bytes.len), bytes.len);
    return out->data != NULL;
}

static bool copy_key(
    struct lc_certificate *certificate, const struct lc_found_key *key, struct lc_bytes pin)
{
    if (key->url != NULL) {
        certificate->key_url = lc_copy(key->url, strlen(key->url));
        certificate->pin = lc_copy(pin.data, pin.len);
        return certificate->key_url != NULL && certificate->pin != NULL;
    }
    return key->key.len == 0 || copy_bytes(&certificate->key, key->key);
}

struct lc_certificate *lc_certificate_make(const struct lc_bytes *chain, size_t count,
    struct lc_bytes spki, const struct lc_found_key *key, struct lc_bytes pin)
{
    struct lc_certificate *certificate = lc_zalloc(sizeof *certificate);
    if (certificate == NULL) {
        return NULL;
    }
    certificate->refs = 1;
    certificate->key_kind = (uint8_t)lc_key_kind_of(spki);
    bool ok = certificate->key_kind != LC_KEY_NONE && copy_bytes(&certificate->spki, spki) &&
              (key == NULL || copy_key(certificate, key, pin));
    for (size_t i = 0; ok && i < count && i < LC_CHAIN_MAX; i++) {
        ok = copy_bytes(&certificate->chain[i], chain[i]);
        certificate->chain_len += ok;
    }
    if (!ok) {
        free_certificate(certificate);
        return NULL;
    }
    return certificate;
}

struct lc_certificate *lc_certificate_from_chain(const struct lc_bytes *chain, size_t count)
{
    struct lc_bytes spki = {0};
    if (count == 0 || !lc_spki_of_certificate(chain[0], &spki)) {
        return NULL;
    }
    struct lc_certificate *certificate =
        lc_certificate_make(chain, count, spki, NULL, lc_bytes(NULL, 0));
    lc_bytes_free(&spki);
    return certificate;
}

/* Takes one DER element off; false when it is not whole. */
static bool take_der(struct lc_bytes *rest, struct lc_bytes *out)
{
    size_t header = 2, len;
    if (rest->len < 2) {
        return false;
    }
    len = rest->data[1];
    if (len >= 0x80) {
        size_t count = len & 0x7f;
        if (count > 3 || rest->len < 2 + count) {
            return false;
        }
        len = 0;
        for (size_t i = 0; i < count; i++) {
            len = len << 8 | rest->data[2 + i];
        }
        header += count;
    }
    if (rest->len - header < len) {
        return false;
    }
    *out = lc_bytes(rest->data, header + len);
    *rest = lc_bytes(rest->data + out->len, rest->len - out->len);
    return true;
}

struct lc_bytes lc_certificate_first(struct lc_bytes bundle)
{
    struct lc_bytes first = {0};
    return take_der(&bundle, &first) ? first : lc_bytes(NULL, 0);
}

struct lc_certificate *lc_certificate_from_bundle(struct lc_bytes bundle)
{
    struct lc_bytes chain[LC_CHAIN_MAX];
    size_t count = 0;
    while (count < LC_CHAIN_MAX && take_der(&bundle, &chain[count])) {
        count++;
    }
    return lc_certificate_from_chain(chain, count);
}

struct lc_certificate *lc_certificate_from_spki(struct lc_bytes spki)
{
    struct lc_bytes canonical = {0};
    if (!lc_spki_copy(spki, &canonical)) {
        return NULL;
    }
    struct lc_certificate *certificate =
        lc_certificate_make(NULL, 0, canonical, NULL, lc_bytes(NULL, 0));
    lc_bytes_free(&canonical);
    return certificate;
}

struct lc_certificate *lc_certificate_hold(struct lc_certificate *certificate)
{
    if (certificate != NULL) {
        certificate->refs++;
    }
    return certificate;
}

void lc_certificate_release(struct lc_certificate *certificate)
{
    if (certificate != NULL && --certificate->refs == 0) {
        free_certificate(certificate);
    }
}
