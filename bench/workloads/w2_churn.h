/*
 * w2_churn.h - W2: N live blocks; each step frees a random one and allocates
 * another.
 *
 * Case: distribution of the sizes and N.  ns: per step, one free and one
 * allocation, of which the first word is written; after a warm-up of three
 * steps per block and 200000 more.
 *
 * Footprint: the same in memory that nobody touched before, ten steps per
 * block, every page of every block written; what has become resident over the bytes asked for of the blocks that
 * are live.  It counts all memory of the process, so a peer's bookkeeping
 * counts wherever it lies.
 *
 * In the honesty mode each block is filled when it is allocated and compared
 * when it is freed, and all of them at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W2_CHURN_H
#define BENCH_W2_CHURN_H

#include "support/clock.h"
#include "support/space.h"

struct churn {
    const struct space *space;
    peer_heap heap;
    size_t live;       /* N */
    void **starts;     /* N live blocks */
    uint16_t *sizes;   /* what was asked for; kept only when `sized` */
    uint64_t *keys;    /* honesty mode: what each is filled with */
    uint64_t random;
    const struct sizes *distribution;
};

/* What is done to the blocks: only what is timed; every page of each written,
 * as its owner would in time; or every byte compared. */
enum churn_care { CHURN_TIMED, CHURN_TOUCHED, CHURN_VERIFIED };

static inline void churn_touch(unsigned char *start, size_t size)
{
    memory_touch(start, size);
    ((volatile unsigned char *)start)[size - 1] = 0;
}

/* Steps; `care` is known where it is called, and no test of it is left. */
__attribute__((always_inline)) static inline void
churn_steps(struct churn *churn, uint64_t steps, enum churn_care care)
{
    const bool sized = PEER_SIZED || care != CHURN_TIMED;
    const uint16_t *table = churn->distribution->table;
    const peer_heap heap = churn->heap;
    const size_t live = churn->live;
    void **const starts = churn->starts;
    uint16_t *const sizes = churn->sizes;
    uint64_t random = churn->random;

    for (uint64_t i = 0; i < steps; i++) {
        size_t index = random_below(random_next(&random), live);
        size_t size = table[random & (SIZES_COUNT - 1)];

        if (care == CHURN_VERIFIED) {
            space_free_verified(heap, starts[index], sizes[index],
                                churn->keys[index]);
            churn->keys[index] = verify_key();
            starts[index] = space_alloc_verified(churn->space, heap, size,
                                                 churn->keys[index]);
        } else {
            peer_free(heap, starts[index], sized ? sizes[index] : 0);
            starts[index] = space_alloc(heap, size, random);
        }
        if (care == CHURN_TOUCHED)
            churn_touch(starts[index], size);
        if (sized)
            sizes[index] = (uint16_t)size;
    }
    churn->random = random;
}

__attribute__((noinline)) static void churn_run(struct churn *churn,
                                                uint64_t steps)
{
    churn_steps(churn, steps, CHURN_TIMED);
}

static void churn_run_touched(struct churn *churn, uint64_t steps)
{
    churn_steps(churn, steps, CHURN_TOUCHED);
}

static void churn_run_verified(struct churn *churn, uint64_t steps)
{
    churn_steps(churn, steps, CHURN_VERIFIED);
}

/* Arrays first, then the space, so that footprint does not count them. */
static void churn_init(struct churn *churn, size_t live,
                       const struct sizes *distribution, uint64_t purpose)
{
    churn->live = live;
    churn->starts = memory_array(live, sizeof *churn->starts);
    churn->sizes = memory_array(live, sizeof *churn->sizes);
    churn->keys = memory_array(live, sizeof *churn->keys);
    churn->random = random_state(options.seed, purpose);
    churn->distribution = distribution;
}

static void churn_fill(struct churn *churn, const struct space *space,
                       peer_heap heap)
{
    churn->space = space;
    churn->heap = heap;
    for (size_t i = 0; i < churn->live; i++) {
        uint64_t random = random_next(&churn->random);
        size_t size = churn->distribution->table[random & (SIZES_COUNT - 1)];

        churn->sizes[i] = (uint16_t)size;
        churn->keys[i] = verify_key();
        churn->starts[i] =
            options.verify
                ? space_alloc_verified(space, heap, size, churn->keys[i])
                : space_alloc(heap, size, random);
    }
}

static void churn_empty(struct churn *churn)
{
    for (size_t i = 0; i < churn->live; i++)
        if (options.verify)
            space_free_verified(churn->heap, churn->starts[i],
                                churn->sizes[i], churn->keys[i]);
        else
            peer_free(churn->heap, churn->starts[i], churn->sizes[i]);
}

static double churn_time(struct churn *churn, uint64_t steps)
{
    struct stopwatch watch;

    clock_start(&watch);
    churn_run(churn, steps);
    return clock_stop(&watch) / (double)steps;
}

static uint64_t churn_warm_up(size_t live)
{
    return options_steps(3 * (uint64_t)live + 200000);
}

static void churn_name(char *name, size_t size)
{
    snprintf(name, size, "%s %zu", options.sizes, options.live);
}

static void churn(void)
{
    struct sizes sizes;
    struct churn churn;
    struct space space;
    double best = HUGE_VAL;
    char name[64];

    report_workload = "w2";
    churn_name(name, sizeof name);
    if (!PEER_FREES) {
        report_skipped(name, "frees no single blocks");
        return;
    }
    sizes_draw(&sizes, options.sizes, options.seed);
    churn_init(&churn, options.live, &sizes, 2);
    space_open(&space, space_size(&sizes, options.live), 1, true);
    churn_fill(&churn, &space, space_heap(&space));
    if (options.verify) {
        churn_run_verified(&churn, churn_warm_up(options.live) / 2);
        churn_empty(&churn);
        report_value(name, "verified", 1);
        return;
    }
    churn_run(&churn, churn_warm_up(options.live));
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, churn_time(&churn, options_steps(1000000)));
    report_value(name, "ns", best);
}

static double churn_live_bytes(const struct churn *churn)
{
    double sum = 0;

    for (size_t i = 0; i < churn->live; i++)
        sum += churn->sizes[i];
    return sum;
}

static void footprint(void)
{
    struct sizes sizes;
    struct churn churn;
    struct space space;
    double before, live;
    char name[64];

    report_workload = "footprint";
    churn_name(name, sizeof name);
    if (!PEER_FREES || options.verify) {
        report_skipped(name, PEER_FREES ? "nothing to verify"
                                        : "frees no single blocks");
        return;
    }
    sizes_draw(&sizes, options.sizes, options.seed);
    churn_init(&churn, options.live, &sizes, 3);
    before = memory_resident();
    space_open(&space, space_size(&sizes, options.live), 1, false);
    churn_fill(&churn, &space, space_heap(&space));
    for (size_t i = 0; i < churn.live; i++)
        churn_touch(churn.starts[i], churn.sizes[i]);
    churn_run_touched(&churn, 10 * (uint64_t)options.live);
    live = churn_live_bytes(&churn);
    report_value(name, "ratio", (memory_resident() - before) / live);
    if (PEER_IN_BLOCK)
        report_value(name, "block ratio",
                     memory_resident_in(&space.block) / live);
}

#endif
