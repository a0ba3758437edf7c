/* Where the datagrams that taps see are written to; see recorder.h. */
#include "net/recorder.h"

#include "base/hash.h"
#include "base/memory.h"
#include "net/tap.h"

/* So long a datagram may lie in the receive buffer of an endpoint of ours. */
static const lc_time in_flight = 60 * LC_SECOND;

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
    lc_list_init(&recorder->taps);
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
    lc_free(recorder);
}

bool lc_recorder_wants_all(const struct lc_recorder *recorder)
{
    return recorder->ring.limit > 0 || recorder->all != NULL;
}

/* ---- Both ends ours ---- */

static struct lc_sighting sight(
    const struct lc_tap *tap, const struct lc_path *path, bool is_out, struct lc_bytes data)
{
    uint16_t ours = tap->local.port, theirs = path->remote.port;
    const uint16_t ports[] = {is_out ? ours : theirs, is_out ? theirs : ours, tap->is_clear};
    uint64_t hash = lc_hash(ports, sizeof ports, 0);
    return (struct lc_sighting){
        .hash = data.len > 0 ? lc_hash(data.data, data.len, hash) : hash, .capture = tap->capture};
}

static struct lc_sighting *place_of(struct lc_recorder *recorder, uint64_t hash)
{
    return &recorder->sent[hash % LC_SIGHTINGS];
}

/* Returns what was seen of the datagram when one of ours sent it, or NULL. */
static const struct lc_sighting *sender_of(const struct lc_tap *tap, const struct lc_path *path,
    enum lc_fate fate, struct lc_bytes data, lc_time now)
{
    if (fate == LC_DROPPED_OUT) {
        return NULL;
    }
    struct lc_sighting seen = sight(tap, path, lc_fate_is_out(fate), data);
    struct lc_sighting *place = place_of(tap->recorder, seen.hash);
    if (fate == LC_SENT) {
        *place = seen;
        place->until = now + in_flight;
        return NULL;
    }
    return place->hash == seen.hash && now < place->until ? place : NULL;
}

/* Whether who sent it has it in this file too. */
static bool is_told_by(const struct lc_recorder *recorder, const struct lc_sighting *sender,
    const struct lc_capture *capture)
{
    return sender != NULL && (capture == recorder->all || sender->capture == capture);
}

/* ---- Datagrams ---- */

/* From where a socket sends that is bound to all addresses; in memory the system has no say. */
static struct lc_address source_of(
    const struct lc_tap *tap, const struct lc_address *remote, lc_time now)
{
    struct lc_address source;
    if (!tap->is_inmemory) {
        return lc_source_of(&tap->recorder->sources, now, remote);
    }
    lc_address_parse(&source, lc_bytes_text(remote->is_ipv4 ? "127.0.0.1" : "::1"));
    return source;
}

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
        struct lc_address source = source_of(tap, &path->remote, now);
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
        .owner = tap->owner,
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
static void write_to(struct lc_capture *capture, const struct lc_record *record,
    struct lc_bytes data, const char *comment)
{
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
    if (!lc_recorder_wants_all(recorder) && tap->capture == NULL) {
        return;
    }
    struct lc_record record = describe(tap, fate, path);
    const struct lc_sighting *sender = sender_of(tap, path, fate, data, record.at);
    record.number = ++recorder->last;
    record.is_twin = sender != NULL;
    recorder->latest = fate == LC_RECEIVED && !tap->is_clear ? data.data : NULL;
    lc_ring_add(&recorder->ring, &record, data, comment);
    if (tap->is_clear && !is_clear_needed(&record.path)) {
        return;
    }
    if (recorder->all != NULL && !is_told_by(recorder, sender, recorder->all)) {
        write_to(recorder->all, &record, data, comment);
    }
    if (own_of(tap) != NULL && !is_told_by(recorder, sender, tap->capture)) {
        write_to(tap->capture, &record, data, comment);
    }
}

/* The packet just written becomes one with a comment; if the sender's stands for it, one that was
 * dropped here is a packet of its own. */
static void amend_in(struct lc_capture *capture, const struct lc_record *record, bool is_told,
    struct lc_bytes data, const char *comment)
{
    struct lc_pcapng_packet packet = packet_of(record, data, comment);
    if (!is_told) {
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
    const struct lc_sighting *sender = sender_of(tap, path, fate, data, record.at);
    struct lc_record *kept = lc_ring_last(&recorder->ring);
    if (kept != NULL && kept->number == recorder->last) {
        kept->fate = fate;
        lc_record_remark(kept, comment);
    }
    if (recorder->all != NULL) {
        bool is_told = is_told_by(recorder, sender, recorder->all);
        amend_in(recorder->all, &record, is_told, data, comment);
    }
    if (own_of(tap) != NULL) {
        bool is_told = is_told_by(recorder, sender, tap->capture);
        amend_in(tap->capture, &record, is_told, data, comment);
    }
}

/* ---- Files ---- */

/* Said in the Log of one that uses the file. */
static void on_lost(void *arg, struct lc_capture *capture)
{
    struct lc_recorder *recorder = arg;
    lc_list_for_each (link, &recorder->taps) {
        const struct lc_tap *tap = lc_container(link, struct lc_tap, link);
        if (tap->log != NULL && (capture == recorder->all || tap->capture == capture)) {
            lc_log(tap->log, LC_LOG_INFO, "%s", capture->failure.text);
            return;
        }
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
    lc_capture_flush(old);
    *error = old->failure;
    if (error->code != LC_OK) {
        old->lost = NULL; /* the caller is told */
    }
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
