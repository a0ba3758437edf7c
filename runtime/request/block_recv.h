/*
 * The assembling machine of RFC 7959, for Block2 of a client and Block1 of a server. It puts a body
 * together from blocks that come in order; it knows no message, no socket, no time.
 */
#ifndef LC_REQUEST_BLOCK_RECV_H
#define LC_REQUEST_BLOCK_RECV_H

#include "base/buf.h"
#include "wire/block.h"

/* All zeroes is a valid machine that has received nothing. */
struct lc_block_recv {
    struct lc_buf body; /* owned; memory is kept for the next body until lc_block_recv_free() */
    uint8_t etag[8];
    uint8_t etag_len;
    bool has_etag;
    bool begun; /* the first block is in */
};

enum lc_block_result {
    LC_BLOCK_CONTINUE,  /* taken, more to come */
    LC_BLOCK_COMPLETE,  /* taken, `body` is whole */
    LC_BLOCK_REPEATED,  /* a block that is in already: nothing changed, answer as before */
    LC_BLOCK_GAP,       /* a block before it is missing: 4.08 (RFC 7959 2.9.2) */
    LC_BLOCK_TOO_LARGE, /* the body would be, or says it will be, longer than `limit`: 4.13 */
    LC_BLOCK_BAD,       /* more to come, yet not as long as its size says: 4.00 (RFC 7959 2.2) */
    LC_BLOCK_NO_MEMORY,
};

/*
 * Takes a block. Number 0 always begins a new body (RFC 7959 2.5); every other one has to go on
 * where the last one ended, whatever its size. `size_hint`: Size1 or Size2, 0 when there was none;
 * it is only compared with `limit`: no memory is given for a promise. After GAP, TOO_LARGE, BAD and
 * NO_MEMORY drop the transfer with lc_block_recv_reset().
 */
enum lc_block_result lc_block_recv_accept(struct lc_block_recv *recv, struct lc_block block,
    struct lc_bytes payload, size_t size_hint, size_t limit);

/* Bytes received so far: where the next block has to begin. */
static inline size_t lc_block_recv_len(const struct lc_block_recv *recv)
{
    return recv->begun ? recv->body.len : 0;
}

/*
 * The ETag that came with a block, `etag.data` NULL when there was none. The first block's is
 * remembered; false: this one differs, the body is another one now (RFC 7959 2.4).
 */
bool lc_block_recv_etag(struct lc_block_recv *recv, struct lc_block block, struct lc_bytes etag);

/* Forgets the body, keeps a little memory. */
void lc_block_recv_reset(struct lc_block_recv *recv);

/* Gives all memory back; usable again. */
void lc_block_recv_free(struct lc_block_recv *recv);

#endif
