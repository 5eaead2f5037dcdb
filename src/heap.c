/*
 * heap.c - one client's memory: its arenas, and the pieces cut from them.
 *
 * A heap holds arenas, in a list through their structs.  Their free granules
 * are in one buddy; pieces never cross an arena's end.  Higher rooms take
 * runs of granules and make slabs and large blocks of them.
 *
 * Growth.  When the buddy has no piece that is large enough, one more arena
 * is taken: as large as all that is held until that is 1 MiB, then an eighth
 * of it, so that a client of n bytes has O(log n) arenas and wastes at most
 * an eighth by growing.  Under a quota it is at most a sixteenth of that, so
 * that a few blocks that stay cannot hold most of it.  If the context or the
 * quota does not allow that, smaller ones are tried, down to what the request
 * needs.
 *
 * Giving back.  An arena whose last granule comes back goes back to the pool,
 * except that one is kept (the spare), so that a client at an arena's edge
 * does not take and give it over and over, and except what is reserved.
 *
 *   H1  held is the sum of the arenas' counts; arena_count their number.
 *   H2  an arena's `used` is the number of its granules that are in no free
 *       piece.
 *   H3  spare is NONE or an arena of this heap whose used is 0.
 *   H4  held >= reserved, and held <= ceiling unless the quota was lowered
 *       below what was held.
 */
#include "heap.h"

enum {
    GROW_DOUBLING_BYTES_LOG2 = 20, /* arenas double the total up to here      */
    GROW_FRACTION_LOG2 = 3,        /* then they add an eighth                 */
    GROW_QUOTA_LOG2 = 4,           /* never more than a sixteenth of a quota  */
    HEAP_TRIES = 8                 /* places to look at before growing        */
};

void vmma__heap_init(struct heap *h, uint64_t token)
{
    h->token = token;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        h->current[i] = 0;
        h->partial[i] = NONE;
    }
    for (unsigned i = 0; i < HEAP_BINS; i++)
        h->bins[i] = NONE;
    vmma__buddy_init(&h->free);
    h->cached = 0;
    h->first_arena = h->spare = NONE;
    h->arena_count = h->held = h->peak = h->reserved = 0;
    h->ceiling = h->soft = NONE;
}

/* ---- arenas ----------------------------------------------------------- */

unsigned vmma__heap_entry(const struct pool *p, uint32_t arena, unsigned kind,
                          unsigned order)
{
    unsigned span = arena_order(space_arena(&p->space, arena)->count);

    return entry_make(kind, span, order);
}

static void heap_link(struct heap *h, struct pool *p, uint32_t g)
{
    struct arena *a = space_arena(&p->space, g);

    a->next = h->first_arena;
    a->prev = NONE;
    if (a->next != NONE)
        space_arena(&p->space, a->next)->prev = g;
    h->first_arena = g;
    h->arena_count++;
    h->held += a->count;
    if (h->held > h->peak)
        h->peak = h->held;
}

static void heap_unlink(struct heap *h, struct pool *p, uint32_t g)
{
    struct arena *a = space_arena(&p->space, g);

    if (a->next != NONE)
        space_arena(&p->space, a->next)->prev = a->prev;
    if (a->prev != NONE)
        space_arena(&p->space, a->prev)->next = a->next;
    else
        h->first_arena = a->next;
    h->arena_count--;
    h->held -= a->count;
    if (h->spare == g)
        h->spare = NONE;
}

/* Give back an arena that is all free. */
static void heap_drop(struct heap *h, struct pool *p, uint32_t g)
{
    uint32_t end = g + space_arena(&p->space, g)->count;

    INSIST(space_arena(&p->space, g)->used == 0);
    for (uint32_t piece = g; piece < end; ) {
        uint32_t size = piece_count(&p->space, piece,
                                    piece_at(&p->space, piece));

        vmma__buddy_remove(&h->free, &p->space, piece);
        piece += size;
    }
    heap_unlink(h, p, g);
    vmma__pool_give(p, g);
}

static bool heap_may_drop(const struct heap *h, const struct pool *p,
                          uint32_t g)
{
    return h->held - space_arena(&p->space, g)->count >= h->reserved;
}

/* The arena at g has become empty. */
static void heap_emptied(struct heap *h, struct pool *p, uint32_t g)
{
    if (h->spare == NONE)
        h->spare = g;
    else if (heap_may_drop(h, p, g))
        heap_drop(h, p, g);
}

