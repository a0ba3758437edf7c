/*
 * The items of RequestOptions and ResponseOptions, as the script sees them: in the order they were
 * added, with values as text.
 */
#ifndef LC_COMPONENT_OPTIONLIST_H
#define LC_COMPONENT_OPTIONLIST_H

#include "base/buf.h"
#include "base/error.h"

/* The component's value types: ovtString, ovtUInt, ovtBinary. */
enum lc_value_type { LC_VALUE_STRING, LC_VALUE_UINT, LC_VALUE_BINARY };

/* A CoAPOption; owns its text. All zeroes is the option that CoAPOption() makes. */
struct lc_option_item {
    uint16_t number;
    uint8_t type; /* enum lc_value_type */
    struct lc_buf
        value; /* as the script reads it: decimal digits, lower-case hex, or the string itself */
};

/* Sets the number, and the type when the registry knows it. */
void lc_option_item_set_number(struct lc_option_item *item, uint16_t number);

/* Copies; false: out of memory, nothing changed. */
bool lc_option_item_copy(struct lc_option_item *to, const struct lc_option_item *from);
void lc_option_item_free(struct lc_option_item *item);

/* From the wire: the type of the registry, ovtBinary for unknown numbers. False: memory. */
bool lc_option_item_decode(struct lc_option_item *item, uint16_t number, struct lc_bytes value);

/*
 * To the wire: replaces `out`. 0, 10055, or 701 with a text that names option, value and what would
 * be right (not a decimal number below 2^32, odd or non-hex digits, a length the registry does not
 * allow).
 */
int lc_option_item_encode(
    const struct lc_option_item *item, struct lc_buf *out, struct lc_error *error);

/* Room for a value that has no memory of its own; all zeroes at first, `many` is the caller's to
 * free. */
struct lc_option_room {
    uint8_t few[64];
    struct lc_buf many;
};

/* The same without copying: the value stands in `item` or `room`. Long binary ones need memory. */
int lc_option_item_view(const struct lc_option_item *item, struct lc_option_room *room,
    struct lc_bytes *out_value, struct lc_error *error);

struct lc_option_list {
    struct lc_option_item *items; /* owned; those from `count` on are spare */
    size_t count, cap;
};

/* Copies; `item` is not one of the list's. False: memory. */
bool lc_option_list_add(struct lc_option_list *list, const struct lc_option_item *item);

/* `index` from 0. Memory is kept for the next items by these two. */
void lc_option_list_remove(struct lc_option_list *list, size_t index);
void lc_option_list_clear(struct lc_option_list *list);

void lc_option_list_free(struct lc_option_list *list);

/* Every option of encoded ones except Block1 and Block2 (design: the script never sees blocks).
 * False: memory. */
bool lc_option_list_decode(struct lc_option_list *list, struct lc_bytes encoded);

#endif
