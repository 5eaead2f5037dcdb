/*
 * phases.h - a long run: 1e8 allocations and frees, whose sizes and whose
 * live bytes change from phase to phase.
 *
 * Five times the eight phases below.  Whoever has fewer bytes live than the
 * phase wants allocates; whoever has more frees a random block.  So a phase
 * grows to its volume and churns there; a shrinking one frees nine tenths of
 * all blocks first, drawn at random.  What survives that stays until the next
 * shrinking: growing phases only free what is younger.  Every page of each
 * block is written, in memory that nobody touched before.
 *
 * Sampled ten times in each phase: the bytes asked for of the live blocks, what
 * of the process is resident, and what the heap holds by its own count, for a
 * peer that counts.  Then a peer that makes no system calls itself is asked for
 * its free pages; so a sample shows what has piled up since the last.
 *
 * Case: operations.  peak_ratio and mean_ratio: resident over live bytes, the
 * highest and the mean of the samples.  top_ratio: the highest resident over
 * the highest live bytes of all.  ns: per operation, giving pages back included
 * and sampling not.  --divide divides operations and volumes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PHASES_H
#define BENCH_PHASES_H

#include "support/clock.h"
#include "w2_churn.h"

static const struct phase {
    unsigned low, high; /* sizes in bytes, log-uniform between */
    unsigned volume;    /* MiB that are live */
    bool shrinks;       /* down to that, and nobody is spared */
} phases_cycle[] = {
    { 16, 128, 64, false },       { 64, 1024, 96, false },
    { 16, 1024, 10, true },       { 2048, 262144, 192, false },
    { 16, 1024, 19, true },       { 16, 65536, 128, false },
    { 1024, 16384, 160, false },  { 16, 1024, 16, true }
};
enum {
    PHASES = sizeof phases_cycle / sizeof *phases_cycle,
    PHASES_CYCLES = 5,
    PHASES_SAMPLES = 10, /* in each phase */
    PHASES_SAMPLES_ALL = PHASES_CYCLES * PHASES * PHASES_SAMPLES,
    PHASES_STEPS = 250000, /* from sample to sample */
    PHASES_BLOCKS = 4 << 20, /* live at once, at most */
    PHASES_VERIFY = 200 /* checking is for so much less */
};

struct phases_block {
    void *start;
    uint32_t size;
    uint32_t key; /* honesty mode: the upper half, the lower one is 0 */
};

struct phases {
    struct space space;
    peer_heap heap;
    struct phases_block *blocks;
    size_t count;   /* live blocks */
    size_t limit;   /* of them */
    size_t settled; /* the first so many are spared */
    double live;    /* their bytes */
    double wanted;  /* the phase's volume */
    unsigned divide;
    uint64_t random;
    uint32_t sizes[SIZES_COUNT];
};

/* The samples, each an array. */
struct phases_series {
    double operations[PHASES_SAMPLES_ALL], live[PHASES_SAMPLES_ALL];
    double resident[PHASES_SAMPLES_ALL], held[PHASES_SAMPLES_ALL];
    size_t count;
};

static void phases_alloc(struct phases *p)
{
    uint64_t random = random_next(&p->random);
    struct phases_block *block = &p->blocks[p->count];

    if (p->count == p->limit)
        report_stop("more blocks than expected");
    block->size = p->sizes[random & (SIZES_COUNT - 1)];
    if (options.verify) {
        uint64_t key = verify_key();

        block->key = (uint32_t)(key >> 32);
        block->start = space_alloc_verified(&p->space, p->heap, block->size,
                                            key);
    } else {
        block->start = space_alloc(p->heap, block->size, random);
        churn_touch(block->start, block->size);
    }
    p->live += block->size;
    p->count++;
}

static void phases_free(struct phases *p)
{
    size_t spared = p->settled < p->count ? p->settled : 0;
    size_t index = spared + random_below(random_next(&p->random),
                                         p->count - spared);
    struct phases_block block = p->blocks[index];

    if (options.verify)
        space_free_verified(p->heap, block.start, block.size,
                            (uint64_t)block.key << 32);
    else
        peer_free(p->heap, block.start, block.size);
    p->live -= block.size;
    p->blocks[index] = p->blocks[--p->count];
}

