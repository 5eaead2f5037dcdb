/*
 * options.h - what the command line asks of the workloads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    uint64_t seed;
    const char *sizes; /* "log" or "vm" */
    size_t live;       /* live blocks: W2, footprint, W5 */
    size_t count;      /* blocks of a heap: W3; 0: each of the usual counts */
    size_t heaps;      /* W4 */
    size_t reserve;    /* bytes: context */
    const char *lua;   /* folder of the Lua programs */
    const char *program; /* one of W8 or adversary, or NULL for all */
    unsigned rounds;   /* of each measurement, of which the best counts */
    unsigned divide;   /* steps are divided by this */
    bool verify;       /* check instead of measuring */
    bool prefault;     /* memory is made resident before it is used */
};

static struct options options = {
    .seed = 1, .sizes = "log", .live = 1000, .count = 0, .heaps = 1000,
    .reserve = (size_t)64 << 20, .lua = "lua", .program = NULL, .rounds = 3,
    .divide = 1, .verify = false, .prefault = true
};

/* So many steps in full; never none. */
static inline uint64_t options_steps(uint64_t steps)
{
    steps /= options.divide;
    return steps ? steps : 1;
}

#endif
