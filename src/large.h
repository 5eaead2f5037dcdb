/*
 * large.h - blocks of whole granules.
 */
#ifndef VMMA_LARGE_H
#define VMMA_LARGE_H

#include "heap.h"

enum {
    LARGE_BIN_LEAST = 3,        /* granules of the blocks in bin 0            */
    LARGE_BIN_EXACT = 8,        /* up to here each bin is for one length      */
    LARGE_BIN_MOST = 64         /* the most granules of a cached block        */
};

/* What is asked for. */
struct large_shape {
    uint32_t count;             /* granules, > 0                              */
    uint32_t align;             /* the address is a multiple of so many
                                   granules; a power of two, 1 for none       */
    bool grows;                 /* it is to replace a block that grew out of
                                   its place                                  */
};

/* Allocate; the first granule, or NONE and the cause in the request, whose
 * count is not looked at.  O(log n). */
uint32_t vmma__large_alloc(struct heap *h, struct pool *p,
                           struct large_shape shape,
                           struct heap_request *request);

/* A cached block of exactly `count` granules, live again; NONE if none is
 * found.  O(1). */
uint32_t vmma__large_reuse(struct heap *h, struct pool *p, uint32_t count);

/* A block of `count` granules that is not from the cache, and does not pass
 * the soft limit; NONE if it cannot be had like that.  O(log n). */
uint32_t vmma__large_new(struct heap *h, struct pool *p, uint32_t count);

/* Free the live block of the piece at g.  O(log n), or O(1) into the cache. */
void vmma__large_free(struct heap *h, struct pool *p, uint32_t g);

/* Make the live block of the piece at g `count` granules long where it is;
 * false if there is no room.  Shrinking always works.  O(log n). */
bool vmma__large_resize(struct heap *h, struct pool *p, uint32_t g,
                        uint32_t count);

/* Merge all cached blocks.  O(cached blocks). */
void vmma__large_trim(struct heap *h, struct pool *p);

/* The bin for cached blocks of so many granules; HEAP_BINS if there is none. */
static inline unsigned large_bin(uint32_t count)
{
    if (count - LARGE_BIN_LEAST <= LARGE_BIN_EXACT - LARGE_BIN_LEAST)
        return count - LARGE_BIN_LEAST;
    if (count - LARGE_BIN_LEAST > LARGE_BIN_MOST - LARGE_BIN_LEAST)
        return HEAP_BINS;
    return LARGE_BIN_EXACT - LARGE_BIN_LEAST + 1 +
           platform_highest((count - 1) / LARGE_BIN_EXACT);
}

/* Granules of the block at g. */
static inline uint32_t large_count(const struct space *s, uint32_t g)
{
    return (uint32_t)head_record(s, g)->avail;
}

#endif
