/* Keys and hashes as text; see certificate_print.h. */
#include "secure/certificate_print.h"

#include <gnutls/crypto.h>

bool lc_hex_print(struct lc_bytes bytes, const char *separator, struct lc_buf *out)
{
    bool ok = true;
    for (size_t i = 0; ok && i < bytes.len; i++) {
        ok = lc_buf_printf(out, "%s%02x", i == 0 ? "" : separator, bytes.data[i]);
    }
    return ok;
}

bool lc_hash_print(int algorithm, struct lc_bytes bytes, const char *separator, struct lc_buf *out)
{
    uint8_t hash[32];
    gnutls_digest_algorithm_t digest = (gnutls_digest_algorithm_t)algorithm;
    return gnutls_hash_fast(digest, bytes.data, bytes.len, hash) == 0 &&
           lc_hex_print(lc_bytes(hash, gnutls_hash_get_len(digest)), separator, out);
}

bool lc_pem_print(const char *label, struct lc_bytes der, struct lc_buf *out)
{
    gnutls_datum_t data = lc_datum(der), text = {0};
    if (gnutls_pem_base64_encode2(label, &data, &text) < 0) {
        return false;
    }
    bool ok = lc_buf_append(out, text.data, text.size);
    gnutls_memset(text.data, 0, text.size);
    gnutls_free(text.data);
    return ok;
}

/* ---- SSH ---------------------------------------------------------------------------------------
 */

static bool append_length(struct lc_buf *out, size_t len)
{
    const uint8_t bytes[] = {
        (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    return lc_buf_append(out, bytes, sizeof bytes);
}

static bool append_string(struct lc_buf *out, struct lc_bytes text)
{
    return append_length(out, text.len) && lc_buf_append(out, text.data, text.len);
}

static bool append_rsa(gnutls_pubkey_t key, struct lc_buf *out)
{
    gnutls_datum_t n = {0}, e = {0};
    /* With a zero byte in front where the number would else be negative, as SSH wants them. */
    bool ok = gnutls_pubkey_export_rsa_raw2(key, &n, &e, 0) == 0 &&
              append_string(out, lc_bytes_text("ssh-rsa")) &&
              append_string(out, lc_datum_bytes(e)) && append_string(out, lc_datum_bytes(n));
    gnutls_free(n.data);
    gnutls_free(e.data);
    return ok;
}

static const struct curve {
    gnutls_ecc_curve_t curve;
    const char *algorithm, *name;
} curves[] = {
    {GNUTLS_ECC_CURVE_SECP256R1, "ecdsa-sha2-nistp256", "nistp256"},
    {GNUTLS_ECC_CURVE_SECP384R1, "ecdsa-sha2-nistp384", "nistp384"},
    {GNUTLS_ECC_CURVE_SECP521R1, "ecdsa-sha2-nistp521", "nistp521"},
    {GNUTLS_ECC_CURVE_ED25519, "ssh-ed25519", NULL},
    {GNUTLS_ECC_CURVE_ED448, "ssh-ed448", NULL},
};

static const struct curve *find_curve(gnutls_ecc_curve_t curve)
{
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (curves[i].curve == curve) {
            return &curves[i];
        }
    }
    return NULL;
}

/* A coordinate, with zero bytes in front up to the size of the field. */
static bool append_coordinate(struct lc_buf *out, gnutls_datum_t number, size_t size)
{
    bool ok = number.size <= size;
    for (size_t i = number.size; ok && i < size; i++) {
        ok = lc_buf_append(out, "", 1);
    }
    return ok && lc_buf_append(out, number.data, number.size);
}

static bool append_point(
    struct lc_buf *out, const struct curve *curve, gnutls_datum_t x, gnutls_datum_t y)
{
    if (!append_string(out, lc_bytes_text(curve->algorithm))) {
        return false;
    }
    if (curve->name == NULL) {
        return append_string(out, lc_datum_bytes(x));
    }
    size_t size = ((size_t)gnutls_ecc_curve_get_size(curve->curve));
    return append_string(out, lc_bytes_text(curve->name)) && append_length(out, 1 + 2 * size) &&
           lc_buf_append(out, "\4", 1) && append_coordinate(out, x, size) &&
           append_coordinate(out, y, size);
}

static bool append_ecc(gnutls_pubkey_t key, struct lc_buf *out)
{
    gnutls_datum_t x = {0}, y = {0};
    gnutls_ecc_curve_t id;
    bool ok = gnutls_pubkey_export_ecc_raw2(key, &id, &x, &y, GNUTLS_EXPORT_FLAG_NO_LZ) == 0;
    const struct curve *curve = ok ? find_curve(id) : NULL;
    ok = ok && (curve == NULL || append_point(out, curve, x, y));
    gnutls_free(x.data);
    gnutls_free(y.data);
    return ok;
}

bool lc_ssh_append(gnutls_pubkey_t key, struct lc_buf *out)
{
    switch (gnutls_pubkey_get_pk_algorithm(key, NULL)) {
    case GNUTLS_PK_RSA:
        return append_rsa(key, out);
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
        return append_ecc(key, out);
    default:
        return true;
    }
}
