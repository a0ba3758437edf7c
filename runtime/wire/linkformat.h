/* CoRE Link Format (RFC 6690): reading, writing, and filtering by query. */
#ifndef LC_WIRE_LINKFORMAT_H
#define LC_WIRE_LINKFORMAT_H

#include "base/buf.h"
#include "base/error.h"

/* One link-param; a view. A quoted value is without its quotes, escapes untouched. */
struct lc_link_param {
    struct lc_bytes name, value;
    bool has_value, quoted;
};

/* One link; a view. `rest` holds its parameters as text, for lc_link_param_next(). */
struct lc_link {
    struct lc_bytes target, rest;
};

/* Reads the next link of `text` at *offset, its parameters checked. 1: one was read, 0: the end,
 * -1: malformed, *offset says where. White space around the separators is skipped. */
int lc_link_next(struct lc_bytes text, size_t *offset, struct lc_link *out_link);

/* Reads the next parameter, moving `rest` on. The same results. */
int lc_link_param_next(struct lc_bytes *rest, struct lc_link_param *out_param);

/* Unescapes a quoted value into `out`. False: memory. */
bool lc_link_unescape(struct lc_buf *out, struct lc_bytes value);

/*
 * Begins a link, behind a comma when `out` is not empty; adds a parameter to it. The value is taken
 * as it is meant and comes out escaped, in quotes when `quoted` says so or when its characters or
 * the parameter's grammar ask for them. False: memory, or a name that is none.
 */
bool lc_link_begin(struct lc_buf *out, struct lc_bytes target);
bool lc_link_param(struct lc_buf *out, const struct lc_link_param *param);

/*
 * Whether a link passes a filter "name=value" (RFC 6690 4.1): "href" means the target, a value
 * ending in "*" matches as a prefix, rel, rev, rt, if and ct hold space-separated lists of which
 * one must match. A name alone asks for its presence.
 */
bool lc_link_matches(const struct lc_link *link, struct lc_bytes filter);

/* Appends those links of `text` that pass, as they are written there. False: memory or malformed
 * text. */
bool lc_link_filter(struct lc_buf *out, struct lc_bytes text, struct lc_bytes filter);

#endif
