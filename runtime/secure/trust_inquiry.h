/* One certificate on its way through the checks, and what is told of it. For trust*.c alone. */
#ifndef LC_SECURE_TRUST_INQUIRY_H
#define LC_SECURE_TRUST_INQUIRY_H

#include <gnutls/x509.h>

#include "secure/trust.h"

struct lc_trust {
    bool for_servers, system;
    uint32_t overlooked; /* LC_OVERLOOK_... */
    gnutls_x509_trust_list_t anchors;
    struct lc_certificate *pinned;
    uint16_t *signatures;
    size_t signature_count;
};

struct lc_inquiry {
    const struct lc_trust *trust;
    const char *host; /* or NULL */
    int64_t now;
    struct lc_finding *out;

    /* The leaf; once sorted its issuer comes next and so on, chain_len in all as far as they were
     * shown, and then what belongs to none of them. */
    gnutls_x509_crt_t shown[LC_CHAIN_MAX];
    unsigned shown_count, chain_len;
};

enum lc_problem {
    LC_PROBLEM_NO_CLIENT_CERTIFICATE,
    LC_PROBLEM_NO_SERVER_CERTIFICATE,
    LC_PROBLEM_UNREADABLE,
    LC_PROBLEM_UNKNOWN_KEY,
    LC_PROBLEM_UNKNOWN_CA,
    LC_PROBLEM_BROKEN_CHAIN,
    LC_PROBLEM_REVOKED,
    LC_PROBLEM_DATE,
    LC_PROBLEM_USAGE,
    LC_PROBLEM_SIGNATURE,
    LC_PROBLEM_NAME,
};

/* Adds a sentence to the finding. The first problem gives the code and the alert. */
void lc_trust_tell(struct lc_finding *out, enum lc_problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The beginning of a text that a certificate may have made long, fit for a sentence; "" when memory
 * is short. It stands in `text`. */
const char *lc_trust_excerpt(struct lc_buf *text);

static inline bool lc_trust_overlooks(const struct lc_inquiry *inquiry, uint32_t what)
{
    return (inquiry->trust->overlooked & what) != 0;
}

/* trust_chain.c: issuers, signatures, dates and purposes of the whole chain. Sorts `shown`. */
void lc_trust_check_chain(struct lc_inquiry *inquiry);

/* trust_leaf.c: the usage of the key, the algorithm it is signed with, the name. */
void lc_trust_check_leaf(const struct lc_inquiry *inquiry);

#endif
