/*
 * process.h - for peers that have one heap, the process's: what they have in
 * common, which is all but the names of their calls.
 *
 * Before it is included a peer defines PEER_NAME and
 *
 *     process_malloc(size), process_free(block)
 *     process_realloc(block, size), process_usable(block)
 *
 * and after it, peer_version and process_prefault.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

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

/* Make `size` bytes of the heap resident and free, to stay with the heap. */
static void process_prefault(size_t size);

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    (void)block;
    (void)heaps;
    space->size = size;
    if (prefault)
        process_prefault(size);
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
    return process_malloc(size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)heap;
    (void)size;
    process_free(block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)heap;
    (void)old_size;
    return process_realloc(block, size);
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
    return process_usable((void *)(uintptr_t)block);
}

#endif
