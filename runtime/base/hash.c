/* Keyed hash by folded multiplication, eight bytes at a time; see hash.h. */
#include "base/hash.h"

#include <string.h>

#include "base/random.h"

static uint64_t key_of_process(void)
{
    static uint64_t key;
    while (key == 0) {
        lc_random_bytes(&key, sizeof key);
    }
    return key;
}

static uint64_t word_at(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

uint64_t lc_hash(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *p = data;
    uint64_t key = key_of_process();
    uint64_t hash = lc_hash_mix(key ^ seed, len);
    if (len >= 64) {
        /* Four lanes, since one multiplication would wait for the other. */
        uint64_t b = hash + 1, c = hash + 2, d = hash + 3;
        for (; len >= 32; p += 32, len -= 32) {
            hash = lc_hash_mix(hash ^ word_at(p), key);
            b = lc_hash_mix(b ^ word_at(p + 8), key);
            c = lc_hash_mix(c ^ word_at(p + 16), key);
            d = lc_hash_mix(d ^ word_at(p + 24), key);
        }
        hash = lc_hash_mix(hash ^ b, c ^ d);
    }
    for (; len >= 8; p += 8, len -= 8) {
        hash = lc_hash_mix(hash ^ word_at(p), key);
    }
    if (len > 0) {
        uint64_t word = 0;
        memcpy(&word, p, len);
        hash = lc_hash_mix(hash ^ word, key);
    }
    return hash;
}
