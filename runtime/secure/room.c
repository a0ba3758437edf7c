/*
 * What bounds the table of sessions in number: who has to go when one more would be too many.
 *
 * A host that can be reached where it says may begin handshakes from thousands of ports, and end
 * none. So that it is in nobody's way but its own, the host that has the most of them gives room.
 */
#include "base/hash.h"
#include "base/memory.h"
#include "secure/connection.h"

enum {
    HANDSHAKES_MAX = 1000, /* of clients of ours: some 40 KB each */
    SESSIONS_MAX = 65536,  /* per endpoint: an endpoint has so many ports */
    CROWDS = 2048,         /* hosts are told apart by a hash */
    CROWD_MIN = 8,         /* fewer may come together by chance, of a thousand hosts */
};

/* What has begun no longer ago goes on: when a thousand clients come at once, those that came first
 * are the nearest to their end. A hello that is dropped comes again after a second. */
static const lc_time handshake_turn = 2 * LC_SECOND;

/* How many handshakes clients of each host have under way. */
struct lc_crowds {
    uint16_t count[CROWDS];
};

/* Whoever has an IPv6 address has 2^64 of them. */
static unsigned crowd_of(const struct lc_address *remote)
{
    return lc_hash(remote->ip, remote->is_ipv4 ? 16 : 8, 0) % CROWDS;
}

void lc_dtls_count_handshake(const struct lc_connection *c, int change)
{
    struct lc_dtls *dtls = c->dtls;
    dtls->handshaking_count += (size_t)change;
    if (dtls->crowds != NULL && c->security->is_server) {
        uint16_t *count = &dtls->crowds->count[crowd_of(&c->path.remote)];
        *count = (uint16_t)(*count + change);
    }
}

/* Counted from when there are too many for the first time. */
static const struct lc_crowds *crowds_of(struct lc_dtls *dtls)
{
    if (dtls->crowds == NULL && (dtls->crowds = lc_zalloc(sizeof *dtls->crowds)) != NULL) {
        lc_list_for_each (link, &dtls->handshaking) {
            struct lc_connection *c = lc_container(link, struct lc_connection, link);
            dtls->crowds->count[crowd_of(&c->path.remote)] += c->security->is_server;
        }
    }
    return dtls->crowds;
}

static unsigned greatest(const struct lc_crowds *crowds)
{
    unsigned found = 0;
    for (unsigned i = 1; i < CROWDS; i++) {
        found = crowds->count[i] > crowds->count[found] ? i : found;
    }
    return found;
}

/* None that we have begun ourselves. */
static struct lc_connection *in_crowd(struct lc_list *link, unsigned crowd)
{
    struct lc_connection *c = lc_container(link, struct lc_connection, link);
    return c->security->is_server && crowd_of(&c->path.remote) == crowd ? c : NULL;
}

static struct lc_connection *oldest_in(struct lc_dtls *dtls, unsigned crowd)
{
    struct lc_connection *c = NULL;
    struct lc_list *link = dtls->handshaking.next;
    for (; c == NULL && link != &dtls->handshaking; link = link->next) {
        c = in_crowd(link, crowd);
    }
    return c;
}

static struct lc_connection *youngest_in(struct lc_dtls *dtls, unsigned crowd)
{
    struct lc_connection *c = NULL;
    struct lc_list *link = dtls->handshaking.prev;
    for (; c == NULL && link != &dtls->handshaking; link = link->prev) {
        c = in_crowd(link, crowd);
    }
    return c;
}

/* The oldest of the greatest crowd; none if that has just begun, unless the crowd is one and has
 * twice as many as the newcomer's: then the one that is the furthest from its end. */
static struct lc_connection *who_goes(
    struct lc_dtls *dtls, const struct lc_crowds *crowds, const struct lc_address *newcomer)
{
    unsigned most = greatest(crowds);
    struct lc_connection *oldest = oldest_in(dtls, most);
    if (oldest == NULL || dtls->options.timers->now - oldest->used >= handshake_turn) {
        return oldest;
    }
    unsigned own = crowds->count[crowd_of(newcomer)] + 1U;
    bool is_crowd = crowds->count[most] >= CROWD_MIN && crowds->count[most] >= 2 * own;
    return is_crowd ? youngest_in(dtls, most) : NULL;
}

/* Handshakes of ours are no reason to refuse others theirs. */
static bool make_room_to_begin(struct lc_dtls *dtls, const struct lc_address *newcomer)
{
    const struct lc_crowds *crowds = crowds_of(dtls);
    if (crowds == NULL) {
        return false;
    }
    struct lc_connection *c = who_goes(dtls, crowds, newcomer);
    if (c == NULL) {
        return crowds->count[greatest(crowds)] == 0;
    }
    lc_dtls_end_one(c, LC_ERROR_HANDSHAKE, "too many DTLS handshakes at once");
    return true;
}

static struct lc_connection *first_of(const struct lc_list *list)
{
    return lc_list_empty(list) ? NULL : lc_container(list->next, struct lc_connection, link);
}

bool lc_dtls_make_room(struct lc_dtls *dtls, const struct lc_address *newcomer)
{
    if (dtls->handshaking_count >= HANDSHAKES_MAX && !make_room_to_begin(dtls, newcomer)) {
        return false;
    }
    if (dtls->up_count >= SESSIONS_MAX) {
        struct lc_connection *oldest = first_of(&dtls->resting);
        lc_dtls_end_one(oldest != NULL ? oldest : first_of(&dtls->busy), LC_ERROR_HANDSHAKE,
            "too many DTLS sessions at once");
    }
    return true;
}
