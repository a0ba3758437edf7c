/* Owned bytes; see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

bool lc_buf_reserve(struct lc_buf *buf, size_t extra)
{
    if (extra <= buf->cap - buf->len) {
        return true;
    }
    if (extra > SIZE_MAX / 4 - buf->len) {
        return false;
    }
    size_t cap = buf->cap < 64 ? 64 : buf->cap * 2;
    if (cap < buf->len + extra) {
        cap = buf->len + extra;
    }
    uint8_t *data = lc_realloc(buf->data, cap);
    if (data == NULL) {
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

bool lc_buf_append(struct lc_buf *buf, const void *data, size_t len)
{
    if (!lc_buf_reserve(buf, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, data, len);
    }
    buf->len += len;
    return true;
}

bool lc_buf_set(struct lc_buf *buf, const void *data, size_t len)
{
    if (len > buf->cap) {
        struct lc_buf fresh = {0};
        if (!lc_buf_append(&fresh, data, len)) {
            return false;
        }
        lc_buf_free(buf);
        *buf = fresh;
        return true;
    }
    if (len > 0) {
        memmove(buf->data, data, len);
    }
    buf->len = len;
    return true;
}

bool lc_buf_printf(struct lc_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !lc_buf_reserve(buf, (size_t)len + 1)) {
        return false;
    }
    va_start(args, format);
    vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return true;
}

void lc_buf_free(struct lc_buf *buf)
{
    lc_free(buf->data);
    *buf = (struct lc_buf){0};
}

void lc_buf_wipe(struct lc_buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->cap);
    }
    lc_buf_free(buf);
}
