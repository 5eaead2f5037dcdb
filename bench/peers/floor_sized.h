/*
 * floor_sized.h - a floor: nothing can do less and still reuse memory.
 *
 * One list of free blocks per class, last freed first; fresh blocks are cut
 * off the rest of the slice; to free a block the caller tells its size.
 * Nothing is checked, and no memory ever changes its class.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "floor.h"

#define PEER_NAME "floor-sized"

enum {
    PEER_HEAP_SPAN = 65536,
    PEER_SIZED = 1,
    PEER_USABLE = 0,
    PEER_RESERVES = 1
};

typedef struct floor_heap {
    unsigned char *next, *end; /* the rest of the slice */
    void *free[FLOOR_CLASSES];
} *peer_heap;

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "-");
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    unsigned char *slice = slices_take(space);

    if (!floor_sizes[0])
        floor_init();
    if (!slice)
        return false;
    *heap = (struct floor_heap *)(void *)slice;
    memset(*heap, 0, sizeof **heap);
    (*heap)->next = slice + 4096;
    (*heap)->end = slice + space->size;
    return true;
}

__attribute__((noinline, cold)) static void *floor_fresh(peer_heap heap,
                                                         unsigned class)
{
    unsigned char *fresh = heap->next;

    if (floor_sizes[class] > (size_t)(heap->end - fresh))
        return NULL;
    heap->next += floor_sizes[class];
    return fresh;
}

FLOOR_CALL void *floor_alloc(peer_heap heap, size_t size)
{
    unsigned class = floor_class(size);
    void *block = heap->free[class];

    if (!block)
        return floor_fresh(heap, class);
    memcpy(&heap->free[class], block, sizeof block);
    return block;
}

FLOOR_CALL void floor_free(peer_heap heap, void *block, size_t size)
{
    unsigned class = floor_class(size);

    memcpy(block, &heap->free[class], sizeof block);
    heap->free[class] = block;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return floor_alloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    floor_free(heap, block, size);
    return true;
}

static void *peer_resize(peer_heap heap, void *block, size_t old_size,
                         size_t size)
{
    void *moved;

    if (floor_class(old_size) == floor_class(size))
        return block;
    moved = floor_alloc(heap, size);
    if (moved) {
        slices_copy(moved, block, old_size, size);
        floor_free(heap, block, old_size);
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
