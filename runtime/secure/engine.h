/*
 * A DTLS engine: contexts (credentials and rules, shared by many sessions) and sessions (one
 * security association each), behind a const table. An engine has no socket and no clock: it is
 * given datagrams and the time, and gives back datagrams and its next deadline. It verifies no
 * certificate and reads no container: trust.h and certificate.h do.
 */
#ifndef LC_SECURE_ENGINE_H
#define LC_SECURE_ENGINE_H

#include "base/timers.h"
#include "secure/config.h"

struct lc_engine;

/* Begins the engine's own struct. */
struct lc_context {
    const struct lc_engine *engine;
};

/* Begins the engine's own struct. */
struct lc_session {
    const struct lc_engine *engine;
    const struct lc_session_upcalls *upcalls;
    void *arg; /* of the upcalls */
};

/* What the peer has shown; views that last until the next call of the session. */
struct lc_shown {
    bool is_raw_key;                     /* chain[0] is a SubjectPublicKeyInfo (RFC 7250) */
    size_t count;                        /* 0: nothing */
    struct lc_bytes chain[LC_CHAIN_MAX]; /* DER, the leaf first */
};

/* Why a session is over. */
enum lc_end_reason {
    LC_END_CLOSED,         /* close_notify */
    LC_END_ALERT,          /* the peer sent the fatal alert `alert` */
    LC_END_REFUSED,        /* decide() said no */
    LC_END_NO_SUITE,       /* nothing in common: suites, groups, versions, key types */
    LC_END_NO_CERTIFICATE, /* the server showed none */
    LC_END_WRONG_TYPE,     /* X.509 in place of a raw key, or the reverse */
    LC_END_WRONG_KEY,      /* Finished cannot be read: with PSK most likely another key */
    LC_END_UNKNOWN_PSK,    /* server: find_key() knows no such identity */
    LC_END_TIMED_OUT,      /* the flight was sent as often as the engine does */
    LC_END_MEMORY,
    LC_END_PROTOCOL, /* anything else; `text` says what */
};

struct lc_end {
    enum lc_end_reason reason;
    int alert;        /* LC_END_ALERT: its number */
    const char *text; /* the engine's words, or NULL */
};

/*
 * Called from within the session's functions. They must not free the session or call it, except
 * that data() and up() may write and close, and data() may turn the loop, so that the session is
 * given other datagrams meanwhile. `arg` is the session's.
 */
struct lc_session_upcalls {
    /* One datagram to send, at most the context's MTU long. */
    void (*output)(void *arg, struct lc_bytes datagram);

    /* When expire() is to be called; LC_NEVER: not. Replaces the earlier wish. */
    void (*deadline)(void *arg, lc_time at);

    /*
     * The peer has shown its certificate or raw key, or a client none though it was asked. The
     * handshake goes no further until decide(); for a certificate its possession of the key is
     * proven by then, where the engine can wait for that. Not called for resumed sessions.
     */
    void (*authenticate)(void *arg, const struct lc_shown *shown);

    /* Server, LC_MODE_PSK: writes the key of an identity and returns its length, 0: not known. */
    size_t (*find_key)(void *arg, struct lc_bytes identity, uint8_t *key, size_t room);

    /* The handshake is complete: write() works. */
    void (*up)(void *arg);

    /* What a packet analyser needs to open the session: the client's random and the master secret.
     * Once in each handshake, before the first record that is sealed with it is sent. NULL: nobody
     * wants to know. */
    void (*secret)(void *arg, struct lc_bytes client_random, struct lc_bytes master);

    /* Application data of one record. It may be written to and is gone afterwards. */
    void (*data)(void *arg, uint8_t *data, size_t len);

    /* The session is over, and only to be freed. An alert of ours has been output already. */
    void (*closed)(void *arg, const struct lc_end *end);
};

/* A server's first input() is the ClientHello whose cookie was found right. */
struct lc_session_options {
    struct lc_context *context; /* outlives the session */
    const struct lc_timers *timers;
    const struct lc_session_upcalls *upcalls;
    void *arg;
    size_t mtu; /* of a handshake's datagrams; data may be as long as max_data() says */

    /* Client: the name for Server Name Indication, NULL for a literal address; and what save() gave
     * for an earlier session with the same server, empty for none. */
    const char *server_name;
    struct lc_bytes saved;
};

struct lc_session_info {
    uint16_t version; /* LC_DTLS_... */
    uint16_t suite;   /* its number at IANA */
    uint16_t group;   /* of an ECDHE exchange; 0: none, or not known */
    bool resumed;
};

enum lc_engine_ability {
    LC_ENGINE_CERTIFICATES = 1, /* X.509 with RSA and EC keys */
    LC_ENGINE_RAW_KEYS = 2,
    LC_ENGINE_PSK = 4,
    LC_ENGINE_ED25519 = 8,
    LC_ENGINE_TOKENS = 16, /* keys in PKCS #11 tokens */
    LC_ENGINE_DTLS_1_0 = 32,
    LC_ENGINE_PARKS = 64,
};

struct lc_engine {
    const char *name; /* as SSLProvider reads: "mbedTLS", "GnuTLS" */
    unsigned abilities;
    size_t max_psk; /* bytes */

    /* Whether it can do a cipher suite, by its number. */
    bool (*has_suite)(uint16_t suite);

    /* NULL with `error`: 273 when the credentials do not fit, 276 when no suite is left, 10055. */
    struct lc_context *(*context_new)(
        const struct lc_secure_config *config, struct lc_error *error);
    void (*context_free)(struct lc_context *context);

    /* NULL: memory. Nothing is sent yet. */
    struct lc_session *(*session_new)(const struct lc_session_options *options);
    void (*session_free)(struct lc_session *session); /* sends nothing */

    /* Client: sends the first flight. */
    void (*start)(struct lc_session *session);

    /* A datagram from the peer, whole records only (record.h). While decide() is awaited the caller
     * keeps them back. */
    void (*input)(struct lc_session *session, uint8_t *datagram, size_t len);

    /* The deadline has come. */
    void (*expire)(struct lc_session *session);

    /* The answer to authenticate(): 0 accepts, else the number of the alert to refuse with. */
    void (*decide)(struct lc_session *session, int alert);

    /* Seals one message of at most max_data() bytes. False: not up, too long, or the engine failed,
     * after which closed() may have been called. */
    bool (*write)(struct lc_session *session, struct lc_bytes data);
    size_t (*max_data)(const struct lc_session *session);

    /* Sends close_notify when up, else the alert user_canceled (90) if anything was sent at all;
     * then the session is over. closed() is not called for it. */
    void (*close)(struct lc_session *session);

    /* Valid once up. */
    void (*info)(const struct lc_session *session, struct lc_session_info *out);

    /* Once up: what the peer has shown, also in a resumed session; see struct lc_shown. Of a chain
     * a session that was resumed or parked may have the leaf only. */
    void (*shown)(const struct lc_session *session, struct lc_shown *out);

    /* Client, once up: appends what a later session can be resumed with. False: cannot be. */
    bool (*save)(const struct lc_session *session, struct lc_buf *out);

    /* Gives back what an idle session does not need; the next call brings it back by itself. False:
     * not now, or never (LC_ENGINE_PARKS). */
    bool (*park)(struct lc_session *session);
};

extern const struct lc_engine lc_engine_mbedtls;
extern const struct lc_engine lc_engine_gnutls;

#endif
