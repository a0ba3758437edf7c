/* What the files of the GnuTLS engine share; nobody else includes this. */
#ifndef LC_SECURE_GNUTLS_ENGINE_H
#define LC_SECURE_GNUTLS_ENGINE_H

#include "secure/engine.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

enum { LC_GNUTLS_MAX_PSK = 256 };

/* Credentials and rules, shared by the sessions. */
struct lc_gnutls_context {
    struct lc_context base;
    bool is_server;
    unsigned modes; /* LC_MODE_... */
    bool asks_client;
    bool resumes;

    gnutls_certificate_credentials_t certificates;
    gnutls_psk_client_credentials_t psk_client;
    gnutls_psk_server_credentials_t psk_server;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key; /* server, resumes */
    char *pin;                 /* of the own key's token */

    /* Client: the own raw key; see give_raw_key(). */
    gnutls_pcert_st raw_key;
    gnutls_privkey_t raw_private; /* NULL: none */

    uint16_t *suites; /* those asked for that can be used */
    size_t suite_count;
};

struct lc_context *lc_gnutls_context_new(
    const struct lc_secure_config *config, struct lc_error *error);
void lc_gnutls_context_free(struct lc_context *context);

/* ---- Sessions (gnutls_session.c) and their handshake and records (gnutls_pump.c) ---- */

enum lc_gnutls_state {
    LC_GNUTLS_SHAKING,
    LC_GNUTLS_ASKING,  /* the peer's certificate is there, authenticate() not called yet */
    LC_GNUTLS_WAITING, /* for decide() */
    LC_GNUTLS_UP,
    LC_GNUTLS_OVER,
};

struct lc_gnutls_session {
    struct lc_session base;
    struct lc_gnutls_context *context;
    const struct lc_timers *timers;
    gnutls_session_t tls;
    struct lc_bytes datagram; /* not taken by GnuTLS yet; empty: none */
    uint8_t state;            /* enum lc_gnutls_state */
    uint16_t suite;           /* as ServerHello has it */
    bool starved;             /* GnuTLS has asked for more than there is */
    bool started;             /* something was sent or received */
    bool accepted;            /* by decide() */
    bool unknown_psk;         /* server: there is no key for the identity */
};

/* Goes on with the handshake, or reads records, as far as the datagram reaches. */
void lc_gnutls_pump(struct lc_gnutls_session *session);

/* Once up: the secret of a resumed session is told too. */
void lc_gnutls_tell_resumed(const struct lc_gnutls_session *session);

/* The session is over: tells so once. */
void lc_gnutls_end(struct lc_gnutls_session *session, const struct lc_end *end);

/* An error of a function of GnuTLS ends the session, with the alert that says why. */
void lc_gnutls_fail(struct lc_gnutls_session *session, int result);

/* Callbacks of GnuTLS: its transport, ServerHello, the peer's certificate, a client's key. */
ssize_t lc_gnutls_push(gnutls_transport_ptr_t arg, const void *data, size_t len);
ssize_t lc_gnutls_pull(gnutls_transport_ptr_t arg, void *data, size_t room);
int lc_gnutls_pull_timeout(gnutls_transport_ptr_t arg, unsigned ms);
int lc_gnutls_check_suite(gnutls_session_t tls, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *message);
int lc_gnutls_verify(gnutls_session_t tls);
int lc_gnutls_find_key(gnutls_session_t tls, const gnutls_datum_t *name, gnutls_datum_t *key);

/* What the peer has shown; count 0: nothing. */
void lc_gnutls_shown(const struct lc_session *base, struct lc_shown *out);

/* ---- Suites, groups and the priority string (gnutls_priority.c) ---- */

bool lc_gnutls_has_suite(uint16_t suite);

/* What a handshake has agreed upon, by its number at IANA; 0: none of has_group(). */
uint16_t lc_gnutls_group_of(gnutls_session_t tls);

/* Fills the context's priority and its list of suites from the numbers of the configuration. */
int lc_gnutls_priority_set(struct lc_gnutls_context *context, const struct lc_secure_config *config,
    struct lc_error *error);

#endif
