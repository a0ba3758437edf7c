/*
 * What differs between mbed TLS 2.28 and 3.6, and nothing else: no other file asks for the version.
 * The two halves define the same names.
 */
#ifndef LC_SECURE_MBEDTLS_VERSION_H
#define LC_SECURE_MBEDTLS_VERSION_H

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include "secure/config.h"
#include "secure/engine.h"
#include "secure/mbedtls_random.h"

struct lc_mbedtls_context;

/* What both of them export while the keys are derived (mbedtls_handshake.c). */
void lc_mbedtls_tell_secret(
    struct lc_mbedtls_context *context, struct lc_bytes client_random, struct lc_bytes secret);

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

#include <psa/crypto.h>

/* A member that the headers call private, though there is no other way to it. */
#define LC_MBEDTLS(member) MBEDTLS_PRIVATE(member)

enum { LC_MBEDTLS_OLD_VERSIONS = 0 };

static inline bool lc_mbedtls_start(void)
{
    return psa_crypto_init() == PSA_SUCCESS;
}

static inline int lc_mbedtls_parse_key(mbedtls_pk_context *key, struct lc_bytes der)
{
    return mbedtls_pk_parse_key(key, der.data, der.len, NULL, 0, lc_mbedtls_random, NULL);
}

/* DTLS 1.0 is gone: what it leaves is all there is. */
static inline void lc_mbedtls_conf_versions(mbedtls_ssl_config *conf, uint16_t min, uint16_t max)
{
    (void)conf, (void)min, (void)max;
}

typedef uint16_t lc_mbedtls_group;

static inline lc_mbedtls_group lc_mbedtls_group_of(uint16_t number)
{
    return mbedtls_ecp_curve_info_from_tls_id(number) == NULL ? 0 : number;
}

static inline void lc_mbedtls_conf_groups(mbedtls_ssl_config *conf, const lc_mbedtls_group *list)
{
    mbedtls_ssl_conf_groups(conf, list);
}

typedef uint16_t lc_mbedtls_signature;

static inline lc_mbedtls_signature lc_mbedtls_signature_of(uint16_t number)
{
    return number;
}

static inline void lc_mbedtls_conf_signatures(
    mbedtls_ssl_config *conf, const lc_mbedtls_signature *list)
{
    mbedtls_ssl_conf_sig_algs(conf, list);
}

/* The functions of a session cache: their parameters before the session, and the id asked for. */
#define LC_MBEDTLS_CACHE_PARAMETERS void *arg, const unsigned char *id, size_t id_len
#define LC_MBEDTLS_CACHE_ID(session) lc_bytes(id, id_len)

static inline void lc_mbedtls_export(void *context, mbedtls_ssl_key_export_type type,
    const unsigned char *secret, size_t len, const unsigned char client_random[32],
    const unsigned char server_random[32], mbedtls_tls_prf_types prf)
{
    (void)type, (void)server_random, (void)prf;
    lc_mbedtls_tell_secret(context, lc_bytes(client_random, 32), lc_bytes(secret, len));
}

/* Both are called; each version needs one of them. */
static inline void lc_mbedtls_conf_export(
    mbedtls_ssl_config *conf, struct lc_mbedtls_context *context)
{
    (void)conf, (void)context;
}

static inline void lc_mbedtls_set_export(
    mbedtls_ssl_context *ssl, struct lc_mbedtls_context *context)
{
    mbedtls_ssl_set_export_keys_cb(ssl, lc_mbedtls_export, context);
}

/* Its headers show no way to it: data that do not fit wait for the peer's first record. */
static inline void lc_mbedtls_forget_backoff(mbedtls_ssl_context *ssl)
{
    (void)ssl;
}

/* Nothing in common: suites, groups, versions. */
static inline bool lc_mbedtls_is_no_suite(int error)
{
    return error == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE ||
           error == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
}

#else

#include <mbedtls/ssl_internal.h>

#define LC_MBEDTLS(member) member

enum { LC_MBEDTLS_OLD_VERSIONS = LC_ENGINE_DTLS_1_0 };

