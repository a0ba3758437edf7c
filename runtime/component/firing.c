/* Firings and their store; see firing.h. */
#include "component/firing.h"

#include "base/memory.h"
#include "component/component.h"

struct lc_firing *lc_firing_new(struct lc_component *component, enum lc_event_id id)
{
    struct lc_list *spare = lc_store_take(&component->stage->firings);
    struct lc_firing *firing =
        spare != NULL ? lc_container(spare, struct lc_firing, link) : lc_zalloc(sizeof *firing);
    if (firing == NULL) {
        return NULL;
    }
    firing->stage = component->stage;
    firing->component = component;
    firing->event = (struct lc_event){.id = id};
    firing->request = firing->response = NULL;
    firing->settle = NULL;
    firing->suspend = NULL;
    firing->source = NULL;
    lc_list_init(&firing->queue);
    lc_list_append(&component->firings, &firing->link);
    return firing;
}

/* The content of the last use when nobody else holds it, else a new one; with a reference to give.
 */
static struct lc_content *own_content(struct lc_content **slot)
{
    if (*slot != NULL && (*slot)->refs > 1) {
        lc_content_release(*slot);
        *slot = NULL;
    }
    if (*slot == NULL) {
        *slot = lc_content_new();
    } else {
        lc_content_clear(*slot);
    }
    if (*slot != NULL) {
        (*slot)->refs++;
    }
    return *slot;
}

struct lc_content *lc_firing_request(struct lc_firing *firing, const struct lc_message *message)
{
    firing->request = own_content(&firing->own_request);
    if (firing->request != NULL) {
        firing->request->message = message;
    }
    return firing->request;
}

struct lc_content *lc_firing_response(struct lc_firing *firing)
{
    firing->response = own_content(&firing->own_response);
    return firing->response;
}

void lc_firing_share_response(struct lc_firing *firing, struct lc_content *content)
{
    firing->response = content;
    if (content != NULL) {
        content->refs++;
    }
}

void lc_firing_free(struct lc_firing *firing)
{
    lc_content_release(firing->own_request);
    lc_content_release(firing->own_response);
    lc_free(firing);
}

void lc_firing_done(struct lc_firing *firing, bool returned)
{
    /* A list of options that the script has kept outlives the message. */
    if (firing->request != NULL && firing->request->refs > 2) {
        lc_content_hold(firing->request);
    }
    if (firing->settle != NULL) {
        firing->settle(firing, returned);
    }
    struct lc_component *component = firing->component;
    lc_content_release(firing->request);
    lc_content_release(firing->response);
    lc_list_remove(&firing->link);
    if (!lc_store_keep(&firing->stage->firings, &firing->link)) {
        lc_firing_free(firing);
    }
    if (component != NULL) {
        lc_component_update_active(component);
    }
}
