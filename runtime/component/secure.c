/* Certificates, security and sessions of a component; see secure.h. */
#include "component/secure.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "component/apply.h"
#include "component/call.h"
#include "component/endpoint.h"
#include "component/recording.h"
#include "component/secure_options.h"
#include "secure/suite.h"

/* Sessions of one client that may be resumed. The reference keeps them for 10 hours. */
static const lc_time saved_lifetime = 36000 * LC_SECOND;
enum { SAVED_MAX = 64, SAVED_BYTES = 256 * 1024 };

struct lc_secure {
    struct lc_certificate *own, *accepted, *server; /* held */
    struct lc_security *client;                     /* of the present settings; NULL: to be made */
    struct lc_session_cache *saved;                 /* ReuseSSLSession; NULL: none yet */
    const struct lc_engine *engine; /* of the present settings; NULL: not chosen yet */
    uint32_t last_session;          /* the one that came up last */
    bool serves_old;                /* what is shown to clients is not of the present settings */
    unsigned handlers_set;          /* times that handlers which judge the peer have changed */
    struct lc_component *component;
    struct lc_deferred renewal; /* what a server that listens shows was changed */
};

static void renew(struct lc_deferred *deferred);

static struct lc_secure *get(struct lc_component *component)
{
    if (component->secure == NULL) {
        component->secure = lc_zalloc(sizeof *component->secure);
    }
    if (component->secure != NULL) {
        component->secure->component = component;
        component->secure->renewal.fn = renew;
    }
    return component->secure;
}

/* ---- Certificates ---- */

static struct lc_certificate **slot_of(struct lc_secure *secure, enum lc_setting_id which)
{
    switch (which) {
    case LC_SETTING_SSLCert:
        return &secure->own;
    case LC_SETTING_SSLAcceptServerCert:
        return &secure->accepted;
    default:
        return &secure->server;
    }
}

static void replace(struct lc_certificate **slot, struct lc_certificate *certificate)
{
    lc_certificate_hold(certificate);
    lc_certificate_release(*slot);
    *slot = certificate;
}

struct lc_certificate *lc_secure_certificate(
    const struct lc_component *component, enum lc_setting_id which)
{
    return component->secure == NULL ? NULL : *slot_of(component->secure, which);
}

/* Deferred, because fields and settings that belong together are assigned one after another. */
static void secure_changed(struct lc_component *component)
{
    struct lc_secure *secure = component->secure;
    if (secure == NULL) {
        return;
    }
    lc_security_release(secure->client);
    secure->client = NULL;
    secure->engine = NULL;
    secure->serves_old = true;
    if (component->listening && component->values.settings->ssl_enabled) {
        lc_loop_defer(component->stage->loop, &secure->renewal);
    }
}

int lc_secure_set_certificate(struct lc_component *component, enum lc_setting_id which,
    struct lc_certificate *certificate, struct lc_error *error)
{
    if (lc_secure_certificate(component, which) == certificate) {
        return LC_OK;
    }
    struct lc_secure *secure = get(component);
    if (secure == NULL) {
        return lc_fail_memory(error);
    }
    replace(slot_of(secure, which), certificate);
    secure_changed(component);
    return LC_OK;
}

void lc_secure_free(struct lc_component *component)
{
    struct lc_secure *secure = component->secure;
    if (secure == NULL) {
        return;
    }
    lc_deferred_cancel(component->stage->loop, &secure->renewal);
    lc_certificate_release(secure->own);
    lc_certificate_release(secure->accepted);
    lc_certificate_release(secure->server);
    lc_security_release(secure->client);
    lc_session_cache_free(secure->saved);
    lc_free(secure);
    component->secure = NULL;
}

/* ---- What sessions tell ---- */

static struct lc_dtls *dtls_of(const struct lc_component *component)
{
    return component->endpoint == NULL ? NULL : component->endpoint->dtls;
}

