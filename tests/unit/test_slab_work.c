/*
 * test_slab_work.c - small blocks: every order of freeing, what happens
 * when memory runs short, and sequences of it all.
 *
 * Strategy: that of test_slab.c.
 */
#include "tests/unit/slab_steps.h"

/* ---- all orders ------------------------------------------------------- */

/* Reorder by the permutation with this number. */
static void permute(size_t *blocks, unsigned count, unsigned long number)
{
    for (unsigned left = count; left > 1; left--) {
        unsigned i = (unsigned)(number % left);
        size_t block = blocks[i];

        number /= left;
        blocks[i] = blocks[left - 1];
        blocks[left - 1] = block;
    }
}

static void free_in_order(unsigned kind, unsigned long number)
{
    size_t blocks[64], extra;
    struct record *r = take_slab(kind, blocks);
    unsigned count = blocks_of(r);

    extra = take(kind);
    expect(!is_current(r) && is_marked(r));
    permute(blocks, count, number);
    for (unsigned i = 0; i < count; i++) {
        unsigned index = index_of(blocks[i]);

        expect_eq(back_of(r) >> index & 1, 0);
        give(blocks[i]);
        expect_eq(back_of(r) >> index & 1, 1);
        expect_eq(bits_count(back_of(r)), i + 1);
        expect_eq(ring_count(kind), 2);
        expect_sound(bed.ctx);
    }
    give(extra);
    vmma__client_trim(c);
    expect_eq(h->held, 0);
    expect_sound(bed.ctx);
}

START_TEST(blocks_of_a_small_slab_can_be_freed_in_all_orders)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        unsigned blocks = 64 / vmma__classes.units[kind];
        unsigned long orders = 1;

        if (blocks < 2 || blocks > 6)
            continue;
        for (unsigned i = 2; i <= blocks; i++)
            orders *= i;
        for (unsigned long number = 0; number < orders; number++)
            free_in_order(kind, number);
    }
}
END_TEST

START_TEST(blocks_of_a_large_slab_can_be_freed_in_random_orders)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (unsigned kind = 1; kind <= 8; kind++)
        for (int i = 0; i < 10; i++)
            free_in_order(kind, (unsigned long)rng_next(&rng));
}
END_TEST

/* ---- when memory runs short ------------------------------------------- */

/* Fill slabs of class 1 until there is no granule left; how many.  The hand
 * has found all of them full then. */
static unsigned fill_up(struct record **r, size_t (*blocks)[64])
{
    unsigned n = 0;

    expect(vmma__heap_reserve(h, bed.pool, 32));
    vmma__client_limit(c, (size_t)h->held * 1024, 0);
    while (n < 32)
        r[n] = take_slab(1, blocks[n]), n++;
    expect_eq(take(1), SLAB_FAILED);
    expect_eq(request.cause, VMMA_E_QUOTA);
    expect_eq(ring_count(1), 0);
    expect_eq(full_count(1), n);
    expect_sound(bed.ctx);
    return n;
}

START_TEST(every_slab_is_searched_when_there_is_no_memory_for_one_more)
{
    static size_t blocks[MOST_SLABS][64];
    static struct record *r[MOST_SLABS];
    unsigned n = fill_up(r, blocks);

    for (unsigned from = 0; from < n; from += 5)
        for (unsigned i = 0; i < n; i++) {
            unsigned index = (i * 7 + from) % 64;
            unsigned after = (i + n - from - 1) % n; /* looked at before it */

            relist(r, n);
            expect_eq(ring_count(1), n);
            h->current[0] = ref_of(r[from]); /* where the hand is to begin */
            h->credit[0] = (int16_t)(i % 2 == 0 ? 256 : -256);
            give(blocks[i][index]);
            expect_eq(take(1), blocks[i][index]);
            expect(is_current(r[i]));
            expect_eq(full_count(1), after < 8 ? after : 8);
            expect_eq(slab_count(1), n);
            for (int j = 0; j < 4; j++) /* eight looks each */
                expect_eq(take(1), SLAB_FAILED);
            expect_eq(ring_count(1), 0);
            expect_sound(bed.ctx);
        }
}
END_TEST

