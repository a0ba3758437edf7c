/* The table of peers; see peer.h. Source addresses can be spoofed, hence the bound. */
#include "message/peer.h"

#include "base/memory.h"

enum { MOST_PEERS = 65536 };

void lc_peers_init(struct lc_peers *peers, uint64_t *evicted_count)
{
    *peers = (struct lc_peers){.evicted_count = evicted_count};
    lc_list_init(&peers->idle);
}

static void forget(struct lc_peers *peers, struct lc_peer *peer)
{
    lc_list_remove(&peer->link);
    lc_map_remove(&peers->map, &peer->node);
    lc_ids_free(&peer->ids);
    lc_free(peer);
}

void lc_peers_free(struct lc_peers *peers)
{
    struct lc_map_node *node;
    while ((node = lc_map_next(&peers->map, NULL)) != NULL) {
        forget(peers, lc_container(node, struct lc_peer, node));
    }
    lc_map_free(&peers->map);
}

static struct lc_peer *find(
    const struct lc_peers *peers, const struct lc_address *address, uint64_t hash)
{
    struct lc_map_node *node = lc_map_find(&peers->map, hash);
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_peer *peer = lc_container(node, struct lc_peer, node);
        if (lc_address_equal(&peer->address, address)) {
            return peer;
        }
    }
    return NULL;
}

struct lc_peer *lc_peers_find(const struct lc_peers *peers, const struct lc_address *address)
{
    return find(peers, address, lc_address_hash(address));
}

/* The list is in order of seconds: exact order is not worth a cache miss per message. */
static void touch(struct lc_peers *peers, struct lc_peer *peer, lc_time now)
{
    bool moves = peer->transmissions == 0 && now / LC_SECOND != peer->used / LC_SECOND;
    peer->used = now;
    if (moves) {
        lc_list_remove(&peer->link);
        lc_list_append(&peers->idle, &peer->link);
    }
}

struct lc_peer *lc_peers_get(struct lc_peers *peers, const struct lc_address *address, lc_time now)
{
    uint64_t hash = lc_address_hash(address);
    struct lc_peer *peer = find(peers, address, hash);
    if (peer != NULL) {
        touch(peers, peer, now);
        return peer;
    }
    peer = lc_alloc(sizeof *peer);
    if (peer == NULL || !lc_map_insert(&peers->map, &peer->node, hash)) {
        lc_free(peer);
        return NULL;
    }
    if (peers->map.count > MOST_PEERS && !lc_list_empty(&peers->idle)) {
        forget(peers, lc_container(peers->idle.next, struct lc_peer, link));
        ++*peers->evicted_count;
    }
    peer->address = *address;
    peer->used = now;
    peer->transmissions = peer->outstanding = 0;
    peer->starved = false;
    lc_ids_init(&peer->ids);
    lc_list_init(&peer->sent);
    lc_list_init(&peer->waiting);
    lc_list_append(&peers->idle, &peer->link);
    return peer;
}

void lc_peers_hold(struct lc_peer *peer)
{
    if (peer->transmissions++ == 0) {
        lc_list_remove(&peer->link);
    }
}

void lc_peers_release(struct lc_peers *peers, struct lc_peer *peer, lc_time now)
{
    peer->used = now;
    if (--peer->transmissions == 0) {
        lc_list_append(&peers->idle, &peer->link);
    }
}

lc_time lc_peers_expire(struct lc_peers *peers, lc_time before, unsigned limit)
{
    while (!lc_list_empty(&peers->idle)) {
        struct lc_peer *peer = lc_container(peers->idle.next, struct lc_peer, link);
        if (peer->used >= before || limit-- == 0) {
            return peer->used;
        }
        forget(peers, peer);
    }
    if (peers->map.count == 0) {
        lc_map_free(&peers->map);
    }
    return LC_NEVER;
}
