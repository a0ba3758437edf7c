/* Load generator for DTLS: starts a server on its own core, makes sessions with it from another,
 * and prints one line of what that cost the server. Usage: dtls_load
 * handshakes|exchanges|memory|burst KIND CLIENTS SECONDS -- SERVER [ARGS] See dtls_kind.c for the
 * kinds, generator.c for how the server is started. A handshake counts with the end of its session,
 * from the first hello to close_notify. Times are printed in microseconds.
 */
#include "dtls_load.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { GENERATOR_CPU = 0, SERVER_CPU = 1, EXCHANGE_WINDOW = 8 };

static const int64_t WARM_UP = 200000000, PATIENCE = 1000000000;

void dtls_load_tick(struct dtls_load *load)
{
    load->clients.timers.now = server_now() / 1000;
}

void dtls_load_each(struct dtls_load *load, dtls_load_act *act)
{
    for (unsigned i = 0; i < load->count; i++)
        act(load, &load->client[i]);
}

void dtls_load_pump(struct dtls_load *load)
{
    dtls_load_tick(load);
    for (unsigned i = 0; i < load->count; i++) {
        if (load->client[i].session)
            dtls_client_pump(&load->client[i]);
    }
}

static unsigned count_up(const struct dtls_load *load, unsigned count)
{
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++)
        n += load->client[i].is_up;
    return n;
}

/* A few at a time: a server loses hellos when too many come at once. */
void dtls_load_connect_all(struct dtls_load *load)
{
    enum { AT_ONCE = 16 };
    int64_t end = server_now() + 60 * PATIENCE;
    unsigned count = load->count, opened = 0, are_up;
    while ((are_up = count_up(load, opened)) < count) {
        for (; opened < count && opened - are_up < AT_ONCE; opened++) {
            dtls_load_tick(load);
            dtls_client_open(&load->clients, &load->client[opened]);
        }
        dtls_load_pump(load);
        if (load->clients.counts.bad || server_now() > end)
            errx(1, "only %u of %u sessions came up", are_up, count);
    }
}

/* ---- Handshakes ---- */

static void renew(struct dtls_load *load, struct dtls_client *client)
{
    if (client->session && !client->is_up && !client->is_over)
        return;
    if (client->session) {
        load->clients.counts.answers += client->is_up;
        dtls_client_close(client);
    }
    if (load->goes_on)
        dtls_client_open(&load->clients, client);
}

static bool are_open(const struct dtls_load *load)
{
    for (unsigned i = 0; i < load->count; i++) {
        if (load->client[i].session)
            return true;
    }
    return false;
}

static void shake_hands(struct dtls_load *load, int64_t duration)
{
    int64_t end = server_now() + duration;
    do {
        load->goes_on = server_now() < end;
        dtls_load_each(load, renew);
        dtls_load_pump(load);
    } while (load->goes_on || are_open(load));
}

/* ---- Exchanges ---- */

static void ask(struct dtls_load *load, struct dtls_client *client)
{
    if (client->waiting <= EXCHANGE_WINDOW / 2 && load->goes_on)
        dtls_client_ask(client, EXCHANGE_WINDOW - client->waiting);
}

static unsigned count_waiting(const struct dtls_load *load)
{
    unsigned n = 0;
    for (unsigned i = 0; i < load->count; i++)
        n += load->client[i].waiting;
    return n;
}

static void exchange(struct dtls_load *load, int64_t duration)
{
    int64_t end = server_now() + duration;
    do {
        load->goes_on = server_now() < end;
        dtls_load_each(load, ask);
        dtls_load_pump(load);
    } while (load->goes_on || (count_waiting(load) && server_now() < end + PATIENCE));
    load->clients.counts.lost += count_waiting(load);
}

/* ---- The program ---- */

static void measure(
    struct dtls_load *load, double seconds, void (*run)(struct dtls_load *, int64_t duration))
{
    struct result *counts = &load->clients.counts;
    run(load, WARM_UP);
    *counts = (struct result){.bad = counts->bad};
    int64_t start = server_now(), cpu = server_cpu(&load->server);
    run(load, (int64_t)(seconds * 1e9));
    counts->wall = server_now() - start;
    counts->cpu = server_cpu(&load->server) - cpu;
    printf("answers=%llu lost=%llu bad=%llu wall=%.0f cpu=%.0f\n",
        (unsigned long long)counts->answers, (unsigned long long)counts->lost,
        (unsigned long long)counts->bad, counts->wall / 1e3, counts->cpu / 1e3);
}

/* One session alone, which the others can resume. */
static void begin(struct dtls_load *load)
{
    unsigned count = load->count;
    load->count = 1;
    dtls_load_connect_all(load);
    load->count = count;
}

static void handshakes(struct dtls_load *load, double seconds)
{
    begin(load);
    measure(load, seconds, shake_hands);
}

static void exchanges(struct dtls_load *load, double seconds)
{
    dtls_load_connect_all(load);
    measure(load, seconds, exchange);
}

static const struct {
    const char *name;
    void (*run)(struct dtls_load *load, double seconds);
} modes[] = {
    {"handshakes", handshakes},
    {"exchanges", exchanges},
    {"memory", dtls_memory_run},
    {"burst", dtls_burst_run},
};

static void run_mode(struct dtls_load *load, const char *name, double seconds)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (!strcmp(modes[i].name, name)) {
            modes[i].run(load, seconds);
            return;
        }
    }
    errx(2, "no mode '%s'; there are handshakes, exchanges, memory and burst", name);
}

static void allow_many_files(void)
{
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    if (argc < 7 || strcmp(argv[5], "--") != 0)
        errx(2, "usage: dtls_load MODE KIND CLIENTS SECONDS -- SERVER [ARGS]");
    struct dtls_load load = {.count = (unsigned)atoi(argv[3])};
    load.client = calloc(load.count, sizeof *load.client);
    if (!load.client)
        err(2, "%s clients", argv[3]);
    allow_many_files();
    dtls_clients_init(&load.clients, dtls_kind_named(argv[2]));
    server_start(&load.server, argv + 6, SERVER_CPU, dtls_answers, &load.clients);
    server_pin(GENERATOR_CPU);
    run_mode(&load, argv[1], atof(argv[4]));
    for (unsigned i = 0; i < load.count; i++)
        dtls_client_end(&load.client[i]);
    dtls_clients_end(&load.clients);
    free(load.client);
    server_stop(&load.server);
    return 0;
}
