/* What all components of a process have counted together. */
#ifndef LC_COMPONENT_TOTALS_H
#define LC_COMPONENT_TOTALS_H

#include <stdint.h>

struct lc_channel_stats;
struct lc_stage;
struct lc_udp_stats;

struct lc_totals {
    uint64_t sent, received, retransmissions, duplicates, malformed, dropped, refused;
    uint64_t open; /* sockets */
};

void lc_totals_add(struct lc_totals *totals, const struct lc_udp_stats *udp,
    const struct lc_channel_stats *channel);

/* Those of all sockets since the process began, with those that are closed. */
struct lc_totals lc_totals_of(const struct lc_stage *stage);

#endif
