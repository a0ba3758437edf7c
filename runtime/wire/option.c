/* Encoded options: the scan of a received message, the walk of a validated one, and a sorted list
 * that can be changed. */
#include "wire/option.h"

#include "wire/code.h"

enum { MARKER = 0xff };

/* A nibble of 13 stands for one more byte, 14 for two, 15 is reserved (RFC 7252 3.1). */
static bool extend(const uint8_t **at, const uint8_t *end, uint32_t *nibble)
{
    const uint8_t *p = *at;
    if (*nibble == 13 && end - p >= 1) {
        *nibble = 13u + p[0];
        *at = p + 1;
        return true;
    }
    if (*nibble == 14 && end - p >= 2) {
        *nibble = 269u + (uint32_t)(p[0] << 8 | p[1]);
        *at = p + 2;
        return true;
    }
    return false;
}

bool lc_options_scan(const uint8_t **at, const uint8_t *end, uint64_t *out_present)
{
    const uint8_t *p = *at;
    uint64_t present = 0;
    uint32_t number = 0;
    while (p < end && *p != MARKER) {
        uint32_t delta = *p >> 4, len = *p & 15u;
        p++;
        if ((delta > 12 && !extend(&p, end, &delta)) || (len > 12 && !extend(&p, end, &len))) {
            return false;
        }
        number += delta;
        if (number > UINT16_MAX || len > (size_t)(end - p)) {
            return false;
        }
        present |= (uint64_t)1 << (number < 64 ? number : 0);
        p += len;
    }
    *at = p;
    *out_present = present;
    return true;
}

bool lc_options_valid(struct lc_bytes encoded)
{
    const uint8_t *at = encoded.data, *end = encoded.data + encoded.len;
    uint64_t present;
    return lc_options_scan(&at, end, &present) && at == end;
}

bool lc_option_next(struct lc_option_walk *walk, struct lc_option *out_option)
{
    const uint8_t *p = walk->at;
    if (p == walk->end) {
        return false;
    }
    uint32_t delta = *p >> 4, len = *p & 15u;
    p++;
    if (delta > 12) {
        extend(&p, walk->end, &delta);
    }
    if (len > 12) {
        extend(&p, walk->end, &len);
    }
    walk->number = (uint16_t)(walk->number + delta);
    *out_option = (struct lc_option){walk->number, {p, len}};
    walk->at = p + len;
    return true;
}

bool lc_option_find(struct lc_bytes encoded, uint16_t number, struct lc_bytes *out_value)
{
    struct lc_option_walk walk = lc_option_walk(encoded);
    struct lc_option option;
    while (lc_option_next(&walk, &option) && option.number <= number) {
        if (option.number == number) {
            *out_value = option.value;
            return true;
        }
    }
    return false;
}

bool lc_message_option(
    const struct lc_message *message, uint16_t number, struct lc_bytes *out_value)
{
    uint64_t bit = (uint64_t)1 << (number < 64 ? number : 0);
    return (message->present & bit) != 0 && lc_option_find(message->options, number, out_value);
}

bool lc_message_uint(const struct lc_message *message, uint16_t number, uint32_t *out_value)
{
    struct lc_bytes value;
    return lc_message_option(message, number, &value) && lc_uint_read(value, out_value);
}

bool lc_message_is_idempotent(const struct lc_message *request)
{
    const uint64_t conditions = 1ull << LC_IF_MATCH | 1ull << LC_IF_NONE_MATCH;
    return lc_method_is_idempotent(request->code) && (request->present & conditions) == 0;
}

bool lc_uint_read(struct lc_bytes value, uint32_t *out_value)
{
    if (value.len > 4) {
        return false;
    }
    uint32_t number = 0;
    for (size_t i = 0; i < value.len; i++) {
        number = number << 8 | value.data[i];
    }
    *out_value = number;
    return true;
}

size_t lc_uint_write(uint8_t out[4], uint32_t value)
{
    size_t len = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        if (len > 0 || byte != 0) {
            out[len++] = byte;
        }
    }
    return len;
}

