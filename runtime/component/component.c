/* The component's life: opening, listening, shutting down, and what it tells the script; see
 * component.h. */
#include "component/component.h"

#include <errno.h>
#include <stdio.h>

#include "base/memory.h"
#include "component/apply.h"
#include "component/call.h"
#include "component/endpoint.h"
#include "component/faulty.h"
#include "component/recording.h"
#include "component/secure.h"
#include "component/serve.h"

/* ---- Log and Error ---- */

static void tell_log(void *arg, int level, const char *text)
{
    struct lc_component *component = arg;
    if (!lc_component_handles(component, LC_ON_LOG)) {
        return;
    }
    struct lc_event event = {.id = LC_ON_LOG, .number = level, .text = lc_bytes_text(text)};
    component->stage->upcalls->tell(component, &event);
}

void lc_component_tell_error(struct lc_component *component, int code, const char *text)
{
    struct lc_event event = {.id = LC_ON_ERROR, .number = code, .text = lc_bytes_text(text)};
    if (!lc_component_handles(component, LC_ON_ERROR) ||
        !component->stage->upcalls->tell(component, &event)) {
        fprintf(stderr, "lunacoap: %s\n", text);
    }
}

/* ---- Life ---- */

static void run_deferred(struct lc_deferred *deferred)
{
    lc_call_run_deferred(lc_container(deferred, struct lc_component, deferred));
}

void lc_component_init(struct lc_component *component, struct lc_stage *stage)
{
    *component = (struct lc_component){
        .stage = stage,
        .deferred = {.fn = run_deferred},
        .message_id = -1,
        .log = {.write = tell_log, .arg = component},
    };
    lc_values_init(&component->values);
    component->log.level = component->values.settings->log_level;
    lc_list_init(&component->open);
    lc_list_init(&component->calls);
    lc_list_init(&component->firings);
}

void lc_component_dispose(struct lc_component *component)
{
    component->handlers = 0;
    lc_component_shutdown(component);
    lc_secure_free(component);
    lc_recording_set_file(component, lc_bytes(NULL, 0), NULL);
    lc_content_release(component->request);
    lc_content_release(component->response);
    component->request = component->response = NULL;
    lc_values_free(&component->values);
}

void lc_component_update_active(struct lc_component *component)
{
    bool active = component->listening || !lc_list_empty(&component->calls) ||
                  !lc_list_empty(&component->firings) || lc_serve_pending(component) > 0;
    if (active != component->active) {
        component->active = active;
        component->stage->upcalls->active(component, active);
    }
}

/* Handlers that are still running keep what they read; their answers are not wanted any more. */
static void release_firings(struct lc_component *component)
{
    lc_list_for_each (link, &component->firings) {
        struct lc_firing *firing = lc_container(link, struct lc_firing, link);
        firing->component = NULL;
        if (firing->request != NULL) {
            lc_content_hold(firing->request);
        }
        lc_list_remove(&firing->link);
    }
}

static void close_endpoint(struct lc_component *component)
{
    struct lc_endpoint *endpoint = component->endpoint;
    if (endpoint != NULL) {
        component->endpoint = NULL;
        lc_recording_end_socket(component);
        lc_endpoint_close(endpoint, &component->stage->closed);
    }
    lc_faulty_close(component);
}

void lc_component_shutdown(struct lc_component *component)
{
    release_firings(component);
    lc_deferred_cancel(component->stage->loop, &component->deferred);
    lc_call_drop_all(component);
    component->listening = false;
    close_endpoint(component);
    lc_component_update_active(component);
}

void lc_component_reset(struct lc_component *component)
{
    lc_component_shutdown(component);
    lc_secure_free(component);
    lc_recording_set_file(component, lc_bytes(NULL, 0), NULL);
    lc_values_free(&component->values);
    lc_content_release(component->request);
    lc_content_release(component->response);
    component->request = component->response = NULL;
    component->message_id = -1;
    component->log.level = component->values.settings->log_level;
}

/* ---- The socket ---- */

enum { GROUPS_MAX = 64 };

static int local_address(struct lc_component *component, bool ipv6, struct lc_udp_options *options,
    struct lc_error *error)
{
    const struct lc_basics *basics = &component->values.basics;
    bool wants_ipv6 = ipv6 || component->values.settings->use_ipv6;
    lc_address_any(&options->local, !wants_ipv6);
    options->dual_stack = wants_ipv6;
    if (basics->local_host != NULL && basics->local_host[0] != '\0') {
        int code = lc_resolve_local(basics->local_host, wants_ipv6, &options->local, error);
        if (code != LC_OK) {
            return code;
        }
        options->dual_stack = !options->local.is_ipv4 && lc_address_is_any(&options->local);
    }
    options->local.port = basics->local_port;
    return LC_OK;
}

/* Those that share a socket are told apart by their addresses, so that each must have one. */
static int check_sharing(const struct lc_component *component, struct lc_error *error)
{
    const struct lc_settings *settings = component->values.settings;
    const char *host = component->values.basics.local_host;
    struct lc_address address;
    if (host == NULL || !lc_address_parse(&address, lc_bytes_text(host)) ||
        lc_address_is_any(&address) || lc_address_is_multicast(&address)) {
        return lc_fail_errno(error, EADDRNOTAVAIL,
            "ShareSocket needs an address of this machine in LocalHost, such as 127.0.0.2, not "
            "'%s'",
            host == NULL ? "" : host);
    }
    if (settings->use_connection || settings->multicast_groups != NULL) {
        return lc_fail(error, LC_ERROR_MODE, "%s needs a socket of its own: unset ShareSocket",
            settings->use_connection ? "UseConnection" : "MulticastGroups");
    }
    return LC_OK;
}

