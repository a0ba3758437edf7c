/* Sums over components; see totals.h. */
#include "component/totals.h"

#include "component/component.h"
#include "component/endpoint.h"

void lc_totals_add(struct lc_totals *totals, const struct lc_udp_stats *udp,
    const struct lc_channel_stats *channel)
{
    totals->sent += udp->sent;
    totals->received += udp->received;
    totals->dropped += udp->dropped;
    totals->refused += udp->refused;
    totals->retransmissions += channel->retransmissions;
    totals->duplicates += channel->duplicates;
    totals->malformed += channel->malformed;
}

struct lc_totals lc_totals_of(const struct lc_stage *stage)
{
    struct lc_totals totals = stage->closed;
    lc_list_for_each (link, &stage->open) {
        const struct lc_endpoint *endpoint =
            lc_container(link, struct lc_component, open)->endpoint;
        lc_totals_add(&totals, lc_udp_stats(endpoint->udp), lc_channel_stats(endpoint->channel));
        totals.open++;
    }
    totals.dropped += lc_udp_shared_dropped(stage->loop);
    return totals;
}
