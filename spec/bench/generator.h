/* What the load generator's parts share: what to do, and what came of it. */
#ifndef BENCH_GENERATOR_H
#define BENCH_GENERATOR_H

#include "server.h"

#include <stdint.h>

struct plan {
    const char *mode;   /* get, put, bget, bput or observe */
    unsigned sockets;   /* clients, each with a socket and an endpoint of its own */
    unsigned window;    /* requests that each keeps outstanding, at most WINDOW_MAX */
    double seconds;     /* length of the measured part */
    unsigned observers; /* for observe */
    unsigned rounds;    /* notifications to each observer */
};

enum { WINDOW_MAX = 32 };

struct result {
    uint64_t answers; /* valid ones; notifications when observing */
    uint64_t lost;    /* never came */
    uint64_t bad;     /* came, but wrong or not expected */
    int64_t wall;     /* ns */
    int64_t cpu;      /* ns of the server */
};

/* Closed loop: every client keeps its window full for the given time. */
void load_run(const struct plan *plan, const struct server *server, struct result *out_result);

/* Registers the observers, then triggers one notification to all of them at a time. */
void fanout_run(const struct plan *plan, const struct server *server, struct result *out_result);

#endif
