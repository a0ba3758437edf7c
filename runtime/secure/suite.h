/*
 * The names and numbers of TLS 1.2: cipher suites, groups, signature algorithms; and reading the
 * settings that list them. Engines speak numbers (IANA), users names.
 */
#ifndef LC_SECURE_SUITE_H
#define LC_SECURE_SUITE_H

#include "base/bytes.h"
#include "base/error.h"

enum lc_key_exchange {
    LC_KX_RSA,
    LC_KX_DHE_RSA,
    LC_KX_DHE_DSS,
    LC_KX_ECDHE_RSA,
    LC_KX_ECDHE_ECDSA,
    LC_KX_ECDH_RSA, /* static: no forward secrecy */
    LC_KX_ECDH_ECDSA,
    LC_KX_PSK,
    LC_KX_DHE_PSK,
    LC_KX_ECDHE_PSK,
    LC_KX_RSA_PSK,
    LC_KX_TLS13, /* named in the reference, never negotiated over DTLS 1.2 */
};

struct lc_suite {
    uint16_t number;    /* 0xc0ae */
    const char *name;   /* "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" */
    uint8_t exchange;   /* enum lc_key_exchange */
    uint16_t key_bits;  /* of the cipher */
    const char *cipher; /* "AES_128_CCM_8": what SSLNegotiatedCipher reads */
    bool is_aead;
    bool by_default; /* among those that "*" stands for */
};

/* In order of preference: those of RFC 7252 first. */
extern const struct lc_suite lc_suites[];
extern const size_t lc_suite_count;

/* NULL: not in the table. */
const struct lc_suite *lc_suite_find(uint16_t number);

/* By name, with '_' or '-' between the words, case ignored. */
const struct lc_suite *lc_suite_named(struct lc_bytes name);

/* "ECDHE_ECDSA": what SSLNegotiatedKeyExchange reads. */
const char *lc_key_exchange_name(enum lc_key_exchange exchange);

static inline bool lc_key_exchange_is_psk(enum lc_key_exchange exchange)
{
    return exchange >= LC_KX_PSK && exchange <= LC_KX_RSA_PSK;
}

/* "ecdhe_secp256r1" and 256 for group 23; NULL and 0 for one that is not known. */
const char *lc_group_name(uint16_t group);
unsigned lc_group_bits(uint16_t group);

/*
 * Read the lists of the settings into numbers and return how many, at most `room`; -1 with `error`
 * (Code 1) naming the word that is wrong and, in the last two, what would be right.
 *   suites: "*", or names with ';' between them; "*" gives the default ones
 *   groups: names with ',' between them, as TLS12SupportedGroups has them, and ecdhe_x25519
 *   signatures: "sha256-ecdsa,sha384-rsa" as TLS12SignatureAlgorithms has them, and ed25519,
 *     to 256 * hash + signature; "" gives 0
 */
int lc_suites_read(struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error);
int lc_groups_read(struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error);
int lc_signatures_read(struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error);

/* For TLS13SupportedGroups and TLS13KeyShareGroups, TLS13SignatureAlgorithms: checked only. */
int lc_tls13_groups_check(struct lc_bytes text, struct lc_error *error);
int lc_tls13_signatures_check(struct lc_bytes text, struct lc_error *error);

#endif
