/* A component whose network is bad on purpose; see faulty.h. */
#include "component/faulty.h"

#include <stdio.h>

#include "base/memory.h"
#include "component/endpoint.h"
#include "component/fault_text.h"
#include "component/recording.h"
#include "message/trace.h"
#include "net/faults.h"

struct lc_faulty {
    struct lc_component *component;
    struct lc_faults *faults; /* of the open socket; NULL while there is none */
    struct lc_deferred restart;
    bool restarts; /* its faults outlive the socket */
};

bool lc_faulty_concerns(const struct lc_setting_row *row)
{
    return row->id == LC_SETTING_SendFaults || row->id == LC_SETTING_ReceiveFaults ||
           row->id == LC_SETTING_FaultSeed || row->id == LC_SETTING_Offline;
}

/* ---- What faults ask for ---- */

static void on_harmed(void *arg, const struct lc_harm *harm)
{
    struct lc_component *component = arg;
    lc_recording_harm(component, harm);
    if (component->log.level >= LC_LOG_VERBOSE) {
        char verb[160];
        snprintf(verb, sizeof verb, "%s, on its way %s", harm->how, harm->is_ours ? "to" : "from");
        lc_trace(&component->log, verb, &harm->path->remote, harm->datagram);
    }
}

static void on_released(void *arg, const struct lc_path *path, const char *how)
{
    lc_recording_harm(arg, &(struct lc_harm){.path = path, .is_ours = true, .how = how});
}

static void on_restart(void *arg)
{
    struct lc_component *component = arg;
    lc_loop_defer(component->stage->loop, &component->faulty->restart);
}

static void restart_now(struct lc_deferred *deferred)
{
    struct lc_component *component = lc_container(deferred, struct lc_faulty, restart)->component;
    struct lc_error error;
    if (component->endpoint != NULL && lc_faulty_restart(component, &error) != LC_OK) {
        lc_component_tell_error(component, error.code, error.text);
    }
}

static void on_rebind(void *arg)
{
    struct lc_component *component = arg;
    struct lc_error error;
    if (component->endpoint != NULL && lc_faulty_rebind(component, &error) != LC_OK) {
        lc_component_tell_error(component, error.code, error.text);
    }
}

/* ---- Into force ---- */

static struct lc_faulty *faulty_of(struct lc_component *component)
{
    if (component->faulty == NULL) {
        component->faulty = lc_zalloc(sizeof *component->faulty);
        if (component->faulty != NULL) {
            component->faulty->component = component;
            component->faulty->restart.fn = restart_now;
        }
    }
    return component->faulty;
}

/* The filter, on the open socket. NULL: memory. */
static struct lc_faults *faults_of(struct lc_component *component)
{
    struct lc_faulty *faulty = faulty_of(component);
    if (faulty != NULL && faulty->faults == NULL) {
        faulty->faults = lc_faults_new(lc_loop_timers(component->stage->loop),
            &(struct lc_fault_upcalls){on_harmed, on_released, on_restart, on_rebind, component});
    }
    return faulty == NULL ? NULL : faulty->faults;
}

static bool set_lane(
    struct lc_component *component, struct lc_faults *faults, enum lc_setting_id id)
{
    struct lc_fault list[LC_FAULTS_MAX];
    size_t count = 0;
    const struct lc_setting_row *row = &lc_setting_rows[id];
    const char *text = lc_setting_text(&component->values, row);
    uint64_t seed = (uint64_t)lc_component_settings(component)->fault_seed;
    lc_fault_read(
        lc_bytes_text(text), row->name, list, &count, NULL); /* was checked when it was set */
    return lc_faults_set(faults, id == LC_SETTING_SendFaults, list, count, seed);
}

int lc_faulty_apply(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_error *error)
{
    const struct lc_settings *settings = lc_component_settings(component);
    bool is_offline = component->values.basics.offline;
    bool wanted = is_offline || settings->send_faults != NULL || settings->receive_faults != NULL;
    bool has = component->faulty != NULL && component->faulty->faults != NULL;
    if (component->endpoint == NULL || !(wanted || has)) {
        return LC_OK;
    }
    struct lc_faults *faults = faults_of(component);
    /* One that restarts has the faults that it had. */
    bool keeps = faults != NULL && component->faulty->restarts;
    for (int i = 0; i < 2 && faults != NULL && !keeps; i++) {
        enum lc_setting_id id = i == 0 ? LC_SETTING_SendFaults : LC_SETTING_ReceiveFaults;
        bool concerned = row == NULL || row->id == id || row->id == LC_SETTING_FaultSeed;
        faults = concerned && !set_lane(component, faults, id) ? NULL : faults;
    }
    if (faults == NULL) {
        return lc_fail_memory(error);
    }
    lc_faults_cut(faults, is_offline);
    lc_endpoint_interpose(component->endpoint, faults);
    return LC_OK;
}

void lc_faulty_close(struct lc_component *component)
{
    struct lc_faulty *faulty = component->faulty;
    if (faulty == NULL || faulty->restarts) {
        return;
    }
    lc_deferred_cancel(component->stage->loop, &faulty->restart);
    if (faulty->faults != NULL) {
        lc_faults_free(faulty->faults);
    }
    lc_free(faulty);
    component->faulty = NULL;
}

/* ---- Restart and Rebind ---- */

static int check_open(
    const struct lc_component *component, const char *what, struct lc_error *error)
{
    return component->endpoint != NULL
               ? LC_OK
               : lc_fail(error, LC_ERROR_MODE, "%s needs an open socket: there is none yet", what);
}

/* Opens what was open, on the same port. */
static int open_again(struct lc_component *component, uint16_t port, bool listening,
    const struct lc_address *purpose, struct lc_error *error)
{
    uint16_t asked = component->values.basics.local_port;
    component->values.basics.local_port = port;
    int code = listening ? lc_component_start_listening(component, error)
                         : lc_component_open(component, purpose, error);
    component->values.basics.local_port = asked;
    return code;
}

int lc_faulty_restart(struct lc_component *component, struct lc_error *error)
{
    int code = check_open(component, "Restart", error);
    struct lc_faulty *faulty = code == LC_OK ? faulty_of(component) : NULL;
    if (faulty == NULL) {
        return code == LC_OK ? lc_fail_memory(error) : code;
    }
    struct lc_address purpose = lc_endpoint_purpose(component->endpoint);
    uint16_t port = lc_udp_local(component->endpoint->udp)->port;
    bool listening = component->listening;
    faulty->restarts = true;
    lc_endpoint_mute(component->endpoint);
    lc_component_shutdown(component);
    lc_deferred_cancel(component->stage->loop, &faulty->restart);
    code = open_again(component, port, listening, &purpose, error);
    faulty->restarts = false;
    if (component->endpoint == NULL) {
        lc_faulty_close(component);
    }
    return code;
}

int lc_faulty_rebind(struct lc_component *component, struct lc_error *error)
{
    int code = check_open(component, "Rebind", error);
    return code == LC_OK ? lc_component_rebind(component, error) : code;
}