START_TEST(full_slabs_are_found_by_what_comes_back_and_not_by_a_search)
{
    static size_t blocks[MOST_SLABS][64];
    static struct record *r[MOST_SLABS];
    unsigned n = fill_up(r, blocks);

    for (unsigned from = 0; from < n; from += 5)
        for (unsigned i = 0; i < n; i++) {
            unsigned index = (i * 7 + from) % 64, count = i == from ? 1 : 2;

            give(blocks[from][index]);
            expect(is_current(r[from]));
            give(blocks[i][(index + 1) % 64]);
            expect_eq(ring_count(1), count);
            if (i != from)
                expect(next_of(r[from]) == r[i] && prev_of(r[from]) == r[i]);
            for (unsigned j = 0; j < 2; j++) {
                size_t offset = take(1);

                expect(offset == blocks[from][index] ||
                       offset == blocks[i][(index + 1) % 64]);
            }
            expect_eq(take(1), SLAB_FAILED);
            expect_eq(h->current[0], 0);
            expect_eq(full_count(1), n);
            expect_sound(bed.ctx);
        }
}
END_TEST

START_TEST(a_slab_is_made_again_as_soon_as_there_is_memory)
{
    static size_t blocks[MOST_SLABS][64];
    static struct record *r[MOST_SLABS];
    unsigned n = fill_up(r, blocks);

    for (int i = 0; i < 1000; i++)
        expect_eq(take(1), SLAB_FAILED);
    vmma__client_limit(c, 0, 0);
    for (unsigned i = 0; i < 64; i++)
        expect(take(1) != SLAB_FAILED);
    expect_eq(ring_count(1), 1);
    expect_eq(full_count(1), n);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(trimming_gives_back_every_empty_slab)
{
    size_t blocks[3][64];
    struct record *r[3];

    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        make_ring(kind, r, blocks, kind % 3 + 1);
        for (unsigned i = 0; i <= kind % 3; i++)
            give_some(blocks[i], blocks_of(r[i]));
        if (kind % 2 == 0)
            give(take(kind)); /* avail and freed are both not empty */
    }
    expect_sound(bed.ctx);
    vmma__slab_trim(h, bed.pool);
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        expect_eq(h->current[i], 0);
    for (uint32_t a = h->first_arena; a != NONE; a = space_arena(s, a)->next)
        expect_eq(space_arena(s, a)->used, 0);
    expect_sound(bed.ctx);
}
END_TEST

/* Trim a ring of eight slabs, full or empty by the bits of `full`, with the
 * hand on `hand`: the full ones stay, in their order. */
static void trim_some(unsigned full, unsigned hand)
{
    size_t blocks[8][64];
    struct record *r[8], *expected = NULL;
    uint32_t heads[8], used;
    unsigned kept = 0;

    make_ring(1, r, blocks, 8);
    h->current[0] = ref_of(r[hand]);
    used = space_arena(s, h->first_arena)->used;
    for (unsigned i = 0; i < 8; i++) {
        heads[i] = head_of(s, r[i]);
        kept += full >> i & 1;
        if ((full >> i & 1) == 0)
            give_some(blocks[i], 64);
    }
    vmma__slab_trim(h, bed.pool);
    expect_sound(bed.ctx);
    expect_eq(ring_count(1), kept);
    expect_eq(space_arena(s, h->first_arena)->used, used - (8 - kept));
    for (unsigned i = 8; i > 0; i--) {
        unsigned slab = (hand + i) % 8;

        if ((full >> slab & 1) != 0) {
            expect(expected == NULL || next_of(r[slab]) == expected);
            expected = r[slab];
        } else {
            expect(
                !class_is(entry_kind(piece_entry(s, heads[slab], h->token))));
        }
    }
    if ((full >> hand & 1) != 0)
        expect(is_current(r[hand]));
    else /* the hand moves on */
        expect(kept == 0 || is_current(expected));
    for (unsigned i = 0; i < 8; i++)
        if ((full >> i & 1) != 0)
            give_some(blocks[i], 64);
    vmma__slab_trim(h, bed.pool);
    expect_eq(h->current[0], 0);
}

