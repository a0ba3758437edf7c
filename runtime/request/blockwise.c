/* RFC 7959 on the server's side: requests that come in blocks, responses that leave in blocks; see
 * server_state.h. */
#include "request/block_send.h"
#include "request/server_state.h"
#include "wire/code.h"
#include "wire/option.h"

static uint8_t own_szx(const struct lc_pending *pending)
{
    return lc_block_szx(pending->server->options.limits->block_size);
}

/* ---- Reading ---- */

static bool read_block(
    struct lc_pending *pending, uint16_t number, struct lc_block *out_block, bool *out_valid)
{
    struct lc_bytes value;
    if (!lc_message_option(&pending->incoming.message, number, &value)) {
        return false;
    }
    *out_valid = *out_valid && lc_block_read(value, out_block);
    return true;
}

bool lc_blockwise_read(struct lc_pending *pending)
{
    const struct lc_message *message = &pending->incoming.message;
    const uint64_t any = 1ull << LC_BLOCK1 | 1ull << LC_BLOCK2 | 1ull << LC_SIZE2;
    if (!(message->present & any)) {
        return true;
    }
    bool valid = true;
    uint32_t size;
    pending->has_block1 = read_block(pending, LC_BLOCK1, &pending->block1, &valid);
    pending->has_block2 = read_block(pending, LC_BLOCK2, &pending->block2, &valid);
    pending->wants_size2 = lc_message_uint(message, LC_SIZE2, &size) && size == 0;
    if (!valid) {
        pending->has_block1 = pending->has_block2 = false;
        lc_pending_refuse(pending, LC_CODE(4, 0), "reserved block size", NULL);
    }
    return valid;
}

bool lc_blockwise_is_part(const struct lc_pending *pending)
{
    return pending->has_block1 && (pending->block1.more || pending->block1.num > 0);
}

/* ---- A response, block by block ---- */

/*
 * Puts the block that was asked for into the reply. False: the body ends before it, which is 4.00
 * (RFC 7959 2.2 has no code of its own for it).
 */
static bool slice(
    const struct lc_pending *pending, struct lc_reply *reply, struct lc_bytes body, bool *out_more)
{
    struct lc_block wanted = {.szx = own_szx(pending)};
    struct lc_block_slice part;
    if (pending->has_block2) {
        wanted = pending->block2;
    }
    if (!lc_block_slice(body, wanted, own_szx(pending), &part)) {
        return false;
    }
    reply->payload = part.bytes;
    lc_reply_add(reply, LC_BLOCK2, lc_block_value(part.block));
    if (part.block.num == 0 || pending->wants_size2) {
        lc_reply_add(reply, LC_SIZE2, (uint32_t)body.len);
    }
    *out_more = part.block.more;
    return true;
}

static void block_is_beyond(struct lc_reply *reply)
{
    *reply = (struct lc_reply){
        .code = LC_CODE(4, 0), .payload = lc_bytes_text("no such block of the response")};
}

/* The final response to a body that came in blocks confirms the last one (RFC 7959 2.3). */
static void confirm_block1(const struct lc_pending *pending, struct lc_reply *reply)
{
    if (pending->has_block1) {
        struct lc_block echo = pending->block1;
        echo.more = false;
        lc_reply_add(reply, LC_BLOCK1, lc_block_value(echo));
    }
}

/* Keeps the response for its later blocks to be fetched. */
static bool keep(struct lc_pending *pending, const struct lc_response *response, uint32_t etag)
{
    struct lc_bodystore *store = &pending->server->store;
    struct lc_stored *stored = lc_bodystore_add(
        store, LC_STORED_RESPONSE, &pending->incoming.message, &pending->incoming.path.remote);
    if (stored == NULL) {
        return false;
    }
    struct lc_representation *sent = &stored->sent;
    sent->code = response->code;
    sent->etag = etag;
    sent->body = lc_body_new(response->body);
    if (sent->body == NULL ||
        !lc_buf_set(&sent->options, response->options.data, response->options.len)) {
        lc_bodystore_remove(store, stored);
        return false;
    }
    lc_bodystore_touch(store, stored, response->body.len);
    return true;
}

