/* A keyed 64-bit hash for tables. The key is random per process, so that peers cannot aim at a
 * bucket. */
#ifndef LC_BASE_HASH_H
#define LC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t lc_hash(const void *data, size_t len, uint64_t seed);

/* The same in every process: for what others see, or what has to come out alike again. */
uint64_t lc_hash_plain(const void *data, size_t len, uint64_t seed);

/* Mixes two words into one. */
static inline uint64_t lc_hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
