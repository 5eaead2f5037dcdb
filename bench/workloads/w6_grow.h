/*
 * w6_grow.h - W6: one buffer grows from 16 bytes to 1 MiB, by half of its
 * size each time or by 64 bytes, with other allocations between.
 *
 * After each step the buffer's last byte is written, and a small block is
 * allocated and another, 64 steps old, is freed.  ns: for the whole growth,
 * freeing the buffer included.
 *
 * In the honesty mode the buffer's contents are compared after each step.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W6_GROW_H
#define BENCH_W6_GROW_H

#include "support/clock.h"
#include "support/space.h"

enum { GROW_RING = 64, GROW_START = 16, GROW_END = 1 << 20 };

struct grow {
    const struct space *space;
    peer_heap heap;
    void *ring[GROW_RING];      /* the other allocations */
    size_t ring_sizes[GROW_RING];
    size_t at;
    uint64_t random;
};

static inline size_t grow_next(size_t size, bool by_half, size_t end)
{
    size_t next = by_half ? size + size / 2 : size + 64;

    return next < end ? next : end;
}

static inline void grow_other(struct grow *grow)
{
    size_t at = grow->at++ % GROW_RING;

    if (grow->ring[at])
        peer_free(grow->heap, grow->ring[at], grow->ring_sizes[at]);
    grow->ring_sizes[at] = 16 + (random_next(&grow->random) & 240);
    grow->ring[at] = space_alloc(grow->heap, grow->ring_sizes[at], at);
}

__attribute__((always_inline)) static inline void
grow_run(struct grow *grow, bool by_half, bool verified)
{
    /* To compare the whole buffer 16384 times would take long. */
    const size_t end = verified && !by_half ? GROW_END / 16 : GROW_END;
    size_t size = GROW_START;
    unsigned char *buffer = space_alloc(grow->heap, size, 0);
    uint64_t key = verified ? verify_key() : 0;

    if (verified)
        verify_fill(buffer, size, key);
    while (size < end) {
        size_t next = grow_next(size, by_half, end);

        buffer = peer_resize(grow->heap, buffer, size, next);
        if (__builtin_expect(!buffer, 0))
            space_exhausted(next);
        if (verified) {
            verify_compare(buffer, size, key);
            verify_fill(buffer, next, key);
        } else {
            *(volatile unsigned char *)&buffer[next - 1] = 1;
        }
        size = next;
        grow_other(grow);
    }
    peer_free(grow->heap, buffer, size);
}

__attribute__((noinline)) static double grow_time(struct grow *grow,
                                                  bool by_half, unsigned times)
{
    struct stopwatch watch;

    clock_start(&watch);
    for (unsigned i = 0; i < times; i++)
        grow_run(grow, by_half, false);
    return clock_stop(&watch) / times;
}

static void grow_report(struct grow *grow, bool by_half, const char *name)
{
    unsigned times = by_half ? (unsigned)options_steps(100) : 3;
    double best = HUGE_VAL;

    if (options.verify) {
        grow_run(grow, by_half, true);
        report_value(name, "verified", 1);
        return;
    }
    grow_time(grow, by_half, 1);
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, grow_time(grow, by_half, times));
    report_value(name, "ns", best);
}

static void grow(void)
{
    struct grow grow = { 0 };
    struct space space;

    report_workload = "w6";
    if (!PEER_RESIZES) {
        report_skipped("", "resizes no blocks");
        return;
    }
    space_open(&space, (double)((size_t)128 << 20), 1, true);
    grow.space = &space;
    grow.heap = space_heap(&space);
    grow.random = random_state(options.seed, 9);
    grow_report(&grow, true, "by half");
    grow_report(&grow, false, "by 64 bytes");
}

#endif
