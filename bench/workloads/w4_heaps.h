/*
 * w4_heaps.h - W4: many heaps in one block.
 *
 * Case: how many.  empty_bytes: what has become resident per heap when all
 * were made; live_bytes: when each has 16 blocks of 64 bytes, all written.
 * ns: one heap after another frees one of its 16 blocks and allocates
 * another, of 32 to 128 bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W4_HEAPS_H
#define BENCH_W4_HEAPS_H

#include "support/clock.h"
#include "support/space.h"

enum { HEAPS_BLOCKS = 16, HEAPS_BLOCK_SIZE = 64 };

struct heaps {
    struct space space;
    size_t count;
    peer_heap *heaps;
    void **starts;   /* HEAPS_BLOCKS of each heap */
    uint8_t *sizes;
    uint64_t *keys;
    uint64_t random;
};

__attribute__((always_inline)) static inline void
heaps_steps(struct heaps *h, uint64_t steps, bool verified)
{
    static const uint8_t sizes[4] = { 32, 48, 96, 128 };
    uint64_t random = h->random;
    size_t at = 0;

    for (uint64_t i = 0; i < steps; i++) {
        size_t index = at * HEAPS_BLOCKS +
                       (random_next(&random) & (HEAPS_BLOCKS - 1));
        size_t size = sizes[random >> 8 & 3];
        const peer_heap heap = h->heaps[at];

        if (verified) {
            space_free_verified(heap, h->starts[index], h->sizes[index],
                                h->keys[index]);
            h->keys[index] = verify_key();
            h->starts[index] = space_alloc_verified(&h->space, heap, size,
                                                    h->keys[index]);
        } else {
            peer_free(heap, h->starts[index], h->sizes[index]);
            h->starts[index] = space_alloc(heap, size, random);
        }
        if (PEER_SIZED || verified)
            h->sizes[index] = (uint8_t)size;
        if (++at == h->count)
            at = 0;
    }
    h->random = random;
}

__attribute__((noinline)) static double heaps_time(struct heaps *h,
                                                   uint64_t steps)
{
    struct stopwatch watch;

    clock_start(&watch);
    heaps_steps(h, steps, false);
    return clock_stop(&watch) / (double)steps;
}

static void heaps_verify(struct heaps *h)
{
    heaps_steps(h, 20 * (uint64_t)h->count, true);
    for (size_t i = 0; i < h->count; i += 2)
        peer_destroy(&h->space.peer, h->heaps[i]);
    for (size_t i = 1; i < h->count; i += 2)
        for (size_t j = i * HEAPS_BLOCKS; j < (i + 1) * HEAPS_BLOCKS; j++) {
            verify_compare(h->starts[j], h->sizes[j], h->keys[j]);
            if (PEER_OWNS)
                verify_that(!peer_owns(h->heaps[(i + 2) % h->count | 1],
                                       h->starts[j]) || h->count < 4,
                            "a block is no other heap's own");
        }
}

static void heaps_fill(struct heaps *h)
{
    for (size_t i = 0; i < h->count * HEAPS_BLOCKS; i++) {
        h->keys[i] = verify_key();
        h->sizes[i] = HEAPS_BLOCK_SIZE;
        h->starts[i] = space_alloc(h->heaps[i / HEAPS_BLOCKS],
                                   HEAPS_BLOCK_SIZE, i);
        verify_fill(h->starts[i], HEAPS_BLOCK_SIZE, h->keys[i]);
    }
}

static void heaps_init(struct heaps *h, size_t count)
{
    h->count = count;
    h->heaps = memory_array(count, sizeof *h->heaps);
    h->starts = memory_array(count * HEAPS_BLOCKS, sizeof *h->starts);
    h->sizes = memory_array(count * HEAPS_BLOCKS, sizeof *h->sizes);
    h->keys = memory_array(count * HEAPS_BLOCKS, sizeof *h->keys);
    h->random = random_state(options.seed, 5);
}

static void heaps_measure(struct heaps *h, const char *name)
{
    double before = memory_resident(), best = HUGE_VAL;
    uint64_t steps = options_steps(1000000);

    for (size_t i = 0; i < h->count; i++)
        h->heaps[i] = space_heap(&h->space);
    if (h->count >= 100)
        report_value(name, "empty_bytes",
                     (memory_resident() - before) / (double)h->count);
    heaps_fill(h);
    if (h->count >= 100)
        report_value(name, "live_bytes",
                     (memory_resident() - before) / (double)h->count);
    if (!PEER_FREES)
        return;
    if (options.verify) {
        heaps_verify(h);
        report_value(name, "verified", 1);
        return;
    }
    heaps_time(h, 40 * (uint64_t)h->count + steps / 10);
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, heaps_time(h, steps));
    report_value(name, "ns", best);
}

static void heaps(void)
{
    static struct heaps heaps;
    char name[32];

    report_workload = "w4";
    snprintf(name, sizeof name, "%zu", options.heaps);
    if (!PEER_SHARES || options.heaps > (size_t)PEER_MANY) {
        report_skipped(name, PEER_SHARES ? "not so many heaps"
                                         : "heaps share no block");
        return;
    }
    heaps_init(&heaps, options.heaps);
    space_open(&heaps.space,
               (double)options.heaps * PEER_HEAP_SPAN + (double)(128 << 20),
               options.heaps, false);
    heaps_measure(&heaps, name);
}

#endif
