/* The few CoAP messages that the load generator writes and reads. On purpose not the runtime's
 * codec: a measuring tool that shares code with what it measures shares its mistakes. */
#ifndef BENCH_PACKET_H
#define BENCH_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_type { PACKET_CON, PACKET_NON, PACKET_ACK, PACKET_RST };

enum packet_code {
    PACKET_GET = 1,
    PACKET_PUT = 3,
    PACKET_CHANGED = 2 << 5 | 4,
    PACKET_CONTENT = 2 << 5 | 5,
    PACKET_CONTINUE = 2 << 5 | 31,
};

/* Numbers of the options used; 0 stands for "no option". */
enum packet_option {
    PACKET_OBSERVE = 6,
    PACKET_BLOCK2 = 23,
    PACKET_BLOCK1 = 27,
    PACKET_SIZE1 = 60
};

/* A block option's value: number, more, size exponent 6 (1024 bytes). */
#define PACKET_BLOCK(number, more) ((number) << 4 | (uint32_t)((more) ? 8 : 0) | 6)

/* Longest request written: header, token, options and 1 KiB of payload. */
enum { PACKET_ROOM = 1024 + 64 };

/* A confirmable request with a path of one segment; a view of its payload. */
struct packet_request {
    uint8_t code;
    uint16_t mid;
    uint32_t token;
    const char *path;
    bool observe;         /* register (Observe: 0) */
    uint8_t block_option; /* PACKET_BLOCK1, PACKET_BLOCK2 or 0 */
    uint32_t block;       /* its value */
    uint32_t size1;       /* 0: no Size1 */
    const uint8_t *payload;
    size_t payload_length;
};

/* What arrived; a view of the datagram. */
struct packet_answer {
    uint8_t type;
    uint8_t code;
    uint16_t mid;
    uint32_t token;
    bool observe;
    int64_t block1; /* value, or -1 when absent */
    int64_t block2;
    const uint8_t *payload;
    size_t payload_length;
};

/* Writes the request to out (PACKET_ROOM bytes) and returns its length. */
size_t packet_write(uint8_t *out, const struct packet_request *request);

/* Writes the empty ACK or RST of a message id: 4 bytes. */
size_t packet_write_empty(uint8_t *out, enum packet_type type, uint16_t mid);

/* Reads a message with a token of 4 bytes; false for anything else. */
bool packet_read(const uint8_t *data, size_t length, struct packet_answer *out_answer);

#endif
