/* Socket and layers of one endpoint; see endpoint.h. */
#include "component/endpoint.h"

#include <errno.h>

#include "base/memory.h"
#include "wire/code.h"

static void pass_request(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_endpoint *endpoint = arg;
    endpoint->reached = path->local;
    if (endpoint->server != NULL) {
        lc_server_request(endpoint->server, message, path);
        return;
    }
    /* A client that never listened has nobody to ask. */
    if (lc_address_is_multicast(&path->local)) {
        return;
    }
    struct lc_writer writer;
    bool confirmable = message->type == LC_CON;
    if (lc_channel_reply_begin(endpoint->channel, &writer, path, confirmable ? LC_ACK : LC_NON,
            LC_CODE(5, 3), confirmable ? message->id : -1, message->token, 64)) {
        lc_channel_reply_end(endpoint->channel, &writer, path, false);
    }
}

static bool pass_response(void *arg, const struct lc_message *message, const struct lc_path *path)
{
    struct lc_endpoint *endpoint = arg;
    endpoint->reached = path->local;
    return endpoint->client != NULL && lc_client_response(endpoint->client, message, path);
}

static void pass_reset(void *arg, const struct lc_path *path, uint16_t id)
{
    struct lc_endpoint *endpoint = arg;
    if (endpoint->server != NULL) {
        lc_server_reset(endpoint->server, path, id);
    }
}

/* What comes in: each layer that there is hands it to the one above. */
static struct lc_receiver link_dtls_up(struct lc_endpoint *endpoint)
{
    struct lc_receiver above = lc_channel_receiver(endpoint->channel);
    if (endpoint->dtls == NULL) {
        return above;
    }
    if (endpoint->clear != NULL) {
        above = lc_tap_receiver(endpoint->clear, &above);
    }
    lc_dtls_hand_to(endpoint->dtls, &above);
    return lc_dtls_receiver(endpoint->dtls);
}

/* Puts the layers that there are on each other, from the socket up to the channel. */
static void link_layers(struct lc_endpoint *endpoint)
{
    struct lc_transport *under = lc_udp_transport(endpoint->udp);
    struct lc_receiver above = link_dtls_up(endpoint);
    if (endpoint->tap != NULL) {
        under = lc_tap_transport(endpoint->tap, under);
    }
    if (endpoint->faults != NULL) {
        lc_faults_link(endpoint->faults, under, &above);
        under = lc_faults_transport(endpoint->faults);
        above = lc_faults_receiver(endpoint->faults);
    }
    if (endpoint->tap != NULL) {
        above = lc_tap_receiver(endpoint->tap, &above);
    }
    if (endpoint->dtls != NULL) {
        lc_dtls_move(endpoint->dtls, under);
        under = lc_dtls_transport(endpoint->dtls);
        under = endpoint->clear == NULL ? under : lc_tap_transport(endpoint->clear, under);
    }
    lc_channel_move(endpoint->channel, under);
    lc_udp_receive(endpoint->udp, &above);
}

bool lc_endpoint_tap(struct lc_endpoint *endpoint, const struct lc_tap_options *options)
{
    struct lc_tap *tap = endpoint->tap, *clear = endpoint->clear;
    endpoint->tap = endpoint->clear = NULL;
    if (options != NULL) {
        struct lc_tap_options filled = *options;
        filled.local = *lc_udp_local(endpoint->udp);
        filled.is_inmemory = lc_udp_is_inmemory(endpoint->udp);
        endpoint->tap = lc_tap_new(&filled);
        filled.is_clear = true;
        endpoint->clear = lc_tap_new(&filled);
    }
    link_layers(endpoint);
    lc_tap_free(tap);
    lc_tap_free(clear);
    return options == NULL || endpoint->tap != NULL;
}

