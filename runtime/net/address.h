/*
 * Whom a datagram is exchanged with: an IP address with a port, in one form for both families, so
 * that addresses compare as bytes.
 */
#ifndef LC_NET_ADDRESS_H
#define LC_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct sockaddr;
struct sockaddr_storage;

/*
 * IPv4 stands as an IPv4-mapped IPv6 address, whatever kind of socket it came from. All zeroes is
 * the unspecified address with port 0. There is no padding: the struct may be hashed and compared
 * as bytes.
 */
struct lc_address {
    uint8_t ip[16];
    uint32_t scope;   /* interface index of link-local and group addresses, else 0 */
    uint16_t port;    /* host order */
    uint16_t is_ipv4; /* 1 or 0; tells 0.0.0.0 from :: */

    /* The DTLS session with the one who is there, 0: none. An endpoint is known by address, port
     * and security association (RFC 7252 1.2), so that nothing of one session is ever taken for
     * another's. */
    uint32_t session;
};

enum { LC_ADDRESS_TEXT = 64 }; /* room for any text below, with its zero byte */

bool lc_address_equal(const struct lc_address *a, const struct lc_address *b);
uint64_t lc_address_hash(const struct lc_address *address);
bool lc_address_is_any(const struct lc_address *address);
bool lc_address_is_multicast(const struct lc_address *address);
bool lc_address_is_loopback(const struct lc_address *address);

/* The unspecified address of a family with port 0: what binds all interfaces. */
void lc_address_any(struct lc_address *out, bool is_ipv4);

/* Another family than the two gives all zeroes. */
void lc_address_from(struct lc_address *out, const struct sockaddr *from);

/* For a socket of the family; IPv4 becomes mapped for an IPv6 socket. Returns the length, 0 when it
 * cannot be. */
unsigned lc_address_to(
    const struct lc_address *address, bool ipv6_socket, struct sockaddr_storage *out);

/* Reads a literal: "1.2.3.4", "::1", "fe80::1%eth0", "[::1]", "224.0.1.187%lo"; port 0. False for
 * anything else, a host name and an interface that does not exist too. */
bool lc_address_parse(struct lc_address *out, struct lc_bytes text);

/* "1.2.3.4", "fe80::1%2" (no brackets, no port). Returns `out`. */
const char *lc_address_host(const struct lc_address *address, char out[LC_ADDRESS_TEXT]);

/* "1.2.3.4:5683", "[::1]:5683". */
const char *lc_address_text(const struct lc_address *address, char out[LC_ADDRESS_TEXT]);

#endif
