/*
 * heap.c - one client's memory: its arenas, and the pieces cut from them.
 *
 * A heap holds arenas, in a list through their structs.  Their free granules
 * are in maximal runs (runs.c); pieces never cross an arena's end.  Higher
 * rooms take runs of granules and make slabs and large blocks of them.
 *
 * Placing.  The shortest free run that is long enough is cut to size: slabs
 * take its first natural place, large blocks its end, and blocks that grew
 * before its start, so that what is behind them can be had when they grow
 * again.  Before the heap grows empty slabs are collected, from time to time
 * (slab.c).
 *
 * Growth.  When there is no run that is long enough, one more arena is taken:
 * as large as all that is held until that is 1 MiB, then an eighth of it, so
 * that a client of n bytes has O(log n) arenas and wastes at most an eighth by
 * growing.  Under a quota it is at most a sixteenth of that, so
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
 *       run.
 *   H3  spare is NONE or an arena of this heap whose used is 0.
 *   H4  held >= reserved, and held <= ceiling unless the quota was lowered
 *       below what was held.
 */
#include "heap.h"

enum {
    GROW_DOUBLING_BYTES_LOG2 = 20, /* arenas double the total up to here      */
    GROW_FRACTION_LOG2 = 3,        /* then they add an eighth                 */
    GROW_QUOTA_LOG2 = 4,           /* never more than a sixteenth of a quota  */
    HEAP_TRIES = 4                 /* free runs to look at before growing     */
};

/* Where in a free run granules are taken: slabs at its first natural place,
 * so that memory is filled upwards; large blocks at its end, away from them;
 * and what is likely to grow at its start, with the rest of it behind. */
enum heap_place { HEAP_NATURAL, HEAP_END, HEAP_START };

void vmma__heap_init(struct heap *h, uint64_t token)
{
    h->token = token;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        h->current[i] = 0;
        h->credit[i] = 0;
    }
    for (unsigned i = 0; i < HEAP_BINS; i++)
        h->bins[i] = NONE;
    vmma__runs_init(&h->free);
    h->cached = 0;
    h->first_arena = h->spare = NONE;
    h->arena_count = h->held = h->peak = h->reserved = 0;
    h->collect_at = HEAP_COLLECT_LEAST;
    h->ceiling = h->soft = NONE;
}

/* ---- arenas ----------------------------------------------------------- */

unsigned vmma__heap_entry(const struct pool *p, uint32_t arena, unsigned kind,
                          unsigned order)
{
    unsigned span = arena_order(space_arena(&p->space, arena)->count);

    return entry_make(kind, span, order);
}

/* What marks the free runs of the arena. */
static uint64_t heap_free_stamp(const struct heap *h, const struct pool *p,
                                uint32_t arena)
{
    return stamp_make(h->token, vmma__heap_entry(p, arena, KIND_FREE, 0));
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
    INSIST(space_arena(&p->space, g)->used == 0);
    vmma__runs_remove(&h->free, &p->space, g);
    heap_unlink(h, p, g);
    vmma__pool_give(p, g);
}

static bool heap_may_drop(const struct heap *h, const struct pool *p,
                          uint32_t g)
{
    return h->held - space_arena(&p->space, g)->count >= h->reserved;
}

/* The arena at g has become empty: it or the spare one, whichever is smaller,
 * may go. */
static void heap_emptied(struct heap *h, struct pool *p, uint32_t g)
{
    uint32_t other = h->spare;

    if (other == NONE || space_arena(&p->space, other)->count <
                             space_arena(&p->space, g)->count) {
        h->spare = g;
        g = other;
    }
    if (g != NONE && heap_may_drop(h, p, g))
        heap_drop(h, p, g);
}

/* ---- growth ----------------------------------------------------------- */

/* How much to grow by when `count` granules are needed and `wish`, which is
 * not less, would be of use.  Whole multiples of the least arena, because
 * nobody could have the rest. */
static uint32_t heap_step(const struct heap *h, const struct pool *p,
                          uint32_t count, uint32_t wish)
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
    if (h->ceiling != NONE && wish > h->ceiling >> GROW_QUOTA_LOG2)
        wish = count;
    if (step < wish)
        step = (uint32_t)bits_align_up(wish, ARENA_GRANULES_MIN);
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

