/* From a URI's text to its parts and to the options of a request; see uri.h. The way back is in
 * uri_text.c. */
#include "wire/uri.h"

#include <arpa/inet.h>
#include <strings.h>

#include "wire/option.h"
#include "wire/percent.h"

enum { PART_MAX = 255 }; /* of Uri-Host, a Uri-Path, a Uri-Query (RFC 7252 5.10) */

/* Says what would be right, and shows the part that is wrong. */
static int bad(struct lc_error *error, struct lc_bytes part, const char *what)
{
    int shown = part.len > 120 ? 120 : (int)part.len;
    return lc_fail(error, LC_ERROR_URI, "%s: \"%.*s\"", what, shown, (const char *)part.data);
}

static struct lc_bytes cut(struct lc_bytes text, size_t from, size_t to)
{
    return lc_bytes(text.data + from, to - from);
}

/* For a handful of characters; a call of strchr() for each byte was 8 % of a client's time. */
static bool is_one_of(uint8_t c, const char *characters)
{
    while (*characters != '\0' && (uint8_t)*characters != c) {
        characters++;
    }
    return *characters != '\0';
}

/* Where the first of `characters` stands, text.len when none does. */
static size_t find(struct lc_bytes text, const char *characters)
{
    size_t i = 0;
    while (i < text.len && !is_one_of(text.data[i], characters)) {
        i++;
    }
    return i;
}

/* Leaves what is behind "coap://" in *rest. */
static int read_scheme(struct lc_uri *uri, struct lc_bytes *rest, struct lc_error *error)
{
    struct lc_bytes text = *rest;
    size_t len = find(text, ":/?#");
    if (len == 0 || len == text.len || text.data[len] != ':') {
        return bad(error, text, "it begins with its scheme and host, coap://HOST/PATH");
    }
    uri->secure = len == 5 && strncasecmp((const char *)text.data, "coaps", len) == 0;
    if (!uri->secure && (len != 4 || strncasecmp((const char *)text.data, "coap", len) != 0)) {
        return bad(error, cut(text, 0, len), "its scheme is coap or coaps");
    }
    if (text.len - len < 3 || memcmp(text.data + len, "://", 3) != 0) {
        return bad(error, text, "\"//\" and a host follow the scheme, coap://HOST/PATH");
    }
    *rest = cut(text, len + 3, text.len);
    return LC_OK;
}

static int read_port(struct lc_uri *uri, struct lc_bytes text, struct lc_error *error)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || port > UINT16_MAX) {
            return bad(error, text, "its port is a number from 1 to 65535");
        }
        port = port * 10 + (text.data[i] - '0');
    }
    if (text.len > 0 && (port == 0 || port > UINT16_MAX)) {
        return bad(error, text, "its port is a number from 1 to 65535");
    }
    if (text.len > 0) {
        uri->port = (uint16_t)port;
    }
    return LC_OK;
}

/* Percent-coding is whole, and only characters of the set, or beyond ASCII, stand unencoded. */
static int check_characters(struct lc_bytes part, const struct lc_percent_set *set,
    const char *also, struct lc_error *error)
{
    size_t flaw = lc_percent_flaw(part);
    if (flaw < part.len) {
        return bad(error, cut(part, flaw, part.len),
            "\"%\" is followed by two hexadecimal digits, a percent sign is %25");
    }
    for (size_t i = 0; i < part.len; i++) {
        uint8_t c = part.data[i];
        if (c < 128 && c != '%' && !lc_percent_has(set, c) && !is_one_of(c, also)) {
            return lc_fail(error, LC_ERROR_URI, "byte 0x%02x is written %%%02X in \"%.*s\"", c, c,
                part.len > 120 ? 120 : (int)part.len, (const char *)part.data);
        }
    }
    return LC_OK;
}

/* Whether `text` is an address of the family. */
static bool is_address(int family, struct lc_bytes text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, &address) == 1;
}

/* The zone id of an IPv6 literal: behind "%25" (RFC 6874), or behind a bare "%", as people type it.
 */
static struct lc_bytes zone_of(struct lc_bytes literal)
{
    size_t at = find(literal, "%");
    if (at == literal.len) {
        return cut(literal, at, at);
    }
    bool encoded = literal.len - at >= 3 && memcmp(literal.data + at, "%25", 3) == 0;
    return cut(literal, at + (encoded ? 3 : 1), literal.len);
}

