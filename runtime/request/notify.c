/* Notifications (RFC 7641 section 4): encoded once for a resource, sent to each of its observers.
 */
#include "request/block_send.h"
#include "request/server_state.h"
#include "wire/code.h"
#include "wire/option.h"

/*
 * CON notifications leave in bursts, so that neither the send queue nor the peers' ACKs overrun
 * anything: 256 per 5 ms are 51 200 per second.
 */
enum { BURST = 256 };
static const lc_time burst_interval = LC_SECOND / 200;

/* RFC 7641 4.5: a CON at least so often, to see whether the client is still there. */
static const lc_time con_interval = 24 * 3600 * LC_SECOND;

static void start_pace(struct lc_observers *observers)
{
    struct lc_timers *timers = observers->server->options.timers;
    if (!lc_timer_is_set(timers, &observers->pace)) {
        observers->burst = BURST;
        lc_timer_set(timers, &observers->pace, timers->now + burst_interval);
    }
}

/* ---- Encoding ---- */

/* The reply for blocks of size `szx`, Observe included while the resource goes on. */
static bool make_reply(const struct lc_resource *resource, const struct lc_representation *what,
    struct lc_bytes body, uint8_t szx, struct lc_reply *reply)
{
    *reply = (struct lc_reply){
        .code = what->code, .options = lc_buf_bytes(&what->options), .payload = body};
    if (lc_code_is_success(what->code)) {
        lc_reply_add(reply, LC_OBSERVE, resource->sequence);
    }
    if (lc_block_needed(body.len, szx)) {
        struct lc_block_slice first;
        if (!lc_block_slice(body, (struct lc_block){.szx = szx}, szx, &first)) {
            return false;
        }
        reply->payload = first.bytes;
        lc_reply_add(reply, LC_BLOCK2, lc_block_value(first.block));
        lc_reply_add(reply, LC_SIZE2, (uint32_t)body.len);
        if (what->etag != 0) {
            lc_reply_add(reply, LC_ETAG, what->etag);
        }
    }
    return true;
}

/* What goes behind the token for this observer; `scratch` when its blocks are smaller than usual.
 */
static struct lc_bytes encoded_for(
    struct lc_observers *observers, const struct lc_observer *observer)
{
    const struct lc_resource *resource = observer->resource;
    if (observer->refused) {
        return lc_bytes(NULL, 0);
    }
    struct lc_bytes body = lc_body_bytes(resource->last.body);
    struct lc_reply reply;
    if (observer->szx < resource->szx && lc_block_needed(body.len, observer->szx) &&
        make_reply(resource, &resource->last, body, observer->szx, &reply) &&
        lc_reply_encode(&reply, &observers->scratch)) {
        return lc_buf_bytes(&observers->scratch);
    }
    return lc_buf_bytes(&resource->encoded);
}

/* ---- One observer ---- */

static struct lc_bytes token_of(const struct lc_observer *observer)
{
    return lc_bytes(observer->token, observer->token_len);
}

/* What the newest state is for this observer. */
static uint8_t code_for(const struct lc_observer *observer)
{
    return observer->refused ? LC_CODE(4, 6) : observer->resource->last.code;
}

static bool send_non(struct lc_observers *observers, struct lc_observer *observer)
{
    struct lc_channel *channel = observers->server->options.channel;
    struct lc_bytes encoded = encoded_for(observers, observer);
    struct lc_writer writer;
    if (!lc_channel_reply_begin(channel, &writer, &observer->path, LC_NON, code_for(observer), -1,
            token_of(observer), encoded.len)) {
        return false;
    }
    uint16_t id = (uint16_t)(writer.start[2] << 8 | writer.start[3]);
    lc_reply_append(&writer, encoded);
    lc_channel_reply_end(channel, &writer, &observer->path, false);
    lc_observer_sent(observer, id);
    observer->nons++;
    return true;
}

static bool write_con(struct lc_observers *observers, struct lc_observer *observer)
{
    struct lc_buf *datagram = &observer->transmission.datagram;
    struct lc_bytes encoded = encoded_for(observers, observer);
    size_t room = LC_HEADER_SIZE + observer->token_len + encoded.len;
    struct lc_writer writer;
    lc_buf_clear(datagram);
    if (!lc_buf_reserve(datagram, room)) {
        return false;
    }
    lc_writer_init(&writer, datagram->data, room);
    lc_write_header(&writer, LC_CON, code_for(observer), 0, token_of(observer));
    lc_reply_append(&writer, encoded);
    datagram->len = lc_writer_len(&writer);
    return true;
}

static bool send_con(struct lc_observers *observers, struct lc_observer *observer)
{
    start_pace(observers);
    if (observers->burst == 0) {
        return false;
    }
    observers->burst--;
    if (!write_con(observers, observer) ||
        lc_channel_send(observers->server->options.channel, &observer->transmission,
            &observer->path, -1, NULL) != LC_OK) {
        return false;
    }
    observer->nons = 0;
    observer->confirmed = observers->server->options.timers->now;
    return true;
}