START_TEST(trimming_gives_back_empty_slabs_only_and_keeps_the_ring)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    for (unsigned full = 0; full < 256; full++)
        for (unsigned hand = 0; hand < 8; hand += full % 3 + 1)
            trim_some(full, hand);
}
END_TEST

START_TEST(trimming_leaves_full_slabs_alone)
{
    size_t blocks[6][64];
    struct record *r[6];

    expect(vmma__heap_reserve(h, bed.pool, 64));
    make_full(1, r, blocks, 6);
    give_some(blocks[5], 64);
    vmma__slab_trim(h, bed.pool);
    expect_eq(h->current[0], 0);
    expect_eq(full_count(1), 5);
    expect_sound(bed.ctx);
    give_some(blocks[2], 64); /* back in the ring, and empty */
    give(blocks[3][0]);
    vmma__slab_trim(h, bed.pool);
    expect(is_current(r[3]));
    expect_eq(ring_count(1), 1);
    expect_eq(full_count(1), 3);
    for (unsigned i = 0; i < 5; i++)
        if (i != 2)
            expect_eq(is_marked(r[i]), i != 3);
    expect_sound(bed.ctx);
}
END_TEST

/* Full and empty slabs of class 1 in an arena without a free granule. */
static unsigned make_empty(struct record **r, size_t (*blocks)[64],
                           unsigned held, unsigned empty)
{
    unsigned n = 0;

    expect(vmma__heap_reserve(h, bed.pool, held));
    while (n < held)
        r[n] = take_slab(1, blocks[n]), n++;
    expect_eq(h->held, held);
    while (empty > 0)
        give_some(blocks[--empty], 64);
    return n;
}

