/*
 * Firings: one occurrence of an event on its way to the script's handler and back.
 */
#ifndef LC_COMPONENT_FIRING_H
#define LC_COMPONENT_FIRING_H

#include "base/list.h"
#include "component/content.h"
#include "component/event.h"

struct lc_component;
struct lc_stage;

struct lc_firing {
    /* For the one who runs the handler. */
    struct lc_component *component; /* NULL: the component was shut down, nobody wants the answer */
    struct lc_event event;       /* a view; it stays valid until the handler suspends or returns */
    struct lc_content *request;  /* what Request* mean to the handler; NULL: the component's own */
    struct lc_content *response; /* the same for Response*; the firing has a reference to both */

    /*
     * For the component: told when the handler has returned; `component` is NULL when it was shut
     * down meanwhile. The link `queue` is free for the role that made the firing.
     */
    void (*settle)(struct lc_firing *firing, bool returned);
    struct lc_list queue;

    /* For the component too: the handler goes on while the loop turns. May be NULL. */
    void (*suspend)(struct lc_firing *firing);
    struct lc_stage *stage;
    void *source;                                  /* what the event is about */
    struct lc_content *own_request, *own_response; /* kept with the firing for the next use */
    struct lc_list link;
};

/* NULL: out of memory. It is in the list of the component's firings. */
struct lc_firing *lc_firing_new(struct lc_component *component, enum lc_event_id id);

/* Contents that belong to the firing, empty. NULL: memory. */
struct lc_content *lc_firing_request(struct lc_firing *firing, const struct lc_message *message);
struct lc_content *lc_firing_response(struct lc_firing *firing);

/* A response that others look at too. */
void lc_firing_share_response(struct lc_firing *firing, struct lc_content *content);

/*
 * The handler has returned, or failed (`returned` false: it raised, and OnError was told).
 * event.flag holds what it left there. The firing is gone after this.
 */
void lc_firing_done(struct lc_firing *firing, bool returned);

/* The handler is about to suspend, or to run the loop nested. */
static inline void lc_firing_suspend(struct lc_firing *firing)
{
    if (firing->suspend != NULL && firing->component != NULL) {
        firing->suspend(firing);
    }
}

/* For the stage, which keeps them. */
void lc_firing_free(struct lc_firing *firing);

#endif
