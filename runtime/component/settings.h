/* The values of a component's plain properties and settings; see setting.h for the table over them.
 */
#ifndef LC_COMPONENT_SETTINGS_H
#define LC_COMPONENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* What nearly every device of a simulated fleet sets: kept in the component itself. */
struct lc_basics {
    char *local_host; /* owned; NULL: unset */
    double timeout;   /* seconds; 0: asynchronous */
    uint16_t local_port;
    bool use_confirmable_messages;
    bool share_socket, offline, both_roles;
};

/*
 * The rest, in one block that components share until they change something. Fields are named as the
 * settings, in C's spelling; times are seconds, sizes bytes.
 */
struct lc_settings {
    double ack_timeout, ack_random_factor, max_latency, probing_rate;
    double piggyback_delay, pending_timeout, multicast_leisure;
    char *multicast_groups, *firewall_data, *capture_file; /* owned; NULL: the default */
    char *send_faults, *receive_faults;                    /* owned; NULL: none */
    int32_t fault_seed;
    int32_t log_level;
    int32_t max_retransmit, nstart;
    int32_t block_size, max_body_size;
    int32_t max_pending_requests, max_observers, notifications_per_con;
    int32_t max_packet_size, in_buffer_size, out_buffer_size;
    int32_t qos_dscp_value, qos_traffic_type;
    int32_t code_page;
    bool use_empty_token;
    bool capture_ip_packet_info, delay_host_resolution, dont_fragment;
    bool share_local_port, use_connection, use_ipv6;
    bool absolute_timeout;
    bool mask_sensitive_data, use_internal_security_api;

    /* DTLS; those that are not LC_AT_ONCE are read when a session begins. */
    double ssl_session_timeout;
    char *ssl_provider, *psk_identity, *psk_key;
    char *ssl_ca_certs, *ssl_client_ca_certs, *ssl_server_ca_certs;
    char *openssl_ca_dir, *openssl_ca_file, *openssl_prng_seed_data, *ssl_key_log_file;
    char *ssl_enabled_cipher_suites, *tls12_signature_algorithms, *tls12_supported_groups;
    char *tls13_key_share_groups, *tls13_signature_algorithms, *tls13_supported_groups;
    int32_t ssl_cipher_strength, ssl_enabled_protocols;
    uint32_t ssl_security_flags;
    int32_t listening_port; /* here it fills a gap */
    bool ssl_enabled, ssl_authenticate_clients, use_raw_public_key;
    bool log_ssl_packets, reuse_ssl_session, ssl_enable_renegotiation, ssl_include_cert_chain;
};

/* The values of one component. The settings are replaced by a copy of its own on the first change.
 */
struct lc_values {
    struct lc_basics basics;
    const struct lc_settings *settings;
};

#endif
