/* A view of bytes that somebody else owns. */
#ifndef LC_BASE_BYTES_H
#define LC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct lc_bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct lc_bytes lc_bytes(const void *data, size_t len)
{
    return (struct lc_bytes){data, len};
}

static inline struct lc_bytes lc_bytes_text(const char *text)
{
    return lc_bytes(text, strlen(text));
}

static inline bool lc_bytes_equal(struct lc_bytes a, struct lc_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool lc_bytes_is(struct lc_bytes a, const char *text)
{
    return lc_bytes_equal(a, lc_bytes_text(text));
}

#endif