START_TEST(empty_slabs_are_collected_before_the_heap_grows)
{
    enum { EMPTY = 8 };
    static size_t blocks[HEAP_COLLECT_LEAST][64];
    static struct record *r[HEAP_COLLECT_LEAST];
    const unsigned held = HEAP_COLLECT_LEAST - (_i == 0 ? 4 : 0);
    unsigned n = make_empty(r, blocks, held, EMPTY);
    size_t block = take(2);

    expect(block != SLAB_FAILED);
    if (held < HEAP_COLLECT_LEAST) { /* which is not worth it */
        expect_eq(slab_count(1), n);
        expect(h->held > held);
        expect_eq(h->collect_at, HEAP_COLLECT_LEAST);
        return;
    }
    expect_eq(slab_count(1), n - EMPTY);
    expect_eq(h->held, held);
    expect_eq(h->collect_at, held + held / 8 + HEAP_COLLECT_LEAST);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(empty_slabs_are_collected_for_a_large_block_too_but_not_often)
{
    static size_t blocks[HEAP_COLLECT_LEAST][64];
    static struct record *r[HEAP_COLLECT_LEAST];
    const unsigned held = HEAP_COLLECT_LEAST;
    unsigned n = make_empty(r, blocks, held, 9), empty = 9;
    uint32_t at;

    take_bytes(c, 6 * 1024);
    expect_eq(slab_count(1), n -= empty);
    expect_eq(h->held, held);
    at = h->collect_at;
    expect_eq(at, held + held / 8 + HEAP_COLLECT_LEAST);
    for (unsigned i = 9; i < 20; i++)
        give_some(blocks[i], 64);
    while (h->held < at) { /* it grows in spite of them until then */
        expect_eq(slab_count(1), n);
        take_bytes(c, 12 * 1024);
        expect_sound(bed.ctx);
    }
    while (slab_count(1) == n && h->held < 2 * at)
        take_bytes(c, 12 * 1024);
    expect_eq(slab_count(1), n - 11);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(trimming_keeps_a_slab_for_one_live_block)
{
    size_t blocks[2][64];
    struct record *r[2];

    expect(vmma__heap_reserve(h, bed.pool, 64));
    make_ring(1, r, blocks, 2);
    for (unsigned live = 0; live < 64; live++) {
        give_some(blocks[0], live);
        give_some(blocks[0] + live + 1, 63 - live);
        vmma__slab_trim(h, bed.pool);
        expect_eq(ring_count(1), 2);
        expect_eq(back_of(r[0]), ~(UINT64_C(1) << live));
        r[0]->freed = 0;
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(trimming_keeps_every_slab_with_a_live_block)
{
    size_t live[CLASS_COUNT + 1];

    for (unsigned kind = 1; kind <= last_kind(); kind++)
        live[kind] = take(kind);
    vmma__slab_trim(h, bed.pool);
    expect_sound(bed.ctx);
    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        expect(is_current(slab_of(live[kind])));
        give(live[kind]);
    }
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(a_smaller_slab_is_taken_when_there_is_no_room_for_a_large_one)
{
    size_t offset;

    expect(vmma__heap_reserve(h, bed.pool, 256));
    vmma__client_limit(c, (size_t)h->held * 1024, 0);
    while (vmma__heap_largest(h, bed.pool) > 1) {
        struct large_shape shape = {vmma__heap_largest(h, bed.pool) - 1, 1,
                                    false};

        request = (struct heap_request){0};
        expect(vmma__large_alloc(h, bed.pool, shape, &request) != NONE);
    }
    offset = take(8);
    expect(offset != SLAB_FAILED);
    expect_eq(order_of(slab_of(offset)), 0);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(the_current_slabs_few_blocks_are_used_before_it_fails)
{
    size_t blocks[64];
    struct record *r;

    vmma__client_limit(c, 1024, 0);
    r = take_slab(1, blocks);
    expect_eq(take(1), SLAB_FAILED);
    expect_eq(request.cause, VMMA_E_QUOTA);
    expect(is_marked(r) && h->current[0] == 0);
    give(blocks[17]);
    expect(is_current(r) && !is_marked(r));
    expect_eq(take(1), blocks[17]);
    expect(is_current(r) && !is_marked(r));
    expect_eq(take(1), SLAB_FAILED);
    expect(is_marked(r) && h->current[0] == 0);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(the_soft_limit_stops_a_new_slab_at_once)
{
    size_t blocks[64];

    vmma__client_limit(c, 0, 1024);
    take_slab(1, blocks);
    expect_eq(take(1), SLAB_FAILED);
    expect_eq(request.cause, VMMA_E_BUSY);
    expect(take_slowly(1, true) != SLAB_FAILED);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(failing_changes_nothing_but_credit_and_unlists_what_is_full)
{
    int16_t credit[CLASS_COUNT];
    size_t blocks[64];
    uint64_t before;

    struct record *r;

    vmma__client_limit(c, 1024, 0);
    r = take_slab(1, blocks);
    memcpy(credit, h->credit, sizeof credit);
    before = hash_bytes(bed.ground.memory, s->heap);
    for (unsigned kind = 1; kind <= last_kind(); kind++)
        expect_eq(take(kind), SLAB_FAILED);
    memcpy(h->credit, credit, sizeof credit);
    expect(is_marked(r) && h->current[0] == 0);
    vmma__slab_relist(h, bed.pool, r); /* as it was */
    expect_eq(hash_bytes(bed.ground.memory, s->heap), before);
    expect_eq(take(1), SLAB_FAILED);
    memcpy(h->credit, credit, sizeof credit);
    before = hash_bytes(bed.ground.memory, s->heap);
    for (unsigned kind = 1; kind <= last_kind(); kind++)
        expect_eq(take(kind), SLAB_FAILED);
    memcpy(h->credit, credit, sizeof credit);
    expect_eq(hash_bytes(bed.ground.memory, s->heap), before);
}
END_TEST

/* ---- growing with use ------------------------------------------------- */

START_TEST(a_small_slab_that_is_refilled_often_is_replaced_by_a_larger_one)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        unsigned before, order, grown = 0;
        size_t blocks[64], most = 0;

        open_pair(0);
        before = order = order_of(slab_of(take(kind)));
        vmma__context_reset_client(bed.ctx, c);
        for (int round = 0; round < 400; round++) {
            struct record *r = take_slab(kind, blocks);
            unsigned count = blocks_of(r);

            order = order_of(r);
            expect(order == before || order == before + 1);
            grown += order != before;
            before = order;
            most = count > most ? count : most;
            give_some(blocks, count);
            expect_sound(bed.ctx);
        }
        expect_eq(most, s->class_blocks[kind]);
        expect_eq(ring_count(kind), grown + 1);
        expect(grown != 0 || kind == 1);
        close_bed();
    }
}
END_TEST

START_TEST(each_refill_of_a_small_slab_costs_an_eighth_of_a_full_one)
{
    size_t blocks[64];
    struct record *r;

    open_pair(0);
    r = take_slab(2, blocks);
    expect(blocks_of(r) == 32 && s->class_blocks[2] == 64);
    for (int round = 1; round <= 15; round++) {
        give_some(blocks, 32);
        expect(take_slab(2, blocks) == r);
        expect_eq(h->credit[1] + 128 + 8 * round, 0);
        expect_eq(ring_count(2), 1);
    }
    give_some(blocks, 32);
    expect(take_slab(2, blocks) != r);
    expect_eq(blocks_of(current_of(2)), 64);
    expect_eq(h->credit[1] + 128, 0);
    expect(next_of(current_of(2)) == r && ring_count(2) == 2);
    for (int round = 0; round < 100;
         round++) { /* not small: it costs nothing */
        struct record *now = current_of(2);

        give_some(blocks, 64);
        expect(take_slab(2, blocks) == now);
        expect_eq(h->credit[1] + 128, 0);
    }
    close_bed();
}
END_TEST

START_TEST(a_slab_that_is_outgrown_keeps_its_live_blocks)
{
    size_t blocks[64], live;
    struct record *first, *now;
    unsigned rounds = 0;

    open_pair(0);
    live = take(2);
    first = now = slab_of(live);
    while (now == first && rounds++ < 100) {
        unsigned n = 0;

        while (n < 31)
            blocks[n++] = take(2);
        now = slab_of(blocks[0]);
        give_some(blocks, n);
        expect_sound(bed.ctx);
    }
    expect(now != first && is_current(now));
    expect(next_of(now) == first && next_of(first) == now);
    expect_eq(slab_live_count(s, head_of(s, first), stamp_entry(first->stamp)),
              1);
    expect_eq(order_of(now), 1);
    give(live);
    close_bed();
}
END_TEST

START_TEST(a_slab_that_cannot_be_replaced_is_used_on)
{
    size_t blocks[32];

    open_pair(0);
    vmma__client_limit(c, 1024, 0);
    for (int round = 0; round < 100; round++) {
        struct record *r = take_slab(2, blocks);

        expect_eq(order_of(r), 0);
        give_some(blocks, 32);
        expect_sound(bed.ctx);
    }
    close_bed();
}
END_TEST

START_TEST(slabs_do_not_become_more_while_use_stays_the_same)
{
    enum { LIVE = 2000 };
    static size_t live[LIVE];
    struct rng rng;
    unsigned before, slabs;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    open_pair(0);
    for (unsigned i = 0; i < LIVE; i++)
        live[i] = take(2);
    before = slab_count(2);
    for (unsigned step = 0; step < 200 * LIVE; step++) {
        size_t i = rng_below(&rng, LIVE);

        give(live[i]);
        live[i] = take(2);
    }
    slabs = slab_count(2);
    expect(slabs >= before && slabs * 64 <= LIVE + LIVE / 3);
    close_bed();
}
END_TEST

/* Bytes of the slabs of the class. */
static size_t slab_bytes(unsigned kind)
{
    size_t granules = 0;

    for (uint32_t a = h->first_arena; a != NONE; a = space_arena(s, a)->next)
        for (uint32_t g = a; g < a + space_arena(s, a)->count;) {
            unsigned entry = piece_at(s, g);

            if (entry_kind(entry) == kind)
                granules += piece_count(s, g, entry);
            g += piece_count(s, g, entry);
        }
    return granules << s->granule_shift;
}

/* Free half of the blocks, every nth of them, oldest first, and allocate as
 * many; `live` has them in the order of their ages. */
static void renew_half(unsigned kind, size_t *live, size_t n, size_t nth)
{
    size_t kept = 0, freed = 0;

    for (size_t i = 0; i < n; i++)
        if (i % nth == 0 && freed < n / 2) {
            give(live[i]);
            freed++;
        } else {
            live[kept++] = live[i];
        }
    while (kept < n) {
        live[kept] = take(kind);
        expect(live[kept++] != SLAB_FAILED);
    }
}

/* Live bytes, and how often as much the client may hold.  Up to 1 MiB an arena
 * doubles what is held, and then it is at least 1 MiB: so a client below 2 MiB
 * may hold twice its slabs, which are half as much again as its blocks. */
static const struct {
    size_t live, times;
} amounts[] = {{1 << 16, 2},    {90000, 3},     {1 << 17, 2},
               {1 << 18, 2},    {400000, 3},    {1 << 19, 2},
               {1 << 20, 2},    {1500000, 3},   {1 << 21, 2},
               {5 << 19, 2},    {3 << 20, 2},   {1 << 22, 2}};

static void renew_often(unsigned kind, size_t nth, size_t bytes,
                        size_t times)
{
    static size_t live[1 << 18];
    size_t n = bytes / s->class_size[kind];

    for (size_t i = 0; i < n; i++)
        live[i] = take(kind);
    expect(full_count(kind) > 0);
    expect_sound(bed.ctx);
    for (int round = 0; round < 40; round++) {
        renew_half(kind, live, n, nth);
        expect(slab_bytes(kind) <= 2 * bytes);
        expect((size_t)h->peak << s->granule_shift <= times * bytes);
    }
    expect_sound(bed.ctx);
}

START_TEST(renewing_half_of_the_blocks_again_and_again_holds_at_most_twice_them)
{
    struct vmma_context_config config = bed_config(16, 1024, 4);

    bed_open(&bed, 20 << 20, &config);
    c = bed_client(&bed);
    h = &c->heap;
    s = bed.space;
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++)
        for (size_t nth = 1; nth <= 3; nth++) {
            renew_often(kind, nth, amounts[_i].live, amounts[_i].times);
            vmma__context_reset_client(bed.ctx, c);
        }
    close_bed();
}
END_TEST

START_TEST(half_freed_slabs_among_many_full_ones_are_found)
{
    enum { LIVE = 40 * 64 };
    static size_t live[LIVE];

    open_pair(0);
    expect(vmma__heap_reserve(h, bed.pool, 44));
    for (unsigned i = 0; i < LIVE; i++)
        live[i] = take(1);
    expect_eq(full_count(1), 39);
    for (unsigned round = 0; round < 20; round++) {
        /* Half of the blocks of a tenth of the slabs. */
        for (unsigned slab = round % 10; slab < 39; slab += 10)
            for (unsigned i = 0; i < 64; i += 2)
                give(live[slab * 64 + i]);
        for (unsigned slab = round % 10; slab < 39; slab += 10)
            for (unsigned i = 0; i < 64; i += 2)
                live[slab * 64 + i] = take(1);
        expect_eq(slab_count(1), 40);
        expect_eq(h->held, 44);
        expect_sound(bed.ctx);
    }
    close_bed();
}
END_TEST

/* ---- random sequences ------------------------------------------------- */

START_TEST(random_sequences_keep_every_invariant)
{
    enum { MOST = 1500 };
    static size_t live[MOST];
    static unsigned char used[SIZE / 8];
    size_t n = 0;
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    open_pair((size_t)_i);
    memset(used, 0, sizeof used);
    for (int step = 0; step < 6000; step++) {
        bool grow = step / 1000 % 2 == 0;

        if (n < MOST && rng_chance(&rng, grow ? 65 : 35)) {
            unsigned kind =
                (unsigned)rng_between(&rng, 1,
                                      1 + rng_below(&rng, last_kind()));
            size_t offset = take(kind);

            if (offset == SLAB_FAILED)
                continue;
            expect(!used[offset / 8]);
            used[offset / 8] = 1;
            live[n++] = offset;
        } else if (n != 0) {
            size_t i = rng_below(&rng, n);

            give(live[i]);
            used[live[i] / 8] = 0;
            live[i] = live[--n];
        }
        if (rng_chance(&rng, 1))
            vmma__slab_trim(h, bed.pool);
        if (rng_chance(&rng, 1))
            vmma__client_trim(c);
        if (step % 5 == 0)
            expect_sound(bed.ctx);
    }
    while (n != 0)
        give(live[--n]);
    vmma__client_trim(c);
    expect_eq(h->held, 0);
    close_bed();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slab work");
    TCase *tc = tcase_create("all orders");
    int n = LENGTH(pairs);

    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, blocks_of_a_small_slab_can_be_freed_in_all_orders);
    tcase_add_test(tc, blocks_of_a_large_slab_can_be_freed_in_random_orders);
    suite_add_tcase(suite, tc);
    tc = tcase_create("shortage");
    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc,
                   every_slab_is_searched_when_there_is_no_memory_for_one_more);
    tcase_add_test(tc,
                   full_slabs_are_found_by_what_comes_back_and_not_by_a_search);
    tcase_add_test(tc, a_slab_is_made_again_as_soon_as_there_is_memory);
    tcase_add_test(tc, trimming_gives_back_every_empty_slab);
    tcase_add_test(tc, trimming_gives_back_empty_slabs_only_and_keeps_the_ring);
    tcase_add_test(tc, trimming_leaves_full_slabs_alone);
    tcase_add_loop_test(tc, empty_slabs_are_collected_before_the_heap_grows, 0,
                        2);
    tcase_add_test(
        tc, empty_slabs_are_collected_for_a_large_block_too_but_not_often);
    tcase_add_test(tc, trimming_keeps_a_slab_for_one_live_block);
    tcase_add_test(tc, trimming_keeps_every_slab_with_a_live_block);
    tcase_add_test(
        tc, a_smaller_slab_is_taken_when_there_is_no_room_for_a_large_one);
    tcase_add_test(tc, the_current_slabs_few_blocks_are_used_before_it_fails);
    tcase_add_test(tc, the_soft_limit_stops_a_new_slab_at_once);
    tcase_add_test(
        tc, failing_changes_nothing_but_credit_and_unlists_what_is_full);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_set_timeout(tc, 60);
    tcase_add_test(
        tc, a_small_slab_that_is_refilled_often_is_replaced_by_a_larger_one);
    tcase_add_test(tc,
                   each_refill_of_a_small_slab_costs_an_eighth_of_a_full_one);
    tcase_add_test(tc, a_slab_that_is_outgrown_keeps_its_live_blocks);
    tcase_add_test(tc, a_slab_that_cannot_be_replaced_is_used_on);
    tcase_add_loop_test(tc, slabs_do_not_become_more_while_use_stays_the_same,
                        0, 5);
    tcase_add_loop_test(
        tc,
        renewing_half_of_the_blocks_again_and_again_holds_at_most_twice_them, 0,
        LENGTH(amounts));
    tcase_add_test(tc, half_freed_slabs_among_many_full_ones_are_found);
    tcase_add_loop_test(tc, random_sequences_keep_every_invariant, 0, n);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
