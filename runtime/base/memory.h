/*
 * The one way to the heap for the runtime, so that specs can count blocks and make allocations
 * fail. Every function may return NULL; callers report it or drop what they were doing.
 */
#ifndef LC_BASE_MEMORY_H
#define LC_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *lc_alloc(size_t size);
void *lc_zalloc(size_t size);

/* Like realloc: on failure the old block stays as it was. */
void *lc_realloc(void *block, size_t size);

/* A copy of `len` bytes, followed by a zero byte. */
void *lc_copy(const void *data, size_t len);

void lc_free(void *block);

/* Gives pages between blocks back to the system, some microseconds for each gap. free() by itself
 * does so at the end of the heap only. */
void lc_memory_trim(void);

/* For who cuts up blocks by himself (pool.h): each piece counts as one. False: it is to fail. */
bool lc_memory_take(void);
void lc_memory_give(void);

/* Blocks that are allocated now. */
size_t lc_memory_blocks(void);

/* For specs: let `count` more allocations succeed, then fail all; a negative count lifts the limit.
 */
void lc_memory_fail_after(long count);

#endif
