/* Properties and settings of a living component: what setting them does, and those that are
 * computed. */
#include <stdio.h>

#include "base/random.h"

#include "component/apply.h"
#include "component/call.h"
#include "component/component.h"
#include "component/endpoint.h"
#include "component/faulty.h"
#include "component/recording.h"
#include "component/secure.h"
#include "wire/message.h"

/* ---- Setting ---- */

/* Brings a changed setting to where it is read. 0, or 10055: it will count when the socket is
 * opened again. */
static int apply(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_error *error)
{
    const struct lc_settings *settings = component->values.settings;
    component->log.level = settings->log_level;
    if (component->endpoint != NULL && !(row->flags & LC_BASIC)) {
        component->endpoint->tuning.params = lc_apply_params(settings);
        component->endpoint->tuning.limits = lc_apply_limits(settings);
    }
    if (row->flags & LC_SECURE) {
        lc_secure_setting_changed(component, row);
    }
    if (row->flags & LC_NO_EFFECT) {
        lc_log(&component->log, LC_LOG_INFO, "%s is stored but has no effect on this platform",
            row->name);
    }
    return lc_faulty_concerns(row) ? lc_faulty_apply(component, row, error) : LC_OK;
}

static int check_open(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_error *error)
{
    if ((row->flags & LC_CLOSED_ONLY) && component->endpoint != NULL) {
        return lc_fail(error, LC_ERROR_MODE,
            "%s cannot change while the socket is open; call Shutdown first", row->name);
    }
    return LC_OK;
}

/* A socket that listens goes on as it began: SSLEnabled would not tell the truth about it. */
static int check_securing(struct lc_component *component, bool value, struct lc_error *error)
{
    if (component->listening && value != component->values.settings->ssl_enabled) {
        return lc_fail(error, LC_ERROR_MODE,
            "SSLEnabled cannot change while the component listens; call StopListening first");
    }
    return LC_OK;
}

static int set_listening(struct lc_component *component, bool listening, struct lc_error *error)
{
    if (listening) {
        return lc_component_start_listening(component, error);
    }
    lc_component_stop_listening(component);
    return LC_OK;
}

int lc_component_set_boolean(struct lc_component *component, const struct lc_setting_row *row,
    bool value, struct lc_error *error)
{
    if (row->id == LC_SETTING_Listening) {
        return set_listening(component, value, error);
    }
    int code = check_open(component, row, error);
    if (code == LC_OK && row->id == LC_SETTING_SSLEnabled) {
        code = check_securing(component, value, error);
    }
    if (code == LC_OK) {
        code = lc_setting_set_boolean(&component->values, row, value, error);
    }
    return code == LC_OK ? apply(component, row, error) : code;
}

int lc_component_set_number(struct lc_component *component, const struct lc_setting_row *row,
    double value, struct lc_error *error)
{
    if (row->id == LC_SETTING_MessageId) {
        int code = lc_setting_check_number(row, value, error);
        component->message_id = code == LC_OK ? (int)value : component->message_id;
        return code;
    }
    int code = check_open(component, row, error);
    if (code == LC_OK) {
        code = lc_setting_set_number(&component->values, row, value, error);
    }
    return code == LC_OK ? apply(component, row, error) : code;
}

int lc_component_set_text(struct lc_component *component, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error)
{
    int code = check_open(component, row, error);
    if (code == LC_OK && row->id == LC_SETTING_CaptureFile) {
        code = lc_recording_set_file(component, value, error);
    }
    if (code == LC_OK) {
        code = lc_setting_set_text(&component->values, row, value, error);
    }
    return code == LC_OK ? apply(component, row, error) : code;
}

static int parse(struct lc_component *component, const struct lc_setting_row *row,
    struct lc_bytes text, struct lc_error *error)
{
    if (row->id == LC_SETTING_MessageId) {
        double number;
        int code = lc_setting_read_number(row, text, &number, error);
        return code != LC_OK ? code : lc_component_set_number(component, row, number, error);
    }
    if (row->kind == LC_KIND_TEXT) {
        return lc_component_set_text(component, row, text, error);
    }
    int code = check_open(component, row, error);
    if (code == LC_OK) {
        code = lc_setting_parse(&component->values, row, text, error);
    }
    return code == LC_OK ? apply(component, row, error) : code;
}