/* What the settings ask of a socket; the groups point into `groups`. */
static int socket_options(struct lc_component *component, const struct lc_address *remote,
    struct lc_address groups[GROUPS_MAX], struct lc_udp_options *out, struct lc_error *error)
{
    const struct lc_settings *settings = component->values.settings;
    *out = (struct lc_udp_options){
        .groups = groups,
        .share_port = settings->share_local_port,
        .share_socket = component->values.basics.share_socket,
        .dont_fragment = settings->dont_fragment,
        .packet_info = settings->capture_ip_packet_info,
        .dscp = lc_apply_dscp(settings),
        .receive_buffer = settings->in_buffer_size,
        .send_buffer = settings->out_buffer_size,
        .max_packet = (size_t)settings->max_packet_size,
        .connect = settings->use_connection && remote != NULL && remote->port != 0 ? remote : NULL,
    };
    int count = settings->multicast_groups == NULL
                    ? 0
                    : lc_apply_groups(settings->multicast_groups, groups, GROUPS_MAX);
    out->group_count = count < 0 ? 0 : (size_t)count;
    bool ipv6 = remote != NULL && !remote->is_ipv4;
    int code = out->share_socket ? check_sharing(component, error) : LC_OK;
    return code == LC_OK ? local_address(component, ipv6, out, error) : code;
}

static int open_endpoint(
    struct lc_component *component, const struct lc_address *remote, struct lc_error *error)
{
    const struct lc_settings *settings = component->values.settings;
    struct lc_address groups[GROUPS_MAX];
    struct lc_udp_options options;
    int code = socket_options(component, remote, groups, &options, error);
    if (code != LC_OK) {
        return code;
    }
    bool listens = remote == NULL || component->values.basics.both_roles; /* perhaps later */
    if (listens && settings->listening_port >= 0) {
        options.local.port = (uint16_t)settings->listening_port;
    }
    struct lc_tuning tuning = {lc_apply_params(settings), lc_apply_limits(settings)};
    component->endpoint =
        lc_endpoint_open(component->stage->loop, &options, &tuning, &component->log, error);
    if (component->endpoint != NULL) {
        lc_recording_begin_socket(component);
        code = lc_faulty_apply(component, NULL, error);
    } else {
        code = error->code;
    }
    if (code != LC_OK) {
        close_endpoint(component);
    }
    return code;
}

int lc_component_rebind(struct lc_component *component, struct lc_error *error)
{
    struct lc_endpoint *endpoint = component->endpoint;
    struct lc_address groups[GROUPS_MAX];
    struct lc_udp_options options;
    struct lc_address purpose = lc_endpoint_purpose(endpoint);
    int code = socket_options(component, &purpose, groups, &options, error);
    if (code != LC_OK) {
        return code;
    }
    options.local.port = 0;
    code = lc_udp_rebind(endpoint->udp, &options, error);
    if (code == LC_OK) {
        lc_recording_move_socket(component);
    }
    return code;
}

/* Whether the open socket serves: one for IPv4 does not reach IPv6, a connected one nobody else. */
static bool reaches(const struct lc_endpoint *endpoint, const struct lc_address *remote)
{
    if (remote == NULL) {
        return true;
    }
    bool elsewhere =
        endpoint->connected.port != 0 && !lc_address_equal(&endpoint->connected, remote);
    return !elsewhere && (remote->is_ipv4 || endpoint->ipv6);
}

int lc_component_open(
    struct lc_component *component, const struct lc_address *remote, struct lc_error *error)
{
    struct lc_endpoint *endpoint = component->endpoint;
    if (endpoint != NULL && !reaches(endpoint, remote)) {
        /* As long as nothing needs that socket, take a new one. */
        if (endpoint->server != NULL || !lc_list_empty(&component->calls)) {
            return lc_fail_errno(error, EAFNOSUPPORT, "%s",
                endpoint->connected.port != 0
                    ? "the socket is connected to another peer (UseConnection) and still in use"
                    : "the socket is open for IPv4 and in use; set UseIPv6=True before opening it");
        }
        close_endpoint(component);
    }
    return component->endpoint != NULL ? LC_OK : open_endpoint(component, remote, error);
}

int lc_component_start_listening(struct lc_component *component, struct lc_error *error)
{
    if (component->listening) {
        return LC_OK;
    }
    bool both = component->values.basics.both_roles;
    lc_list_for_each (link, &component->calls) {
        if (!both && lc_call_is_pending(lc_container(link, struct lc_call, link))) {
            return lc_fail(error, LC_ERROR_MODE,
                "requests are pending; wait for their answers or cancel them before "
                "StartListening");
        }
    }
    bool secure = component->values.settings->ssl_enabled;
    int code = secure ? lc_secure_check_server(component, error) : LC_OK;
    if (code == LC_OK) {
        code = lc_component_open(component, NULL, error);
    }
    if (code == LC_OK) {
        code = lc_serve_start(component, error);
    }
    if (code == LC_OK && secure) {
        code = lc_secure_serve(component, error);
    }
    if (code == LC_OK) {
        component->listening = true;
        lc_component_update_active(component);
    }
    return code;
}

void lc_component_stop_listening(struct lc_component *component)
{
    if (component->listening) {
        component->listening = false;
        lc_serve_stop(component);
        lc_component_update_active(component);
    }
}
