/*
 * The CoAP component: client and server in one object. It composes the layers below, keeps the
 * properties and settings, and turns what the request layer says into events.
 */
#ifndef LC_COMPONENT_COMPONENT_H
#define LC_COMPONENT_COMPONENT_H

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "component/content.h"
#include "component/event.h"
#include "component/firing.h"
#include "component/setting.h"
#include "component/stage.h"
#include "net/loop.h"
#include "net/transport.h"

struct lc_capture;

struct lc_component {
    struct lc_stage *stage;                /* shared with the other components of the process */
    struct lc_values values;               /* plain properties and settings */
    struct lc_content *request, *response; /* own Request* and Response*; NULL: all empty */
    struct lc_endpoint *endpoint;          /* NULL while closed */
    struct lc_secure *secure;              /* NULL until DTLS is used; see secure.h */
    struct lc_faulty *faulty;              /* NULL while nothing goes wrong on purpose */
    struct lc_capture *capture;            /* CaptureFile; NULL: none. Held */
    struct lc_list open;                   /* in stage->open while there is an endpoint */
    struct lc_list calls;                  /* requests and observations of ours, oldest first */
    struct lc_list firings;                /* events whose handlers have not returned */
    struct lc_deferred deferred;           /* ends the calls that ended inside a method */
    struct lc_log log;
    uint64_t last_number; /* of a call */
    int message_id;       /* for the next message of a call, or -1 */
    uint16_t handlers;    /* bit n: event n has a handler */
    bool listening, active;
};

/* True when the event has a handler. */
static inline bool lc_component_handles(const struct lc_component *component, enum lc_event_id id)
{
    return component->handlers >> id & 1;
}

void lc_component_init(struct lc_component *component, struct lc_stage *stage);

/* Shutdown and the release of all memory. */
void lc_component_dispose(struct lc_component *component);

/* The settings in force. */
static inline const struct lc_settings *lc_component_settings(const struct lc_component *component)
{
    return component->values.settings;
}

/* Opens the socket if need be: to send to `remote` (without a port its family alone counts), or to
 * listen (NULL). 0 or why not. */
int lc_component_open(
    struct lc_component *component, const struct lc_address *remote, struct lc_error *error);

/* Goes on from another local port with the open socket. */
int lc_component_rebind(struct lc_component *component, struct lc_error *error);

/* Tells the stage when that has changed. Called by the roles when something began or ended. */
void lc_component_update_active(struct lc_component *component);

/* OnError, or a line on standard error when it has no handler. */
void lc_component_tell_error(struct lc_component *component, int code, const char *text);

int lc_component_start_listening(struct lc_component *component, struct lc_error *error);
void lc_component_stop_listening(struct lc_component *component);
void lc_component_shutdown(struct lc_component *component);
void lc_component_reset(struct lc_component *component);

/* Properties and settings by row; the value's type is the row's. 712 for LC_CLOSED_ONLY while open.
 */
int lc_component_set_boolean(struct lc_component *component, const struct lc_setting_row *row,
    bool value, struct lc_error *error);
int lc_component_set_number(struct lc_component *component, const struct lc_setting_row *row,
    double value, struct lc_error *error);
int lc_component_set_text(struct lc_component *component, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error);

/* Config(): "NAME=VALUE" sets and appends nothing to `out`, "NAME" appends the value. */
int lc_component_config(struct lc_component *component, struct lc_bytes text, struct lc_buf *out,
    struct lc_error *error);

/* The value of a row as Config reads it; computed rows included. False: memory. */
bool lc_component_print(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_buf *out);

/* One pending request; views that stay valid until the component does something else. */
struct lc_pending_info {
    uint64_t number;
    uint8_t method;
    struct lc_address remote; /* unspecified while a name is looked up */
    struct lc_bytes host;     /* the name asked for, while it is looked up */
    struct lc_bytes token;
    struct lc_bytes uri;
};

/* Calls `each` for every pending request, oldest first: ours as a client, the peers' while
 * listening. */
void lc_component_pending(struct lc_component *component,
    void (*each)(void *arg, const struct lc_pending_info *info), void *arg);

#endif