/* "[7]" */
static bool read_session(struct lc_bytes text, uint32_t *out)
{
    uint64_t number = 0;
    for (size_t i = 1; i + 1 < text.len && number <= UINT32_MAX; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    *out = (uint32_t)number;
    return number > 0 && number <= UINT32_MAX;
}

int lc_component_config(struct lc_component *component, struct lc_bytes text, struct lc_buf *out,
    struct lc_error *error)
{
    const uint8_t *equals = text.len == 0 ? NULL : memchr(text.data, '=', text.len);
    size_t len = equals == NULL ? text.len : (size_t)(equals - text.data);
    const struct lc_setting_row *row = lc_setting_find((const char *)text.data, len, LC_CONFIG);
    if (row == NULL) {
        return lc_fail(error, LC_ERROR_USAGE, "Config has no setting '%.*s'", (int)len,
            (const char *)text.data);
    }
    if (equals != NULL) {
        return parse(component, row, lc_bytes(equals + 1, text.len - len - 1), error);
    }
    uint32_t session = 0;
    if ((row->flags & LC_PER_SESSION) && len > row->name_len &&
        !read_session(lc_bytes(text.data + row->name_len, len - row->name_len), &session)) {
        return lc_fail(error, LC_ERROR_USAGE,
            "%s takes a ConnectionId in brackets, such as %s[7], not %.*s", row->name, row->name,
            (int)len, (const char *)text.data);
    }
    bool done = session != 0 ? lc_secure_print(component, row->id, session, out)
                             : lc_component_print(component, row, out);
    return done ? LC_OK : lc_fail_memory(error);
}

/* ---- Reading ---- */

/*
 * MessageId read before a message is sent: the id that message will have. Asking fixes it, so that
 * the answer stays true.
 */
static int next_message_id(struct lc_component *component)
{
    if (component->message_id < 0 && component->endpoint != NULL) {
        component->message_id =
            lc_channel_peek_id(component->endpoint->channel, &component->endpoint->asked);
    }
    if (component->message_id < 0) {
        component->message_id = (int)(lc_random_u32() & 0xffff);
    }
    return component->message_id;
}

static bool print_statistics(const struct lc_endpoint *endpoint, struct lc_buf *out)
{
    if (endpoint == NULL) {
        return true;
    }
    const struct lc_udp_stats *udp = lc_udp_stats(endpoint->udp);
    const struct lc_channel_stats *channel = lc_channel_stats(endpoint->channel);
    uint64_t transfers =
        endpoint->server == NULL ? 0 : lc_server_transfers_evicted(endpoint->server);
    const struct {
        const char *name;
        uint64_t count;
    } counters[] = {
        {"received", udp->received},
        {"sent", udp->sent},
        {"dropped", udp->dropped},
        {"refused", udp->refused},
        {"malformed", channel->malformed},
        {"duplicates", channel->duplicates},
        {"retransmissions", channel->retransmissions},
        {"id_conflicts", channel->id_conflicts},
        {"ids_evicted", channel->ids_evicted},
        {"replies_evicted", channel->replies_evicted},
        {"kept_replies_evicted", channel->kept_replies_evicted},
        {"peers_evicted", channel->peers_evicted},
        {"transfers_evicted", transfers},
    };
    bool fits = true;
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        fits = fits && lc_buf_printf(out, "%s%s=%llu", i == 0 ? "" : " ", counters[i].name,
                           (unsigned long long)counters[i].count);
    }
    return fits;
}

