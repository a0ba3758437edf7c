/* A growing run of bytes that owns its memory. All zeroes is a valid empty buffer. */
#ifndef LC_BASE_BUF_H
#define LC_BASE_BUF_H

#include "base/bytes.h"

struct lc_buf {
    uint8_t *data;
    size_t len, cap;
};

/* Makes room for `extra` more bytes after the present ones. False: out of memory, nothing changed.
 */
bool lc_buf_reserve(struct lc_buf *buf, size_t extra);

bool lc_buf_append(struct lc_buf *buf, const void *data, size_t len);

/* Replaces the content; `data` may be part of the buffer itself. */
bool lc_buf_set(struct lc_buf *buf, const void *data, size_t len);

bool lc_buf_printf(struct lc_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Keeps the memory for the next use. */
static inline void lc_buf_clear(struct lc_buf *buf)
{
    buf->len = 0;
}

/* Gives the memory back; the buffer is empty and usable again. */
void lc_buf_free(struct lc_buf *buf);

/* The same for what nobody may find in free memory: keys, passwords. */
void lc_buf_wipe(struct lc_buf *buf);

static inline struct lc_bytes lc_buf_bytes(const struct lc_buf *buf)
{
    return lc_bytes(buf->data, buf->len);
}

#endif
