/* A socket and what came to it; see raw.h. */
#include "component/raw.h"

#include <errno.h>

#include "base/buf.h"
#include "base/memory.h"
#include "component/recording.h"
#include "net/resolve.h"
#include "net/tap.h"
#include "net/udp.h"
#include "wire/uri.h"

struct lc_raw {
    struct lc_udp *udp;
    struct lc_tap *tap;
    struct lc_transport *transport; /* the tap's */
    struct lc_raw_upcall upcall;
    struct lc_arrival *first, **end;
    unsigned count;
    uint64_t dropped;
    bool both; /* families */
};

static void drop_oldest(struct lc_raw *raw)
{
    lc_free(lc_raw_take(raw));
    raw->dropped++;
}

static void keep(struct lc_raw *raw, const struct lc_path *path, int refused, struct lc_bytes data)
{
    struct lc_arrival *arrival = lc_alloc(sizeof *arrival + data.len);
    if (arrival == NULL) {
        raw->dropped++;
        return;
    }
    if (raw->count == LC_RAW_KEPT) {
        drop_oldest(raw);
    }
    *arrival = (struct lc_arrival){.remote = path->remote, .refused = refused, .len = data.len};
    if (data.len > 0) {
        memcpy(arrival->data, data.data, data.len);
    }
    *raw->end = arrival;
    raw->end = &arrival->next;
    raw->count++;
    raw->upcall.arrived(raw->upcall.arg);
}

static void on_receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    keep(arg, path, 0, lc_bytes(data, len));
}

static void on_refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    (void)data, (void)len;
    keep(arg, path, number, lc_bytes(NULL, 0));
}

/* All addresses of both families, or of IPv4 alone where the system has no other. */
static struct lc_udp *open_any(
    struct lc_loop *loop, uint16_t port, bool *out_both, struct lc_error *error)
{
    struct lc_udp_options options = {.dual_stack = true};
    lc_address_any(&options.local, false);
    options.local.port = port;
    struct lc_udp *udp = lc_udp_open(loop, &options, error);
    *out_both = udp != NULL;
    if (udp != NULL || (error->code != lc_error_of_errno(EAFNOSUPPORT) &&
                           error->code != lc_error_of_errno(EADDRNOTAVAIL))) {
        return udp;
    }
    options.dual_stack = false;
    lc_address_any(&options.local, true);
    options.local.port = port;
    return lc_udp_open(loop, &options, error);
}

static struct lc_udp *open_at(
    struct lc_loop *loop, const char *host, uint16_t port, struct lc_error *error)
{
    struct lc_udp_options options = {0};
    if (lc_resolve_local(host, false, &options.local, error) != LC_OK) {
        return NULL;
    }
    options.local.port = port;
    return lc_udp_open(loop, &options, error);
}

/* There is a tap also when nobody records yet: a raw endpoint is none of the stage's components,
 * which get theirs when somebody begins to. */
static int tap(struct lc_raw *raw, struct lc_stage *stage, struct lc_error *error)
{
    struct lc_receiver above = {.receive = on_receive, .refused = on_refused, .arg = raw};
    struct lc_tap_options options = {.recorder = lc_recording_recorder(stage, error)};
    if (options.recorder == NULL) {
        return error->code;
    }
    options.local = *lc_udp_local(raw->udp);
    options.is_inmemory = lc_udp_is_inmemory(raw->udp);
    raw->tap = lc_tap_new(&options);
    if (raw->tap == NULL) {
        return lc_fail_memory(error);
    }
    above = lc_tap_receiver(raw->tap, &above);
    lc_udp_receive(raw->udp, &above);
    raw->transport = lc_tap_transport(raw->tap, lc_udp_transport(raw->udp));
    return LC_OK;
}

