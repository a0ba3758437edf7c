/*
 * The certificates that chains are verified against. Every one of them is trusted as it stands, an
 * intermediate authority or a peer's own certificate too: the reference has the settings list what
 * is not among the system's, and does not ask for a whole chain. For the files trust*.c alone.
 */
#ifndef LC_SECURE_TRUST_ANCHORS_H
#define LC_SECURE_TRUST_ANCHORS_H

#include <gnutls/x509.h>

#include "secure/trust.h"

/* Those of the options, but not the system's. NULL with `error`: see lc_trust_new(). Given back
 * with gnutls_x509_trust_list_deinit(list, 1). */
gnutls_x509_trust_list_t lc_trust_anchors(
    const struct lc_trust_options *options, struct lc_error *error);

/* The system's, read at the first call (16 ms, 4 MB) and kept for the process. NULL: memory. */
gnutls_x509_trust_list_t lc_trust_system_anchors(void);

#endif