/* Whether the client gets less than the whole body, or asked to be told about blocks. */
static bool goes_in_blocks(const struct lc_pending *pending, const struct lc_response *response)
{
    uint8_t szx = own_szx(pending);
    if (pending->has_block2 && pending->block2.szx < szx) {
        szx = pending->block2.szx;
    }
    bool asked = pending->has_block2 && lc_code_is_success(response->code);
    return lc_block_needed(response->body.len, szx) || (asked && response->body.len > 0) ||
           (asked && pending->block2.num > 0);
}

int lc_blockwise_cut(struct lc_pending *pending, const struct lc_response *response,
    struct lc_reply *reply, struct lc_error *error)
{
    *reply = (struct lc_reply){
        .code = response->code, .options = response->options, .payload = response->body};
    if (!goes_in_blocks(pending, response)) {
        if (pending->wants_size2 && response->code == LC_CODE(2, 5)) {
            lc_reply_add(reply, LC_SIZE2, (uint32_t)response->body.len);
        }
        confirm_block1(pending, reply);
        return LC_OK;
    }
    bool more;
    if (!slice(pending, reply, response->body, &more)) {
        block_is_beyond(reply);
        return LC_OK;
    }
    uint32_t etag = lc_reply_etag(response->code, response->options, response->body);
    if (etag != 0) {
        lc_reply_add(reply, LC_ETAG, etag);
    }
    confirm_block1(pending, reply);
    if (more && !keep(pending, response, etag)) {
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory for a response of %zu bytes",
            response->body.len);
    }
    return LC_OK;
}

/* What there is of a response whose later block is asked for: of a notification, or of an answer
 * that this client got. NULL: forgotten. */
static struct lc_representation *representation_of(struct lc_pending *pending)
{
    struct lc_server *server = pending->server;
    const struct lc_incoming *incoming = &pending->incoming;
    struct lc_stored *stored = lc_bodystore_find(
        &server->store, LC_STORED_RESPONSE, &incoming->message, &incoming->path.remote);
    struct lc_representation *notified = NULL;
    if (incoming->message.code == LC_GET) {
        notified = lc_observers_representation(&server->observers, &incoming->message,
            &incoming->path.remote, stored == NULL ? 0 : stored->stamp);
    }
    if (notified != NULL || stored == NULL) {
        return notified;
    }
    lc_bodystore_touch(&server->store, stored, stored->bytes);
    return &stored->sent;
}

/* From what was kept; safe methods run again when that is gone. */
bool lc_blockwise_serve(struct lc_pending *pending)
{
    if (!pending->has_block2 || pending->block2.num == 0 || lc_blockwise_is_part(pending)) {
        return false;
    }
    struct lc_representation *sent = representation_of(pending);
    const struct lc_message *message = &pending->incoming.message;
    if (sent == NULL) {
        bool again =
            message->code == LC_GET || (message->code == LC_FETCH && message->payload.len > 0);
        if (!again) {
            lc_pending_refuse(pending, LC_CODE(4, 8), "the response is not kept any more", NULL);
        }
        return !again;
    }
    struct lc_reply reply = {.code = sent->code, .options = lc_buf_bytes(&sent->options)};
    bool more;
    if (!slice(pending, &reply, lc_body_bytes(sent->body), &more)) {
        block_is_beyond(&reply);
    } else if (sent->etag != 0) {
        lc_reply_add(&reply, LC_ETAG, sent->etag);
    }
    if (lc_pending_reply(pending, &reply, NULL) != LC_OK) {
        lc_pending_recycle(pending);
    }
    return true;
}

/* ---- A request, block by block ---- */

