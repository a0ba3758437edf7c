/*
 * The sending machine of RFC 7959, for Block1 of a client and Block2 of a server. It cuts a body
 * into blocks and follows the other side when that wants smaller ones; it knows no message, no
 * socket, no time.
 */
#ifndef LC_REQUEST_BLOCK_SEND_H
#define LC_REQUEST_BLOCK_SEND_H

#include "wire/block.h"

/* One block and the bytes that go with it; a view of the body. */
struct lc_block_slice {
    struct lc_block block;
    struct lc_bytes bytes;
};

/* Whether a body has to go in blocks when they are of this size. */
static inline bool lc_block_needed(size_t body_len, uint8_t szx)
{
    return body_len > lc_block_size(szx);
}

/*
 * Random access, all that the server's side needs: the block at `wanted`'s place in the body, no
 * larger than `max_szx` allows; a smaller size keeps the place (RFC 7959 2.4). `wanted.more` is not
 * looked at. False: the body ends before it, or the block number has no room for the place.
 */
bool lc_block_slice(struct lc_bytes body, struct lc_block wanted, uint8_t max_szx,
    struct lc_block_slice *out_slice);

/* A body under way from the first block to the last: the client's Block1. A view of the body. */
struct lc_block_send {
    struct lc_bytes body;
    size_t offset; /* of the present block: the one that is not confirmed yet */
    uint8_t szx;
};

enum lc_block_step {
    LC_BLOCK_NEXT,  /* there is another block to send */
    LC_BLOCK_LAST,  /* the one confirmed was the last */
    LC_BLOCK_WRONG, /* another block was confirmed than the one sent */
};

void lc_block_send_start(struct lc_block_send *send, struct lc_bytes body, uint8_t szx);

/* The present block. False: the body is too large for blocks of this size (2^20 of them). */
bool lc_block_send_slice(const struct lc_block_send *send, struct lc_block_slice *out_slice);

/*
 * The other side has the present block and answered with `echo`: goes on to the next, in the
 * smaller size that `echo` may ask for (RFC 7959 2.3). After anything but LC_BLOCK_NEXT nothing
 * has moved.
 */
enum lc_block_step lc_block_send_confirm(struct lc_block_send *send, struct lc_block echo);

/* 4.13 with a smaller size: begins anew with it (RFC 7959 2.9.3). False: `szx` is not smaller. */
bool lc_block_send_shrink(struct lc_block_send *send, uint8_t szx);

#endif
