/*
 * DTLS sessions that may be resumed, by a key (a server: the session id; a client: its server), as
 * the bytes that an engine made of them. Bounded in number, bytes and age; the oldest go first.
 */
#ifndef LC_SECURE_SESSION_CACHE_H
#define LC_SECURE_SESSION_CACHE_H

#include "base/buf.h"
#include "base/timers.h"

struct lc_session_cache;

struct lc_session_cache_options {
    const struct lc_timers *timers;
    lc_time lifetime; /* of an entry; the reference says 10 hours */
    size_t max_entries, max_bytes;
};

/* NULL: memory. */
struct lc_session_cache *lc_session_cache_new(const struct lc_session_cache_options *options);
void lc_session_cache_free(struct lc_session_cache *cache); /* wipes the secrets in it */

/* Copies both; replaces what the key had. False: memory, or longer than max_bytes. */
bool lc_session_cache_put(
    struct lc_session_cache *cache, struct lc_bytes key, struct lc_bytes session);

/* A view until the cache changes; empty: none, or too old. */
struct lc_bytes lc_session_cache_get(struct lc_session_cache *cache, struct lc_bytes key);

void lc_session_cache_remove(struct lc_session_cache *cache, struct lc_bytes key);

#endif
