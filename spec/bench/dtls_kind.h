/* The kinds of DTLS handshakes that the bench measures, and contexts of engines for them. */
#ifndef BENCH_DTLS_KIND_H
#define BENCH_DTLS_KIND_H

#include "secure/engine.h"

/* The pre-shared key. */
#define DTLS_KEY "sixteen bytes..."

struct dtls_kind {
    const char *name;
    unsigned modes; /* LC_MODE_... */
    uint16_t suite; /* the only one that is offered */
    bool resumes;   /* after a first session that does not count */
};

/* certificate, psk, rawkey or resumed; ends the program for another name. */
const struct dtls_kind *dtls_kind_named(const char *name);

/* "mbedTLS" or "GnuTLS"; ends the program for another name. */
const struct lc_engine *dtls_engine_named(const char *name);

/* A server shows the certificate or the key of own.pem in `folder`; a client shows nothing. Ends
 * the program when that cannot be. */
struct lc_context *dtls_context(const struct lc_engine *engine, const struct dtls_kind *kind,
    bool is_server, const char *folder);

#endif
