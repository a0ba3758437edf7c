/*
 * The message layer (RFC 7252 section 4): one channel stands on one transport, and every datagram
 * of a component passes it, in and out.
 *
 * It does: parse and classify, answer what is malformed, detect duplicates and answer them again,
 * match ACK and RST to what was sent, retransmit, allocate Message IDs, keep to NSTART. It does
 * not: look at tokens except to match a piggybacked response with its request, interpret options,
 * know requests' meaning, split bodies, keep a clock or a socket. It never allocates for a message
 * that is answered at once, after the first of a peer.
 */
#ifndef LC_MESSAGE_CHANNEL_H
#define LC_MESSAGE_CHANNEL_H

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/timers.h"
#include "message/params.h"
#include "message/stats.h"
#include "net/transport.h"
#include "wire/message.h"

struct lc_channel;

/* What the request layer is told. Each function may send, cancel, or close the channel. */
struct lc_channel_upcalls {
    /* A request that was not seen before. It is answered with lc_channel_reply_begin() now or
     * later. */
    void (*request)(void *arg, const struct lc_message *message, const struct lc_path *path);

    /*
     * A response, piggybacked or on its own, perhaps cut (is_cut). True: it was expected, and a CON
     * one is acknowledged. An unexpected CON is answered with RST (RFC 7252 4.2), an unexpected NON
     * too, so that a server stops notifying (RFC 7641 3.6); an unexpected piggybacked one changes
     * nothing. The transmission of a request has ended, without done(), when its piggybacked
     * response gets here; a separate response does not end it: cancel it (RFC 7252 5.2.2).
     */
    bool (*response)(void *arg, const struct lc_message *message, const struct lc_path *path);

    /* RST to a message that no transmission tracks, such as a NON notification (RFC 7641 3.6). */
    void (*reset)(void *arg, const struct lc_path *path, uint16_t id);

    void *arg;
};

struct lc_channel_options {
    struct lc_timers *timers;
    struct lc_transport *transport;
    const struct lc_params *params; /* read whenever needed; outlives the channel */
    const struct lc_log *log;       /* whose write() must not free the channel */
    struct lc_channel_upcalls upcalls;
};

/* NULL: out of memory. */
struct lc_channel *lc_channel_new(const struct lc_channel_options *options);

/* Transmissions still under way are forgotten without an outcome. May be called in an upcall. */
void lc_channel_free(struct lc_channel *channel);

/* From now on it stands on another transport. */
void lc_channel_move(struct lc_channel *channel, struct lc_transport *transport);

/* An endpoint will never be heard of again (the DTLS session in its address is over): messages on
 * their way to it end as refused, with this errno. */
void lc_channel_lose(struct lc_channel *channel, const struct lc_address *remote, int number);

/* The way in, for the transport's upcalls; `arg` is the channel. */
struct lc_receiver lc_channel_receiver(struct lc_channel *channel);

/* ---- Replies to a request ---- */

/*
 * Begins the reply to a request: a piggybacked response (LC_ACK with the request's id) or a NON
 * response or notification (id -1: the next free one). The header is written already; write options
 * and payload, `room` bytes at most, then end it. False: no room, memory or Message ID now, the
 * reply is dropped as if lost on the way. `path` is the request's; a reply to multicast leaves from
 * an address of the system's choice.
 */
bool lc_channel_reply_begin(struct lc_channel *channel, struct lc_writer *writer,
    const struct lc_path *path, enum lc_type type, uint8_t code, int id, struct lc_bytes token,
    size_t room);

/*
 * Sends it, or nothing when the writer failed. A piggybacked one is kept to answer duplicates with.
 * `keep`: for EXCHANGE_LIFETIME, unless its host sends a flood of such, since the request must not
 * be passed on again (RFC 7252 4.5); else while there is room, and then it is passed on again.
 */
void lc_channel_reply_end(
    struct lc_channel *channel, struct lc_writer *writer, const struct lc_path *path, bool keep);

