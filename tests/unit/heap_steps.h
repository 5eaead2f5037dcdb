/*
 * heap_steps.h - a heap on a bare pool, and the model of both.
 */
#ifndef TESTS_UNIT_HEAP_STEPS_H
#define TESTS_UNIT_HEAP_STEPS_H

#include "tests/unit/support.h"
#include "src/heap.h"

enum { CAPACITY = 40000 };

static struct bare bare;
static struct pool *pool;
static struct space *space;
static struct heap heap;
static unsigned char is_used[CAPACITY];
static enum vmma_status cause;
static bool pass_soft;

static uint64_t token = UINT64_C(5) << 40 | UINT64_C(2) << 24;

static inline void open_heap(uint32_t count)
{
    bare_open(&bare, count, count);
    pool = bare.pool;
    space = bare.space;
    vmma__heap_init(&heap, token);
    memset(is_used, 0, sizeof is_used);
    pass_soft = false;
}

static inline void open_small(void)
{
    open_heap(300);
}

static inline void open_large(void)
{
    open_heap(CAPACITY);
}

static inline void close_heap(void)
{
    bare_close(&bare);
}

static inline uint64_t hash_all(void)
{
    return bare_hash(&bare) ^ hash_bytes(&heap, sizeof heap);
}

/* ---- the model -------------------------------------------------------- */

static inline unsigned span_of(uint32_t count)
{
    unsigned span = 2;

    while ((uint32_t)1 << span < count)
        span++;
    return span;
}

static inline void expect_arena(uint32_t arena, uint32_t *runs)
{
    const struct arena *a = space_arena(space, arena);
    unsigned char is_free[CAPACITY];
    uint32_t used = 0;

    for (uint32_t g = arena; g < arena + a->count; g++) {
        used += is_used[g];
        is_free[g] = !is_used[g];
    }
    expect_eq(a->used, used);
    expect_runs(&heap.free, space,
                stamp_make(heap.token,
                           entry_make(KIND_FREE, span_of(a->count), 0)),
                is_free, arena, arena + a->count);
    for (uint32_t g = arena; g < arena + a->count; g++)
        *runs += is_free[g] && (g == arena || !is_free[g - 1]);
}

static inline void expect_heap(void)
{
    uint32_t held = 0, count = 0, prev = NONE, runs = 0, listed = 0;
    bool spare = heap.spare == NONE;

    for (uint32_t a = heap.first_arena; a != NONE;
         prev = a, a = space_arena(space, a)->next) {
        expect_eq(space_arena(space, a)->prev, prev);
        held += space_arena(space, a)->count;
        count++;
        spare = spare || (a == heap.spare && space_arena(space, a)->used == 0);
        expect_arena(a, &runs);
    }
    expect_eq(heap.held, held);
    expect_eq(heap.arena_count, count);
    expect(spare);
    expect(heap.held >= heap.reserved);
    expect(heap.peak >= heap.held);
    for (unsigned i = 0; i < RUNS_LISTS; i++)
        for (uint32_t g = heap.free.first[i]; g != NONE;
             g = space_link(space, g)->next)
            listed++;
    expect_eq(listed, runs);
}

/* ---- steps ------------------------------------------------------------ */

/* What is taken is marked as a large block, as the room above does it. */
static inline void mark_piece(uint32_t g, uint32_t count, uint32_t arena)
{
    piece_begin(space, g, token, vmma__heap_entry(pool, arena, KIND_LARGE, 0))
        ->avail = count;
}

typedef uint32_t heap_taker(struct heap *h, struct pool *p,
                            struct heap_request *request);

static inline uint32_t take_by(heap_taker *taker, uint32_t count)
{
    struct heap_request request = {.count = count, .pass_soft = pass_soft};
    uint64_t before = space->count <= 300 ? hash_all() : 0;
    uint32_t g = taker(&heap, pool, &request);

    cause = request.cause;
    if (g == NONE) {
        if (before != 0)
            expect_eq(hash_all(), before);
        return NONE;
    }
    expect(g >= request.arena &&
           g + count <=
               request.arena + space_arena(space, request.arena)->count);
    for (uint32_t i = g; i < g + count; i++) {
        expect(!is_used[i]);
        is_used[i] = 1;
    }
    mark_piece(g, count, request.arena);
    return g;
}

static inline uint32_t take(uint32_t count)
{
    return take_by(vmma__heap_take_end, count);
}

static inline void give(uint32_t g)
{
    uint32_t count = (uint32_t)space_record(space, g)->avail;
    uint32_t arena = entry_arena(piece_at(space, g), g);

    piece_end(space, g);
    vmma__heap_give(&heap, pool, arena, g, count);
    memset(is_used + g, 0, count);
}

/* A client's next life: what is stale bears another token. */
static inline void renew(void)
{
    vmma__heap_release(&heap, pool);
    token += (uint64_t)2 << 40;
    vmma__heap_init(&heap, token);
    memset(is_used, 0, sizeof is_used);
}

#endif
