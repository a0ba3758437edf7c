/* Reading faults word by word; see fault_text.h. */
#include "component/fault_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/code.h"
#include "wire/message.h"

/* Conditions and amounts that an action may have. */
enum {
    ANY_ACTION = (1 << LC_FAULT_ACTIONS) - 1,
    DELAYING = 1 << LC_FAULT_DELAY | 1 << LC_FAULT_REORDER,
};

static const double LONGEST = 1e9; /* seconds; so long, and longer, is a mistake */

/* A word "NAME=VALUE" that reads its value into the fault; false: it is not what it takes. */
struct word {
    const char *name;
    unsigned actions; /* bits */
    bool (*read)(struct lc_bytes value, struct lc_fault *fault);
    const char *takes;
};

static const char *const actions[LC_FAULT_ACTIONS] = {
    "drop", "duplicate", "delay", "reorder", "corrupt", "truncate", "limit", "restart", "rebind"};

/* ---- Values ---- */

/* Digits with at most one point, and nothing after them. */
static bool read_number(struct lc_bytes text, double *out)
{
    char digits[24];
    if (text.len == 0 || text.len >= sizeof digits) {
        return false;
    }
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    char *end;
    *out = strtod(digits, &end);
    return strspn(digits, "0123456789.") == text.len && end == digits + text.len;
}

/* "2", "2-5" or "2-". */
static bool read_range(struct lc_bytes text, struct lc_range *out)
{
    const uint8_t *dash = text.len == 0 ? NULL : memchr(text.data, '-', text.len);
    if (dash == NULL) {
        return read_number(text, &out->low) && read_number(text, &out->high);
    }
    size_t low = (size_t)(dash - text.data);
    struct lc_bytes high = lc_bytes(dash + 1, text.len - low - 1);
    out->high = INFINITY;
    return read_number(lc_bytes(text.data, low), &out->low) &&
           (high.len == 0 || read_number(high, &out->high)) && out->low <= out->high;
}

static bool is_count(const struct lc_range *range, double from)
{
    return range->low >= from && floor(range->low) == range->low &&
           (range->high == INFINITY || floor(range->high) == range->high);
}

static bool read_chance(struct lc_bytes value, struct lc_fault *fault)
{
    bool percent = value.len > 0 && value.data[value.len - 1] == '%';
    value.len -= percent;
    if (!read_number(value, &fault->chance)) {
        return false;
    }
    fault->chance /= percent ? 100 : 1;
    return fault->chance <= 1;
}

static bool read_type(struct lc_bytes value, struct lc_fault *fault)
{
    static const char *const names[] = {"CON", "NON", "ACK", "RST"};
    for (int i = LC_CON; i <= LC_RST; i++) {
        if (lc_bytes_is(value, names[i])) {
            fault->type = i;
            return true;
        }
    }
    return false;
}

/* "GET", "2.05", "0.01". */
static bool read_code(struct lc_bytes value, struct lc_fault *fault)
{
    for (unsigned code = 0; code < 256; code++) {
        char text[5];
        const char *name = lc_code_name((uint8_t)code);
        bool is_method = code < 32 && name != NULL && lc_bytes_is(value, name);
        if (is_method || lc_bytes_is(value, lc_code_text((uint8_t)code, text))) {
            fault->code = (int)code;
            return true;
        }
    }
    return false;
}

static bool read_record(struct lc_bytes value, struct lc_fault *fault)
{
    static const char *const names[] = {"change_cipher_spec", "alert", "handshake", "application"};
    for (int i = 0; i < 4; i++) {
        if (lc_bytes_is(value, names[i])) {
            fault->record = 20 + i; /* RFC 5246 6.2.1 */
            return true;
        }
    }
    return false;
}

static bool read_retransmission(struct lc_bytes value, struct lc_fault *fault)
{
    return read_range(value, &fault->retransmission) && is_count(&fault->retransmission, 0);
}

static bool read_range_of_numbers(struct lc_bytes value, struct lc_fault *fault)
{
    return read_range(value, &fault->number) && is_count(&fault->number, 1);
}

static bool read_at(struct lc_bytes value, struct lc_fault *fault)
{
    return read_range(value, &fault->at);
}

static bool read_by(struct lc_bytes value, struct lc_fault *fault)
{
    return read_range(value, &fault->by) && fault->by.high <= LONGEST;
}

static bool read_amount(struct lc_bytes value, struct lc_fault *fault)
{
    return read_number(value, &fault->amount) && fault->amount >= 1 && fault->amount <= LONGEST;
}

static bool read_few(struct lc_bytes value, struct lc_fault *fault)
{
    return read_amount(value, fault) && fault->amount <= 100 &&
           floor(fault->amount) == fault->amount;
}

