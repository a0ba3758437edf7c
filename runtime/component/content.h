/*
 * The values that Request* and Response* stand for: code, data, content-format, ETag, options. A
 * content is read from a received message until a field is set, so that nothing is converted that
 * no script asks for.
 */
#ifndef LC_COMPONENT_CONTENT_H
#define LC_COMPONENT_CONTENT_H

#include "base/buf.h"
#include "base/error.h"
#include "component/optionlist.h"
#include "component/setting.h"
#include "wire/message.h"

enum lc_content_field {
    LC_HAS_CODE = 1,
    LC_HAS_DATA = 2,
    LC_HAS_FORMAT = 4,
    LC_HAS_ETAG = 8,
    LC_HAS_OPTIONS = 16,
    LC_SHOWS_OPTIONS = 32, /* the list is the message's: never sent again */
};

struct lc_content {
    unsigned refs; /* one per slot that holds it */
    uint8_t set;   /* fields given here; the others are those of `message`, or empty */
    uint8_t code;
    uint8_t etag_len, etag[8];
    int32_t format;                   /* -1: none */
    const struct lc_message *message; /* NULL, a view, or &held */
    struct lc_buf data;
    struct lc_option_list options;
    struct lc_message held;
    struct lc_buf storage; /* what `held` points into */
};

/* A new one with one reference, all fields empty; NULL: memory. */
struct lc_content *lc_content_new(void);

/* For contents that stand in another struct. */
void lc_content_init(struct lc_content *content, const struct lc_message *message);

/* Forgets all fields and the message; keeps the memory for the next use. */
void lc_content_clear(struct lc_content *content);

/* Gives all memory back. */
void lc_content_dispose(struct lc_content *content);

/* Drops a reference; NULL is nothing. */
void lc_content_release(struct lc_content *content);

/* Copies what the message view looks at, so that the content outlives it. False: memory; the
 * message is gone then. */
bool lc_content_hold(struct lc_content *content);

/* A copy with one reference and everything of its own; NULL in gives an empty one. NULL: memory. */
struct lc_content *lc_content_clone(const struct lc_content *content);

/* Readers; `content` may be NULL, which reads as empty. Views. */
uint8_t lc_content_code(const struct lc_content *content);
struct lc_bytes lc_content_data(const struct lc_content *content);
int32_t lc_content_format(const struct lc_content *content);
struct lc_bytes lc_content_etag(const struct lc_content *content);

/* The option list, made from the message on first use; the script may change it. NULL: memory. */
struct lc_option_list *lc_content_options(struct lc_content *content);

/* Whether that list has an option of this number; does not make it. */
bool lc_content_has_option(const struct lc_content *content, uint16_t number);

/*
 * Assign what a row of LC_KIND_CONTENT stands for; the number is for LC_PART_FORMAT, bytes for the
 * others. 0; 707 for a ResponseCode other than "" or "2.00" to "5.31"; 1 for an ETag longer than 8
 * bytes or a format outside -1 to 65535; 10055.
 */
int lc_content_set_bytes(struct lc_content *content, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error);
int lc_content_set_number(struct lc_content *content, const struct lc_setting_row *row,
    double value, struct lc_error *error);

/* Replaces the options; copies. 0 or 10055. */
int lc_content_set_options(struct lc_content *content, const struct lc_option_item *items,
    size_t count, struct lc_error *error);

/* No Response* assigned. An empty list of options does not count: reading the property makes one.
 */
bool lc_content_is_untouched(const struct lc_content *content);

/*
 * Replaces `out` by the encoded options of a message with this content: ETag and Content-Format of
 * the properties, the list's options, and those of `base` (a URI's; may be empty), sorted. 701 when
 * one that may not repeat occurs twice (`response`: ETag is one of those), names an option the
 * component sets itself (Block1, Block2, Observe, Size1, Size2), or has a bad value; 10055.
 */
int lc_content_encode(const struct lc_content *content, bool response, struct lc_bytes base,
    struct lc_buf *out, struct lc_error *error);

#endif
