/*
 * verify.h - the honesty mode: every byte of a block is the workload's.
 *
 * A block is filled, over its whole size, with words that depend on its key
 * and on the position; keys are never used twice.  Two live blocks that
 * overlap, or a peer that keeps its own notes in a live block, spoil words,
 * which are all compared before the block is freed or moved.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "report.h"

static inline uint64_t verify_word(uint64_t key, size_t position)
{
    return (key + position) * 0x9E3779B97F4A7C15u;
}

static void verify_fill(void *start, size_t size, uint64_t key)
{
    unsigned char *bytes = start;

    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = verify_word(key, at);

        memcpy(bytes + at, &word, size - at < 8 ? size - at : 8);
    }
}

/* The first `size` bytes of a block that was filled with `key`. */
static void verify_compare(const void *start, size_t size, uint64_t key)
{
    const unsigned char *bytes = start;

    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = verify_word(key, at);

        if (memcmp(bytes + at, &word, size - at < 8 ? size - at : 8) != 0)
            report_stop("a block of %zu bytes was changed at byte %zu: "
                        "live blocks overlap",
                        size, at);
    }
}

/* A key that no other block has or had; threads have each their own. */
static _Thread_local uint64_t verify_last_key;

static inline uint64_t verify_key(void)
{
    return verify_last_key += (uint64_t)1 << 32;
}

static void verify_that(int holds, const char *what)
{
    if (!holds)
        report_stop("not so: %s", what);
}

#endif
