/*
 * w3_teardown.h - W3: make a heap, allocate N small mixed blocks, destroy the
 * heap whole.
 *
 * Case: N.  alloc_ns: per block, its first word written.  destroy_ns: per
 * heap, with all N blocks live.  Up to 10000 blocks four heaps are filled and
 * then destroyed together, so that what is timed is long enough for the clock.  A peer that
 * has one heap only must free each block, and that is what is timed; its
 * pointers are kept, which costs its allocation a store.
 *
 * Also empty_ns and one_ns: create and destroy a heap, with nothing and with
 * one block in it.
 *
 * In the honesty mode: what another heap holds survives the destruction.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W3_TEARDOWN_H
#define BENCH_W3_TEARDOWN_H

#include "support/clock.h"
#include "support/space.h"

enum { TEARDOWN_HEAPS = 8 }; /* destroyed together, at most */

struct teardown {
    struct space space;
    struct sizes sizes;
    size_t count;       /* N */
    size_t heap_count;  /* filled and destroyed together */
    peer_heap heaps[TEARDOWN_HEAPS];
    void **starts;      /* of blocks; for peers that destroy no heap */
    uint16_t *asked;    /* their sizes */
    uint64_t random;
};

static void teardown_fill(struct teardown *t, size_t heap_index)
{
    const peer_heap heap = t->heaps[heap_index];
    size_t first = heap_index * t->count;
    uint64_t random = t->random;

    for (size_t i = 0; i < t->count; i++) {
        size_t size = t->sizes.table[random_next(&random) & (SIZES_COUNT - 1)];
        void *start = space_alloc(heap, size, i);

        if (!PEER_DESTROYS) {
            t->starts[first + i] = start;
            t->asked[first + i] = (uint16_t)size;
        }
    }
    t->random = random;
}

static void teardown_drop(struct teardown *t, size_t heap_index)
{
    size_t first = heap_index * t->count;

    if (PEER_DESTROYS) {
        peer_destroy(&t->space.peer, t->heaps[heap_index]);
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        peer_free(t->heaps[heap_index], t->starts[first + i],
                  t->asked[first + i]);
}

static void teardown_round(struct teardown *t, double *alloc, double *destroy)
{
    struct stopwatch watch;

    for (size_t i = 0; i < t->heap_count; i++)
        t->heaps[i] = space_heap(&t->space);
    clock_start(&watch);
    for (size_t i = 0; i < t->heap_count; i++)
        teardown_fill(t, i);
    *alloc = clock_stop(&watch) / (double)(t->heap_count * t->count);
    clock_start(&watch);
    for (size_t i = 0; i < t->heap_count; i++)
        teardown_drop(t, i);
    *destroy = clock_stop(&watch) / (double)t->heap_count;
}

/* Slices must hold a heap whole; 64 KiB pages per class are the worst case. */
static void teardown_open(struct teardown *t, size_t count, size_t heap_count)
{
    double per_heap = 2 * 256.0 / 2.77 * (double)count + (double)(4 << 20);

    if (!PEER_MANY || heap_count > (size_t)PEER_MANY)
        heap_count = PEER_MANY;
    t->heap_count = heap_count;
    t->count = count;
    t->random = random_state(options.seed, 4);
    sizes_draw(&t->sizes, "small", options.seed);
    if (!PEER_DESTROYS) {
        t->starts = memory_array(heap_count * count, sizeof *t->starts);
        t->asked = memory_array(heap_count * count, sizeof *t->asked);
    }
    space_open(&t->space, (double)heap_count * per_heap, heap_count, true);
}

static void teardown_count(size_t count)
{
    size_t heap_count = count <= 10000 ? 4 : 1;
    size_t rounds = (size_t)options_steps(4000000) / (heap_count * count) + 2;
    static struct teardown teardown;
    double alloc = HUGE_VAL, destroy = HUGE_VAL;
    char name[32];

    teardown_open(&teardown, count, heap_count);
    for (size_t round = 0; round <= rounds; round++) {
        double this_alloc, this_destroy;

        teardown_round(&teardown, &this_alloc, &this_destroy);
        if (round == 0)
            continue; /* the warm-up */
        alloc = fmin(alloc, this_alloc);
        destroy = fmin(destroy, this_destroy);
    }
    snprintf(name, sizeof name, "%zu", count);
    report_value(name, "alloc_ns", alloc);
    report_value(name, "destroy_ns", destroy);
}

/* Create and destroy, with `blocks` blocks of 64 bytes in it. */
static double teardown_cycle(struct space *space, int blocks, uint64_t cycles)
{
    struct stopwatch watch;

    clock_start(&watch);
    for (uint64_t i = 0; i < cycles; i++) {
        peer_heap heap = space_heap(space);

        if (blocks)
            space_alloc(heap, 64, i);
        peer_destroy(&space->peer, heap);
    }
    return clock_stop(&watch) / (double)cycles;
}

static void teardown_cycles(void)
{
    double empty = HUGE_VAL, one = HUGE_VAL, cycle;
    struct space space;
    uint64_t cycles;

    space_open(&space, (double)((size_t)64 << 20), 8, true);
    cycle = teardown_cycle(&space, 1, 100);
    cycles = options_steps((uint64_t)(20e6 / (cycle + 1)) + 10);
    for (unsigned round = 0; round < options.rounds; round++) {
        empty = fmin(empty, teardown_cycle(&space, 0, cycles));
        one = fmin(one, teardown_cycle(&space, 1, cycles));
    }
    report_value("create+destroy", "empty_ns", empty);
    report_value("create+destroy", "one_ns", one);
}

/* Two heaps' blocks alternate; one heap goes, and comes back; the other's
 * blocks are as they were. */
static void teardown_verify(size_t count)
{
    static struct teardown teardown;
    void **starts = memory_array(count, sizeof *starts);
    uint64_t *keys = memory_array(count, sizeof *keys);
    const uint16_t *table = teardown.sizes.table;

    teardown_open(&teardown, count, 2);
    if (teardown.heap_count < 2)
        return;
    teardown.heaps[1] = space_heap(&teardown.space);
    for (int round = 0; round < 3; round++) {
        teardown.heaps[0] = space_heap(&teardown.space);
        for (size_t i = 0; i < count; i++) {
            space_alloc_verified(&teardown.space, teardown.heaps[0],
                                 table[(i * 7) % SIZES_COUNT], verify_key());
            if (round > 0)
                continue;
            keys[i] = verify_key();
            starts[i] = space_alloc_verified(&teardown.space, teardown.heaps[1],
                                             table[i % SIZES_COUNT], keys[i]);
        }
        peer_destroy(&teardown.space.peer, teardown.heaps[0]);
        for (size_t i = 0; i < count; i++)
            verify_compare(starts[i], table[i % SIZES_COUNT], keys[i]);
    }
}

static void teardown(void)
{
    report_workload = "w3";
    if (options.verify) {
        if (!PEER_DESTROYS) {
            report_skipped("", "destroys no heaps");
            return;
        }
        teardown_verify(options.count ? options.count : 20000);
        report_value("", "verified", 1);
        return;
    }
    if (PEER_DESTROYS)
        teardown_cycles();
    else
        report_skipped("create+destroy", "destroys no heaps");
    if (options.count) {
        teardown_count(options.count);
        return;
    }
    teardown_count(1000);
    teardown_count(100000);
    teardown_count(1000000);
}

#endif
