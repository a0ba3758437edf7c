/*
 * Observers (RFC 7641 on the server's side): who is registered for which resource. Registrations
 * are in observe_server.c, notifications in notify.c.
 */
#ifndef LC_REQUEST_OBSERVE_SERVER_H
#define LC_REQUEST_OBSERVE_SERVER_H

#include "base/group.h"
#include "message/channel.h"
#include "request/resource.h"

struct lc_pending;
struct lc_server;

enum { LC_OBSERVER_IDS = 4 };

/* Content-Formats that are none. */
enum { LC_FORMAT_ABSENT = -1, LC_FORMAT_UNKNOWN = -2 };

struct lc_observer {
    struct lc_list link; /* in lc_resource.observers, lc_observers.ended or .parted */
    struct lc_resource *resource;
    struct lc_path path;
    uint8_t token[LC_TOKEN_MAX];
    uint8_t token_len;
    uint8_t szx;                   /* of the blocks that the client asked for */
    uint8_t id_count;              /* of the NONs sent, the low bits */
    bool dirty;                    /* has not been sent the newest state */
    bool ended;                    /* not registered any more */
    bool told;                     /* ... and unregistered() was called */
    bool proven;                   /* has acknowledged a CON: its address is not forged */
    bool refused;                  /* gets 4.06 in place of another Content-Format */
    int32_t format;                /* of its first 2.05 */
    uint16_t ids[LC_OBSERVER_IDS]; /* of the last NON notifications: RST to one ends it */
    unsigned nons;                 /* notifications since the last CON */
    lc_time confirmed;             /* when the last CON was sent */
    struct lc_list queued;         /* in lc_observers.queue */
    struct lc_map_node by_token;
    struct lc_group_node by_remote;
    struct lc_transmission transmission;
};

struct lc_observers {
    struct lc_server *server;
    struct lc_resources resources;
    struct lc_map by_token, by_remote;
    struct lc_list ended;  /* unregistered() is due */
    struct lc_list parted; /* told, but the last notification is still under way */
    struct lc_list queue;  /* have to wait until `pace` fires, see notify.c */
    struct lc_timer pace;
    unsigned burst;        /* CON notifications that may still go out before that */
    struct lc_buf scratch; /* owned */
    struct lc_buf options; /* owned: of a notification that was given its Content-Format */
    size_t count;
};

void lc_observers_init(struct lc_observers *observers, struct lc_server *server);
void lc_observers_free(struct lc_observers *observers);

/* Registers the client of a request, or registers it anew, and gives the Observe value for its
 * response, which has this code and these options. False: too many, or out of memory. */
bool lc_observers_add(struct lc_observers *observers, struct lc_pending *pending, uint8_t code,
    struct lc_bytes options, uint32_t *out_sequence);

/* The Content-Format that a response or notification fixes for those that follow (RFC 7641 4.2), or
 * LC_FORMAT_UNKNOWN: a code other than 2.05 shows no representation. */
int32_t lc_observed_format(uint8_t code, struct lc_bytes options);

/* Ends a registration; unregistered() follows. False: there was none. */
bool lc_observers_remove(
    struct lc_observers *observers, const struct lc_address *remote, struct lc_bytes token);

/* A NON with this Message ID went to an observer. */
void lc_observer_sent(struct lc_observer *observer, uint16_t id);

/* The same for the response to its registration, which is its first notification. */
void lc_observers_sent_first(struct lc_observers *observers, const struct lc_address *remote,
    struct lc_bytes token, uint16_t id);

/* RST to a NON. */
void lc_observers_reset(
    struct lc_observers *observers, const struct lc_address *remote, uint16_t id);

/* All of an endpoint that is gone. */
void lc_observers_lose(struct lc_observers *observers, const struct lc_address *remote);

/* The registration is over; the struct goes when unregistered() was called and nothing is under
 * way. */
void lc_observer_end(struct lc_observers *observers, struct lc_observer *observer);

/* Frees it if nothing holds it any more. */
void lc_observer_release(struct lc_observer *observer);

/* Makes the unregistered() upcalls that are due. False: the server was freed in one. */
bool lc_observers_tell(struct lc_observers *observers);

/* The body of a notification that this client got later than the moment `stamp`, or NULL. */
struct lc_representation *lc_observers_representation(struct lc_observers *observers,
    const struct lc_message *message, const struct lc_address *remote, uint64_t stamp);

/* ---- notify.c ---- */

void lc_observer_done(struct lc_transmission *transmission, enum lc_outcome outcome, int number);
bool lc_observer_refresh(struct lc_transmission *transmission);
void lc_observers_pace(struct lc_timer *timer);

#endif
