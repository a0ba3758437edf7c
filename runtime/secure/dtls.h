/*
 * DTLS as a filter over UDP (RFC 6347, RFC 7252 section 9): below it a transport of datagrams,
 * above it the same again, whose addresses carry the session they belong to. It keeps the table of
 * sessions, answers hellos without state, bounds and paces handshakes, and lets what is plain pass
 * while no server demands DTLS. Engines do the protocol, trust.h the judging.
 */
#ifndef LC_SECURE_DTLS_H
#define LC_SECURE_DTLS_H

#include "base/log.h"
#include "net/transport.h"
#include "secure/handshakes.h"
#include "secure/security.h"
#include "secure/session_cache.h"

struct lc_cookies;
struct lc_dtls;

enum lc_dtls_wants {
    LC_DTLS_TELLS_PROGRESS = 1,
    LC_DTLS_TELLS_RECORDS = 2, /* a line for each record: LogSSLPackets */
    LC_DTLS_TELLS_SECRETS = 4, /* what sessions can be opened with: captures */
};

/*
 * What the layer above is told. A session is named by its number, which is `session` in the
 * addresses of what it carries. Every function may call any function here, but not free the lc_dtls
 * in find_key() and status().
 */
struct lc_dtls_upcalls {
    /* The peer has shown `certificate` (NULL: none), and this was found about it. The handshake
     * waits for lc_dtls_decide(), which may be called at once. */
    void (*authenticate)(void *arg, uint32_t session, struct lc_certificate *certificate,
        const struct lc_finding *finding);

    /* Server: writes the pre-shared key of an identity, and returns its length; 0: unknown. */
    size_t (*find_key)(
        void *arg, uint32_t session, struct lc_bytes identity, uint8_t *key, size_t room);

    /* The session can be used. */
    void (*up)(void *arg, uint32_t session);

    /* It is over, or never came up; its number is not used again. `remote` has it still. Not told
     * by lc_dtls_close() and lc_dtls_free(). */
    void (*closed)(void *arg, const struct lc_address *remote, const struct lc_error *error);

    /* Progress, in words, for SSLStatus; and what of it is wanted: LC_DTLS_TELLS_... */
    void (*status)(void *arg, const char *text);
    unsigned (*wants)(void *arg);

    /* A line of a key log about a session that begins; nothing is to be sent in it. */
    void (*secret)(void *arg, const struct lc_address *remote, struct lc_bytes line);

    void *arg;
};

struct lc_dtls_options {
    struct lc_timers *timers;
    struct lc_handshakes *handshakes; /* of the loop */
    struct lc_cookies *cookies;
    struct lc_buf *room; /* what reserve() hands out; one serves a loop */
    struct lc_transport *under;
    struct lc_receiver above;
    const struct lc_log *log;
    struct lc_dtls_upcalls upcalls;
    struct lc_session_cache *saved; /* sessions of the client to resume, or NULL */
    lc_time idle_timeout;           /* without traffic a session is closed after this */
};

/* Changes the last two. */
void lc_dtls_tune(struct lc_dtls *dtls, struct lc_session_cache *saved, lc_time idle_timeout);

/* NULL: memory. */
struct lc_dtls *lc_dtls_new(const struct lc_dtls_options *options);

/* Sends close_notify in all sessions, and forgets them. May be called in an upcall. */
void lc_dtls_free(struct lc_dtls *dtls);

/* Stands on `under`: sessions are chosen by path->remote.session; 0 is sent as it is. */
struct lc_transport *lc_dtls_transport(struct lc_dtls *dtls);

/* Another transport below, which leads to the same socket; another receiver above, which leads to
 * the same channel. */
void lc_dtls_move(struct lc_dtls *dtls, struct lc_transport *under);
void lc_dtls_hand_to(struct lc_dtls *dtls, const struct lc_receiver *above);

/* For the transport below. */
struct lc_receiver lc_dtls_receiver(struct lc_dtls *dtls);

/* From now on hellos are answered, and only DTLS is taken and sent; held. NULL: neither. Sessions
 * that exist stay. */
void lc_dtls_serve(struct lc_dtls *dtls, struct lc_security *security);

/*
 * The session with a server: the one there is with the same security and host, up or on its way, or
 * a new one. `host`: whom the URI names, for Server Name Indication and the check of names. Returns
 * its number, or 0: memory. lc_dtls_is_up() tells whether to wait for up() or closed(), neither of
 * which is called within.
 */
uint32_t lc_dtls_connect(struct lc_dtls *dtls, struct lc_security *security,
    const struct lc_address *remote, const char *host);
bool lc_dtls_is_up(const struct lc_dtls *dtls, uint32_t session);

/*
 * The session that a client of ours has begun, for requests the other way: both ends may ask in it,
 * if it shows no less than one that we begin would. That is, the client has our own pre-shared key,
 * or a certificate or raw key that is good as a server's for `host`. `any_key`: or, where `host` is
 * an address and servers have certificates, any pre-shared key that is known. 0: there is none;
 * what began before lc_dtls_serve() does not count.
 */
uint32_t lc_dtls_find_client(struct lc_dtls *dtls, const struct lc_security *security,
    const struct lc_address *remote, const char *host, bool any_key);

/* Whether the peer of a session may send requests: each client of ours, and the server of
 * a session of ours if it would be let in as a client. `by_certificate`: those have to show one. */
bool lc_dtls_may_ask(struct lc_dtls *dtls, uint32_t session, bool by_certificate);

/* The server did not answer: when nothing was heard of it for that long, it may have forgotten the
 * session, and the next lc_dtls_connect() begins another, which takes its place once it is up. */
void lc_dtls_doubt(struct lc_dtls *dtls, uint32_t session, lc_time silence);

/* Whether a session's peer is a client of ours, and not a server that we talk to. */
bool lc_dtls_serves(const struct lc_dtls *dtls, uint32_t session);

/* The answer to authenticate(); nothing when the session does not wait for one. */
void lc_dtls_decide(struct lc_dtls *dtls, uint32_t session, bool accept);

/* What a handshake waits for that somebody would not await any longer; returns 301. */
int lc_dtls_explain_silence(const struct lc_dtls *dtls, uint32_t session, struct lc_error *error);

/* Ends one session with close_notify, or a handshake with an alert. */
void lc_dtls_close(struct lc_dtls *dtls, uint32_t session);

/* What is known of a session that is up; views. */
struct lc_dtls_view {
    struct lc_session_info info;
    struct lc_certificate *certificate; /* the peer's; NULL: none */
    struct lc_bytes psk_identity;       /* server: the client's; empty: none */
    const struct lc_engine *engine;
};

/* False: no such session, or not up. */
bool lc_dtls_look(const struct lc_dtls *dtls, uint32_t session, struct lc_dtls_view *out);

/* Sessions that are up; handshakes under way. */
size_t lc_dtls_count(const struct lc_dtls *dtls);
size_t lc_dtls_handshakes(const struct lc_dtls *dtls);

#endif
