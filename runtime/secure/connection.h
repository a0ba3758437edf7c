/*
 * What the files of the DTLS filter share: dtls.c (the table of sessions, the ways in and out),
 * sweep.c and room.c (its bounds), connection.c (the life of one session), handshake.c, roles.c and
 * failure.c.
 */
#ifndef LC_SECURE_CONNECTION_H
#define LC_SECURE_CONNECTION_H

#include "base/map.h"
#include "secure/dtls.h"

struct lc_dtls {
    struct lc_dtls_options options;
    struct lc_transport transport;
    struct lc_security *served; /* NULL: no hello is answered */
    struct lc_map by_address, by_number;
    struct lc_list handshaking; /* the oldest first */
    struct lc_list busy;        /* up, the least recently used first */
    struct lc_list resting;     /* up and unused for some time, parked if the engine can */
    size_t handshaking_count, up_count;
    struct lc_crowds *crowds; /* owned; NULL: never too many handshakes yet */
    struct lc_timer sweep;    /* ends and parks what is idle */
    unsigned depth;           /* of calls that the struct must outlive */
    bool is_closed;
};

/* Bytes that wait. */
struct lc_queued {
    struct lc_queued *next;
    size_t len;
    uint8_t data[];
};

struct lc_queue {
    struct lc_queued *first, **end;
    unsigned count;
};

/* What only a handshake needs. */
struct lc_handshake {
    struct lc_connection *connection;
    struct lc_step step;
    struct lc_queue datagrams; /* from the peer, each for a step of its own */
    struct lc_queue early;     /* data that came in one datagram with Finished */
    uint64_t hello;            /* server: tells one ClientHello from another */
    struct lc_finding finding;
    bool has_started;       /* client */
    bool has_heard;         /* the peer has answered something */
    bool has_finding;       /* the peer has shown what it has; above is to be asked */
    bool waits_for_verdict; /* above was asked */
    bool has_verdict;
    int verdict;  /* an alert's number, 0 accepts */
    bool expired; /* the engine's deadline came */
};

struct lc_connection {
    struct lc_dtls *dtls;
    struct lc_map_node by_address, by_number;
    struct lc_list link; /* in dtls->handshaking, busy or resting */
    struct lc_path path; /* remote.session is its number */
    struct lc_security *security;
    struct lc_session *session;     /* NULL until the first step */
    struct lc_handshake *handshake; /* NULL once up */
    struct lc_certificate *peer;
    struct lc_judgement *judgement; /* of the peer in its other role; owned; NULL: none yet */
    char *host;                     /* client: whom it means to reach; owned */
    struct lc_buf identity;         /* of a client with a pre-shared key */
    struct lc_timer deadline;
    lc_time used;
    lc_time heard;            /* when the peer sent something authentic last */
    struct lc_error *failure; /* owned; why it has ended */
    unsigned depth;           /* of calls that the struct must outlive */
    unsigned taken;           /* how often a datagram held something authentic */
    bool is_up, is_parked;
    bool is_doubted; /* nothing was heard where something should have been */
    bool is_gone;    /* out of the table; freed when depth is 0 */
    bool has_ended;  /* for the engine, which is told nothing more */
};

/* ---- connection.c ---- */

/* A new one in the table, with the next number. `hello`: the datagram that a server's begins with;
 * `host`: whom a client's is to reach. NULL: memory. */
struct lc_connection *lc_connection_new(struct lc_dtls *dtls, struct lc_security *security,
    const struct lc_path *path, const char *host, struct lc_bytes hello);

/* Makes the engine's session: in the first step, for it costs as much as some hellos do. False:
 * memory. */
bool lc_connection_begin(struct lc_connection *connection);

/* Takes a datagram: at once when up, else in a step of its own. False: up, and nothing in it was
 * authentic. `local` is where it came to. The connection may be gone afterwards. */
bool lc_connection_input(
    struct lc_connection *connection, const struct lc_address *local, uint8_t *data, size_t len);

/* Seals and sends. Makes no upcall. */
void lc_connection_write(struct lc_connection *connection, struct lc_bytes data);

/* The verdict on what the peer has shown. Makes no upcall. */
void lc_connection_decide(struct lc_connection *connection, bool accept);

/* It is over, and freed. `error`: why, as above is told; NULL: above is told nothing. */
void lc_connection_finish(struct lc_connection *connection, const struct lc_error *error);

/* It is over, which is acted upon when the engine has returned, at the latest in the loop's next
 * turn. */
