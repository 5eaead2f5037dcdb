/*
 * large.c - blocks of whole granules: those above the largest size class.
 *
 * A large block is a piece of exactly as many granules as it needs, wherever
 * they are.  Its record has their number (avail), and the head of each of its
 * natural parts refers to it.
 *
 * A block that must move because it grows will grow again.  It goes into the
 * shortest free run like any other, so its moves cost no memory; but an arena
 * that has to be taken for it has room for as much again.
 *
 * Freed blocks of up to 64 granules are kept for a while as they are, last in
 * first out, in bins: one for each length up to 8, then one per doubling, of
 * which a few blocks are looked at.  A block is only used again for its own
 * length.  The cache is bounded by the client's size, and is merged when
 * memory runs short.
 *
 *   G1  the heads of a live or cached block's natural parts refer to it.
 *   G2  bin i holds the pieces of kind CACHED of its lengths; cached is the
 *       sum of their granules.
 */
#include "large.h"
#include "slab.h"

enum {
    CACHE_LEAST = 64,           /* granules that any client may cache         */
    CACHE_SHARE_LOG2 = 8,       /* and so much of it                          */
    CACHE_TRIES = 4             /* blocks of a bin to look at, or to merge    */
};

/* ---- pieces ----------------------------------------------------------- */

static uint32_t large_arena(const struct space *s, uint32_t g)
{
    return entry_arena(piece_at(s, g), g);
}

/* The piece at g has so many granules from now on. */
static void large_set_count(struct space *s, uint32_t g, uint32_t count)
{
    uint32_t *map = space_map(s), ref = map[g], end = g + count;
    size_t reach = space_reach(s);

    head_record(s, g)->avail = count;
    for (uint32_t part = g; part != end; part += run_part(part, end - part))
        if (LIKELY(part - g < reach))
            map[part] = ref;
        else
            piece_refer(s, part, g);
}

static void large_begin(struct heap *h, struct pool *p, uint32_t arena,
                        uint32_t g, uint32_t count)
{
    piece_begin(&p->space, g, h->token,
                vmma__heap_entry(p, arena, KIND_LARGE, 0));
    large_set_count(&p->space, g, count);
}

static void large_release(struct heap *h, struct pool *p, uint32_t g)
{
    uint32_t count = large_count(&p->space, g);
    uint32_t arena = large_arena(&p->space, g);

    head_record(&p->space, g)->stamp = 0;
    vmma__heap_give(h, p, arena, g, count);
}

/* ---- cache ------------------------------------------------------------ */

/* Granules that may be cached. */
static uint32_t large_cache_limit(const struct heap *h)
{
    return CACHE_LEAST + (h->held >> CACHE_SHARE_LOG2);
}

/* Live to cached, and back: the kind is all that differs. */
static void large_turn(struct record *r)
{
    r->stamp ^= stamp_make(0, entry_make(KIND_LARGE, 0, 0) ^
                              entry_make(KIND_CACHED, 0, 0));
}

/* Merge the block that was cached last in the bin. */
static void large_evict(struct heap *h, struct pool *p, unsigned bin)
{
    uint32_t g = h->bins[bin];

    h->bins[bin] = head_link(&p->space, g)->next;
    h->cached -= large_count(&p->space, g);
    large_release(h, p, g);
}

/* Merge the longest blocks, but few, until there is room for `count` more
 * granules. */
static NOINLINE bool large_make_room(struct heap *h, struct pool *p,
                                     uint32_t count)
{
    unsigned bin = HEAP_BINS - 1;

    for (int tries = CACHE_TRIES; tries != 0; tries--) {
        while (h->bins[bin] == NONE)
            bin--;
        large_evict(h, p, bin);
        if (h->cached + count <= large_cache_limit(h))
            return true;
    }
    return false;
}

static bool large_cache(struct heap *h, struct pool *p, uint32_t g)
{
    struct record *r = head_record(&p->space, g);
    uint32_t count = (uint32_t)r->avail;
    unsigned bin = large_bin(count);

    if (bin == HEAP_BINS || (h->cached + count > large_cache_limit(h) &&
                             !large_make_room(h, p, count)))
        return false;
    large_turn(r);
    head_link(&p->space, g)->next = h->bins[bin];
    h->bins[bin] = g;
    h->cached += count;
    return true;
}

