/* Shared bodies; see body.h. */
#include "request/body.h"

#include "base/memory.h"

struct lc_body *lc_body_new(struct lc_bytes content)
{
    struct lc_body *body = lc_alloc(sizeof *body + content.len);
    if (body == NULL) {
        return NULL;
    }
    body->references = 1;
    body->len = content.len;
    if (content.len > 0) {
        memcpy(body->data, content.data, content.len);
    }
    return body;
}

struct lc_body *lc_body_share(struct lc_body *body)
{
    body->references++;
    return body;
}

void lc_body_release(struct lc_body *body)
{
    if (body != NULL && --body->references == 0) {
        lc_free(body);
    }
}
