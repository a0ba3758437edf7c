/* What sessions cost in memory: resident bytes of the server, which come in pages of its own. */
#include "dtls_load.h"

#include <err.h>
#include <stdio.h>
#include <unistd.h>

static long resident(const struct dtls_load *load)
{
    char path[64], line[200];
    long kilobytes = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)load->server.pid);
    FILE *file = fopen(path, "r");
    while (file && kilobytes < 0 && fgets(line, sizeof line, file))
        sscanf(line, "Anonymous: %ld kB", &kilobytes);
    if (kilobytes < 0)
        errx(2, "%s does not tell Anonymous", path);
    fclose(file);
    return kilobytes * 1024;
}

static void ask(struct dtls_load *load, struct dtls_client *client)
{
    (void)load;
    dtls_client_ask(client, 1);
}

/* Each has had its first data, so its server has nothing left of the handshake. */
static void use_all(struct dtls_load *load)
{
    uint64_t expected = load->clients.counts.answers + load->count;
    int64_t end = server_now() + INT64_C(5000000000);
    dtls_load_each(load, ask);
    while (load->clients.counts.answers < expected && server_now() < end)
        dtls_load_pump(load);
    if (load->clients.counts.answers < expected)
        errx(1, "only %llu of %u sessions were answered",
            (unsigned long long)load->clients.counts.answers, load->count);
}

void dtls_memory_run(struct dtls_load *load, double seconds)
{
    unsigned count = load->count;
    load->count = 1; /* what the first one brings along is not the sessions' cost */
    dtls_load_connect_all(load);
    use_all(load);
    dtls_client_end(load->client);
    load->client[0] = (struct dtls_client){0};
    load->count = count;
    long before = resident(load);
    dtls_load_connect_all(load);
    use_all(load);
    long active = resident(load);
    usleep((useconds_t)(seconds * 1e6));
    long parked = resident(load);
    printf("active=%ld parked=%ld bad=%llu\n", (active - before) / (long)count,
        (parked - before) / (long)count, (unsigned long long)load->clients.counts.bad);
}