/* The handler of an authentication event has returned. */
static void settle_authentication(struct lc_firing *firing, bool returned)
{
    struct lc_component *component = firing->component;
    struct lc_dtls *dtls = component == NULL ? NULL : dtls_of(component);
    if (dtls != NULL) {
        lc_dtls_decide(dtls, (uint32_t)firing->event.number, returned && firing->event.flag);
    }
}

static void on_authenticate(void *arg, uint32_t session, struct lc_certificate *certificate,
    const struct lc_finding *finding)
{
    struct lc_component *component = arg;
    /* A server that has stopped may be a client while it has requests to answer. */
    bool is_server = lc_dtls_serves(dtls_of(component), session);
    enum lc_event_id id =
        is_server ? LC_ON_SSL_CLIENT_AUTHENTICATION : LC_ON_SSL_SERVER_AUTHENTICATION;
    if (!is_server) {
        replace(&component->secure->server, certificate);
    }
    struct lc_firing *firing = NULL;
    if (lc_component_handles(component, id)) {
        firing = lc_firing_new(component, id);
    }
    if (firing == NULL) {
        lc_dtls_decide(component->endpoint->dtls, session, finding->trusted);
        return;
    }
    struct lc_event *event = &firing->event;
    event->number = (int)session;
    event->text = lc_bytes_text(finding->status);
    event->flag = finding->trusted;
    bool with_chain = !is_server && lc_component_settings(component)->ssl_include_cert_chain;
    lc_event_show(event, certificate, with_chain, &component->stage->scratch);
    firing->settle = settle_authentication;
    component->stage->upcalls->fire(component, firing);
}

static size_t on_find_key(
    void *arg, uint32_t session, struct lc_bytes identity, uint8_t *key, size_t room)
{
    struct lc_component *component = arg;
    struct lc_buf found = {0};
    struct lc_event event = {
        .id = LC_ON_PSK_LOOKUP,
        .number = (int)session,
        .identity = identity,
        .key_room = (uint16_t)(room < UINT16_MAX ? room : UINT16_MAX),
        .key = &found,
    };
    bool answered = lc_component_handles(component, LC_ON_PSK_LOOKUP) &&
                    component->stage->upcalls->tell(component, &event);
    size_t len = answered ? found.len : 0;
    if (len > 0) {
        memcpy(key, found.data, len);
    }
    lc_buf_wipe(&found);
    return len;
}

static void on_up(void *arg, uint32_t session)
{
    struct lc_component *component = arg;
    struct lc_dtls_view view;
    component->secure->last_session = session;
    if (!lc_dtls_serves(dtls_of(component), session) &&
        lc_dtls_look(dtls_of(component), session, &view)) {
        replace(&component->secure->server, view.certificate);
    }
    lc_call_session_up(component, session);
}

static void on_closed(void *arg, const struct lc_address *remote, const struct lc_error *error)
{
    struct lc_component *component = arg;
    struct lc_endpoint *endpoint = component->endpoint;
    lc_log(&component->log, LC_LOG_INFO, "a DTLS session is over: %s", error->text);
    struct lc_address gone = *remote;
    lc_call_session_closed(component, gone.session, error);
    if (component->endpoint == endpoint) {
        lc_endpoint_lose(endpoint, &gone);
    }
}

static void on_status(void *arg, const char *text)
{
    struct lc_component *component = arg;
    struct lc_event event = {.id = LC_ON_SSL_STATUS, .text = lc_bytes_text(text)};
    component->stage->upcalls->tell(component, &event);
}

static unsigned wants(void *arg)
{
    const struct lc_component *component = arg;
    unsigned secrets = lc_recording_is_on(component) ? LC_DTLS_TELLS_SECRETS : 0;
    if (!lc_component_handles(component, LC_ON_SSL_STATUS)) {
        return secrets;
    }
    return lc_component_settings(component)->log_ssl_packets
               ? secrets | LC_DTLS_TELLS_PROGRESS | LC_DTLS_TELLS_RECORDS
               : secrets | LC_DTLS_TELLS_PROGRESS;
}

static void on_secret(void *arg, const struct lc_address *remote, struct lc_bytes line)
{
    lc_recording_secret(arg, remote, line);
}

