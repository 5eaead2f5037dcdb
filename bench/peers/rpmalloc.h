/*
 * rpmalloc.h - rpmalloc 2 from a checkout, built with first-class heaps: a heap
 * per heap, in one region of the process.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#define RPMALLOC_FIRST_CLASS_HEAPS 1
#include <rpmalloc.h>

#include "ranges.h"

#define PEER_NAME "rpmalloc"

enum {
    PEER_MANY = 1000,
    PEER_SHARES = 1,
    PEER_HEAP_SPAN = 4 * 1024 * 1024,
    PEER_FREES = 1,
    PEER_SIZED = 0,
    PEER_DESTROYS = 1,
    PEER_OWNS = PEER_OWNS_BLOCK,
    PEER_USABLE = 1,
    PEER_RESIZES = 1,
    PEER_CROSSES = 0,
    PEER_CLOSES = 0,
    PEER_RESERVES = 0,
    PEER_IN_BLOCK = 0
};

typedef rpmalloc_heap_t *peer_heap;

struct peer_space {
    size_t size;
};

/* It maps 256 MiB at a time, of which it uses a part, so it has a region of
 * its own, and of each piece that it maps as much is made resident as the
 * block would have had. */
#define RPMALLOC_REGION ((uint64_t)1 << 40)
static struct ranges rpmalloc_ranges;
static size_t rpmalloc_prefault;

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "checkout");
}

static void *rpmalloc_map(size_t size, size_t alignment, size_t *offset,
                          size_t *mapped_size)
{
    void *start = ranges_take(&rpmalloc_ranges, size,
                              alignment ? alignment : 4096);

    *offset = 0;
    *mapped_size = size;
    if (start)
        memory_touch(start, size < rpmalloc_prefault ? size : rpmalloc_prefault);
    return start;
}

static int rpmalloc_commit(void *address, size_t size)
{
    (void)address;
    (void)size;
    return 0;
}

static void rpmalloc_unmap(void *address, size_t offset, size_t mapped_size)
{
    ranges_give(&rpmalloc_ranges, (char *)address - offset, mapped_size);
}

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    static rpmalloc_interface_t interface;
    struct block region;

    (void)block;
    (void)heaps;
    space->size = size;
    rpmalloc_prefault = prefault ? size : 0;
    if (rpmalloc_ranges.free)
        return true;
    region = memory_block(RPMALLOC_REGION, false);
    ranges_init(&rpmalloc_ranges, region.start, region.size);
    interface.memory_map = rpmalloc_map;
    interface.memory_commit = rpmalloc_commit;
    interface.memory_decommit = rpmalloc_commit;
    interface.memory_unmap = rpmalloc_unmap;
    return rpmalloc_initialize(&interface) == 0;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

#define peer_thread_start() rpmalloc_thread_initialize()
#define peer_thread_stop() rpmalloc_thread_finalize()

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    (void)space;
    *heap = rpmalloc_heap_acquire();
    return *heap != NULL;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    rpmalloc_heap_free_all(heap);
    rpmalloc_heap_release(heap);
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return rpmalloc_heap_alloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    rpmalloc_heap_free(heap, block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return rpmalloc_heap_realloc(heap, block, size, 0);
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    return rpmalloc_get_heap_for_ptr((void *)(uintptr_t)address) == heap;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return rpmalloc_usable_size((void *)(uintptr_t)block);
}

#endif
