/* Keyed hash by folded multiplication, eight bytes at a time; see hash.h. */
#include "base/hash.h"

#include <string.h>

#include "base/random.h"

uint64_t lc_hash(const void *data, size_t len, uint64_t seed)
{
    static uint64_t key;
    while (key == 0) {
        lc_random_bytes(&key, sizeof key);
    }
    const uint8_t *p = data;
    uint64_t hash = lc_hash_mix(key ^ seed, len);
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        hash = lc_hash_mix(hash ^ word, key);
    }
    if (len > 0) {
        uint64_t word = 0;
        memcpy(&word, p, len);
        hash = lc_hash_mix(hash ^ word, key);
    }
    return hash;
}
