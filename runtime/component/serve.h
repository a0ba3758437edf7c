/*
 * The server role: requests of peers become Request and Register events, what the handlers leave in
 * Response* becomes responses, and SendResponse, CancelRequest and SendNotification do it later.
 */
#ifndef LC_COMPONENT_SERVE_H
#define LC_COMPONENT_SERVE_H

#include "component/component.h"
#include "request/server.h"

/* Takes requests from now on; the endpoint is open. 0 or 10055. */
int lc_serve_start(struct lc_component *component, struct lc_error *error);

/* New requests get 5.03; pending ones may be answered, observers stay. */
void lc_serve_stop(struct lc_component *component);

/* A number that is not pending: 706. `response` is what Response* mean to the caller; a bad code:
 * 707. */
int lc_serve_respond(struct lc_component *component, uint64_t number,
    const struct lc_content *response, struct lc_error *error);
int lc_serve_cancel(struct lc_component *component, uint64_t number, struct lc_error *error);

/* Notifies the observers of `uri` that registered with `accept`; see lc_server_notify(). 700, 701,
 * 707, 712. */
int lc_serve_notify(struct lc_component *component, struct lc_bytes uri, int accept,
    const struct lc_content *response, struct lc_error *error);

/* Whether there are observers to ask about: 0 or 712. */
int lc_serve_check_observed(const struct lc_component *component, struct lc_error *error);

/* Walks what is observed; see lc_server_next_observed(). */
bool lc_serve_next_observed(
    const struct lc_component *component, struct lc_bytes path, struct lc_observed *observed);

/* Requests of peers that are not answered yet. */
size_t lc_serve_pending(const struct lc_component *component);

#endif
