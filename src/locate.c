/*
 * locate.c - what is at an address?
 *
 * The map leads to the piece when the granule is in a slab, or is the first
 * one of its piece.  Otherwise it may be in a large block, and then the head
 * of its natural part refers to the block: that is the granule's own number
 * with some of its low bits cleared, so all of these are tried upwards.  A
 * stale reference does no harm, because the record behind it must bear a live
 * owner's token and the granule must lie in the piece (space.h).
 */
#include "locate.h"

static struct place no_place(enum vmma_status status)
{
    return (struct place){ .status = status };
}

/* ---- from granule to piece -------------------------------------------- */

/* The live client whose piece this record is, if the piece reaches to g. */
static struct client *piece_owner(const struct vmma_context *ctx,
                                  const struct record *r, uint32_t g)
{
    const struct space *s = &ctx->pool.space;
    unsigned entry = stamp_entry(r->stamp);
    uint32_t head = record_head(s, r);

    if (entry == 0 || g < head || g - head >= piece_count(s, head, entry))
        return NULL;
    return context_owner(ctx, r->stamp);
}

/* Find the piece of a client that holds granule g. */
static struct client *find_piece(const struct vmma_context *ctx, uint32_t g,
                                 const struct record **record)
{
    const struct space *s = &ctx->pool.space;
    struct client *c;

    *record = piece_record(s, g);
    c = piece_owner(ctx, *record, g);
    for (uint32_t part = g; c == NULL && part != 0; ) {
        part &= part - 1;
        *record = piece_record(s, part);
        c = piece_owner(ctx, *record, g);
    }
    return c;
}

/* ---- from piece to block ---------------------------------------------- */

static struct place place_in_slab(const struct vmma_context *ctx,
                                  struct client *c, uint32_t g, unsigned entry,
                                  uintptr_t address)
{
    const struct space *s = &ctx->pool.space;
    unsigned kind = entry_kind(entry);
    uintptr_t slab = space_heap(s) + ((uintptr_t)g << s->granule_shift);
    size_t offset = address - slab;
    size_t size = s->class_size[kind];
    unsigned index = class_fit(kind, (uint32_t)(offset >> s->unit_shift));
    struct place place = { .client = c, .piece = g, .kind = kind,
                           .index = index, .start = slab + index * size,
                           .size = size };

    if (index >= slab_blocks(s, entry) ||
        (slab_idle(s, g, entry) >> index & 1) != 0)
        return no_place(VMMA_E_NOT_LIVE);
    place.status = address == place.start ? VMMA_OK : VMMA_E_INTERIOR;
    return place;
}

static struct place place_in_large(const struct vmma_context *ctx,
                                   struct client *c, uint32_t g,
                                   uintptr_t address)
{
    const struct space *s = &ctx->pool.space;
    struct place place = {
        .client = c, .piece = g, .kind = KIND_LARGE,
        .start = space_heap(s) + ((uintptr_t)g << s->granule_shift),
        .size = (size_t)large_count(s, g) << s->granule_shift,
    };

    place.status = address == place.start ? VMMA_OK : VMMA_E_INTERIOR;
    return place;
}

/* ---- the question ----------------------------------------------------- */

struct place vmma__locate(const struct vmma_context *ctx, uintptr_t address)
{
    const struct space *s = &ctx->pool.space;
    size_t offset = address - ((uintptr_t)ctx - ctx->pad);
    const struct record *r;
    struct client *c;
    unsigned entry;

    if (offset >= ctx->size)
        return no_place(VMMA_E_OUTSIDE);
    if (offset < ctx->pad + s->heap)
        return no_place(VMMA_E_BOOKKEEPING_ADDRESS);
    offset = (offset - ctx->pad - s->heap) >> s->granule_shift;
    if (offset >= s->high_water)
        return no_place(VMMA_E_NOT_LIVE);
    c = find_piece(ctx, (uint32_t)offset, &r);
    entry = stamp_entry(r->stamp);
    if (c != NULL && class_is(entry_kind(entry)))
        return place_in_slab(ctx, c, record_head(s, r), entry, address);
    if (c != NULL && entry_kind(entry) == KIND_LARGE)
        return place_in_large(ctx, c, record_head(s, r), address);
    return no_place(VMMA_E_NOT_LIVE);
}