/* ---- growth ----------------------------------------------------------- */

/* How much to grow by when `count` granules are needed.  Whole multiples of
 * the least arena, because nobody could have the rest. */
static uint32_t heap_step(const struct heap *h, const struct pool *p,
                          uint32_t count)
{
    unsigned shift = p->space.granule_shift;
    uint32_t step = h->held;

    if (step >> (GROW_DOUBLING_BYTES_LOG2 - shift) != 0) {
        uint32_t least = (uint32_t)1 << (GROW_DOUBLING_BYTES_LOG2 - shift);

        step = step >> GROW_FRACTION_LOG2;
        if (step < least)
            step = least;
    }
    if (h->ceiling != NONE && step > h->ceiling >> GROW_QUOTA_LOG2)
        step = h->ceiling >> GROW_QUOTA_LOG2;
    if (step < ARENA_GRANULES_MIN)
        step = ARENA_GRANULES_MIN;
    step = (uint32_t)1 << bits_log2_floor(step);
    if (step < count)
        step = (uint32_t)bits_align_up(count, ARENA_GRANULES_MIN);
    return step;
}

/* Limit the step to what quota and soft limit leave; 0 and the cause if that
 * is less than `count`. */
static uint32_t heap_limit(const struct heap *h, struct heap_request *request,
                           uint32_t step)
{
    uint32_t room = heap_room(h);

    if (request->count > room) {
        request->cause = VMMA_E_QUOTA;
        return 0;
    }
    if (step > room)
        step = room;
    if (h->soft == NONE || request->pass_soft)
        return step;
    room = h->soft > h->held ? h->soft - h->held : 0;
    if (request->count > room) {
        request->cause = VMMA_E_BUSY;
        return 0;
    }
    return step < room ? step : room;
}

/* About half of it, but at least `count`; whole multiples of the least arena
 * while they last, because what an arena leaves of one is lost to others. */
static uint32_t smaller_step(uint32_t step, uint32_t count)
{
    uint32_t half = (uint32_t)bits_align_up(step / 2, ARENA_GRANULES_MIN);

    if (half >= step)
        half = step - 1;
    return half > count ? half : count;
}

/* Take an arena of at most `step` and at least `count` granules. */
static uint32_t heap_take_arena(struct heap *h, struct pool *p, uint32_t step,
                                uint32_t count)
{
    uint32_t g;

    while ((g = vmma__pool_take(p, step)) == NONE && step > count)
        step = smaller_step(step, count);
    if (g != NONE)
        heap_link(h, p, g);
    return g;
}

/* The run [g, g + count) of the arena that contains it becomes free pieces. */
static void heap_put(struct heap *h, struct pool *p, uint32_t arena,
                     uint32_t g, uint32_t count)
{
    unsigned span = arena_order(space_arena(&p->space, arena)->count);

    vmma__buddy_put(&h->free, &p->space, heap_mark(h, span), g, count);
}

/* Free granules in the arenas. */
static uint32_t heap_idle(const struct heap *h, const struct pool *p)
{
    uint32_t idle = 0;

    for (uint32_t g = h->first_arena; g != NONE;
         g = space_arena(&p->space, g)->next)
        idle += space_arena(&p->space, g)->count -
                space_arena(&p->space, g)->used;
    return idle;
}

static uint32_t heap_grow(struct heap *h, struct pool *p,
                          struct heap_request *request)
{
    uint32_t count = request->count;
    uint32_t step = heap_limit(h, request, heap_step(h, p, count));
    uint32_t g;

    if (step == 0)
        return NONE;
    g = heap_take_arena(h, p, step, count);
    if (g == NONE) {
        request->cause = count > vmma__pool_free(p) + heap_idle(h, p)
                             ? VMMA_E_EXHAUSTED : VMMA_E_FRAGMENTED;
        return NONE;
    }
    heap_put(h, p, g, g + count, space_arena(&p->space, g)->count - count);
    space_arena(&p->space, g)->used = count;
    request->arena = g;
    return g;
}

/* ---- pieces ----------------------------------------------------------- */

