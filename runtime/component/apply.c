/* Settings as the layers below take them; see apply.h. */
#include "component/apply.h"

lc_time lc_apply_seconds(double seconds)
{
    double micros = seconds * LC_SECOND;
    return micros < 9e18 ? (lc_time)(micros + 0.5) : LC_NEVER;
}

struct lc_params lc_apply_params(const struct lc_settings *settings)
{
    return (struct lc_params){
        .ack_timeout = lc_apply_seconds(settings->ack_timeout),
        .ack_random_factor = settings->ack_random_factor,
        .max_retransmit = (unsigned)settings->max_retransmit,
        .nstart = (unsigned)settings->nstart,
        .max_latency = lc_apply_seconds(settings->max_latency),
        .probing_rate = settings->probing_rate,
    };
}

struct lc_limits lc_apply_limits(const struct lc_settings *settings)
{
    struct lc_limits limits = LC_LIMITS_DEFAULT;
    limits.block_size = (unsigned)settings->block_size;
    limits.max_body = (size_t)settings->max_body_size;
    limits.max_pending = (unsigned)settings->max_pending_requests;
    limits.pending_timeout = lc_apply_seconds(settings->pending_timeout);
    limits.piggyback_delay = lc_apply_seconds(settings->piggyback_delay);
    limits.multicast_leisure = lc_apply_seconds(settings->multicast_leisure);
    limits.max_observers = (unsigned)settings->max_observers;
    limits.notifications_per_con = (unsigned)settings->notifications_per_con;
    /* A few of the largest bodies fit whatever MaxBodySize says. */
    if (limits.max_transfer_bytes < 4 * limits.max_body) {
        limits.max_transfer_bytes = 4 * limits.max_body;
    }
    return limits;
}

int lc_apply_dscp(const struct lc_settings *settings)
{
    /* What Windows' qWAVE marks each kind of traffic with: CS0, CS1, CS5, CS5, CS7, CS7. */
    static const uint8_t of_traffic[] = {0, 8, 40, 40, 56, 56};
    if (settings->qos_dscp_value != 0) {
        return settings->qos_dscp_value;
    }
    return of_traffic[settings->qos_traffic_type];
}

int lc_apply_groups(const char *text, struct lc_address *out, size_t room)
{
    static const char separators[] = ", \t\r\n";
    int count = 0;
    for (const char *at = text == NULL ? "" : text; *(at += strspn(at, separators)) != '\0';) {
        struct lc_address group;
        size_t len = strcspn(at, separators);
        if (!lc_address_parse(&group, lc_bytes(at, len)) || !lc_address_is_multicast(&group)) {
            return -1;
        }
        if ((size_t)count < room) {
            out[count] = group;
        }
        count++;
        at += len;
    }
    return count;
}
