/*
 * adversary.h - programs that make a heap hold much more than is live.
 *
 * Each has a process of its own and never more than M bytes live: 16 MiB, less
 * with --divide.
 *
 *     robson     Robson's program for powers of two, 16 bytes to 64 KiB: no
 *                allocator that moves no block can do with less than
 *                M (1 + log2(n) / 2) - n + 1, where n is 4096
 *     slabs      fill with one size class of vmma, free all but one block of
 *                each of its slabs, go on with the next class
 *     pages      the same, with one survivor in every 64 KiB
 *     sawtooth   fill with blocks of 32 KiB, shrink each to 3 KiB where it is;
 *                go on with blocks that are 1 KiB longer than the holes, up to
 *                64 KiB
 *
 * The first chooses what it frees by the addresses that it got, and so does its
 * worst to any peer; the next two know vmma's slabs and mimalloc's pages.  Every
 * page of each block is written.
 *
 * live_bytes: the highest sum of what was asked for.  ratio: the highest
 * resident bytes of the process over that, looked at after each size.  For a
 * peer that counts, held_ratio: what its heap holds.  least_ratio: below which
 * no allocator can stay (robson); bound_ratio: which the peer promises not to
 * exceed; it is an error if it does.  docs/FRAGMENTATION.md derives both.
 *
 * peer_bound(sizes, count, live, hole) tells the bytes that a heap holds at
 * most if blocks are of these sizes only, at most `live` bytes of them at once,
 * and free runs between them shorter than `hole` bytes; 0 if nothing is
 * promised.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ADVERSARY_H
#define BENCH_ADVERSARY_H

#include <sys/types.h>
#include <sys/wait.h>

#include "phases.h"

enum {
    ADVERSARY_LIVE = 16 << 20,
    ADVERSARY_LIVE_LEAST = 512 << 10,
    ADVERSARY_UNIT = 16, /* bytes of the smallest block */
    ROBSON_ORDERS = 13,  /* 16 bytes to 64 KiB */
    SLABS_PAGE = 65536,
    SAWTOOTH_LOW = 32, SAWTOOTH_HIGH = 64, SAWTOOTH_REST = 3 /* KiB */
};

struct adversary {
    struct space space;
    peer_heap heap;
    struct phases_block *blocks; /* the live ones */
    size_t count;
    size_t limit;     /* M in bytes */
    size_t live;      /* their bytes */
    double before;    /* resident before it began */
    double most_live, most_resident, most_held;
};

/* ---- blocks ------------------------------------------------------------- */

static void adversary_alloc(struct adversary *a, size_t size)
{
    struct phases_block *block = &a->blocks[a->count++];

    block->start = space_alloc(a->heap, size, size);
    block->size = (uint32_t)size;
    churn_touch(block->start, size);
    a->live += size;
    a->most_live = fmax(a->most_live, (double)a->live);
}

static void adversary_fill(struct adversary *a, size_t size)
{
    while (a->live + size <= a->limit)
        adversary_alloc(a, size);
}

static void adversary_free(struct adversary *a, const struct phases_block *b)
{
    peer_free(a->heap, b->start, b->size);
    a->live -= b->size;
}

static void adversary_look(struct adversary *a)
{
    double held = (double)peer_held(a->heap);

    a->most_resident = fmax(a->most_resident, memory_resident() - a->before);
    a->most_held = fmax(a->most_held, held);
}

/* ---- Robson ------------------------------------------------------------- */

/* Does the block cover an address that is `offset` modulo 2^order?  In units;
 * it is shorter than 2^order. */
static bool robson_covers(const struct phases_block *block, uint64_t offset,
                          unsigned order)
{
    uint64_t start = (uintptr_t)block->start / ADVERSARY_UNIT;

    return ((offset - start) & (((uint64_t)1 << order) - 1)) <
           block->size / ADVERSARY_UNIT;
}

/* What blocks of 2^order units cannot use around the blocks that cover
 * `offset`. */
