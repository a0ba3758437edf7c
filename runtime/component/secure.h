/*
 * DTLS as the component knows it: its certificates, the security made of its settings, the sessions
 * of its endpoint and the events about them. Nothing of it exists until it is used.
 */
#ifndef LC_COMPONENT_SECURE_H
#define LC_COMPONENT_SECURE_H

#include "component/component.h"
#include "secure/certificate.h"

/* SSLCert, SSLAcceptServerCert or SSLServerCert (by row); NULL: empty. */
struct lc_certificate *lc_secure_certificate(
    const struct lc_component *component, enum lc_setting_id which);

/* Assigns one of the first two; held, NULL: empty. LC_OK or 10055. */
int lc_secure_set_certificate(struct lc_component *component, enum lc_setting_id which,
    struct lc_certificate *certificate, struct lc_error *error);

/* A setting about DTLS was set: it counts for sessions to come, those of a server that listens
 * included, or at once (LC_AT_ONCE). */
void lc_secure_setting_changed(struct lc_component *component, const struct lc_setting_row *row);

/* The same for a handler that judges the peer, or finds its key; what another one has let in is not
 * resumed. Nothing for other events. */
void lc_secure_handler_changed(struct lc_component *component, enum lc_event_id id);

/* A session with a server, whose socket is open: sets remote->session. `host`: as the URI names it.
 * 0, or what the settings lack: 1, 271 to 276, 10055. */
int lc_secure_connect(struct lc_component *component, struct lc_address *remote, const char *host,
    bool *out_is_up, struct lc_error *error);

/* Why a session is not up yet: 301, for a call that has waited long enough. */
void lc_secure_explain_silence(
    const struct lc_component *component, uint32_t session, struct lc_error *error);

/* Nothing has answered over a session for that long: a server that was started anew does not know
 * it any more. */
void lc_secure_doubt(const struct lc_component *component, uint32_t session, lc_time silence);

/* Whether the settings make a server, before its socket is opened. */
int lc_secure_check_server(struct lc_component *component, struct lc_error *error);

/* Takes sessions from now on, and nothing plain. The endpoint is open. */
int lc_secure_serve(struct lc_component *component, struct lc_error *error);

/* Whether a request that came in a session is from one who may ask: a server that we have asked in
 * both roles is no client, unless it could be one. */
bool lc_secure_may_ask(const struct lc_component *component, uint32_t session);

/* Notes on an event who sent it, for its identity fields: views of the session. */
void lc_secure_identify(const struct lc_component *component, struct lc_event *event);

/* Appends an SSLNegotiated... value of a session, 0 for the newest; nothing when there is none.
 * False: memory. */
bool lc_secure_print(const struct lc_component *component, enum lc_setting_id which,
    uint32_t session, struct lc_buf *out);

/* What SSLProvider reads: the engine that the present settings led to, before that what was set. */
const char *lc_secure_provider(const struct lc_component *component);

/* Certificates and sessions to resume are forgotten: Reset, or the end of the component. */
void lc_secure_free(struct lc_component *component);

#endif
