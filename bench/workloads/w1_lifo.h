/*
 * w1_lifo.h - W1: allocate a block and free it, over and over, of one size.
 *
 * The first word of each block is written, as a program would.  Nothing else
 * is live.  Case: the size.  ns: per block, allocation and free together.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W1_LIFO_H
#define BENCH_W1_LIFO_H

#include "support/clock.h"
#include "support/space.h"

static const unsigned lifo_sizes[] = { 16,   24,   32,   48,   64,   100,
                                       128,  256,  333,  512,  1000, 1024,
                                       2048, 3000, 4096, 8192, 16384, 32768,
                                       65536 };
enum { LIFO_SIZES = sizeof lifo_sizes / sizeof *lifo_sizes };

__attribute__((noinline)) static double lifo_time(peer_heap heap, size_t size,
                                                  uint64_t steps)
{
    struct stopwatch watch;

    clock_start(&watch);
    for (uint64_t i = 0; i < steps; i++)
        peer_free(heap, space_alloc(heap, size, i), size);
    return clock_stop(&watch) / (double)steps;
}

static void lifo_verify(const struct space *space, peer_heap heap, size_t size)
{
    for (int i = 0; i < 100; i++) {
        uint64_t key = verify_key();
        void *start = space_alloc_verified(space, heap, size, key);

        space_free_verified(heap, start, size, key);
    }
}

static void lifo_size(const struct space *space, peer_heap heap, size_t size)
{
    double best = HUGE_VAL;
    char name[32];

    snprintf(name, sizeof name, "%zu", size);
    if (options.verify) {
        lifo_verify(space, heap, size);
        report_value(name, "verified", 1);
        return;
    }
    lifo_time(heap, size, options_steps(100000));
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, lifo_time(heap, size, options_steps(1000000)));
    report_value(name, "ns", best);
}

static void lifo(void)
{
    struct space space;
    peer_heap heap;

    report_workload = "w1";
    if (!PEER_FREES) {
        report_skipped("", "frees no single blocks");
        return;
    }
    space_open(&space, (double)((size_t)64 << 20), 1, true);
    heap = space_heap(&space);
    for (int i = 0; i < LIFO_SIZES; i++)
        lifo_size(&space, heap, lifo_sizes[i]);
}

#endif
