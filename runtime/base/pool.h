/*
 * Small blocks that live long, packed side by side. Where each session takes tens of kilobytes for
 * a while and keeps a few small blocks, these must not lie between the large ones: a page goes back
 * to the system only when nothing at all is left in it.
 */
#ifndef LC_BASE_POOL_H
#define LC_BASE_POOL_H

#include <stddef.h>

/* Like lc_zalloc(); longer than a kilobyte it is that. NULL: memory. */
void *lc_pool_zalloc(size_t size);

/* NULL is let through. */
void lc_pool_free(void *block);

#endif
