/* The raw engine: both ends of DTLS in one process, memory to memory, without sockets, without a
 * table of sessions, without CoAP. It counts the CPU time of the server's end alone. Usage:
 *   dtls_raw handshakes|exchanges KIND ENGINE FOLDER SESSIONS SECONDS
 * The ends take turns, each for all sessions, so that reading the clock costs next to nothing. */
#include "dtls_kind.h"
#include "server.h"

#include "base/buf.h"
#include "base/memory.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MTU = 1232, DATAGRAMS = 16, REQUEST = 23, ANSWER = 75 };

struct side {
    struct lc_session *session;
    struct side *other;
    struct lc_buf in[DATAGRAMS]; /* what the other end has sent */
    unsigned in_count;
    bool is_server, is_up, asks;
};

struct pair {
    struct side server, client;
};

struct raw {
    const struct dtls_kind *kind;
    struct lc_context *server, *client;
    struct lc_buf saved;
    struct pair *pairs;
    unsigned count;
    int64_t cpu;
    uint64_t answers;
};

static struct lc_timers timers;

static int64_t cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* ---- Ends ---- */

static void output(void *arg, struct lc_bytes datagram)
{
    struct side *to = ((struct side *)arg)->other;
    if (to->in_count == DATAGRAMS ||
        !lc_buf_set(&to->in[to->in_count++], datagram.data, datagram.len))
        errx(1, "a flight of more than %d datagrams", DATAGRAMS);
}

static void deadline(void *arg, lc_time at)
{
    (void)arg, (void)at; /* nothing is lost here */
}

static void authenticate(void *arg, const struct lc_shown *shown)
{
    (void)shown;
    ((struct side *)arg)->asks = true;
}

static void up(void *arg)
{
    ((struct side *)arg)->is_up = true;
}

static void data(void *arg, uint8_t *bytes, size_t length)
{
    static const uint8_t answer[ANSWER];
    struct side *side = arg;
    (void)bytes, (void)length;
    if (side->is_server)
        side->session->engine->write(side->session, lc_bytes(answer, sizeof answer));
}

static void closed(void *arg, const struct lc_end *end)
{
    (void)arg;
    if (end->reason != LC_END_CLOSED)
        errx(1, "a session has ended: reason %d, %s", end->reason, end->text ? end->text : "");
}

/* That of the one client there is. */
static size_t find_key(void *arg, struct lc_bytes identity, uint8_t *key, size_t room)
{
    (void)arg, (void)identity, (void)room;
    memcpy(key, DTLS_KEY, sizeof DTLS_KEY - 1);
    return sizeof DTLS_KEY - 1;
}

static const struct lc_session_upcalls upcalls = {.output = output,
    .deadline = deadline,
    .authenticate = authenticate,
    .find_key = find_key,
    .up = up,
    .data = data,
    .closed = closed};

static void open_side(struct side *side, struct lc_context *context, const struct lc_buf *saved)
{
    struct lc_session_options options = {.context = context,
        .timers = &timers,
        .upcalls = &upcalls,
        .arg = side,
        .mtu = MTU,
        .saved = saved ? lc_buf_bytes(saved) : lc_bytes(NULL, 0)};
    side->is_up = side->asks = false;
    side->session = context->engine->session_new(&options);
    if (!side->session)
        errx(2, "no memory");
}

static void take(struct side *side)
{
    for (unsigned i = 0; i < side->in_count; i++) {
        side->session->engine->input(side->session, side->in[i].data, side->in[i].len);
        if (side->asks) {
            side->asks = false;
            side->session->engine->decide(side->session, 0);
        }
    }
    side->in_count = 0;
}

static void close_side(struct side *side)
{
    side->session->engine->session_free(side->session);
    side->session = NULL;
}

/* ---- What is measured ---- */

/* All servers take what is there, and what that costs is counted. */
static void serve(struct raw *raw)
{
    int64_t start = cpu_now();
    for (unsigned i = 0; i < raw->count; i++) {
        struct side *server = &raw->pairs[i].server;
        if (server->in_count > 0 && !server->session)
            open_side(server, raw->server, NULL);
        if (server->in_count > 0)
            take(server);
    }
    raw->cpu += cpu_now() - start;
}

