/* The way out for what answers a message: responses, empty ACK, RST; see channel.h. */
#include "message/state.h"

#include "base/hash.h"
#include "message/trace.h"

/* An answer never leaves from a multicast address (RFC 7252 8.2, RFC 1122 3.2.1.3). */
static void commit(struct lc_channel *channel, const struct lc_path *path, struct lc_bytes datagram)
{
    struct lc_path back = *path;
    if (lc_address_is_multicast(&back.local)) {
        back.local = (struct lc_address){0};
    }
    channel->transport->commit(channel->transport, &back, datagram.len);
    lc_trace(channel->log, "sent to", &back.remote, datagram);
}

void lc_channel_send_again(
    struct lc_channel *channel, const struct lc_path *path, struct lc_bytes datagram)
{
    uint8_t *room = channel->transport->reserve(channel->transport, datagram.len);
    if (room != NULL) {
        memcpy(room, datagram.data, datagram.len);
        commit(channel, path, datagram);
    }
}

void lc_channel_send_empty(
    struct lc_channel *channel, const struct lc_path *path, enum lc_type type, uint16_t id)
{
    if (lc_address_is_multicast(&path->local)) {
        return;
    }
    uint8_t *room = channel->transport->reserve(channel->transport, LC_HEADER_SIZE);
    if (room != NULL) {
        struct lc_writer writer;
        lc_writer_init(&writer, room, LC_HEADER_SIZE);
        lc_write_header(&writer, type, 0, id, lc_bytes(NULL, 0));
        commit(channel, path, lc_bytes(room, LC_HEADER_SIZE));
    }
}

/* The Message ID of a NON message of our own, which needs no outcome. */
static int take_id(struct lc_channel *channel, const struct lc_address *remote, int wanted)
{
    lc_time now = channel->timers->now;
    lc_time lifetime = lc_params_non_lifetime(channel->params);
    struct lc_peer *peer = lc_peers_get(&channel->peers, remote, now);
    if (peer == NULL) {
        return -1;
    }
    lc_channel_clean_later(channel);
    uint16_t id = (uint16_t)wanted;
    enum lc_ids_result result = wanted < 0 ? lc_ids_take(&peer->ids, now, lifetime, &id)
                                           : lc_ids_choose(&peer->ids, id, now, lifetime);
    return result == LC_IDS_OK ? id : -1;
}

bool lc_channel_reply_begin(struct lc_channel *channel, struct lc_writer *writer,
    const struct lc_path *path, enum lc_type type, uint8_t code, int id, struct lc_bytes token,
    size_t room)
{
    size_t size = LC_HEADER_SIZE + token.len + room;
    if (type != LC_ACK) {
        id = take_id(channel, &path->remote, id);
    }
    uint8_t *data = id < 0 ? NULL : channel->transport->reserve(channel->transport, size);
    if (data == NULL) {
        lc_log(channel->log, LC_LOG_VERBOSE, "a response was dropped: no room or no Message ID");
        return false;
    }
    lc_writer_init(writer, data, size);
    lc_write_header(writer, type, code, (uint16_t)id, token);
    return true;
}

uint64_t lc_channel_reply_key(uint64_t path, uint16_t id)
{
    return lc_hash_mix(path, id);
}

void lc_channel_reply_end(
    struct lc_channel *channel, struct lc_writer *writer, const struct lc_path *path, bool keep)
{
    if (writer->failed) {
        return;
    }
    struct lc_bytes datagram = lc_bytes(writer->start, lc_writer_len(writer));
    enum lc_type type = datagram.data[0] >> 4 & 3;
    if (type == LC_ACK) {
        uint16_t id = (uint16_t)(datagram.data[2] << 8 | datagram.data[3]);
        uint64_t from = lc_path_hash(path);
        lc_replies_put(&channel->replies, lc_channel_reply_key(from, id), datagram,
            keep ? &path->remote : NULL, channel->timers->now,
            lc_params_exchange_lifetime(channel->params));
        lc_dedup_mark(&channel->dedup, from, id, keep ? LC_SEEN_REPLIED : LC_SEEN_AGAIN);
        lc_channel_clean_later(channel);
    }
    commit(channel, path, datagram);
}

void lc_channel_reply_lost(
    struct lc_channel *channel, const struct lc_path *path, uint16_t id, bool keep)
{
    lc_dedup_mark(&channel->dedup, lc_path_hash(path), id, keep ? LC_SEEN_REPLIED : LC_SEEN_AGAIN);
}

void lc_channel_acknowledge(struct lc_channel *channel, const struct lc_path *path, uint16_t id)
{
    lc_dedup_mark(&channel->dedup, lc_path_hash(path), id, LC_SEEN_ACKED);
    lc_channel_send_empty(channel, path, LC_ACK, id);
}

void lc_channel_reject(struct lc_channel *channel, const struct lc_path *path, uint16_t id)
{
    lc_dedup_mark(&channel->dedup, lc_path_hash(path), id, LC_SEEN_RESET);
    lc_channel_send_empty(channel, path, LC_RST, id);
}
