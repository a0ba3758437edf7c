/* Datagrams that are dropped, changed, repeated and held back; see faults.h. */
#include "net/faults.h"

#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"

enum { OUT, IN };

enum {
    HELD_LIMIT = 8 << 20, /* bytes, the structs included */
    HOW_MAX = 120,
};

struct lc_faults {
    struct lc_transport transport;
    struct lc_transport *under;
    struct lc_receiver above;
    struct lc_timers *timers;
    struct lc_fault_upcalls upcalls;
    struct lc_fault_lane lanes[2];
    struct lc_list held;
    size_t held_size;
    uint8_t *room;  /* reserved below, for the datagram that is being written */
    unsigned depth; /* of the C stack that uses this struct: it is freed after the last one */
    bool is_closed;
};

/* A datagram that goes on later. */
struct held {
    struct lc_list link;
    struct lc_timer timer;
    struct lc_faults *faults;
    struct lc_path path;
    int direction;
    uint32_t behind; /* it goes after the next one of this link; 0: only when its time has come */
    char how[HOW_MAX];
    size_t len;
    uint8_t data[];
};

static void enter(struct lc_faults *faults)
{
    faults->depth++;
}

static void leave(struct lc_faults *faults)
{
    if (--faults->depth == 0 && faults->is_closed) {
        lc_free(faults);
    }
}

/* ---- Going on ---- */

static void pass(
    struct lc_faults *faults, int direction, const struct lc_path *path, uint8_t *data, size_t len)
{
    if (direction == IN) {
        faults->above.receive(faults->above.arg, path, data, len);
        return;
    }
    uint8_t *room = faults->under->reserve(faults->under, len);
    if (room != NULL) {
        memcpy(room, data, len);
        faults->under->commit(faults->under, path, len);
    }
}

static void take_out(struct held *held)
{
    struct lc_faults *faults = held->faults;
    lc_timer_clear(faults->timers, &held->timer);
    lc_list_remove(&held->link);
    faults->held_size -= sizeof *held + held->len;
}

static void let_go(struct held *held)
{
    struct lc_faults *faults = held->faults;
    take_out(held);
    enter(faults);
    if (held->direction == OUT) {
        faults->upcalls.released(faults->upcalls.arg, &held->path, held->how);
    }
    pass(faults, held->direction, &held->path, held->data, held->len);
    leave(faults);
    lc_free(held);
}

static void on_time(struct lc_timer *timer)
{
    let_go(lc_container(timer, struct held, timer));
}

/* False: memory, or too much is held already. */
static bool hold(struct lc_faults *faults, int direction, const struct lc_path *path,
    const uint8_t *data, const struct lc_verdict *verdict, const char *how)
{
    size_t size = sizeof(struct held) + verdict->len;
    struct held *held = faults->held_size + size > HELD_LIMIT ? NULL : lc_alloc(size);
    if (held == NULL) {
        return false;
    }
    *held = (struct held){.faults = faults,
        .path = *path,
        .direction = direction,
        .behind = verdict->is_held ? verdict->link : 0,
        .len = verdict->len};
    memcpy(held->data, data, verdict->len);
    snprintf(held->how, sizeof held->how, "%s", how);
    lc_timer_init(&held->timer, on_time);
    lc_list_append(&faults->held, &held->link);
    faults->held_size += size;
    lc_time wait = verdict->delay + verdict->patience;
    lc_timer_set(faults->timers, &held->timer, faults->timers->now + wait);
    return true;
}

/* Those that were held back until another one has passed. One at a time, since what each leads to
 * may change the list. */
static void let_follow(struct lc_faults *faults, int direction, uint32_t link)
{
    for (struct lc_list *at = faults->held.next; !faults->is_closed && at != &faults->held;) {
        struct held *held = lc_container(at, struct held, link);
        if (held->behind == link && held->direction == direction) {
            let_go(held);
            at = faults->held.next;
        } else {
            at = at->next;
        }
    }
}

/* ---- What the verdict says ---- */

/* In words; empty: nothing was done to it. */
static void describe(const struct lc_verdict *verdict, size_t len, char how[HOW_MAX])
{
    size_t used = 0;
    how[0] = '\0';
    const struct {
        bool is_so;
        const char *word;
    } words[] = {{verdict->is_dropped, "dropped"}, {verdict->copies > 0, "duplicated"},
        {verdict->is_held, "held back"}, {verdict->flips > 0, "corrupted"},
        {verdict->len < len, "truncated"}, {verdict->restarts, "restart"},
        {verdict->rebinds, "rebind"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].is_so && (used == 0 || !verdict->is_dropped)) {
            used += (size_t)snprintf(
                how + used, HOW_MAX - used, "%s%s", used > 0 ? ", " : "", words[i].word);
        }
    }
    if (verdict->delay > 0 && !verdict->is_dropped) {
        snprintf(how + used, HOW_MAX - used, "%sdelayed %.3f s", used > 0 ? ", " : "",
            (double)verdict->delay / LC_SECOND);
    }
}

static bool must_wait(const struct lc_verdict *verdict)
{
    return verdict->delay > 0 || verdict->is_held;
}

