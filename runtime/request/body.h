/* A body that never changes, shared by everybody who still has blocks of it to send. */
#ifndef LC_REQUEST_BODY_H
#define LC_REQUEST_BODY_H

#include "base/bytes.h"

struct lc_body {
    size_t references, len;
    uint8_t data[];
};

/* A copy with one reference. NULL: out of memory. */
struct lc_body *lc_body_new(struct lc_bytes content);

/* One reference more; returns `body`. */
struct lc_body *lc_body_share(struct lc_body *body);

/* One reference less; the last one frees it. NULL does nothing. */
void lc_body_release(struct lc_body *body);

/* A view of the content; empty for NULL. */
static inline struct lc_bytes lc_body_bytes(const struct lc_body *body)
{
    return body == NULL ? lc_bytes(NULL, 0) : lc_bytes(body->data, body->len);
}

#endif
