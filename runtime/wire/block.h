/* The value of Block1 and Block2 (RFC 7959 section 2.2). */
#ifndef LC_WIRE_BLOCK_H
#define LC_WIRE_BLOCK_H

#include "base/bytes.h"

enum { LC_BLOCK_SZX_MAX = 6, LC_BLOCK_NUM_MAX = (1 << 20) - 1 };

struct lc_block {
    uint32_t num; /* in blocks of 16 << szx bytes */
    bool more;
    uint8_t szx; /* 0 to 6 */
};

/* False: longer than 3 bytes, or the reserved SZX 7. */
bool lc_block_read(struct lc_bytes value, struct lc_block *out_block);

static inline uint32_t lc_block_value(struct lc_block block)
{
    return block.num << 4 | (uint32_t)block.more << 3 | block.szx;
}

static inline size_t lc_block_size(uint8_t szx)
{
    return (size_t)16 << szx;
}

static inline size_t lc_block_offset(struct lc_block block)
{
    return (size_t)block.num << (block.szx + 4);
}

/* The largest SZX whose blocks are at most `size` bytes; 0 for sizes below 16. */
uint8_t lc_block_szx(size_t size);

#endif
