/* Shared by the components of one process; see stage.h. */
#include "component/stage.h"

#include "component/call.h"
#include "component/firing.h"
#include "net/loop.h"
#include "secure/cookie.h"

enum { SPARE_MAX = 64 };

void lc_stage_init(
    struct lc_stage *stage, struct lc_loop *loop, const struct lc_stage_upcalls *upcalls)
{
    *stage = (struct lc_stage){.loop = loop, .upcalls = upcalls};
    lc_list_init(&stage->firings.list);
    lc_list_init(&stage->calls.list);
    lc_list_init(&stage->open);
}

void lc_stage_dispose(struct lc_stage *stage)
{
    struct lc_list *link;
    while ((link = lc_store_take(&stage->firings)) != NULL) {
        lc_firing_free(lc_container(link, struct lc_firing, link));
    }
    while ((link = lc_store_take(&stage->calls)) != NULL) {
        lc_call_free(lc_container(link, struct lc_call, link));
    }
    lc_buf_free(&stage->scratch);
    lc_buf_wipe(&stage->plaintext);
    lc_cookies_free(stage->cookies);
    lc_map_free(&stage->securities);
}

bool lc_stage_prepare_dtls(struct lc_stage *stage)
{
    if (stage->cookies == NULL) {
        stage->cookies = lc_cookies_new();
        lc_handshakes_init(&stage->handshakes, lc_loop_timers(stage->loop));
    }
    return stage->cookies != NULL;
}

struct lc_list *lc_store_take(struct lc_store *store)
{
    if (store->count == 0) {
        return NULL;
    }
    struct lc_list *link = store->list.next;
    lc_list_remove(link);
    store->count--;
    return link;
}

bool lc_store_keep(struct lc_store *store, struct lc_list *link)
{
    if (store->count == SPARE_MAX) {
        return false;
    }
    lc_list_prepend(&store->list, link);
    store->count++;
    return true;
}
