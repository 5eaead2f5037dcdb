/*
 * random.h - random numbers, and the sizes that programs ask for.
 *
 * Sizes are drawn once into a table from the seed; a loop then picks from the
 * table with bits of the number that it needs anyway.
 *
 *     log   log-uniform from 16 to 1024: every doubling equally often
 *     vm    80 % 16-64, 15 % 64-512, 4 % 512-4096, 1 % 4 K-64 K, log-uniform
 *           within each part: what interpreters ask for
 *     small log-uniform from 16 to 256: what is torn down with its heap
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SIZES_COUNT = 4096 }; /* a power of two */

struct sizes {
    const char *name;
    double mean; /* bytes, of the table as drawn */
    uint16_t table[SIZES_COUNT];
};

/* xorshift64 (Marsaglia 2003); the state is never 0. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* A state for one purpose, from the seed of the run (splitmix64). */
static inline uint64_t random_state(uint64_t seed, uint64_t purpose)
{
    uint64_t x = seed * 0x9E3779B97F4A7C15u + purpose * 0xD1B54A32D192ED03u;

    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    return x ? x : 1;
}

/* A number below `limit`, which is below 2^32. */
static inline size_t random_below(uint64_t random, size_t limit)
{
    return (size_t)(((random >> 32) * limit) >> 32);
}

static double sizes_between(double low, double high, double part)
{
    return low * exp2(log2(high / low) * part);
}

/* The size at `u` (0 to 1) of the distribution's sorted sizes. */
static double sizes_at(const char *name, double u)
{
    if (strcmp(name, "small") == 0)
        return sizes_between(16, 256, u);
    if (strcmp(name, "log") == 0)
        return sizes_between(16, 1024, u);
    if (u < 0.80)
        return sizes_between(16, 64, u / 0.80);
    if (u < 0.95)
        return sizes_between(64, 512, (u - 0.80) / 0.15);
    if (u < 0.99)
        return sizes_between(512, 4096, (u - 0.95) / 0.04);
    return sizes_between(4096, 65535, (u - 0.99) / 0.01);
}

static inline bool sizes_known(const char *name)
{
    return strcmp(name, "log") == 0 || strcmp(name, "vm") == 0 ||
           strcmp(name, "small") == 0;
}

/* One draw from each of SIZES_COUNT equal parts: the seed moves every size
 * a little, and no seed makes the blocks larger on average. */
static void sizes_draw(struct sizes *sizes, const char *name, uint64_t seed)
{
    uint64_t state = random_state(seed, 1);
    double sum = 0;

    for (int i = 0; i < SIZES_COUNT; i++) {
        double jitter = (double)(random_next(&state) >> 11) / 9007199254740992.0;

        sizes->table[i] = (uint16_t)sizes_at(name, (i + jitter) / SIZES_COUNT);
        sum += sizes->table[i];
    }
    sizes->name = name;
    sizes->mean = sum / SIZES_COUNT;
}

#endif
