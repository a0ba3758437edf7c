/* Names of certificates as text; see certificate_name.h. */
#include "secure/certificate_name.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { UTF8_STRING = 12, TELETEX_STRING = 20, BMP_STRING = 30, UNIVERSAL_STRING = 28 };

/* The reference's names of fields; others have those of RFC 4514, or their numbers. */
static const struct {
    const char *oid, *name;
} fields[] = {
    {"2.5.4.8", "S"},
    {"1.2.840.113549.1.9.1", "E"},
};

static bool print_field(const char *oid, struct lc_buf *out)
{
    const char *name = gnutls_x509_dn_oid_name(oid, 0);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].oid, oid) == 0) {
            name = fields[i].name;
        }
    }
    return name != NULL ? lc_buf_printf(out, "%s=", name) : lc_buf_printf(out, "OID.%s=", oid);
}

/* ---- Values ------------------------------------------------------------------------------------
 */

static bool append_utf8(struct lc_buf *out, uint32_t c)
{
    uint8_t bytes[4];
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (len == 1) {
        bytes[0] = (uint8_t)c;
    }
    for (size_t i = len; len > 1 && i-- > 0; c >>= 6) {
        bytes[i] = (uint8_t)(i == 0 ? (0xf00u >> len & 0xff) | c : 0x80 | (c & 0x3f));
    }
    return lc_buf_append(out, bytes, len);
}

/* How many bytes a character of an ASN.1 string has, where that is not UTF-8 already. */
static unsigned width_of(unsigned long tag)
{
    return tag == TELETEX_STRING ? 1 : tag == BMP_STRING ? 2 : tag == UNIVERSAL_STRING ? 4 : 0;
}

static bool decode_text(const gnutls_x509_ava_st *ava, struct lc_buf *out)
{
    unsigned width = width_of(ava->value_tag);
    if (width == 0) {
        return lc_buf_append(out, ava->value.data, ava->value.size);
    }
    for (unsigned i = 0; i + width <= ava->value.size; i += width) {
        uint32_t c = 0;
        for (unsigned k = 0; k < width; k++) {
            c = c << 8 | ava->value.data[i + k];
        }
        if (!append_utf8(out, c > 0x10ffff ? 0xfffd : c)) {
            return false;
        }
    }
    return true;
}

static bool needs_quotes(struct lc_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || strchr(",+=\"<>;", text.data[i]) != NULL) {
            return true;
        }
    }
    return text.len > 0 &&
           (text.data[0] == ' ' || text.data[0] == '#' || text.data[text.len - 1] == ' ');
}

/* In quotes if it has to be; a quote in it is doubled. */
static bool append_value(struct lc_bytes text, struct lc_buf *out)
{
    if (!needs_quotes(text)) {
        return lc_buf_append(out, text.data, text.len);
    }
    bool ok = lc_buf_append(out, "\"", 1);
    for (size_t i = 0; ok && i < text.len; i++) {
        ok = (text.data[i] != '"' || lc_buf_append(out, "\"", 1)) &&
             lc_buf_append(out, &text.data[i], 1);
    }
    return ok && lc_buf_append(out, "\"", 1);
}

static bool print_part(const gnutls_x509_ava_st *ava, struct lc_buf *out)
{
    char oid[128];
    snprintf(oid, sizeof oid, "%.*s", (int)ava->oid.size, (const char *)ava->oid.data);
    struct lc_buf text = {0};
    bool ok =
        print_field(oid, out) && decode_text(ava, &text) && append_value(lc_buf_bytes(&text), out);
    lc_buf_free(&text);
    return ok;
}

static bool print_name(gnutls_x509_dn_t name, struct lc_buf *out)
{
    gnutls_x509_ava_st ava;
    bool ok = true;
    for (int set = 0; ok && gnutls_x509_dn_get_rdn_ava(name, set, 0, &ava) == 0; set++) {
        ok = set == 0 || lc_buf_append(out, ", ", 2);
        for (int part = 0; ok && gnutls_x509_dn_get_rdn_ava(name, set, part, &ava) == 0; part++) {
            ok = (part == 0 || lc_buf_append(out, " + ", 3)) && print_part(&ava, out);
        }
    }
    return ok;
}

bool lc_subject_print(gnutls_x509_crt_t x509, struct lc_buf *out)
{
    gnutls_x509_dn_t name;
    return gnutls_x509_crt_get_subject(x509, &name) < 0 || print_name(name, out);
}

bool lc_issuer_print(gnutls_x509_crt_t x509, struct lc_buf *out)
{
    gnutls_x509_dn_t name;
    return gnutls_x509_crt_get_issuer(x509, &name) < 0 || print_name(name, out);
}

/* ---- Alternative names -------------------------------------------------------------------------
 */

static bool append_address(const gnutls_datum_t *address, struct lc_buf *out)
{
    char text[INET6_ADDRSTRLEN];
    int family = address->size == sizeof(struct in_addr) ? AF_INET : AF_INET6;
    bool has_length = family == AF_INET || address->size == sizeof(struct in6_addr);
    if (!has_length || inet_ntop(family, address->data, text, sizeof text) == NULL) {
        return true;
    }
    return lc_buf_append(out, text, strlen(text));
}

static bool append_alt_name(unsigned type, const gnutls_datum_t *name, struct lc_buf *out)
{
    switch (type) {
    case GNUTLS_SAN_DNSNAME:
    case GNUTLS_SAN_RFC822NAME:
    case GNUTLS_SAN_URI:
        return append_value(lc_bytes(name->data, name->size), out);
    case GNUTLS_SAN_IPADDRESS:
        return append_address(name, out);
    default: /* a directory name, or a form that is no text */
        return true;
    }
}

static bool print_alt_names(gnutls_subject_alt_names_t names, struct lc_buf *out)
{
    size_t start = out->len;
    unsigned type;
    gnutls_datum_t name;
    bool ok = true;
    for (unsigned i = 0; ok && gnutls_subject_alt_names_get(names, i, &type, &name, NULL) == 0;
         i++) {
        size_t before = out->len;
        ok = (before == start || lc_buf_append(out, ",", 1));
        size_t after = out->len;
        ok = ok && append_alt_name(type, &name, out);
        if (out->len == after) {
            out->len = before; /* nothing to say of it: no comma either */
        }
    }
    return ok;
}

bool lc_alt_names_print(gnutls_x509_crt_t x509, struct lc_buf *out)
{
    gnutls_datum_t extension = {0};
    gnutls_subject_alt_names_t names;
    if (gnutls_x509_crt_get_extension_by_oid2(x509, "2.5.29.17", 0, &extension, NULL) < 0) {
        return true;
    }
    bool ok = gnutls_subject_alt_names_init(&names) == 0;
    if (ok) {
        ok = gnutls_x509_ext_import_subject_alt_names(&extension, names, 0) < 0 ||
             print_alt_names(names, out);
        gnutls_subject_alt_names_deinit(names);
    }
    gnutls_free(extension.data);
    return ok;
}
