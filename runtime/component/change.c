/* Assigning properties and settings: reading Config's text, checking, storing. See setting.h. */
#include "component/setting.h"

#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"
#include "component/apply.h"
#include "component/codepage.h"
#include "component/fault_text.h"
#include "component/secure_options.h"

enum { QUOTE_MAX = 40 }; /* bytes of a wrong value that an error shows */

/* ---- Errors ---------------------------------------------------------------------------------- */

int lc_setting_fail_read_only(const struct lc_setting_row *row, struct lc_error *error)
{
    return lc_fail(error, LC_ERROR_USAGE, "%s is read-only", row->name);
}

int lc_setting_fail_value(
    const struct lc_setting_row *row, struct lc_bytes text, struct lc_error *error)
{
    char quoted[QUOTE_MAX + 1];
    if (row->flags & LC_SECRET) {
        return lc_fail(error, LC_ERROR_USAGE, "%s takes %s", row->name, row->takes);
    }
    size_t len = text.len < QUOTE_MAX ? text.len : QUOTE_MAX;
    for (size_t i = 0; i < len; i++) {
        quoted[i] = (char)(text.data[i] < ' ' || text.data[i] == 0x7f ? '?' : text.data[i]);
    }
    quoted[len] = '\0';
    return lc_fail(error, LC_ERROR_USAGE, "%s takes %s, not '%s%s'", row->name, row->takes, quoted,
        text.len > QUOTE_MAX ? "..." : "");
}

/* ---- Reading Config's text ------------------------------------------------------------------- */

