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
};

/*
 * The rest, in one block that components share until they change something. Fields are named as the
 * settings, in C's spelling; times are seconds, sizes bytes.
 */
struct lc_settings {
    double ack_timeout, ack_random_factor, max_latency, probing_rate;
    double piggyback_delay, pending_timeout, multicast_leisure;
    char *multicast_groups, *firewall_data; /* owned; NULL: the default, "" */
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
};

/* The values of one component. The settings are replaced by a copy of its own on the first change.
 */
struct lc_values {
    struct lc_basics basics;
    const struct lc_settings *settings;
};

#endif
