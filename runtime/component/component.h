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
#include "component/setting.h"
#include "net/loop.h"
#include "net/transport.h"

struct lc_component;
struct lc_call;

/*
 * One firing of an event: from the component to the handler and back. The component makes and frees
 * it; between fire() and lc_firing_done() it belongs to the one who runs the handler.
 */
struct lc_firing {
    struct lc_component
        *component;        /* NULL once the component was shut down: the answer is not wanted */
    struct lc_event event; /* a view that stays valid until the handler suspends */
    struct lc_content *request;  /* what Request* mean to the handler; NULL: the component's own */
    struct lc_content *response; /* the same for Response* */
    void (*settle)(struct lc_firing *firing, bool returned);
    struct lc_list link;
    void *source; /* what the event is about: private to the component */
    bool settled;
};

/* What the component asks of the one who runs scripts. */
struct lc_component_upcalls {
    /* Runs the handler of an event that has one. Ends in lc_firing_done(), at once or later. */
    void (*fire)(struct lc_component *component, struct lc_firing *firing);

    /* Log, Error, SSLStatus: run to their end within the call. */
    void (*tell)(struct lc_component *component, const struct lc_event *event);

    /* A call that was waited for has ended: lc_call_result() tells how. */
    void (*finished)(struct lc_component *component, struct lc_call *call);

    /* The component has begun or ceased to listen, observe or wait: must be kept alive, or need
     * not. */
    void (*active)(struct lc_component *component, bool active);
};

struct lc_component {
    struct lc_loop *loop;
    const struct lc_component_upcalls *upcalls;
    struct lc_basics basics;               /* the properties that nearly every device sets */
    const struct lc_settings *settings;    /* shared defaults until one is changed */
    struct lc_content *request, *response; /* own Request* and Response*; NULL: all empty */
    struct lc_endpoint *endpoint;          /* socket and protocol layers; NULL while closed */
    struct lc_list calls;                  /* requests and observations of the client */
    struct lc_list firings;                /* events whose handlers are running or queued */
    struct lc_deferred deferred;           /* fires what is queued */
    struct lc_log log;
    uint64_t last_id;
    uint32_t handlers;   /* bit n: event n has a handler */
    int next_message_id; /* MessageId for the next message, or -1 */
    bool listening, active;
};

void lc_component_init(struct lc_component *component, struct lc_loop *loop,
    const struct lc_component_upcalls *upcalls);

/* Shutdown and the release of all memory. */
void lc_component_dispose(struct lc_component *component);

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