__attribute__((noinline)) static void phases_run(struct phases *p,
                                                 uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        if (p->live < p->wanted)
            phases_alloc(p);
        else
            phases_free(p);
}

static void phases_begin(struct phases *p, const struct phase *phase)
{
    p->wanted = phase->volume * 1048576.0 / p->divide;
    if (phase->shrinks)
        p->settled = 0;
    for (int i = 0; i < SIZES_COUNT; i++) {
        double part = (double)(random_next(&p->random) >> 11) /
                      9007199254740992.0;

        p->sizes[i] = (uint32_t)sizes_between(phase->low, phase->high, part);
    }
}

static void phases_sample(const struct phases *p, struct phases_series *series,
                          uint64_t steps, double before)
{
    size_t at = series->count++;

    series->operations[at] = (double)(at + 1) * (double)steps;
    series->live[at] = p->live;
    series->resident[at] = memory_resident() - before;
    series->held[at] = (double)peer_held(p->heap);
}

/* All phases; nanoseconds per operation. */
static double phases_all(struct phases *p, struct phases_series *series,
                         double before)
{
    uint64_t steps = p->divide < PHASES_STEPS ? PHASES_STEPS / p->divide : 1;
    struct stopwatch watch;
    double time = 0;

    for (int i = 0; i < PHASES_CYCLES * PHASES; i++) {
        const struct phase *phase = &phases_cycle[i % PHASES];

        phases_begin(p, phase);
        for (int j = 0; j < PHASES_SAMPLES; j++) {
            clock_start(&watch);
            phases_run(p, steps);
            time += clock_stop(&watch);
            phases_sample(p, series, steps, before);
            clock_start(&watch);
            peer_purge(&p->space.peer);
            time += clock_stop(&watch);
        }
        if (phase->shrinks)
            p->settled = p->count;
    }
    return time / (double)(steps * PHASES_SAMPLES_ALL);
}

static void phases_report(const struct phases_series *series, const char *name)
{
    double peak = 0, sum = 0, resident = 0, live = 0;

    for (size_t i = 0; i < series->count; i++) {
        double ratio = series->resident[i] / series->live[i];

        peak = fmax(peak, ratio);
        sum += ratio;
        resident = fmax(resident, series->resident[i]);
        live = fmax(live, series->live[i]);
    }
    report_value(name, "peak_ratio", peak);
    report_value(name, "mean_ratio", sum / (double)series->count);
    report_value(name, "top_ratio", resident / live);
    report_series(name, "operations", series->operations, series->count);
    report_series(name, "live", series->live, series->count);
    report_series(name, "resident", series->resident, series->count);
    if (series->held[0] > 0)
        report_series(name, "held", series->held, series->count);
}

/* Peers that never use memory of one class for another need a lot; what is not
 * used costs nothing. */
static void phases_open(struct phases *p)
{
    double most = 0;

    for (int i = 0; i < PHASES; i++)
        most = fmax(most, phases_cycle[i].volume * 1048576.0);
    if (!options.verify)
        peer_give_back();
    space_open(&p->space, 16 * most / p->divide + (double)(128 << 20), 1,
               false);
    p->heap = space_heap(&p->space);
}

static void phases(void)
{
    static struct phases p;
    static struct phases_series series;
    double before, time;
    char name[32];

    report_workload = "phases";
    p = (struct phases){ .divide = options.divide };
    p.divide *= options.verify ? PHASES_VERIFY : 1;
    series.count = 0;
    snprintf(name, sizeof name, "%.0f",
             (double)PHASES_STEPS * PHASES_SAMPLES_ALL / options.divide);
    if (!PEER_FREES) {
        report_skipped(name, "frees no single blocks");
        return;
    }
    p.limit = PHASES_BLOCKS / p.divide + 1000;
    p.blocks = memory_array(p.limit, sizeof *p.blocks);
    p.random = random_state(options.seed, 15);
    memory_touch(&series, sizeof series);
    before = memory_resident();
    phases_open(&p);
    time = phases_all(&p, &series, before);
    if (options.verify) {
        report_value(name, "verified", 1);
        return;
    }
    report_value(name, "ns", time);
    phases_report(&series, name);
}

#endif
