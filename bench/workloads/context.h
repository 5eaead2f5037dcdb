/*
 * context.h - the size of the block, most of it only reserved.
 *
 * Case: MiB.  ns: churn of 1000 blocks in it; as a cost that should not grow.
 * create_ns: making and ending the space, for peers whose space can end.
 * Memory is not resident beforehand; the warm-up touches what is used.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CONTEXT_H
#define BENCH_CONTEXT_H

#include "support/clock.h"
#include "w2_churn.h"

/* 64 MiB is the least that memory_block gives; a peer may use a part. */
static double context_create(const struct block *block, size_t size,
                             uint64_t times)
{
    struct peer_space space;
    struct stopwatch watch;

    clock_start(&watch);
    for (uint64_t i = 0; i < times; i++) {
        if (!peer_open(&space, block->start, size, 8, false))
            report_stop("%s cannot use this block", PEER_NAME);
        peer_close(&space);
    }
    return clock_stop(&watch) / (double)times;
}

static void context_report_create(const struct block *block, size_t size,
                                  const char *name)
{
    uint64_t times = options_steps(20000);
    double best = HUGE_VAL;

    context_create(block, size, 10);
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, context_create(block, size, times));
    report_value(name, "create_ns", best);
}

static void context_churn(struct space *space, const char *name)
{
    struct sizes sizes;
    struct churn churn;
    double best = HUGE_VAL;

    sizes_draw(&sizes, "log", options.seed);
    churn_init(&churn, 1000, &sizes, 14);
    churn_fill(&churn, space, space_heap(space));
    churn_run(&churn, options_steps(500000));
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, churn_time(&churn, options_steps(1000000)));
    report_value(name, "ns", best);
}

static void context(void)
{
    struct space space;
    char name[32];

    report_workload = "context";
    snprintf(name, sizeof name, "%zu", options.reserve >> 20);
    if (!PEER_RESERVES || options.verify ||
        options.reserve < 16 * (size_t)PEER_HEAP_SPAN) {
        report_skipped(name, "no block like that");
        return;
    }
    space.block = memory_block(options.reserve, false);
    space.block.size = options.reserve;
    if (PEER_CLOSES)
        context_report_create(&space.block, options.reserve, name);
    if (!peer_open(&space.peer, space.block.start, options.reserve, 1, false)) {
        report_skipped(name, "cannot use this block");
        return;
    }
    context_churn(&space, name);
}

#endif
