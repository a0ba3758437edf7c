/*
 * Requests we receive (RFC 7252 section 5, 8; RFC 7641; RFC 7959; RFC 7967): option rules,
 * block-wise bodies both ways, piggybacked and separate responses, observers. The component above
 * sees whole requests and gives whole responses.
 */
#ifndef LC_REQUEST_SERVER_H
#define LC_REQUEST_SERVER_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "message/channel.h"
#include "request/limits.h"

struct lc_server;
struct lc_resource;

/* Whose observers: those that registered with a certain Accept (a content-format), without one, or
 * all. */
enum { LC_ACCEPT_NONE = -1, LC_ACCEPT_ANY = -2 };

/*
 * A request that waits for its answer; owned by the server. Valid until its `complete` upcall
 * returns; without `wants_complete` only until the request is answered and the `request` upcall has
 * returned.
 */
struct lc_incoming {
    /*
     * The request with its whole body as payload. In the `request` upcall a view of the datagram,
     * once that has returned unanswered (or lc_server_hold() was called) of a copy that the server
     * owns. When it was answered within the upcall, options and payload are empty afterwards.
     */
    struct lc_message message;
    struct lc_path path;
    uint64_t number; /* 1, 2, 3, ...: the RequestId */
    bool multicast;  /* it came to a multicast address */
    bool answered; /* a response was given (or it was cancelled); only the outcome is still open */
    bool wants_complete; /* true at first, if there is a `complete` upcall; cleared by who does not
                            listen, which makes a piggybacked response cost nothing more */
    void *owner;         /* the component's; NULL at first */
};

/* What to answer; a view. */
struct lc_response {
    uint8_t code;
    bool confirmable;        /* for separate responses to CON requests, and for notifications */
    struct lc_bytes options; /* encoded; without Observe, Block1, Block2, Size1, Size2 */
    struct lc_bytes body;
};

/* A client that is registered for a resource; a view. */
struct lc_observer_info {
    struct lc_path path;
    struct lc_bytes token;
    struct lc_bytes uri;     /* normalised, of the registration request */
    struct lc_bytes options; /* Uri-* options of the registration request, encoded */
};

/* What is observed: a URI, once for each Accept that its observers registered with; a view. */
struct lc_observed {
    struct lc_bytes uri;     /* normalised */
    struct lc_bytes options; /* Uri-* options, encoded */
    int accept;              /* or LC_ACCEPT_NONE */
    size_t observers;        /* at least one */
    const struct lc_resource *resource;
};

struct lc_server_upcalls {
    /* A whole request that is to be answered. lc_server_respond() may be called inside or later. */
    void (*request)(void *arg, struct lc_incoming *incoming);

    /*
     * What became of the response: code 0; 301 no answer came from the script in pending_timeout;
     * 704, 705 (RST), 10000 + n; 711 cancelled. Never called inside respond() or cancel() but in a
     * later turn of the timers. The incoming is freed when this returns. May be NULL.
     */
    void (*complete)(void *arg, struct lc_incoming *incoming, int code, const char *text);

    /* A registration ended: by the client (the `request` upcall for its GET follows), by RST, by
     * time-out, by a non-2.xx notification. Never called inside respond(), cancel() or notify().
     * May be NULL. */
    void (*unregistered)(void *arg, const struct lc_observer_info *observer);

    void *arg;
};

struct lc_server_options {
    struct lc_timers *timers;
    struct lc_channel *channel;
    const struct lc_params *params;
    const struct lc_limits *limits;
    const struct lc_log *log;
    struct lc_server_upcalls upcalls;
};

/* NULL: out of memory. */
struct lc_server *lc_server_new(const struct lc_server_options *options);

/* Pending requests and observers are dropped without an upcall. May be called in one. */
void lc_server_free(struct lc_server *server);

/* An endpoint will never be heard of again: its requests that are not answered end with 10054, its
 * observers are removed; both are told in a later turn. */
void lc_server_lose(struct lc_server *server, const struct lc_address *remote);

/* While not accepting, new requests get 5.03; pending ones may be answered, observers stay. */
void lc_server_accept_requests(struct lc_server *server, bool accept);

/* The channel's upcalls. */
void lc_server_request(
    struct lc_server *server, const struct lc_message *message, const struct lc_path *path);
void lc_server_reset(struct lc_server *server, const struct lc_path *path, uint16_t id);

/*
 * Makes incoming->message own its bytes, and starts the wait of piggyback_delay. To be called in
 * the `request` upcall before other datagrams may arrive, that is, before a handler suspends or
 * runs the loop. Once is enough. False: out of memory; answer or cancel it then.
 */
bool lc_server_hold(struct lc_server *server, struct lc_incoming *incoming);

/*
 * Answers: piggybacked when the empty ACK has not gone out, else separately (by NON when
 * max_pending others are unconfirmed); in blocks when too large. `observe`: with a 2.xx code the
 * client becomes an observer (the request had Observe 0). 0, or LC_ERROR_NO_MEMORY, or 701 for
 * options that do not fit a datagram; on an error it stays unanswered.
 */
int lc_server_respond(struct lc_server *server, struct lc_incoming *incoming,
    const struct lc_response *response, bool observe, struct lc_error *error);

/* No answer will come: a CON gets an empty ACK and nothing more; complete() follows with 711. */
void lc_server_cancel(struct lc_server *server, struct lc_incoming *incoming);

/* An unanswered or unconfirmed request by its number, or NULL. */
struct lc_incoming *lc_server_find(const struct lc_server *server, uint64_t number);

/* Walks those not answered yet, oldest first; NULL starts and ends. */
struct lc_incoming *lc_server_next(
    const struct lc_server *server, const struct lc_incoming *incoming);
size_t lc_server_pending(const struct lc_server *server);

/*
 * Sends the new state to the observers of a URI that registered with this Accept: `uri` is
 * normalised, or a path with query alone ("/obs?x=1"), which reaches its observers under every host
 * name. An observer that has not confirmed the last notification gets the newest state when it has,
 * never a queue (RFC 7641 4.5.2). A non-2.xx code removes the observers (4.2), unregistered()
 * following in a later turn. Returns 0 or LC_ERROR_NO_MEMORY or 701.
 */
int lc_server_notify(struct lc_server *server, struct lc_bytes uri, int accept,
    const struct lc_response *response, struct lc_error *error);

/*
 * Walks what is observed, or what of it has this path, as lc_uri_path() writes it, if there is one.
 * `observed` is all zeroes to begin with; nothing may change on the way. False: at the end.
 */
bool lc_server_next_observed(
    const struct lc_server *server, struct lc_bytes path, struct lc_observed *observed);

size_t lc_server_observers(const struct lc_server *server);

/* Block-wise bodies, under way or kept for their blocks to be fetched, that were dropped before
 * their time because of max_transfers or max_transfer_bytes. */
uint64_t lc_server_transfers_evicted(const struct lc_server *server);

#endif
