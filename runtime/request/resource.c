/* Observed resources; see resource.h. */
#include "request/resource.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/memory.h"
#include "wire/option.h"
#include "wire/uri.h"

void lc_resources_init(struct lc_resources *resources, struct lc_timers *timers)
{
    *resources = (struct lc_resources){.timers = timers};
}

void lc_resources_free(struct lc_resources *resources)
{
    lc_map_free(&resources->by_uri);
    lc_map_free(&resources->by_path);
}

static uint64_t hash_bytes(struct lc_bytes bytes)
{
    return lc_hash(bytes.data, bytes.len, 0);
}

static struct lc_bytes path_of(const struct lc_resource *resource)
{
    return lc_bytes(resource->uri.data + resource->path_at, resource->uri.len - resource->path_at);
}

/* Behind "scheme://authority". */
static size_t path_begins(struct lc_bytes uri)
{
    size_t at = 0, slashes = 0;
    while (at < uri.len && (uri.data[at] != '/' || ++slashes < 3)) {
        at++;
    }
    return at;
}

static bool is_uri_option(uint16_t number)
{
    return number == LC_URI_HOST || number == LC_URI_PORT || number == LC_URI_PATH ||
           number == LC_URI_QUERY;
}

static bool copy_uri_options(struct lc_buf *out, struct lc_bytes options)
{
    struct lc_option_walk walk = lc_option_walk(options);
    struct lc_option option;
    while (lc_option_next(&walk, &option)) {
        if (is_uri_option(option.number) && !lc_options_add(out, option.number, option.value)) {
            return false;
        }
    }
    return true;
}

bool lc_resource_is(const struct lc_resource *resource, struct lc_bytes options)
{
    struct lc_option_walk a = lc_option_walk(lc_buf_bytes(&resource->options));
    struct lc_option_walk b = lc_option_walk(options);
    struct lc_option wanted, option;
    bool more = lc_option_next(&a, &wanted);
    while (lc_option_next(&b, &option)) {
        if (!is_uri_option(option.number)) {
            continue;
        }
        if (!more || wanted.number != option.number ||
            !lc_bytes_equal(wanted.value, option.value)) {
            return false;
        }
        more = lc_option_next(&a, &wanted);
    }
    return !more;
}

struct lc_resource *lc_resources_find(const struct lc_resources *resources, struct lc_bytes uri)
{
    struct lc_map_node *node = lc_map_find(&resources->by_uri, hash_bytes(uri));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_resource *resource = lc_container(node, struct lc_resource, by_uri);
        if (lc_bytes_equal(lc_buf_bytes(&resource->uri), uri)) {
            return resource;
        }
    }
    return NULL;
}

static struct lc_resource *with_path(struct lc_map_node *node, struct lc_bytes path)
{
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_resource *resource = lc_container(node, struct lc_resource, by_path);
        if (lc_bytes_equal(path_of(resource), path)) {
            return resource;
        }
    }
    return NULL;
}

struct lc_resource *lc_resources_find_path(
    const struct lc_resources *resources, struct lc_bytes path)
{
    return with_path(lc_map_find(&resources->by_path, hash_bytes(path)), path);
}

struct lc_resource *lc_resource_find_next(const struct lc_resource *resource, struct lc_bytes path)
{
    return with_path(lc_map_find_next(&resource->by_path), path);
}

static void forget_body(struct lc_timer *timer)
{
    struct lc_resource *resource = lc_container(timer, struct lc_resource, forget);
    lc_body_release(resource->last.body);
    resource->last.body = NULL;
}

void lc_resource_free(struct lc_resource *resource)
{
    lc_resource_retire(resource);
    lc_timer_clear(resource->owner->timers, &resource->forget);
    lc_buf_free(&resource->uri);
    lc_buf_free(&resource->options);
    lc_buf_free(&resource->encoded);
    lc_buf_free(&resource->last.options);
    lc_body_release(resource->last.body);
    lc_free(resource);
}

void lc_resource_retire(struct lc_resource *resource)
{
    if (!resource->retired) {
        lc_map_remove(&resource->owner->by_uri, &resource->by_uri);
        lc_map_remove(&resource->owner->by_path, &resource->by_path);
        resource->retired = true;
    }
}

/* Values follow a clock of 32 us: it runs through half of the 24 bits in 268 seconds, so that the
 * order holds over the 128 seconds that clients look back, also across a restart (RFC 7641 3.4,
 * 4.4). */
static uint32_t sequence_clock(lc_time now)
{
    return (uint32_t)(now / 32) & 0xffffff;
}

uint32_t lc_resource_next_sequence(struct lc_resource *resource)
{
    uint32_t next = sequence_clock(resource->owner->timers->now);
    uint32_t ahead = (next - resource->sequence) & 0xffffff;
    if (ahead == 0 || ahead >= 0x800000) {
        next = (resource->sequence + 1) & 0xffffff;
    }
    return resource->sequence = next;
}

static struct lc_resource *make(
    struct lc_resources *resources, struct lc_bytes uri, struct lc_bytes options)
{
    struct lc_resource *resource = lc_zalloc(sizeof *resource);
    if (resource == NULL) {
        return NULL;
    }
    resource->owner = resources;
    resource->retired = true;
    resource->min_szx = LC_BLOCK_SZX_MAX;
    resource->sequence = (sequence_clock(resources->timers->now) - 1) & 0xffffff;
    resource->path_at = path_begins(uri);
    lc_list_init(&resource->observers);
    lc_timer_init(&resource->forget, forget_body);
    if (!lc_buf_set(&resource->uri, uri.data, uri.len) ||
        !copy_uri_options(&resource->options, options) ||
        !lc_map_insert(&resources->by_uri, &resource->by_uri, hash_bytes(uri))) {
        lc_resource_free(resource);
        return NULL;
    }
    if (!lc_map_insert(&resources->by_path, &resource->by_path, hash_bytes(path_of(resource)))) {
        lc_map_remove(&resources->by_uri, &resource->by_uri);
        lc_resource_free(resource);
        return NULL;
    }
    resource->retired = false;
    return resource;
}

/* RFC 7252 6.5: the URI that a request is for. */
static bool compose_uri(struct lc_buf *out, const struct lc_path *path, struct lc_bytes options)
{
    const struct lc_address *local = &path->local;
    char host[LC_ADDRESS_TEXT], bracketed[LC_ADDRESS_TEXT + 2];
    lc_address_host(local, host);
    snprintf(bracketed, sizeof bracketed, local->is_ipv4 ? "%s" : "[%s]", host);
    struct lc_uri_origin origin = {
        .secure = path->remote.session != 0, .host = bracketed, .port = local->port};
    lc_buf_clear(out);
    return lc_uri_compose(out, options, &origin);
}

struct lc_resource *lc_resources_for(struct lc_resources *resources, const struct lc_path *path,
    struct lc_bytes options, struct lc_buf *scratch)
{
    if (!compose_uri(scratch, path, options)) {
        return NULL;
    }
    struct lc_bytes uri = lc_buf_bytes(scratch);
    struct lc_resource *resource = lc_resources_find(resources, uri);
    return resource != NULL ? resource : make(resources, uri, options);
}
