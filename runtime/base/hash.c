/* Keyed hash by folded multiplication, sixteen bytes at a time; see hash.h. */
#include "base/hash.h"

#include <string.h>

#include "base/random.h"

static uint64_t key_of_process(void)
{
    static uint64_t key;
    while (key == 0) {
        lc_random_secret(&key, sizeof key);
    }
    return key;
}

static uint64_t word_at(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* One multiplication for 16 bytes. */
static uint64_t mix_in(uint64_t hash, const uint8_t *p, uint64_t key)
{
    return lc_hash_mix(word_at(p) ^ key, word_at(p + 8) ^ hash);
}

static uint64_t hash_with(uint64_t key, const void *data, size_t len, uint64_t seed)
{
    const uint8_t *p = data;
    uint64_t hash = lc_hash_mix(key ^ seed, len);
    if (len < 16) {
        uint8_t padded[16] = {0};
        if (len > 0) {
            memcpy(padded, p, len);
        }
        return mix_in(hash, padded, key);
    }
    const uint8_t *last = p + len - 16;
    if (len >= 128) {
        /* Four lanes, since one multiplication would wait for the other. */
        uint64_t b = lc_hash_mix(hash, 1), c = lc_hash_mix(hash, 2), d = lc_hash_mix(hash, 3);
        for (; p + 48 < last; p += 64) {
            hash = mix_in(hash, p, key);
            b = mix_in(b, p + 16, key);
            c = mix_in(c, p + 32, key);
            d = mix_in(d, p + 48, key);
        }
        hash = lc_hash_mix(lc_hash_mix(hash, b), lc_hash_mix(c, d));
    }
    for (; p < last; p += 16) {
        hash = mix_in(hash, p, key);
    }
    return mix_in(hash, last, key); /* may look at some bytes again */
}

uint64_t lc_hash(const void *data, size_t len, uint64_t seed)
{
    return hash_with(key_of_process(), data, len, seed);
}

uint64_t lc_hash_plain(const void *data, size_t len, uint64_t seed)
{
    return hash_with(0x2545f4914f6cdd1du, data, len, seed);
}
