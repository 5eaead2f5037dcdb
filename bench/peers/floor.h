/*
 * floor.h - what both floors share: the table of classes.
 *
 * Classes are 16, 32, 48, ... 128 and then four per doubling, to 4 GiB.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "slices.h"

enum { FLOOR_CLASSES = 112, FLOOR_TABLE_SIZE = 1024 };

static unsigned char floor_table[FLOOR_TABLE_SIZE / 16 + 1];
static size_t floor_sizes[FLOOR_CLASSES];

static void floor_init(void)
{
    unsigned class = 0;

    for (unsigned i = 0; i < FLOOR_CLASSES; i++)
        floor_sizes[i] = i < 8 ? 16 * (i + 1)
                               : (size_t)(5 + (i - 8) % 4) << (5 + (i - 8) / 4);
    for (size_t i = 0; i <= FLOOR_TABLE_SIZE / 16; i++) {
        if (i * 16 > floor_sizes[class])
            class++;
        floor_table[i] = (unsigned char)class;
    }
}

static inline unsigned floor_class(size_t size)
{
    unsigned log2, quarter;

    if (size <= FLOOR_TABLE_SIZE)
        return floor_table[(size + 15) / 16];
    log2 = 63 - (unsigned)__builtin_clzll((unsigned long long)size - 1);
    quarter = (unsigned)((size - 1) >> (log2 - 2)) & 3;
    return 8 + (log2 - 7) * 4 + quarter;
}

/* Both floors' functions are calls, as a library's are. */
#define FLOOR_CALL __attribute__((noinline)) static

#endif