struct lc_endpoint *lc_endpoint_open(struct lc_loop *loop, const struct lc_udp_options *options,
    const struct lc_tuning *tuning, const struct lc_log *log, struct lc_error *error)
{
    struct lc_endpoint *endpoint = lc_zalloc(sizeof *endpoint);
    if (endpoint == NULL) {
        lc_fail(error, LC_ERROR_NO_MEMORY, "%s", lc_error_text(LC_ERROR_NO_MEMORY));
        return NULL;
    }
    endpoint->loop = loop;
    endpoint->log = log;
    endpoint->tuning = *tuning;
    if (options->connect != NULL) {
        endpoint->connected = *options->connect;
    }
    endpoint->ipv6 = options->dual_stack || !options->local.is_ipv4;
    endpoint->udp = lc_udp_open(loop, options, error);
    if (endpoint->udp == NULL) {
        lc_free(endpoint);
        return NULL;
    }
    endpoint->channel = lc_channel_new(&(struct lc_channel_options){
        .timers = lc_loop_timers(loop),
        .transport = lc_udp_transport(endpoint->udp),
        .params = &endpoint->tuning.params,
        .log = log,
        .upcalls = {pass_request, pass_response, pass_reset, endpoint},
    });
    if (endpoint->channel == NULL) {
        lc_fail(error, LC_ERROR_NO_MEMORY, "%s", lc_error_text(LC_ERROR_NO_MEMORY));
        lc_udp_close(endpoint->udp);
        lc_free(endpoint);
        return NULL;
    }
    link_layers(endpoint);
    return endpoint;
}

void lc_endpoint_close(struct lc_endpoint *endpoint, struct lc_totals *closed)
{
    struct lc_channel_stats stats = *lc_channel_stats(endpoint->channel);
    if (endpoint->server != NULL) {
        lc_server_free(endpoint->server);
    }
    if (endpoint->client != NULL) {
        lc_client_free(endpoint->client);
    }
    lc_channel_free(endpoint->channel);
    if (endpoint->dtls != NULL) {
        lc_dtls_free(endpoint->dtls);
    }
    lc_tap_free(endpoint->clear);
    lc_tap_free(endpoint->tap);
    lc_udp_flush(endpoint->udp);
    lc_totals_add(closed, lc_udp_stats(endpoint->udp), &stats);
    lc_udp_close(endpoint->udp);
    lc_free(endpoint);
}

struct lc_dtls *lc_endpoint_secure(
    struct lc_endpoint *endpoint, const struct lc_dtls_options *options)
{
    if (endpoint->dtls != NULL) {
        return endpoint->dtls;
    }
    struct lc_dtls_options filled = *options;
    filled.timers = lc_loop_timers(endpoint->loop);
    filled.under = lc_udp_transport(endpoint->udp);
    filled.above = lc_channel_receiver(endpoint->channel);
    filled.log = endpoint->log;
    endpoint->dtls = lc_dtls_new(&filled);
    if (endpoint->dtls != NULL) {
        link_layers(endpoint);
    }
    return endpoint->dtls;
}

void lc_endpoint_interpose(struct lc_endpoint *endpoint, struct lc_faults *faults)
{
    endpoint->faults = faults;
    link_layers(endpoint);
}

struct lc_address lc_endpoint_purpose(const struct lc_endpoint *endpoint)
{
    struct lc_address purpose = endpoint->connected;
    if (purpose.port == 0) {
        lc_address_any(&purpose, !endpoint->ipv6);
    }
    return purpose;
}

static uint8_t *no_room(struct lc_transport *transport, size_t len)
{
    (void)transport, (void)len;
    return NULL;
}

void lc_endpoint_mute(struct lc_endpoint *endpoint)
{
    static struct lc_transport nowhere = {.reserve = no_room};
    lc_channel_move(endpoint->channel, &nowhere);
    if (endpoint->dtls != NULL) {
        lc_dtls_move(endpoint->dtls, &nowhere);
    }
}

void lc_endpoint_lose(struct lc_endpoint *endpoint, const struct lc_address *remote)
{
    if (endpoint->server != NULL) {
        lc_server_lose(endpoint->server, remote);
    }
    lc_channel_lose(endpoint->channel, remote, ECONNRESET);
}

struct lc_client *lc_endpoint_client(struct lc_endpoint *endpoint)
{
    if (endpoint->client == NULL) {
        endpoint->client = lc_client_new(&(struct lc_client_options){
            .timers = lc_loop_timers(endpoint->loop),
            .channel = endpoint->channel,
            .params = &endpoint->tuning.params,
            .limits = &endpoint->tuning.limits,
            .log = endpoint->log,
        });
    }
    return endpoint->client;
}

struct lc_server *lc_endpoint_server(
    struct lc_endpoint *endpoint, const struct lc_server_upcalls *upcalls)
{
    if (endpoint->server == NULL) {
        endpoint->server = lc_server_new(&(struct lc_server_options){
            .timers = lc_loop_timers(endpoint->loop),
            .channel = endpoint->channel,
            .params = &endpoint->tuning.params,
            .limits = &endpoint->tuning.limits,
            .log = endpoint->log,
            .upcalls = *upcalls,
        });
    }
    return endpoint->server;
}
