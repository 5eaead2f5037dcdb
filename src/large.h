/*
 * large.h - blocks of whole granules.
 */
#ifndef VMMA_LARGE_H
#define VMMA_LARGE_H

#include "heap.h"

/* Granules in the blocks of bin 0. */
enum { LARGE_BIN_LEAST = 3 };

/* What is asked for. */
struct large_shape {
    uint32_t count;             /* granules, > 0                              */
    uint32_t align;             /* the address is a multiple of so many
                                   granules; a power of two, 1 for none       */
};

/* Allocate; the first granule, or NONE and the cause in the request, whose
 * count is not looked at.  O(log n). */
uint32_t vmma__large_alloc(struct heap *h, struct pool *p,
                           struct large_shape shape,
                           struct heap_request *request);

/* A cached block of exactly `count` granules, live again; NONE if there is
 * none.  O(1). */
uint32_t vmma__large_reuse(struct heap *h, struct pool *p, uint32_t count);

/* Free the live block of the piece at g.  O(log n), or O(1) into the cache. */
void vmma__large_free(struct heap *h, struct pool *p, uint32_t g);

/* Make the live block of the piece at g `count` granules long where it is;
 * false if there is no room.  Shrinking always works.  O(log n). */
bool vmma__large_resize(struct heap *h, struct pool *p, uint32_t g,
                        uint32_t count);

/* Merge all cached blocks.  O(cached blocks). */
void vmma__large_trim(struct heap *h, struct pool *p);

/* The block's first granule, and its granules to the end of the piece. */
static inline uint32_t large_start(const struct space *s, uint32_t g)
{
    return (uint32_t)space_record(s, g)->freed;
}

static inline uint32_t large_count(const struct space *s, uint32_t g)
{
    return g + (uint32_t)space_record(s, g)->avail - large_start(s, g);
}

#endif
