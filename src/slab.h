/*
 * slab.h - small blocks: slabs of at most 64 blocks of one class.
 *
 * Blocks are named by their offset in the space, in bytes.  The fast paths
 * (fast.c) do the common cases on the record's words; everything else comes
 * here.
 */
#ifndef VMMA_SLAB_H
#define VMMA_SLAB_H

#include "heap.h"

#define SLAB_FAILED SIZE_MAX

/* Fill in what the space knows about full-sized slabs. */
void vmma__slab_init(struct space *s);

/* Hand out a block of a class when the current slab has none left; its offset,
 * or SLAB_FAILED and the cause in the request, whose count is not looked at.
 * O(log n); O(slabs of the class) when memory runs short. */
size_t vmma__slab_alloc(struct heap *h, struct pool *p, unsigned kind,
                        struct heap_request *request);

/* The first block of a slab that is marked full came back.  O(1). */
void vmma__slab_relist(struct heap *h, struct pool *p, struct record *r);

/* Give back the slabs of which no block is live.  O(slabs). */
void vmma__slab_trim(struct heap *h, struct pool *p);

/* The same, if the heap would otherwise grow for so many granules, and has
 * grown by an eighth since it was last done.  Was it done?  Amortized O(1). */
bool vmma__slab_collect(struct heap *h, struct pool *p, uint32_t count);

/* Blocks of the slab whose entry this is. */
static inline unsigned slab_blocks(const struct space *s, unsigned entry)
{
    unsigned units = entry_order(entry) + s->granule_unit_shift;

    return class_fit(entry_kind(entry), (uint32_t)1 << (units & 31));
}

/* The blocks of a slab that are not handed out. */
static inline uint64_t slab_idle(const struct space *s, uint32_t g,
                                 unsigned entry)
{
    const struct record *r = space_record(s, g);

    return (r->avail | r->freed) & bits_mask(slab_blocks(s, entry));
}

static inline unsigned slab_live_count(const struct space *s, uint32_t g,
                                       unsigned entry)
{
    return slab_blocks(s, entry) - bits_count(slab_idle(s, g, entry));
}

/* The offset of a block in the space, in bytes. */
static inline size_t slab_offset(const struct space *s, const struct record *r,
                                 size_t kind, unsigned index)
{
    return ((size_t)r->start << SPACE_START_SHIFT) +
           (size_t)(s->class_size[kind] * index);
}

/* The fast path of alloc: the offset of the current slab's next block; false
 * if it has none.  The dummy slab never has one. */
static inline bool slab_pop(const struct heap *h, struct space *s,
                            size_t kind, size_t *offset)
{
    struct record *r = space_at(s, h->current[kind - 1]);
    uint64_t avail = r->avail;

    if (UNLIKELY(avail == 0))
        return false;
    r->avail = avail & (avail - 1);
    *offset = slab_offset(s, r, kind, platform_lowest(avail));
    return true;
}

/* Free the block with this index, which is live.  False if the slab was full:
 * then vmma__slab_relist must follow. */
static inline bool slab_push(struct record *r, unsigned index)
{
    r->freed |= UINT64_C(1) << index;
    return LIKELY((r->half.rest & ENTRY_FULL) == 0);
}

#endif
