/*
 * large.c - blocks of whole granules: those above the largest size class.
 *
 * A large block is a piece of exactly as many granules as it needs, at a
 * natural place for them: what is left of the natural piece stays free, so a
 * block of 5 granules costs 5 and not 8.  In its record
 *
 *   avail  is the number of granules of the piece,
 *   freed  is the granule at which the block starts: the piece's first one,
 *          unless the block is aligned to more than its place.
 *
 * Freed blocks of up to 14 granules are kept for a while as they are, by
 * exact length, last in first out: buddies that are merged and split again at
 * once cost ten times more.  The cache holds an eighth of the client at most,
 * and is merged when memory runs short.
 *
 *   G1  a live block's piece has kind LARGE and order ceil(log2 avail).
 *   G2  bin i holds the pieces of kind CACHED with avail = LARGE_BIN_LEAST + i;
 *       cached is the sum of their granules.
 */
#include "large.h"

enum {
    CACHE_LEAST = 32,           /* granules that any client may cache         */
    CACHE_SHARE_LOG2 = 3        /* and an eighth of it                        */
};

/* ---- pieces ----------------------------------------------------------- */

static uint32_t large_arena(const struct space *s, uint32_t g)
{
    return entry_arena(piece_at(s, g), g);
}

/* (Re)write the live piece at g: its entry follows from the count. */
static void large_mark(struct heap *h, struct pool *p, uint32_t arena,
                       uint32_t g, uint32_t count, uint32_t start)
{
    struct record *r = space_record(&p->space, g);
    unsigned entry = vmma__heap_entry(p, arena, KIND_LARGE,
                                      bits_log2_ceil(count));

    piece_begin(&p->space, g, h->token, entry);
    r->avail = count;
    r->freed = start;
}

static void large_release(struct heap *h, struct pool *p, uint32_t g)
{
    uint32_t count = (uint32_t)space_record(&p->space, g)->avail;
    uint32_t arena = large_arena(&p->space, g);

    piece_end(&p->space, g);
    vmma__heap_give(h, p, arena, g, count);
}

/* ---- cache ------------------------------------------------------------ */

static uint32_t *large_bin(struct heap *h, uint32_t count)
{
    uint32_t i = count - LARGE_BIN_LEAST;

    return i < HEAP_BINS ? &h->bins[i] : NULL;
}

/* Live to cached, and back: the kind is all that differs. */
static void large_turn(struct record *r)
{
    r->stamp ^= stamp_make(0, entry_make(KIND_LARGE, 0, 0) ^
                              entry_make(KIND_CACHED, 0, 0));
}

static bool large_cache(struct heap *h, struct pool *p, uint32_t g)
{
    struct record *r = space_record(&p->space, g);
    uint32_t count = (uint32_t)r->avail;
    uint32_t *bin = large_bin(h, count);

    if (bin == NULL || h->cached + count > CACHE_LEAST + (h->held >>
                                                          CACHE_SHARE_LOG2))
        return false;
    large_turn(r);
    space_link(&p->space, g)->next = *bin;
    *bin = g;
    h->cached += count;
    return true;
}

/* Out of the bin, which is not empty; it is still of kind CACHED. */
static uint32_t large_uncache(struct heap *h, struct pool *p, uint32_t *bin)
{
    uint32_t g = *bin;

    *bin = space_link(&p->space, g)->next;
    h->cached -= (uint32_t)space_record(&p->space, g)->avail;
    return g;
}

uint32_t vmma__large_reuse(struct heap *h, struct pool *p, uint32_t count)
{
    uint32_t *bin = large_bin(h, count);
    uint32_t g;

    if (bin == NULL || *bin == NONE)
        return NONE;
    g = large_uncache(h, p, bin);
    large_turn(space_record(&p->space, g));
    return g;
}

void vmma__large_trim(struct heap *h, struct pool *p)
{
    for (unsigned i = 0; i < HEAP_BINS; i++)
        while (h->bins[i] != NONE)
            large_release(h, p, large_uncache(h, p, &h->bins[i]));
}

/* ---- alloc and free --------------------------------------------------- */

/* The first granule from g on whose address is a multiple of `align`
 * granules. */
static uint32_t large_align(const struct space *s, uint32_t g, uint32_t align)
{
    uintptr_t address = (space_heap(s) >> s->granule_shift) + g;

    return g + (uint32_t)bits_padding(address, align);
}

uint32_t vmma__large_alloc(struct heap *h, struct pool *p,
                           struct large_shape shape,
                           struct heap_request *request)
{
    uint32_t g = shape.align == 1 ? vmma__large_reuse(h, p, shape.count)
                                  : NONE;

    if (g != NONE)
        return g;
    request->count = shape.count + shape.align - 1;
    g = vmma__heap_take(h, p, request);
    if (g == NONE)
        return NONE;
    large_mark(h, p, request->arena, g, request->count,
               large_align(&p->space, g, shape.align));
    if (shape.align != 1)
        vmma__large_resize(h, p, g, shape.count);
    return large_start(&p->space, g);
}

void vmma__large_free(struct heap *h, struct pool *p, uint32_t g)
{
    if (large_start(&p->space, g) == g && large_cache(h, p, g))
        return;
    large_release(h, p, g);
}

/* ---- resize ----------------------------------------------------------- */

/* [--- piece ---] -> [piece][free] */
static void large_cut(struct heap *h, struct pool *p, uint32_t g,
                      uint32_t count)
{
    uint32_t arena = large_arena(&p->space, g);
    uint32_t start = large_start(&p->space, g);
    uint32_t old = (uint32_t)space_record(&p->space, g)->avail;

    large_mark(h, p, arena, g, count, start);
    if (count < old)
        vmma__heap_give(h, p, arena, g + count, old - count);
}

/* [piece][free] -> [--- piece ---], if that is a natural place for it. */
static bool large_stretch(struct heap *h, struct pool *p, uint32_t g,
                          uint32_t count)
{
    uint32_t arena = large_arena(&p->space, g);
    uint32_t start = large_start(&p->space, g);
    uint32_t old = (uint32_t)space_record(&p->space, g)->avail;
    uint32_t place = (uint32_t)1 << bits_log2_ceil(count);

    if ((g & (place - 1)) != 0 ||
        !vmma__heap_claim(h, p, arena, g + old, count - old))
        return false;
    large_mark(h, p, arena, g, count, start);
    return true;
}

bool vmma__large_resize(struct heap *h, struct pool *p, uint32_t g,
                        uint32_t count)
{
    uint32_t before = large_start(&p->space, g) - g;

    if (before + count <= space_record(&p->space, g)->avail) {
        large_cut(h, p, g, before + count);
        return true;
    }
    return large_stretch(h, p, g, before + count);
}
