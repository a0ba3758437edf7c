/* Block-wise bodies kept by a server; see bodystore.h. */
#include "request/bodystore.h"

#include "base/hash.h"
#include "base/memory.h"
#include "wire/code.h"
#include "wire/option.h"

static void expire(struct lc_timer *timer);

void lc_bodystore_init(struct lc_bodystore *store, struct lc_timers *timers,
    const struct lc_params *params, const struct lc_limits *limits, const struct lc_log *log)
{
    *store =
        (struct lc_bodystore){.timers = timers, .params = params, .limits = limits, .log = log};
    lc_list_init(&store->list);
    lc_timer_init(&store->timer, expire);
}

void lc_bodystore_free(struct lc_bodystore *store)
{
    while (!lc_list_empty(&store->list)) {
        lc_bodystore_remove(store, lc_container(store->list.next, struct lc_stored, link));
    }
    lc_timer_clear(store->timers, &store->timer);
    lc_map_free(&store->map);
}

/*
 * NoCacheKey options do not count (RFC 7252 5.4.6), nor what differs from block to block (RFC 7959
 * 2.4) or is no property of the body wanted (RFC 7641 2). A request for a later block of a response
 * has no payload any more, so that its format is left out there.
 */
static bool in_key(uint16_t number, enum lc_stored_kind kind)
{
    bool no_cache_key = (number & 0x1e) == 0x1c;
    bool transient = number == LC_BLOCK1 || number == LC_BLOCK2 || number == LC_OBSERVE;
    bool format = number == LC_CONTENT_FORMAT && kind == LC_STORED_RESPONSE;
    return !no_cache_key && !transient && !format;
}

static uint64_t key_of(
    enum lc_stored_kind kind, const struct lc_message *message, const struct lc_address *remote)
{
    struct lc_option_walk walk = lc_option_walk(message->options);
    struct lc_option option;
    uint64_t key = lc_hash_mix(lc_address_hash(remote), (uint64_t)message->code << 8 | kind);
    while (lc_option_next(&walk, &option)) {
        if (in_key(option.number, kind)) {
            key = lc_hash_mix(key, lc_hash(option.value.data, option.value.len, option.number));
        }
    }
    return key;
}

static struct lc_stored *find(const struct lc_bodystore *store, enum lc_stored_kind kind,
    uint8_t method, const struct lc_address *remote, uint64_t key)
{
    struct lc_map_node *node = lc_map_find(&store->map, key);
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_stored *stored = lc_container(node, struct lc_stored, node);
        if (stored->kind == kind && stored->method == method &&
            lc_address_equal(&stored->remote, remote)) {
            return stored;
        }
    }
    return NULL;
}

/* Hash of a FETCH's body, which is part of its cache key (RFC 8132 2); 0 for other methods. */
static uint64_t payload_of(const struct lc_message *message)
{
    return message->code == LC_FETCH ? lc_hash(message->payload.data, message->payload.len, 0) : 0;
}

struct lc_stored *lc_bodystore_find(struct lc_bodystore *store, enum lc_stored_kind kind,
    const struct lc_message *message, const struct lc_address *remote)
{
    if (store->map.count == 0) {
        return NULL;
    }
    struct lc_stored *stored =
        find(store, kind, message->code, remote, key_of(kind, message, remote));
    /* A request for a later block may leave the body out that the first one had. */
    if (stored != NULL && kind == LC_STORED_RESPONSE && message->payload.len > 0 &&
        stored->payload != payload_of(message)) {
        return NULL;
    }
    return stored;
}

struct lc_stored *lc_bodystore_add(struct lc_bodystore *store, enum lc_stored_kind kind,
    const struct lc_message *message, const struct lc_address *remote)
{
    uint64_t key = key_of(kind, message, remote);
    struct lc_stored *old = find(store, kind, message->code, remote, key);
    if (old != NULL) {
        lc_bodystore_remove(store, old);
    }
    struct lc_stored *stored = lc_zalloc(sizeof *stored);
    if (stored == NULL) {
        return NULL;
    }
    stored->remote = *remote;
    stored->method = message->code;
    stored->kind = (uint8_t)kind;
    stored->payload = kind == LC_STORED_RESPONSE ? payload_of(message) : 0;
    stored->used = store->timers->now;
    stored->stamp = ++store->stamp;
    if (!lc_map_insert(&store->map, &stored->node, key)) {
        lc_free(stored);
        return NULL;
    }
    lc_list_append(&store->list, &stored->link);
    return stored;
}

void lc_bodystore_remove(struct lc_bodystore *store, struct lc_stored *stored)
{
    lc_map_remove(&store->map, &stored->node);
    lc_list_remove(&stored->link);
    store->bytes -= stored->bytes;
    lc_block_recv_free(&stored->recv);
    lc_buf_free(&stored->sent.options);
    lc_body_release(stored->sent.body);
    lc_free(stored);
}

static void set_timer(struct lc_bodystore *store)
{
    if (lc_list_empty(&store->list)) {
        lc_timer_clear(store->timers, &store->timer);
        return;
    }
    lc_time used = lc_container(store->list.next, struct lc_stored, link)->used;
    lc_timer_set(store->timers, &store->timer, used + lc_params_exchange_lifetime(store->params));
}

static void expire(struct lc_timer *timer)
{
    struct lc_bodystore *store = lc_container(timer, struct lc_bodystore, timer);
    lc_time before = store->timers->now - lc_params_exchange_lifetime(store->params);
    while (!lc_list_empty(&store->list)) {
        struct lc_stored *oldest = lc_container(store->list.next, struct lc_stored, link);
        if (oldest->used > before) {
            break;
        }
        lc_bodystore_remove(store, oldest);
    }
    set_timer(store);
}

void lc_bodystore_touch(struct lc_bodystore *store, struct lc_stored *stored, size_t bytes)
{
    store->bytes += bytes - stored->bytes;
    stored->bytes = bytes;
    stored->used = store->timers->now;
    lc_list_remove(&stored->link);
    lc_list_append(&store->list, &stored->link);
    while (store->list.next != &stored->link &&
           (store->map.count > store->limits->max_transfers ||
               store->bytes > store->limits->max_transfer_bytes)) {
        lc_bodystore_remove(store, lc_container(store->list.next, struct lc_stored, link));
        store->evicted++;
        lc_log(store->log, LC_LOG_INFO,
            "a block-wise body was dropped before its time: too many, or too large ones, are kept");
    }
    if (!lc_timer_is_set(store->timers, &store->timer)) {
        set_timer(store); /* else it is set anew when it fires */
    }
}
