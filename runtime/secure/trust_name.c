/* Names in certificates; see trust_name.h. */
#include "secure/trust_name.h"

#include "secure/certificate_name.h"

#include <arpa/inet.h>
#include <strings.h>

enum { NAME_MAX_LEN = 256 };

/* One entry of SubjectAltName. */
struct name {
    int type; /* gnutls_x509_subject_alt_name_t; negative: an error */
    size_t len;
    char text[NAME_MAX_LEN]; /* with a zero byte behind it */
};

/* False: there are no more, or what is there cannot be read. One that is too long stays empty. */
static bool get_name(gnutls_x509_crt_t certificate, unsigned index, struct name *out)
{
    out->len = sizeof out->text - 1;
    out->type =
        gnutls_x509_crt_get_subject_alt_name2(certificate, index, out->text, &out->len, NULL, NULL);
    if (out->type < 0) {
        out->len = 0;
    }
    out->text[out->len] = '\0';
    return out->type >= 0 || out->type == GNUTLS_E_SHORT_MEMORY_BUFFER;
}

/* Writes a literal address in network order and returns its length; 0: `text` is a name. */
static size_t read_address(const char *text, uint8_t address[16])
{
    char plain[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%"); /* fe80::1%eth0: the zone is ours, no certificate has it */
    if (len >= sizeof plain) {
        return 0;
    }
    memcpy(plain, text, len);
    plain[len] = '\0';
    if (inet_pton(AF_INET, plain, address) == 1) {
        return 4;
    }
    return inet_pton(AF_INET6, plain, address) == 1 ? 16 : 0;
}

/* The host of a CoAP URI, brackets taken off, in `uri` itself; NULL: it is no such URI. */
static char *host_of(char *uri)
{
    static const char *const schemes[] = {"coaps://", "coap://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(uri, schemes[i], len) == 0) {
            bool bracketed = uri[len] == '[';
            char *host = uri + len + bracketed;
            host[strcspn(host, bracketed ? "]" : ":/?#")] = '\0';
            return host;
        }
    }
    return NULL;
}

static bool same_host(const char *a, const char *b)
{
    uint8_t first[16], second[16];
    size_t len = read_address(a, first);
    if (len > 0) {
        return read_address(b, second) == len && memcmp(first, second, len) == 0;
    }
    return strcasecmp(a, b) == 0;
}

static bool has_uri_of(gnutls_x509_crt_t certificate, const char *host)
{
    struct name name;
    for (unsigned i = 0; get_name(certificate, i, &name); i++) {
        /* A zero byte within would hide what stands behind it. */
        if (name.type == GNUTLS_SAN_URI && strlen(name.text) == name.len) {
            const char *named = host_of(name.text);
            if (named != NULL && same_host(host, named)) {
                return true;
            }
        }
    }
    return false;
}

bool lc_trust_name_fits(gnutls_x509_crt_t certificate, const char *host)
{
    uint8_t address[16];
    size_t len = read_address(host, address);
    unsigned fits =
        len > 0 ? gnutls_x509_crt_check_ip(certificate, address, (unsigned)len, 0)
                : gnutls_x509_crt_check_hostname2(certificate, host,
                      GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS | GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES);
    return fits != 0 || has_uri_of(certificate, host);
}

void lc_trust_name_print(gnutls_x509_crt_t certificate, struct lc_buf *out)
{
    char name[NAME_MAX_LEN];
    size_t len = sizeof name;
    lc_alt_names_print(certificate, out);
    if (out->len == 0 && gnutls_x509_crt_get_dn_by_oid(
                             certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) == 0) {
        lc_buf_append(out, name, len);
    }
}
