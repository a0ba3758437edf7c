/*
 * Lookups in threads of their own, since getaddrinfo() blocks. A thread shares no memory with the
 * loop, only a socket pair, from which it reads its question and into which it writes what it
 * found: who cancels closes the other end, and the thread ends by itself.
 */
#include "net/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/private.h"

enum {
    LOOKUPS_AT_ONCE = 16,
    LONGEST_NAME = 255,
    STACK_SIZE = 256 * 1024,
};

/* What a thread is asked. */
struct question {
    bool ipv6;
    char host[LONGEST_NAME + 1];
};

/* What comes back. */
struct answer {
    int failure; /* of getaddrinfo() */
    struct lc_address address;
};

struct lc_resolution {
    struct lc_loop *loop;
    struct lc_list link; /* in lc_loop.lookups while it waits for its turn */
    struct lc_watch *watch;
    struct lc_deferred failed; /* its turn came and there was no thread for it */
    int fd;                    /* -1 before its turn */
    bool ipv6;
    void (*done)(void *arg, const struct lc_address *address, const struct lc_error *error);
    void *arg;
    char host[LONGEST_NAME + 1];
};

/* The preferred family if it is there, else the first. */
static void choose(struct lc_address *out, const struct addrinfo *list, bool ipv6)
{
    const struct addrinfo *chosen = list;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        if (info->ai_family == (ipv6 ? AF_INET6 : AF_INET)) {
            chosen = info;
            break;
        }
    }
    lc_address_from(out, chosen->ai_addr);
    out->port = 0;
}

static void *look_up(void *arg)
{
    int fd = (int)(intptr_t)arg;
    struct question question;
    /* Without AI_ADDRCONFIG: it would hide the addresses of a machine that has only loopback. */
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;
    struct answer answer = {0};
    if (recv(fd, &question, sizeof question, 0) == sizeof question) {
        answer.failure = getaddrinfo(question.host, NULL, &hints, &list);
        if (answer.failure == 0) {
            choose(&answer.address, list, question.ipv6);
            freeaddrinfo(list);
        }
        send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
    }
    close(fd);
    return NULL;
}

/* A detached thread that gets no signals and closes `fd` at its end. */
static bool start_thread(int fd)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, &attributes, look_up, (void *)(intptr_t)fd) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

static void on_answer(void *arg);

/* False: no memory, descriptors or threads. */
static bool start(struct lc_resolution *resolution)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
        return false;
    }
    struct question question = {.ipv6 = resolution->ipv6};
    memcpy(question.host, resolution->host, sizeof question.host);
    resolution->watch = lc_loop_watch(resolution->loop, fds[0], on_answer, resolution);
    if (resolution->watch == NULL ||
        send(fds[0], &question, sizeof question, MSG_DONTWAIT) != sizeof question ||
        !start_thread(fds[1])) {
        lc_watch_free(resolution->watch);
        close(fds[0]);
        close(fds[1]);
        return false;
    }
    resolution->fd = fds[0];
    resolution->loop->looking_up++;
    return true;
}

/* Unlinks and frees; then the next ones in line start. */
static void end(struct lc_resolution *resolution)
{
    struct lc_loop *loop = resolution->loop;
    lc_list_remove(&resolution->link);
    lc_deferred_cancel(loop, &resolution->failed);
    if (resolution->fd >= 0) {
        lc_watch_free(resolution->watch);
        close(resolution->fd);
        loop->looking_up--;
    }
    lc_free(resolution);
    while (loop->looking_up < LOOKUPS_AT_ONCE && !lc_list_empty(&loop->lookups)) {
        struct lc_resolution *next = lc_container(loop->lookups.next, struct lc_resolution, link);
        lc_list_remove(&next->link);
        if (!start(next)) {
            lc_loop_defer(loop, &next->failed);
        }
    }
}

/* Ends it before the caller is told, who may begin another one. */
static void finish(struct lc_resolution *resolution, const struct answer *answer)
{
    struct lc_error error = {0};
    if (answer->failure != 0) {
        lc_fail(&error, LC_ERROR_HOST_NOT_FOUND, "the host %s was not found: %s", resolution->host,
            gai_strerror(answer->failure));
    }
    void (*done)(void *, const struct lc_address *, const struct lc_error *) = resolution->done;
    void *arg = resolution->arg;
    end(resolution);
    done(arg, answer->failure == 0 ? &answer->address : NULL, answer->failure == 0 ? NULL : &error);
}

static void on_answer(void *arg)
{
    struct lc_resolution *resolution = arg;
    struct answer answer;
    if (recv(resolution->fd, &answer, sizeof answer, MSG_DONTWAIT) != sizeof answer) {
        answer.failure = EAI_FAIL;
    }
    finish(resolution, &answer);
}

static void on_failed(struct lc_deferred *failed)
{
    struct answer answer = {.failure = EAI_MEMORY};
    finish(lc_container(failed, struct lc_resolution, failed), &answer);
}

struct lc_resolution *lc_resolve(struct lc_loop *loop, const char *host, bool ipv6,
    void (*done)(void *arg, const struct lc_address *address, const struct lc_error *error),
    void *arg, struct lc_error *error)
{
    size_t len = strlen(host);
    if (len == 0 || len > LONGEST_NAME) {
        lc_fail(error, LC_ERROR_HOST_NOT_FOUND, "a host name has 1 to 255 characters");
        return NULL;
    }
    struct lc_resolution *resolution = lc_zalloc(sizeof *resolution);
    if (resolution == NULL) {
        lc_fail(error, LC_ERROR_NO_MEMORY, "no memory to look up %s", host);
        return NULL;
    }
    *resolution = (struct lc_resolution){.loop = loop,
        .failed = {.fn = on_failed},
        .fd = -1,
        .ipv6 = ipv6,
        .done = done,
        .arg = arg};
    memcpy(resolution->host, host, len + 1);
    lc_list_init(&resolution->link);
    if (loop->looking_up < LOOKUPS_AT_ONCE) {
        if (!start(resolution)) {
            lc_free(resolution);
            lc_fail(error, LC_ERROR_NO_MEMORY, "no resources to look up %s", host);
            return NULL;
        }
    } else {
        lc_list_append(&loop->lookups, &resolution->link);
    }
    return resolution;
}

void lc_resolve_cancel(struct lc_resolution *resolution)
{
    if (resolution != NULL) {
        end(resolution);
    }
}

int lc_resolve_local(
    const char *host, bool ipv6, struct lc_address *out_address, struct lc_error *error)
{
    if (lc_address_parse(out_address, lc_bytes_text(host))) {
        return LC_OK;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list = NULL;
    int failure = getaddrinfo(host, NULL, &hints, &list);
    if (failure != 0) {
        return lc_fail(error, LC_ERROR_HOST_NOT_FOUND, "the host %s was not found: %s", host,
            gai_strerror(failure));
    }
    choose(out_address, list, ipv6);
    freeaddrinfo(list);
    return LC_OK;
}