static double robson_spoilt(const struct adversary *a, uint64_t offset,
                            unsigned order)
{
    double sum = 0;

    for (size_t i = 0; i < a->count; i++)
        if (robson_covers(&a->blocks[i], offset, order))
            sum += (double)(((size_t)ADVERSARY_UNIT << order) -
                            a->blocks[i].size);
    return sum;
}

static void robson_keep(struct adversary *a, uint64_t offset, unsigned order)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->count; i++)
        if (robson_covers(&a->blocks[i], offset, order))
            a->blocks[kept++] = a->blocks[i];
        else
            adversary_free(a, &a->blocks[i]);
    a->count = kept;
}

static void robson_run(struct adversary *a)
{
    uint64_t offset = 0;

    adversary_fill(a, ADVERSARY_UNIT);
    adversary_look(a);
    for (unsigned order = 1; order < ROBSON_ORDERS; order++) {
        uint64_t other = offset + ((uint64_t)1 << (order - 1));

        if (robson_spoilt(a, other, order) > robson_spoilt(a, offset, order))
            offset = other;
        robson_keep(a, offset, order);
        adversary_fill(a, (size_t)ADVERSARY_UNIT << order);
        adversary_look(a);
    }
}

static double robson_least(double live)
{
    double n = (double)((size_t)1 << (ROBSON_ORDERS - 1));

    return live * (1 + (ROBSON_ORDERS - 1) / 2.0) - (n - 1) * ADVERSARY_UNIT;
}

static double robson_bound(double live)
{
    uint32_t sizes[ROBSON_ORDERS];

    for (unsigned i = 0; i < ROBSON_ORDERS; i++)
        sizes[i] = (uint32_t)ADVERSARY_UNIT << i;
    return peer_bound(sizes, ROBSON_ORDERS, live,
                      2.0 * sizes[ROBSON_ORDERS - 1]);
}

/* ---- one survivor per slab ---------------------------------------------- */

static const uint32_t slabs_sizes[] = { 16,  32,  48,  64,   80,   96,
                                        112, 128, 160, 192,  224,  256,
                                        320, 384, 448, 512,  640,  768,
                                        896, 1024, 1280, 1536, 1792, 2048 };
enum { SLABS_SIZES = sizeof slabs_sizes / sizeof *slabs_sizes };

/* Bytes of a slab: 64 blocks of the power of two at or below their size, at
 * most 16 KiB. */
static size_t slabs_span(size_t size)
{
    size_t span = 64 * 16;

    while (span < 16384 && span * 2 <= 64 * size)
        span *= 2;
    return span;
}

static int slabs_order(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t)((const struct phases_block *)left)->start;
    uintptr_t b = (uintptr_t)((const struct phases_block *)right)->start;

    return (a > b) - (a < b);
}

/* Of the blocks from `first` on, all but the lowest in each span. */
static void slabs_keep(struct adversary *a, size_t first, size_t span)
{
    uintptr_t last = 0;
    size_t kept = first;

    qsort(a->blocks + first, a->count - first, sizeof *a->blocks, slabs_order);
    for (size_t i = first; i < a->count; i++) {
        uintptr_t at = (uintptr_t)a->blocks[i].start / span;

        if (i == first || at != last)
            a->blocks[kept++] = a->blocks[i];
        else
            adversary_free(a, &a->blocks[i]);
        last = at;
    }
    a->count = kept;
}

static void slabs_each(struct adversary *a, size_t span)
{
    for (int i = 0; i < SLABS_SIZES; i++) {
        size_t first = a->count;

        adversary_fill(a, slabs_sizes[i]);
        adversary_look(a);
        slabs_keep(a, first, span ? span : slabs_span(slabs_sizes[i]));
    }
}

static void slabs_run(struct adversary *a)
{
    slabs_each(a, 0);
}

static void pages_run(struct adversary *a)
{
    slabs_each(a, SLABS_PAGE);
}

/* No slab becomes empty, so there are no free runs between them. */
static double slabs_bound(double live)
{
    return peer_bound(slabs_sizes, SLABS_SIZES, live, 0.0);
}

