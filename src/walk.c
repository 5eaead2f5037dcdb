/*
 * walk.c - visiting the pieces and the live blocks of a client.
 *
 * The pieces of an arena lie end to end, and each tells its length; so does
 * everything below the high-water mark, arenas or not.  Nothing is read but
 * the bookkeeping.
 */
#include "walk.h"

bool vmma__walk_pieces(const struct client *c, walk_piece_visitor *visit,
                       void *state)
{
    const struct space *s = &client_pool(c)->space;
    uint32_t a = c->heap.first_arena;

    for (; a != NONE; a = space_arena(s, a)->next) {
        uint32_t end = a + space_arena(s, a)->count;

        for (uint32_t g = a; g < end; ) {
            unsigned entry = piece_at(s, g);

            if (!visit(state, c, g, entry))
                return false;
            g += piece_count(s, g, entry);
        }
    }
    return true;
}

/* ---- live blocks ------------------------------------------------------ */

struct block_walk {
    vmma_block_callback *callback;
    void *user;
};

static bool visit_slab(const struct block_walk *w, const struct client *c,
                       uint32_t g, unsigned entry)
{
    const struct space *s = &client_pool(c)->space;
    unsigned kind = entry_kind(entry);
    uint64_t live = ~slab_idle(s, g, entry) &
                    bits_mask(slab_blocks(s, entry));

    for (; live != 0; live &= live - 1) {
        size_t offset = slab_offset(s, space_record(s, g), kind,
                                    platform_lowest(live));
        struct vmma_block block = {
            .client = client_handle(c),
            .start = (void *)((uintptr_t)s + offset),
            .size = s->class_size[kind],
        };

        if (w->callback(w->user, &block) != 0)
            return false;
    }
    return true;
}

static bool visit_piece(void *state, const struct client *c, uint32_t g,
                        unsigned entry)
{
    const struct space *s = &client_pool(c)->space;
    const struct block_walk *w = state;

    if (class_is(entry_kind(entry)))
        return visit_slab(w, c, g, entry);
    if (entry_kind(entry) == KIND_LARGE) {
        struct vmma_block block = {
            .client = client_handle(c),
            .start = (void *)(space_heap(s) + ((uintptr_t)g
                                               << s->granule_shift)),
            .size = (size_t)large_count(s, g) << s->granule_shift,
        };

        return w->callback(w->user, &block) == 0;
    }
    return true;
}

bool vmma__walk_blocks(const struct client *c, vmma_block_callback *callback,
                       void *user)
{
    struct block_walk w = { callback, user };

    return vmma__walk_pieces(c, visit_piece, &w);
}

/* ---- free pages ------------------------------------------------------- */

struct page_walk {
    const struct space *space;
    size_t page_size;
    vmma_purge_callback *callback;
    void *user;
};

/* The granules [from, to) are free, and those around them are not. */
static void name_run(const struct page_walk *w, size_t from, size_t to)
{
    const struct space *s = w->space;
    uintptr_t start = space_heap(s) + (from << s->granule_shift);
    uintptr_t end = space_heap(s) + (to << s->granule_shift);
    size_t padding = bits_padding(start, w->page_size);

    if (padding >= end - start)
        return;
    start += padding;
    end &= ~(uintptr_t)(w->page_size - 1);
    if (start < end)
        w->callback(w->user, (void *)start, end - start);
}

void vmma__walk_free_pages(const struct vmma_context *ctx, size_t page_size,
                           vmma_purge_callback *callback, void *user)
{
    const struct space *s = &ctx->pool.space;
    struct page_walk w = { s, page_size, callback, user };
    uint32_t from = NONE, g = 0;

    while (g < s->high_water) {
        unsigned entry = piece_at(s, g), kind = entry_kind(entry);
        bool is_free = kind == KIND_FREE || kind == KIND_POOL_FREE;

        if (is_free && from == NONE)
            from = g;
        if (!is_free && from != NONE) {
            name_run(&w, from, g);
            from = NONE;
        }
        g += piece_count(s, g, entry);
    }
    name_run(&w, from != NONE ? from : g, s->count);
}