struct lc_raw *lc_raw_open(struct lc_stage *stage, const char *host, uint16_t port,
    const struct lc_raw_upcall *upcall, struct lc_error *error)
{
    struct lc_loop *loop = stage->loop;
    struct lc_raw *raw = lc_zalloc(sizeof *raw);
    if (raw == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    raw->upcall = *upcall;
    raw->end = &raw->first;
    raw->udp =
        *host == '\0' ? open_any(loop, port, &raw->both, error) : open_at(loop, host, port, error);
    if (raw->udp == NULL) {
        lc_free(raw);
        return NULL;
    }
    if (tap(raw, stage, error) != LC_OK) {
        lc_raw_close(raw);
        return NULL;
    }
    return raw;
}

void lc_raw_close(struct lc_raw *raw)
{
    lc_udp_close(raw->udp);
    lc_tap_free(raw->tap);
    while (raw->first != NULL) {
        lc_free(lc_raw_take(raw));
    }
    lc_free(raw);
}

int lc_raw_send(struct lc_raw *raw, const struct lc_address *remote, struct lc_bytes data,
    struct lc_error *error)
{
    char text[LC_ADDRESS_TEXT];
    struct lc_transport *transport = raw->transport;
    if (data.len > LC_RAW_LONGEST) {
        return lc_fail_errno(
            error, EMSGSIZE, "a datagram has at most %d bytes, not %zu", LC_RAW_LONGEST, data.len);
    }
    if (!raw->both && remote->is_ipv4 != lc_raw_local(raw)->is_ipv4) {
        return lc_fail_errno(error, EAFNOSUPPORT,
            "the endpoint's LocalHost is of another family than %s", lc_address_host(remote, text));
    }
    uint8_t *room = transport->reserve(transport, data.len);
    if (room == NULL) {
        return lc_fail_memory(error);
    }
    if (data.len > 0) {
        memcpy(room, data.data, data.len);
    }
    transport->commit(transport, &(struct lc_path){.remote = *remote}, data.len);
    return LC_OK;
}

/* ---- Where to send to --------------------------------------------------------------------------
 */

static bool has_scheme(struct lc_bytes text)
{
    for (size_t i = 0; i + 3 <= text.len; i++) {
        if (memcmp(text.data + i, "://", 3) == 0) {
            return true;
        }
    }
    return false;
}

/* Looks up the host of a URI; `scratch` is the caller's to free. */
static int look_up(
    struct lc_bytes text, struct lc_buf *scratch, struct lc_address *out, struct lc_error *error)
{
    struct lc_uri uri;
    int code = lc_uri_parse(&uri, text, error);
    if (code == LC_OK) {
        code = lc_uri_host(&uri, scratch, error);
    }
    if (code == LC_OK && !lc_buf_append(scratch, "", 1)) {
        code = lc_fail_memory(error);
    }
    if (code == LC_OK) {
        code = lc_resolve_local((const char *)scratch->data, false, out, error);
    }
    if (code == LC_OK) {
        out->port = uri.port;
    }
    return code;
}

int lc_raw_address(
    struct lc_bytes text, int port, struct lc_address *out_remote, struct lc_error *error)
{
    struct lc_buf uri = {0}, host = {0};
    int code = LC_OK;
    if (lc_address_parse(out_remote, text)) {
        out_remote->port = LC_PORT;
    } else if (!lc_buf_printf(&uri, "%s", has_scheme(text) ? "" : "coap://") ||
               !lc_buf_append(&uri, text.data, text.len)) {
        code = lc_fail_memory(error);
    } else {
        code = look_up(lc_buf_bytes(&uri), &host, out_remote, error);
    }
    if (port >= 0) {
        out_remote->port = (uint16_t)port;
    }
    lc_buf_free(&uri);
    lc_buf_free(&host);
    return code;
}

/* ---- What came ---------------------------------------------------------------------------------
 */

struct lc_arrival *lc_raw_take(struct lc_raw *raw)
{
    struct lc_arrival *arrival = raw->first;
    if (arrival != NULL) {
        raw->first = arrival->next;
        raw->count--;
        if (raw->first == NULL) {
            raw->end = &raw->first;
        }
    }
    return arrival;
}

uint64_t lc_raw_dropped(const struct lc_raw *raw)
{
    return raw->dropped;
}

const struct lc_address *lc_raw_local(const struct lc_raw *raw)
{
    return lc_udp_local(raw->udp);
}
