/*
 * locate.c - what is at an address?
 *
 * The map entry of the address's granule leads to the piece's head when the
 * granule is in a slab, or the first of a large block.  Otherwise the pieces
 * that could hold it start at its natural places, one per order: they are
 * tried upwards.  A stale entry does no harm, because the record behind it
 * must bear a live owner's token and the same entry (space.h).
 */
#include "locate.h"

static struct place no_place(enum vmma_status status)
{
    return (struct place){ .status = status };
}

/* ---- from granule to piece -------------------------------------------- */

/* The live client whose piece starts at `head` with this entry, if the piece
 * reaches to g. */
static struct client *piece_owner(const struct vmma_context *ctx,
                                  uint32_t head, unsigned entry, uint32_t g)
{
    const struct space *s = &ctx->pool.space;
    uint64_t stamp;

    if (entry == 0 || head >= s->high_water || space_map(s)[head] != entry)
        return NULL;
    stamp = space_record(s, head)->stamp;
    if (stamp_entry(stamp) != entry ||
        g - head >= piece_count(s, head, entry))
        return NULL;
    return context_owner(ctx, stamp);
}

/* Find the piece of a client that holds granule g. */
static struct client *find_piece(const struct vmma_context *ctx, uint32_t g,
                                 uint32_t *head, unsigned *entry)
{
    const struct space *s = &ctx->pool.space;
    struct client *c;

    *entry = space_map(s)[g];
    *head = entry_head(*entry, g);
    c = piece_owner(ctx, *head, *entry, g);
    for (unsigned o = 0; c == NULL && o < ORDER_COUNT; o++) {
        *head = g >> o << o;
        *entry = space_map(s)[*head];
        if (entry_head(*entry, *head) == *head)
            c = piece_owner(ctx, *head, *entry, g);
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
    size_t size = (size_t)vmma__classes.units[kind] << s->unit_shift;
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
    uintptr_t first = large_start(s, g);
    struct place place = {
        .client = c, .piece = g, .kind = KIND_LARGE,
        .start = space_heap(s) + (first << s->granule_shift),
        .size = (size_t)large_count(s, g) << s->granule_shift,
    };

    if (address < place.start)
        return no_place(VMMA_E_NOT_LIVE);
    place.status = address == place.start ? VMMA_OK : VMMA_E_INTERIOR;
    return place;
}

/* ---- the question ----------------------------------------------------- */

struct place vmma__locate(const struct vmma_context *ctx, uintptr_t address)
{
    const struct space *s = &ctx->pool.space;
    size_t offset = address - ((uintptr_t)ctx - ctx->pad);
    struct client *c;
    uint32_t g, head;
    unsigned entry;

    if (offset >= ctx->size)
        return no_place(VMMA_E_OUTSIDE);
    if (offset < ctx->pad + s->heap)
        return no_place(VMMA_E_BOOKKEEPING_ADDRESS);
    offset = (offset - ctx->pad - s->heap) >> s->granule_shift;
    if (offset >= s->high_water)
        return no_place(VMMA_E_NOT_LIVE);
    g = (uint32_t)offset;
    c = find_piece(ctx, g, &head, &entry);
    if (c != NULL && class_is(entry_kind(entry)))
        return place_in_slab(ctx, c, head, entry, address);
    if (c != NULL && entry_kind(entry) == KIND_LARGE)
        return place_in_large(ctx, c, head, address);
    return no_place(VMMA_E_NOT_LIVE);
}
