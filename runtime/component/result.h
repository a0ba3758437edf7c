/* The words for an outcome: ErrorCode and ErrorDescription. */
#ifndef LC_COMPONENT_RESULT_H
#define LC_COMPONENT_RESULT_H

#include "base/error.h"
#include "request/client.h"

/* Fills `error` from how an exchange with `uri` ended; code 0 for success. */
void lc_result_describe(
    const struct lc_result *result, struct lc_bytes uri, struct lc_error *error);

#endif
