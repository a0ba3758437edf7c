/*
 * The observed resources of a server: normalised URIs with at least one observer, and what the last
 * notification of each was.
 */
#ifndef LC_REQUEST_RESOURCE_H
#define LC_REQUEST_RESOURCE_H

#include "base/list.h"
#include "base/map.h"
#include "base/timers.h"
#include "request/bodystore.h"

struct lc_resources {
    struct lc_timers *timers;
    struct lc_map by_uri, by_path;
};

struct lc_resource {
    struct lc_map_node by_uri, by_path;
    struct lc_list observers; /* registered ones */
    size_t references;        /* the same, with those that ended and are not gone yet */
    struct lc_resources *owner;
    struct lc_buf uri;             /* owned; normalised */
    size_t path_at;                /* where its path begins */
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

/* By its normalised URI. NULL: there is none. */
struct lc_resource *lc_resources_find(const struct lc_resources *resources, struct lc_bytes uri);

/* By its path and query ("/obs?x=1"), whatever the host: the first, and the next one after it. */
struct lc_resource *lc_resources_find_path(
    const struct lc_resources *resources, struct lc_bytes path);
struct lc_resource *lc_resource_find_next(const struct lc_resource *resource, struct lc_bytes path);

/* The one that a request with this path and these options is for; if need be a new one, without
 * observers. `scratch` is written over. NULL: out of memory. */
struct lc_resource *lc_resources_for(struct lc_resources *resources, const struct lc_path *path,
    struct lc_bytes options, struct lc_buf *scratch);
void lc_resource_free(struct lc_resource *resource);

/* No registration finds it any more. */
void lc_resource_retire(struct lc_resource *resource);

/* Whether a request's Uri-* options are those that the resource was registered with. */
bool lc_resource_is(const struct lc_resource *resource, struct lc_bytes options);

/* The next Observe value (RFC 7641 4.4). */
uint32_t lc_resource_next_sequence(struct lc_resource *resource);

#endif
