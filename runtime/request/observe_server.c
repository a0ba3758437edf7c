/* Who observes what; see observe_server.h. */
#include "request/observe_server.h"

#include "base/hash.h"
#include "base/memory.h"
#include "request/server_state.h"
#include "wire/code.h"
#include "wire/option.h"

static struct lc_timers *timers_of(const struct lc_observers *observers)
{
    return observers->server->options.timers;
}

/* ---- Registration ---- */

static struct lc_bytes token_of(const struct lc_observer *observer)
{
    return lc_bytes(observer->token, observer->token_len);
}

static uint64_t token_hash(const struct lc_address *remote, struct lc_bytes token)
{
    return lc_hash(token.data, token.len, lc_address_hash(remote));
}

static struct lc_observer *find_observer(
    const struct lc_observers *observers, const struct lc_address *remote, struct lc_bytes token)
{
    if (observers->count == 0) {
        return NULL;
    }
    struct lc_map_node *node = lc_map_find(&observers->by_token, token_hash(remote, token));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_observer *observer = lc_container(node, struct lc_observer, by_token);
        if (lc_bytes_equal(token_of(observer), token) &&
            lc_address_equal(&observer->path.remote, remote)) {
            return observer;
        }
    }
    return NULL;
}

/* Of a remote's observers. */
static struct lc_observer *first_of(
    const struct lc_observers *observers, const struct lc_address *remote)
{
    struct lc_map_node *node = lc_map_find(&observers->by_remote, lc_address_hash(remote));
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_observer *observer = lc_container(node, struct lc_observer, by_remote.node);
        if (lc_address_equal(&observer->path.remote, remote)) {
            return observer;
        }
    }
    return NULL;
}

static struct lc_observer *next_of(const struct lc_observer *observer)
{
    struct lc_group_node *next = lc_group_next(&observer->by_remote);
    return next == NULL ? NULL : lc_container(next, struct lc_observer, by_remote);
}

static bool join_others(struct lc_observers *observers, struct lc_observer *observer)
{
    const struct lc_address *remote = &observer->path.remote;
    struct lc_observer *first = first_of(observers, remote);
    return lc_group_join(&observers->by_remote, &observer->by_remote,
        first == NULL ? NULL : &first->by_remote, lc_address_hash(remote));
}

static struct lc_observer *make_observer(
    struct lc_observers *observers, const struct lc_pending *pending, struct lc_resource *resource)
{
    struct lc_bytes token = pending->incoming.message.token;
    struct lc_observer *observer = lc_zalloc(sizeof *observer);
    if (observer == NULL) {
        return NULL;
    }
    observer->resource = resource;
    observer->path = pending->incoming.path;
    if (token.len > 0) {
        memcpy(observer->token, token.data, token.len);
    }
    observer->token_len = (uint8_t)token.len;
    lc_list_init(&observer->queued);
    lc_group_init(&observer->by_remote);
    lc_transmission_init(&observer->transmission, lc_observer_done);
    observer->transmission.refresh = lc_observer_refresh;
    if (!lc_map_insert(
            &observers->by_token, &observer->by_token, token_hash(&observer->path.remote, token))) {
        lc_free(observer);
        return NULL;
    }
    if (!join_others(observers, observer)) {
        lc_map_remove(&observers->by_token, &observer->by_token);
        lc_free(observer);
        return NULL;
    }
    lc_list_append(&resource->observers, &observer->link);
    resource->registered++;
    resource->references++;
    observers->count++;
    return observer;
}

static struct lc_observer *enrol(struct lc_observers *observers, const struct lc_pending *pending)
{
    if (observers->count >= observers->server->options.limits->max_observers) {
        lc_log(observers->server->options.log, LC_LOG_INFO,
            "a registration was not taken: there are %zu observers", observers->count);
        return NULL;
    }
    struct lc_resource *resource = lc_resources_for(&observers->resources, &pending->incoming.path,
        pending->incoming.message.options, &observers->scratch);
    if (resource == NULL) {
        return NULL;
    }
    struct lc_observer *observer = make_observer(observers, pending, resource);
    if (observer == NULL && resource->references == 0) {
        lc_resource_free(resource);
    }
    return observer;
}

int32_t lc_observed_format(uint8_t code, struct lc_bytes options)
{
    struct lc_bytes value;
    uint32_t format;
    if (code != LC_CODE(2, 5)) {
        return LC_FORMAT_UNKNOWN;
    }
    bool has = lc_option_find(options, LC_CONTENT_FORMAT, &value) && lc_uint_read(value, &format);
    return has ? (int32_t)format : LC_FORMAT_ABSENT;
}