/* Sends or hands on the datagram as often as the verdict says. Copies are taken first: who receives
 * one may write to it. */
static void go_on(struct lc_faults *faults, int direction, const struct lc_path *path,
    uint8_t *data, const struct lc_verdict *verdict, const char *how)
{
    bool waits = must_wait(verdict);
    uint8_t *copy = verdict->copies > 0 && !waits ? lc_copy(data, verdict->len) : NULL;
    for (unsigned i = 0; waits && i <= verdict->copies; i++) {
        if (!hold(faults, direction, path, data, verdict, how)) {
            break;
        }
    }
    if (!waits) {
        pass(faults, direction, path, data, verdict->len);
    }
    for (unsigned i = 0; copy != NULL && i < verdict->copies && !faults->is_closed; i++) {
        uint8_t *again = lc_copy(copy, verdict->len);
        if (again != NULL) {
            pass(faults, direction, path, again, verdict->len);
            lc_free(again);
        }
    }
    lc_free(copy);
}

static void judge(
    struct lc_faults *faults, int direction, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_fault_lane *lane = &faults->lanes[direction];
    struct lc_verdict verdict = lc_fault_judge(lane, &path->remote, data, len, faults->timers->now);
    char how[HOW_MAX];
    describe(&verdict, len, how);
    /* A device that restarts when a message comes has not read it. */
    bool is_lost = verdict.is_dropped || (verdict.restarts && direction == IN);
    enter(faults);
    if (how[0] != '\0') {
        faults->upcalls.harmed(
            faults->upcalls.arg, &(struct lc_harm){path, lc_bytes(data, len), direction == OUT,
                                     is_lost, must_wait(&verdict), how});
    }
    if (verdict.rebinds) {
        faults->upcalls.rebind(faults->upcalls.arg);
    }
    if (!is_lost) {
        lc_verdict_flip(&verdict, data);
        go_on(faults, direction, path, data, &verdict, how);
    }
    if (verdict.restarts && !faults->is_closed) {
        faults->upcalls.restart(faults->upcalls.arg);
    }
    if (!is_lost && !verdict.is_held && verdict.link != 0) {
        let_follow(faults, direction, verdict.link);
    }
    leave(faults);
}

/* ---- Between the layers ---- */

static uint8_t *reserve(struct lc_transport *transport, size_t len)
{
    struct lc_faults *faults = (struct lc_faults *)transport;
    faults->room = faults->under->reserve(faults->under, len);
    return faults->room;
}

/* Without faults the datagram stays where it was written. */
static void commit(struct lc_transport *transport, const struct lc_path *path, size_t len)
{
    struct lc_faults *faults = (struct lc_faults *)transport;
    if (faults->lanes[OUT].count == 0) {
        faults->under->commit(faults->under, path, len);
        return;
    }
    uint8_t *data = lc_copy(faults->room, len);
    if (data != NULL) {
        judge(faults, OUT, path, data, len);
        lc_free(data);
    }
}

static void on_receive(void *arg, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_faults *faults = arg;
    if (faults->lanes[IN].count == 0) {
        faults->above.receive(faults->above.arg, path, data, len);
    } else {
        judge(faults, IN, path, data, len);
    }
}

static void on_truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    struct lc_faults *faults = arg;
    if (faults->above.truncated != NULL) {
        faults->above.truncated(faults->above.arg, path, data, len);
    }
}

static void on_refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    struct lc_faults *faults = arg;
    if (faults->above.refused != NULL) {
        faults->above.refused(faults->above.arg, path, number, data, len);
    }
}

struct lc_faults *lc_faults_new(struct lc_timers *timers, const struct lc_fault_upcalls *upcalls)
{
    struct lc_faults *faults = lc_zalloc(sizeof *faults);
    if (faults != NULL) {
        faults->transport = (struct lc_transport){.reserve = reserve, .commit = commit};
        faults->timers = timers;
        faults->upcalls = *upcalls;
        lc_list_init(&faults->held);
    }
    return faults;
}

void lc_faults_free(struct lc_faults *faults)
{
    enter(faults);
    faults->is_closed = true;
    while (!lc_list_empty(&faults->held)) {
        struct held *held = lc_container(faults->held.next, struct held, link);
        take_out(held);
        lc_free(held);
    }
    lc_fault_lane_free(&faults->lanes[OUT]);
    lc_fault_lane_free(&faults->lanes[IN]);
    leave(faults);
}

bool lc_faults_set(struct lc_faults *faults, bool sending, const struct lc_fault *list,
    size_t count, uint64_t seed)
{
    return lc_fault_lane_set(
        &faults->lanes[sending ? OUT : IN], list, count, seed, faults->timers->now);
}

void lc_faults_link(
    struct lc_faults *faults, struct lc_transport *under, const struct lc_receiver *above)
{
    faults->under = under;
    faults->above = *above;
}

struct lc_transport *lc_faults_transport(struct lc_faults *faults)
{
    return &faults->transport;
}

struct lc_receiver lc_faults_receiver(struct lc_faults *faults)
{
    return (struct lc_receiver){on_receive, on_truncated, on_refused, faults};
}
