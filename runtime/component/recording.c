/* Taps where somebody wants to see, and nowhere else; see recording.h. */
#include "component/recording.h"

#include <limits.h>

#include "component/endpoint.h"

/* ---- Taps ---- */

bool lc_recording_is_on(const struct lc_component *component)
{
    const struct lc_recorder *recorder = component->stage->recorder;
    return component->capture != NULL || (recorder != NULL && lc_recorder_wants_all(recorder));
}

/* Without memory for a tap nothing is recorded, and the rest goes on. */
static void tap(struct lc_component *component)
{
    lc_endpoint_tap(component->endpoint, !lc_recording_is_on(component)
                                             ? NULL
                                             : &(struct lc_tap_options){
                                                   .recorder = component->stage->recorder,
                                                   .capture = component->capture,
                                                   .log = &component->log,
                                                   .owner = component,
                                               });
}

static void tap_all(struct lc_stage *stage)
{
    lc_list_for_each (link, &stage->open) {
        tap(lc_container(link, struct lc_component, open));
    }
}

void lc_recording_begin_socket(struct lc_component *component)
{
    lc_list_append(&component->stage->open, &component->open);
    if (lc_recording_is_on(component)) {
        tap(component);
    }
}

void lc_recording_move_socket(struct lc_component *component)
{
    lc_tap_move(component->endpoint->tap, lc_udp_local(component->endpoint->udp));
    lc_tap_move(component->endpoint->clear, lc_udp_local(component->endpoint->udp));
}

void lc_recording_end_socket(struct lc_component *component)
{
    lc_list_remove(&component->open);
}

/* ---- The recorder ---- */

struct lc_recorder *lc_recording_recorder(struct lc_stage *stage, struct lc_error *error)
{
    if (stage->recorder == NULL) {
        stage->recorder = lc_recorder_new(stage->loop);
    }
    if (stage->recorder == NULL) {
        lc_fail_memory(error);
    }
    return stage->recorder;
}

int lc_recording_keep(struct lc_stage *stage, size_t count, struct lc_error *error)
{
    struct lc_recorder *recorder = lc_recording_recorder(stage, error);
    if (recorder == NULL) {
        return error->code;
    }
    lc_recorder_keep(recorder, count);
    tap_all(stage);
    return LC_OK;
}

int lc_recording_stream(struct lc_stage *stage, const char *path, struct lc_error *error)
{
    if (path == NULL && stage->recorder == NULL) {
        return LC_OK;
    }
    struct lc_recorder *recorder = lc_recording_recorder(stage, error);
    if (recorder == NULL) {
        return error->code;
    }
    int code = lc_recorder_stream(recorder, path, error);
    tap_all(stage);
    return code;
}

int lc_recording_write(struct lc_stage *stage, const char *path, struct lc_error *error)
{
    struct lc_recorder *recorder = lc_recording_recorder(stage, error);
    return recorder == NULL ? error->code : lc_recorder_write(recorder, path, error);
}

void lc_recording_flush(struct lc_stage *stage)
{
    if (stage->recorder != NULL) {
        lc_recorder_flush(stage->recorder);
    }
}

void lc_recording_end(struct lc_stage *stage)
{
    lc_recorder_free(stage->recorder);
    stage->recorder = NULL;
}

/* ---- CaptureFile ---- */

static struct lc_capture *open_file(
    struct lc_component *component, struct lc_bytes path, struct lc_error *error)
{
    char text[PATH_MAX];
    if (path.len >= sizeof text || memchr(path.data, 0, path.len) != NULL) {
        lc_setting_fail_value(&lc_setting_rows[LC_SETTING_CaptureFile], path, error);
        return NULL;
    }
    memcpy(text, path.data, path.len);
    text[path.len] = '\0';
    struct lc_recorder *recorder = lc_recording_recorder(component->stage, error);
    return recorder == NULL ? NULL : lc_recorder_open(recorder, text, error);
}

int lc_recording_set_file(
    struct lc_component *component, struct lc_bytes path, struct lc_error *error)
{
    struct lc_capture *old = component->capture, *capture = NULL;
    if (path.len > 0 && (capture = open_file(component, path, error)) == NULL) {
        return error->code;
    }
    component->capture = capture;
    if (component->endpoint != NULL) {
        tap(component);
    }
    lc_capture_release(old);
    return LC_OK;
}

/* ---- Faults ---- */

/* One of ours that waits is told of when it goes. */
void lc_recording_harm(struct lc_component *component, const struct lc_harm *harm)
{
    struct lc_tap *tap = component->endpoint == NULL ? NULL : component->endpoint->tap;
    if (tap == NULL || (harm->is_ours && harm->waits)) {
        return;
    }
    enum lc_fate out = harm->is_lost ? LC_DROPPED_OUT : LC_SENT;
    enum lc_fate in = harm->is_lost ? LC_DROPPED_IN : LC_RECEIVED;
    lc_tap_tell(tap, harm->is_ours ? out : in, harm->path, harm->datagram, harm->how);
}

/* ---- Secrets ---- */

void lc_recording_secret(
    const struct lc_component *component, const struct lc_address *remote, struct lc_bytes line)
{
    if (component->stage->recorder != NULL) {
        lc_recorder_secret(component->stage->recorder, component->capture, remote, line);
    }
}
