/* What the parts of the load generator for DTLS share. */
#ifndef BENCH_DTLS_LOAD_H
#define BENCH_DTLS_LOAD_H

#include "dtls_client.h"
#include "server.h"

struct dtls_load {
    struct server server;
    struct dtls_clients clients;
    struct dtls_client *client; /* `count` of them */
    unsigned count;
    bool goes_on; /* the time is not over */
};

typedef void dtls_load_act(struct dtls_load *load, struct dtls_client *client);

void dtls_load_each(struct dtls_load *load, dtls_load_act *act);

/* Moves the clients' clock. */
void dtls_load_tick(struct dtls_load *load);

/* Lets all clients take what has come. */
void dtls_load_pump(struct dtls_load *load);

/* Returns when all have a session. */
void dtls_load_connect_all(struct dtls_load *load);

/* Prints the bytes that each session takes of the server's memory, used and unused (dtls_memory.c).
 */
void dtls_memory_run(struct dtls_load *load, double seconds);

/* Prints how long plain CoAP waits while all clients come at once (dtls_burst.c). */
void dtls_burst_run(struct dtls_load *load, double seconds);

#endif
