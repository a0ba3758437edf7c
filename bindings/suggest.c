/* Edit distance (optimal string alignment) over short names; see suggest.h. */
#include "bindings/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 63, MOST_EDITS = 3 };

static int lower(char c)
{
    return tolower((unsigned char)c);
}

static bool same(char a, char b, bool exact)
{
    return exact ? a == b : lower(a) == lower(b);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Fills the row of a[i - 1] from the two above it. */
static void fill_row(
    unsigned rows[3][LONGEST + 1], size_t i, const char *a, const char *b, size_t b_len, bool exact)
{
    unsigned *row = rows[i % 3];
    const unsigned *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b_len; j++) {
        unsigned replaced = above[j - 1] + !same(a[i - 1], b[j - 1], exact);
        row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
        if (i > 1 && j > 1 && same(a[i - 1], b[j - 2], exact) && same(a[i - 2], b[j - 1], exact)) {
            row[j] = least(row[j], above_that[j - 2] + 1);
        }
    }
}

/* Both lengths are at most LONGEST. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len, bool exact)
{
    unsigned rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        fill_row(rows, i, a, b, b_len, exact);
    }
    return rows[a_len % 3][b_len];
}

static unsigned allowed_edits(size_t len)
{
    return len < 6 ? 1 : least((unsigned)(len / 3), MOST_EDITS);
}

const char *lc_suggest(const char *name, const char *const *names, size_t count)
{
    size_t len = strlen(name);
    if (len == 0 || len > LONGEST) {
        return NULL;
    }
    const char *nearest = NULL;
    unsigned best = least(allowed_edits(len), (unsigned)len - 1), best_exact = LONGEST + 1;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(names[i]);
        if (other > LONGEST || other > len + best || len > other + best) {
            continue;
        }
        unsigned edits = distance(name, len, names[i], other, false);
        if (edits > best) {
            continue;
        }
        unsigned exact = distance(name, len, names[i], other, true);
        if (edits < best || exact < best_exact) {
            nearest = names[i];
            best = edits;
            best_exact = exact;
        }
    }
    return nearest;
}
