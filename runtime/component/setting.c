/* The table of properties and settings, and reading it; assigning is in change.c. See setting.h. */
#include "component/setting.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"

/* What a default of settings.def is in C, and as Config reads it. */
#define C_VALUE_True true
#define C_VALUE_False false
#define C_VALUE_BOOLEAN(value) C_VALUE_##value
#define C_VALUE_INTEGER(value) value
#define C_VALUE_NUMBER(value) value
#define C_VALUE_TEXT(value) NULL
#define INITIAL_BOOLEAN(value) #value
#define INITIAL_INTEGER(value) #value
#define INITIAL_NUMBER(value) #value
#define INITIAL_TEXT(value) value
#define TYPE_BOOLEAN "boolean"
#define TYPE_INTEGER "integer"
#define TYPE_NUMBER "number"
#define TYPE_TEXT "string"

const struct lc_settings lc_settings_default = {
#define LC_STORED(KIND, Name, field, flags, low, high, value, ...) .field = C_VALUE_##KIND(value),
#include "component/settings.def"
};

const struct lc_basics lc_basics_default = {
#define LC_BASICS(KIND, Name, field, flags, low, high, value, ...) .field = C_VALUE_##KIND(value),
#include "component/settings.def"
};

#define COMMON(KIND, Name, flag_set)                                                               \
    .name = #Name, .name_len = sizeof #Name - 1, .kind = LC_KIND_##KIND, .flags = (flag_set),      \
    .id = LC_SETTING_##Name

const struct lc_setting_row lc_setting_rows[LC_SETTING_COUNT] = {
#define LC_STORED(KIND, Name, field, flags, low, high, value, what, text)                          \
    {COMMON(KIND, Name, flags), .offset = offsetof(struct lc_settings, field), .min = (low),       \
        .max = (high), .initial = INITIAL_##KIND(value), .type = TYPE_##KIND, .takes = (what),     \
        .doc = (text)},
#define LC_BASICS(KIND, Name, field, flags, low, high, value, what, text)                          \
    {COMMON(KIND, Name, (flags) | LC_BASIC), .offset = offsetof(struct lc_basics, field),          \
        .min = (low), .max = (high), .initial = INITIAL_##KIND(value), .type = TYPE_##KIND,        \
        .takes = (what), .doc = (text)},
#define LC_ABSENT(KIND, Name, lua_type, flags, low, high, value, what, text)                       \
    {COMMON(KIND, Name, flags), .offset = LC_NOWHERE, .min = (low), .max = (high),                 \
        .initial = (value), .type = (lua_type), .takes = (what), .doc = (text)},
#define LC_PARTLY(KIND, Name, which, of_response, as_bytes, lua_type, flags, value, what, text)    \
    {COMMON(KIND, Name, flags), .part = LC_PART_##which, .response = (of_response),                \
        .raw = (as_bytes), .offset = LC_NOWHERE, .min = -1, .max = 65535, .initial = (value),      \
        .type = (lua_type), .takes = (what), .doc = (text)},
#include "component/settings.def"
};

static bool matches(const struct lc_setting_row *row, const char *name, size_t len, unsigned flags)
{
    if ((row->flags & flags) == 0) {
        return false;
    }
    if ((flags & LC_CONFIG) == 0) {
        return row->name_len == len && memcmp(row->name, name, len) == 0;
    }
    const char *bracket = row->flags & LC_PER_SESSION ? memchr(name, '[', len) : NULL;
    if (bracket != NULL && name[len - 1] == ']') {
        len = (size_t)(bracket - name);
    }
    return row->name_len == len && strncasecmp(row->name, name, len) == 0;
}

const struct lc_setting_row *lc_setting_find(const char *name, size_t len, unsigned flags)
{
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        if (matches(&lc_setting_rows[i], name, len, flags)) {
            return &lc_setting_rows[i];
        }
    }
    return NULL;
}

void lc_values_init(struct lc_values *values)
{
    values->basics = lc_basics_default;
    values->settings = &lc_settings_default;
}

void lc_setting_free_text(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
        lc_free(text);
    }
}

static void free_texts(const struct lc_settings *settings)
{
    for (size_t i = 0; i < LC_SETTING_COUNT; i++) {
        const struct lc_setting_row *row = &lc_setting_rows[i];
        if (row->kind == LC_KIND_TEXT && row->offset != LC_NOWHERE && !(row->flags & LC_BASIC)) {
            lc_setting_free_text(*(char **)((char *)settings + row->offset));
        }
    }
}

void lc_values_free(struct lc_values *values)
{
    lc_free(values->basics.local_host);
    if (values->settings != &lc_settings_default) {
        free_texts(values->settings);
        lc_free((void *)values->settings);
    }
    lc_values_init(values);
}

/* Where the row's value stands; NULL: nowhere. */
static const void *place(const struct lc_values *values, const struct lc_setting_row *row)
{
    if (row->offset == LC_NOWHERE) {
        return NULL;
    }
    const void *base = values->settings;
    if (row->flags & LC_BASIC) {
        base = &values->basics;
    }
    return (const char *)base + row->offset;
}

bool lc_setting_boolean(const struct lc_values *values, const struct lc_setting_row *row)
{
    const bool *at = place(values, row);
    return at != NULL ? *at : strcmp(row->initial, "True") == 0;
}

double lc_setting_number(const struct lc_values *values, const struct lc_setting_row *row)
{
    const void *at = place(values, row);
    if (at == NULL) {
        return strtod(row->initial, NULL);
    }
    if (row->kind == LC_KIND_NUMBER) {
        return *(const double *)at;
    }
    if (row->flags & LC_BASIC) {
        return *(const uint16_t *)at;
    }
    return row->max > INT32_MAX ? (double)*(const uint32_t *)at : (double)*(const int32_t *)at;
}

const char *lc_setting_text(const struct lc_values *values, const struct lc_setting_row *row)
{
    char *const *at = place(values, row);
    return at != NULL && *at != NULL ? *at : row->initial;
}

const char *lc_setting_digits(double value, char out[32])
{
    if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value) {
        snprintf(out, 32, "%.0f", value);
        return out;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    return out;
}

bool lc_setting_print(
    const struct lc_values *values, const struct lc_setting_row *row, struct lc_buf *out)
{
    char digits[32];
    const char *text = row->initial;
    if (row->kind == LC_KIND_BOOLEAN) {
        text = lc_setting_boolean(values, row) ? "True" : "False";
    } else if (row->kind == LC_KIND_INTEGER || row->kind == LC_KIND_NUMBER) {
        text = lc_setting_digits(lc_setting_number(values, row), digits);
    } else if (row->kind == LC_KIND_TEXT) {
        text = lc_setting_text(values, row);
    }
    return lc_buf_append(out, text, strlen(text));
}

bool lc_setting_is_default(const struct lc_values *values, const struct lc_setting_row *row)
{
    struct lc_values initial;
    lc_values_init(&initial);
    switch (row->kind) {
    case LC_KIND_BOOLEAN:
        return lc_setting_boolean(values, row) == lc_setting_boolean(&initial, row);
    case LC_KIND_INTEGER:
    case LC_KIND_NUMBER:
        return lc_setting_number(values, row) == lc_setting_number(&initial, row);
    case LC_KIND_TEXT:
        return strcmp(lc_setting_text(values, row), row->initial) == 0;
    default:
        return true;
    }
}
