/* What RFC 7252 5.4 asks of the options of a request before anybody acts on it. */
#ifndef LC_REQUEST_RULES_H
#define LC_REQUEST_RULES_H

#include "wire/message.h"

/* Why a request is refused. */
struct lc_verdict {
    uint8_t code;    /* 0: it is not */
    char text[40];   /* the diagnostic payload: short, for it goes to an address nobody checked */
    uint16_t option; /* the offending one */
};

/*
 * Checks every option. A critical one that is unknown, of a wrong length or repeated against the
 * rules refuses the request with 4.02 (5.4.1, 5.4.3, 5.4.5); proxying with 5.05 (5.10.2); Hop-Limit
 * 0 with 4.00 (RFC 8768 3). An elective one of a wrong length is ignored: its bit in `present` is
 * cleared. False: refused.
 */
bool lc_rules_check(struct lc_message *message, struct lc_verdict *out_verdict);

#endif