void lc_connection_fail(struct lc_connection *connection, const struct lc_error *error);

/* Like lc_connection_finish(), and the peer is told too. */
void lc_connection_close(struct lc_connection *connection, const struct lc_error *error);

/* It is idle: gives back what it does not need. */
void lc_connection_park(struct lc_connection *connection);

/* The parts of them that handshake.c needs. */
static inline const struct lc_engine *lc_connection_engine(const struct lc_connection *connection)
{
    return connection->security->context->engine;
}

/* Around calls into the engine, after which the connection may be gone. leave() false: it is. */
void lc_connection_enter(struct lc_connection *connection);
bool lc_connection_leave(struct lc_connection *connection);

void lc_connection_keep_peer(struct lc_connection *connection, const struct lc_shown *shown);

/* There was traffic: it is idle from now on. */
void lc_connection_use(struct lc_connection *connection);

/* A client's: keeps what a later session can be resumed with. */
void lc_connection_save(const struct lc_connection *connection);

/* ---- handshake.c ---- */

/* NULL: memory. */
struct lc_handshake *lc_handshake_new(struct lc_connection *connection);
void lc_handshake_free(struct lc_handshake *handshake);

/* A datagram for a step of its own. False: as if lost. */
bool lc_handshake_queue(struct lc_handshake *handshake, struct lc_bytes datagram);

/* Data of a session whose up() was not told yet waits for that. */
void lc_handshake_keep(struct lc_handshake *handshake, struct lc_bytes data);

/* The engine has returned: acts upon what it said. The caller holds the connection. */
void lc_handshake_settle(struct lc_connection *connection);

/* The connection's timer. */
void lc_handshake_deadline(struct lc_timer *timer);

/* ---- roles.c ---- */

/* Whether a client of ours may be asked as the server that `security` means; as for
 * lc_dtls_find_client(). */
bool lc_connection_serves(struct lc_connection *connection, const struct lc_security *security,
    const char *host, bool any_key);

/* Whether the server of a session of ours may ask as a client of `served`; as for
 * lc_dtls_may_ask(). */
bool lc_connection_may_ask(
    struct lc_connection *connection, const struct lc_security *served, bool by_certificate);

/* ---- dtls.c ---- */

/* Formats a line for status(). */
void lc_dtls_say(struct lc_dtls *dtls, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Describes the records of a datagram, when that is wanted. */
void lc_dtls_say_records(struct lc_dtls *dtls, const char *direction, const struct lc_path *path,
    struct lc_bytes datagram);

/* Whether above wants something, LC_DTLS_TELLS_.... */
bool lc_dtls_wants(const struct lc_dtls *dtls, unsigned what);

/* Ends the other sessions with the same peer: a new one is up. */
void lc_dtls_replace(struct lc_dtls *dtls, const struct lc_connection *by);

/* Around whatever may free the lc_dtls. False: it is closed, touch nothing of it any more. */
static inline void lc_dtls_enter(struct lc_dtls *dtls)
{
    dtls->depth++;
}
bool lc_dtls_leave(struct lc_dtls *dtls);

/* ---- sweep.c ---- */

/* Something begins to be idle or half open: there will be something to sweep. */
void lc_dtls_sweep_later(struct lc_dtls *dtls);

/* The lc_dtls's timer of that name. */
void lc_dtls_sweep(struct lc_timer *timer);

/* So many sessions more or less are up; one more is parked. */
void lc_dtls_count_up(struct lc_dtls *dtls, int change);
void lc_dtls_count_parked(void);

/* Ends a session, with a goodbye if it is up. */
void lc_dtls_end_one(struct lc_connection *connection, int code, const char *why);

/* ---- room.c ---- */

/* So many handshakes more or less are under way, of the connection's kind. */
void lc_dtls_count_handshake(const struct lc_connection *connection, int change);

/* Ends one of too many, so that there may be one more, of that client. False: there may not. */
bool lc_dtls_make_room(struct lc_dtls *dtls, const struct lc_address *newcomer);

/* ---- failure.c ---- */

/* Why a session is over, in the user's words. Returns the number. */
int lc_failure_of(
    const struct lc_connection *connection, const struct lc_end *end, struct lc_error *error);

/* Why the session that was there before `by` is over. Returns 10054. */
int lc_failure_of_replacement(const struct lc_connection *by, struct lc_error *error);

/* Why a handshake takes longer than somebody waits. Returns 301. */
int lc_failure_of_silence(const struct lc_connection *connection, struct lc_error *error);

#endif
