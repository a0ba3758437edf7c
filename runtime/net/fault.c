/* The judge of single datagrams; see fault.h. */
#include "net/fault.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/memory.h"

/* What is counted for one peer in one direction. */
struct lc_fault_link {
    struct lc_map_node node;
    struct lc_address peer;
    uint32_t number; /* of the link */
    uint64_t datagrams;
    lc_time free_at;    /* LIMIT: when the line has taken all that was sent */
    uint64_t matched[]; /* by fault */
};

enum {
    SEEN = 4096,           /* a power of two */
    COUNT_MASK = 0xff,     /* the low bits of an entry of `seen` */
    LINE_MAX_SECONDS = 60, /* what would wait longer for its turn on a limited line is lost */
    FLIPS_MAX = 100,       /* bits of one datagram */
};

/* What one fault asks of the dice for one datagram. */
enum die { CHANCE, AMOUNT, DIE_COUNT };

struct lc_fault lc_fault_always(enum lc_fault_action action)
{
    static const struct lc_range all = {0, INFINITY};
    return (struct lc_fault){.action = action,
        .chance = 1,
        .type = LC_FAULT_ANY,
        .code = LC_FAULT_ANY,
        .record = LC_FAULT_ANY,
        .retransmission = all,
        .number = all,
        .at = all};
}

/* ---- A lane ---- */

static void forget_links(struct lc_fault_lane *lane)
{
    struct lc_map_node *next, *node = lc_map_next(&lane->links, NULL);
    for (; node != NULL; node = next) {
        next = lc_map_next(&lane->links, node);
        lc_free(lc_container(node, struct lc_fault_link, node));
    }
    lc_map_free(&lane->links);
    lc_free(lane->crowd);
}

void lc_fault_lane_free(struct lc_fault_lane *lane)
{
    forget_links(lane);
    lc_free(lane->faults);
    lc_free(lane->seen);
    *lane = (struct lc_fault_lane){0};
}

static bool asks_for_retransmissions(const struct lc_fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (faults[i].retransmission.low > 0 || faults[i].retransmission.high < INFINITY) {
            return true;
        }
    }
    return false;
}

bool lc_fault_lane_set(struct lc_fault_lane *lane, const struct lc_fault *faults, size_t count,
    uint64_t seed, lc_time now)
{
    lc_fault_lane_free(lane);
    if (count == 0) {
        return true;
    }
    bool compares = asks_for_retransmissions(faults, count);
    lane->faults = lc_copy(faults, count * sizeof *faults);
    lane->seen = compares ? lc_zalloc(SEEN * sizeof *lane->seen) : NULL;
    if (lane->faults == NULL || (compares && lane->seen == NULL)) {
        lc_fault_lane_free(lane);
        return false;
    }
    lane->count = count;
    lane->seed = seed;
    lane->since = now;
    return true;
}

static struct lc_fault_link *make_link(
    const struct lc_fault_lane *lane, const struct lc_address *peer)
{
    struct lc_fault_link *link = lc_zalloc(sizeof *link + lane->count * sizeof link->matched[0]);
    if (link != NULL) {
        link->peer = *peer;
        link->number = (uint32_t)lane->links.count + 1;
    }
    return link;
}

/* NULL: memory; such a peer is spared. */
static struct lc_fault_link *link_of(struct lc_fault_lane *lane, const struct lc_address *peer)
{
    uint64_t hash = lc_address_hash(peer);
    struct lc_map_node *node = lc_map_find(&lane->links, hash);
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_fault_link *link = lc_container(node, struct lc_fault_link, node);
        if (lc_address_equal(&link->peer, peer)) {
            return link;
        }
    }
    if (lane->links.count == LC_FAULT_LINKS) {
        if (lane->crowd == NULL) {
            lane->crowd = make_link(lane, peer);
        }
        return lane->crowd;
    }
    struct lc_fault_link *link = make_link(lane, peer);
    if (link != NULL && !lc_map_insert(&lane->links, &link->node, hash)) {
        lc_free(link);
        return NULL;
    }
    return link;
}

/* ---- What a datagram is ---- */

struct look {
    int type, code, record;
    double retransmission;
    double seconds; /* since the faults were set */
};

/* How often these bytes have gone to that peer before: up to 255 times, and as long as no other
 * datagram has taken their place. */
static unsigned count_repeats(
    struct lc_fault_lane *lane, uint32_t link, const uint8_t *data, size_t len)
{
    uint64_t hash = lc_hash_plain(data, len, link);
    uint64_t *entry = &lane->seen[hash >> 32 & (SEEN - 1)];
    uint64_t mark = hash & ~(uint64_t)COUNT_MASK, count = *entry & COUNT_MASK;
    if (count == 0 || (*entry & ~(uint64_t)COUNT_MASK) != mark) {
        *entry = mark | 1;
        return 0;
    }
    *entry = mark | (count < COUNT_MASK ? count + 1 : count);
    return (unsigned)count;
}

/* CoAP has its version, 1, in the first bits; content types of DTLS are smaller (RFC 7983 7). */
static struct look look_at(const uint8_t *data, size_t len)
{
    struct look look = {.type = LC_FAULT_ANY, .code = LC_FAULT_ANY, .record = LC_FAULT_ANY};
    if (len >= 4 && data[0] >> 6 == 1) {
        look.type = data[0] >> 4 & 3;
        look.code = data[1];
    } else if (len > 0 && data[0] >= 20 && data[0] <= 63) {
        look.record = data[0];
    }
    return look;
}

