/*
 * slices.h - for peers whose heaps cannot share a block: the space is cut
 * into equal slices, each heap gets one, and to destroy a heap is to forget
 * its slice.
 *
 * A peer defines PEER_NAME, peer_heap, which points into its slice, what is
 * missing in the constants below, and the calls that are not here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SLICES_H
#define BENCH_SLICES_H

#define SLICES_ALIGNMENT ((size_t)65536)

enum {
    PEER_MANY = 100000,
    PEER_SHARES = 0,
    PEER_FREES = 1,
    PEER_DESTROYS = 1,
    PEER_OWNS = PEER_OWNS_NOTHING,
    PEER_RESIZES = 1,
    PEER_CROSSES = 0,
    PEER_CLOSES = 0,
    PEER_IN_BLOCK = 1
};

struct peer_space {
    unsigned char *block;
    size_t size;     /* bytes of a slice, a multiple of SLICES_ALIGNMENT */
    uint32_t *free;  /* a stack of the numbers of free slices */
    size_t count;    /* its height */
};

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    (void)prefault;
    space->block = block;
    space->size = size / heaps & ~(SLICES_ALIGNMENT - 1);
    space->free = memory_array(heaps, sizeof *space->free);
    space->count = heaps;
    for (size_t i = 0; i < heaps; i++)
        space->free[i] = (uint32_t)(heaps - 1 - i);
    return space->size != 0;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

static inline unsigned char *slices_take(struct peer_space *space)
{
    return space->count
               ? space->block + space->free[--space->count] * space->size
               : NULL;
}

static inline void slices_give(struct peer_space *space, const void *inside)
{
    size_t offset = (size_t)((const unsigned char *)inside - space->block);

    space->free[space->count++] = (uint32_t)(offset / space->size);
}

static inline void peer_destroy(struct peer_space *space, void *heap)
{
    slices_give(space, heap);
}

static inline bool peer_owns(const void *heap, const void *address)
{
    (void)heap;
    (void)address;
    return false;
}

/* A block that moves: what is kept of it, from the old place to the new. */
static inline void slices_copy(void *moved, const void *block, size_t old_size,
                               size_t size)
{
    memcpy(moved, block, old_size < size ? old_size : size);
}

#endif
