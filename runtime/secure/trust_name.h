/* Whom a certificate names, by the rules of RFC 7252 section 9.1.3.3. For the files trust*.c alone.
 */
#ifndef LC_SECURE_TRUST_NAME_H
#define LC_SECURE_TRUST_NAME_H

#include <gnutls/x509.h>

#include "base/buf.h"

/*
 * `host`, a name or a literal address, is one of the certificate's: a CoAP URI in SubjectAltName
 * has it for its host (that is all the RFC has), or a dNSName or an iPAddress there is it (what
 * authorities issue), or the Common Name of a certificate without any of these is it. Wildcards do
 * not count. The port of a URI is not looked at, as the two others have none.
 */
bool lc_trust_name_fits(gnutls_x509_crt_t certificate, const char *host);

/* The names it has, "," between them; nothing for none. */
void lc_trust_name_print(gnutls_x509_crt_t certificate, struct lc_buf *out);

#endif
