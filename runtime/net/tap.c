/* Datagrams on their way through; see tap.h. */
#include "net/tap.h"

#include <stdio.h>

#include "base/memory.h"

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct lc_tap *tap = lc_container(transport, struct lc_tap, transport);
    tap->room = tap->under->reserve(tap->under, len);
    return tap->room;
}

/* On DTLS, what belongs to no session has been seen below already. */
static bool sees(const struct lc_tap *tap, const struct lc_path *path)
{
    return !tap->is_clear || path->remote.session != 0;
}

static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct lc_tap *tap = lc_container(transport, struct lc_tap, transport);
    if (sees(tap, path)) {
        const char *comment = tap->remark[0] == '\0' ? NULL : tap->remark;
        lc_recorder_datagram(tap, LC_SENT, path, lc_bytes(tap->room, len), comment);
        tap->remark[0] = '\0';
    }
    tap->under->commit(tap->under, path, len);
}

/* The upcalls come last: the tap may be gone when they return. */

static void receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_tap *tap = arg;
    struct lc_receiver above = tap->above;
    if (sees(tap, path)) {
        lc_recorder_datagram(tap, LC_RECEIVED, path, lc_bytes(data, len), NULL);
    }
    above.receive(above.arg, path, data, len);
}

static void truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    struct lc_tap *tap = arg;
    struct lc_receiver above = tap->above;
    if (sees(tap, path)) {
        lc_recorder_datagram(tap, LC_RECEIVED, path, lc_bytes(data, len),
            "longer than MaxPacketSize: only its beginning is known");
    }
    if (above.truncated != NULL) {
        above.truncated(above.arg, path, data, len);
    }
}

static void refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    struct lc_tap *tap = arg;
    if (tap->above.refused != NULL) {
        tap->above.refused(tap->above.arg, path, number, data, len);
    }
}

struct lc_tap *lc_tap_new(const struct lc_tap_options *options)
{
    struct lc_tap *tap = lc_zalloc(sizeof *tap);
    if (tap == NULL) {
        return NULL;
    }
    tap->transport = (struct lc_transport){.reserve = reserve, .commit = commit};
    tap->recorder = options->recorder;
    tap->capture = options->capture;
    tap->log = options->log;
    tap->owner = options->owner;
    tap->local = options->local;
    tap->is_inmemory = options->is_inmemory;
    tap->is_clear = options->is_clear;
    lc_list_append(&tap->recorder->taps, &tap->link);
    return tap;
}

void lc_tap_free(struct lc_tap *tap)
{
    if (tap != NULL) {
        lc_list_remove(&tap->link);
        lc_free(tap);
    }
}

void lc_tap_move(struct lc_tap *tap, const struct lc_address *local)
{
    if (tap != NULL) {
        tap->local = *local;
    }
}

struct lc_transport *lc_tap_transport(struct lc_tap *tap, struct lc_transport *under)
{
    tap->under = under;
    return &tap->transport;
}

struct lc_receiver lc_tap_receiver(struct lc_tap *tap, const struct lc_receiver *above)
{
    tap->above = *above;
    return (struct lc_receiver){
        .receive = receive, .truncated = truncated, .refused = refused, .arg = tap};
}

void lc_tap_tell(struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path,
    struct lc_bytes data, const char *comment)
{
    if (fate == LC_SENT) {
        snprintf(tap->remark, sizeof tap->remark, "%s", comment);
    } else if (fate == LC_DROPPED_OUT) {
        lc_recorder_datagram(tap, fate, path, data, comment);
    } else {
        lc_recorder_amend(tap, fate, path, data, comment);
    }
}
