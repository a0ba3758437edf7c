/* What the components of one process share: the loop, the one who runs scripts, and spare structs.
 */
#ifndef LC_COMPONENT_STAGE_H
#define LC_COMPONENT_STAGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "component/totals.h"
#include "secure/handshakes.h"

struct lc_call;
struct lc_component;
struct lc_cookies;
struct lc_event;
struct lc_firing;
struct lc_loop;
struct lc_recorder;

/* What components ask of the one who runs scripts. */
struct lc_stage_upcalls {
    /* Runs the handler of an event that has one. It ends in lc_firing_done(), at once or later. */
    void (*fire)(struct lc_component *component, struct lc_firing *firing);

    /* Log, Error, SSLStatus: run to their end within the call. False: it has no handler. */
    bool (*tell)(struct lc_component *component, const struct lc_event *event);

    /* The call somebody waits for has ended; see call.h. */
    void (*finished)(struct lc_call *call);

    /* The component has begun or ceased to listen, observe or wait: must be kept alive, or need
     * not. */
    void (*active)(struct lc_component *component, bool active);
};

/* A few structs kept for the next use, so that requests cost no allocation. */
struct lc_store {
    struct lc_list list;
    unsigned count;
};

struct lc_stage {
    struct lc_loop *loop;
    const struct lc_stage_upcalls *upcalls;
    struct lc_store firings, calls;
    struct lc_buf scratch;           /* encoded options of the response that is being made */
    struct lc_cookies *cookies;      /* of DTLS; NULL until used */
    struct lc_map securities;        /* in use, to be shared by those who are set alike */
    struct lc_handshakes handshakes; /* ready when there are cookies */
    struct lc_recorder *recorder;    /* NULL until somebody wants to see datagrams */
    struct lc_list open;             /* components with a socket */
    struct lc_totals closed;         /* what those counted that have none any more */
    struct lc_buf plaintext;         /* the message that is about to be sealed */
};

void lc_stage_init(
    struct lc_stage *stage, struct lc_loop *loop, const struct lc_stage_upcalls *upcalls);

/* After the last component is gone. */
void lc_stage_dispose(struct lc_stage *stage);

/* Makes what sessions of DTLS share. False: memory. */
bool lc_stage_prepare_dtls(struct lc_stage *stage);

/* A struct's link, or NULL when there is none to spare; and back. False: there are enough, free it.
 */
struct lc_list *lc_store_take(struct lc_store *store);
bool lc_store_keep(struct lc_store *store, struct lc_list *link);

#endif
