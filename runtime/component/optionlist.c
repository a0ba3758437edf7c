/* Options as the script sees them; see optionlist.h. */
#include "component/optionlist.h"

#include <stdio.h>

#include "base/memory.h"
#include "wire/option.h"
#include "wire/registry.h"

/* ---- One option ------------------------------------------------------------------------------ */

static uint8_t type_of(const struct lc_option_row *row)
{
    switch (row->format) {
    case LC_FORMAT_STRING:
        return LC_VALUE_STRING;
    case LC_FORMAT_UINT:
        return LC_VALUE_UINT;
    default:
        return LC_VALUE_BINARY;
    }
}

void lc_option_item_set_number(struct lc_option_item *item, uint16_t number)
{
    const struct lc_option_row *row = lc_option_row(number);
    item->number = number;
    if (row != NULL) {
        item->type = type_of(row);
    }
}

bool lc_option_item_copy(struct lc_option_item *to, const struct lc_option_item *from)
{
    if (!lc_buf_set(&to->value, from->value.data, from->value.len)) {
        return false;
    }
    to->number = from->number;
    to->type = from->type;
    return true;
}

void lc_option_item_free(struct lc_option_item *item)
{
    lc_buf_free(&item->value);
    *item = (struct lc_option_item){0};
}

/* ---- From the wire --------------------------------------------------------------------------- */

static bool append_hex(struct lc_buf *out, struct lc_bytes value)
{
    static const char digits[] = "0123456789abcdef";
    if (!lc_buf_reserve(out, value.len * 2)) {
        return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        out->data[out->len++] = (uint8_t)digits[value.data[i] >> 4];
        out->data[out->len++] = (uint8_t)digits[value.data[i] & 15];
    }
    return true;
}

bool lc_option_item_decode(struct lc_option_item *item, uint16_t number, struct lc_bytes value)
{
    const struct lc_option_row *row = lc_option_row(number);
    uint32_t integer;
    item->number = number;
    item->type = row == NULL ? LC_VALUE_BINARY : type_of(row);
    if (item->type == LC_VALUE_UINT && !lc_uint_read(value, &integer)) {
        /* Too long for a number: shown as it is. */
        item->type = LC_VALUE_BINARY;
    }
    lc_buf_clear(&item->value);
    switch (item->type) {
    case LC_VALUE_UINT:
        return lc_buf_printf(&item->value, "%lu", (unsigned long)integer);
    case LC_VALUE_BINARY:
        return append_hex(&item->value, value);
    default:
        return lc_buf_append(&item->value, value.data, value.len);
    }
}

/* ---- To the wire ----------------------------------------------------------------------------- */

/* What an error calls the option: "Uri-Port", or "option 65000". */
static const char *name_of(const struct lc_option_item *item, char room[16])
{
    const struct lc_option_row *row = lc_option_row(item->number);
    if (row != NULL) {
        return row->name;
    }
    snprintf(room, 16, "option %u", (unsigned)item->number);
    return room;
}

static int fail(const struct lc_option_item *item, const char *takes, struct lc_error *error)
{
    char room[16];
    int shown = item->value.len > 40 ? 40 : (int)item->value.len;
    return lc_fail(error, LC_ERROR_OPTION, "%s takes %s, not '%.*s%s'", name_of(item, room), takes,
        shown, shown == 0 ? "" : (const char *)item->value.data,
        (size_t)shown < item->value.len ? "..." : "");
}

static bool read_decimal(struct lc_bytes text, uint32_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > UINT32_MAX) {
            return false;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    *out = (uint32_t)value;
    return text.len > 0 && value <= UINT32_MAX;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct lc_bytes text, uint8_t *out)
{
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return text.len % 2 == 0;
}

/* The lengths that the option's RFC allows, in words that suit its format. */
static int check_length(const struct lc_option_item *item, size_t len, struct lc_error *error)
{
    const struct lc_option_row *row = lc_option_row(item->number);
    size_t min = row == NULL ? 0 : row->min_len, max = row == NULL ? 65535 : row->max_len;
    if (len >= min && len <= max) {
        return LC_OK;
    }
    char takes[48];
    if (item->type == LC_VALUE_UINT && max < 4) {
        snprintf(takes, sizeof takes, "%d to %lu", min > 0, (1ul << (8 * max)) - 1);
    } else if (max == 0) {
        snprintf(takes, sizeof takes, "no value");
    } else {
        snprintf(takes, sizeof takes, "%zu to %zu bytes", min, max);
    }
    return fail(item, takes, error);
}

