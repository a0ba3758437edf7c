/* IP and UDP headers, their checksums right; see ip.h. */
#include "net/ip.h"

enum { IPV4 = 20, IPV6 = 40, UDP = 8, PROTOCOL_UDP = 17, HOPS = 64, LINK_HOPS = 1 };

static const uint8_t *ipv4_of(const struct lc_address *address)
{
    return address->ip + 12;
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* The sum of RFC 1071, not folded yet. What an odd length lacks counts as zero. */
static uint32_t sum(uint32_t start, const uint8_t *data, size_t len)
{
    uint64_t total = start;
    for (size_t i = 0; i + 1 < len; i += 2) {
        total += (uint32_t)(data[i] << 8 | data[i + 1]);
    }
    total += len % 2 == 0 ? 0 : (uint32_t)(data[len - 1] << 8);
    while (total >> 16 != 0) {
        total = (total & 0xffff) + (total >> 16);
    }
    return (uint32_t)total;
}

static size_t put_ipv4(
    uint8_t *out, const struct lc_address *from, const struct lc_address *to, size_t len)
{
    memset(out, 0, IPV4);
    out[0] = 4 << 4 | IPV4 / 4;
    put16(out + 2, IPV4 + len);
    out[6] = 0x40; /* Don't Fragment, as Linux has it for what fits */
    out[8] = lc_address_is_multicast(to) ? LINK_HOPS : HOPS;
    out[9] = PROTOCOL_UDP;
    memcpy(out + 12, ipv4_of(from), 4);
    memcpy(out + 16, ipv4_of(to), 4);
    put16(out + 10, ~sum(0, out, IPV4) & 0xffff);
    return IPV4;
}

static size_t put_ipv6(
    uint8_t *out, const struct lc_address *from, const struct lc_address *to, size_t len)
{
    memset(out, 0, IPV6);
    out[0] = 6 << 4;
    put16(out + 4, len);
    out[6] = PROTOCOL_UDP;
    out[7] = lc_address_is_multicast(to) ? LINK_HOPS : HOPS;
    memcpy(out + 8, from->ip, 16);
    memcpy(out + 24, to->ip, 16);
    return IPV6;
}

size_t lc_ip_headers(uint8_t out[LC_IP_HEADERS], const struct lc_address *from,
    const struct lc_address *to, struct lc_bytes data)
{
    size_t len = UDP + data.len;
    size_t start = to->is_ipv4 ? put_ipv4(out, from, to, len) : put_ipv6(out, from, to, len);
    /* The pseudo header: both addresses, which end the IP header, the protocol and the length. */
    size_t addresses = to->is_ipv4 ? 8 : 32;
    uint8_t *udp = out + start;
    put16(udp, from->port);
    put16(udp + 2, to->port);
    put16(udp + 4, len);
    put16(udp + 6, 0);
    uint32_t total = sum((uint32_t)(PROTOCOL_UDP + len), udp - addresses, addresses + UDP);
    uint32_t checksum = ~sum(total, data.data, data.len) & 0xffff;
    put16(udp + 6, checksum == 0 ? 0xffff : checksum); /* RFC 768: 0 would mean none */
    return start + UDP;
}
