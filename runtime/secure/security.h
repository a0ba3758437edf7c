/*
 * How the two ends of a session know each other: an engine with its context, and whom to trust.
 * Made once from the settings of a component, shared by counting references.
 */
#ifndef LC_SECURE_SECURITY_H
#define LC_SECURE_SECURITY_H

#include "base/map.h"
#include "net/address.h"
#include "secure/digest.h"
#include "secure/engine.h"
#include "secure/trust.h"

struct lc_security {
    unsigned refs;
    struct lc_map *shelf; /* where it stands to be shared by others; NULL: nowhere */
    struct lc_map_node node;
    uint8_t recipe[LC_DIGEST_SIZE]; /* of what it was made from, for who shares it */
    unsigned modes;                 /* LC_MODE_... */
    bool is_server;
    bool has_own;                        /* a certificate or raw key to show */
    uint64_t number;                     /* no other has the same in this process */
    struct lc_context *context;          /* owned, as all below */
    struct lc_trust *trust;              /* NULL with PSK alone */
    struct lc_keylog *keylog;            /* NULL: none is written */
    struct lc_buf psk_identity, psk_key; /* our own; empty: none */
};

struct lc_security_options {
    struct lc_secure_config config; /* `suites` are those wanted; what the engine, the mode or the
                                       strength rules out is left out */
    unsigned min_strength;          /* SSLCipherStrength: bits of the cipher's key */
    struct lc_trust_options trust;
    const char *provider;    /* SSLProvider: "Automatic", or an engine's name */
    const char *keylog_path; /* SSLKeyLogFile; "": none */
};

/* The engine for a configuration: the first that can do what it needs, or the one `provider` names.
 * NULL with `error` (Code 1) saying what that one cannot do. */
const struct lc_engine *lc_engine_choose(
    const struct lc_secure_config *config, const char *provider, struct lc_error *error);

/* By the name that SSLProvider takes, case ignored; NULL: none. */
const struct lc_engine *lc_engine_named(struct lc_bytes name);

/* Whether any engine has a suite. */
bool lc_engine_any_has_suite(uint16_t suite);

/* NULL with `error`: 1 for what cannot be together, 273, 275, 276 when no suite is left, 10055. */
struct lc_security *lc_security_new(
    const struct lc_security_options *options, struct lc_error *error);

/* A server's: the key of its own identity. Returns the length, 0: it is another one, or too long.
 */
size_t lc_security_find_key(
    const struct lc_security *security, struct lc_bytes identity, uint8_t *key, size_t room);

/* Whether both have a pre-shared key of their own, and the same one under the same identity. */
bool lc_security_same_psk(const struct lc_security *a, const struct lc_security *b);

/* The key under which a client's sessions with a server are kept to be resumed. False: memory. */
bool lc_security_session_key(const struct lc_security *security, const struct lc_address *remote,
    const char *host, struct lc_buf *out);

/* NULL is let through by both. */
struct lc_security *lc_security_hold(struct lc_security *security);
void lc_security_release(struct lc_security *security);

#endif
