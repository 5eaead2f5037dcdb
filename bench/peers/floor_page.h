/*
 * floor_page.h - a floor: the least that can free a block without being told
 * its size.
 *
 * Pages of 64 KiB, each for blocks of one class, which its header tells; a
 * block's page is its address, rounded down.  One list of free blocks per
 * class, last freed first.  A block too large for a page has several, and
 * starts in the first.  Nothing is checked, and no page ever changes its
 * class.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "floor.h"

#define PEER_NAME "floor-page"

enum {
    PEER_HEAP_SPAN = 8 * 65536,
    PEER_SIZED = 0,
    PEER_USABLE = 1,
    PEER_RESERVES = 1
};

#define FLOOR_PAGE ((size_t)65536)
enum { FLOOR_HEADER = 64 };

struct floor_page {
    unsigned class;
};

typedef struct floor_heap {
    unsigned char *next, *end; /* pages of the slice not used yet */
    void *free[FLOOR_CLASSES];
    unsigned char *fresh[FLOOR_CLASSES];     /* of the class's last page ... */
    unsigned char *fresh_end[FLOOR_CLASSES]; /* ... what was never given out */
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
    (*heap)->next = slice + FLOOR_PAGE;
    (*heap)->end = slice + space->size;
    return true;
}

static bool floor_new_page(peer_heap heap, unsigned class)
{
    size_t room = FLOOR_PAGE - FLOOR_HEADER;
    size_t size = floor_sizes[class], pages = 1;
    struct floor_page *page = (struct floor_page *)(void *)heap->next;

    if (size > room)
        pages += (size - room + FLOOR_PAGE - 1) / FLOOR_PAGE;
    if ((size_t)(heap->end - heap->next) / FLOOR_PAGE < pages)
        return false;
    page->class = class;
    heap->fresh[class] = heap->next + FLOOR_HEADER;
    heap->fresh_end[class] =
        heap->fresh[class] + (pages > 1 ? size : room / size * size);
    heap->next += pages * FLOOR_PAGE;
    return true;
}

__attribute__((noinline, cold)) static void *floor_fresh(peer_heap heap,
                                                         unsigned class)
{
    void *fresh;

    if (heap->fresh[class] == heap->fresh_end[class] &&
        !floor_new_page(heap, class))
        return NULL;
    fresh = heap->fresh[class];
    heap->fresh[class] += floor_sizes[class];
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

static inline unsigned floor_class_of(const void *block)
{
    uintptr_t page = (uintptr_t)block & ~(uintptr_t)(FLOOR_PAGE - 1);

    return ((const struct floor_page *)page)->class;
}

FLOOR_CALL void floor_free(peer_heap heap, void *block)
{
    unsigned class = floor_class_of(block);

    memcpy(block, &heap->free[class], sizeof block);
    heap->free[class] = block;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return floor_alloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    floor_free(heap, block);
    return true;
}

FLOOR_CALL size_t floor_usable(const void *block)
{
    return floor_sizes[floor_class_of(block)];
}

static void *peer_resize(peer_heap heap, void *block, size_t old_size,
                         size_t size)
{
    void *moved;

    if (floor_class(size) == floor_class_of(block))
        return block;
    moved = floor_alloc(heap, size);
    if (moved) {
        slices_copy(moved, block, old_size, size);
        floor_free(heap, block);
    }
    return moved;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return floor_usable(block);
}

#endif
