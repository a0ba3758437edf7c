/* Addresses and paths; see address.h and transport.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "net/transport.h"

_Static_assert(sizeof(struct lc_address) == 28, "addresses are hashed as bytes: no padding");

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool lc_address_equal(const struct lc_address *a, const struct lc_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

uint64_t lc_address_hash(const struct lc_address *address)
{
    return lc_hash(address, sizeof *address, 0);
}

bool lc_path_equal(const struct lc_path *a, const struct lc_path *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

uint64_t lc_path_hash(const struct lc_path *path)
{
    return lc_hash(path, sizeof *path, 0);
}

bool lc_address_is_any(const struct lc_address *address)
{
    uint32_t words[4];
    memcpy(words, address->ip, sizeof words);
    return words[3] == 0 && (address->is_ipv4 || (words[0] | words[1] | words[2]) == 0);
}

bool lc_address_is_multicast(const struct lc_address *address)
{
    return address->is_ipv4 ? (address->ip[12] & 0xf0) == 0xe0 : address->ip[0] == 0xff;
}

bool lc_address_is_loopback(const struct lc_address *address)
{
    static const uint8_t ipv6[16] = {[15] = 1};
    return address->is_ipv4 ? address->ip[12] == 127 : memcmp(address->ip, ipv6, sizeof ipv6) == 0;
}

static bool is_link_local(const struct lc_address *address)
{
    return !address->is_ipv4 && address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
}

void lc_address_any(struct lc_address *out, bool is_ipv4)
{
    *out = (struct lc_address){.is_ipv4 = is_ipv4};
    if (is_ipv4) {
        memcpy(out->ip, mapped, sizeof mapped);
    }
}

static void set_ipv4(struct lc_address *out, const void *ip)
{
    lc_address_any(out, true);
    memcpy(out->ip + sizeof mapped, ip, 4);
}

/* A mapped address is IPv4, whichever family it was written in. */
static void set_ipv6(struct lc_address *out, const void *ip)
{
    lc_address_any(out, memcmp(ip, mapped, sizeof mapped) == 0);
    memcpy(out->ip, ip, sizeof out->ip);
}

void lc_address_from(struct lc_address *out, const struct sockaddr *from)
{
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        set_ipv4(out, &in->sin_addr);
        out->port = ntohs(in->sin_port);
        return;
    }
    if (from->sa_family != AF_INET6) {
        *out = (struct lc_address){0};
        return;
    }
    const struct sockaddr_in6 *in6 = (const void *)from;
    set_ipv6(out, &in6->sin6_addr);
    out->port = ntohs(in6->sin6_port);
    if (is_link_local(out) || lc_address_is_multicast(out)) {
        out->scope = in6->sin6_scope_id;
    }
}

unsigned lc_address_to(
    const struct lc_address *address, bool ipv6_socket, struct sockaddr_storage *out)
{
    if (ipv6_socket) {
        struct sockaddr_in6 *in6 = (void *)out;
        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
            .sin6_port = htons(address->port),
            .sin6_scope_id = address->is_ipv4 ? 0 : address->scope};
        memcpy(&in6->sin6_addr, address->ip, sizeof address->ip);
        return sizeof *in6;
    }
    if (!address->is_ipv4) {
        return 0;
    }
    struct sockaddr_in *in = (void *)out;
    *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&in->sin_addr, address->ip + sizeof mapped, 4);
    return sizeof *in;
}

/* The index of an interface given by name or number; 0: there is none. */
static uint32_t scope_of(const char *zone)
{
    char *end;
    unsigned long number = strtoul(zone, &end, 10);
    if (*zone >= '0' && *zone <= '9' && *end == '\0' && number <= UINT32_MAX) {
        return (uint32_t)number;
    }
    return if_nametoindex(zone);
}

bool lc_address_parse(struct lc_address *out, struct lc_bytes text)
{
    bool brackets = text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']';
    if (brackets) {
        text = lc_bytes(text.data + 1, text.len - 2);
    }
    char copy[LC_ADDRESS_TEXT];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    char *zone = strchr(copy, '%');
    if (zone != NULL) {
        *zone++ = '\0';
    }
    uint8_t ip[16];
    if (!brackets && inet_pton(AF_INET, copy, ip) == 1) {
        set_ipv4(out, ip);
    } else if (inet_pton(AF_INET6, copy, ip) == 1) {
        set_ipv6(out, ip);
    } else {
        return false;
    }
    if (zone == NULL) {
        return true;
    }
    out->scope = scope_of(zone);
    return out->scope != 0 && (is_link_local(out) || lc_address_is_multicast(out));
}

const char *lc_address_host(const struct lc_address *address, char out[LC_ADDRESS_TEXT])
{
    if (address->is_ipv4) {
        inet_ntop(AF_INET, address->ip + sizeof mapped, out, LC_ADDRESS_TEXT);
        return out;
    }
    inet_ntop(AF_INET6, address->ip, out, LC_ADDRESS_TEXT);
    if (address->scope != 0) {
        size_t len = strlen(out);
        snprintf(out + len, LC_ADDRESS_TEXT - len, "%%%u", address->scope);
    }
    return out;
}

const char *lc_address_text(const struct lc_address *address, char out[LC_ADDRESS_TEXT])
{
    char host[LC_ADDRESS_TEXT];
    lc_address_host(address, host);
    const char *format = address->is_ipv4 ? "%.45s:%u" : "[%.55s]:%u";
    snprintf(out, LC_ADDRESS_TEXT, format, host, address->port);
    return out;
}