/* In its place when there was no room for a piggybacked one: as if that was sent and given up. */
void lc_channel_reply_lost(
    struct lc_channel *channel, const struct lc_path *path, uint16_t id, bool keep);

/* An empty ACK: the response will come separately. Duplicates get the ACK again. */
void lc_channel_acknowledge(struct lc_channel *channel, const struct lc_path *path, uint16_t id);

/* RST: the request cannot be understood and is dropped (RFC 7252 4.3, 5.4.1). Duplicates get it
 * again if they are CON. Nothing is sent when it came by multicast. */
void lc_channel_reject(struct lc_channel *channel, const struct lc_path *path, uint16_t id);

/* ---- Messages whose fate matters ---- */

enum lc_outcome {
    LC_ACKNOWLEDGED, /* an empty ACK came; only for CON */
    LC_RESET,        /* RST came */
    LC_GAVE_UP,      /* MAX_RETRANSMIT reached without an answer (RFC 7252 4.2); only for CON */
    LC_REFUSED,      /* the network refused it; `number` is an errno */
};

/*
 * A CON or NON on its way, standing in the struct of its owner, who writes the whole message into
 * `datagram` (its id is filled in when it is sent) and does not touch it until the outcome.
 *
 * A NON has an outcome only when it is reset or refused, and ends by itself, without done(), when
 * no RST to it can come any more (NON_LIFETIME). A NON request holds its NSTART place until it is
 * cancelled, or for as long as PROBING_RATE asks (RFC 7252 4.7).
 */
struct lc_transmission {
    struct lc_buf datagram; /* owned; kept for the next use after the outcome, freed by the owner */
    uint16_t id;            /* valid once sent */
    uint8_t state;          /* private, as all below */
    uint8_t attempts;
    bool counted; /* holds one of the peer's NSTART places */
    bool chosen;  /* its id was given by the owner */
    struct lc_map_node node;
    struct lc_list link;
    struct lc_timer timer;
    lc_time timeout;
    struct lc_address local; /* to leave from */
    struct lc_peer *peer;
    struct lc_channel *channel;

    /* Called once, after the transmission was unlinked: it may be sent again or freed at once. */
    void (*done)(struct lc_transmission *transmission, enum lc_outcome outcome, int number);

    /*
     * Before a retransmission, if not NULL: true says that `datagram` was written anew, and makes
     * it go out with a new Message ID while time-out and count of attempts run on (RFC 7641 4.5.2).
     * It must not send, cancel or free anything here.
     */
    bool (*refresh)(struct lc_transmission *transmission);
};

void lc_transmission_init(struct lc_transmission *transmission,
    void (*done)(struct lc_transmission *, enum lc_outcome, int));

/* Under way: queued, or sent and no outcome yet. */
bool lc_transmission_is_active(const struct lc_transmission *transmission);

/*
 * Sends it to path->remote, at once or when the peer's NSTART allows (a NON that is no request, and
 * any to a multicast address, is never held back). `id`: 0 to 65535, or -1 for the next free one.
 * When all IDs of the peer are in use it waits. Returns 0 and never calls done() before it returns;
 * LC_ERROR_NO_MEMORY; LC_ERROR_OPTION when `id` is still in use with this peer; or LC_ERROR_USAGE
 * for a CON to a multicast address (RFC 7252 8.1).
 */
int lc_channel_send(struct lc_channel *channel, struct lc_transmission *transmission,
    const struct lc_path *path, int id, struct lc_error *error);

/*
 * No outcome is wanted any more: an answer came, or the owner goes away. Frees the NSTART place.
 * Does nothing when it is not active.
 */
void lc_transmission_cancel(struct lc_transmission *transmission);

/* The id the next message to this peer would get; -1 when none is free now. For the MessageId
 * setting. */
int lc_channel_peek_id(struct lc_channel *channel, const struct lc_address *remote);

/* Counters since the channel was made. Valid as long as the channel. */
const struct lc_channel_stats *lc_channel_stats(const struct lc_channel *channel);

#endif
