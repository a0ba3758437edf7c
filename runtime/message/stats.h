/* What a channel counts since it was made. */
#ifndef LC_MESSAGE_STATS_H
#define LC_MESSAGE_STATS_H

#include <stdint.h>

struct lc_channel_stats {
    uint64_t received, malformed, duplicates, retransmissions;
    uint64_t id_conflicts;    /* a Message ID seen again with other bytes: taken as a new message */
    uint64_t replies_evicted; /* replies forgotten early whose requests may run again */
    uint64_t kept_replies_evicted; /* those whose duplicates get no answer from then on */
    uint64_t ids_evicted; /* Message IDs forgotten before EXCHANGE_LIFETIME: the bound on memory */
    uint64_t peers_evicted;
};

#endif
