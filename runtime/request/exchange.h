/*
 * What the files of the client share and nobody else includes: one request with everything that
 * answers it. exchange.c keeps and sends them, transfer.c goes from request to whole response,
 * observe_client.c and multicast_client.c are what follows when there are more responses than one.
 */
#ifndef LC_REQUEST_EXCHANGE_H
#define LC_REQUEST_EXCHANGE_H

#include "request/block_recv.h"
#include "request/block_send.h"
#include "request/client.h"
#include "request/observe_client.h"
#include "request/token.h"

struct lc_client {
    struct lc_client_options options;
    struct lc_map tokens;
    struct lc_list active;  /* exchanges under way */
    struct lc_list waiting; /* exchanges that may not go beside an active one, see queue.c */
    struct lc_list idle;    /* ended ones, kept with their buffers for the next request */
    unsigned idle_count;
    struct lc_timer wake; /* one of the waiting may go now */
};

struct lc_exchange {
    struct lc_client *client;
    struct lc_list link;
    struct lc_transmission transmission;
    struct lc_timer timer; /* end of a multicast request, or a registration that runs out */
    struct lc_exchange_upcalls upcalls;
    struct lc_path path;

    /* The request; options and body are owned. */
    struct lc_token token;
    struct lc_buf options, body;
    uint8_t method;
    bool confirmable, multicast, empty_token;
    bool large; /* the body needs blocks */
    enum lc_observe_intent observe;
    int id; /* wanted for the first message, or -1 */

    /* Blocks. Those after the first are requests with a token of their own. */
    struct lc_token block_token;
    struct lc_block_send send;
    struct lc_block_recv recv;
    struct lc_message head;   /* the message that began the response; looks into head_bytes */
    struct lc_buf head_bytes; /* owned */
    size_t size2;             /* of the response, as it says itself; 0: it does not */
    bool uploading;           /* the request goes, or went, out by Block1 */
    bool fetching;            /* the response comes in by Block2 */

    /* More responses than one. */
    struct lc_observation observation;
    bool observing;
    bool answered; /* a multicast request: somebody answered */
    bool closing;  /* a multicast request: its time is over, only children are awaited */
    unsigned child_count;
    struct lc_list children, sibling; /* unicast exchanges for the rest of a multicast answer */
};

/* ---- exchange.c ---- */

/* An empty exchange in the list of active ones, or NULL: out of memory. */
struct lc_exchange *lc_exchange_take(struct lc_client *client);

/* Ends it without an upcall and keeps its memory for the next request. */
void lc_exchange_release(struct lc_exchange *exchange);

/* Gives the memory back too. */
void lc_exchange_destroy(struct lc_exchange *exchange);

/* Releases it, then tells the result. Nothing may be touched afterwards. */
void lc_exchange_finish(struct lc_exchange *exchange, const struct lc_result *result);
void lc_exchange_fail(struct lc_exchange *exchange, int code, const char *text);

/* One notification; the exchange goes on, unless the upcall ends it. Nothing may be touched
 * afterwards. */
void lc_exchange_notify(struct lc_exchange *exchange, const struct lc_result *result, bool latest);

/* Tells that something arrived. Nothing may be touched afterwards. */
void lc_exchange_progress(struct lc_exchange *exchange);

/* Sends a message with the exchange's options, `count` others of rising numbers, and a payload. */
int lc_exchange_transmit(struct lc_exchange *exchange, const struct lc_token *token,
    const struct lc_extra *extras, size_t count, struct lc_bytes payload, struct lc_error *error);

/* The size of blocks that we like best. */
uint8_t lc_exchange_szx(const struct lc_exchange *exchange);

/* ---- queue.c ---- */

/* Sends the request now, or when it may go. */
int lc_queue_enter(struct lc_exchange *exchange, struct lc_error *error);

/* It ends: another one may go. */
void lc_queue_leave(struct lc_exchange *exchange);

/* The client's timer of that name. */
void lc_queue_wake(struct lc_timer *timer);

/* ---- transfer.c ---- */

/* Sends the request, or its first block; once more to register anew. */
int lc_transfer_start(struct lc_exchange *exchange, struct lc_error *error);

/* An answer to what was sent last. */
void lc_transfer_answer(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path);

/* A response, of which the first block may be all that is there; fetches the others. */
void lc_transfer_response(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path);

/* The response cannot be completed: the end, but an observation waits for the next notification. */
void lc_transfer_fail(struct lc_exchange *exchange, int code, const char *text);

/* Stops fetching; what was fetched is forgotten. */
void lc_transfer_abandon(struct lc_exchange *exchange);

/* ---- multicast_client.c ---- */

/* A multicast request is out: sets when it ends. */
void lc_multicast_start(struct lc_exchange *exchange);

/* One of its answers. Nothing may be touched afterwards. */
void lc_multicast_answer(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path);

/* The time for answers is over. */
void lc_multicast_expire(struct lc_exchange *exchange);

/* ---- observe_client.c ---- */

/* The server accepted the registration. */
void lc_observe_begin(struct lc_exchange *exchange, const struct lc_message *message);

/* A message with the token of an accepted registration. */
void lc_observe_notification(
    struct lc_exchange *exchange, const struct lc_message *message, const struct lc_path *path);

/* Begins the time after which the registration counts as lost, from now. */
void lc_observe_schedule(struct lc_exchange *exchange);

/* The time is over: registers anew (RFC 7641 3.3.1). */
void lc_observe_refresh(struct lc_exchange *exchange);

#endif
