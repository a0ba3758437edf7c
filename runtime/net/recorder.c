/* Where the datagrams that taps see are written to; see recorder.h. */
#include "net/recorder.h"

#include "base/hash.h"
#include "base/memory.h"
#include "net/tap.h"

/* So long a datagram may lie in the receive buffer of an endpoint of ours. */
static const lc_time in_flight = 2 * LC_SECOND;

enum { COAPS = 5684 };

struct lc_recorder *lc_recorder_new(struct lc_loop *loop)
{
    struct lc_recorder *recorder = lc_zalloc(sizeof *recorder);
    if (recorder == NULL) {
        return NULL;
    }
    recorder->loop = loop;
    lc_ring_init(&recorder->ring);
    lc_list_init(&recorder->captures);
    return recorder;
}

void lc_recorder_free(struct lc_recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    lc_ring_limit(&recorder->ring, 0);
    lc_list_for_each (link, &recorder->captures) {
        lc_capture_free(lc_container(link, struct lc_capture, link));
    }
    lc_map_free(&recorder->taps);
    lc_free(recorder);
}

bool lc_recorder_wants_all(const struct lc_recorder *recorder)
{
    return recorder->ring.limit > 0 || recorder->all != NULL;
}

/* ---- Taps ---- */

static struct lc_tap *tap_of(struct lc_map_node *node)
{
    return node == NULL ? NULL : lc_container(node, struct lc_tap, node);
}

static uint64_t hash_of_port(uint16_t port)
{
    return lc_hash(&port, sizeof port, 0);
}

/* One that finds no place in the map is not known as a sender: what it sends to others of ours may
 * be in a file twice. */
void lc_recorder_join(struct lc_recorder *recorder, struct lc_tap *tap)
{
    if (!tap->is_clear) {
        tap->is_known = lc_map_insert(&recorder->taps, &tap->node, hash_of_port(tap->local.port));
    }
}

void lc_recorder_leave(struct lc_recorder *recorder, struct lc_tap *tap)
{
    if (tap->is_known) {
        lc_map_remove(&recorder->taps, &tap->node);
        tap->is_known = false;
        recorder->departed[recorder->departures++ % LC_DEPARTED] = (struct lc_departed){
            tap->local, tap->capture, lc_loop_clock(recorder->loop) + in_flight};
    }
}

/* ---- Both ends ours ---- */

/* Whether what comes from `sender` was sent by a socket bound to `local`. */
static bool matches(struct lc_recorder *recorder, const struct lc_address *local,
    const struct lc_address *sender, lc_time now)
{
    if (local->port != sender->port) {
        return false;
    }
    return lc_address_is_any(local) ? lc_source_is_ours(&recorder->sources, now, sender)
                                    : memcmp(local->ip, sender->ip, sizeof local->ip) == 0;
}

/* Whether who sent a datagram has it in a file too; `capture` NULL: in any, or in memory. */
static bool is_sent_by_ours(struct lc_recorder *recorder, const struct lc_capture *capture,
    const struct lc_address *sender, lc_time now)
{
    bool any = capture == NULL || capture == recorder->all;
    struct lc_map_node *node = lc_map_find(&recorder->taps, hash_of_port(sender->port));
    for (; node != NULL; node = lc_map_find_next(node)) {
        const struct lc_tap *tap = tap_of(node);
        if ((any || tap->capture == capture) && matches(recorder, &tap->local, sender, now)) {
            return true;
        }
    }
    for (unsigned i = 0; i < LC_DEPARTED; i++) {
        const struct lc_departed *gone = &recorder->departed[i];
        if (now < gone->until && (any || gone->capture == capture) &&
            matches(recorder, &gone->local, sender, now)) {
            return true;
        }
    }
    return false;
}

/* ---- Datagrams ---- */

/* Fills in which address of ours it is. What came to a group did; nothing is sent from one. */
static void complete(const struct lc_tap *tap, struct lc_path *path, bool is_out, lc_time now)
{
    path->local.port = tap->local.port;
    bool is_group = lc_address_is_multicast(&path->local);
    if (!lc_address_is_any(&path->local) && !(is_group && is_out)) {
        return;
    }
    if (!lc_address_is_any(&tap->local)) {
        path->local = tap->local;
    } else {
        struct lc_address source = lc_source_of(&tap->recorder->sources, now, &path->remote);
        source.port = tap->local.port;
        path->local = source;
    }
}

