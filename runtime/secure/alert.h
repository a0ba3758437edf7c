/* The alerts by which TLS tells why it ends. */
#ifndef LC_SECURE_ALERT_H
#define LC_SECURE_ALERT_H

/* LC_ALERT_handshake_failure is 40. */
enum lc_alert {
#define X(number, name) LC_ALERT_##name = (number),
#include "secure/alerts.def"
#undef X
};

/* "handshake_failure" for 40; NULL for a number without a name. */
const char *lc_alert_name(int number);

#endif
