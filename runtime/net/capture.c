/* Pcapng files; see capture.h. */
#include "net/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

enum { WAITING_MAX = 256 * 1024, CLOSED_MAX = 1024 };

/* So long packets wait for a secret, which takes a handshake's arithmetic. */
static const lc_time patience = LC_SECOND;

/* ---- Opening ---- */

static int fail(struct lc_error *error, const char *path)
{
    return lc_fail_errno(error, errno, "cannot write the capture %s", path);
}

/* The descriptor, or -1 and `error`. Nothing in the file is touched yet. */
static int open_path(const char *path, struct stat *out, struct lc_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, out) != 0) {
        fail(error, path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static struct lc_capture *find(struct lc_list *captures, const struct stat *is)
{
    lc_list_for_each (link, captures) {
        struct lc_capture *capture = lc_container(link, struct lc_capture, link);
        if (capture->device == is->st_dev && capture->inode == is->st_ino) {
            return capture;
        }
    }
    return NULL;
}

/* Closed ones are remembered, since they may go on: so many, then the oldest is forgotten. */
static void forget_oldest(struct lc_list *captures)
{
    struct lc_capture *oldest = NULL;
    unsigned closed = 0;
    lc_list_for_each (link, captures) {
        struct lc_capture *capture = lc_container(link, struct lc_capture, link);
        if (capture->users == 0) {
            oldest = closed++ == 0 ? capture : oldest;
        }
    }
    if (closed > CLOSED_MAX) {
        lc_capture_free(oldest);
    }
}

/* Two writers would make one file that nobody can read. The lock ends with the descriptor. */
static bool lock(int fd, const char *path, const struct stat *is, struct lc_error *error)
{
    if (!S_ISREG(is->st_mode) || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
        return true;
    }
    lc_fail(error, LC_ERROR_USAGE,
        "cannot write the capture %s: another program, or another capture of this one, writes to "
        "it; take another name",
        path);
    return false;
}

/* A file that we have written before goes on, unless somebody has changed it meanwhile. */
static bool start(struct lc_capture *capture, int fd, const struct stat *is, struct lc_error *error)
{
    bool goes_on = capture->written > 0 && capture->written == is->st_size;
    if (!goes_on && !lc_pcapng_begin(&capture->waiting)) {
        lc_fail_memory(error);
        return false;
    }
    capture->written = goes_on ? capture->written : 0;
    capture->last = SIZE_MAX;
    capture->failure = (struct lc_error){0};
    if (S_ISREG(is->st_mode) &&
        (ftruncate(fd, capture->written) != 0 || lseek(fd, capture->written, SEEK_SET) < 0)) {
        fail(error, capture->path);
        lc_buf_clear(&capture->waiting);
        return false;
    }
    /* A disk that is full is known at once. */
    capture->fd = fd;
    capture->lost = NULL;
    lc_capture_flush(capture);
    if (capture->failure.code != LC_OK) {
        capture->fd = -1;
        *error = capture->failure;
        return false;
    }
    return true;
}

/* Told from the loop, and not from within the protocol, whose datagram it was. */
static void tell_loss(struct lc_capture *capture)
{
    void (*lost)(void *arg, struct lc_capture *capture) = capture->lost;
    if (capture->failure.code != LC_OK && lost != NULL) {
        capture->lost = NULL;
        lost(capture->arg, capture);
    }
}

static struct lc_timers *timers_of(const struct lc_capture *capture)
{
    return lc_loop_timers(capture->loop);
}

static void on_turn_end(struct lc_deferred *deferred)
{
    struct lc_capture *capture = lc_container(deferred, struct lc_capture, deferred);
    if (capture->await.count > 0) {
        if (!lc_timer_is_set(timers_of(capture), &capture->patience)) {
            lc_timer_set(
                timers_of(capture), &capture->patience, timers_of(capture)->now + patience);
        }
        return;
    }
    lc_capture_flush(capture);
    lc_deferred_cancel(capture->loop, &capture->deferred);
    tell_loss(capture);
}

static void on_impatience(struct lc_timer *timer)
{
    struct lc_capture *capture = lc_container(timer, struct lc_capture, patience);
    lc_await_give_up(&capture->await);
    on_turn_end(&capture->deferred);
}

static struct lc_capture *make(
    struct lc_loop *loop, const char *path, const struct stat *is, struct lc_error *error)
{
    struct lc_capture *capture = lc_zalloc(sizeof *capture);
    char *copy = lc_copy(path, strlen(path));
    if (capture == NULL || copy == NULL) {
        lc_free(capture);
        lc_free(copy);
        lc_fail_memory(error);
        return NULL;
    }
    *capture = (struct lc_capture){.loop = loop,
        .path = copy,
        .device = is->st_dev,
        .inode = is->st_ino,
        .fd = -1,
        .deferred = {.fn = on_turn_end}};
    lc_list_init(&capture->link);
    lc_timer_init(&capture->patience, on_impatience);
    return capture;
}

static struct lc_capture *open_new(struct lc_list *captures, struct lc_loop *loop, int fd,
    const char *path, const struct stat *is, struct lc_error *error)
{
    struct lc_capture *capture = find(captures, is);
    bool is_known = capture != NULL;
    if (!lock(fd, path, is, error) ||
        (!is_known && (capture = make(loop, path, is, error)) == NULL)) {
        return NULL;
    }
    if (!start(capture, fd, is, error)) {
        if (!is_known) {
            lc_capture_free(capture);
        }
        return NULL;
    }
    capture->users = 1;
    if (!is_known) {
        lc_list_append(captures, &capture->link);
        forget_oldest(captures);
    }
    return capture;
}

struct lc_capture *lc_capture_open(
    struct lc_list *captures, struct lc_loop *loop, const char *path, struct lc_error *error)
{
    struct stat is;
    int fd = open_path(path, &is, error);
    if (fd < 0) {
        return NULL;
    }
    struct lc_capture *capture = find(captures, &is);
    if (capture != NULL && capture->fd >= 0) {
        close(fd);
        *error = capture->failure;
        return error->code == LC_OK ? lc_capture_hold(capture) : NULL;
    }
    capture = open_new(captures, loop, fd, path, &is, error);
    if (capture == NULL) {
        close(fd);
    }
    return capture;
}

/* ---- Closing ---- */

struct lc_capture *lc_capture_hold(struct lc_capture *capture)
{
    if (capture != NULL) {
        capture->users++;
    }
    return capture;
}

static void close_file(struct lc_capture *capture)
{
    if (capture->fd >= 0) {
        lc_capture_flush(capture);
        close(capture->fd);
    }
    capture->fd = -1;
    lc_deferred_cancel(capture->loop, &capture->deferred);
    lc_buf_wipe(&capture->waiting);
}

void lc_capture_release(struct lc_capture *capture)
{
    if (capture != NULL && --capture->users == 0) {
        close_file(capture);
    }
}

void lc_capture_free(struct lc_capture *capture)
{
    close_file(capture);
    lc_list_remove(&capture->link);
    lc_free(capture->path);
    lc_free(capture);
}

/* ---- Writing ---- */

/* What is not whole is taken away again, if that can be done. */
static void lose(struct lc_capture *capture, int number)
{
    lc_fail_errno(&capture->failure, number, "the capture %s cannot be written, and ends here",
        capture->path);
    if (ftruncate(capture->fd, capture->written) == 0) {
        lseek(capture->fd, capture->written, SEEK_SET);
    }
    lc_loop_defer(capture->loop, &capture->deferred);
}

/* To a pipe whose reader has gone, that is an error, and not the end of the program. */
static ssize_t write_quietly(int fd, struct lc_bytes data)
{
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t done = write(fd, data.data, data.len);
    int number = errno;
    if (done < 0 && number == EPIPE) {
        sigtimedwait(&pipe, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return done;
}

void lc_capture_flush(struct lc_capture *capture)
{
    lc_timer_clear(timers_of(capture), &capture->patience);
    lc_await_give_up(&capture->await);
    struct lc_bytes rest = lc_buf_bytes(&capture->waiting);
    int number = 0;
    while (capture->failure.code == LC_OK && rest.len > 0 && number == 0) {
        ssize_t done = write_quietly(capture->fd, rest);
        if (done > 0) {
            rest = lc_bytes(rest.data + done, rest.len - (size_t)done);
        } else if (errno != EINTR) {
            number = done == 0 ? ENOSPC : errno;
        }
    }
    size_t len = capture->waiting.len;
    lc_buf_clear(&capture->waiting);
    capture->last = SIZE_MAX;
    if (number != 0) {
        lose(capture, number);
    } else if (capture->failure.code == LC_OK) {
        capture->written += (off_t)len;
    }
}

/* Whether a block may be added; there is room for it, unless there is no memory. */
static bool prepare(struct lc_capture *capture)
{
    if (capture->fd < 0 || capture->failure.code != LC_OK) {
        return false;
    }
    if (capture->waiting.len > WAITING_MAX) {
        lc_capture_flush(capture);
    }
    lc_loop_defer(capture->loop, &capture->deferred);
    return true;
}

void lc_capture_packet(struct lc_capture *capture, const struct lc_pcapng_packet *packet)
{
    if (prepare(capture)) {
        size_t start = capture->waiting.len;
        lc_await_datagram(
            &capture->await, packet->is_sent ? &packet->to : &packet->from, packet->data);
        capture->last = lc_pcapng_packet(&capture->waiting, packet) ? start : SIZE_MAX;
    }
}

void lc_capture_amend(struct lc_capture *capture, const struct lc_pcapng_packet *packet)
{
    if (capture->last < capture->waiting.len) {
        capture->waiting.len = capture->last;
        lc_capture_packet(capture, packet);
    }
}

/* Puts what `fresh` holds in front of what waits. */
static void put_first(struct lc_capture *capture, const struct lc_buf *fresh)
{
    struct lc_buf *waiting = &capture->waiting;
    if (lc_buf_reserve(waiting, fresh->len)) {
        if (waiting->len > 0) {
            memmove(waiting->data + fresh->len, waiting->data, waiting->len);
        }
        memcpy(waiting->data, fresh->data, fresh->len);
        waiting->len += fresh->len;
        capture->last += capture->last == SIZE_MAX ? 0 : fresh->len;
    }
}

void lc_capture_secrets(
    struct lc_capture *capture, const struct lc_address *remote, struct lc_bytes lines)
{
    struct lc_buf block = {0};
    if (prepare(capture) && lc_pcapng_secrets(&block, lines)) {
        put_first(capture, &block);
    }
    if (remote != NULL) {
        lc_await_secret(&capture->await, remote);
    }
    lc_buf_wipe(&block);
}