/* "[" has been seen; leaves what is behind "]" in *rest. */
static int read_ip_literal(struct lc_uri *uri, struct lc_bytes *rest, struct lc_error *error)
{
    size_t end = find(*rest, "]");
    if (end == rest->len) {
        return bad(error, *rest, "\"]\" ends an IPv6 address");
    }
    uri->host = cut(*rest, 1, end);
    uri->literal = true;
    size_t address_len = find(uri->host, "%");
    struct lc_bytes zone = zone_of(uri->host);
    if (!is_address(AF_INET6, cut(uri->host, 0, address_len)) ||
        (address_len < uri->host.len && zone.len == 0)) {
        return bad(
            error, cut(*rest, 0, end + 1), "this is no IPv6 address as [2001:db8::1] is one");
    }
    int code = check_characters(zone, &lc_percent_host, "", error);
    *rest = cut(*rest, end + 1, rest->len);
    return code;
}

static int read_authority(struct lc_uri *uri, struct lc_bytes text, struct lc_error *error)
{
    struct lc_bytes rest = text;
    int code = LC_OK;
    if (find(text, "@") < text.len) {
        return bad(error, text, "it has no user information before the host");
    }
    if (text.len > 0 && text.data[0] == '[') {
        code = read_ip_literal(uri, &rest, error);
    } else {
        size_t colon = find(text, ":");
        rest = cut(text, colon, text.len);
        uri->host = cut(text, 0, colon);
        if (rest.len > 0 && find(cut(rest, 1, rest.len), ":") < rest.len - 1) {
            return bad(error, text, "an IPv6 address is written in brackets, coap://[::1]/");
        }
        if (colon == 0) {
            return bad(error, text, "the host is missing, coap://HOST/PATH");
        }
        code = check_characters(uri->host, &lc_percent_host, "", error);
        /* A zone is of use to IPv4 too: it names the interface of a multicast group. */
        uri->literal = is_address(AF_INET, cut(uri->host, 0, find(uri->host, "%")));
    }
    if (code != LC_OK || rest.len == 0) {
        return code;
    }
    if (rest.data[0] != ':') {
        return bad(error, rest, "only a port may follow an address, [ADDRESS]:PORT");
    }
    return read_port(uri, cut(rest, 1, rest.len), error);
}

int lc_uri_parse(struct lc_uri *uri, struct lc_bytes text, struct lc_error *error)
{
    struct lc_bytes rest = text;
    *uri = (struct lc_uri){0};
    int code = read_scheme(uri, &rest, error);
    if (code != LC_OK) {
        return code;
    }
    uri->port = uri->secure ? LC_SECURE_PORT : LC_PORT;
    size_t fragment = find(rest, "#");
    if (fragment < rest.len) {
        return bad(error, cut(rest, fragment, rest.len),
            "it has no fragment, a number sign is written %23");
    }
    size_t authority_end = find(rest, "/?");
    code = read_authority(uri, cut(rest, 0, authority_end), error);
    if (code != LC_OK) {
        return code;
    }
    rest = cut(rest, authority_end, rest.len);
    size_t path_end = find(rest, "?");
    uri->path = cut(rest, 0, path_end);
    if (path_end < rest.len) {
        uri->query = cut(rest, path_end + 1, rest.len);
    }
    code = check_characters(uri->path, &lc_percent_segment, "/", error);
    return code != LC_OK ? code : check_characters(uri->query, &lc_percent_argument, "&", error);
}

int lc_uri_host(const struct lc_uri *uri, struct lc_buf *host, struct lc_error *error)
{
    lc_buf_clear(host);
    if (!lc_buf_reserve(host, uri->host.len)) {
        return lc_fail_memory(error);
    }
    size_t name_len = uri->literal ? find(uri->host, "%") : uri->host.len;
    host->len = lc_percent_decode(host->data, cut(uri->host, 0, name_len));
    for (size_t i = 0; i < host->len; i++) {
        if (host->data[i] >= 'A' && host->data[i] <= 'Z') {
            host->data[i] |= 0x20;
        }
    }
    if (name_len < uri->host.len) {
        host->data[host->len++] = '%';
        host->len += lc_percent_decode(host->data + host->len, zone_of(uri->host));
    }
    if (host->len > PART_MAX) {
        return bad(error, uri->host, "its host has at most 255 bytes");
    }
    return memchr(host->data, 0, host->len) == NULL
               ? LC_OK
               : bad(error, uri->host, "its host has no zero byte");
}

