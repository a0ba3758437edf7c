/*
 * Calls: a Get, Post, StartObserving ... from the method call to RequestComplete, and an
 * observation from its registration to its end. A call looks up the host, keeps the Timeout, and
 * turns what the exchange says into events; the exchange does the protocol.
 */
#ifndef LC_COMPONENT_CALL_H
#define LC_COMPONENT_CALL_H

#include "component/component.h"
#include "net/resolve.h"
#include "request/client.h"

enum lc_call_state {
    LC_CALL_RESOLVING,
    LC_CALL_CONNECTING, /* waits for a DTLS session */
    LC_CALL_SENT,       /* an answer is expected */
    LC_CALL_OBSERVING,  /* registered; notifications come */
    LC_CALL_ENDED,
};

struct lc_call {
    struct lc_stage *stage;
    struct lc_component *component;
    struct lc_list link; /* in component->calls until it has ended */
    uint64_t number;     /* the RequestId */
    uint8_t method, state;
    uint8_t observe; /* enum lc_observe_intent */
    bool confirmable;
    bool secure;                 /* over DTLS */
    bool absolute;               /* AbsoluteTimeout */
    bool has_progress;           /* the peer has acknowledged something of it */
    bool deferred;               /* cancelled inside a method, to be told in a later turn */
    bool notifying;              /* a Notification handler has not returned */
    bool guarded;                /* a function further up still uses it */
    uint8_t token_len, token[8]; /* the observation's that this one renews or ends */
    int message_id;              /* asked for by MessageId, or -1 */
    struct lc_buf uri;           /* normalised */
    struct lc_buf host;          /* as the URI names it, with a zero byte behind it */
    struct lc_buf options, body; /* encoded; the options of an observation serve to end it */
    struct lc_address remote;
    struct lc_resolution *resolution;
    struct lc_exchange *exchange;
    struct lc_timer timer;
    lc_time timeout;              /* microseconds; 0: none */
    lc_time reconnected;          /* when its last session was lost; 0: never */
    struct lc_list notifications; /* firings that wait for the one whose handler is running */

    /* How it ended, or how the registration did. */
    struct lc_error error;       /* code 0: well */
    struct lc_content *response; /* the answer; NULL: none came */

    void *waiter; /* of the one who waits for it; NULL: nobody does */
};

/* What to ask; views. */
struct lc_call_options {
    uint8_t method;
    enum lc_observe_intent observe;
    struct lc_bytes uri;
    const struct lc_content *content; /* what Request* mean to the caller; NULL: empty */
    void *waiter;                     /* told by upcalls->finished(); NULL: asynchronous */
};

/* Begins a call. NULL with `error`: 700, 701, 712, 10000 + n; nothing was sent then. */
struct lc_call *lc_call_begin(
    struct lc_component *component, const struct lc_call_options *options, struct lc_error *error);

/* An answer is expected: it is among PendingRequests. */
static inline bool lc_call_is_pending(const struct lc_call *call)
{
    return call->state <= LC_CALL_SENT;
}

/* Ends it with 711, in a later turn. */
void lc_call_cancel(struct lc_call *call);

/* The waiter is gone, the call goes on. */
void lc_call_abandon(struct lc_call *call);

/* By RequestId, those that wait for an answer; NULL: none. */
struct lc_call *lc_call_find(const struct lc_component *component, uint64_t number);

/* Ends what ended inside a method: called by the component in a later turn. */
void lc_call_run_deferred(struct lc_component *component);

/* Forgets all calls of a component that shuts down; those somebody waits for end with 711. */
void lc_call_drop_all(struct lc_component *component);

/* ---- DTLS sessions (call_secure.c) ---- */

/* A session is up: the calls that waited for it are sent. The component may be shut down by their
 * handlers. */
void lc_call_session_up(struct lc_component *component, uint32_t session);

/* A session is over: its calls end with `error`, its observations are registered anew in another
 * one. The same may happen. */
void lc_call_session_closed(
    struct lc_component *component, uint32_t session, const struct lc_error *error);

/* For the stage, which keeps them. */
void lc_call_free(struct lc_call *call);

#endif
