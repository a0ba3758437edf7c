/* Cutting bodies into blocks; see block_send.h. */
#include "request/block_send.h"

bool lc_block_slice(
    struct lc_bytes body, struct lc_block wanted, uint8_t max_szx, struct lc_block_slice *out_slice)
{
    size_t offset = lc_block_offset(wanted);
    uint8_t szx = wanted.szx < max_szx ? wanted.szx : max_szx;
    size_t num = offset >> (szx + 4), len = lc_block_size(szx);
    bool beyond = offset > 0 && offset >= body.len;
    if (beyond || num > LC_BLOCK_NUM_MAX) {
        return false;
    }
    bool more = body.len - offset > len;
    if (!more) {
        len = body.len - offset;
    }
    out_slice->block = (struct lc_block){.num = (uint32_t)num, .more = more, .szx = szx};
    out_slice->bytes = len == 0 ? lc_bytes(NULL, 0) : lc_bytes(body.data + offset, len);
    return true;
}

void lc_block_send_start(struct lc_block_send *send, struct lc_bytes body, uint8_t szx)
{
    *send = (struct lc_block_send){.body = body, .szx = szx};
}

bool lc_block_send_slice(const struct lc_block_send *send, struct lc_block_slice *out_slice)
{
    size_t num = send->offset >> (send->szx + 4);
    if (num > LC_BLOCK_NUM_MAX) {
        return false;
    }
    struct lc_block wanted = {.num = (uint32_t)num, .szx = send->szx};
    return lc_block_slice(send->body, wanted, send->szx, out_slice);
}

enum lc_block_step lc_block_send_confirm(struct lc_block_send *send, struct lc_block echo)
{
    struct lc_block_slice sent;
    if (!lc_block_send_slice(send, &sent)) {
        return LC_BLOCK_WRONG;
    }
    /* A smaller size comes with the number that was sent (RFC 7959 figure 8); a server that counts
     * the same place in its own size means the same. */
    if (echo.num != sent.block.num && lc_block_offset(echo) != send->offset) {
        return LC_BLOCK_WRONG;
    }
    if (!sent.block.more) {
        return LC_BLOCK_LAST;
    }
    send->offset += sent.bytes.len;
    if (echo.szx < send->szx) {
        send->szx = echo.szx;
    }
    return LC_BLOCK_NEXT;
}

bool lc_block_send_shrink(struct lc_block_send *send, uint8_t szx)
{
    if (szx >= send->szx) {
        return false;
    }
    send->szx = szx;
    send->offset = 0;
    return true;
}