static const struct word words[] = {
    {"chance", ANY_ACTION, read_chance, "a number from 0 to 1, or 0% to 100%"},
    {"type", ANY_ACTION, read_type, "CON, NON, ACK or RST"},
    {"code", ANY_ACTION, read_code, "a code such as GET, 2.05 or 0.00"},
    {"record", ANY_ACTION, read_record, "handshake, application, alert or change_cipher_spec"},
    {"retransmission", ANY_ACTION, read_retransmission,
        "a count such as 2, 1-3 or 1-; 0 is what is sent first"},
    {"number", ANY_ACTION, read_range_of_numbers, "a count from 1 such as 2, 1-3 or 4-"},
    {"at", ANY_ACTION, read_at, "seconds such as 5-8 or 5-, since the faults were set"},
    {"by", DELAYING, read_by, "seconds such as 0.2 or 0.1-0.3"},
    {"copies", 1 << LC_FAULT_DUPLICATE, read_few, "1 to 100 further copies"},
    {"bits", 1 << LC_FAULT_CORRUPT, read_few, "1 to 100 bits"},
    {"to", 1 << LC_FAULT_TRUNCATE, read_amount, "1 or more bytes"},
    {"rate", 1 << LC_FAULT_LIMIT, read_amount, "1 or more bytes per second"},
};

enum { WORDS = sizeof words / sizeof words[0] };

/* ---- Words ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_fault(uint8_t c)
{
    return c == ';' || c == '\n';
}

/* Takes the next word of the fault off `rest`; an empty one: the fault ends here. */
static struct lc_bytes next_word(struct lc_bytes *rest)
{
    while (rest->len > 0 && is_space(*rest->data)) {
        rest->data++, rest->len--;
    }
    struct lc_bytes word = lc_bytes(rest->data, 0);
    while (rest->len > 0 && !is_space(*rest->data) && !ends_fault(*rest->data)) {
        word.len++, rest->data++, rest->len--;
    }
    return word;
}

static int fail_action(struct lc_bytes word, const char *name, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_USAGE,
        "%s begins each fault with drop, duplicate, delay, reorder, corrupt, truncate, limit, "
        "restart or rebind, not '%.*s'",
        name, (int)(word.len < 40 ? word.len : 40), (const char *)word.data);
}

static int read_action(
    struct lc_bytes word, const char *name, struct lc_fault *out, struct lc_error *error)
{
    for (int i = 0; i < LC_FAULT_ACTIONS; i++) {
        if (lc_bytes_is(word, actions[i])) {
            *out = lc_fault_always((enum lc_fault_action)i);
            if (out->action == LC_FAULT_REORDER) {
                out->by.high = 1; /* second, unless it says otherwise */
            }
            return LC_OK;
        }
    }
    return fail_action(word, name, error);
}

/* "drop takes chance, type, ... not 'by=3'" */
static int fail_word(
    struct lc_bytes word, const char *name, const struct lc_fault *fault, struct lc_error *error)
{
    char list[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < WORDS; i++) {
        if (words[i].actions >> fault->action & 1) {
            used += (size_t)snprintf(
                list + used, sizeof list - used, "%s%s=", used > 0 ? ", " : "", words[i].name);
        }
    }
    return lc_fail(error, LC_ERROR_USAGE, "%s: %s takes %s, not '%.*s'", name,
        actions[fault->action], list, (int)(word.len < 40 ? word.len : 40),
        (const char *)word.data);
}

static int read_word(
    struct lc_bytes word, const char *name, struct lc_fault *fault, struct lc_error *error)
{
    const uint8_t *equals = memchr(word.data, '=', word.len);
    size_t len = equals == NULL ? 0 : (size_t)(equals - word.data);
    for (size_t i = 0; i < WORDS; i++) {
        bool named = equals != NULL && lc_bytes_is(lc_bytes(word.data, len), words[i].name);
        if (!named || (words[i].actions >> fault->action & 1) == 0) {
            continue;
        }
        struct lc_bytes value = lc_bytes(equals + 1, word.len - len - 1);
        if (words[i].read(value, fault)) {
            return LC_OK;
        }
        return lc_fail(error, LC_ERROR_USAGE, "%s: %s= takes %s, not '%.*s'", name, words[i].name,
            words[i].takes, (int)(value.len < 40 ? value.len : 40), (const char *)value.data);
    }
    return fail_word(word, name, fault, error);
}

/* What an action cannot do without. */
static int check_whole(const struct lc_fault *fault, const char *name, struct lc_error *error)
{
    if (fault->action == LC_FAULT_DELAY && fault->by.high == 0) {
        return lc_fail(error, LC_ERROR_USAGE, "%s: delay needs by=, such as by=0.2", name);
    }
    if (fault->action == LC_FAULT_LIMIT && fault->amount == 0) {
        return lc_fail(error, LC_ERROR_USAGE, "%s: limit needs rate=, such as rate=1000", name);
    }
    return LC_OK;
}

int lc_fault_read(struct lc_bytes text, const char *name, struct lc_fault *out, size_t *out_count,
    struct lc_error *error)
{
    *out_count = 0;
    while (text.len > 0) {
        struct lc_bytes word = next_word(&text);
        if (word.len == 0) {
            text.data += text.len > 0, text.len -= text.len > 0;
            continue;
        }
        if (*out_count == LC_FAULTS_MAX) {
            return lc_fail(
                error, LC_ERROR_USAGE, "%s takes at most %d faults", name, LC_FAULTS_MAX);
        }
        struct lc_fault *fault = &out[*out_count];
        int code = read_action(word, name, fault, error);
        while (code == LC_OK && (word = next_word(&text)).len > 0) {
            code = read_word(word, name, fault, error);
        }
        code = code == LC_OK ? check_whole(fault, name, error) : code;
        if (code != LC_OK) {
            return code;
        }
        ++*out_count;
    }
    return LC_OK;
}
