/* Contents of messages; see content.h. */
#include "component/content.h"

#include "base/memory.h"
#include "wire/code.h"
#include "wire/option.h"
#include "wire/registry.h"

enum { ETAG_MAX = 8 }; /* RFC 7252 5.10 */

/* ---- Life ------------------------------------------------------------------------------------ */

struct lc_content *lc_content_new(void)
{
    struct lc_content *content = lc_alloc(sizeof *content);
    if (content != NULL) {
        lc_content_init(content, NULL);
    }
    return content;
}

void lc_content_init(struct lc_content *content, const struct lc_message *message)
{
    *content = (struct lc_content){.refs = 1, .format = -1, .message = message};
}

void lc_content_clear(struct lc_content *content)
{
    content->set = 0;
    content->message = NULL;
    lc_buf_clear(&content->data);
    lc_option_list_clear(&content->options);
    lc_buf_clear(&content->storage);
}

void lc_content_dispose(struct lc_content *content)
{
    lc_buf_free(&content->data);
    lc_option_list_free(&content->options);
    lc_buf_free(&content->storage);
    lc_content_init(content, NULL);
}

void lc_content_release(struct lc_content *content)
{
    if (content != NULL && --content->refs == 0) {
        lc_content_dispose(content);
        lc_free(content);
    }
}

/* Copies what the message looks at into the content's own storage. False: memory. */
static bool keep(struct lc_content *content, const struct lc_message *message)
{
    struct lc_buf *storage = &content->storage;
    size_t len = message->token.len + message->options.len + message->payload.len;
    lc_buf_clear(storage);
    if (!lc_buf_reserve(storage, len)) {
        content->message = NULL;
        return false;
    }
    lc_buf_append(storage, message->token.data, message->token.len);
    lc_buf_append(storage, message->options.data, message->options.len);
    lc_buf_append(storage, message->payload.data, message->payload.len);
    struct lc_message *held = &content->held;
    *held = *message;
    held->token.data = storage->data;
    held->options.data = held->token.data + held->token.len;
    held->payload.data = held->options.data + held->options.len;
    content->message = held;
    return true;
}

bool lc_content_hold(struct lc_content *content)
{
    if (content->message == NULL || content->message == &content->held) {
        return true;
    }
    return keep(content, content->message);
}

static bool copy_options(
    struct lc_option_list *to, const struct lc_option_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!lc_option_list_add(to, &items[i])) {
            return false;
        }
    }
    return true;
}

struct lc_content *lc_content_clone(const struct lc_content *content)
{
    struct lc_content *clone = lc_content_new();
    if (clone == NULL || content == NULL) {
        return clone;
    }
    clone->set = content->set;
    clone->code = content->code;
    clone->etag_len = content->etag_len;
    memcpy(clone->etag, content->etag, sizeof clone->etag);
    clone->format = content->format;
    bool done = lc_buf_append(&clone->data, content->data.data, content->data.len) &&
                copy_options(&clone->options, content->options.items, content->options.count) &&
                (content->message == NULL || keep(clone, content->message));
    if (!done) {
        lc_content_release(clone);
        return NULL;
    }
    return clone;
}

/* ---- Reading --------------------------------------------------------------------------------- */

uint8_t lc_content_code(const struct lc_content *content)
{
    if (content == NULL) {
        return 0;
    }
    if (content->set & LC_HAS_CODE) {
        return content->code;
    }
    return content->message == NULL ? 0 : content->message->code;
}

struct lc_bytes lc_content_data(const struct lc_content *content)
{
    if (content == NULL) {
        return lc_bytes(NULL, 0);
    }
    if (content->set & LC_HAS_DATA) {
        return lc_buf_bytes(&content->data);
    }
    return content->message == NULL ? lc_bytes(NULL, 0) : content->message->payload;
}

int32_t lc_content_format(const struct lc_content *content)
{
    uint32_t format;
    if (content == NULL) {
        return -1;
    }
    if (content->set & LC_HAS_FORMAT) {
        return content->format;
    }
    bool there = content->message != NULL &&
                 lc_message_uint(content->message, LC_CONTENT_FORMAT, &format) && format <= 65535;
    return there ? (int32_t)format : -1;
}

struct lc_bytes lc_content_etag(const struct lc_content *content)
{
    struct lc_bytes etag;
    if (content == NULL) {
        return lc_bytes(NULL, 0);
    }
    if (content->set & LC_HAS_ETAG) {
        return lc_bytes(content->etag, content->etag_len);
    }
    bool there = content->message != NULL && lc_message_option(content->message, LC_ETAG, &etag);
    return there ? etag : lc_bytes(NULL, 0);
}

struct lc_option_list *lc_content_options(struct lc_content *content)
{
    if (content->message == NULL || content->set & (LC_HAS_OPTIONS | LC_SHOWS_OPTIONS)) {
        return &content->options;
    }
    lc_option_list_clear(&content->options);
    if (!lc_option_list_decode(&content->options, content->message->options)) {
        return NULL;
    }
    content->set |= LC_SHOWS_OPTIONS;
    return &content->options;
}

bool lc_content_has_option(const struct lc_content *content, uint16_t number)
{
    struct lc_bytes value;
    if (content == NULL) {
        return false;
    }
    if (content->message != NULL && !(content->set & (LC_HAS_OPTIONS | LC_SHOWS_OPTIONS))) {
        return number != LC_BLOCK1 && number != LC_BLOCK2 &&
               lc_message_option(content->message, number, &value);
    }
    for (size_t i = 0; i < content->options.count; i++) {
        if (content->options.items[i].number == number) {
            return true;
        }
    }
    return false;
}