static bool print_computed(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_buf *out)
{
    char text[LC_ADDRESS_TEXT];
    const struct lc_endpoint *endpoint = component->endpoint;
    switch (row->id) {
    case LC_SETTING_Listening:
        return lc_buf_printf(out, "%s", component->listening ? "True" : "False");
    case LC_SETTING_LocalHost:
        return lc_buf_printf(out, "%s", lc_address_host(lc_udp_local(endpoint->udp), text));
    case LC_SETTING_LocalPort:
        return lc_buf_printf(out, "%u", lc_udp_local(endpoint->udp)->port);
    case LC_SETTING_MessageId:
        return lc_buf_printf(out, "%d", next_message_id(component));
    case LC_SETTING_DestinationAddress:
        return endpoint == NULL || !component->values.settings->capture_ip_packet_info ||
               lc_address_is_any(&endpoint->reached) ||
               lc_buf_printf(out, "%s", lc_address_host(&endpoint->reached, text));
    case LC_SETTING_SSLProvider:
        return lc_buf_printf(out, "%s", lc_secure_provider(component));
    case LC_SETTING_Statistics:
        return print_statistics(endpoint, out);
    case LC_SETTING_BuildInfo:
        return lc_buf_printf(out, "lunacoap %s", LC_VERSION);
    case LC_SETTING_LicenseInfo:
        return lc_buf_printf(out, "lunacoap, MIT License");
    default:
        if (row->flags & LC_PER_SESSION) {
            return lc_secure_print(component, row->id, 0, out);
        }
        return lc_setting_print(&component->values, row, out);
    }
}

bool lc_component_print(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_buf *out)
{
    bool bound = (row->flags & LC_CLOSED_ONLY) && component->endpoint != NULL;
    bool is_address = row->id == LC_SETTING_LocalHost || row->id == LC_SETTING_LocalPort;
    if (row->kind == LC_KIND_COMPUTED || (bound && is_address) ||
        row->id == LC_SETTING_SSLProvider) {
        return print_computed(component, row, out);
    }
    return lc_setting_print(&component->values, row, out);
}

/* ---- PendingRequests ---- */

static void pending_calls(struct lc_component *component,
    void (*each)(void *arg, const struct lc_pending_info *info), void *arg)
{
    lc_list_for_each (link, &component->calls) {
        struct lc_call *call = lc_container(link, struct lc_call, link);
        if (!lc_call_is_pending(call)) {
            continue;
        }
        struct lc_pending_info info = {
            .number = call->number,
            .method = call->method,
            .remote = call->remote,
            .host = call->state == LC_CALL_RESOLVING ? lc_bytes_text((const char *)call->host.data)
                                                     : lc_bytes(NULL, 0),
            .uri = lc_buf_bytes(&call->uri),
        };
        if (call->exchange != NULL) {
            info.token = lc_exchange_token(call->exchange);
        }
        each(arg, &info);
    }
}

static void pending_incomings(struct lc_component *component,
    void (*each)(void *arg, const struct lc_pending_info *info), void *arg)
{
    const struct lc_endpoint *endpoint = component->endpoint;
    if (endpoint == NULL || endpoint->server == NULL) {
        return;
    }
    struct lc_buf uri = {0};
    for (struct lc_incoming *incoming = lc_server_next(endpoint->server, NULL); incoming != NULL;
         incoming = lc_server_next(endpoint->server, incoming)) {
        struct lc_event event = {
            .remote = incoming->path.remote,
            .options = incoming->message.options,
            .local = lc_address_is_any(&incoming->path.local) ? *lc_udp_local(endpoint->udp)
                                                              : incoming->path.local,
        };
        event.local.port = lc_udp_local(endpoint->udp)->port;
        lc_buf_clear(&uri);
        lc_event_text(&event, LC_FIELD_URI, &uri);
        struct lc_pending_info info = {
            .number = incoming->number,
            .method = incoming->message.code,
            .remote = incoming->path.remote,
            .token = incoming->message.token,
            .uri = lc_buf_bytes(&uri),
        };
        each(arg, &info);
    }
    lc_buf_free(&uri);
}

void lc_component_pending(struct lc_component *component,
    void (*each)(void *arg, const struct lc_pending_info *info), void *arg)
{
    pending_calls(component, each, arg);
    pending_incomings(component, each, arg);
}
