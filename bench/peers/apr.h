/*
 * apr.h - APR pools: a pool per heap, all from one allocator without a lock.
 * Single blocks cannot be freed or resized.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <apr_allocator.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_version.h>

#include "libc.h"

#define PEER_NAME "apr"

enum {
    PEER_MANY = 100000,
    PEER_SHARES = 1,
    PEER_HEAP_SPAN = 1,
    PEER_FREES = 0,
    PEER_SIZED = 0,
    PEER_DESTROYS = 1,
    PEER_OWNS = PEER_OWNS_NOTHING,
    PEER_USABLE = 0,
    PEER_RESIZES = 0,
    PEER_CROSSES = 0,
    PEER_CLOSES = 0,
    PEER_RESERVES = 0,
    PEER_IN_BLOCK = 0
};

typedef apr_pool_t *peer_heap;

struct peer_space {
    apr_allocator_t *allocator;
};

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "%s", apr_version_string());
}

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    (void)block;
    (void)heaps;
    if (prefault)
        libc_prefault(size);
    return apr_initialize() == APR_SUCCESS &&
           apr_allocator_create(&space->allocator) == APR_SUCCESS;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    return apr_pool_create_unmanaged_ex(heap, NULL, space->allocator) ==
           APR_SUCCESS;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    apr_pool_destroy(heap);
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return apr_palloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)heap;
    (void)block;
    (void)size;
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)heap;
    (void)block;
    (void)old_size;
    (void)size;
    return NULL;
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    (void)heap;
    (void)address;
    return false;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    (void)block;
    return 0;
}

#endif