static inline bool lc_mbedtls_start(void)
{
    return true;
}

static inline int lc_mbedtls_parse_key(mbedtls_pk_context *key, struct lc_bytes der)
{
    return mbedtls_pk_parse_key(key, der.data, der.len, NULL, 0);
}

/* DTLS 1.0 is TLS 1.1, DTLS 1.2 is TLS 1.2. */
static inline int lc_mbedtls_minor(uint16_t version)
{
    return version == LC_DTLS_1_0 ? MBEDTLS_SSL_MINOR_VERSION_2 : MBEDTLS_SSL_MINOR_VERSION_3;
}

static inline void lc_mbedtls_conf_versions(mbedtls_ssl_config *conf, uint16_t min, uint16_t max)
{
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, lc_mbedtls_minor(min));
    mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, lc_mbedtls_minor(max));
}

typedef mbedtls_ecp_group_id lc_mbedtls_group;

static inline lc_mbedtls_group lc_mbedtls_group_of(uint16_t number)
{
    const mbedtls_ecp_curve_info *curve = mbedtls_ecp_curve_info_from_tls_id(number);
    return curve == NULL ? MBEDTLS_ECP_DP_NONE : curve->grp_id;
}

static inline void lc_mbedtls_conf_groups(mbedtls_ssl_config *conf, const lc_mbedtls_group *list)
{
    mbedtls_ssl_conf_curves(conf, list);
}

/* Only the hash can be chosen; each is offered with RSA and with ECDSA. */
typedef int lc_mbedtls_signature;

static inline lc_mbedtls_signature lc_mbedtls_signature_of(uint16_t number)
{
    static const int hashes[] = {MBEDTLS_MD_NONE, MBEDTLS_MD_MD5, MBEDTLS_MD_SHA1,
        MBEDTLS_MD_SHA224, MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512};
    return number >> 8 < sizeof hashes / sizeof hashes[0] ? hashes[number >> 8] : MBEDTLS_MD_NONE;
}

static inline void lc_mbedtls_conf_signatures(
    mbedtls_ssl_config *conf, const lc_mbedtls_signature *list)
{
    mbedtls_ssl_conf_sig_hashes(conf, list);
}

#define LC_MBEDTLS_CACHE_PARAMETERS void *arg
#define LC_MBEDTLS_CACHE_ID(session) lc_bytes((session)->id, (session)->id_len)

/* The master secret of TLS 1.2 and before has 48 bytes (RFC 5246 8.1). */
static inline int lc_mbedtls_export(void *context, const unsigned char *secret,
    const unsigned char *key_block, size_t mac_len, size_t key_len, size_t iv_len,
    const unsigned char client_random[32], const unsigned char server_random[32],
    mbedtls_tls_prf_types prf)
{
    (void)key_block, (void)mac_len, (void)key_len, (void)iv_len, (void)server_random, (void)prf;
    lc_mbedtls_tell_secret(context, lc_bytes(client_random, 32), lc_bytes(secret, 48));
    return 0;
}

static inline void lc_mbedtls_conf_export(
    mbedtls_ssl_config *conf, struct lc_mbedtls_context *context)
{
    mbedtls_ssl_conf_export_keys_ext_cb(conf, lc_mbedtls_export, context);
}

static inline void lc_mbedtls_set_export(
    mbedtls_ssl_context *ssl, struct lc_mbedtls_context *context)
{
    (void)ssl, (void)context;
}

/* After flights were lost mbed TLS sends no more than 508 bytes at once (RFC 6347 4.1.1.1), and
 * whoever sent the last flight goes on so until the peer's first record. Data need no such care. */
static inline void lc_mbedtls_forget_backoff(mbedtls_ssl_context *ssl)
{
    if (ssl->handshake != NULL) {
        ssl->handshake->mtu = 0;
    }
}

static inline bool lc_mbedtls_is_no_suite(int error)
{
    return error == MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN ||
           error == MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE ||
           error == MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
}

#endif

#endif