/* ---- Sessions ---- */

static void prepare_saved(struct lc_component *component)
{
    struct lc_secure *secure = component->secure;
    if (secure->saved == NULL && lc_component_settings(component)->reuse_ssl_session) {
        secure->saved = lc_session_cache_new(&(struct lc_session_cache_options){
            .timers = lc_loop_timers(component->stage->loop),
            .lifetime = saved_lifetime,
            .max_entries = SAVED_MAX,
            .max_bytes = SAVED_BYTES,
        });
    }
}

/* What may change while sessions are there. */
static void tune(struct lc_component *component)
{
    const struct lc_settings *settings = lc_component_settings(component);
    lc_dtls_tune(dtls_of(component), component->secure->saved,
        lc_apply_seconds(settings->ssl_session_timeout));
    if (!settings->ssl_enabled) {
        lc_dtls_serve(dtls_of(component), NULL);
    }
}

void lc_secure_setting_changed(struct lc_component *component, const struct lc_setting_row *row)
{
    if ((row->flags & LC_AT_ONCE) == 0) {
        secure_changed(component);
    } else if (dtls_of(component) != NULL) {
        tune(component);
    }
}

void lc_secure_handler_changed(struct lc_component *component, enum lc_event_id id)
{
    bool judges = id == LC_ON_PSK_LOOKUP || id == LC_ON_SSL_CLIENT_AUTHENTICATION ||
                  id == LC_ON_SSL_SERVER_AUTHENTICATION;
    if (judges && component->secure != NULL) {
        component->secure->handlers_set++;
        secure_changed(component);
    }
}

/* The filter of the open socket. NULL: memory. */
static struct lc_dtls *open_dtls(struct lc_component *component, struct lc_error *error)
{
    struct lc_dtls_upcalls upcalls = {
        .authenticate = on_authenticate,
        .find_key = on_find_key,
        .up = on_up,
        .closed = on_closed,
        .status = on_status,
        .wants = wants,
        .secret = on_secret,
        .arg = component,
    };
    struct lc_dtls *dtls = NULL;
    if (get(component) != NULL && lc_stage_prepare_dtls(component->stage)) {
        prepare_saved(component);
        dtls =
            lc_endpoint_secure(component->endpoint, &(struct lc_dtls_options){
                                                        .handshakes = &component->stage->handshakes,
                                                        .cookies = component->stage->cookies,
                                                        .room = &component->stage->plaintext,
                                                        .upcalls = upcalls,
                                                    });
    }
    if (dtls == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    tune(component);
    return dtls;
}

/* The digest of all that it will be made from: kilobytes, too much to be kept for each of a fleet
 * with a key of its own. */
static int digest_recipe(struct lc_component *component, const struct lc_secure_parts *parts,
    bool is_server, uint8_t out[LC_DIGEST_SIZE], struct lc_error *error)
{
    struct lc_buf recipe = {0};
    const struct lc_settings *settings = component->values.settings;
    bool done = lc_secure_options_describe(settings, parts, is_server, &recipe) &&
                lc_digest(lc_buf_bytes(&recipe), out);
    lc_buf_wipe(&recipe);
    return done ? LC_OK : lc_fail_memory(error);
}

static struct lc_security *find_security(
    struct lc_stage *stage, const uint8_t recipe[LC_DIGEST_SIZE], uint64_t hash)
{
    struct lc_map_node *node = lc_map_find(&stage->securities, hash);
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_security *security = lc_container(node, struct lc_security, node);
        if (memcmp(security->recipe, recipe, LC_DIGEST_SIZE) == 0) {
            return lc_security_hold(security);
        }
    }
    return NULL;
}

