/* From the settings about DTLS to what secure/ takes. */
#ifndef LC_COMPONENT_SECURE_OPTIONS_H
#define LC_COMPONENT_SECURE_OPTIONS_H

#include "component/setting.h"
#include "secure/security.h"

/* Checks what a range does not tell, after `row` was changed. Code 1 saying what is wrong. */
int lc_secure_options_check(
    const struct lc_settings *settings, const struct lc_setting_row *row, struct lc_error *error);

/* What the component has besides its settings; borrowed. */
struct lc_secure_parts {
    struct lc_certificate *own, *accepted; /* SSLCert, SSLAcceptServerCert; NULL: empty */
    bool finds_keys;                       /* OnPSKLookup */

    /* Whose sessions may be resumed without asking again: those of the same handlers alone. */
    unsigned handlers_set; /* how often those that judge have been others */
    const void *only_for;  /* whom a server that judges belongs to; NULL: it may be shared */
};

/* Appends everything that the security will be made from, so that equal bytes mean an equal one.
 * Secret. False: memory. */
bool lc_secure_options_describe(const struct lc_settings *settings,
    const struct lc_secure_parts *parts, bool is_server, struct lc_buf *out);

/* Makes the security of a client or server. NULL with `error`: what is missing or does not fit. */
struct lc_security *lc_secure_options_apply(const struct lc_settings *settings,
    const struct lc_secure_parts *parts, bool is_server, struct lc_error *error);

#endif
