/* The measured server as a child process: pinned to its core, never outliving the generator. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    uint16_t port; /* on 127.0.0.1 */
};

/* Nanoseconds of the monotonic clock. */
int64_t server_now(void);

/* Pins the calling process to one core; warns where that core does not exist. */
void server_pin(int cpu);

/* Asks the server at a port for anything, and waits a moment for its answer. */
typedef bool server_answers(uint16_t port, void *arg);

/* GET /hello over plain CoAP; `arg` is not used. */
server_answers server_answers_hello;

/* Starts `argv... PORT` on a free port, pinned to cpu, and waits until it answers. Ends the program
 * with a message when it does not within 5 s. */
void server_start(
    struct server *out_server, char **argv, int cpu, server_answers *answers, void *arg);

/* Of all its threads so far, in nanoseconds: running, and ready to run while others had its core.
 */
struct server_times {
    int64_t ran, waited;
};

struct server_times server_times(const struct server *server);

/* CPU time: what it ran. */
int64_t server_cpu(const struct server *server);

/* Whether it is still running. */
bool server_alive(const struct server *server);

/* Ends it: SIGTERM, then SIGKILL after 1 s, and reaps it. */
void server_stop(const struct server *server);

#endif
