/* The values of a component's plain properties and settings; see setting.h for the table over them.
 */
#ifndef LC_COMPONENT_SETTINGS_H
#define LC_COMPONENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* Fields are named as the settings, in C's spelling. Filled in with settings.def. */
struct lc_settings {
    bool use_confirmable_messages;
    double timeout; /* seconds; 0: asynchronous */
};

#endif
