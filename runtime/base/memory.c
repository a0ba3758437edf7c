/* Heap blocks, counted; see memory.h. */
#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static size_t blocks;
static long allowance = -1;

static int refused(void)
{
    if (allowance < 0) {
        return 0;
    }
    if (allowance == 0) {
        return 1;
    }
    allowance--;
    return 0;
}

void *lc_alloc(size_t size)
{
    void *block = refused() ? NULL : malloc(size);
    blocks += block != NULL;
    return block;
}

void *lc_zalloc(size_t size)
{
    void *block = refused() ? NULL : calloc(1, size);
    blocks += block != NULL;
    return block;
}

void *lc_realloc(void *block, size_t size)
{
    if (block == NULL) {
        return lc_alloc(size);
    }
    /* realloc to no bytes would free the block, and NULL would not mean that it failed. */
    return refused() ? NULL : realloc(block, size == 0 ? 1 : size);
}

void *lc_copy(const void *data, size_t len)
{
    char *copy = lc_alloc(len + 1);
    if (copy != NULL) {
        if (len > 0) {
            memcpy(copy, data, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

void lc_free(void *block)
{
    blocks -= block != NULL;
    free(block);
}

void lc_memory_trim(void)
{
    malloc_trim(0);
}

bool lc_memory_take(void)
{
    bool may = !refused();
    blocks += may;
    return may;
}

void lc_memory_give(void)
{
    blocks--;
}

size_t lc_memory_blocks(void)
{
    return blocks;
}

void lc_memory_fail_after(long count)
{
    allowance = count;
}
