/* Turns of the loop; see loop.h. */
#include "net/loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/private.h"

/* Deadlines nearer than this are met to some microseconds, others to a millisecond. */
#define NEAR (5 * LC_SECOND / 1000)

static lc_time read_clock(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (lc_time)ts.tv_sec * LC_SECOND + ts.tv_nsec / 1000;
}

static lc_time monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

lc_time lc_loop_clock(const struct lc_loop *loop)
{
    return loop->virtual > 0 ? loop->timers.now : monotonic() + loop->leapt;
}

lc_time lc_loop_time_of_day(const struct lc_loop *loop)
{
    lc_time ahead = lc_loop_clock(loop) - loop->leapt - monotonic();
    return read_clock(CLOCK_REALTIME) + (loop->virtual > 0 ? ahead : 0);
}

/* Runs before the handlers of a turn. */
static void on_polled(struct ev_loop *ev, ev_check *check, int events)
{
    (void)events;
    struct lc_loop *loop = check->data;
    loop->polled_at = loop->timers.now = lc_loop_clock(loop);
    loop->quiet = ev_pending_count(ev) == 0;
}

static void on_deadline(struct ev_loop *ev, ev_timer *timer, int events)
{
    (void)ev, (void)events;
    struct lc_loop *loop = timer->data;
    loop->armed = LC_NEVER;
}

/* The same for a near one; reading ends its being readable. */
static void on_near_deadline(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev, (void)events;
    struct lc_loop *loop = io->data;
    uint64_t times;
    if (read(io->fd, &times, sizeof times) == sizeof times) {
        loop->armed = LC_NEVER;
    }
}

static void on_wake(struct ev_loop *ev, ev_async *async, int events)
{
    (void)ev, (void)async, (void)events;
}

struct lc_loop *lc_loop_new(void)
{
    struct lc_loop *loop = lc_zalloc(sizeof *loop);
    if (loop == NULL) {
        return NULL;
    }
    loop->ev = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL | EVBACKEND_POLL);
    if (loop->ev == NULL) {
        lc_free(loop);
        return NULL;
    }
    lc_list_init(&loop->stuck);
    lc_list_init(&loop->lookups);
    lc_list_init(&loop->grouped);
    lc_list_init(&loop->shared);
    loop->flights_end = &loop->flights;
    lc_send_batch_init(&loop->send);
    loop->deferred_end = &loop->deferred;
    loop->armed = LC_NEVER;
    loop->polled_at = loop->timers.now = monotonic();
    ev_init(&loop->deadline, on_deadline);
    ev_check_init(&loop->polled, on_polled);
    ev_async_init(&loop->wake, on_wake);
    ev_set_priority(&loop->polled, EV_MAXPRI);
    loop->deadline.data = loop->polled.data = loop;
    ev_check_start(loop->ev, &loop->polled);
    ev_async_start(loop->ev, &loop->wake);
    ev_io_init(&loop->near, on_near_deadline,
        timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), EV_READ);
    loop->near.data = loop;
    if (loop->near.fd >= 0) {
        ev_io_start(loop->ev, &loop->near);
    }
    return loop;
}

void lc_loop_free(struct lc_loop *loop)
{
    lc_loop_flush(loop);
    lc_inmemory_forget(loop);
    ev_loop_destroy(loop->ev);
    if (loop->near.fd >= 0) {
        close(loop->near.fd);
    }
    for (unsigned i = 0; i < LC_LOOP_DEPTH; i++) {
        lc_receive_batch_free(loop->receive[i]);
    }
    lc_send_batch_free(&loop->send);
    lc_free(loop);
}

struct lc_timers *lc_loop_timers(struct lc_loop *loop)
{
    return &loop->timers;
}

unsigned lc_loop_depth(const struct lc_loop *loop)
{
    return loop->depth;
}

void lc_loop_wake(struct lc_loop *loop)
{
    ev_async_send(loop->ev, &loop->wake);
}

void lc_loop_update(struct lc_loop *loop)
{
    loop->timers.now = lc_loop_clock(loop);
}

void lc_loop_begin_virtual(struct lc_loop *loop)
{
    if (loop->virtual == 0) {
        lc_loop_update(loop);
        /* So that each run shows the same. */
        loop->timers.epoch = loop->timers.now;
        loop->last_port = 0;
    }
    loop->virtual ++;
}