static void connect_all(struct raw *raw)
{
    unsigned waiting;
    for (unsigned i = 0; i < raw->count; i++) {
        struct side *client = &raw->pairs[i].client;
        open_side(client, raw->client, &raw->saved);
        client->session->engine->start(client->session);
    }
    do {
        serve(raw);
        waiting = 0;
        for (unsigned i = 0; i < raw->count; i++) {
            take(&raw->pairs[i].client);
            waiting += !raw->pairs[i].client.is_up || !raw->pairs[i].server.is_up;
        }
    } while (waiting);
}

static void close_all(struct raw *raw)
{
    for (unsigned i = 0; i < raw->count; i++) {
        struct side *client = &raw->pairs[i].client;
        client->session->engine->close(client->session);
    }
    serve(raw);
    int64_t start = cpu_now();
    for (unsigned i = 0; i < raw->count; i++)
        close_side(&raw->pairs[i].server);
    raw->cpu += cpu_now() - start;
    for (unsigned i = 0; i < raw->count; i++) {
        raw->pairs[i].client.in_count = 0;
        close_side(&raw->pairs[i].client);
    }
}

static void exchange_all(struct raw *raw)
{
    static const uint8_t request[REQUEST];
    for (unsigned i = 0; i < raw->count; i++) {
        struct side *client = &raw->pairs[i].client;
        for (int n = 0; n < DATAGRAMS / 2; n++)
            client->session->engine->write(client->session, lc_bytes(request, sizeof request));
    }
    serve(raw);
    for (unsigned i = 0; i < raw->count; i++) {
        raw->answers += raw->pairs[i].client.in_count;
        take(&raw->pairs[i].client);
    }
}

static void shake_hands(struct raw *raw)
{
    connect_all(raw);
    if (raw->kind->resumes && raw->saved.len == 0) {
        struct lc_session *first = raw->pairs[0].client.session;
        if (!first->engine->save(first, &raw->saved))
            errx(2, "the session cannot be resumed");
    }
    close_all(raw);
    raw->answers += raw->count;
}

static void prepare(struct raw *raw)
{
    raw->pairs = calloc(raw->count, sizeof *raw->pairs);
    if (!raw->pairs)
        err(2, "%u sessions", raw->count);
    for (unsigned i = 0; i < raw->count; i++) {
        struct pair *pair = &raw->pairs[i];
        pair->server = (struct side){.other = &pair->client, .is_server = true};
        pair->client = (struct side){.other = &pair->server};
    }
}

static void free_side(struct side *side)
{
    for (unsigned i = 0; i < DATAGRAMS; i++)
        lc_buf_free(&side->in[i]);
}

static void finish(struct raw *raw)
{
    if (raw->pairs[0].client.session)
        close_all(raw);
    for (unsigned i = 0; i < raw->count; i++) {
        free_side(&raw->pairs[i].server);
        free_side(&raw->pairs[i].client);
    }
    free(raw->pairs);
    lc_buf_wipe(&raw->saved);
    raw->server->engine->context_free(raw->server);
    raw->client->engine->context_free(raw->client);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        errx(2, "usage: dtls_raw MODE KIND ENGINE FOLDER SESSIONS SECONDS");
    bool exchanges = !strcmp(argv[1], "exchanges");
    struct raw raw = {.kind = dtls_kind_named(argv[2]), .count = (unsigned)atoi(argv[5])};
    server_pin(1);
    raw.server = dtls_context(dtls_engine_named(argv[3]), raw.kind, true, argv[4]);
    raw.client = dtls_context(&lc_engine_gnutls, raw.kind, false, NULL);
    prepare(&raw);
    shake_hands(&raw);
    if (exchanges) {
        connect_all(&raw);
        exchange_all(&raw);
    }
    raw.answers = 0, raw.cpu = 0;
    int64_t start = server_now(), end = start + (int64_t)(atof(argv[6]) * 1e9);
    while (server_now() < end) {
        if (exchanges)
            exchange_all(&raw);
        else
            shake_hands(&raw);
    }
    printf("answers=%llu lost=0 bad=0 wall=%.0f cpu=%.0f\n", (unsigned long long)raw.answers,
        (double)(server_now() - start) / 1e3, (double)raw.cpu / 1e3);
    finish(&raw);
    return 0;
}
