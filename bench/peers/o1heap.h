/*
 * o1heap.h - o1heap from a checkout: an instance per slice.
 *
 * It has no call to resize a block before version 3: here a new one is made and
 * the old one copied.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <o1heap.h>

#include "slices.h"

#define PEER_NAME "o1heap"

enum {
    PEER_HEAP_SPAN = 65536,
    PEER_SIZED = 0,
    PEER_USABLE = 0,
    PEER_RESERVES = 0
};

typedef O1HeapInstance *peer_heap;

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "checkout");
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    unsigned char *slice = slices_take(space);

    *heap = slice ? o1heapInit(slice, space->size) : NULL;
    return *heap != NULL;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return o1heapAllocate(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    o1heapFree(heap, block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    void *moved = o1heapAllocate(heap, size);

    if (moved) {
        slices_copy(moved, block, old_size, size);
        o1heapFree(heap, block);
    }
    return moved;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    (void)block;
    return 0;
}

#endif
