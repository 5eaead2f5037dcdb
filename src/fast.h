/*
 * fast.h - finding the blocks of free and of the questions, inline.
 */
#ifndef VMMA_FAST_H
#define VMMA_FAST_H

#include "context.h"

/* A live block in a slab of the client. */
struct fast_block {
    struct record *record;
    unsigned index;             /* of the block in its slab                   */
};

/*
 * Is what lies at this offset from the space the start of a live block in a
 * slab, and whose?  In two steps, between which the caller judges the owner.
 * "No" is not an answer: the slow path has to look.
 *
 * First, the granule's reference leads to the record.  It may be stale, which
 * is told by the owner's serial, or by the index: references reach less than
 * 4 GiB (S1), so the distance is exact, and bits beyond the last block are set
 * in `freed`.  The dummy is nobody's.
 */
static inline struct record *fast_record(const struct space *s, size_t offset)
{
    if (UNLIKELY(offset - s->heap >= s->free_door))
        return space_at(s, 0);
    return space_at(s, space_map(s)[(offset - s->heap) >> s->granule_shift]);
}

/* Second, the distance from the slab's start is turned right by log2 of half a
 * unit: what is not at a unit becomes so large that it has no index. */
static inline bool fast_index(const struct space *s, struct record *r,
                              size_t offset, struct fast_block *block)
{
    uint32_t distance = (uint32_t)offset - (r->start << SPACE_START_SHIFT);
    uint32_t steps = bits_rotate_right(distance, s->step_shift);

    if (UNLIKELY(!class_index(r->reciprocal, steps, &block->index) ||
                 block->index >= 64))
        return false;
    block->record = r;
    return LIKELY(((r->avail | r->freed) >> block->index & 1) == 0);
}

/* Bytes of such a block. */
static inline size_t fast_size(const struct space *s,
                               const struct fast_block *block)
{
    return s->class_size[entry_kind(stamp_entry(block->record->stamp))];
}

/* The two for a block that must be this client's. */
static inline bool fast_find(const struct client *c, uintptr_t address,
                             struct fast_block *block)
{
    const struct space *s = &client_pool(c)->space;
    size_t offset = address - (uintptr_t)s;
    struct record *r = fast_record(s, offset);

    if (UNLIKELY(r->half.serial != stamp_serial(c->heap.token)))
        return false;
    return fast_index(s, r, offset, block);
}

/* Is `address` the start of a live large block of this client?  If so, the
 * head of its piece; otherwise NONE, and again the slow path has to look. */
static inline uint32_t fast_find_large(const struct client *c,
                                       uintptr_t address)
{
    const struct space *s = &client_pool(c)->space;
    size_t offset = address - space_heap(s);
    const struct record *r;
    uint32_t g;

    if (offset >= s->free_door)
        return NONE;
    g = (uint32_t)(offset >> s->granule_shift);
    r = space_at(s, space_map(s)[g]);
    if (stamp_serial(r->stamp) != stamp_serial(c->heap.token) ||
        entry_kind(stamp_entry(r->stamp)) != KIND_LARGE ||
        r->start != space_start(s, g) ||
        (offset & (((size_t)1 << s->granule_shift) - 1)) != 0)
        return NONE;
    return g;
}

#endif