static bool is_word(struct lc_bytes text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

int lc_setting_read_boolean(
    const struct lc_setting_row *row, struct lc_bytes text, bool *out, struct lc_error *error)
{
    *out = is_word(text, "True") || is_word(text, "1") || is_word(text, "Yes");
    if (*out || is_word(text, "False") || is_word(text, "0") || is_word(text, "No")) {
        return LC_OK;
    }
    return lc_setting_fail_value(row, text, error);
}

/* The reference gives each kind of traffic a name. */
static bool read_traffic_type(struct lc_bytes text, double *out)
{
    static const char *const names[] = {
        "BestEffort", "Background", "ExcellentEffort", "AudioVideo", "Voice", "Control"};
    for (int i = 0; i < 6; i++) {
        if (is_word(text, names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool read_digits(struct lc_bytes text, double *out)
{
    char digits[64], *end;
    if (text.len == 0 || text.len >= sizeof digits) {
        return false;
    }
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        if (strspn(digits + 2, "0123456789abcdefABCDEF") != text.len - 2 || text.len == 2) {
            return false;
        }
        *out = (double)strtoull(digits + 2, NULL, 16);
        return true;
    }
    /* strtod() alone would take "inf", "nan" and leading space. */
    if (strspn(digits, "0123456789.eE+-") != text.len) {
        return false;
    }
    *out = strtod(digits, &end);
    return *end == '\0' && end != digits;
}

int lc_setting_read_number(
    const struct lc_setting_row *row, struct lc_bytes text, double *out, struct lc_error *error)
{
    if (row->id == LC_SETTING_QOSTrafficType && read_traffic_type(text, out)) {
        return LC_OK;
    }
    if (!read_digits(text, out)) {
        return lc_setting_fail_value(row, text, error);
    }
    return lc_setting_check_number(row, *out, error);
}

int lc_setting_check_number(const struct lc_setting_row *row, double value, struct lc_error *error)
{
    bool in_range = value >= row->min && value <= row->max;
    if (in_range && (row->kind == LC_KIND_NUMBER || value == (double)(int64_t)value)) {
        return LC_OK;
    }
    char digits[32];
    return lc_fail(error, LC_ERROR_USAGE, "%s takes %s, not %s", row->name, row->takes,
        lc_setting_digits(value, digits));
}

int lc_setting_parse(struct lc_values *values, const struct lc_setting_row *row,
    struct lc_bytes text, struct lc_error *error)
{
    bool truth;
    double number;
    int code;
    switch (row->kind) {
    case LC_KIND_BOOLEAN:
        code = lc_setting_read_boolean(row, text, &truth, error);
        return code != LC_OK ? code : lc_setting_set_boolean(values, row, truth, error);
    case LC_KIND_INTEGER:
    case LC_KIND_NUMBER:
        code = lc_setting_read_number(row, text, &number, error);
        return code != LC_OK ? code : lc_setting_set_number(values, row, number, error);
    default:
        return lc_setting_set_text(values, row, text, error);
    }
}

/* ---- Storing --------------------------------------------------------------------------------- */

static int check_faults(
    const struct lc_settings *next, const struct lc_setting_row *row, struct lc_error *error)
{
    struct lc_fault list[LC_FAULTS_MAX];
    size_t count;
    const char *text = row->id == LC_SETTING_SendFaults ? next->send_faults : next->receive_faults;
    return lc_fault_read(lc_bytes_text(text == NULL ? "" : text), row->name, list, &count, error);
}

/* What a range of its own does not tell. */
static int check_settings(
    const struct lc_settings *next, const struct lc_setting_row *row, struct lc_error *error)
{
    struct lc_params params;
    switch (row->id) {
    case LC_SETTING_AckTimeout:
    case LC_SETTING_AckRandomFactor:
    case LC_SETTING_MaxRetransmit:
    case LC_SETTING_NStart:
    case LC_SETTING_MaxLatency:
    case LC_SETTING_ProbingRate:
        params = lc_apply_params(next);
        return lc_params_check(&params, error);
    case LC_SETTING_BlockSize:
        if ((next->block_size & (next->block_size - 1)) != 0) {
            return lc_fail(error, LC_ERROR_USAGE, "BlockSize takes %s, not %d", row->takes,
                (int)next->block_size);
        }
        return LC_OK;
    case LC_SETTING_SendFaults:
    case LC_SETTING_ReceiveFaults:
        return check_faults(next, row, error);
    case LC_SETTING_CodePage:
        return lc_codepage_check(next->code_page, error);
    case LC_SETTING_MulticastGroups:
        if (lc_apply_groups(next->multicast_groups, NULL, 0) < 0) {
            return lc_setting_fail_value(row, lc_bytes_text(next->multicast_groups), error);
        }
        return LC_OK;
    default:
        return row->flags & LC_SECURE ? lc_secure_options_check(next, row, error) : LC_OK;
    }
}

static void put(void *base, const struct lc_setting_row *row, double number, char *text)
{
    void *at = (char *)base + row->offset;
    switch (row->kind) {
    case LC_KIND_BOOLEAN:
        *(bool *)at = number != 0;
        break;
    case LC_KIND_NUMBER:
        *(double *)at = number;
        break;
    case LC_KIND_TEXT:
        *(char **)at = text;
        break;
    default:
        if (row->flags & LC_BASIC) {
            *(uint16_t *)at = (uint16_t)number;
        } else if (row->max > INT32_MAX) {
            *(uint32_t *)at = (uint32_t)number;
        } else {
            *(int32_t *)at = (int32_t)number;
        }
    }
}

/* Stores a value that is right by itself; takes `text` over unless it fails. */
static int store(struct lc_values *values, const struct lc_setting_row *row, double number,
    char *text, struct lc_error *error)
{
    char *old = NULL;
    if (row->flags & LC_BASIC) {
        if (row->kind == LC_KIND_TEXT) {
            old = *(char **)((char *)&values->basics + row->offset);
        }
        put(&values->basics, row, number, text);
        lc_setting_free_text(old);
        return LC_OK;
    }
    struct lc_settings next = *values->settings;
    if (row->kind == LC_KIND_TEXT) {
        old = *(char **)((char *)&next + row->offset);
    }
    put(&next, row, number, text);
    int code = check_settings(&next, row, error);
    if (code != LC_OK) {
        return code;
    }
    struct lc_settings *own = (struct lc_settings *)values->settings;
    if (own == &lc_settings_default) {
        own = lc_alloc(sizeof *own);
        if (own == NULL) {
            return lc_fail_memory(error);
        }
        values->settings = own;
    }
    *own = next;
    lc_setting_free_text(old);
    return LC_OK;
}

/* For rows without a place: whatever is not their default is refused. */
static int refuse(const struct lc_setting_row *row, struct lc_bytes value, struct lc_error *error)
{
    if (row->flags & LC_SECURE) {
        return lc_fail(error, LC_ERROR_USAGE,
            "%s takes nothing but its default, '%s', in this version", row->name, row->initial);
    }
    return lc_setting_fail_value(row, value, error);
}

static int check_kind(const struct lc_setting_row *row, bool right, struct lc_error *error)
{
    if (row->flags & LC_READ_ONLY) {
        return lc_setting_fail_read_only(row, error);
    }
    if (!right) {
        return lc_fail(error, LC_ERROR_USAGE, "%s takes %s", row->name, row->takes);
    }
    return LC_OK;
}

int lc_setting_set_boolean(
    struct lc_values *values, const struct lc_setting_row *row, bool value, struct lc_error *error)
{
    int code = check_kind(row, row->kind == LC_KIND_BOOLEAN, error);
    if (code != LC_OK || lc_setting_boolean(values, row) == value) {
        return code;
    }
    if (row->offset == LC_NOWHERE) {
        return refuse(row, lc_bytes_text(value ? "True" : "False"), error);
    }
    return store(values, row, value, NULL, error);
}

int lc_setting_set_number(struct lc_values *values, const struct lc_setting_row *row, double value,
    struct lc_error *error)
{
    bool right = row->kind == LC_KIND_INTEGER || row->kind == LC_KIND_NUMBER;
    int code = check_kind(row, right, error);
    if (code == LC_OK) {
        code = lc_setting_check_number(row, value, error);
    }
    if (code != LC_OK || lc_setting_number(values, row) == value) {
        return code;
    }
    if (row->offset == LC_NOWHERE) {
        char digits[32];
        return refuse(row, lc_bytes_text(lc_setting_digits(value, digits)), error);
    }
    return store(values, row, value, NULL, error);
}

int lc_setting_set_text(struct lc_values *values, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error)
{
    int code = check_kind(row, row->kind == LC_KIND_TEXT, error);
    if (code != LC_OK || lc_bytes_is(value, lc_setting_text(values, row))) {
        return code;
    }
    if (row->offset == LC_NOWHERE) {
        return refuse(row, value, error);
    }
    if (value.len > 0 && memchr(value.data, 0, value.len) != NULL) {
        return lc_setting_fail_value(row, value, error);
    }
    char *copy = NULL;
    if (!lc_bytes_is(value, row->initial)) {
        copy = lc_copy(value.data, value.len);
        if (copy == NULL) {
            return lc_fail_memory(error);
        }
    }
    code = store(values, row, 0, copy, error);
    if (code != LC_OK) {
        lc_setting_free_text(copy);
    }
    return code;
}
