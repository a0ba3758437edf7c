/*
 * Properties and settings as rows of one table (settings.def): the binding, Config, Reset, the
 * README's tables and the editor's definitions are all made from it.
 */
#ifndef LC_COMPONENT_SETTING_H
#define LC_COMPONENT_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "component/settings.h"

/* How a row's value is kept. The kinds from LC_KIND_CONTENT on have no place in struct lc_settings.
 */
enum lc_setting_kind {
    LC_KIND_BOOLEAN, /* bool */
    LC_KIND_INTEGER, /* int64_t, with min and max */
    LC_KIND_NUMBER,  /* double, with min and max: seconds, factors, rates */
    LC_KIND_TEXT,    /* char *: owned, NULL for the default */
    LC_KIND_CONTENT, /* Request*, Response*: component/content.h */
    LC_KIND_OPTIONS, /* RequestOptions, ResponseOptions */
    LC_KIND_PENDING, /* PendingRequests */
    LC_KIND_CERTIFICATE,
    LC_KIND_COMPUTED, /* asked of the component: Listening, LocalHost, LocalPort, MessageId,
                         BuildInfo ... */
};

enum lc_setting_flag {
    LC_PROPERTY = 1, /* a property of the component in Lua */
    LC_CONFIG = 2,   /* a setting of Config */
    LC_READ_ONLY = 4,
    LC_CLOSED_ONLY = 8, /* 712 while the socket is open */
    LC_NO_EFFECT = 16,  /* checked and stored; one Log line says that it does nothing here */
    LC_SECURE = 32,     /* needs DTLS: only the default may be assigned until that exists */
};

struct lc_setting_row {
    const char *name;
    uint8_t kind, flags;
    uint16_t offset;     /* in struct lc_settings */
    uint16_t id;         /* enum lc_setting_id: LC_SETTING_<Name> */
    double min, max;     /* INTEGER, NUMBER */
    const char *initial; /* the default, as Config reads it: "True", "60", "" */
    const char *takes;   /* "True or False", "0 to 65535": completes "LocalPort takes ..." */
    const char *doc;     /* one sentence for the README and the editor */
};

extern const struct lc_setting_row lc_setting_rows[];
extern const size_t lc_setting_count;

/* By name, of those with a flag among `flags`; Config's names ignore case, properties' do not.
 * NULL: none. */
const struct lc_setting_row *lc_setting_find(const char *name, size_t len, unsigned flags);

/* The defaults, shared by all components that changed nothing. */
extern const struct lc_settings lc_settings_default;

/* A copy to change, and its end. NULL: memory. */
struct lc_settings *lc_settings_clone(const struct lc_settings *settings);
void lc_settings_free(struct lc_settings *settings); /* the shared defaults are left alone */

/*
 * Checks and stores; on an error nothing has changed. The value has the type of the kind. The error
 * says
 * "<Name> takes <takes>, not <value>" with code 1 (or the number design.md names: 434 for
 * CodePage).
 */
int lc_setting_set_boolean(struct lc_settings *settings, const struct lc_setting_row *row,
    bool value, struct lc_error *error);
int lc_setting_set_number(struct lc_settings *settings, const struct lc_setting_row *row,
    double value, struct lc_error *error);
int lc_setting_set_text(struct lc_settings *settings, const struct lc_setting_row *row,
    struct lc_bytes value, struct lc_error *error);

/* From Config's text: True/False/0/1/Yes/No in any case, decimal or 0x numbers, text as it is. */
int lc_setting_parse(struct lc_settings *settings, const struct lc_setting_row *row,
    struct lc_bytes text, struct lc_error *error);

/* To Config's text: "True"/"False", shortest decimal numbers. False: memory. */
bool lc_setting_print(
    const struct lc_settings *settings, const struct lc_setting_row *row, struct lc_buf *out);

/* Whether the row has its default. */
bool lc_setting_is_default(const struct lc_settings *settings, const struct lc_setting_row *row);

#endif
