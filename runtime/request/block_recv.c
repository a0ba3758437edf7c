/* Putting bodies together from blocks; see block_recv.h. */
#include "request/block_recv.h"

/* What a machine at rest may hold, so that one large body does not cost memory for ever. */
enum { KEPT_MEMORY = 2048 };

enum lc_block_result lc_block_recv_accept(struct lc_block_recv *recv, struct lc_block block,
    struct lc_bytes payload, size_t size_hint, size_t limit)
{
    size_t size = lc_block_size(block.szx), offset = lc_block_offset(block);
    if (block.more ? payload.len != size : payload.len > size) {
        return LC_BLOCK_BAD;
    }
    if (block.num > 0 && (!recv->begun || offset > recv->body.len)) {
        return LC_BLOCK_GAP;
    }
    if (block.num > 0 && offset < recv->body.len) {
        return offset + payload.len <= recv->body.len ? LC_BLOCK_REPEATED : LC_BLOCK_GAP;
    }
    if (size_hint > limit || payload.len > limit || offset > limit - payload.len) {
        return LC_BLOCK_TOO_LARGE;
    }
    if (block.num == 0) {
        lc_buf_clear(&recv->body);
    }
    if (!lc_buf_append(&recv->body, payload.data, payload.len)) {
        return LC_BLOCK_NO_MEMORY;
    }
    recv->begun = true;
    return block.more ? LC_BLOCK_CONTINUE : LC_BLOCK_COMPLETE;
}

bool lc_block_recv_etag(struct lc_block_recv *recv, struct lc_block block, struct lc_bytes etag)
{
    bool has = etag.data != NULL && etag.len <= sizeof recv->etag;
    if (block.num == 0) {
        recv->has_etag = has;
        recv->etag_len = has ? (uint8_t)etag.len : 0;
        if (has) {
            memcpy(recv->etag, etag.data, etag.len);
        }
        return true;
    }
    return has == recv->has_etag &&
           (!has || lc_bytes_equal(etag, lc_bytes(recv->etag, recv->etag_len)));
}

void lc_block_recv_reset(struct lc_block_recv *recv)
{
    if (recv->body.cap > KEPT_MEMORY) {
        lc_buf_free(&recv->body);
    }
    lc_buf_clear(&recv->body);
    recv->begun = recv->has_etag = false;
    recv->etag_len = 0;
}

void lc_block_recv_free(struct lc_block_recv *recv)
{
    lc_block_recv_reset(recv);
    lc_buf_free(&recv->body);
}
