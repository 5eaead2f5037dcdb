/*
 * talloc.h - talloc: a context per heap, over the C library's malloc.
 *
 * What it calls a block's size is what was asked for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <talloc.h>

#include "libc.h"

#define PEER_NAME "talloc"

enum {
    PEER_MANY = 100000,
    PEER_SHARES = 1,
    PEER_HEAP_SPAN = 1,
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

typedef TALLOC_CTX *peer_heap;

struct peer_space {
    size_t size;
};

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "%d.%d", talloc_version_major(),
             talloc_version_minor());
}

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    (void)block;
    (void)heaps;
    space->size = size;
    if (prefault)
        libc_prefault(size);
    return true;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    (void)space;
    *heap = talloc_named_const(NULL, 0, "heap");
    return *heap != NULL;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    talloc_free(heap);
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return talloc_named_const(heap, size, "block");
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)heap;
    (void)size;
    return talloc_free(block) == 0;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return talloc_realloc_size(heap, block, size);
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    return talloc_parent(address) == heap;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return talloc_get_size(block);
}

#endif