/* The bin's first block is not of this length: look at a few more. */
static NOINLINE uint32_t large_find(struct heap *h, struct space *s,
                                    unsigned bin, uint32_t count)
{
    uint32_t *from = &h->bins[bin], g;

    for (int tries = CACHE_TRIES; (g = *from) != NONE && tries != 0; tries--) {
        if (large_count(s, g) == count) {
            *from = head_link(s, g)->next;
            return g;
        }
        from = &head_link(s, g)->next;
    }
    return NONE;
}

uint32_t vmma__large_reuse(struct heap *h, struct pool *p, uint32_t count)
{
    unsigned bin = large_bin(count);
    struct record *r;
    uint32_t g;

    if (bin == HEAP_BINS || (g = h->bins[bin]) == NONE)
        return NONE;
    r = head_record(&p->space, g);
    if (LIKELY(r->avail == count)) {
        h->bins[bin] = head_link(&p->space, g)->next;
    } else {
        g = large_find(h, &p->space, bin, count);
        if (g == NONE)
            return NONE;
        r = head_record(&p->space, g);
    }
    h->cached -= count;
    large_turn(r);
    return g;
}

void vmma__large_trim(struct heap *h, struct pool *p)
{
    for (unsigned bin = 0; bin < HEAP_BINS; bin++)
        while (h->bins[bin] != NONE)
            large_evict(h, p, bin);
}

/* ---- alloc and free --------------------------------------------------- */

/* Of a block's granules and what alignment may cost, [g, g + count + align -
 * 1), keep the block's; the first one. */
static NOINLINE uint32_t large_align(struct heap *h, struct pool *p,
                                     uint32_t arena, uint32_t g,
                                     struct large_shape shape)
{
    uintptr_t address = (space_heap(&p->space) >> p->space.granule_shift) + g;
    uint32_t before = (uint32_t)bits_padding(address, shape.align);
    uint32_t start = g + before, behind = shape.align - 1 - before;

    if (before != 0)
        vmma__heap_give(h, p, arena, g, before);
    if (behind != 0)
        vmma__heap_give(h, p, arena, start + shape.count, behind);
    return start;
}

static uint32_t large_take(struct heap *h, struct pool *p,
                           struct large_shape shape,
                           struct heap_request *request)
{
    uint32_t g;

    request->count = shape.count + shape.align - 1;
    vmma__slab_collect(h, p, request->count);
    g = shape.grows
            ? vmma__heap_take_start(h, p, 2 * request->count, request)
            : vmma__heap_take_end(h, p, request);
    if (g == NONE)
        return NONE;
    if (shape.align != 1)
        g = large_align(h, p, request->arena, g, shape);
    large_begin(h, p, request->arena, g, shape.count);
    return g;
}

uint32_t vmma__large_new(struct heap *h, struct pool *p, uint32_t count)
{
    struct large_shape shape = { count, 1, false };
    struct heap_request request = { 0, false, NONE, VMMA_OK };

    return large_take(h, p, shape, &request);
}

uint32_t vmma__large_alloc(struct heap *h, struct pool *p,
                           struct large_shape shape,
                           struct heap_request *request)
{
    uint32_t g = shape.align == 1
                     ? vmma__large_reuse(h, p, shape.count) : NONE;

    return g == NONE ? large_take(h, p, shape, request) : g;
}

void vmma__large_free(struct heap *h, struct pool *p, uint32_t g)
{
    if (!large_cache(h, p, g))
        large_release(h, p, g);
}

/* ---- resize ----------------------------------------------------------- */

bool vmma__large_resize(struct heap *h, struct pool *p, uint32_t g,
                        uint32_t count)
{
    uint32_t old = large_count(&p->space, g), arena;

    if (count == old)
        return true;
    arena = large_arena(&p->space, g);
    if (count > old && !vmma__heap_claim(h, p, arena, g + old, count - old))
        return false;
    large_set_count(&p->space, g, count);
    if (count < old)
        vmma__heap_give(h, p, arena, g + count, old - count);
    return true;
}
