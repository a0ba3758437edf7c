/*
 * Block-wise bodies that a server keeps between messages: requests that are being put together
 * (Block1) and responses whose blocks are being fetched (Block2). There is one of each per client
 * address, method and cache key, so that transfers to different resources, and of different
 * clients, do not meet (RFC 7959 2.4, 2.5; Request-Tag is part of the key, RFC 9175 3.3).
 */
#ifndef LC_REQUEST_BODYSTORE_H
#define LC_REQUEST_BODYSTORE_H

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "message/params.h"
#include "net/transport.h"
#include "request/block_recv.h"
#include "request/body.h"
#include "request/limits.h"
#include "wire/message.h"

/* A response that goes out block by block. */
struct lc_representation {
    uint8_t code;
    uint32_t etag;         /* of the engine's; 0: the script gave one, or none is needed */
    struct lc_buf options; /* owned */
    struct lc_body *body;  /* one reference */
};

enum lc_stored_kind { LC_STORED_REQUEST, LC_STORED_RESPONSE };

struct lc_stored {
    struct lc_map_node node;
    struct lc_list link; /* by the time of last use */
    lc_time used;
    uint64_t stamp; /* when it was made */
    struct lc_address remote;
    uint8_t method;
    uint8_t kind;
    size_t bytes;                  /* what it counts for */
    struct lc_block_recv recv;     /* LC_STORED_REQUEST */
    struct lc_representation sent; /* LC_STORED_RESPONSE */
    uint64_t payload; /* hash of the request's body: part of a FETCH's cache key (RFC 8132 2) */
};

struct lc_bodystore {
    struct lc_map map;
    struct lc_list list;
    struct lc_timer timer;
    struct lc_timers *timers;
    const struct lc_params *params;
    const struct lc_limits *limits;
    const struct lc_log *log;
    size_t bytes;
    uint64_t stamp; /* counts representations, to tell which one is newer */
    uint64_t evicted;
};

void lc_bodystore_init(struct lc_bodystore *store, struct lc_timers *timers,
    const struct lc_params *params, const struct lc_limits *limits, const struct lc_log *log);
void lc_bodystore_free(struct lc_bodystore *store);

/* The one that a request belongs to, or NULL. */
struct lc_stored *lc_bodystore_find(struct lc_bodystore *store, enum lc_stored_kind kind,
    const struct lc_message *message, const struct lc_address *remote);

/* A new one in place of an old one. NULL: out of memory. */
struct lc_stored *lc_bodystore_add(struct lc_bodystore *store, enum lc_stored_kind kind,
    const struct lc_message *message, const struct lc_address *remote);

/*
 * It was used and now holds `bytes`: it lives for another EXCHANGE_LIFETIME, and others are
 * evicted, the longest unused first, if there are too many.
 */
void lc_bodystore_touch(struct lc_bodystore *store, struct lc_stored *stored, size_t bytes);

void lc_bodystore_remove(struct lc_bodystore *store, struct lc_stored *stored);

#endif
