/* Random numbers: from the system, unpredictable, unless somebody asks for a sequence that he
 * can repeat. */
#ifndef LC_BASE_RANDOM_H
#define LC_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void lc_random_bytes(void *out, size_t len);
uint32_t lc_random_u32(void);

/* Uniform in [0, 1). */
double lc_random_unit(void);

/* The same, but never from a sequence: for keys. */
void lc_random_secret(void *out, size_t len);

/* For specs and virtual time: a fixed sequence from now on; 0 goes back to the system's. */
void lc_random_seed(uint64_t seed);

#endif
