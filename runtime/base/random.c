/* Random bytes are taken from the system in blocks, since a system call per token would cost more
 * than it. */
#include "base/random.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint8_t block[256];
static size_t left;
static uint64_t sequence;

static void refill(void)
{
    size_t have = 0;
    while (have < sizeof block) {
        ssize_t n = getrandom(block + have, sizeof block - have, 0);
        if (n > 0) {
            have += (size_t)n;
        }
    }
    left = sizeof block;
}

/* splitmix64: good dice, and no secret. */
static uint64_t next_of_sequence(void)
{
    uint64_t z = sequence += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void lc_random_bytes(void *out, size_t len)
{
    uint8_t *p = out;
    while (sequence != 0 && len > 0) {
        uint64_t word = next_of_sequence();
        size_t n = len < sizeof word ? len : sizeof word;
        memcpy(p, &word, n);
        p += n;
        len -= n;
    }
    lc_random_secret(p, len);
}

void lc_random_secret(void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        if (left == 0) {
            refill();
        }
        size_t n = len < left ? len : left;
        uint8_t *from = block + sizeof block - left;
        memcpy(p, from, n);
        memset(from, 0, n);
        left -= n;
        p += n;
        len -= n;
    }
}

uint32_t lc_random_u32(void)
{
    uint32_t value;
    lc_random_bytes(&value, sizeof value);
    return value;
}

double lc_random_unit(void)
{
    return lc_random_u32() / 4294967296.0;
}

void lc_random_seed(uint64_t seed)
{
    sequence = seed;
}
