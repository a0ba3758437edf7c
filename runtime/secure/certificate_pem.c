/* PEM (RFC 7468): certificates and keys, each in a block of its own, anything between them. */
#include "base/base64.h"
#include "base/memory.h"
#include "secure/certificate_contents.h"

struct block {
    struct lc_bytes label; /* "CERTIFICATE" */
    struct lc_bytes body;  /* between the two lines */
    struct lc_bytes text;  /* with both */
};

static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

/* Where `text` goes on behind the next `what`; data NULL: it is not there. */
static struct lc_bytes behind(struct lc_bytes text, const char *what)
{
    size_t len = strlen(what);
    const uint8_t *at = text.len == 0 ? NULL : memmem(text.data, text.len, what, len);
    if (at == NULL) {
        return lc_bytes(NULL, 0);
    }
    return lc_bytes(at + len, (size_t)(text.data + text.len - (at + len)));
}

/* Takes the next block off `rest`. 0: there is none; -1: one has no end. */
static int next_block(struct lc_bytes *rest, struct block *out)
{
    struct lc_bytes label = behind(*rest, begin);
    if (label.data == NULL) {
        return 0;
    }
    struct lc_bytes body = behind(label, dashes);
    struct lc_bytes tail = behind(body, end);
    *rest = behind(tail, dashes);
    if (rest->data == NULL) {
        return -1;
    }
    const uint8_t *start = label.data - strlen(begin);
    out->label = lc_bytes(label.data, label.len - body.len - strlen(dashes));
    out->body = lc_bytes(body.data, body.len - tail.len - strlen(end));
    out->text = lc_bytes(start, (size_t)(rest->data - start));
    return 1;
}

/* In memory of its own, to be freed with lc_secret_free(). */
static int decode(const struct block *block, struct lc_bytes *out, struct lc_error *error)
{
    size_t room = block->body.len / 4 * 3 + 3;
    uint8_t *der = lc_alloc(room);
    if (der == NULL) {
        return lc_fail_memory(error);
    }
    long len = lc_base64_decode(block->body, der);
    if (len < 0) {
        explicit_bzero(der, room);
        lc_free(der);
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "what stands after BEGIN %.*s is no base64", (int)block->label.len, block->label.data);
    }
    *out = lc_bytes(der, (size_t)len);
    return LC_OK;
}

typedef int take(const struct block *block, const char *password, struct lc_contents *contents,
    struct lc_error *error);

static int take_certificate(const struct block *block, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    (void)password;
    struct lc_bytes der;
    int code = decode(block, &der, error);
    if (code == LC_OK) {
        code = lc_contents_add_certificate(contents, der, error);
        lc_secret_free(&der);
    }
    return code;
}

static int take_private(const struct block *block, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    return lc_read_private(block->text, GNUTLS_X509_FMT_PEM, password, contents, error);
}

static int take_public(const struct block *block, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    (void)password;
    struct lc_bytes der;
    int code = decode(block, &der, error);
    if (code != LC_OK) {
        return code;
    }
    gnutls_pubkey_t public = lc_public_of(der);
    if (public == NULL) {
        code = lc_fail(
            error, LC_ERROR_CERTIFICATE_STORE, "the public key in it is damaged or cut off");
    } else {
        code = lc_contents_add_public(contents, public, NULL, error);
    }
    gnutls_pubkey_deinit(public);
    lc_secret_free(&der);
    return code;
}

/* Blocks with other labels (parameters of curves, requests) are let alone. */
static const struct {
    const char *label;
    take *take;
    const char *instead;
} labels[] = {
    {"CERTIFICATE", take_certificate, NULL},
    {"X509 CERTIFICATE", take_certificate, NULL},
    {"PRIVATE KEY", take_private, NULL},
    {"ENCRYPTED PRIVATE KEY", take_private, NULL},
    {"RSA PRIVATE KEY", take_private, NULL},
    {"EC PRIVATE KEY", take_private, NULL},
    {"DSA PRIVATE KEY", take_private, NULL},
    {"PUBLIC KEY", take_public, NULL},
    {"TRUSTED CERTIFICATE", NULL, "openssl x509 makes a CERTIFICATE of it"},
    {"RSA PUBLIC KEY", NULL, "openssl rsa -RSAPublicKey_in -pubout makes a PUBLIC KEY of it"},
    {"OPENSSH PRIVATE KEY", NULL, "ssh-keygen -p -m PKCS8 makes a PRIVATE KEY of it"},
    {"PKCS7", NULL, "openssl pkcs7 -print_certs makes CERTIFICATEs of it"},
};

static int take_block(const struct block *block, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (!lc_bytes_is(block->label, labels[i].label)) {
            continue;
        }
        if (labels[i].take == NULL) {
            return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s is not read here; %s",
                labels[i].label, labels[i].instead);
        }
        return labels[i].take(block, password, contents, error);
    }
    return LC_OK;
}

bool lc_is_pem(struct lc_bytes data)
{
    return behind(data, begin).data != NULL;
}

int lc_read_pem(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    struct block block;
    int found, code = LC_OK;
    while (code == LC_OK && (found = next_block(&data, &block)) != 0) {
        if (found < 0) {
            return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
                "it is cut off: a line with BEGIN has no line with END after it");
        }
        code = take_block(&block, password, contents, error);
    }
    if (code == LC_OK && contents->certificate_count + contents->key_count == 0) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "no certificate and no key is in it");
    }
    return code;
}

int lc_read_pem_or_der(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    lc_container_reader *read = lc_is_pem(data) ? lc_read_pem : lc_read_der;
    return read(data, password, contents, error);
}

static bool is_certificate(const struct block *block)
{
    return lc_bytes_is(block->label, "CERTIFICATE") ||
           lc_bytes_is(block->label, "X509 CERTIFICATE");
}

/* Gathers the certificates alone: keys beside them are not looked at. */
static int gather(struct lc_bytes pem, struct lc_contents *contents, struct lc_error *error)
{
    struct block block;
    int found, code = LC_OK;
    while (code == LC_OK && (found = next_block(&pem, &block)) != 0) {
        if (found < 0) {
            return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
                "certificate %zu is cut off: it has no line with END",
                contents->certificate_count + 1);
        }
        if (is_certificate(&block)) {
            code = take_certificate(&block, NULL, contents, error);
        }
    }
    return code;
}

int lc_certificate_list(
    struct lc_bytes pem, struct lc_bytes out[], size_t room, struct lc_error *error)
{
    struct lc_contents contents = {0};
    int code = gather(pem, &contents, error);
    if (code == LC_OK && contents.certificate_count > room) {
        code = lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "%zu certificates are given, but at most %zu are taken", contents.certificate_count,
            room);
    }
    int count = -1;
    if (code == LC_OK) {
        count = (int)contents.certificate_count;
        for (int i = 0; i < count; i++) {
            out[i] = contents.certificates[i];
        }
        contents.certificate_count = 0; /* `out` owns them now */
    }
    lc_contents_free(&contents);
    return count;
}