/* The nibble for a delta or a length; what it leaves over goes to *out, two bytes at most. */
static uint8_t put_nibble(uint8_t **out, uint32_t value)
{
    if (value < 13) {
        return (uint8_t)value;
    }
    if (value < 269) {
        *(*out)++ = (uint8_t)(value - 13);
        return 13;
    }
    *(*out)++ = (uint8_t)((value - 269) >> 8);
    *(*out)++ = (uint8_t)(value - 269);
    return 14;
}

size_t lc_option_head(uint8_t *out, uint16_t delta, size_t value_len)
{
    uint8_t *at = out + 1;
    uint8_t high = put_nibble(&at, delta);
    uint8_t low = put_nibble(&at, (uint32_t)value_len);
    out[0] = (uint8_t)(high << 4 | low);
    return (size_t)(at - out);
}

/* A gap between two options of a list, and the option behind it, whose delta has to change. */
struct gap {
    uint8_t *at;
    uint16_t before; /* number of the option in front, 0 for none */
    bool has_next;
    struct lc_option next;
};

/* The gap in front of the first option whose number is `number` or more. */
static struct gap find_gap(const struct lc_buf *encoded, uint32_t number)
{
    struct lc_option_walk walk = lc_option_walk(lc_buf_bytes(encoded));
    struct gap gap = {.at = encoded->data};
    while (lc_option_next(&walk, &gap.next)) {
        if (gap.next.number >= number) {
            gap.has_next = true;
            break;
        }
        gap.at = encoded->data + (walk.at - encoded->data);
        gap.before = gap.next.number;
    }
    return gap;
}

bool lc_options_add(struct lc_buf *encoded, uint16_t number, struct lc_bytes value)
{
    /* The head of the next option never grows, since its delta gets smaller. */
    if (value.len > LC_OPTION_VALUE_MAX ||
        !lc_buf_reserve(encoded, LC_OPTION_HEAD_MAX + value.len)) {
        return false;
    }
    struct gap gap = find_gap(encoded, number + 1u);
    uint8_t head[LC_OPTION_HEAD_MAX], next_head[LC_OPTION_HEAD_MAX] = {0};
    size_t head_len = lc_option_head(head, (uint16_t)(number - gap.before), value.len);
    size_t next_len = 0;
    const uint8_t *tail = gap.at;
    if (gap.has_next) {
        next_len =
            lc_option_head(next_head, (uint16_t)(gap.next.number - number), gap.next.value.len);
        tail = gap.next.value.data;
    }
    size_t tail_len = (size_t)(encoded->data + encoded->len - tail);
    uint8_t *to = gap.at + head_len + value.len + next_len;
    if (tail_len > 0) {
        memmove(to, tail, tail_len);
    }
    memcpy(gap.at, head, head_len);
    if (value.len > 0) {
        memcpy(gap.at + head_len, value.data, value.len);
    }
    memcpy(gap.at + head_len + value.len, next_head, next_len);
    encoded->len = (size_t)(to - encoded->data) + tail_len;
    return true;
}

bool lc_options_add_uint(struct lc_buf *encoded, uint16_t number, uint32_t value)
{
    uint8_t bytes[4];
    size_t len = lc_uint_write(bytes, value);
    return lc_options_add(encoded, number, lc_bytes(bytes, len));
}

void lc_options_remove(struct lc_buf *encoded, uint16_t number)
{
    struct gap from = find_gap(encoded, number);
    if (!from.has_next || from.next.number != number) {
        return;
    }
    struct gap to = find_gap(encoded, number + 1u);
    if (!to.has_next) {
        encoded->len = (size_t)(from.at - encoded->data);
        return;
    }
    /* The new head is never longer than the old one and the head of what is removed. */
    uint8_t head[LC_OPTION_HEAD_MAX];
    size_t head_len =
        lc_option_head(head, (uint16_t)(to.next.number - from.before), to.next.value.len);
    const uint8_t *tail = to.next.value.data;
    size_t tail_len = (size_t)(encoded->data + encoded->len - tail);
    memmove(from.at + head_len, tail, tail_len);
    memcpy(from.at, head, head_len);
    encoded->len = (size_t)(from.at - encoded->data) + head_len + tail_len;
}