/* A piece of the buddy, cut to size. */
static uint32_t heap_take_piece(struct heap *h, struct pool *p,
                                unsigned order, struct heap_request *request)
{
    uint32_t g = h->free.first[order], count = request->count;
    uint32_t arena = entry_arena(piece_at(&p->space, g), g);

    vmma__buddy_remove(&h->free, &p->space, g);
    heap_put(h, p, arena, g + count, ((uint32_t)1 << order) - count);
    space_arena(&p->space, arena)->used += count;
    if (h->spare == arena)
        h->spare = NONE;
    request->arena = arena;
    return g;
}

/* A place that is free as far as it is needed: what a block that was not a
 * power of two long left behind serves its like again. */
static uint32_t heap_take_run(struct heap *h, struct pool *p, uint32_t tries,
                              struct heap_request *request)
{
    uint32_t g = vmma__buddy_find_run(&h->free, &p->space, heap_mark(h, 0),
                                      request->count, tries);

    if (g == NONE)
        return NONE;
    request->arena = entry_arena(piece_at(&p->space, g), g);
    return vmma__heap_claim(h, p, request->arena, g, request->count) ? g
                                                                     : NONE;
}

uint32_t vmma__heap_take(struct heap *h, struct pool *p,
                         struct heap_request *request)
{
    unsigned order = vmma__buddy_find(&h->free,
                                      bits_log2_ceil(request->count));
    uint32_t g;

    if (order != ORDER_COUNT)
        return heap_take_piece(h, p, order, request);
    g = heap_take_run(h, p, HEAP_TRIES, request);
    if (g == NONE)
        g = heap_grow(h, p, request);
    if (g == NONE)
        g = heap_take_run(h, p, UINT32_MAX, request);
    return g;
}

void vmma__heap_give(struct heap *h, struct pool *p, uint32_t arena,
                     uint32_t g, uint32_t count)
{
    struct arena *a = space_arena(&p->space, arena);
    unsigned span = arena_order(a->count);

    INSIST(a->used >= count);
    vmma__buddy_give(&h->free, &p->space, heap_mark(h, span), g, count,
                     arena, arena + a->count);
    a->used -= count;
    if (a->used == 0)
        heap_emptied(h, p, arena);
}

bool vmma__heap_claim(struct heap *h, struct pool *p, uint32_t arena,
                      uint32_t g, uint32_t count)
{
    struct arena *a = space_arena(&p->space, arena);
    struct buddy_mark mark = heap_mark(h, arena_order(a->count));

    if (g + count > arena + a->count ||
        !vmma__buddy_is_free_run(&p->space, mark, g, count))
        return false;
    vmma__buddy_take_run(&h->free, &p->space, mark, g, count);
    a->used += count;
    if (h->spare == arena)
        h->spare = NONE;
    return true;
}

/* ---- all of it -------------------------------------------------------- */

bool vmma__heap_reserve(struct heap *h, struct pool *p, uint32_t count)
{
    uint32_t before = h->arena_count, peak = h->peak, pool_peak = p->peak;

    while (h->held < count) {
        uint32_t need = count - h->held;
        uint32_t g = heap_take_arena(h, p, need, 1);

        if (g == NONE)
            break;
        heap_put(h, p, g, g, space_arena(&p->space, g)->count);
    }
    if (h->held >= count) {
        h->reserved = count;
        return true;
    }
    while (h->arena_count > before)
        heap_drop(h, p, h->first_arena);
    h->peak = peak;
    p->peak = pool_peak;
    return false;
}

void vmma__heap_trim(struct heap *h, struct pool *p)
{
    uint32_t next;

    for (uint32_t g = h->first_arena; g != NONE; g = next) {
        next = space_arena(&p->space, g)->next;
        if (space_arena(&p->space, g)->used == 0 && heap_may_drop(h, p, g))
            heap_drop(h, p, g);
    }
}

void vmma__heap_release(struct heap *h, struct pool *p)
{
    uint32_t next;

    for (uint32_t g = h->first_arena; g != NONE; g = next) {
        next = space_arena(&p->space, g)->next;
        vmma__pool_give(p, g);
    }
}

uint32_t vmma__heap_largest(const struct heap *h, const struct pool *p)
{
    uint32_t best = vmma__pool_largest(p), room = heap_room(h);
    int order = vmma__buddy_largest(&h->free);

    if (best > room)
        best = room;
    if (order >= 0 && (uint32_t)1 << order > best)
        best = (uint32_t)1 << order;
    if (h->spare != NONE && space_arena(&p->space, h->spare)->count > best)
        best = space_arena(&p->space, h->spare)->count;
    return best;
}