void lc_loop_end_virtual(struct lc_loop *loop)
{
    if (--loop->virtual == 0) {
        loop->leapt = loop->timers.now - monotonic();
        loop->timers.epoch = 0;
        /* What libev's timer was set to, it was by another clock. */
        loop->armed = LC_NEVER;
        loop->polled_at = loop->timers.now;
        ev_now_update(loop->ev);
    }
}

struct lc_receive_batch *lc_loop_receive_batch(struct lc_loop *loop, size_t max_packet)
{
    unsigned i = loop->depth > 0 ? loop->depth - 1 : 0;
    if (loop->receive[i] == NULL) {
        loop->receive[i] = lc_receive_batch_new();
    }
    struct lc_receive_batch *batch = loop->receive[i];
    return batch != NULL && lc_receive_batch_fit(batch, max_packet) ? batch : NULL;
}

/* Runs what was deferred before this call. A mark on the stack tells where that ends; marks of
 * outer calls, which this one may meet, have no function. */
static void run_deferred(struct lc_loop *loop)
{
    if (loop->deferred == NULL) {
        return;
    }
    struct lc_deferred mark = {0};
    lc_loop_defer(loop, &mark);
    for (struct lc_deferred *first = loop->deferred; first != &mark;) {
        if (first->fn == NULL) {
            first = first->next;
            continue;
        }
        lc_deferred_cancel(loop, first);
        first->fn(first);
        first = loop->deferred;
    }
    lc_deferred_cancel(loop, &mark);
}

static bool has_deferred(const struct lc_loop *loop)
{
    const struct lc_deferred *deferred = loop->deferred;
    while (deferred != NULL && deferred->fn == NULL) {
        deferred = deferred->next;
    }
    return deferred != NULL;
}

void lc_loop_defer(struct lc_loop *loop, struct lc_deferred *deferred)
{
    if (deferred->link != NULL) {
        return;
    }
    deferred->next = NULL;
    deferred->link = loop->deferred_end;
    *loop->deferred_end = deferred;
    loop->deferred_end = &deferred->next;
}

void lc_deferred_cancel(struct lc_loop *loop, struct lc_deferred *deferred)
{
    if (deferred->link == NULL) {
        return;
    }
    *deferred->link = deferred->next;
    if (deferred->next != NULL) {
        deferred->next->link = deferred->link;
    } else {
        loop->deferred_end = deferred->link;
    }
    deferred->link = NULL;
}

/* libev waits for whole milliseconds, rounded up. For what is near, the kernel has a timer that is
 * exact and costs a system call each time it is set. False: it has none left for us. */
static bool arm_near(struct lc_loop *loop, lc_time deadline)
{
    deadline -= loop->leapt;
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(deadline / LC_SECOND),
                                .tv_nsec = (long)(deadline % LC_SECOND) * 1000}};
    return loop->near.fd >= 0 && timerfd_settime(loop->near.fd, TFD_TIMER_ABSTIME, &at, NULL) == 0;
}

/* Makes libev return at `deadline`. Most turns find it set already. */
static void arm(struct lc_loop *loop, lc_time deadline)
{
    if (deadline == loop->armed) {
        return;
    }
    ev_timer_stop(loop->ev, &loop->deadline);
    loop->armed = deadline;
    if (deadline - loop->timers.now < NEAR && arm_near(loop, deadline)) {
        return;
    }
    if (deadline != LC_NEVER) {
        ev_timer_set(&loop->deadline, (double)(deadline - loop->polled_at) / LC_SECOND, 0.);
        ev_timer_start(loop->ev, &loop->deadline);
    }
}

/* How long the turn may wait: until this moment. */
static lc_time deadline_of(const struct lc_loop *loop, lc_time max_wait)
{
    lc_time now = loop->timers.now;
    lc_time end = max_wait < LC_NEVER - now ? now + max_wait : LC_NEVER;
    lc_time next = lc_timers_next(&loop->timers);
    return next < end ? next : end;
}

/* Waits until the deadline, or until something is ready. A name that is looked up takes the time
 * that it takes, in virtual time too. */
static void poll_until(struct lc_loop *loop, lc_time deadline)
{
    if (loop->virtual == 0 || deadline == LC_NEVER || loop->looking_up > 0) {
        arm(loop, deadline);
        ev_run(loop->ev, EVRUN_ONCE);
        return;
    }
    ev_run(loop->ev, EVRUN_NOWAIT);
    if (loop->quiet) {
        loop->timers.now = deadline;
    }
}