static struct lc_record describe(
    const struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path)
{
    struct lc_recorder *recorder = tap->recorder;
    struct lc_record record = {
        .at = lc_loop_clock(recorder->loop),
        .time_of_day = lc_loop_time_of_day(recorder->loop),
        .path = *path,
        .fate = fate,
        .is_clear = tap->is_clear,
    };
    complete(tap, &record.path, lc_fate_is_out(fate), record.at);
    return record;
}

static struct lc_pcapng_packet packet_of(
    const struct lc_record *record, struct lc_bytes data, const char *comment)
{
    bool is_out = lc_fate_is_out(record->fate);
    return (struct lc_pcapng_packet){
        .is_sent = is_out,
        .micros = record->time_of_day,
        .from = is_out ? record->path.local : record->path.remote,
        .to = is_out ? record->path.remote : record->path.local,
        .data = data,
        .comment = comment,
    };
}

/* What DTLS protects is in a file only where readers take no DTLS for CoAP: it has the secrets. */
static bool is_clear_needed(const struct lc_path *path)
{
    return path->local.port != COAPS && path->remote.port != COAPS;
}

static enum lc_pcapng_interface interface_of(const struct lc_record *record)
{
    return record->is_clear                   ? LC_PCAPNG_CLEAR
           : lc_fate_is_dropped(record->fate) ? LC_PCAPNG_DROPPED
                                              : LC_PCAPNG_NETWORK;
}

/* A datagram between two of ours is in their file as the sender has it. */
static void write_to(struct lc_recorder *recorder, struct lc_capture *capture,
    const struct lc_record *record, struct lc_bytes data, const char *comment)
{
    if (record->fate == LC_RECEIVED &&
        is_sent_by_ours(recorder, capture, &record->path.remote, record->at)) {
        return;
    }
    struct lc_pcapng_packet packet = packet_of(record, data, comment);
    packet.interface = interface_of(record);
    lc_capture_packet(capture, &packet);
}

/* A file that is also the one for all is written to once. */
static struct lc_capture *own_of(const struct lc_tap *tap)
{
    return tap->capture == tap->recorder->all ? NULL : tap->capture;
}

void lc_recorder_datagram(const struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path,
    struct lc_bytes data, const char *comment)
{
    struct lc_recorder *recorder = tap->recorder;
    struct lc_record record = describe(tap, fate, path);
    record.number = ++recorder->last;
    recorder->latest = fate == LC_RECEIVED && !tap->is_clear ? data.data : NULL;
    if (recorder->ring.limit > 0) {
        record.is_twin =
            fate == LC_RECEIVED && is_sent_by_ours(recorder, NULL, &path->remote, record.at);
        lc_ring_add(&recorder->ring, &record, data, comment);
    }
    if (tap->is_clear && !is_clear_needed(&record.path)) {
        return;
    }
    if (recorder->all != NULL) {
        write_to(recorder, recorder->all, &record, data, comment);
    }
    if (own_of(tap) != NULL) {
        write_to(recorder, tap->capture, &record, data, comment);
    }
}

/* The packet just written becomes one with a comment; if the sender's stands for it, one that was
 * dropped here is a packet of its own. */
static void amend_in(struct lc_recorder *recorder, struct lc_capture *capture,
    const struct lc_record *record, struct lc_bytes data, const char *comment)
{
    struct lc_pcapng_packet packet = packet_of(record, data, comment);
    if (!is_sent_by_ours(recorder, capture, &record->path.remote, record->at)) {
        lc_capture_amend(capture, &packet);
    } else if (lc_fate_is_dropped(record->fate)) {
        packet.interface = LC_PCAPNG_DROPPED;
        lc_capture_packet(capture, &packet);
    }
}

void lc_recorder_amend(const struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path,
    struct lc_bytes data, const char *comment)
{
    struct lc_recorder *recorder = tap->recorder;
    if (recorder->latest != data.data) {
        lc_recorder_datagram(tap, fate, path, data, comment);
        return;
    }
    struct lc_record record = describe(tap, fate, path);
    struct lc_record *kept = lc_ring_last(&recorder->ring);
    if (kept != NULL && kept->number == recorder->last) {
        kept->fate = fate;
        lc_record_remark(kept, comment);
    }
    if (recorder->all != NULL) {
        amend_in(recorder, recorder->all, &record, data, comment);
    }
    if (own_of(tap) != NULL) {
        amend_in(recorder, tap->capture, &record, data, comment);
    }
}