bool lc_observers_add(struct lc_observers *observers, struct lc_pending *pending, uint8_t code,
    struct lc_bytes options, uint32_t *out_sequence)
{
    const struct lc_incoming *incoming = &pending->incoming;
    struct lc_observer *observer =
        find_observer(observers, &incoming->path.remote, incoming->message.token);
    if (observer != NULL && !lc_resource_is(observer->resource, incoming->message.options)) {
        /* Nothing of the old resource may come with this token any more. */
        lc_observers_remove(observers, &incoming->path.remote, incoming->message.token);
        observer = NULL;
    }
    if (observer == NULL) {
        observer = enrol(observers, pending);
    }
    if (observer == NULL) {
        return false;
    }
    /* The response has the newest state: what is under way is out of date (RFC 7641 4.1). */
    lc_time now = timers_of(observers)->now;
    lc_transmission_cancel(&observer->transmission);
    lc_list_remove(&observer->queued);
    observer->dirty = false;
    observer->path = incoming->path;
    observer->szx = pending->has_block2 ? pending->block2.szx : LC_BLOCK_SZX_MAX;
    if (observer->szx < observer->resource->min_szx) {
        observer->resource->min_szx = observer->szx;
    }
    observer->confirmed = now;
    observer->nons = 0;
    observer->format = lc_observed_format(code, options);
    *out_sequence = lc_resource_next_sequence(observer->resource);
    return true;
}

/* ---- The end of a registration ---- */

void lc_observer_end(struct lc_observers *observers, struct lc_observer *observer)
{
    if (observer->ended) {
        return;
    }
    observer->ended = true;
    observer->resource->registered--;
    observers->count--;
    lc_map_remove(&observers->by_token, &observer->by_token);
    lc_group_leave(&observers->by_remote, &observer->by_remote);
    lc_list_remove(&observer->link);
    lc_list_append(&observers->ended, &observer->link);
    lc_server_schedule_turn(observers->server);
}

static void destroy(struct lc_observer *observer)
{
    lc_transmission_cancel(&observer->transmission);
    lc_buf_free(&observer->transmission.datagram);
    lc_list_remove(&observer->link);
    lc_list_remove(&observer->queued);
    if (--observer->resource->references == 0) {
        lc_resource_free(observer->resource);
    }
    lc_free(observer);
}

void lc_observer_release(struct lc_observer *observer)
{
    if (observer->ended && observer->told && lc_list_empty(&observer->queued) &&
        !lc_transmission_is_active(&observer->transmission)) {
        destroy(observer);
    }
}

/* Nothing more is sent to it. */
static void stop(struct lc_observer *observer)
{
    observer->dirty = false;
    lc_list_remove(&observer->queued);
    lc_transmission_cancel(&observer->transmission);
}

bool lc_observers_remove(
    struct lc_observers *observers, const struct lc_address *remote, struct lc_bytes token)
{
    struct lc_observer *observer = find_observer(observers, remote, token);
    if (observer == NULL) {
        return false;
    }
    stop(observer);
    lc_observer_end(observers, observer);
    return true;
}

void lc_observer_sent(struct lc_observer *observer, uint16_t id)
{
    observer->ids[observer->id_count % LC_OBSERVER_IDS] = id;
    /* Stays at a full ring's count, so that it never looks empty again. */
    observer->id_count = observer->id_count == 2 * LC_OBSERVER_IDS - 1
                             ? LC_OBSERVER_IDS
                             : (uint8_t)(observer->id_count + 1);
}

void lc_observers_sent_first(struct lc_observers *observers, const struct lc_address *remote,
    struct lc_bytes token, uint16_t id)
{
    struct lc_observer *observer = find_observer(observers, remote, token);
    if (observer != NULL) {
        lc_observer_sent(observer, id);
    }
}

static bool sent_with(const struct lc_observer *observer, uint16_t id)
{
    unsigned count = observer->id_count < LC_OBSERVER_IDS ? observer->id_count : LC_OBSERVER_IDS;
    for (unsigned i = 0; i < count; i++) {
        if (observer->ids[i] == id) {
            return true;
        }
    }
    return false;
}

void lc_observers_reset(
    struct lc_observers *observers, const struct lc_address *remote, uint16_t id)
{
    struct lc_observer *observer = observers->count == 0 ? NULL : first_of(observers, remote);
    while (observer != NULL && !sent_with(observer, id)) {
        observer = next_of(observer);
    }
    if (observer != NULL) {
        stop(observer);
        lc_observer_end(observers, observer);
    }
}

