/*
 * fast.h - the common cases of alloc, free and the questions, inline.
 */
#ifndef VMMA_FAST_H
#define VMMA_FAST_H

#include "context.h"

/* A live block in a slab of the client. */
struct fast_block {
    struct record *record;
    uint64_t bit;               /* the block in its slab's words              */
    uint32_t g;                 /* the slab                                   */
    unsigned kind;
    unsigned countdown;
};

/*
 * Is `address` the start of a live block in a slab of this client?  If so the
 * block is filled in.  "No" is not an answer: the slow path has to look.
 *
 * The distance from the heap's start is turned right by log2 of the unit, so
 * that one compare refuses what is outside, what was never used and what is
 * not a multiple of a unit: the odd bits come out on top.
 */
static inline bool fast_find(const struct client *c, uintptr_t address,
                             struct fast_block *block)
{
    const struct space *s = &client_pool(c)->space;
    size_t unit = bits_rotate_right(address - space_heap(s), s->unit_shift);
    uint64_t countdown;
    unsigned entry, index;

    if (UNLIKELY(unit >= s->free_door))
        return false;
    block->g = (uint32_t)(unit >> s->granule_unit_shift);
    entry = space_map(s)[block->g];
    block->g = entry_head(entry, block->g);
    block->kind = entry_kind(entry);
    block->record = space_record(s, block->g);
    countdown = block->record->stamp ^ stamp_make(c->heap.token, entry);
    if (UNLIKELY(countdown > STAMP_COUNTDOWN_MAX))
        return false;
    unit -= slab_unit(s, block->g);
    if (UNLIKELY(!class_index(block->kind, (uint32_t)unit, &index)))
        return false;
    block->bit = UINT64_C(1) << index;
    block->countdown = (unsigned)countdown;
    return LIKELY(((block->record->avail | block->record->freed) &
                   block->bit) == 0);
}

#endif
