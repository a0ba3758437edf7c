/* Names of alerts; see alert.h. */
#include "secure/alert.h"

#include <stddef.h>

const char *lc_alert_name(int number)
{
    switch (number) {
#define X(value, name)                                                                             \
    case value:                                                                                    \
        return #name;
#include "secure/alerts.def"
#undef X
    default:
        return NULL;
    }
}
