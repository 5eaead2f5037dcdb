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
 * Is `address` the start of a live block in a slab of this client?  If so the
 * block is filled in.  "No" is not an answer: the slow path has to look.
 *
 * The granule's reference leads to the record.  It may be stale, which is
 * told by the owner's token, or by the index: a slab's granules refer to heads
 * at most 15 granules before them, and bits beyond the last block are set in
 * `freed`.  The distance from the slab's start is turned right by log2 of the
 * unit: what is not at a unit becomes so large that it has no index.
 */
static inline bool fast_find(const struct client *c, uintptr_t address,
                             struct fast_block *block)
{
    const struct space *s = &client_pool(c)->space;
    size_t offset = address - (uintptr_t)s;
    struct record *r;
    uint32_t unit;

    if (UNLIKELY(offset - s->heap >= s->free_door))
        return false;
    r = space_at(s, space_map(s)[(offset - s->heap) >> s->granule_shift]);
    if (UNLIKELY((r->stamp ^ c->heap.token) >> STAMP_TOKEN_SHIFT != 0))
        return false;
    unit = bits_rotate_right((uint32_t)offset - (r->start << SPACE_START_SHIFT),
                             s->unit_shift);
    if (UNLIKELY(!class_index(r->reciprocal, unit, &block->index) ||
                 block->index >= 64))
        return false;
    block->record = r;
    return LIKELY(((r->avail | r->freed) >> block->index & 1) == 0);
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
    if ((r->stamp ^ c->heap.token) >> STAMP_TOKEN_SHIFT != 0 ||
        entry_kind(stamp_entry(r->stamp)) != KIND_LARGE ||
        r->start != space_start(s, g) || r->freed != g ||
        (offset & (((size_t)1 << s->granule_shift) - 1)) != 0)
        return NONE;
    return g;
}

#endif