bool lc_content_is_untouched(const struct lc_content *content)
{
    return content == NULL || ((content->set & ~(LC_HAS_OPTIONS | LC_SHOWS_OPTIONS)) == 0 &&
                                  (content->options.count == 0 || content->set & LC_SHOWS_OPTIONS));
}

/* ---- Assigning ------------------------------------------------------------------------------- */

static int set_code(struct lc_content *content, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error)
{
    int code = value.len == 0 ? 0 : lc_code_parse(value);
    if (code < 0) {
        return lc_fail(error, LC_ERROR_RESPONSE_CODE, "%s takes %s, not '%.*s'", row->name,
            row->takes, value.len > 40 ? 40 : (int)value.len, (const char *)value.data);
    }
    content->code = (uint8_t)code;
    content->set |= LC_HAS_CODE;
    return LC_OK;
}

static int set_etag(struct lc_content *content, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error)
{
    if (value.len > ETAG_MAX) {
        return lc_fail(
            error, LC_ERROR_USAGE, "%s takes %s, not %zu", row->name, row->takes, value.len);
    }
    if (value.len > 0) {
        memcpy(content->etag, value.data, value.len);
    }
    content->etag_len = (uint8_t)value.len;
    content->set |= LC_HAS_ETAG;
    return LC_OK;
}

int lc_content_set_bytes(struct lc_content *content, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error)
{
    switch (row->part) {
    case LC_PART_CODE:
        return set_code(content, row, value, error);
    case LC_PART_ETAG:
        return set_etag(content, row, value, error);
    case LC_PART_DATA:
        if (!lc_buf_set(&content->data, value.data, value.len)) {
            return lc_fail_memory(error);
        }
        content->set |= LC_HAS_DATA;
        return LC_OK;
    default:
        return lc_setting_fail_value(row, value, error);
    }
}

int lc_content_set_number(struct lc_content *content, const struct lc_setting_row *row,
    double value, struct lc_error *error)
{
    int code = lc_setting_check_number(row, value, error);
    if (code == LC_OK) {
        content->format = (int32_t)value;
        content->set |= LC_HAS_FORMAT;
    }
    return code;
}

int lc_content_set_options(struct lc_content *content, const struct lc_option_item *items,
    size_t count, struct lc_error *error)
{
    struct lc_option_list fresh = {0};
    if (!copy_options(&fresh, items, count)) {
        lc_option_list_free(&fresh);
        return lc_fail_memory(error);
    }
    lc_option_list_free(&content->options);
    content->options = fresh;
    content->set = (uint8_t)((content->set & ~LC_SHOWS_OPTIONS) | LC_HAS_OPTIONS);
    return LC_OK;
}

/* ---- Encoding -------------------------------------------------------------------------------- */

/* Only the engine knows what these must say at any moment (RFC 7641, RFC 7959). */
static bool is_engines(uint16_t number)
{
    switch (number) {
    case LC_OBSERVE:
    case LC_BLOCK1:
    case LC_BLOCK2:
    case LC_SIZE1:
    case LC_SIZE2:
        return true;
    default:
        return false;
    }
}

/* RFC 7252 5.10.6: ETag repeats in requests, never in a response. */
static bool may_repeat(uint16_t number, bool response)
{
    const struct lc_option_row *row = lc_option_row(number);
    return row == NULL || (row->repeatable && !(response && number == LC_ETAG));
}

static int check_place(
    uint16_t number, bool response, const struct lc_buf *out, struct lc_error *error)
{
    struct lc_bytes other;
    const struct lc_option_row *row = lc_option_row(number);
    if (is_engines(number)) {
        return lc_fail(
            error, LC_ERROR_OPTION, "%s is set by the component, leave it out", row->name);
    }
    if (!may_repeat(number, response) && lc_option_find(lc_buf_bytes(out), number, &other)) {
        return lc_fail(error, LC_ERROR_OPTION,
            "%s is there already and may not repeat: set it once, as a property or as an option",
            row->name);
    }
    return LC_OK;
}

static int add_items(const struct lc_option_list *list, bool response, struct lc_buf *out,
    struct lc_option_room *room, struct lc_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct lc_option_item *item = &list->items[i];
        struct lc_bytes value;
        int code = check_place(item->number, response, out, error);
        if (code == LC_OK) {
            code = lc_option_item_view(item, room, &value, error);
        }
        if (code != LC_OK) {
            return code;
        }
        if (!lc_options_add(out, item->number, value)) {
            return lc_fail_memory(error);
        }
    }
    return LC_OK;
}

int lc_content_encode(const struct lc_content *content, bool response, struct lc_bytes base,
    struct lc_buf *out, struct lc_error *error)
{
    struct lc_bytes etag = lc_content_etag(content);
    int32_t format = lc_content_format(content);
    lc_buf_clear(out);
    if (!lc_buf_append(out, base.data, base.len) ||
        (etag.len > 0 && !lc_options_add(out, LC_ETAG, etag)) ||
        (format >= 0 && !lc_options_add_uint(out, LC_CONTENT_FORMAT, (uint32_t)format))) {
        return lc_fail_memory(error);
    }
    if (content == NULL || content->set & LC_SHOWS_OPTIONS) {
        return LC_OK;
    }
    struct lc_option_room room;
    room.many = (struct lc_buf){0};
    int code = add_items(&content->options, response, out, &room, error);
    lc_buf_free(&room.many);
    return code;
}
