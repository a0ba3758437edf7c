/* Distinguished and alternative names of certificates as text; for certificate*.c and trust*.c
 * alone.
 */
#ifndef LC_SECURE_CERTIFICATE_NAME_H
#define LC_SECURE_CERTIFICATE_NAME_H

#include <gnutls/x509-ext.h>

#include "base/buf.h"

/*
 * "CN=device, O=\"Acme, Inc\", C=US, E=a@b.c": in the order of the certificate, values that would
 * be taken for more than one in quotes. False: memory.
 */
bool lc_subject_print(gnutls_x509_crt_t x509, struct lc_buf *out);
bool lc_issuer_print(gnutls_x509_crt_t x509, struct lc_buf *out);

/* "device.example,192.0.2.1": host names, mail and IP addresses, URIs. */
bool lc_alt_names_print(gnutls_x509_crt_t x509, struct lc_buf *out);

#endif
