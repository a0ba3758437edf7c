/*
 * The blocks of a pcapng file (draft-ietf-opsawg-pcapng), each appended whole to a buffer: who
 * writes files decides when. Packets are IP packets, as of a raw link. Where a reader would not
 * know CoAP, for the ports are not those of RFC 7252 12.8, they are messages that say what they
 * are.
 */
#ifndef LC_NET_PCAPNG_H
#define LC_NET_PCAPNG_H

#include "base/buf.h"
#include "net/address.h"

enum lc_pcapng_interface {
    LC_PCAPNG_NETWORK,
    LC_PCAPNG_DROPPED, /* never got there, because it was to be lost */
    LC_PCAPNG_CLEAR,   /* not on any network: what the DTLS records at such ports hold */
};

struct lc_pcapng_packet {
    enum lc_pcapng_interface interface;
    bool is_sent;
    int64_t micros; /* since 1970 */
    struct lc_address from, to;
    struct lc_bytes data; /* behind the UDP header */
    const char *comment;  /* NULL: none */
};

/* All return false for want of memory, and have appended nothing then. */

/* What a file begins with: the section and the interfaces. */
bool lc_pcapng_begin(struct lc_buf *out);

/* Lines of the NSS key log format, which let a reader open the sessions of the packets behind. */
bool lc_pcapng_secrets(struct lc_buf *out, struct lc_bytes lines);

bool lc_pcapng_packet(struct lc_buf *out, const struct lc_pcapng_packet *packet);

#endif
