/* Slabs of equal cells; see pool.h. */
#include "base/pool.h"

#include <sanitizer/asan_interface.h>
#include <stdalign.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"

enum { STEP = 64, LONGEST = 1024, SLAB_SIZE = 16 * 1024 };

/* Before each block. */
struct cell {
    struct slab *slab; /* NULL: a block of its own */
    alignas(max_align_t) union {
        struct cell *next; /* of the free ones */
        char block[1];
    };
};

struct slab {
    struct slab *next, *prev; /* of those with free cells */
    struct cell *free;
    unsigned size, used;
    alignas(max_align_t) char cells[];
};

static struct slab *with_room[LONGEST / STEP + 1];

/* A free cell holds its link alone: AddressSanitizer is told of any other access. */
static void free_cell(struct slab *slab, struct cell *cell)
{
    cell->next = slab->free;
    slab->free = cell;
    ASAN_POISON_MEMORY_REGION(cell->block + sizeof cell->next, slab->size - sizeof cell->next);
}

static void link_slab(struct slab *slab)
{
    struct slab **first = &with_room[slab->size / STEP];
    slab->prev = NULL;
    slab->next = *first;
    if (*first != NULL) {
        (*first)->prev = slab;
    }
    *first = slab;
}

static void unlink_slab(struct slab *slab)
{
    if (slab->prev == NULL) {
        with_room[slab->size / STEP] = slab->next;
    } else {
        slab->prev->next = slab->next;
    }
    if (slab->next != NULL) {
        slab->next->prev = slab->prev;
    }
}

static struct slab *new_slab(unsigned size)
{
    struct slab *slab = lc_alloc(SLAB_SIZE);
    if (slab == NULL) {
        return NULL;
    }
    *slab = (struct slab){.size = size};
    size_t stride = offsetof(struct cell, block) + size;
    for (char *at = slab->cells; at + stride <= (char *)slab + SLAB_SIZE; at += stride) {
        struct cell *cell = (struct cell *)at;
        cell->slab = slab;
        free_cell(slab, cell);
    }
    link_slab(slab);
    return slab;
}

static void *take_cell(unsigned size)
{
    struct slab *slab = with_room[size / STEP];
    if (!lc_memory_take()) {
        return NULL;
    }
    if (slab == NULL && (slab = new_slab(size)) == NULL) {
        lc_memory_give();
        return NULL;
    }
    struct cell *cell = slab->free;
    slab->free = cell->next;
    slab->used++;
    if (slab->free == NULL) {
        unlink_slab(slab);
    }
    ASAN_UNPOISON_MEMORY_REGION(cell->block, size);
    return memset(cell->block, 0, size);
}

void *lc_pool_zalloc(size_t size)
{
    if (size <= LONGEST) {
        return take_cell((unsigned)(size == 0 ? STEP : (size + STEP - 1) / STEP * STEP));
    }
    struct cell *cell = lc_zalloc(offsetof(struct cell, block) + size);
    return cell == NULL ? NULL : cell->block;
}

void lc_pool_free(void *block)
{
    if (block == NULL) {
        return;
    }
    struct cell *cell = lc_container(block, struct cell, block);
    struct slab *slab = cell->slab;
    if (slab == NULL) {
        lc_free(cell);
        return;
    }
    lc_memory_give();
    if (slab->free == NULL) {
        link_slab(slab);
    }
    free_cell(slab, cell);
    if (--slab->used == 0) {
        unlink_slab(slab);
        lc_free(slab);
    }
}
