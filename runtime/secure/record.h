/* DTLS records on the wire (RFC 6347 4.1): what can be seen of them without any key. */
#ifndef LC_SECURE_RECORD_H
#define LC_SECURE_RECORD_H

#include "base/bytes.h"

enum { LC_RECORD_HEADER = 13 };

enum lc_content_type {
    LC_CHANGE_CIPHER_SPEC = 20,
    LC_ALERT = 21,
    LC_HANDSHAKE = 22,
    LC_APPLICATION_DATA = 23,
};

struct lc_record {
    uint8_t type; /* enum lc_content_type, or a number that DTLS 1.2 does not know */
    uint16_t version, epoch;
    uint64_t sequence;
    struct lc_bytes body;
};

/* Whether a datagram can be DTLS and not plain CoAP, by its first byte (RFC 7983 section 7). */
static inline bool lc_record_is_dtls(const uint8_t *data, size_t len)
{
    return len > 0 && data[0] >= 20 && data[0] <= 63;
}

/* The length of the whole records that a datagram begins with; what follows is no record of it, and
 * would confuse an engine that takes it for the beginning of one. */
size_t lc_record_frame(const uint8_t *data, size_t len);

/* Takes the next record off `rest`. False: there is no whole one. */
bool lc_record_next(struct lc_bytes *rest, struct lc_record *out);

enum { LC_RECORD_TEXT = 120 };

/* "handshake client_hello, DTLS 1.2, epoch 0, sequence 1, 126 bytes" for LogSSLPackets. Returns
 * `out`. */
const char *lc_record_describe(const struct lc_record *record, char out[LC_RECORD_TEXT]);

#endif
