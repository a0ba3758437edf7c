/* The rules for options of a request; see rules.h. */
#include "request/rules.h"

#include <stdio.h>

#include "wire/code.h"
#include "wire/option.h"
#include "wire/registry.h"

static bool refuse(struct lc_verdict *verdict, uint8_t code, uint16_t option, const char *why)
{
    verdict->code = code;
    verdict->option = option;
    snprintf(verdict->text, sizeof verdict->text, "Option %u: %s", option, why);
    return false;
}

static bool check_meaning(const struct lc_option *option, struct lc_verdict *verdict)
{
    switch (option->number) {
    case LC_URI_PATH:
        if (lc_bytes_is(option->value, ".") || lc_bytes_is(option->value, "..")) {
            return refuse(verdict, LC_CODE(4, 2), option->number, "a dot segment");
        }
        return true;
    case LC_PROXY_URI:
    case LC_PROXY_SCHEME:
        return refuse(verdict, LC_CODE(5, 5), option->number, "not a proxy");
    case LC_HOP_LIMIT:
        if (option->value.data[0] == 0) {
            return refuse(verdict, LC_CODE(4, 0), option->number, "Hop-Limit is 0");
        }
        return true;
    default:
        return true;
    }
}

/* An elective option that is not as it should be counts as absent (RFC 7252 5.4.1, 5.4.3). */
static bool ignore(struct lc_message *message, uint16_t number, bool first)
{
    if (first && number < 64) {
        message->present &= ~(1ull << number);
    }
    return true;
}

static bool check_option(struct lc_message *message, const struct lc_option *option,
    const struct lc_option_row *row, bool repeated, struct lc_verdict *verdict)
{
    const char *why = NULL;
    if (row == NULL || !row->request || !row->understood) {
        why = "unknown";
    } else if (option->value.len < row->min_len || option->value.len > row->max_len) {
        why = "bad length";
    } else if (repeated && !row->repeatable) {
        why = "repeated";
    }
    if (why == NULL) {
        return check_meaning(option, verdict);
    }
    if (lc_option_is_critical(option->number)) {
        return refuse(verdict, LC_CODE(4, 2), option->number, why);
    }
    return row == NULL || ignore(message, option->number, !repeated);
}

bool lc_rules_check(struct lc_message *message, struct lc_verdict *out_verdict)
{
    struct lc_option_walk walk = lc_option_walk(message->options);
    struct lc_option option;
    const struct lc_option_row *row = NULL;
    uint32_t last = UINT32_MAX;
    while (lc_option_next(&walk, &option)) {
        bool repeated = option.number == last;
        if (!repeated) {
            row = lc_option_row(option.number);
            last = option.number;
        }
        if (!check_option(message, &option, row, repeated, out_verdict)) {
            return false;
        }
    }
    out_verdict->code = 0;
    return true;
}
