/* Handshakes, as far as their records show in clear; see await.h. */
#include "net/await.h"

/* Of a DTLS record (RFC 6347 4.1), and of the handshake message in it. */
enum {
    RECORD_HEADER = 13,
    EPOCH = 3,
    LENGTH = 11,
    CHANGE_CIPHER_SPEC = 20,
    HANDSHAKE = 22,
    CLIENT_HELLO = 1,
};

static struct lc_awaited *place_of(struct lc_await *await, const struct lc_address *remote)
{
    struct lc_address bare = *remote;
    bare.session = 0;
    uint64_t hash = lc_address_hash(&bare);
    struct lc_awaited *place = &await->peers[hash % LC_AWAITS];
    if (place->peer != hash) {
        await->count -= place->state == LC_AWAIT_SECRET;
        *place = (struct lc_awaited){.peer = hash};
    }
    return place;
}

static void become(struct lc_await *await, const struct lc_address *remote, unsigned state)
{
    struct lc_awaited *place = place_of(await, remote);
    await->count -= place->state == LC_AWAIT_SECRET;
    await->count += state == LC_AWAIT_SECRET;
    place->state = state;
}

static void on_record(
    struct lc_await *await, const struct lc_address *remote, const uint8_t *record, size_t len)
{
    if (record[0] == HANDSHAKE && len > RECORD_HEADER && record[RECORD_HEADER] == CLIENT_HELLO) {
        become(await, remote, LC_AWAIT_NOTHING);
    } else if (record[0] == CHANGE_CIPHER_SPEC &&
               place_of(await, remote)->state == LC_AWAIT_NOTHING) {
        become(await, remote, LC_AWAIT_SECRET);
    }
}

/* Those of epoch 0 alone: behind them all is sealed. */
void lc_await_datagram(
    struct lc_await *await, const struct lc_address *remote, struct lc_bytes datagram)
{
    const uint8_t *at = datagram.data;
    size_t left = datagram.len;
    while (left >= RECORD_HEADER && at[0] >= CHANGE_CIPHER_SPEC && at[0] <= HANDSHAKE &&
           at[EPOCH] == 0 && at[EPOCH + 1] == 0) {
        size_t len = RECORD_HEADER + (size_t)(at[LENGTH] << 8 | at[LENGTH + 1]);
        len = len < left ? len : left;
        on_record(await, remote, at, len);
        at += len;
        left -= len;
    }
}

void lc_await_secret(struct lc_await *await, const struct lc_address *remote)
{
    become(await, remote, LC_AWAIT_KNOWN);
}

void lc_await_give_up(struct lc_await *await)
{
    for (unsigned i = 0; i < LC_AWAITS && await->count > 0; i++) {
        if (await->peers[i].state == LC_AWAIT_SECRET) {
            await->peers[i].state = LC_AWAIT_NOTHING;
            await->count--;
        }
    }
}