void lc_observers_lose(struct lc_observers *observers, const struct lc_address *remote)
{
    struct lc_observer *observer;
    while (observers->count > 0 && (observer = first_of(observers, remote)) != NULL) {
        stop(observer);
        lc_observer_end(observers, observer);
    }
}

static bool tell(struct lc_observers *observers, struct lc_observer *observer)
{
    struct lc_server *server = observers->server;
    const struct lc_server_upcalls *upcalls = &server->options.upcalls;
    lc_list_remove(&observer->link);
    lc_list_append(&observers->parted, &observer->link);
    if (!observer->told && upcalls->unregistered != NULL) {
        const struct lc_observer_info info = {
            .path = observer->path,
            .token = token_of(observer),
            .uri = lc_resource_uri(observer->resource),
            .options = lc_buf_bytes(&observer->resource->options),
        };
        lc_server_enter(server);
        upcalls->unregistered(upcalls->arg, &info);
        if (!lc_server_leave(server)) {
            return false;
        }
    }
    observer->told = true;
    lc_observer_release(observer);
    return true;
}

bool lc_observers_tell(struct lc_observers *observers)
{
    struct lc_list *last = observers->ended.prev;
    bool more = !lc_list_empty(&observers->ended);
    while (more && !lc_list_empty(&observers->ended)) {
        struct lc_list *link = observers->ended.next;
        more = link != last;
        if (!tell(observers, lc_container(link, struct lc_observer, link))) {
            return false;
        }
    }
    if (!lc_list_empty(&observers->ended)) {
        lc_server_schedule_turn(observers->server);
    }
    return true;
}

/* ---- Bodies of notifications ---- */

struct lc_representation *lc_observers_representation(struct lc_observers *observers,
    const struct lc_message *message, const struct lc_address *remote, uint64_t stamp)
{
    struct lc_observer *observer = observers->count == 0 ? NULL : first_of(observers, remote);
    for (; observer != NULL; observer = next_of(observer)) {
        struct lc_resource *resource = observer->resource;
        if (resource->last.body != NULL && resource->stamp > stamp &&
            lc_resource_is(resource, message->options)) {
            return &resource->last;
        }
    }
    return NULL;
}

/* ---- What is observed ---- */

static const struct lc_resource *next_resource(
    const struct lc_resources *resources, struct lc_bytes path, const struct lc_resource *resource)
{
    if (path.len == 0) {
        return lc_resources_walk(resources, resource);
    }
    return resource == NULL ? lc_resources_first(resources, LC_SAME_PATH, path)
                            : lc_resource_next(resource, LC_SAME_PATH);
}

bool lc_server_next_observed(
    const struct lc_server *server, struct lc_bytes path, struct lc_observed *observed)
{
    const struct lc_resource *resource = observed->resource;
    do {
        resource = next_resource(&server->observers.resources, path, resource);
    } while (resource != NULL && resource->registered == 0);
    if (resource == NULL) {
        return false;
    }
    *observed = (struct lc_observed){
        .uri = lc_resource_uri(resource),
        .options = lc_buf_bytes(&resource->options),
        .accept = resource->accept,
        .observers = resource->registered,
        .resource = resource,
    };
    return true;
}

/* ---- Life cycle ---- */

void lc_observers_init(struct lc_observers *observers, struct lc_server *server)
{
    *observers = (struct lc_observers){.server = server};
    lc_resources_init(&observers->resources, server->options.timers);
    lc_list_init(&observers->ended);
    lc_list_init(&observers->parted);
    lc_list_init(&observers->queue);
    lc_timer_init(&observers->pace, lc_observers_pace);
}

static void destroy_list(struct lc_list *list)
{
    while (!lc_list_empty(list)) {
        destroy(lc_container(list->next, struct lc_observer, link));
    }
}

void lc_observers_free(struct lc_observers *observers)
{
    struct lc_map_node *node = lc_map_next(&observers->by_token, NULL);
    while (node != NULL) {
        struct lc_observer *observer = lc_container(node, struct lc_observer, by_token);
        node = lc_map_next(&observers->by_token, node);
        destroy(observer);
    }
    destroy_list(&observers->ended);
    destroy_list(&observers->parted);
    lc_timer_clear(timers_of(observers), &observers->pace);
    lc_buf_free(&observers->scratch);
    lc_buf_free(&observers->options);
    lc_resources_free(&observers->resources);
    lc_map_free(&observers->by_token);
    lc_map_free(&observers->by_remote);
}