static int view_hex(const struct lc_option_item *item, struct lc_option_room *room,
    struct lc_bytes *out_value, struct lc_error *error)
{
    struct lc_bytes text = lc_buf_bytes(&item->value);
    uint8_t *bytes = room->few;
    if (text.len / 2 > sizeof room->few) {
        if (!lc_buf_reserve(&room->many, text.len / 2)) {
            return lc_fail_memory(error);
        }
        bytes = room->many.data;
    }
    if (!read_hex(text, bytes)) {
        return fail(item, "pairs of hex digits", error);
    }
    *out_value = lc_bytes(bytes, text.len / 2);
    return LC_OK;
}

int lc_option_item_view(const struct lc_option_item *item, struct lc_option_room *room,
    struct lc_bytes *out_value, struct lc_error *error)
{
    struct lc_bytes text = lc_buf_bytes(&item->value);
    uint32_t integer;
    int code;
    if (item->number == 0) {
        return lc_fail(error, LC_ERROR_OPTION, "an option takes a Number from 1 to 65535, not 0");
    }
    switch (item->type) {
    case LC_VALUE_UINT:
        if (!read_decimal(text, &integer)) {
            return fail(item, "a decimal number from 0 to 4294967295", error);
        }
        *out_value = lc_bytes(room->few, lc_uint_write(room->few, integer));
        break;
    case LC_VALUE_BINARY:
        code = view_hex(item, room, out_value, error);
        if (code != LC_OK) {
            return code;
        }
        break;
    default:
        *out_value = text;
    }
    return check_length(item, out_value->len, error);
}

int lc_option_item_encode(
    const struct lc_option_item *item, struct lc_buf *out, struct lc_error *error)
{
    struct lc_option_room room;
    room.many = (struct lc_buf){0};
    struct lc_bytes value;
    int code = lc_option_item_view(item, &room, &value, error);
    if (code == LC_OK && !lc_buf_set(out, value.data, value.len)) {
        code = lc_fail_memory(error);
    }
    lc_buf_free(&room.many);
    return code;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

/* The place behind the last item, whose text buffer may be one that was used before. NULL: memory.
 */
static struct lc_option_item *next_place(struct lc_option_list *list)
{
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 4 : list->cap * 2;
        struct lc_option_item *items = lc_realloc(list->items, cap * sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        memset(items + list->cap, 0, (cap - list->cap) * sizeof *items);
        list->items = items;
        list->cap = cap;
    }
    return &list->items[list->count];
}

bool lc_option_list_add(struct lc_option_list *list, const struct lc_option_item *item)
{
    struct lc_option_item *place = next_place(list);
    if (place == NULL || !lc_option_item_copy(place, item)) {
        return false;
    }
    list->count++;
    return true;
}

void lc_option_list_remove(struct lc_option_list *list, size_t index)
{
    struct lc_option_item removed = list->items[index];
    list->count--;
    memmove(&list->items[index], &list->items[index + 1],
        (list->count - index) * sizeof list->items[0]);
    list->items[list->count] = removed;
}

void lc_option_list_clear(struct lc_option_list *list)
{
    list->count = 0;
}

void lc_option_list_free(struct lc_option_list *list)
{
    for (size_t i = 0; i < list->cap; i++) {
        lc_option_item_free(&list->items[i]);
    }
    lc_free(list->items);
    *list = (struct lc_option_list){0};
}

bool lc_option_list_decode(struct lc_option_list *list, struct lc_bytes encoded)
{
    struct lc_option_walk walk = lc_option_walk(encoded);
    struct lc_option option;
    while (lc_option_next(&walk, &option)) {
        if (option.number == LC_BLOCK1 || option.number == LC_BLOCK2) {
            continue;
        }
        struct lc_option_item *place = next_place(list);
        if (place == NULL || !lc_option_item_decode(place, option.number, option.value)) {
            return false;
        }
        list->count++;
    }
    return true;
}
