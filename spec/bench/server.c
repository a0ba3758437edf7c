/* Starting, watching and ending the measured server. */
#include "server.h"

#include "packet.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t server_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void server_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        warn("not pinned to cpu %d, the figures mean little", cpu);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) ||
        getsockname(fd, (struct sockaddr *)&address, &length))
        err(2, "no free port");
    close(fd);
    return ntohs(address.sin_port);
}

static void become_server(char **argv, uint16_t port, int cpu, pid_t parent)
{
    char text[8];
    char *arguments[16];
    size_t n = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(2);
    server_pin(cpu);
    snprintf(text, sizeof text, "%u", port);
    while (n < 14 && argv[n]) {
        arguments[n] = argv[n];
        n++;
    }
    arguments[n++] = text;
    arguments[n] = NULL;
    execvp(arguments[0], arguments);
    err(2, "cannot start %s", arguments[0]);
}

bool server_answers_hello(uint16_t port, void *arg)
{
    struct timeval patience = {.tv_usec = 20000};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct packet_request request = {.code = PACKET_GET, .mid = 1, .token = 1, .path = "hello"};
    uint8_t data[PACKET_ROOM];
    (void)arg;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        err(2, "socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bool ok = !connect(fd, (struct sockaddr *)&address, sizeof address) &&
              send(fd, data, packet_write(data, &request), 0) > 0 &&
              recv(fd, data, sizeof data, 0) > 0;
    close(fd);
    return ok;
}

void server_start(
    struct server *out_server, char **argv, int cpu, server_answers *answers, void *arg)
{
    int64_t end = server_now() + INT64_C(5000000000);
    pid_t parent = getpid();
    out_server->port = free_port();
    out_server->pid = fork();
    if (out_server->pid < 0)
        err(2, "fork");
    if (out_server->pid == 0)
        become_server(argv, out_server->port, cpu, parent);
    while (!answers(out_server->port, arg)) {
        if (!server_alive(out_server) || server_now() > end)
            errx(2, "%s does not answer", argv[0]);
        usleep(5000);
    }
}

struct server_times server_times(const struct server *server)
{
    char path[300];
    struct server_times total = {0, 0};
    snprintf(path, sizeof path, "/proc/%d/task", (int)server->pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        errx(2, "the server has ended by itself");
    for (struct dirent *entry; (entry = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)server->pid, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        long long ran = 0, waited = 0;
        if (file && fscanf(file, "%lld %lld", &ran, &waited) == 2) {
            total.ran += ran;
            total.waited += waited;
        }
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return total;
}

int64_t server_cpu(const struct server *server)
{
    return server_times(server).ran;
}

bool server_alive(const struct server *server)
{
    return waitpid(server->pid, NULL, WNOHANG) == 0;
}

void server_stop(const struct server *server)
{
    kill(server->pid, SIGTERM);
    for (int i = 0; i < 200; i++) {
        if (!server_alive(server))
            return;
        usleep(5000);
    }
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}