static bool is_in(const struct lc_range *range, double value)
{
    return value >= range->low && value <= range->high;
}

static bool fits(const struct lc_fault *fault, const struct look *look)
{
    return (fault->type == LC_FAULT_ANY || fault->type == look->type) &&
           (fault->code == LC_FAULT_ANY || fault->code == look->code) &&
           (fault->record == LC_FAULT_ANY || fault->record == look->record) &&
           is_in(&fault->retransmission, look->retransmission);
}

/* ---- Judging ---- */

/* One throw for a fault and a datagram. */
static uint64_t throw_die(const struct lc_fault_lane *lane, const struct lc_fault_link *link,
    size_t fault, enum die which)
{
    uint64_t h = lc_hash_mix(lane->seed, link->number);
    h = lc_hash_mix(h, link->datagrams);
    return lc_hash_mix(h, fault * DIE_COUNT + which);
}

/* Uniform in [0, 1). */
static double unit_of(uint64_t die)
{
    return (double)(die >> 11) * 0x1p-53;
}

static lc_time time_of(double seconds)
{
    return (lc_time)(seconds * LC_SECOND + 0.5);
}

/* A line that takes so many bytes per second: each datagram waits until those before it are
 * through.
 */
static void limit(struct lc_verdict *verdict, struct lc_fault_link *link, double rate, lc_time now)
{
    lc_time free_at = link->free_at > now ? link->free_at : now;
    free_at += time_of((double)verdict->len / rate);
    if (free_at - now > LINE_MAX_SECONDS * LC_SECOND) {
        verdict->is_dropped = true;
        return;
    }
    link->free_at = free_at;
    verdict->delay += free_at - now;
}

static void strike(struct lc_verdict *verdict, const struct lc_fault *fault, uint64_t die,
    struct lc_fault_link *link, lc_time now)
{
    unsigned amount = (unsigned)fault->amount;
    switch (fault->action) {
    case LC_FAULT_DROP:
        verdict->is_dropped = true;
        break;
    case LC_FAULT_DUPLICATE:
        verdict->copies += amount == 0 ? 1 : amount;
        break;
    case LC_FAULT_DELAY:
        verdict->delay += time_of(fault->by.low + (fault->by.high - fault->by.low) * unit_of(die));
        break;
    case LC_FAULT_REORDER:
        verdict->is_held = true;
        verdict->patience = time_of(fault->by.high);
        break;
    case LC_FAULT_CORRUPT:
        verdict->flips += amount == 0 ? 1 : amount;
        verdict->dice = die;
        break;
    case LC_FAULT_TRUNCATE:
        amount = fault->amount > 0 ? amount : (unsigned)(unit_of(die) * (double)verdict->len);
        verdict->len = amount < verdict->len ? amount : verdict->len;
        break;
    case LC_FAULT_LIMIT:
        limit(verdict, link, fault->amount, now);
        break;
    case LC_FAULT_RESTART:
        verdict->restarts = true;
        break;
    case LC_FAULT_REBIND:
        verdict->rebinds = true;
        break;
    case LC_FAULT_ACTIONS:
        break;
    }
}

struct lc_verdict lc_fault_judge(struct lc_fault_lane *lane, const struct lc_address *peer,
    const uint8_t *data, size_t len, lc_time now)
{
    struct lc_verdict verdict = {.len = len};
    struct lc_address address = *peer;
    address.session = 0;
    struct lc_fault_link *link = lane->count == 0 ? NULL : link_of(lane, &address);
    if (link == NULL) {
        return verdict;
    }
    verdict.link = link->number;
    link->datagrams++;
    struct look look = look_at(data, len);
    look.seconds = (double)(now - lane->since) / LC_SECOND;
    look.retransmission = lane->seen == NULL ? 0 : count_repeats(lane, link->number, data, len);
    for (size_t i = 0; i < lane->count; i++) {
        const struct lc_fault *fault = &lane->faults[i];
        /* Also what is dropped counts: a number is that of a datagram, whatever becomes of it. */
        if (fits(fault, &look) && is_in(&fault->number, (double)++link->matched[i]) &&
            is_in(&fault->at, look.seconds) && !verdict.is_dropped &&
            unit_of(throw_die(lane, link, i, CHANCE)) < fault->chance) {
            strike(&verdict, fault, throw_die(lane, link, i, AMOUNT), link, now);
        }
    }
    return verdict;
}

static bool is_among(const uint32_t *bits, unsigned count, uint32_t bit)
{
    for (unsigned i = 0; i < count; i++) {
        if (bits[i] == bit) {
            return true;
        }
    }
    return false;
}

void lc_verdict_flip(const struct lc_verdict *verdict, uint8_t *data)
{
    uint32_t flipped[FLIPS_MAX], bits = (uint32_t)verdict->len * 8;
    unsigned flips = verdict->flips < FLIPS_MAX ? verdict->flips : FLIPS_MAX;
    for (unsigned i = 0; i < flips && i < bits; i++) {
        uint32_t bit = (uint32_t)(lc_hash_mix(verdict->dice, i) % bits);
        while (is_among(flipped, i, bit)) {
            bit = (bit + 1) % bits;
        }
        flipped[i] = bit;
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
