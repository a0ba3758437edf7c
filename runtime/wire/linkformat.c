/* CoRE Link Format; see linkformat.h. */
#include "wire/linkformat.h"

/* Text that is being read. */
struct cursor {
    const uint8_t *at, *end;
};

static bool peek(const struct cursor *cursor, char c)
{
    return cursor->at < cursor->end && *cursor->at == (uint8_t)c;
}

static bool skip(struct cursor *cursor, char c)
{
    bool there = peek(cursor, c);
    cursor->at += there;
    return there;
}

static void skip_blanks(struct cursor *cursor)
{
    while (peek(cursor, ' ') || peek(cursor, '\t') || peek(cursor, '\r') || peek(cursor, '\n')) {
        cursor->at++;
    }
}

/* What a value without quotes may hold: ptokenchar (RFC 6690 2), visible ASCII but for " , ; \ */
static bool is_ptoken(uint8_t c)
{
    return c > ' ' && c < 127 && c != '"' && c != ',' && c != ';' && c != '\\';
}

/* parmname (RFC 5987) and the "*" of ext-name-star. */
static bool is_name(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$&+-.^_`|~*", c) != NULL);
}

static struct lc_bytes take(struct cursor *cursor, bool (*wanted)(uint8_t))
{
    const uint8_t *start = cursor->at;
    while (cursor->at < cursor->end && wanted(*cursor->at)) {
        cursor->at++;
    }
    return lc_bytes(start, (size_t)(cursor->at - start));
}

/* The opening quote is behind; false when there is no closing one. */
static bool take_quoted(struct cursor *cursor, struct lc_bytes *out_value)
{
    const uint8_t *start = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        cursor->at += *cursor->at == '\\' && cursor->end - cursor->at > 1 ? 2 : 1;
    }
    *out_value = lc_bytes(start, (size_t)(cursor->at - start));
    return skip(cursor, '"');
}

/* ";" is behind. */
static bool take_param(struct cursor *cursor, struct lc_link_param *out_param)
{
    skip_blanks(cursor);
    *out_param = (struct lc_link_param){.name = take(cursor, is_name)};
    if (out_param->name.len == 0) {
        return false;
    }
    out_param->has_value = skip(cursor, '=');
    if (!out_param->has_value) {
        return true;
    }
    out_param->quoted = skip(cursor, '"');
    if (out_param->quoted) {
        return take_quoted(cursor, &out_param->value);
    }
    out_param->value = take(cursor, is_ptoken);
    return out_param->value.len > 0;
}

static bool is_target(uint8_t c)
{
    return c != '>' && c != '<' && c != '"' && c > ' ' && c != 127;
}

static bool take_link(struct cursor *cursor, struct lc_link *out_link)
{
    if (!skip(cursor, '<')) {
        return false;
    }
    out_link->target = take(cursor, is_target);
    if (!skip(cursor, '>')) {
        return false;
    }
    const uint8_t *rest = cursor->at, *rest_end = rest;
    struct lc_link_param param;
    skip_blanks(cursor);
    while (skip(cursor, ';')) {
        if (!take_param(cursor, &param)) {
            return false;
        }
        rest_end = cursor->at;
        skip_blanks(cursor);
    }
    out_link->rest = lc_bytes(rest, (size_t)(rest_end - rest));
    return true;
}

int lc_link_next(struct lc_bytes text, size_t *offset, struct lc_link *out_link)
{
    struct cursor cursor = {text.data + *offset, text.data + text.len};
    skip_blanks(&cursor);
    bool end = cursor.at == cursor.end;
    bool good = !end && take_link(&cursor, out_link);
    if (good && cursor.at < cursor.end) {
        good = skip(&cursor, ','); /* and another link, for which the text must not be over */
        skip_blanks(&cursor);
        good = good && cursor.at < cursor.end;
    }
    *offset = (size_t)(cursor.at - text.data);
    return end ? 0 : good ? 1 : -1;
}

int lc_link_param_next(struct lc_bytes *rest, struct lc_link_param *out_param)
{
    struct cursor cursor = {rest->data, rest->data + rest->len};
    skip_blanks(&cursor);
    if (cursor.at == cursor.end) {
        return 0;
    }
    if (!skip(&cursor, ';') || !take_param(&cursor, out_param)) {
        return -1;
    }
    *rest = lc_bytes(cursor.at, (size_t)(cursor.end - cursor.at));
    return 1;
}

bool lc_link_unescape(struct lc_buf *out, struct lc_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        i += value.data[i] == '\\' && i + 1 < value.len;
        if (!lc_buf_append(out, value.data + i, 1)) {
            return false;
        }
    }
    return true;
}

bool lc_link_begin(struct lc_buf *out, struct lc_bytes target)
{
    if ((out->len > 0 && !lc_buf_append(out, ",", 1)) || !lc_buf_append(out, "<", 1)) {
        return false;
    }
    for (size_t i = 0; i < target.len; i++) {
        uint8_t c = target.data[i];
        bool done = is_target(c) ? lc_buf_append(out, &c, 1) : lc_buf_printf(out, "%%%02X", c);
        if (!done) {
            return false;
        }
    }
    return lc_buf_append(out, ">", 1);
}

static bool all(struct lc_bytes text, bool (*wanted)(uint8_t))
{
    struct cursor cursor = {text.data, text.data + text.len};
    return text.len > 0 && take(&cursor, wanted).len == text.len;
}

bool lc_link_param(struct lc_buf *out, const struct lc_link_param *param)
{
    if (!all(param->name, is_name) || !lc_buf_append(out, ";", 1) ||
        !lc_buf_append(out, param->name.data, param->name.len)) {
        return false;
    }
    if (!param->has_value) {
        return true;
    }
    /* These two are always quoted strings (RFC 6690 2). */
    bool quoted = param->quoted || !all(param->value, is_ptoken) ||
                  lc_bytes_is(param->name, "title") || lc_bytes_is(param->name, "anchor");
    if (!quoted) {
        return lc_buf_append(out, "=", 1) &&
               lc_buf_append(out, param->value.data, param->value.len);
    }
    bool done = lc_buf_append(out, "=\"", 2);
    for (size_t i = 0; i < param->value.len && done; i++) {
        uint8_t c = param->value.data[i];
        done = (c != '"' && c != '\\') || lc_buf_append(out, "\\", 1);
        done = done && lc_buf_append(out, &c, 1);
    }
    return done && lc_buf_append(out, "\"", 1);
}

/* What a value has to be, or with `prefix` to begin with. */
struct pattern {
    struct lc_bytes text;
    bool prefix;
};

/* `value` may hold escapes. */
static bool value_matches(const struct pattern *pattern, struct lc_bytes value, bool escapes)
{
    size_t matched = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (pattern->prefix && matched == pattern->text.len) {
            return true;
        }
        i += escapes && value.data[i] == '\\' && i + 1 < value.len;
        if (matched == pattern->text.len || value.data[i] != pattern->text.data[matched]) {
            return false;
        }
        matched++;
    }
    return matched == pattern->text.len;
}

/* A list of relation types, or of content-formats (RFC 7252 7.2.1), separated by blanks. */
static bool list_matches(const struct pattern *pattern, struct lc_bytes list, bool escapes)
{
    size_t start = 0;
    for (size_t i = 0; i <= list.len; i++) {
        if (i < list.len && list.data[i] != ' ') {
            continue;
        }
        if (i > start && value_matches(pattern, lc_bytes(list.data + start, i - start), escapes)) {
            return true;
        }
        start = i + 1;
    }
    return false;
}

static bool is_list(struct lc_bytes name)
{
    static const char *const lists[] = {"rel", "rev", "rt", "if", "ct"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (lc_bytes_is(name, lists[i])) {
            return true;
        }
    }
    return false;
}

bool lc_link_matches(const struct lc_link *link, struct lc_bytes filter)
{
    const uint8_t *equals = filter.len > 0 ? memchr(filter.data, '=', filter.len) : NULL;
    struct lc_bytes name = filter;
    struct pattern pattern = {.prefix = true};
    if (equals != NULL) {
        name.len = (size_t)(equals - filter.data);
        pattern.text = lc_bytes(equals + 1, filter.len - name.len - 1);
        pattern.prefix = pattern.text.len > 0 && pattern.text.data[pattern.text.len - 1] == '*';
        pattern.text.len -= pattern.prefix;
    }
    if (lc_bytes_is(name, "href")) {
        return value_matches(&pattern, link->target, false);
    }
    struct lc_bytes rest = link->rest;
    struct lc_link_param param;
    while (lc_link_param_next(&rest, &param) == 1) {
        if (!lc_bytes_equal(param.name, name)) {
            continue;
        }
        if (value_matches(&pattern, param.value, param.quoted) ||
            (is_list(name) && list_matches(&pattern, param.value, param.quoted))) {
            return true;
        }
    }
    return false;
}

bool lc_link_filter(struct lc_buf *out, struct lc_bytes text, struct lc_bytes filter)
{
    struct lc_link link;
    size_t offset = 0;
    int result;
    while ((result = lc_link_next(text, &offset, &link)) == 1) {
        if (!lc_link_matches(&link, filter)) {
            continue;
        }
        const uint8_t *start = link.target.data - 1, *end = link.rest.data + link.rest.len;
        if ((out->len > 0 && !lc_buf_append(out, ",", 1)) ||
            !lc_buf_append(out, start, (size_t)(end - start))) {
            return false;
        }
    }
    return result == 0;
}
