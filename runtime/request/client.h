/*
 * Requests we send (RFC 7252 section 5.2, RFC 7641, RFC 7959): tokens, matching of responses,
 * block-wise bodies both ways, observations. One exchange is one request and everything that
 * answers it, whatever its size; the message layer below knows nothing of it, the component above
 * sees whole bodies only.
 */
#ifndef LC_REQUEST_CLIENT_H
#define LC_REQUEST_CLIENT_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "message/channel.h"
#include "request/limits.h"

struct lc_client;
struct lc_exchange;

struct lc_client_options {
    struct lc_timers *timers;
    struct lc_channel *channel;
    const struct lc_params *params;
    const struct lc_limits *limits;
    const struct lc_log *log;
};

/* NULL: out of memory. */
struct lc_client *lc_client_new(const struct lc_client_options *options);

/* Exchanges still open are dropped without an upcall. May be called in one. */
void lc_client_free(struct lc_client *client);

/* The channel's upcall for responses. */
bool lc_client_response(
    struct lc_client *client, const struct lc_message *message, const struct lc_path *path);

enum lc_observe_intent { LC_NO_OBSERVE, LC_REGISTER, LC_DEREGISTER };

/* What to ask; a view, everything needed later is copied. */
struct lc_request {
    uint8_t method;   /* 1 to 31 */
    bool confirmable; /* a multicast request is NON whatever this says (RFC 7252 8.1) */
    enum lc_observe_intent observe;
    struct lc_path path;
    struct lc_bytes options; /* encoded; without Observe, Block1, Block2, Size1, Size2 */
    struct lc_bytes body; /* in blocks, it waits for others to the same resource (RFC 7959 2.5) */
    int id;               /* Message ID of the first message, or -1 */
    bool empty_token;     /* waits until no other exchange with this peer has an empty token */
    /* That of an observation which this request renews or ends (RFC 7641 3.6), and whose exchange
     * was cancelled before; else empty: a random one. */
    struct lc_bytes token;
};

/* How an exchange ended. */
struct lc_result {
    int code; /* 0; 709 non-2.xx; 301 no answer to a multicast; 701 (of a request that had to
                 wait); 702, 703, 704, 708, 710, or 10000 + n */
    const char *text; /* why, for codes other than 0 and 709 */
    const struct lc_message
        *response;              /* a view with the whole body as payload; NULL when there is none */
    const struct lc_path *path; /* where the response came from */
};

/* How far a body is that goes or comes in blocks. */
struct lc_transfer {
    bool incoming; /* a response's, else the request's */
    size_t bytes;  /* that the server has confirmed, or that came in */
    size_t total;  /* 0: not known yet */
};

/* Told to the one who began the exchange. No upcall is made inside lc_client_send() or
 * lc_exchange_cancel(). */
struct lc_exchange_upcalls {
    /* A message of this exchange arrived: an empty ACK, a block. Timeout starts anew. May be NULL.
     */
    void (*progress)(void *arg);

    /* A block was confirmed or came in. The exchange is in the middle of it: it must not be ended
     * here. Not for answers to a multicast request. May be NULL. */
    void (*transferred)(void *arg, const struct lc_transfer *transfer);

    /*
     * A notification; for the first one the observation was accepted. With a non-2.xx code it is
     * the last one, and the exchange is gone when this returns (RFC 7641 3.2). `latest`: RFC
     * 7641 3.4.
     */
    void (*notification)(void *arg, const struct lc_result *result, bool latest);

    /* One of the answers to a multicast request. */
    void (*answer)(void *arg, const struct lc_result *result);

    /* The end: the exchange is gone already. After `answer`s: code 0 and no response. */
    void (*complete)(void *arg, const struct lc_result *result);

    void *arg;
};

/* NULL with `error`: no memory; 701 for a Message ID in use or options that do not fit a datagram.
 */
struct lc_exchange *lc_client_send(struct lc_client *client, const struct lc_request *request,
    const struct lc_exchange_upcalls *upcalls, struct lc_error *error);

/* Ends it without an upcall. An observation is forgotten: its next notification meets RST (RFC
 * 7641 3.6). */
void lc_exchange_cancel(struct lc_exchange *exchange);

/* 0 to 8 bytes; a view. */
struct lc_bytes lc_exchange_token(const struct lc_exchange *exchange);

/* The Message ID last sent with. */
uint16_t lc_exchange_id(const struct lc_exchange *exchange);

/* True once a server accepted the registration and until the observation ends. */
bool lc_exchange_is_observation(const struct lc_exchange *exchange);

#endif
