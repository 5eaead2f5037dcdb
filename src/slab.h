/*
 * slab.h - small blocks: slabs of at most 64 blocks of one class.
 *
 * Blocks are named by their offset in the space, in bytes.  The fast paths (fast.c) do the common cases on the record's words;
 * everything else comes here.
 */
#ifndef VMMA_SLAB_H
#define VMMA_SLAB_H

#include "heap.h"

#define SLAB_FAILED SIZE_MAX

/* A slab in no list; in link.prev. */
#define SLAB_UNLISTED (NONE - 1)

/* Hand out a block of a class when the current slab has none left; its offset,
 * or SLAB_FAILED and the cause in the request, whose count is not looked at.
 * O(log n). */
size_t vmma__slab_alloc(struct heap *h, struct pool *p, unsigned kind,
                        struct heap_request *request);

/* The countdown of the slab at g has come to 0: list it, or give it back. */
void vmma__slab_event(struct heap *h, struct pool *p, uint32_t g);

/* Free the block with this index of the slab at g, which is live. */
void vmma__slab_free(struct heap *h, struct pool *p, uint32_t g,
                     unsigned index);

/* Give back the empty slabs that are kept as current ones.  O(classes). */
void vmma__slab_trim(struct heap *h, struct pool *p);

/* List every slab that has freed blocks and waits for more of them, so that
 * the next vmma__slab_alloc finds them.  O(pieces of the heap). */
void vmma__slab_gather(struct heap *h, struct pool *p);

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

/* How many blocks must come back before a slab is listed again. */
static inline unsigned slab_wait(unsigned blocks)
{
    return blocks < 16 ? 1 : blocks / 8;
}

static inline unsigned slab_live_count(const struct space *s, uint32_t g,
                                       unsigned entry)
{
    return slab_blocks(s, entry) - bits_count(slab_idle(s, g, entry));
}

/* The offset of a block in the space, in bytes. */
static inline size_t slab_offset(const struct space *s, const struct record *r,
                                 unsigned kind, unsigned index)
{
    return ((size_t)r->start << SPACE_START_SHIFT) +
           (size_t)s->class_size[kind] * index;
}

/* The fast path of alloc: the offset of the current slab's next block; false
 * if it has none.  The dummy slab never has one. */
static inline bool slab_pop(const struct heap *h, struct space *s,
                            unsigned kind, size_t *offset)
{
    struct record *r = space_at(s, h->current[kind - 1]);
    uint64_t avail = r->avail;

    if (UNLIKELY(avail == 0))
        return false;
    r->avail = avail & (avail - 1);
    *offset = slab_offset(s, r, kind, platform_lowest(avail));
    return true;
}

#endif