/* ---- Files ---- */

/* Said in the Log of one that uses the file. */
static void on_lost(void *arg, struct lc_capture *capture)
{
    struct lc_recorder *recorder = arg;
    struct lc_map_node *node = lc_map_next(&recorder->taps, NULL);
    while (node != NULL && capture != recorder->all && tap_of(node)->capture != capture) {
        node = lc_map_next(&recorder->taps, node);
    }
    if (node != NULL) {
        lc_log(tap_of(node)->log, LC_LOG_INFO, "%s", capture->failure.text);
    }
}

struct lc_capture *lc_recorder_open(
    struct lc_recorder *recorder, const char *path, struct lc_error *error)
{
    struct lc_capture *capture = lc_capture_open(&recorder->captures, recorder->loop, path, error);
    if (capture != NULL && capture->failure.code == LC_OK) {
        capture->lost = on_lost;
        capture->arg = recorder;
    }
    return capture;
}

static void put_secret(void *arg, struct lc_bytes line)
{
    lc_capture_secrets(arg, NULL, line);
}

/* Zero, or why something of the file before was lost. */
static int replace_all(
    struct lc_recorder *recorder, struct lc_capture *capture, struct lc_error *error)
{
    struct lc_capture *old = recorder->all;
    recorder->all = capture;
    if (old == NULL || old == capture) {
        return LC_OK;
    }
    old->lost = NULL; /* the caller is told */
    lc_capture_flush(old);
    *error = old->failure;
    lc_capture_release(old);
    return error->code;
}

int lc_recorder_stream(struct lc_recorder *recorder, const char *path, struct lc_error *error)
{
    struct lc_capture *capture = NULL;
    if (path != NULL) {
        capture = lc_recorder_open(recorder, path, error);
        if (capture == NULL) {
            return error->code;
        }
        if (capture == recorder->all) {
            lc_capture_release(capture);
            return LC_OK;
        }
        lc_ring_secrets(&recorder->ring, put_secret, capture);
    }
    return replace_all(recorder, capture, error);
}

static void dump(struct lc_recorder *recorder, struct lc_capture *capture)
{
    lc_ring_secrets(&recorder->ring, put_secret, capture);
    lc_list_for_each (link, &recorder->ring.records) {
        const struct lc_record *record = lc_container(link, struct lc_record, link);
        bool is_dropped = lc_fate_is_dropped(record->fate);
        if ((record->is_twin && !is_dropped) ||
            (record->is_clear && !is_clear_needed(&record->path))) {
            continue;
        }
        struct lc_pcapng_packet packet =
            packet_of(record, lc_bytes(record->data, record->len), record->comment);
        bool arrived = record->fate == LC_DROPPED_IN && !record->is_twin;
        packet.interface = arrived ? LC_PCAPNG_NETWORK : interface_of(record);
        lc_capture_packet(capture, &packet);
    }
    lc_capture_flush(capture);
}

int lc_recorder_write(struct lc_recorder *recorder, const char *path, struct lc_error *error)
{
    struct lc_list alone;
    lc_list_init(&alone);
    struct lc_capture *capture = lc_capture_open(&alone, recorder->loop, path, error);
    if (capture == NULL) {
        return error->code;
    }
    dump(recorder, capture);
    *error = capture->failure;
    lc_capture_free(capture);
    return error->code;
}

void lc_recorder_secret(struct lc_recorder *recorder, struct lc_capture *own,
    const struct lc_address *remote, struct lc_bytes line)
{
    lc_ring_add_secret(&recorder->ring, line);
    if (recorder->all != NULL) {
        lc_capture_secrets(recorder->all, remote, line);
    }
    if (own != NULL && own != recorder->all) {
        lc_capture_secrets(own, remote, line);
    }
}

void lc_recorder_flush(struct lc_recorder *recorder)
{
    lc_list_for_each (link, &recorder->captures) {
        struct lc_capture *capture = lc_container(link, struct lc_capture, link);
        if (capture->fd >= 0) {
            lc_capture_flush(capture);
        }
    }
}
