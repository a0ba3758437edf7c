/* "Did you mean": the name that a mistyped one was most likely meant to be. */
#ifndef LC_BINDINGS_SUGGEST_H
#define LC_BINDINGS_SUGGEST_H

#include <stddef.h>

/*
 * The nearest of `names`, or NULL when none is near: at most a third of the letters, and never more
 * than three, were left out, added, replaced or swapped with their neighbour. Letters that differ
 * in case alone count as equal, unless two names are equally near.
 */
const char *lc_suggest(const char *name, const char *const *names, size_t count);

#endif
