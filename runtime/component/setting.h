/*
 * Properties and settings as rows of one table (settings.def): the binding, Config, Reset, the
 * README's tables and the editor's definitions are all made from it.
 */
#ifndef LC_COMPONENT_SETTING_H
#define LC_COMPONENT_SETTING_H

#include "base/buf.h"
#include "base/error.h"
#include "component/settings.h"

/* How a row's value is kept. The kinds from LC_KIND_CONTENT on have no place in struct lc_values.
 */
enum lc_setting_kind {
    LC_KIND_BOOLEAN, /* bool */
    LC_KIND_INTEGER, /* int32_t (uint16_t in struct lc_basics), with min and max */
    LC_KIND_NUMBER,  /* double, with min and max: seconds, factors, rates */
    LC_KIND_TEXT,    /* char *: owned, NULL for the default; no zero bytes */
    LC_KIND_CONTENT, /* Request*, Response*: component/content.h; `part`, `response` and `raw` say
                        which */
    LC_KIND_OPTIONS, /* RequestOptions, ResponseOptions */
    LC_KIND_PENDING, /* PendingRequests */
    LC_KIND_CERTIFICATE,
    LC_KIND_COMPUTED, /* asked of the component: Listening, MessageId, DestinationAddress,
                         BuildInfo, LicenseInfo, SSLNegotiated... */
};

enum lc_setting_flag {
    LC_PROPERTY = 1, /* a property of the component in Lua */
    LC_CONFIG = 2,   /* a setting of Config */
    LC_READ_ONLY = 4,
    LC_CLOSED_ONLY = 8,   /* 712 while the socket is open; reads back what was bound */
    LC_NO_EFFECT = 16,    /* checked and stored; one Log line says that it does nothing here */
    LC_SECURE = 32,       /* about DTLS; what is not kept yet takes its default alone */
    LC_BASIC = 64,        /* kept in struct lc_basics */
    LC_PER_SESSION = 128, /* Config takes "NAME[connection id]" too */
    LC_AT_ONCE = 256,     /* LC_SECURE, and no session is made by it: it counts at once */
    LC_SECRET = 512,      /* errors do not show a wrong value */
};

/* What of a message a row of LC_KIND_CONTENT stands for. */
enum lc_content_part { LC_PART_CODE, LC_PART_DATA, LC_PART_FORMAT, LC_PART_ETAG };

struct lc_setting_row {
    const char *name;
    uint8_t name_len;
    uint8_t kind;
    uint16_t flags;
    uint8_t part;        /* CONTENT: enum lc_content_part */
    bool response;       /* CONTENT, OPTIONS: Response... and not Request... */
    bool raw;            /* CONTENT: a ...B property, which passes no CodePage */
    uint16_t offset;     /* in struct lc_settings or struct lc_basics; LC_NOWHERE: not stored */
    uint16_t id;         /* enum lc_setting_id: the index of the row */
    double min, max;     /* INTEGER, NUMBER, and integers that are CONTENT or COMPUTED */
    const char *initial; /* the default, as Config reads it: "True", "60", "" */
    const char *type;    /* of Lua: "boolean", "integer", "number", "string", "Certificate", ... */
    const char *takes;   /* "True or False", "0 to 65535": completes "LocalPort takes ..." */
    const char *doc;     /* one sentence for the README and the editor */
};

enum { LC_NOWHERE = 0xffff };

/* LC_SETTING_Timeout, ... */
enum lc_setting_id {
#define LC_STORED(kind, name, ...) LC_SETTING_##name,
#define LC_BASICS(kind, name, ...) LC_SETTING_##name,
#define LC_ABSENT(kind, name, ...) LC_SETTING_##name,
#define LC_PARTLY(kind, name, ...) LC_SETTING_##name,
#include "component/settings.def"
    LC_SETTING_COUNT,
};

extern const struct lc_setting_row lc_setting_rows[LC_SETTING_COUNT];

/*
 * By name, of those with a flag among `flags`; Config's names ignore case, properties' do not. With
 * LC_CONFIG "SSLNegotiatedCipher[7]" finds its row too. NULL: none.
 */
const struct lc_setting_row *lc_setting_find(const char *name, size_t len, unsigned flags);

/* The defaults, shared by all components that changed nothing. */
extern const struct lc_settings lc_settings_default;
extern const struct lc_basics lc_basics_default;

/* Puts everything at its default; the memory is not looked at before. */
void lc_values_init(struct lc_values *values);

/* Gives all memory back and leaves everything at its default: the end of a component, and its
 * Reset. */
void lc_values_free(struct lc_values *values);

/*
 * Checks and stores; on an error nothing has changed. The value has the type of the row's kind. The
 * error says "<Name> takes <takes>, not <value>" with code 1 (434 for CodePage, 10055 for memory).
 * Settings that are right only together (AckTimeout and its like) are checked together.
 * LC_READ_ONLY and LC_SECURE are seen to; LC_CLOSED_ONLY is the component's. Rows from
 * LC_KIND_CONTENT on are refused.
 */
int lc_setting_set_boolean(
    struct lc_values *values, const struct lc_setting_row *row, bool value, struct lc_error *error);
int lc_setting_set_number(struct lc_values *values, const struct lc_setting_row *row, double value,
    struct lc_error *error);
int lc_setting_set_text(struct lc_values *values, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error);

/* From Config's text: True/False/0/1/Yes/No in any case, decimal or 0x numbers, text as it is. */
int lc_setting_parse(struct lc_values *values, const struct lc_setting_row *row,
    struct lc_bytes text, struct lc_error *error);

/* The parts of lc_setting_parse() for rows that the component keeps itself. */
int lc_setting_read_boolean(
    const struct lc_setting_row *row, struct lc_bytes text, bool *out, struct lc_error *error);
int lc_setting_read_number(
    const struct lc_setting_row *row, struct lc_bytes text, double *out, struct lc_error *error);

/* Whether a number fits the row: its range, and no fraction unless it is LC_KIND_NUMBER. 0 or 1. */
int lc_setting_check_number(const struct lc_setting_row *row, double value, struct lc_error *error);

/* Values by row, for the binding. Text is a view until the next change; rows that are not stored
 * give their default. */
bool lc_setting_boolean(const struct lc_values *values, const struct lc_setting_row *row);
double lc_setting_number(const struct lc_values *values, const struct lc_setting_row *row);
const char *lc_setting_text(const struct lc_values *values, const struct lc_setting_row *row);

/* To Config's text: "True"/"False", shortest decimal numbers. False: memory. */
bool lc_setting_print(
    const struct lc_values *values, const struct lc_setting_row *row, struct lc_buf *out);

/* The shortest decimal digits that read back as the same number; returns `out`. */
const char *lc_setting_digits(double value, char out[32]);

/* Frees a value that is text, and wipes it first, since it may be a key. NULL is let through. */
void lc_setting_free_text(char *text);

/* Whether the row has its default. */
bool lc_setting_is_default(const struct lc_values *values, const struct lc_setting_row *row);

/* "Listening is read-only", code 1. */
int lc_setting_fail_read_only(const struct lc_setting_row *row, struct lc_error *error);

/* "LocalPort takes 0 to 65535, not <text>", code 1; quotes the text and cuts it when it is long. */
int lc_setting_fail_value(
    const struct lc_setting_row *row, struct lc_bytes text, struct lc_error *error);

#endif
