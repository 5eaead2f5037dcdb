/*
 * tlsf.h - TLSF from a checkout: a control structure and its pool per slice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <tlsf.h>

#include "slices.h"

#define PEER_NAME "tlsf"

enum {
    PEER_HEAP_SPAN = 65536,
    PEER_SIZED = 0,
    PEER_USABLE = 1,
    PEER_RESERVES = 0
};

typedef tlsf_t peer_heap;

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "checkout");
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    unsigned char *slice = slices_take(space);

    *heap = slice ? tlsf_create_with_pool(slice, space->size) : NULL;
    return *heap != NULL;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return tlsf_malloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    tlsf_free(heap, block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return tlsf_realloc(heap, block, size);
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return tlsf_block_size((void *)(uintptr_t)block);
}

#endif
