/* A window over the sequence of Message IDs; see ids.h. Numbers wrap, so only differences count. */
#include "message/ids.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

enum { ALL_IDS = 65536, CHUNK = 4096, CHUNKS = ALL_IDS / CHUNK };

/* Exact as to which are in use, and as coarse as above as to how long. */
struct lc_ids_chosen {
    uint64_t bits[ALL_IDS / 64];
    lc_time free_at[CHUNKS];
};

void lc_ids_init(struct lc_ids *ids)
{
    *ids = (struct lc_ids){.start = (uint16_t)lc_random_u32()};
}

void lc_ids_free(struct lc_ids *ids)
{
    lc_free(ids->chunks);
    lc_free(ids->chosen);
}

static uint32_t chunk_start(uint32_t number)
{
    return number & ~(uint32_t)(CHUNK - 1);
}

/* When the chunk that `number` is in becomes free. */
static lc_time *free_at(struct lc_ids *ids, uint32_t number)
{
    uint32_t chunk = number / CHUNK;
    return ids->chunks == NULL ? &ids->recent[chunk % 2] : &ids->chunks[chunk % CHUNKS];
}

/* Later chunks never become free before earlier ones, see use(). */
static void expire(struct lc_ids *ids, lc_time now)
{
    if (ids->tail != ids->next && *free_at(ids, ids->next - 1) <= now) {
        ids->tail = ids->next;
    }
    while (ids->next - chunk_start(ids->tail) > CHUNK && *free_at(ids, ids->tail) <= now) {
        ids->tail = chunk_start(ids->tail) + CHUNK;
    }
}

static bool exhausted(const struct lc_ids *ids, uint32_t number)
{
    return number - chunk_start(ids->tail) >= ALL_IDS;
}

/* Room to note the times of more than two chunks. */
static bool widen(struct lc_ids *ids)
{
    if (ids->chunks != NULL || ids->next - chunk_start(ids->tail) < 2 * CHUNK) {
        return true;
    }
    lc_time *chunks = lc_zalloc(CHUNKS * sizeof chunks[0]);
    if (chunks == NULL) {
        return false;
    }
    for (uint32_t back = 1; back <= 2; back++) {
        uint32_t number = ids->next - back * CHUNK;
        chunks[number / CHUNK % CHUNKS] = *free_at(ids, number);
    }
    ids->chunks = chunks;
    return true;
}

static void use(struct lc_ids *ids, lc_time until)
{
    bool opens_chunk = ids->next % CHUNK == 0 && ids->next != ids->tail;
    lc_time before = *free_at(ids, opens_chunk ? ids->next - 1 : ids->next);
    *free_at(ids, ids->next) = before > until ? before : until;
    ids->next++;
}

static bool is_chosen(const struct lc_ids *ids, uint16_t id, lc_time now)
{
    const struct lc_ids_chosen *chosen = ids->chosen;
    return chosen != NULL && chosen->free_at[id / CHUNK] > now &&
           (chosen->bits[id / 64] >> (id % 64) & 1) != 0;
}

enum lc_ids_result lc_ids_take(struct lc_ids *ids, lc_time now, lc_time lifetime, uint16_t *out_id)
{
    expire(ids, now);
    do {
        if (exhausted(ids, ids->next)) {
            return LC_IDS_IN_USE;
        }
        if (!widen(ids)) {
            return LC_IDS_NO_MEMORY;
        }
        *out_id = (uint16_t)(ids->start + ids->next);
        use(ids, now + lifetime);
    } while (is_chosen(ids, *out_id, now));
    return LC_IDS_OK;
}

static bool in_window(struct lc_ids *ids, uint16_t id)
{
    uint32_t back = (uint16_t)(ids->start + ids->next - 1 - id);
    return back < ids->next - ids->tail;
}

enum lc_ids_result lc_ids_choose(struct lc_ids *ids, uint16_t id, lc_time now, lc_time lifetime)
{
    expire(ids, now);
    if (in_window(ids, id) || is_chosen(ids, id, now)) {
        return LC_IDS_IN_USE;
    }
    if (ids->chosen == NULL) {
        ids->chosen = lc_zalloc(sizeof *ids->chosen);
        if (ids->chosen == NULL) {
            return LC_IDS_NO_MEMORY;
        }
    }
    unsigned chunk = id / CHUNK;
    lc_time *until = &ids->chosen->free_at[chunk];
    if (*until <= now) {
        memset(&ids->chosen->bits[chunk * CHUNK / 64], 0, CHUNK / 8);
    }
    ids->chosen->bits[id / 64] |= (uint64_t)1 << (id % 64);
    *until = *until > now + lifetime ? *until : now + lifetime;
    return LC_IDS_OK;
}

void lc_ids_renew(struct lc_ids *ids, uint16_t id, lc_time now, lc_time lifetime)
{
    lc_time *until = &ids->chosen->free_at[id / CHUNK];
    *until = *until > now + lifetime ? *until : now + lifetime;
}

int lc_ids_peek(struct lc_ids *ids, lc_time now)
{
    expire(ids, now);
    for (uint32_t number = ids->next; !exhausted(ids, number); number++) {
        uint16_t id = (uint16_t)(ids->start + number);
        if (!is_chosen(ids, id, now)) {
            return id;
        }
    }
    return -1;
}

lc_time lc_ids_free_at(struct lc_ids *ids)
{
    return *free_at(ids, ids->tail);
}
