/*
 * glibc.h - the C library's malloc: one heap, the process's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <gnu/libc-version.h>

#include "libc.h"

#define PEER_NAME "glibc"

enum {
    PEER_MANY = 1,
    PEER_SHARES = 0,
    PEER_HEAP_SPAN = 1,
    PEER_FREES = 1,
    PEER_SIZED = 0,
    PEER_DESTROYS = 0,
    PEER_OWNS = PEER_OWNS_NOTHING,
    PEER_USABLE = 1,
    PEER_RESIZES = 1,
    PEER_CROSSES = 1,
    PEER_CLOSES = 0,
    PEER_RESERVES = 0,
    PEER_IN_BLOCK = 0
};

typedef int peer_heap;

struct peer_space {
    size_t size;
};

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "%s", gnu_get_libc_version());
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
    *heap = 0;
    return true;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    (void)heap;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    (void)heap;
    return malloc(size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)heap;
    (void)size;
    free(block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)heap;
    (void)old_size;
    return realloc(block, size);
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
    return malloc_usable_size((void *)(uintptr_t)block);
}

#endif
