/* Datagrams that are dropped, changed, repeated and held back; see faults.h. */
#include "net/faults.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
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
    struct lc_list held;       /* in the order in which they are due */
    struct lc_timer timer;     /* when the first one is due */
    size_t held_size, waiting; /* waiting: how many of them let others pass */
    uint64_t judged;           /* datagrams */
    uint8_t *room;             /* reserved below, for the datagram that is being written */
    unsigned depth; /* of the C stack that uses this struct: it is freed after the last one */
    bool is_closed;
    bool is_cut;
};

/* A datagram that goes on later. */
struct held {
    struct lc_list link;
    struct lc_faults *faults;
    struct lc_path path;
    int direction;
    uint32_t lane_link;
    uint64_t number;    /* among all that were judged */
    bool waits;         /* for a later one of its link to pass; it goes after that, or when due */
    lc_time due, ready; /* ready: its delay alone is over */
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

/* Whether the cable is out, and the datagram lost. */
static bool lose(struct lc_faults *faults, int direction, const struct lc_path *path,
    const uint8_t *data, size_t len)
{
    bool is_cut = faults->is_cut;
    if (is_cut) {
        faults->upcalls.harmed(faults->upcalls.arg,
            &(struct lc_harm){path, lc_bytes(data, len), direction == OUT, true, false, "offline"});
    }
    return is_cut;
}

static struct held *first_held(struct lc_faults *faults)
{
    return lc_list_empty(&faults->held) ? NULL : lc_container(faults->held.next, struct held, link);
}

static void arm(struct lc_faults *faults)
{
    struct held *first = first_held(faults);
    if (first == NULL) {
        lc_timer_clear(faults->timers, &faults->timer);
    } else if (!lc_timer_is_set(faults->timers, &faults->timer) || faults->timer.at != first->due) {
        lc_timer_set(faults->timers, &faults->timer, first->due);
    }
}

/* Behind those that are due at the same moment. Delays that vary little find their place soon. */
static void put_in(struct held *held)
{
    struct lc_list *list = &held->faults->held, *after = list->prev;
    while (after != list && lc_container(after, struct held, link)->due > held->due) {
        after = after->prev;
    }
    lc_list_prepend(after, &held->link);
    arm(held->faults);
}

static void take_out(struct held *held)
{
    lc_list_remove(&held->link);
    arm(held->faults);
}

static void stop_waiting(struct held *held)
{
    held->faults->waiting -= held->waits;
    held->waits = false;
}

static void forget(struct held *held)
{
    stop_waiting(held);
    take_out(held);
    held->faults->held_size -= sizeof *held + held->len;
}

static void let_go(struct held *held)
{
    struct lc_faults *faults = held->faults;
    forget(held);
    if (!lose(faults, held->direction, &held->path, held->data, held->len)) {
        if (held->direction == OUT) {
            faults->upcalls.released(faults->upcalls.arg, &held->path, held->how);
        }
        pass(faults, held->direction, &held->path, held->data, held->len);
    }
    lc_free(held);
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
    lc_time ready = faults->timers->now + verdict->delay;
    *held = (struct held){.faults = faults,
        .path = *path,
        .direction = direction,
        .lane_link = verdict->link,
        .number = faults->judged,
        .waits = verdict->is_held,
        .ready = ready,
        .due = ready + verdict->patience,
        .len = verdict->len};
    memcpy(held->data, data, verdict->len);
    snprintf(held->how, sizeof held->how, "%s", how);
    faults->held_size += size;
    faults->waiting += held->waits;
    put_in(held);
    return true;
}

/* One that was judged before `number`, and waits for such a one to pass. */
static struct held *find_waiting(
    struct lc_faults *faults, int direction, uint32_t link, uint64_t number)
{
    if (faults->is_closed || faults->waiting == 0) {
        return NULL;
    }
    lc_list_for_each (at, &faults->held) {
        struct held *held = lc_container(at, struct held, link);
        if (held->waits && held->number < number && held->lane_link == link &&
            held->direction == direction) {
            return held;
        }
    }
    return NULL;
}

/* Another one has passed those that were held back for that; they follow when their own delay is
 * over. One at a time, since what each leads to may change the list. */
static void let_follow(struct lc_faults *faults, int direction, uint32_t link, uint64_t number)
{
    struct held *held;
    while ((held = find_waiting(faults, direction, link, number)) != NULL) {
        if (held->ready <= faults->timers->now) {
            let_go(held);
        } else {
            stop_waiting(held);
            take_out(held);
            held->due = held->ready;
            put_in(held);
        }
    }
}

static void on_time(struct lc_timer *timer)
{
    struct lc_faults *faults = lc_container(timer, struct lc_faults, timer);
    struct held *held;
    enter(faults);
    while ((held = first_held(faults)) != NULL && held->due <= faults->timers->now) {
        int direction = held->direction;
        uint32_t link = held->lane_link;
        uint64_t number = held->number;
        let_go(held);
        let_follow(faults, direction, link, number);
    }
    leave(faults);
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

/* Holds the datagram back as often as the verdict says. */
static void hold_all(struct lc_faults *faults, int direction, const struct lc_path *path,
    const uint8_t *data, const struct lc_verdict *verdict, const char *how)
{
    for (unsigned i = 0; i <= verdict->copies; i++) {
        if (!hold(faults, direction, path, data, verdict, how)) {
            faults->upcalls.harmed(faults->upcalls.arg,
                &(struct lc_harm){path, lc_bytes(data, verdict->len), direction == OUT, true, false,
                    "dropped since too much is held back"});
            return;
        }
    }
}

/* Sends or hands on the datagram as often as the verdict says. Copies are taken first: who receives
 * one may write to it. */
static void pass_all(struct lc_faults *faults, int direction, const struct lc_path *path,
    uint8_t *data, const struct lc_verdict *verdict)
{
    uint8_t *copy = verdict->copies > 0 ? lc_copy(data, verdict->len) : NULL;
    pass(faults, direction, path, data, verdict->len);
    for (unsigned i = 0; copy != NULL && i < verdict->copies && !faults->is_closed; i++) {
        uint8_t *again = lc_copy(copy, verdict->len);
        if (again != NULL) {
            pass(faults, direction, path, again, verdict->len);
            lc_free(again);
        }
    }
    lc_free(copy);
}

static void go_on(struct lc_faults *faults, int direction, const struct lc_path *path,
    uint8_t *data, const struct lc_verdict *verdict, const char *how)
{
    uint64_t number = faults->judged;
    lc_verdict_flip(verdict, data);
    if (must_wait(verdict)) {
        hold_all(faults, direction, path, data, verdict, how);
    } else {
        pass_all(faults, direction, path, data, verdict);
        let_follow(faults, direction, verdict->link, number);
    }
}

/* Whoever is told may close the socket, with all that stands on it. */
static void judge(
    struct lc_faults *faults, int direction, const struct lc_path *path, uint8_t *data, size_t len)
{
    struct lc_fault_lane *lane = &faults->lanes[direction];
    struct lc_verdict verdict = lc_fault_judge(lane, &path->remote, data, len, faults->timers->now);
    faults->judged++;
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
    if (verdict.rebinds && !faults->is_closed) {
        faults->upcalls.rebind(faults->upcalls.arg);
    }
    if (!is_lost && !faults->is_closed) {
        go_on(faults, direction, path, data, &verdict, how);
    }
    if (verdict.restarts && !faults->is_closed) {
        faults->upcalls.restart(faults->upcalls.arg);
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
    if (lose(faults, OUT, path, faults->room, len)) {
        return;
    }
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
    if (lose(faults, IN, path, data, len)) {
        return;
    }
    if (faults->lanes[IN].count == 0) {
        faults->above.receive(faults->above.arg, path, data, len);
    } else {
        judge(faults, IN, path, data, len);
    }
}

static void on_truncated(void *arg, const struct lc_path *path, const uint8_t *data, size_t len)
{
    struct lc_faults *faults = arg;
    if (!lose(faults, IN, path, data, len) && faults->above.truncated != NULL) {
        faults->above.truncated(faults->above.arg, path, data, len);
    }
}

static void on_refused(
    void *arg, const struct lc_path *path, int number, const uint8_t *data, size_t len)
{
    struct lc_faults *faults = arg;
    if (!faults->is_cut && faults->above.refused != NULL) {
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
        lc_timer_init(&faults->timer, on_time);
    }
    return faults;
}

void lc_faults_free(struct lc_faults *faults)
{
    enter(faults);
    faults->is_closed = true;
    struct held *held;
    while ((held = first_held(faults)) != NULL) {
        forget(held);
        lc_free(held);
    }
    lc_fault_lane_free(&faults->lanes[OUT]);
    lc_fault_lane_free(&faults->lanes[IN]);
    leave(faults);
}

void lc_faults_cut(struct lc_faults *faults, bool is_cut)
{
    faults->is_cut = is_cut;
}

bool lc_faults_set(struct lc_faults *faults, bool sending, const struct lc_fault *list,
    size_t count, uint64_t seed)
{
    int direction = sending ? OUT : IN;
    /* Links are numbered anew. */
    lc_list_for_each (at, &faults->held) {
        struct held *held = lc_container(at, struct held, link);
        if (held->direction == direction) {
            stop_waiting(held);
        }
    }
    /* Not the same dice for both. */
    uint64_t lane_seed = lc_hash_mix(seed, (uint64_t)direction);
    return lc_fault_lane_set(
        &faults->lanes[direction], list, count, lane_seed, faults->timers->now);
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
