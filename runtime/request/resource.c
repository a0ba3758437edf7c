/* Observed resources; see resource.h. */
#include "request/resource.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/memory.h"
#include "request/server.h"
#include "wire/option.h"
#include "wire/uri.h"

void lc_resources_init(struct lc_resources *resources, struct lc_timers *timers)
{
    *resources = (struct lc_resources){.timers = timers};
    lc_list_init(&resources->in_order);
}

void lc_resources_free(struct lc_resources *resources)
{
    lc_map_free(&resources->all);
    for (int key = 0; key < LC_RESOURCE_KEYS; key++) {
        lc_map_free(&resources->groups[key]);
    }
}

/* ---- What tells resources apart ---- */

/* Behind "scheme://authority". */
static size_t target_begins(struct lc_bytes uri)
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

static bool has_uri_options(const struct lc_resource *resource, struct lc_bytes options)
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

static int accept_of(struct lc_bytes options)
{
    struct lc_bytes value;
    uint32_t accept;
    bool there = lc_option_find(options, LC_ACCEPT, &value) && lc_uint_read(value, &accept);
    return there ? (int)accept : LC_ACCEPT_NONE;
}

bool lc_resource_is(const struct lc_resource *resource, struct lc_bytes options)
{
    return accept_of(options) == resource->accept && has_uri_options(resource, options);
}

struct lc_bytes lc_resource_uri(const struct lc_resource *resource)
{
    return lc_bytes(resource->text.data, resource->uri_len);
}

static struct lc_bytes key_of(const struct lc_resource *resource, enum lc_resource_key key)
{
    size_t starts[] = {0, resource->target_at, resource->uri_len};
    size_t ends[] = {resource->uri_len, resource->uri_len, resource->text.len};
    return lc_bytes(resource->text.data + starts[key], ends[key] - starts[key]);
}

/* ---- Finding ---- */

static uint64_t hash_of(struct lc_bytes bytes, int accept)
{
    return lc_hash(bytes.data, bytes.len, (uint64_t)accept);
}

struct lc_resource *lc_resources_find(
    const struct lc_resources *resources, struct lc_bytes uri, int accept)
{
    struct lc_map_node *node = lc_map_find(&resources->all, hash_of(uri, accept));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_resource *resource = lc_container(node, struct lc_resource, node);
        if (resource->accept == accept && lc_bytes_equal(lc_resource_uri(resource), uri)) {
            return resource;
        }
    }
    return NULL;
}

static struct lc_resource *in_group(const struct lc_group_node *member, enum lc_resource_key key)
{
    return lc_container(member - key, struct lc_resource, groups);
}

struct lc_resource *lc_resources_first(
    const struct lc_resources *resources, enum lc_resource_key key, struct lc_bytes value)
{
    struct lc_map_node *node = lc_map_find(&resources->groups[key], hash_of(value, 0));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_resource *resource =
            in_group(lc_container(node, struct lc_group_node, node), key);
        if (lc_bytes_equal(key_of(resource, key), value)) {
            return resource;
        }
    }
    return NULL;
}

struct lc_resource *lc_resource_next(const struct lc_resource *resource, enum lc_resource_key key)
{
    struct lc_group_node *next = lc_group_next(&resource->groups[key]);
    return next == NULL ? NULL : in_group(next, key);
}

struct lc_resource *lc_resources_walk(
    const struct lc_resources *resources, const struct lc_resource *resource)
{
    const struct lc_list *at = resource == NULL ? &resources->in_order : &resource->link;
    return at->next == &resources->in_order ? NULL
                                            : lc_container(at->next, struct lc_resource, link);
}

/* ---- Life ---- */

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
    lc_buf_free(&resource->text);
    lc_buf_free(&resource->options);
    lc_buf_free(&resource->encoded);
    lc_buf_free(&resource->last.options);
    lc_body_release(resource->last.body);
    lc_free(resource);
}

void lc_resource_retire(struct lc_resource *resource)
{
    struct lc_resources *resources = resource->owner;
    if (!resource->retired) {
        lc_map_remove(&resources->all, &resource->node);
        lc_list_remove(&resource->link);
        for (int key = 0; key < LC_RESOURCE_KEYS; key++) {
            lc_group_leave(&resources->groups[key], &resource->groups[key]);
        }
        resource->retired = true;
    }
}

/* Values follow a clock of 32 us: it runs through half of the 24 bits in 268 seconds, so that the
 * order holds over the 128 seconds that clients look back, also across a restart (RFC 7641 3.4,
 * 4.4). */
static uint32_t sequence_clock(const struct lc_timers *timers)
{
    return (uint32_t)((timers->now - timers->epoch) / 32) & 0xffffff;
}

uint32_t lc_resource_next_sequence(struct lc_resource *resource)
{
    uint32_t next = sequence_clock(resource->owner->timers);
    uint32_t ahead = (next - resource->sequence) & 0xffffff;
    if (ahead == 0 || ahead >= 0x800000) {
        next = (resource->sequence + 1) & 0xffffff;
    }
    return resource->sequence = next;
}

static bool fill(struct lc_resource *resource, struct lc_bytes uri, struct lc_bytes options)
{
    resource->uri_len = uri.len;
    resource->target_at = target_begins(uri);
    return lc_buf_set(&resource->text, uri.data, uri.len) &&
           copy_uri_options(&resource->options, options) && lc_uri_path(&resource->text, options);
}

/* False: no memory; it may be in some of the maps. */
static bool enter(struct lc_resources *resources, struct lc_resource *resource)
{
    uint64_t hash = hash_of(lc_resource_uri(resource), resource->accept);
    if (!lc_map_insert(&resources->all, &resource->node, hash)) {
        return false;
    }
    lc_list_append(&resources->in_order, &resource->link);
    resource->retired = false;
    for (int key = 0; key < LC_RESOURCE_KEYS; key++) {
        struct lc_bytes value = key_of(resource, key);
        struct lc_resource *first = lc_resources_first(resources, key, value);
        if (!lc_group_join(&resources->groups[key], &resource->groups[key],
                first == NULL ? NULL : &first->groups[key], hash_of(value, 0))) {
            return false;
        }
    }
    return true;
}

static struct lc_resource *make(
    struct lc_resources *resources, struct lc_bytes uri, int accept, struct lc_bytes options)
{
    struct lc_resource *resource = lc_zalloc(sizeof *resource);
    if (resource == NULL) {
        return NULL;
    }
    resource->owner = resources;
    resource->retired = true;
    resource->accept = accept;
    resource->min_szx = LC_BLOCK_SZX_MAX;
    resource->sequence = (sequence_clock(resources->timers) - 1) & 0xffffff;
    lc_list_init(&resource->observers);
    lc_timer_init(&resource->forget, forget_body);
    for (int key = 0; key < LC_RESOURCE_KEYS; key++) {
        lc_group_init(&resource->groups[key]);
    }
    if (!fill(resource, uri, options) || !enter(resources, resource)) {
        lc_resource_free(resource);
        return NULL;
    }
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
    int accept = accept_of(options);
    struct lc_resource *resource = lc_resources_find(resources, uri, accept);
    return resource != NULL ? resource : make(resources, uri, accept, options);
}