static int write_part(struct lc_writer *writer, uint16_t number, struct lc_bytes decoded,
    struct lc_bytes text, struct lc_error *error)
{
    if (decoded.len > PART_MAX) {
        return bad(error, text,
            number == LC_URI_PATH ? "a segment of its path has at most 255 bytes"
                                  : "an argument of its query has at most 255 bytes");
    }
    lc_write_option(writer, number, decoded);
    return LC_OK;
}

/* Takes back the last option when it is a Uri-Path. */
static void drop_segment(struct lc_writer *writer)
{
    struct lc_option_walk walk = lc_option_walk(lc_bytes(writer->start, lc_writer_len(writer)));
    struct lc_option option;
    while (walk.at < walk.end) {
        size_t at = (size_t)(walk.at - writer->start);
        uint16_t before = walk.number;
        lc_option_next(&walk, &option);
        if (walk.at == walk.end && option.number == LC_URI_PATH) {
            writer->at = writer->start + at;
            writer->number = before;
        }
    }
}

/*
 * RFC 7252 6.4 step 8, with the dot segments of RFC 3986 5.2.4 resolved on the way, encoded ones
 * too, since a Uri-Path must not be "." or ".." (5.10.1). `scratch` is as long as the path.
 */
static int write_path(
    struct lc_writer *writer, struct lc_bytes path, uint8_t *scratch, struct lc_error *error)
{
    const uint8_t *start = writer->at;
    size_t at = 0;
    bool dots = false;
    while (at < path.len) {
        struct lc_bytes text = cut(path, at + 1, path.len);
        text.len = find(text, "/");
        at += 1 + text.len;
        struct lc_bytes segment = lc_bytes(scratch, lc_percent_decode(scratch, text));
        bool parent = lc_bytes_is(segment, "..");
        dots = parent || lc_bytes_is(segment, ".");
        if (parent) {
            drop_segment(writer);
        } else if (!dots) {
            int code = write_part(writer, LC_URI_PATH, segment, text, error);
            if (code != LC_OK) {
                return code;
            }
        }
    }
    if (dots) {
        lc_write_option(writer, LC_URI_PATH, lc_bytes(scratch, 0)); /* "/a/." is "/a/" */
    }
    if (writer->at == start + 1 && (*start & 15) == 0) {
        drop_segment(writer); /* "/" is as good as no path */
    }
    return LC_OK;
}

static int write_query(
    struct lc_writer *writer, struct lc_bytes query, uint8_t *scratch, struct lc_error *error)
{
    size_t at = 0;
    int code = LC_OK;
    while (query.data != NULL && at <= query.len && code == LC_OK) {
        struct lc_bytes text = cut(query, at, query.len);
        text.len = find(text, "&");
        at += text.len + 1;
        struct lc_bytes argument = lc_bytes(scratch, lc_percent_decode(scratch, text));
        code = write_part(writer, LC_URI_QUERY, argument, text, error);
    }
    return code;
}

int lc_uri_options(const struct lc_uri *uri, struct lc_buf *options, struct lc_error *error)
{
    struct lc_buf scratch = {0};
    int code = lc_uri_host(uri, &scratch, error);
    if (code != LC_OK) {
        lc_buf_free(&scratch);
        return code;
    }
    /* A part of n bytes takes at most n + 2 and has a delimiter in the text; 8 are for the rest. */
    size_t longest = uri->path.len > uri->query.len ? uri->path.len : uri->query.len;
    size_t size = scratch.len + 2 * (uri->path.len + uri->query.len) + 8;
    struct lc_writer writer;
    if (!lc_buf_reserve(options, size) || !lc_buf_reserve(&scratch, longest)) {
        lc_buf_free(&scratch);
        return lc_fail_memory(error);
    }
    lc_writer_init(&writer, options->data, options->cap);
    if (!uri->literal) {
        lc_write_option(&writer, LC_URI_HOST, lc_buf_bytes(&scratch));
    }
    code = write_path(&writer, uri->path, scratch.data, error);
    if (code == LC_OK) {
        code = write_query(&writer, uri->query, scratch.data, error);
    }
    options->len = code == LC_OK ? lc_writer_len(&writer) : 0;
    lc_buf_free(&scratch);
    return code;
}