static void answer_block1(struct lc_pending *pending, uint8_t code)
{
    struct lc_reply reply = {.code = code};
    struct lc_block echo = pending->block1;
    if (code == LC_CODE(4, 13)) {
        lc_reply_add(&reply, LC_SIZE1, (uint32_t)pending->server->options.limits->max_body);
    } else if (code == LC_CODE(2, 31)) {
        /* A smaller size asks the client to go on with that (RFC 7959 2.3). */
        echo.szx = echo.szx < own_szx(pending) ? echo.szx : own_szx(pending);
        lc_reply_add(&reply, LC_BLOCK1, lc_block_value(echo));
    }
    if (lc_pending_reply(pending, &reply, NULL) != LC_OK) {
        lc_pending_recycle(pending);
    }
}

static struct lc_stored *assembly_of(struct lc_pending *pending)
{
    struct lc_bodystore *store = &pending->server->store;
    const struct lc_message *message = &pending->incoming.message;
    const struct lc_address *remote = &pending->incoming.path.remote;
    if (pending->block1.num == 0) {
        return lc_bodystore_add(store, LC_STORED_REQUEST, message, remote);
    }
    return lc_bodystore_find(store, LC_STORED_REQUEST, message, remote);
}

/* The body is whole: it is the request's from now on. */
static void take_body(struct lc_pending *pending, struct lc_stored *stored)
{
    lc_buf_free(&pending->body);
    pending->body = stored->recv.body;
    stored->recv.body = (struct lc_buf){0};
    pending->incoming.message.payload = lc_buf_bytes(&pending->body);
    lc_bodystore_remove(&pending->server->store, stored);
}

static const uint8_t refusals[] = {
    [LC_BLOCK_GAP] = LC_CODE(4, 8),
    [LC_BLOCK_TOO_LARGE] = LC_CODE(4, 13),
    [LC_BLOCK_BAD] = LC_CODE(4, 0),
    [LC_BLOCK_NO_MEMORY] = LC_CODE(5, 3),
};

static bool take_block1(struct lc_pending *pending)
{
    struct lc_bodystore *store = &pending->server->store;
    const struct lc_message *message = &pending->incoming.message;
    struct lc_stored *stored = assembly_of(pending);
    if (stored == NULL) {
        answer_block1(pending, pending->block1.num > 0 ? LC_CODE(4, 8) : LC_CODE(5, 3));
        return true;
    }
    uint32_t size1 = 0;
    lc_message_uint(message, LC_SIZE1, &size1);
    enum lc_block_result result = lc_block_recv_accept(&stored->recv, pending->block1,
        message->payload, size1, pending->server->options.limits->max_body);
    switch (result) {
    case LC_BLOCK_COMPLETE:
        take_body(pending, stored);
        return false;
    case LC_BLOCK_CONTINUE:
    case LC_BLOCK_REPEATED:
        lc_bodystore_touch(store, stored, stored->recv.body.cap);
        answer_block1(pending, LC_CODE(2, 31));
        return true;
    default:
        lc_bodystore_remove(store, stored);
        answer_block1(pending, refusals[result]);
        return true;
    }
}

/* The size of what is not in blocks is bounded alike (RFC 7252 5.9.2.9). */
static bool refuse_large(struct lc_pending *pending)
{
    uint32_t size1;
    const struct lc_message *message = &pending->incoming.message;
    size_t max_body = pending->server->options.limits->max_body;
    bool announced = (message->present & 1ull << LC_SIZE1) &&
                     lc_message_uint(message, LC_SIZE1, &size1) && size1 > max_body;
    if (!announced && message->payload.len <= max_body) {
        return false;
    }
    answer_block1(pending, LC_CODE(4, 13));
    return true;
}

bool lc_blockwise_assemble(struct lc_pending *pending)
{
    return lc_blockwise_is_part(pending) ? take_block1(pending) : refuse_large(pending);
}