static double pages_bound(double live)
{
    return peer_bound(slabs_sizes, SLABS_SIZES, live, 2.0 * 16384);
}

/* ---- sawtooth ----------------------------------------------------------- */

static void sawtooth_shrink(struct adversary *a, size_t first)
{
    size_t rest = (size_t)SAWTOOTH_REST << 10;

    for (size_t i = first; i < a->count; i++) {
        struct phases_block *block = &a->blocks[i];
        void *shrunk = peer_resize(a->heap, block->start, block->size, rest);

        if (!shrunk)
            space_exhausted(rest);
        a->live -= block->size - rest;
        block->start = shrunk;
        block->size = (uint32_t)rest;
    }
}

static void sawtooth_run(struct adversary *a)
{
    for (size_t size = SAWTOOTH_LOW; size <= SAWTOOTH_HIGH; size++) {
        size_t first = a->count;

        adversary_fill(a, size << 10);
        adversary_look(a);
        sawtooth_shrink(a, first);
    }
}

static double sawtooth_bound(double live)
{
    static const uint32_t sizes[] = { SAWTOOTH_REST << 10 };

    return peer_bound(sizes, 1, live, 2.0 * (SAWTOOTH_HIGH << 10));
}

/* ---- all of them -------------------------------------------------------- */

static const struct adversary_program {
    const char *name;
    void (*run)(struct adversary *a);
    double (*least)(double live); /* or NULL */
    double (*bound)(double live);
} adversary_programs[] = {
    { "robson", robson_run, robson_least, robson_bound },
    { "slabs", slabs_run, NULL, slabs_bound },
    { "pages", pages_run, NULL, pages_bound },
    { "sawtooth", sawtooth_run, NULL, sawtooth_bound }
};
enum { ADVERSARIES = sizeof adversary_programs / sizeof *adversary_programs };

static void adversary_report(const struct adversary *a,
                             const struct adversary_program *program)
{
    double bound = program->bound(a->most_live);

    report_value(program->name, "live_bytes", a->most_live);
    report_value(program->name, "ratio", a->most_resident / a->most_live);
    if (program->least)
        report_value(program->name, "least_ratio",
                     program->least(a->most_live) / a->most_live);
    if (a->most_held > 0)
        report_value(program->name, "held_ratio", a->most_held / a->most_live);
    if (bound > 0) {
        report_value(program->name, "bound_ratio", bound / a->most_live);
        verify_that(a->most_held <= bound, "the heap holds what it may hold");
    }
}

static void adversary_meet(struct adversary *a,
                           const struct adversary_program *program)
{
    a->before = memory_resident();
    peer_give_back();
    space_open(&a->space, 64.0 * (double)a->limit + (double)(64 << 20), 1,
               false);
    a->heap = space_heap(&a->space);
    program->run(a);
    adversary_report(a, program);
}

/* In a process of its own: what one program leaves is not another's. */
static void adversary_meet_apart(struct adversary *a,
                                 const struct adversary_program *program)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        adversary_meet(a, program);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        report_stop("no process for %s", program->name);
    if (status != 0)
        exit(1); /* it has said why */
}

static void adversary(void)
{
    static struct adversary a;

    report_workload = "adversary";
    if (!PEER_FREES || !PEER_RESIZES || options.verify) {
        report_skipped("", options.verify ? "nothing to verify"
                                          : "frees no single blocks");
        return;
    }
    a.limit = ADVERSARY_LIVE / options.divide;
    if (a.limit < ADVERSARY_LIVE_LEAST)
        a.limit = ADVERSARY_LIVE_LEAST;
    a.blocks = memory_array(a.limit / ADVERSARY_UNIT, sizeof *a.blocks);
    for (int i = 0; i < ADVERSARIES; i++)
        if (!options.program ||
            strcmp(options.program, adversary_programs[i].name) == 0)
            adversary_meet_apart(&a, &adversary_programs[i]);
}

#endif
