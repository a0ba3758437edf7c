/* The value of Block1 and Block2; see block.h. */
#include "wire/block.h"

bool lc_block_read(struct lc_bytes value, struct lc_block *out_block)
{
    if (value.len > 3) {
        return false;
    }
    uint32_t bits = 0;
    for (size_t i = 0; i < value.len; i++) {
        bits = bits << 8 | value.data[i];
    }
    *out_block = (struct lc_block){bits >> 4, (bits & 8u) != 0, bits & 7u};
    return out_block->szx <= LC_BLOCK_SZX_MAX;
}

uint8_t lc_block_szx(size_t size)
{
    if (size >= lc_block_size(LC_BLOCK_SZX_MAX)) {
        return LC_BLOCK_SZX_MAX;
    }
    uint8_t szx = 0;
    while (lc_block_size(szx + 1) <= size) {
        szx++;
    }
    return szx;
}