bool lc_loop_turn(struct lc_loop *loop, lc_time max_wait)
{
    if (loop->depth == LC_LOOP_DEPTH) {
        return false;
    }
    loop->depth++;
    lc_loop_update(loop);
    /* An inner turn first does what outer turns were about to do: its caller may wait for it. */
    bool busy = lc_udp_resume(loop);
    lc_outbox_flush(loop); /* may defer the report of what could not be sent */
    busy |= lc_inmemory_deliver(loop);
    busy = busy || has_deferred(loop) || ev_pending_count(loop->ev) > 0;
    lc_time deadline = deadline_of(loop, max_wait);
    if (busy || deadline <= loop->timers.now) {
        ev_run(loop->ev, EVRUN_NOWAIT);
    } else {
        poll_until(loop, deadline);
    }
    if (lc_timers_next(&loop->timers) <= loop->timers.now) {
        lc_outbox_flush(loop); /* answers do not wait for a handshake's arithmetic */
    }
    lc_timers_run(&loop->timers);
    run_deferred(loop);
    loop->depth--;
    return true;
}

void lc_loop_flush(struct lc_loop *loop)
{
    lc_outbox_flush(loop);
    lc_time end = monotonic() + LC_SECOND;
    while (!lc_list_empty(&loop->stuck) && monotonic() < end) {
        poll(NULL, 0, 2);
        lc_list_for_each (link, &loop->stuck) {
            lc_outbox_retry(lc_container(link, struct lc_trouble, stuck)->udp);
        }
    }
}

struct lc_watch {
    ev_io io;
    struct ev_loop *ev;
    void (*fn)(void *arg);
    void *arg;
};

static void on_readable(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev, (void)events;
    struct lc_watch *watch = io->data;
    watch->fn(watch->arg);
}

struct lc_watch *lc_loop_watch(struct lc_loop *loop, int fd, void (*fn)(void *arg), void *arg)
{
    struct lc_watch *watch = lc_alloc(sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    *watch = (struct lc_watch){.ev = loop->ev, .fn = fn, .arg = arg};
    ev_io_init(&watch->io, on_readable, fd, EV_READ);
    watch->io.data = watch;
    ev_io_start(loop->ev, &watch->io);
    return watch;
}

void lc_watch_free(struct lc_watch *watch)
{
    if (watch != NULL) {
        ev_io_stop(watch->ev, &watch->io);
        lc_free(watch);
    }
}

struct lc_signal {
    ev_signal signal;
    struct ev_loop *ev;
    void (*fn)(void *arg);
    void *arg;
};

/* Signals that came, and were not told yet because the turn is not over. */
static volatile sig_atomic_t untold[NSIG];

static void on_signal(struct ev_loop *ev, ev_signal *signal, int events)
{
    (void)ev, (void)events;
    struct lc_signal *owner = signal->data;
    untold[signal->signum] = 0;
    owner->fn(owner->arg);
}

/* In place of libev's handler: who asks for the end twice gets it, even when a script never gives
 * its turn back. */
static void on_end_signal(int number)
{
    if (untold[number]) {
        signal(number, SIG_DFL);
        raise(number);
    }
    untold[number] = 1;
    ev_feed_signal(number);
}

static void end_at_second(int number)
{
    struct sigaction action = {.sa_handler = on_end_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
    untold[number] = 0;
}

struct lc_signal *lc_loop_signal(struct lc_loop *loop, int number, void (*fn)(void *arg), void *arg)
{
    if (number < 1 || number >= NSIG || number == SIGKILL || number == SIGSTOP) {
        return NULL;
    }
    struct lc_signal *owner = lc_alloc(sizeof *owner);
    if (owner == NULL) {
        return NULL;
    }
    *owner = (struct lc_signal){.ev = loop->ev, .fn = fn, .arg = arg};
    ev_signal_init(&owner->signal, on_signal, number);
    owner->signal.data = owner;
    ev_signal_start(loop->ev, &owner->signal);
    if (number == SIGINT || number == SIGTERM) {
        end_at_second(number);
    }
    return owner;
}

void lc_signal_free(struct lc_signal *owner)
{
    if (owner != NULL) {
        ev_signal_stop(owner->ev, &owner->signal);
        lc_free(owner);
    }
}
