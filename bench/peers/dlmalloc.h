/*
 * dlmalloc.h - dlmalloc's mspaces from a checkout: an mspace per slice.
 *
 * Its functions are declared here: releases name their header differently.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "slices.h"

#define PEER_NAME "dlmalloc"

enum {
    PEER_HEAP_SPAN = 65536,
    PEER_SIZED = 0,
    PEER_USABLE = 1,
    PEER_RESERVES = 0
};

void *create_mspace_with_base(void *base, size_t capacity, int locked);
void *mspace_malloc(void *space, size_t size);
void mspace_free(void *space, void *block);
void *mspace_realloc(void *space, void *block, size_t size);
size_t mspace_usable_size(const void *block);

typedef void *peer_heap;

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "checkout");
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    unsigned char *slice = slices_take(space);

    *heap = slice ? create_mspace_with_base(slice, space->size, 0) : NULL;
    return *heap != NULL;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return mspace_malloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    mspace_free(heap, block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return mspace_realloc(heap, block, size);
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return mspace_usable_size(block);
}

#endif
