/* From the options of a request to the text of its URI, and the normal form of such text; see
 * uri.h. */
#include <arpa/inet.h>
#include <stdio.h>

#include "wire/option.h"
#include "wire/percent.h"
#include "wire/uri.h"

static bool append_text(struct lc_buf *out, const char *text)
{
    return lc_buf_append(out, text, strlen(text));
}

/* Appends the options with this number, `first` before the first, `between` before the others. */
static bool append_all(struct lc_buf *out, struct lc_bytes options, uint16_t number,
    const char *first, const char *between, const struct lc_percent_set *unchanged)
{
    struct lc_option_walk walk = lc_option_walk(options);
    struct lc_option option;
    const char *before = first;
    while (lc_option_next(&walk, &option) && option.number <= number) {
        if (option.number != number) {
            continue;
        }
        if (!append_text(out, before) || !lc_percent_encode(out, option.value, unchanged)) {
            return false;
        }
        before = between;
    }
    return true;
}

static bool append_path(
    struct lc_buf *out, struct lc_bytes options, const struct lc_percent_set *unchanged)
{
    size_t before = out->len;
    return append_all(out, options, LC_URI_PATH, "/", "/", unchanged) &&
           (out->len > before || append_text(out, "/"));
}

bool lc_uri_path(struct lc_buf *out, struct lc_bytes options)
{
    static const struct lc_percent_set readable = {
        ~((uint64_t)1 << '/' | (uint64_t)1 << '%'), UINT64_MAX, true};
    return append_path(out, options, &readable);
}

bool lc_uri_query(struct lc_buf *out, struct lc_bytes options)
{
    static const struct lc_percent_set readable = {
        ~((uint64_t)1 << '&' | (uint64_t)1 << '%'), UINT64_MAX, true};
    return append_all(out, options, LC_URI_QUERY, "", "&", &readable);
}

/* The value of Uri-Host: "[...]" when it is an IPv6 address, else a name (RFC 7252 6.5 step 3). */
static bool append_host(struct lc_buf *out, struct lc_bytes host)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct in6_addr address;
    if (host.len > 2 && host.len < sizeof text && host.data[0] == '[' &&
        host.data[host.len - 1] == ']') {
        memcpy(text, host.data + 1, host.len - 2);
        text[host.len - 2] = '\0';
        if (inet_pton(AF_INET6, text, &address) == 1) {
            inet_ntop(AF_INET6, &address, text, sizeof text);
            return lc_buf_printf(out, "[%s]", text);
        }
    }
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.data[i];
        c |= c >= 'A' && c <= 'Z' ? 0x20 : 0;
        if (!lc_percent_encode(out, lc_bytes(&c, 1), &lc_percent_host)) {
            return false;
        }
    }
    return true;
}

/* An address as text; in a URI, the "%" before its zone is "%25" (RFC 6874). */
static bool append_address(struct lc_buf *out, const char *host)
{
    const char *zone = strchr(host, '%');
    if (zone == NULL || strncmp(zone, "%25", 3) == 0) {
        return append_text(out, host);
    }
    return lc_buf_append(out, host, (size_t)(zone - host)) && append_text(out, "%25") &&
           append_text(out, zone + 1);
}

bool lc_uri_compose(struct lc_buf *out, struct lc_bytes options, const struct lc_uri_origin *origin)
{
    struct lc_bytes value;
    uint32_t port = origin->port;
    if (!append_text(out, origin->secure ? "coaps://" : "coap://")) {
        return false;
    }
    bool done = lc_option_find(options, LC_URI_HOST, &value) ? append_host(out, value)
                                                             : append_address(out, origin->host);
    if (lc_option_find(options, LC_URI_PORT, &value) && value.len <= 2) {
        lc_uint_read(value, &port);
    }
    if (done && port != (origin->secure ? LC_SECURE_PORT : LC_PORT)) {
        done = lc_buf_printf(out, ":%u", (unsigned)port);
    }
    return done && append_path(out, options, &lc_percent_segment) &&
           append_all(out, options, LC_URI_QUERY, "?", "&", &lc_percent_argument);
}

/* Literal addresses are compared as addresses: "[0:0::1]" is "[::1]". Ends with a zero byte. */
static bool address_text(struct lc_buf *out, const struct lc_uri *uri, struct lc_error *error)
{
    struct lc_buf host = {0};
    struct in6_addr address;
    bool done = lc_uri_host(uri, &host, error) == LC_OK && lc_buf_append(&host, "", 1);
    if (!done) {
        lc_buf_free(&host);
        return false;
    }
    char *name = (char *)host.data;
    size_t address_len = strcspn(name, "%");
    char *zone = name + address_len;
    const char *mark = *zone == '%' ? "%" : "";
    zone += *zone == '%';
    name[address_len] = '\0';
    if (inet_pton(AF_INET6, name, &address) == 1) {
        char text[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, &address, text, sizeof text);
        done = lc_buf_printf(out, "[%s%s%s]", text, mark, zone);
    } else {
        done = append_text(out, name);
    }
    lc_buf_free(&host);
    return done && lc_buf_append(out, "", 1);
}

int lc_uri_normalise(struct lc_buf *out, struct lc_bytes text, struct lc_error *error)
{
    struct lc_uri uri;
    int code = lc_uri_parse(&uri, text, error);
    struct lc_buf options = {0}, address = {0};
    if (code == LC_OK) {
        code = lc_uri_options(&uri, &options, error);
    }
    if (code == LC_OK) {
        bool done = !uri.literal || address_text(&address, &uri, error);
        struct lc_uri_origin origin = {uri.secure, (const char *)address.data, uri.port};
        if (!done || !lc_uri_compose(out, lc_buf_bytes(&options), &origin)) {
            code = lc_fail_memory(error);
        }
    }
    lc_buf_free(&options);
    lc_buf_free(&address);
    return code;
}