/* The whole arena at g becomes one free run. */
static void heap_put(struct heap *h, struct pool *p, uint32_t g)
{
    vmma__runs_put(&h->free, &p->space, heap_free_stamp(h, p, g), g,
                   space_arena(&p->space, g)->count);
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

/* Take an arena in which the request fits; it is all one free run. */
static uint32_t heap_grow(struct heap *h, struct pool *p, uint32_t wish,
                          struct heap_request *request)
{
    uint32_t count = request->count;
    uint32_t step = heap_limit(h, request, heap_step(h, p, count, wish));
    uint32_t g;

    if (step == 0)
        return NONE;
    g = heap_take_arena(h, p, step, count);
    if (g == NONE) {
        request->cause = count > vmma__pool_free(p) + heap_idle(h, p)
                             ? VMMA_E_EXHAUSTED : VMMA_E_FRAGMENTED;
        return NONE;
    }
    heap_put(h, p, g);
    return g;
}

/* ---- pieces ----------------------------------------------------------- */

static uint32_t heap_place_in(const struct space *s, uint32_t g,
                              uint32_t count, enum heap_place place)
{
    uint32_t last = g + run_count(s, g) - count, natural;

    if (place == HEAP_END)
        return last;
    if (place == HEAP_START)
        return g;
    natural = (uint32_t)bits_align_up(g, count);
    return natural <= last ? natural : g;
}

/* Take the request's granules out of the free run at g. */
static uint32_t heap_cut(struct heap *h, struct pool *p, uint32_t g,
                         enum heap_place place, struct heap_request *request)
{
    uint32_t count = request->count;
    uint32_t arena = entry_arena(piece_at(&p->space, g), g);

    request->arena = arena;
    space_arena(&p->space, arena)->used += request->count;
    if (h->spare == arena)
        h->spare = NONE;
    return vmma__runs_cut(&h->free, &p->space, g,
                          heap_place_in(&p->space, g, count, place), count);
}

static uint32_t heap_take_at(struct heap *h, struct pool *p,
                             enum heap_place place, uint32_t wish,
                             struct heap_request *request)
{
    uint32_t g = vmma__runs_find(&h->free, &p->space, request->count,
                                 HEAP_TRIES);

    if (g == NONE)
        g = heap_grow(h, p, wish, request);
    if (g == NONE)
        g = vmma__runs_find(&h->free, &p->space, request->count, UINT32_MAX);
    return g == NONE ? NONE : heap_cut(h, p, g, place, request);
}

bool vmma__heap_must_grow(const struct heap *h, const struct pool *p,
                          uint32_t count)
{
    return vmma__runs_find(&h->free, &p->space, count, HEAP_TRIES) == NONE;
}

uint32_t vmma__heap_take(struct heap *h, struct pool *p,
                         struct heap_request *request)
{
    return heap_take_at(h, p, HEAP_NATURAL, request->count, request);
}

uint32_t vmma__heap_take_end(struct heap *h, struct pool *p,
                             struct heap_request *request)
{
    return heap_take_at(h, p, HEAP_END, request->count, request);
}

uint32_t vmma__heap_take_start(struct heap *h, struct pool *p, uint32_t wish,
                               struct heap_request *request)
{
    return heap_take_at(h, p, HEAP_START, wish, request);
}

void vmma__heap_give(struct heap *h, struct pool *p, uint32_t arena,
                     uint32_t g, uint32_t count)
{
    struct arena *a = space_arena(&p->space, arena);

    INSIST(a->used >= count);
    vmma__runs_give(&h->free, &p->space, heap_free_stamp(h, p, arena), g, count,
                    arena, arena + a->count);
    a->used -= count;
    if (a->used == 0)
        heap_emptied(h, p, arena);
}

bool vmma__heap_claim(struct heap *h, struct pool *p, uint32_t arena,
                      uint32_t g, uint32_t count)
{
    struct arena *a = space_arena(&p->space, arena);

    if (g == arena + a->count ||
        !run_is_at(&p->space, g, heap_free_stamp(h, p, arena)) ||
        run_count(&p->space, g) < count)
        return false;
    vmma__runs_cut(&h->free, &p->space, g, g, count);
    a->used += count;
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
        heap_put(h, p, g);
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
    uint32_t g = vmma__runs_longest(&h->free, &p->space);

    if (best > room)
        best = room;
    return g != NONE && run_count(&p->space, g) > best
               ? run_count(&p->space, g) : best;
}
