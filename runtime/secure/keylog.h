/* Session secrets for packet analysers, in NSS key log format, appended to a file (SSLKeyLogFile).
 */
#ifndef LC_SECURE_KEYLOG_H
#define LC_SECURE_KEYLOG_H

#include "base/bytes.h"
#include "base/error.h"

struct lc_keylog;

/* Opens for appending, made with mode 0600. NULL with `error`: the errno's number, 10000 + n. */
struct lc_keylog *lc_keylog_open(const char *path, struct lc_error *error);
void lc_keylog_close(struct lc_keylog *keylog); /* NULL is let through */

enum { LC_KEYLOG_LINE = 192 };

/* One line: CLIENT_RANDOM, the 32 bytes of the client's random, the master secret (48 bytes).
 * Returns its length, with the line feed; 0: these are others. */
size_t lc_keylog_line(
    char out[LC_KEYLOG_LINE], struct lc_bytes client_random, struct lc_bytes secret);

/* Appends that. */
void lc_keylog_write(
    struct lc_keylog *keylog, struct lc_bytes client_random, struct lc_bytes secret);

#endif
