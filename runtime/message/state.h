/* The inside of a channel, for the files that make it up: channel.c, reply.c and transmission.c. */
#ifndef LC_MESSAGE_STATE_H
#define LC_MESSAGE_STATE_H

#include "message/channel.h"
#include "message/dedup.h"
#include "message/peer.h"
#include "message/replies.h"

struct lc_channel {
    struct lc_timers *timers;
    struct lc_transport *transport;
    const struct lc_params *params;
    const struct lc_log *log;
    struct lc_channel_upcalls upcalls;
    struct lc_peers peers;
    struct lc_map sent; /* transmissions that ACK and RST are matched with */
    struct lc_dedup dedup;
    struct lc_replies replies;
    struct lc_timer cleaning; /* frees what is over; set only while there is something to free */
    struct lc_channel_stats stats;
    unsigned depth; /* of upcalls that the channel must outlive */
    bool is_closed;
};

/* To be called when something was remembered that is to be freed some day. */
void lc_channel_clean_later(struct lc_channel *channel);

/* ---- reply.c ---- */

/* An empty ACK or RST; nothing when the datagram that it answers was sent to a multicast address
 * (RFC 7252 8.1). */
void lc_channel_send_empty(
    struct lc_channel *channel, const struct lc_path *path, enum lc_type type, uint16_t id);

/* Sends a datagram that was kept. */
void lc_channel_send_again(
    struct lc_channel *channel, const struct lc_path *path, struct lc_bytes datagram);

/* `path`: lc_path_hash(). */
uint64_t lc_channel_reply_key(uint64_t path, uint16_t id);

/* ---- transmission.c ---- */

/* The message that went to this very address with this ID and still waits for an outcome. */
struct lc_transmission *lc_transmission_find(
    const struct lc_channel *channel, const struct lc_address *remote, uint16_t id);

enum lc_type lc_transmission_type(const struct lc_transmission *transmission);

/* A request, and no response. */
bool lc_transmission_is_request(const struct lc_transmission *transmission);

/* Unlinks it, and lets the next one of the peer go. */
void lc_transmission_finish(struct lc_transmission *transmission);

/* The same, and tells the owner. The channel may be gone afterwards. */
void lc_transmission_end(struct lc_transmission *transmission, enum lc_outcome outcome, int number);

/* Forgets all transmissions of a peer. */
void lc_transmission_drop_all(struct lc_peer *peer);

#endif
