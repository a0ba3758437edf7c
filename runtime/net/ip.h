/*
 * The headers that a datagram had on its way, made anew for captures: sockets do not show them.
 */
#ifndef LC_NET_IP_H
#define LC_NET_IP_H

#include "base/bytes.h"
#include "net/address.h"

enum { LC_IP_HEADERS = 48 }; /* the longest: IPv6 and UDP */

/* IPv4 (RFC 791) or IPv6 (RFC 8200), as `to` is, and UDP (RFC 768) in front of `data`. Returns
 * their length. */
size_t lc_ip_headers(uint8_t out[LC_IP_HEADERS], const struct lc_address *from,
    const struct lc_address *to, struct lc_bytes data);

#endif
