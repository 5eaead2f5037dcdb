/*
 * slices.h - for peers whose heaps cannot share a block: the space is cut
 * into equal slices, each heap gets one, and to destroy a heap is to forget
 * its slice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SLICES_H
#define BENCH_SLICES_H

#define SLICES_ALIGNMENT ((size_t)65536)

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

#endif
