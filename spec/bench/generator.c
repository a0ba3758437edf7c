/* Load generator: starts a server on its own core, loads it from another, checks every answer, and
 * prints one line of what it cost. Usage:
 *   generator MODE [sockets=N] [window=N] [seconds=S] [observers=N] [rounds=N] -- SERVER [ARGS]
 * The server is started with its port as last argument and ended afterwards in any case. Times are
 * printed in microseconds. */
#include "generator.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { GENERATOR_CPU = 0, SERVER_CPU = 1 };

/* Reads `name=value`; false when the name is another one. */
static bool take_number(const char *text, const char *name, double low, double high, double *out)
{
    size_t length = strlen(name);
    char *end;
    if (strncmp(text, name, length) != 0 || text[length] != '=')
        return false;
    *out = strtod(text + length + 1, &end);
    if (*end || *out < low || *out > high)
        errx(2, "%s takes a number from %g to %g", name, low, high);
    return true;
}

static char **read_arguments(char **argv, struct plan *plan)
{
    double sockets = 32, window = 32, seconds = 0.5, observers = 10000, rounds = 5;
    if (!argv[1])
        errx(2, "usage: generator MODE [name=value ...] -- SERVER [ARGS]");
    plan->mode = argv[1];
    for (argv += 2; *argv && strcmp(*argv, "--") != 0; argv++) {
        if (!take_number(*argv, "sockets", 1, 10000, &sockets) &&
            !take_number(*argv, "window", 1, WINDOW_MAX, &window) &&
            !take_number(*argv, "seconds", 0.01, 60, &seconds) &&
            !take_number(*argv, "observers", 1, 16000, &observers) &&
            !take_number(*argv, "rounds", 1, 1000, &rounds))
            errx(2, "no option '%s'", *argv);
    }
    if (!argv[0] || !argv[1])
        errx(2, "name the server after --");
    plan->sockets = (unsigned)sockets;
    plan->window = plan->mode[0] == 'b' ? 1 : (unsigned)window; /* a block at a time */
    plan->seconds = seconds;
    plan->observers = (unsigned)observers;
    plan->rounds = (unsigned)rounds;
    return argv + 1;
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct server server;
    struct result result;
    struct rlimit files;
    char **command = read_arguments(argv, &plan);
    (void)argc;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    server_start(&server, command, SERVER_CPU, server_answers_hello, NULL);
    server_pin(GENERATOR_CPU);
    if (!strcmp(plan.mode, "observe"))
        fanout_run(&plan, &server, &result);
    else
        load_run(&plan, &server, &result);
    server_stop(&server);
    printf("answers=%llu lost=%llu bad=%llu wall=%.0f cpu=%.0f\n",
        (unsigned long long)result.answers, (unsigned long long)result.lost,
        (unsigned long long)result.bad, result.wall / 1e3, result.cpu / 1e3);
    return result.answers == 0;
}
