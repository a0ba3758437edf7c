/* What the files of the mbed TLS engine share: mbedtls_context.c, mbedtls_handshake.c and
 * mbedtls_session.c. */
#ifndef LC_SECURE_MBEDTLS_PRIVATE_H
#define LC_SECURE_MBEDTLS_PRIVATE_H

#include "secure/engine.h"
#include "secure/mbedtls_version.h"
#include "secure/session_cache.h"

#include <mbedtls/x509_crt.h>

/* ---- Contexts (mbedtls_context.c) ---- */

enum {
    LC_MBEDTLS_GROUPS = 16,
    LC_MBEDTLS_SIGNATURES = 24,
};

/* The lists end with 0; mbed TLS keeps pointers to them. */
struct lc_mbedtls_context {
    struct lc_context base;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt own;
    mbedtls_pk_context key;
    int *suites;
    lc_mbedtls_group groups[LC_MBEDTLS_GROUPS + 1];
    lc_mbedtls_signature signatures[LC_MBEDTLS_SIGNATURES + 1];
    bool is_server, asks_client, resumes;
    const struct lc_mbedtls_session *stepping; /* the one in whose handshake mbed TLS is, or NULL */
    struct lc_session_cache *cache; /* server that resumes; made with the first session */
};

struct lc_context *lc_mbedtls_context_new(
    const struct lc_secure_config *config, struct lc_error *error);
void lc_mbedtls_context_free(struct lc_context *context);

/* The cache needs a clock, which only sessions have. Without memory nothing is resumed. */
void lc_mbedtls_context_keep_sessions(
    struct lc_mbedtls_context *context, const struct lc_timers *timers);

bool lc_mbedtls_has_suite(uint16_t suite);

/* A session as bytes in memory of its own (lc_alloc), to be wiped by the caller; empty: memory. */
struct lc_bytes lc_mbedtls_serialize(const mbedtls_ssl_session *session);

/* Wipes and frees what holds a secret. */
void lc_mbedtls_forget(struct lc_bytes *secret);

/* ---- Sessions (mbedtls_session.c) ---- */

enum lc_mbedtls_phase {
    LC_MBEDTLS_HANDSHAKE,
    LC_MBEDTLS_ASKING, /* the handshake stands still until decide() */
    LC_MBEDTLS_UP,
    LC_MBEDTLS_OVER,
};

struct lc_mbedtls_session {
    struct lc_session base;
    struct lc_mbedtls_context *context;
    const struct lc_timers *timers;
    struct lc_mbedtls_live *live; /* NULL: parked */
    struct lc_bytes parked;       /* what brings `live` back; secret */
    struct lc_session_info info;
    uint16_t mtu, max_data; /* max_data: as it was when parked */
    uint8_t phase;          /* enum lc_mbedtls_phase */
    bool is_full;           /* the handshake is not a resumption */
    bool is_decided;
};

/* What an idle session can do without. */
struct lc_mbedtls_live {
    mbedtls_ssl_context ssl;
    struct lc_mbedtls_session *session;
    lc_time timer_set;
    uint32_t first_delay, last_delay; /* ms; last_delay 0: the timer is not set */
    bool is_expiring;                 /* within expire() */
    struct lc_bytes datagram;         /* what is to be read next; empty: nothing */
};

/* A callback of mbed TLS: gives a session the key of the identity that its client names. */
int lc_mbedtls_find_psk(
    void *context, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t len);

static inline void lc_mbedtls_wish(struct lc_mbedtls_session *session, lc_time at)
{
    session->base.upcalls->deadline(session->base.arg, at);
}

/* ---- The handshake and the end (mbedtls_handshake.c) ---- */

/* One step of the handshake; false: there is nothing more to do now. */
bool lc_mbedtls_step(struct lc_mbedtls_session *session);

/* The certificates of `from`, which may be NULL. */
void lc_mbedtls_show(const mbedtls_ssl_session *from, struct lc_shown *out);

/* The session is over, for that reason, or for an error of mbed TLS. */
void lc_mbedtls_end(struct lc_mbedtls_session *session, enum lc_end_reason reason);
void lc_mbedtls_fail(struct lc_mbedtls_session *session, int error);

#endif