static bool wants_con(const struct lc_observers *observers, const struct lc_observer *observer)
{
    const struct lc_server_options *options = &observers->server->options;
    /* RFC 7641 7: whoever registers in another's name must not bring a stream of NON upon him. */
    return observer->resource->confirmable || !observer->proven ||
           observer->nons >= options->limits->notifications_per_con ||
           options->timers->now - observer->confirmed >= con_interval;
}

/* Sends the newest state, now or when the pace allows; not while an older one is unconfirmed (RFC
 * 7641 4.5.2). */
static void notify_observer(struct lc_observers *observers, struct lc_observer *observer)
{
    if (lc_transmission_is_active(&observer->transmission) || !lc_list_empty(&observer->queued)) {
        return;
    }
    bool sent = wants_con(observers, observer) ? send_con(observers, observer)
                                               : send_non(observers, observer);
    observer->dirty = !sent;
    if (!sent) {
        lc_list_append(&observers->queue, &observer->queued);
        start_pace(observers);
    }
}

void lc_observers_pace(struct lc_timer *timer)
{
    struct lc_observers *observers = lc_container(timer, struct lc_observers, pace);
    observers->burst = BURST;
    struct lc_list *last = observers->queue.prev;
    bool more = !lc_list_empty(&observers->queue);
    while (more && observers->burst > 0) {
        struct lc_list *link = observers->queue.next;
        more = link != last;
        struct lc_observer *observer = lc_container(link, struct lc_observer, queued);
        lc_list_remove(link);
        notify_observer(observers, observer);
        lc_observer_release(observer);
    }
    if (!lc_list_empty(&observers->queue)) {
        start_pace(observers);
    }
}

bool lc_observer_refresh(struct lc_transmission *transmission)
{
    struct lc_observer *observer = lc_container(transmission, struct lc_observer, transmission);
    struct lc_observers *observers =
        lc_container(observer->resource->owner, struct lc_observers, resources);
    if (!observer->dirty || !write_con(observers, observer)) {
        return false;
    }
    observer->dirty = false;
    return true;
}

void lc_observer_done(struct lc_transmission *transmission, enum lc_outcome outcome, int number)
{
    struct lc_observer *observer = lc_container(transmission, struct lc_observer, transmission);
    struct lc_observers *observers =
        lc_container(observer->resource->owner, struct lc_observers, resources);
    (void)number;
    if (outcome != LC_ACKNOWLEDGED) {
        observer->dirty = false;
        lc_observer_end(observers, observer);
    } else {
        observer->proven = true;
        if (observer->dirty) {
            notify_observer(observers, observer);
        }
    }
    lc_observer_release(observer);
}

/* ---- A resource ---- */

/* Makes the resource's new state from a response; on an error the old one stays. */
static int update(struct lc_observers *observers, struct lc_resource *resource,
    const struct lc_response *response, struct lc_body *body, struct lc_error *error)
{
    uint8_t szx = lc_block_szx(observers->server->options.limits->block_size);
    struct lc_representation next = {.code = response->code,
        .etag = lc_reply_etag(response->code, response->options, response->body)};
    struct lc_reply reply;
    uint32_t sequence = resource->sequence;
    next.options =
        (struct lc_buf){.data = (uint8_t *)response->options.data, .len = response->options.len};
    lc_resource_next_sequence(resource);
    if (!make_reply(resource, &next, response->body, szx, &reply)) {
        resource->sequence = sequence;
        return lc_fail(error, LC_ERROR_BLOCK, "a body of %zu bytes is too large for blocks",
            response->body.len);
    }
    if (!lc_reply_encode(&reply, &observers->scratch) ||
        !lc_buf_set(&resource->last.options, response->options.data, response->options.len)) {
        resource->sequence = sequence;
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory for a notification");
    }
    struct lc_buf encoded = observers->scratch;
    observers->scratch = resource->encoded;
    resource->encoded = encoded;
    lc_body_release(resource->last.body);
    resource->last.code = next.code;
    resource->last.etag = next.etag;
    resource->last.body = body == NULL ? NULL : lc_body_share(body);
    resource->szx = szx;
    resource->confirmable = response->confirmable;
    resource->stamp = ++observers->server->store.stamp;
    return LC_OK;
}

/* A representation in another Content-Format than the first is not for this observer (RFC
 * 7641 4.2).
 */
static void check_format(
    struct lc_observers *observers, struct lc_observer *observer, int32_t format)
{
    if (format == LC_FORMAT_UNKNOWN || format == observer->format) {
        return;
    } else if (observer->format == LC_FORMAT_UNKNOWN) {
        observer->format = format;
        return;
    }
    observer->refused = true;
    lc_log(observers->server->options.log, LC_LOG_INFO,
        "an observer gets 4.06 and is removed: it was sent Content-Format %d first, and %d now",
        (int)observer->format, (int)format);
}

