/*
 * What is observed at a server: each normalised URI once for each Accept that its observers asked
 * for, which get different representations (RFC 7641 3.1); and what the last notification of each
 * was.
 */
#ifndef LC_REQUEST_RESOURCE_H
#define LC_REQUEST_RESOURCE_H

#include "base/group.h"
#include "base/timers.h"
#include "request/bodystore.h"

/* What several resources may have in common. */
enum lc_resource_key {
    LC_SAME_URI,
    LC_SAME_TARGET, /* path and query of the URI ("/obs?x=1"), whatever the host */
    LC_SAME_PATH,   /* the path alone, as lc_uri_path() writes it */
    LC_RESOURCE_KEYS,
};

struct lc_resources {
    struct lc_timers *timers;
    struct lc_map all;       /* by URI and Accept, which belong to one resource only */
    struct lc_list in_order; /* the same, first registered first */
    struct lc_map groups[LC_RESOURCE_KEYS];
};

struct lc_resource {
    struct lc_map_node node;
    struct lc_list link;
    struct lc_group_node groups[LC_RESOURCE_KEYS];
    struct lc_list observers; /* registered ones */
    size_t registered;        /* how many */
    size_t references;        /* the same, with those that ended and are not gone yet */
    struct lc_resources *owner;
    struct lc_buf text;            /* owned: the URI, then the path */
    size_t uri_len, target_at;     /* in `text` */
    int accept;                    /* of its observers, or LC_ACCEPT_NONE */
    struct lc_buf options;         /* owned: the Uri-* options of the first registration */
    uint32_t sequence;             /* last value of Observe, 24 bits */
    bool retired;                  /* out of the maps: its observers were told that it is over */
    bool confirmable;              /* the last notification asked for it */
    uint8_t szx;                   /* block size of `encoded` */
    uint8_t min_szx;               /* the smallest that an observer ever asked for */
    uint64_t stamp;                /* when `last` was made, see lc_bodystore.stamp */
    struct lc_representation last; /* the last notification; its body only if it is in blocks */
    struct lc_buf encoded;  /* owned: the last notification, all that stands behind its token */
    struct lc_timer forget; /* frees last.body */
};

void lc_resources_init(struct lc_resources *resources, struct lc_timers *timers);

/* Every resource must have been freed. */
void lc_resources_free(struct lc_resources *resources);

/* By its normalised URI and its Accept. NULL: there is none. */
struct lc_resource *lc_resources_find(
    const struct lc_resources *resources, struct lc_bytes uri, int accept);

/* Those that have a key in common: the first, and the next one after it, to be asked for before
 * that is retired. NULL: there is none. */
struct lc_resource *lc_resources_first(
    const struct lc_resources *resources, enum lc_resource_key key, struct lc_bytes value);
struct lc_resource *lc_resource_next(const struct lc_resource *resource, enum lc_resource_key key);

/* Walks all, first registered first; NULL starts and ends. */
struct lc_resource *lc_resources_walk(
    const struct lc_resources *resources, const struct lc_resource *resource);

/* The one that a request with this path and these options is for; if need be a new one, without
 * observers. `scratch` is written over. NULL: out of memory. */
struct lc_resource *lc_resources_for(struct lc_resources *resources, const struct lc_path *path,
    struct lc_bytes options, struct lc_buf *scratch);
void lc_resource_free(struct lc_resource *resource);

/* No registration finds it any more. */
void lc_resource_retire(struct lc_resource *resource);

/* Its normalised URI; a view. */
struct lc_bytes lc_resource_uri(const struct lc_resource *resource);

/* Whether a request's Uri-* options and its Accept are those that the resource was registered with.
 */
bool lc_resource_is(const struct lc_resource *resource, struct lc_bytes options);

/* The next Observe value (RFC 7641 4.4). */
uint32_t lc_resource_next_sequence(struct lc_resource *resource);

#endif
