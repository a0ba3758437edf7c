/* Keys and hashes as text; for the files certificate*.c alone. */
#ifndef LC_SECURE_CERTIFICATE_PRINT_H
#define LC_SECURE_CERTIFICATE_PRINT_H

#include "base/buf.h"
#include "secure/certificate_key.h"

/* Lower-case hex digits; `separator` between the bytes: ":" or "". */
bool lc_hex_print(struct lc_bytes bytes, const char *separator, struct lc_buf *out);

/* The hash of `bytes` in hex digits. */
bool lc_hash_print(int algorithm, struct lc_bytes bytes, const char *separator, struct lc_buf *out);

/* A PEM block. */
bool lc_pem_print(const char *label, struct lc_bytes der, struct lc_buf *out);

/* The public key as SSH has it on the wire (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4), of which
 * fingerprints of keys are made; nothing for kinds that SSH does not know. */
bool lc_ssh_append(gnutls_pubkey_t key, struct lc_buf *out);

#endif