/* Who names no Content-Format means the one that the observers were sent first: that of the newest
 * one, should they differ. False: memory. */
static bool complete_format(struct lc_observers *observers, const struct lc_resource *resource,
    struct lc_response *response)
{
    const struct lc_observer *newest =
        lc_container(resource->observers.prev, struct lc_observer, link);
    if (lc_observed_format(response->code, response->options) != LC_FORMAT_ABSENT ||
        newest->format < 0) {
        return true;
    }
    struct lc_buf *options = &observers->options;
    if (!lc_buf_set(options, response->options.data, response->options.len) ||
        !lc_options_add_uint(options, LC_CONTENT_FORMAT, (uint32_t)newest->format)) {
        return false;
    }
    response->options = lc_buf_bytes(options);
    return true;
}

static int notify_resource(struct lc_observers *observers, struct lc_resource *resource,
    const struct lc_response *given, struct lc_body *body, struct lc_error *error)
{
    const struct lc_server_options *options = &observers->server->options;
    struct lc_response completed = *given, *response = &completed;
    if (!complete_format(observers, resource, response)) {
        return lc_fail(error, LC_ERROR_NO_MEMORY, "out of memory for a notification");
    }
    int code = update(observers, resource, response, body, error);
    if (code != LC_OK) {
        return code;
    }
    if (body != NULL) {
        lc_timer_set(options->timers, &resource->forget,
            options->timers->now + lc_params_exchange_lifetime(options->params));
    }
    bool over = !lc_code_is_success(response->code);
    if (over) {
        lc_resource_retire(resource);
    }
    int32_t format = lc_observed_format(response->code, response->options);
    lc_list_for_each (link, &resource->observers) {
        struct lc_observer *observer = lc_container(link, struct lc_observer, link);
        check_format(observers, observer, format);
        observer->dirty = true;
        notify_observer(observers, observer);
        if (over || observer->refused) {
            lc_observer_end(observers, observer); /* RFC 7641 4.2 */
        }
    }
    return LC_OK;
}

/* A body that some observer gets in blocks is kept and shared. */
static int share_body(struct lc_observers *observers, const struct lc_resource *resource,
    const struct lc_response *response, struct lc_body **inout_body, struct lc_error *error)
{
    uint8_t szx = lc_block_szx(observers->server->options.limits->block_size);
    szx = resource->min_szx < szx ? resource->min_szx : szx;
    if (*inout_body == NULL && lc_block_needed(response->body.len, szx)) {
        *inout_body = lc_body_new(response->body);
        if (*inout_body == NULL) {
            return lc_fail(error, LC_ERROR_NO_MEMORY,
                "out of memory for a notification of %zu bytes", response->body.len);
        }
    }
    return LC_OK;
}

static int notify_one(struct lc_observers *observers, struct lc_resource *resource,
    const struct lc_response *response, struct lc_body **inout_body, struct lc_error *error)
{
    if (lc_list_empty(&resource->observers)) {
        return LC_OK;
    }
    int code = share_body(observers, resource, response, inout_body, error);
    return code != LC_OK ? code
                         : notify_resource(observers, resource, response, *inout_body, error);
}

static int notify_group(struct lc_observers *observers, enum lc_resource_key key,
    struct lc_bytes value, int accept, const struct lc_response *response,
    struct lc_body **inout_body, struct lc_error *error)
{
    struct lc_resource *resource = lc_resources_first(&observers->resources, key, value);
    int code = LC_OK;
    while (resource != NULL && code == LC_OK) {
        struct lc_resource *next = lc_resource_next(resource, key);
        if (accept == LC_ACCEPT_ANY || accept == resource->accept) {
            code = notify_one(observers, resource, response, inout_body, error);
        }
        resource = next;
    }
    return code;
}

int lc_server_notify(struct lc_server *server, struct lc_bytes uri, int accept,
    const struct lc_response *response, struct lc_error *error)
{
    struct lc_observers *observers = &server->observers;
    struct lc_body *body = NULL;
    int code = LC_OK;
    if (response->options.len > LC_REPLY_OPTIONS_MAX) {
        return lc_fail(error, LC_ERROR_OPTION,
            "the notification has %zu bytes of options, which do not fit a datagram",
            response->options.len);
    }
    bool is_target = uri.len > 0 && uri.data[0] == '/';
    if (is_target || accept == LC_ACCEPT_ANY) {
        code = notify_group(observers, is_target ? LC_SAME_TARGET : LC_SAME_URI, uri, accept,
            response, &body, error);
    } else {
        struct lc_resource *resource = lc_resources_find(&observers->resources, uri, accept);
        if (resource != NULL) {
            code = notify_one(observers, resource, response, &body, error);
        }
    }
    lc_body_release(body);
    return code;
}
