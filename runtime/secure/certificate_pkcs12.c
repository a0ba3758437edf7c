/* PFX, also known as PKCS #12 (RFC 7292): all bags, so that one of several keys can be chosen. */
#include <gnutls/pkcs12.h>

#include "secure/certificate_contents.h"

static int damaged(int code, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "it is no PFX (PKCS #12), or damaged: %s",
        gnutls_strerror(code));
}

static int wrong_password(const char *password, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s",
        password[0] == '\0' ? "it is encrypted: StorePassword has to be set"
                            : "StorePassword is wrong, or it is damaged");
}

static int take_item(gnutls_pkcs12_bag_t bag, unsigned item, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    gnutls_datum_t data;
    int type = gnutls_pkcs12_bag_get_type(bag, item);
    int code = gnutls_pkcs12_bag_get_data(bag, item, &data);
    if (type < 0 || code < 0) {
        return damaged(type < 0 ? type : code, error);
    }
    switch (type) {
    case GNUTLS_BAG_CERTIFICATE:
        return lc_contents_add_certificate(contents, lc_datum_bytes(data), error);
    case GNUTLS_BAG_PKCS8_KEY:
    case GNUTLS_BAG_PKCS8_ENCRYPTED_KEY:
        return lc_read_private(
            lc_datum_bytes(data), GNUTLS_X509_FMT_DER, password, contents, error);
    default: /* revocation lists, secrets of others */
        return LC_OK;
    }
}

static int take_bag(gnutls_pkcs12_bag_t bag, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    if (gnutls_pkcs12_bag_get_type(bag, 0) == GNUTLS_BAG_ENCRYPTED &&
        gnutls_pkcs12_bag_decrypt(bag, password) < 0) {
        return wrong_password(password, error);
    }
    int count = gnutls_pkcs12_bag_get_count(bag);
    int code = LC_OK;
    for (int i = 0; code == LC_OK && i < count; i++) {
        code = take_item(bag, (unsigned)i, password, contents, error);
    }
    return code;
}

static int take_bags(
    gnutls_pkcs12_t pfx, const char *password, struct lc_contents *contents, struct lc_error *error)
{
    for (int i = 0;; i++) {
        gnutls_pkcs12_bag_t bag;
        if (gnutls_pkcs12_bag_init(&bag) < 0) {
            return lc_fail_memory(error);
        }
        int code = gnutls_pkcs12_get_bag(pfx, i, bag);
        bool is_end = code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
        if (code == 0) {
            code = take_bag(bag, password, contents, error);
        } else if (!is_end) {
            code = damaged(code, error);
        }
        gnutls_pkcs12_bag_deinit(bag);
        if (is_end || code != LC_OK) {
            return is_end ? LC_OK : code;
        }
    }
}

int lc_read_pkcs12(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    gnutls_pkcs12_t pfx;
    if (gnutls_pkcs12_init(&pfx) < 0) {
        return lc_fail_memory(error);
    }
    gnutls_datum_t datum = lc_datum(data);
    int code = gnutls_pkcs12_import(pfx, &datum, GNUTLS_X509_FMT_DER, 0);
    if (code < 0) {
        code = damaged(code, error);
    } else if (gnutls_pkcs12_verify_mac(pfx, password) == GNUTLS_E_MAC_VERIFY_FAILED) {
        code = wrong_password(password, error);
    } else {
        /* A file without a MAC is read too: what is encrypted in it tells a wrong password. */
        code = take_bags(pfx, password, contents, error);
    }
    gnutls_pkcs12_deinit(pfx);
    return code;
}
