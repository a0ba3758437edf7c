/*
 * What the files of the server share: server.c (way in, life cycle), pending.c (requests that wait
 * for an answer), respond.c (way out), blockwise.c (bodies in blocks), observe_server.c and
 * notify.c (observers).
 */
#ifndef LC_REQUEST_SERVER_STATE_H
#define LC_REQUEST_SERVER_STATE_H

#include "base/map.h"
#include "request/bodystore.h"
#include "request/observe_server.h"
#include "request/reply.h"
#include "request/server.h"
#include "wire/block.h"

/* A request on its way to an answer. Those that are finished go to a free list with their buffers.
 */
struct lc_pending {
    struct lc_incoming incoming; /* first, so that the two convert into each other */
    struct lc_server *server;
    struct lc_list link;     /* in lc_server.waiting, .settled or .spare */
    struct lc_map_node node; /* in lc_server.by_number */
    struct lc_timer timer;   /* the empty ACK, then pending_timeout; or a multicast's leisure */
    lc_time arrived;
    struct lc_buf copy;                  /* token, options and payload of a held request */
    struct lc_buf body;                  /* put together from blocks */
    struct lc_transmission transmission; /* the separate response; or the multicast's, not active */
    struct lc_block block1, block2;      /* as the request has them; see the bits below */
    int outcome;                         /* what complete() will be told */
    uint8_t unwanted;                    /* RFC 7967: bit c-1: responses of class c */
    bool has_block1 : 1, has_block2 : 1, wants_size2 : 1;
    bool choosy : 1;     /* there was a No-Response option */
    bool known : 1;      /* by number: the script has seen it */
    bool in_upcall : 1;  /* the request upcall has not returned yet */
    bool held : 1;       /* incoming.message is a copy */
    bool acked : 1;      /* the empty ACK went out */
    bool settled : 1;    /* the outcome is known */
    bool registered : 1; /* the response made the client an observer */
    bool confirmable : 1;
    bool lingers : 1; /* counted by lingering_count */
};

struct lc_server {
    struct lc_server_options options;
    struct lc_list waiting; /* known and unanswered, oldest first */
    struct lc_list open;    /* answered, the outcome is not known yet */
    struct lc_list settled; /* complete() is due */
    struct lc_list spare;
    struct lc_map by_number;
    struct lc_timer turn; /* makes the upcalls that may not come at once */
    struct lc_bodystore store;
    struct lc_observers observers;
    uint64_t last_number;
    size_t waiting_count, spare_count;
    size_t lingering_count; /* responses that wait for their ACK, or for their moment */
    unsigned depth;         /* upcalls that have not returned */
    bool accepting, freed;
};

/* ---- pending.c ---- */

/* One with the message as a view; NULL: out of memory. */
struct lc_pending *lc_pending_new(
    struct lc_server *server, const struct lc_message *message, const struct lc_path *path);

/* Gives it a number: the script is going to see it. False: out of memory. */
bool lc_pending_admit(struct lc_pending *pending);

/* Makes the message its own. False: out of memory. */
bool lc_pending_hold(struct lc_pending *pending);

/* Marks it answered: it leaves the queue of those that wait. */
void lc_pending_answered(struct lc_pending *pending);

/* The outcome is known: complete() is put on the list, or it is recycled at once. */
void lc_pending_settle(struct lc_pending *pending, int outcome);

/* The same for one that the script had not answered: it is told in any case. */
void lc_pending_abandon(struct lc_pending *pending, int outcome);

/* Back to the free list. */
void lc_pending_recycle(struct lc_pending *pending);

/* Frees all, known or not. */
void lc_pending_free_all(struct lc_server *server);

/* ---- server.c ---- */

/* Around upcalls. leave() false: the server was freed meanwhile, touch nothing of it any more. */
void lc_server_enter(struct lc_server *server);
bool lc_server_leave(struct lc_server *server);

/* Lets the `turn` timer fire in the next turn. */
void lc_server_schedule_turn(struct lc_server *server);

/* ---- respond.c ---- */

/* Sends a reply by the rules for the type of its request. Returns 0, 10055 or 701. */
int lc_pending_reply(
    struct lc_pending *pending, const struct lc_reply *reply, struct lc_error *error);

/* Answers a request that the script never sees, with a diagnostic text; it is recycled. `max_age`:
 * seconds, for 5.03. */
void lc_pending_refuse(
    struct lc_pending *pending, uint8_t code, const char *text, const uint32_t *max_age);

/* The timer of a pending request. */
void lc_pending_timer(struct lc_timer *timer);

/* The outcome of a separate response. */
void lc_pending_done(struct lc_transmission *transmission, enum lc_outcome outcome, int number);

/* ---- blockwise.c ---- */

/* Reads Block1, Block2 and Size2. False: it was refused and recycled (RFC 7959 2.2). */
bool lc_blockwise_read(struct lc_pending *pending);

/* Whether it brings one block of several; one that is the whole body is no transfer. */
bool lc_blockwise_is_part(const struct lc_pending *pending);

/* Answers a request for a later block of a response. True: done and recycled. */
bool lc_blockwise_serve(struct lc_pending *pending);

/* Takes a block of a request's body. True: it is answered and recycled; false: the whole body is
 * there. */
bool lc_blockwise_assemble(struct lc_pending *pending);

/* Makes the reply from a response: whole, or the block that was asked for, the rest being kept.
 * Returns 0, 10055 or 701. */
int lc_blockwise_cut(struct lc_pending *pending, const struct lc_response *response,
    struct lc_reply *reply, struct lc_error *error);

#endif
