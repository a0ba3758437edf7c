/* Private keys as PKCS #8 (RFC 5958). */
#include "base/memory.h"
#include "secure/certificate_key.h"

/* ---- EC keys -----------------------------------------------------------------------------------
 * GnuTLS writes the number of an EC key as a signed integer, a byte longer or shorter than RFC 5915
 * section 3 wants it; so these are put together here.
 */

/* DER, written from its end to its start; `at` counts down, 0: it was too long. */
struct writer {
    uint8_t bytes[512];
    size_t at;
};

static void put(struct writer *writer, struct lc_bytes bytes)
{
    if (bytes.len >= writer->at) {
        writer->at = 0;
        return;
    }
    writer->at -= bytes.len;
    memcpy(writer->bytes + writer->at, bytes.data, bytes.len);
}

/* Puts tag and length in front of all that was written since `end`. */
static void wrap(struct writer *writer, uint8_t tag, size_t end)
{
    size_t len = end - writer->at;
    const uint8_t short_form[] = {tag, (uint8_t)len};
    const uint8_t middle_form[] = {tag, 0x81, (uint8_t)len};
    const uint8_t long_form[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    if (len < 0x80) {
        put(writer, lc_bytes(short_form, sizeof short_form));
    } else if (len < 0x100) {
        put(writer, lc_bytes(middle_form, sizeof middle_form));
    } else {
        put(writer, lc_bytes(long_form, sizeof long_form));
    }
}

/* Where the element at the start of `der` ends; its content begins at `*content`. 0: no DER. */
static size_t element(struct lc_bytes der, size_t *content)
{
    if (der.len < 2) {
        return 0;
    }
    size_t count = der.data[1] < 0x80 ? 0 : der.data[1] - 0x80u, len = count == 0 ? der.data[1] : 0;
    if (count > 2 || der.len < 2 + count) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        len = len << 8 | der.data[2 + i];
    }
    *content = 2 + count;
    return len > der.len - *content ? 0 : *content + len;
}

enum { INTEGER = 0x02, OCTET_STRING = 0x04, SEQUENCE = 0x30, PUBLIC_KEY = 0xa1 };

/* `algorithm` and `point` as the SubjectPublicKeyInfo has them: an EC key names its curve there. */
static void write_ec(
    struct writer *writer, struct lc_bytes algorithm, struct lc_bytes point, struct lc_bytes number)
{
    static const uint8_t version_0[] = {INTEGER, 1, 0}, version_1[] = {INTEGER, 1, 1};
    const size_t end = sizeof writer->bytes;
    writer->at = end;
    put(writer, point);
    wrap(writer, PUBLIC_KEY, end);
    size_t after_number = writer->at;
    put(writer, number);
    wrap(writer, OCTET_STRING, after_number);
    put(writer, lc_bytes(version_1, sizeof version_1));
    wrap(writer, SEQUENCE, end);
    wrap(writer, OCTET_STRING, end);
    put(writer, algorithm);
    put(writer, lc_bytes(version_0, sizeof version_0));
    wrap(writer, SEQUENCE, end);
}

static bool ec_of(struct lc_bytes spki, struct lc_bytes number, struct lc_bytes *out)
{
    size_t start = 0, skipped;
    if (element(spki, &start) != spki.len) {
        return false;
    }
    struct lc_bytes content = lc_bytes(spki.data + start, spki.len - start);
    size_t len = element(content, &skipped);
    struct writer writer;
    write_ec(&writer, lc_bytes(content.data, len), lc_bytes(content.data + len, content.len - len),
        number);
    size_t size = sizeof writer.bytes - writer.at;
    *out = writer.at == 0 ? lc_bytes(NULL, 0)
                          : lc_bytes(lc_copy(writer.bytes + writer.at, size), size);
    explicit_bzero(&writer, sizeof writer);
    return out->data != NULL;
}

static bool of_ec(gnutls_privkey_t key, struct lc_bytes *out)
{
    enum { LONGEST = 66 };
    gnutls_ecc_curve_t curve;
    gnutls_datum_t number = {0};
    struct lc_bytes spki = {0};
    if (gnutls_privkey_export_ecc_raw2(key, &curve, NULL, NULL, &number, GNUTLS_EXPORT_FLAG_NO_LZ) <
        0) {
        return false;
    }
    uint8_t padded[LONGEST] = {0};
    size_t size = (size_t)gnutls_ecc_curve_get_size(curve);
    bool ok = size <= LONGEST && number.size <= size && lc_spki_of_private(key, &spki);
    if (ok) {
        memcpy(padded + size - number.size, number.data, number.size);
        ok = ec_of(spki, lc_bytes(padded, size), out);
    }
    explicit_bzero(padded, sizeof padded);
    gnutls_memset(number.data, 0, number.size);
    gnutls_free(number.data);
    lc_bytes_free(&spki);
    return ok;
}

/* ---- All keys ----------------------------------------------------------------------------------
 */

static bool of_any(gnutls_privkey_t key, struct lc_bytes *out)
{
    gnutls_x509_privkey_t plain;
    if (gnutls_privkey_export_x509(key, &plain) < 0) {
        return false;
    }
    gnutls_datum_t der = {0};
    bool ok = gnutls_x509_privkey_export2_pkcs8(
                  plain, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &der) == 0 &&
              lc_datum_take(&der, out);
    gnutls_x509_privkey_deinit(plain);
    return ok;
}

bool lc_pkcs8_of(gnutls_privkey_t key, struct lc_bytes *out)
{
    bool is_ec = gnutls_privkey_get_pk_algorithm(key, NULL) == GNUTLS_PK_ECDSA;
    return is_ec ? of_ec(key, out) : of_any(key, out);
}
