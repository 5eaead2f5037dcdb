/*
 * space.h - opening a peer's space over a fresh block, and heaps in it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SPACE_H
#define BENCH_SPACE_H

#include "adapter.h"
#include "options.h"
#include "random.h"
#include "verify.h"

struct space {
    struct block block;
    struct peer_space peer;
};

/* A peer that does not live in the block gets no block, only its size. */
static void space_open(struct space *space, double size, size_t heaps,
                       bool prefault)
{
    prefault = prefault && options.prefault;
    space->block = (struct block){ NULL, 0 };
    if (PEER_IN_BLOCK)
        space->block = memory_block((uint64_t)size, prefault);
    else
        space->block.size = (size_t)size;
    if (!peer_open(&space->peer, space->block.start, space->block.size, heaps,
                   prefault))
        report_stop("%s cannot use this block", PEER_NAME);
}

static peer_heap space_heap(struct space *space)
{
    peer_heap heap;

    if (!peer_create(&space->peer, &heap))
        report_stop("%s makes no further heap", PEER_NAME);
    return heap;
}

/* Bytes of a block that holds `live` blocks of these sizes with room to
 * spare: three times what is live, which none of the peers needs. */
static double space_size(const struct sizes *sizes, size_t live)
{
    return 3 * sizes->mean * (double)live + (double)((size_t)32 << 20);
}

__attribute__((noreturn, cold, noinline))
static void space_exhausted(size_t size)
{
    report_stop("%s has no block of %zu bytes left", PEER_NAME, size);
}

/* A new block, with its first word written. */
static inline void *space_alloc(peer_heap heap, size_t size, uint64_t word)
{
    void *start = peer_alloc(heap, size);

    if (__builtin_expect(!start, 0))
        space_exhausted(size);
    *(volatile uint64_t *)start = word;
    return start;
}

/* A new block in the honesty mode: inside the space, aligned, as large as it
 * says, its heap's own, and filled. */
static void *space_alloc_verified(const struct space *space, peer_heap heap,
                                  size_t size, uint64_t key)
{
    void *start = peer_alloc(heap, size);

    if (!start)
        space_exhausted(size);
    verify_that((uintptr_t)start % 8 == 0, "a block is aligned");
    if (PEER_IN_BLOCK)
        verify_that(memory_holds(&space->block, start, size),
                    "a block lies in the memory that the peer was given");
    if (PEER_USABLE)
        verify_that(peer_usable(heap, start) >= size,
                    "the usable size is at least what was asked for");
    if (PEER_OWNS)
        verify_that(peer_owns(heap, start), "a block is its heap's own");
    verify_fill(start, size, key);
    return start;
}

static void space_free_verified(peer_heap heap, void *start, size_t size,
                                uint64_t key)
{
    verify_compare(start, size, key);
    verify_that(peer_free(heap, start, size), "a live block can be freed");
}

#endif