/* A thousand clients that are set alike share one security: it holds kilobytes. */
static struct lc_security *share_security(struct lc_component *component,
    const struct lc_secure_parts *parts, bool is_server, struct lc_error *error)
{
    struct lc_stage *stage = component->stage;
    uint8_t recipe[LC_DIGEST_SIZE];
    if (digest_recipe(component, parts, is_server, recipe, error) != LC_OK) {
        return NULL;
    }
    uint64_t hash;
    memcpy(&hash, recipe, sizeof hash);
    struct lc_security *security = find_security(stage, recipe, hash);
    if (security == NULL) {
        security = lc_secure_options_apply(component->values.settings, parts, is_server, error);
        if (security != NULL && lc_map_insert(&stage->securities, &security->node, hash)) {
            security->shelf = &stage->securities;
            memcpy(security->recipe, recipe, sizeof recipe);
        }
    }
    return security;
}

static struct lc_security *make_security(
    struct lc_component *component, bool is_server, struct lc_error *error)
{
    if (get(component) == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    struct lc_secure_parts parts = {
        .own = component->secure->own,
        .accepted = component->secure->accepted,
        .finds_keys = lc_component_handles(component, LC_ON_PSK_LOOKUP),
        .handlers_set = component->secure->handlers_set,
    };
    bool asks = component->values.settings->ssl_authenticate_clients;
    if (is_server && (asks || parts.finds_keys)) {
        parts.only_for = component;
    }
    /* What is in a folder may change, and nobody would see it from outside. */
    bool shares = component->values.settings->openssl_ca_dir == NULL;
    struct lc_security *security =
        shares ? share_security(component, &parts, is_server, error)
               : lc_secure_options_apply(component->values.settings, &parts, is_server, error);
    if (security != NULL) {
        component->secure->engine = security->context->engine;
    }
    return security;
}

/* Whom we ask is for a handler to judge, or has to be whom the settings name. */
static bool names_servers(const struct lc_component *component)
{
    static const enum lc_setting_id naming[] = {
        LC_SETTING_SSLServerCACerts, LC_SETTING_OpenSSLCAFile, LC_SETTING_OpenSSLCADir};
    bool named = component->secure->accepted != NULL;
    for (size_t i = 0; i < sizeof naming / sizeof naming[0]; i++) {
        named |= lc_setting_text(&component->values, &lc_setting_rows[naming[i]])[0] != '\0';
    }
    return named;
}

/* A component in both roles asks those who are its clients in the session that they have begun: a
 * second one between the same ports would take the place of the first. But in none that shows less
 * of them, nor where a handler is to judge certificates: that is asked in handshakes only. */
static uint32_t begun_by_peer(
    const struct lc_component *component, const struct lc_address *remote, const char *host)
{
    const struct lc_secure *secure = component->secure;
    bool handled = secure->client->modes != LC_MODE_PSK &&
                   lc_component_handles(component, LC_ON_SSL_SERVER_AUTHENTICATION);
    if (!component->values.basics.both_roles || secure->serves_old || handled) {
        return 0;
    }
    return lc_dtls_find_client(
        dtls_of(component), secure->client, remote, host, !names_servers(component));
}

int lc_secure_connect(struct lc_component *component, struct lc_address *remote, const char *host,
    bool *out_is_up, struct lc_error *error)
{
    struct lc_dtls *dtls = open_dtls(component, error);
    if (dtls == NULL) {
        return error->code;
    }
    struct lc_secure *secure = component->secure;
    if (secure->client == NULL) {
        secure->client = make_security(component, false, error);
    }
    if (secure->client == NULL) {
        return error->code;
    }
    uint32_t session = begun_by_peer(component, remote, host);
    if (session == 0) {
        session = lc_dtls_connect(dtls, secure->client, remote, host);
    }
    if (session == 0) {
        return lc_fail_memory(error);
    }
    *out_is_up = lc_dtls_is_up(dtls, session);
    if (!*out_is_up) {
        replace(&secure->server, NULL);
    }
    remote->session = session;
    return LC_OK;
}

void lc_secure_explain_silence(
    const struct lc_component *component, uint32_t session, struct lc_error *error)
{
    lc_dtls_explain_silence(component->endpoint->dtls, session, error);
}

void lc_secure_doubt(const struct lc_component *component, uint32_t session, lc_time silence)
{
    if (dtls_of(component) != NULL) {
        lc_dtls_doubt(dtls_of(component), session, silence);
    }
}

int lc_secure_check_server(struct lc_component *component, struct lc_error *error)
{
    struct lc_security *security = make_security(component, true, error);
    lc_security_release(security);
    return security == NULL ? error->code : LC_OK;
}

int lc_secure_serve(struct lc_component *component, struct lc_error *error)
{
    struct lc_dtls *dtls = open_dtls(component, error);
    struct lc_security *security = dtls == NULL ? NULL : make_security(component, true, error);
    if (security == NULL) {
        return error->code;
    }
    lc_dtls_serve(dtls, security);
    lc_security_release(security);
    component->secure->serves_old = false;
    return LC_OK;
}

static void renew(struct lc_deferred *deferred)
{
    struct lc_secure *secure = lc_container(deferred, struct lc_secure, renewal);
    struct lc_component *component = secure->component;
    struct lc_error error;
    char text[sizeof error.text + 80];
    if (component->listening && lc_secure_serve(component, &error) != LC_OK) {
        snprintf(text, sizeof text, "%s (DTLS goes on with what it had)", error.text);
        lc_component_tell_error(component, error.code, text);
    }
}

/* ---- Who is there, and what was agreed ---- */

bool lc_secure_may_ask(const struct lc_component *component, uint32_t session)
{
    struct lc_dtls *dtls = session == 0 ? NULL : dtls_of(component);
    if (dtls == NULL || lc_dtls_serves(dtls, session)) {
        return true;
    }
    bool by_certificate = component->values.settings->ssl_authenticate_clients;
    bool handled =
        by_certificate && lc_component_handles(component, LC_ON_SSL_CLIENT_AUTHENTICATION);
    return lc_dtls_may_ask(dtls, session, by_certificate) &&
           (!handled || !component->values.settings->ssl_enabled);
}

void lc_secure_identify(const struct lc_component *component, struct lc_event *event)
{
    struct lc_dtls_view view;
    struct lc_dtls *dtls = event->remote.session == 0 ? NULL : dtls_of(component);
    if (dtls == NULL || !lc_dtls_look(dtls, event->remote.session, &view)) {
        return;
    }
    event->number = (int)event->remote.session;
    event->identity = view.psk_identity;
    lc_event_show(event, view.certificate, false, NULL);
}

bool lc_secure_print(const struct lc_component *component, enum lc_setting_id which,
    uint32_t session, struct lc_buf *out)
{
    struct lc_dtls_view view;
    struct lc_dtls *dtls = dtls_of(component);
    if (dtls == NULL) {
        return true;
    }
    if (session == 0) {
        session = component->secure->last_session;
    }
    const struct lc_suite *suite = NULL;
    if (lc_dtls_look(dtls, session, &view)) {
        suite = lc_suite_find(view.info.suite);
    }
    if (suite == NULL) {
        return true;
    }
    switch (which) {
    case LC_SETTING_SSLNegotiatedCipher:
        return lc_buf_printf(out, "%s", suite->cipher);
    case LC_SETTING_SSLNegotiatedCipherStrength:
        return lc_buf_printf(out, "%u", suite->key_bits);
    case LC_SETTING_SSLNegotiatedCipherSuite:
        return lc_buf_printf(out, "%s", suite->name);
    case LC_SETTING_SSLNegotiatedKeyExchange:
        return lc_buf_printf(out, "%s", lc_key_exchange_name(suite->exchange));
    case LC_SETTING_SSLNegotiatedKeyExchangeStrength:
        return lc_buf_printf(out, "%u", lc_group_bits(view.info.group));
    default:
        return lc_buf_printf(out, "DTLS%s", view.info.version == LC_DTLS_1_0 ? "1.0" : "1.2");
    }
}

const char *lc_secure_provider(const struct lc_component *component)
{
    if (component->secure != NULL && component->secure->engine != NULL) {
        return component->secure->engine->name;
    }
    return lc_setting_text(&component->values, &lc_setting_rows[LC_SETTING_SSLProvider]);
}
