/*
 * test_slab.c - small blocks.
 *
 * Strategy: every class on several pairs of alignment and granule, driven
 * through this room's own functions.  Rings are made of full slabs that the
 * hand has not met yet, and blocks come back where it is to stay, to stop or
 * to find nothing; the account of each class is kept again in the tests.  What
 * is outside the rings is counted by walking over the pieces.  Every address
 * of slabs is asked about, and the checker judges every step.
 */
#include "src/fast.h"
#include "tests/unit/slab_steps.h"

/* ---- new slabs -------------------------------------------------------- */

START_TEST(every_class_hands_out_blocks_that_do_not_overlap)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        static unsigned char used[SIZE / 8];
        size_t size, last = 0;

        open_pair((size_t)_i);
        if (kind > last_kind()) {
            close_bed();
            return;
        }
        memset(used, 0, sizeof used);
        size = s->class_size[kind];
        expect_eq(size, (size_t)vmma__classes.units[kind] << s->unit_shift);
        for (size_t i = 0; i < 150 && i * size < SIZE / 2; i++) {
            size_t offset = take(kind);

            expect(offset != SLAB_FAILED);
            expect_eq(offset % ((size_t)1 << s->unit_shift), 0);
            for (size_t at = offset; at < offset + size; at += 8) {
                expect(!used[at / 8]);
                used[at / 8] = 1;
            }
            if (i > 0 && slab_of(offset) == slab_of(last))
                expect_eq(offset, last + size);
            last = offset;
        }
        expect_eq(entry_kind(stamp_entry(slab_of(last)->stamp)), kind);
        close_bed();
    }
}
END_TEST

START_TEST(a_new_slab_has_a_bit_for_each_block_and_none_beyond)
{
    open_pair((size_t)_i);
    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        size_t offset = take(kind);
        const struct record *r = slab_of(offset);
        unsigned entry = stamp_entry(r->stamp), blocks = blocks_of(r);
        uint64_t bytes = (uint64_t)1 << entry_order(entry) << s->granule_shift;

        expect_eq(blocks, bytes / s->class_size[kind]);
        expect(blocks >= 1 && blocks <= 64);
        expect_eq(r->avail, bits_mask(blocks) & ~UINT64_C(1));
        expect_eq(r->freed, blocks == 64 ? 0 : UINT64_MAX << blocks);
        expect_eq(r->reciprocal, vmma__classes.reciprocal[kind]);
        expect(is_current(r) && next_of(r) == r && prev_of(r) == r);
        for (uint32_t i = 0; i < (uint32_t)1 << entry_order(entry); i++)
            expect_eq(space_map(s)[head_of(s, r) + i],
                      space_ref(s, head_of(s, r)));
        expect_sound(bed.ctx);
    }
    close_bed();
}
END_TEST

static unsigned least_order(unsigned kind)
{
    size_t granule = (size_t)1 << s->granule_shift;
    unsigned order = 0;

    while (granule << order < s->class_size[kind])
        order++;
    return order;
}

START_TEST(first_slabs_of_small_clients_are_small)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        open_pair((size_t)_i);
        if (kind <= last_kind()) {
            unsigned entry = stamp_entry(slab_of(take(kind))->stamp);

            expect_eq(entry_order(entry), least_order(kind));
            expect(h->held <= 4);
        }
        close_bed();
    }
}
END_TEST

START_TEST(slabs_of_large_clients_have_33_to_64_blocks_or_32_granules)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        open_pair((size_t)_i);
        if (kind <= last_kind()) {
            const struct record *r;

            expect(vmma__heap_reserve(h, bed.pool, 256));
            r = slab_of(take(kind));
            expect(order_of(r) == 5 || blocks_of(r) >= 33);
            expect(order_of(r) <= 5 && blocks_of(r) <= 64);
            expect_eq(s->class_blocks[kind], blocks_of(r));
        } else {
            expect_eq(s->class_blocks[kind], 0);
        }
        close_bed();
    }
}
END_TEST

static void expect_share(unsigned kind, uint32_t held, uint32_t least,
                         uint32_t most)
{
    uint32_t expected = held / 8 < least ? least : held / 8;

    open_default();
    expect(vmma__heap_reserve(h, bed.pool, held));
    expect_eq((uint32_t)1 << order_of(slab_of(take(kind))),
              expected < most ? expected : most);
    close_bed();
}

START_TEST(the_first_slab_is_at_most_an_eighth_of_its_client)
{
    for (uint32_t held = 4; held <= 1024; held *= 2) {
        expect_share(1, held, 1, 1);
        expect_share(8, held, 1, 8);
        expect_share(CLASS_COUNT, held, 2, 32);
    }
}
END_TEST

/* The largest slab of the class in a client that may hold so much. */
static unsigned most_order(unsigned kind, uint32_t room)
{
    uint64_t granule = (uint64_t)1 << s->granule_shift;
    unsigned least = least_order(kind), order = least;

    while (order < 5 && granule << (order + 1) <=
                            64 * ((uint64_t)1 << bits_log2_floor(
                                      s->class_size[kind])))
        order++;
    while (order > least && (uint64_t)64 << order > room)
        order--;
    return order;
}

/* The slab that follows full ones in a client that holds so much. */
static unsigned share_order(unsigned kind, uint32_t held)
{
    unsigned order = most_order(kind, s->count);

    while (order > least_order(kind) && (uint32_t)8 << order > held)
        order--;
    return order;
}

START_TEST(slabs_that_follow_full_ones_are_at_most_an_eighth_of_their_client)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        open_default();
        for (int i = 0; i < 40; i++) {
            unsigned expected = share_order(kind, h->held);

            expect_eq(order_of(take_slab(kind, (size_t[64]){0})), expected);
            expect_eq(slab_count(kind), i + 1);
            expect_sound(bed.ctx);
        }
        close_bed();
    }
}
END_TEST

START_TEST(a_small_slab_of_which_little_comes_back_is_followed_by_a_larger_one)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        struct record *slab;
        size_t taken[64];

        open_default();
        slab = take_slab(kind, taken);
        while (order_of(slab) < most_order(kind, s->count)) {
            unsigned before = order_of(slab);
            unsigned share = share_order(kind, h->held);

            give(taken[0]);
            h->credit[kind - 1] = INT16_MIN / 2; /* it is used up */
            slab = take_slab(kind, taken);
            expect_eq(order_of(slab), share > before + 1 ? share : before + 1);
            expect_sound(bed.ctx);
        }
        expect_eq(blocks_of(slab), s->class_blocks[kind]);
        close_bed();
    }
}
END_TEST

/* New slabs, refills in place, and slabs after those: none is larger. */
static void expect_limited(unsigned kind, uint32_t room)
{
    static size_t taken[64];
    unsigned largest = 0, most = most_order(kind, room);

    for (int round = 0; round < 300; round++) {
        const struct record *slab;
        size_t first = take(kind);

        if (first == SLAB_FAILED)
            break;
        slab = slab_of(first);
        expect(order_of(slab) <= most);
        largest = order_of(slab) > largest ? order_of(slab) : largest;
        taken[0] = first;
        for (unsigned i = 1; i < blocks_of(slab); i++)
            taken[i] = take(kind);
        if (round % 20 != 0)
            give_some(taken, blocks_of(slab));
    }
    expect_eq(largest, most);
    expect_sound(bed.ctx);
}

START_TEST(no_slab_is_more_than_a_64th_of_the_quota)
{
    static const uint32_t quotas[] = {32,  64,  100, 127,  128,
                                      255, 256, 700, 1024, 2047};

    open_pair((size_t)_i);
    for (size_t i = 0; i < LENGTH(quotas); i++)
        for (unsigned kind = 1; kind <= last_kind(); kind++)
            for (int reserved = 0; reserved < 2; reserved++) {
                vmma__client_limit(c, (size_t)quotas[i] << s->granule_shift, 0);
                expect(!reserved ||
                       vmma__heap_reserve(h, bed.pool, quotas[i]));
                if (reserved)
                    expect_eq(order_of(slab_of(take(kind))),
                              most_order(kind, quotas[i]));
                expect_limited(kind, quotas[i]);
                vmma__context_reset_client(bed.ctx, c);
            }
    close_bed();
}
END_TEST

START_TEST(no_slab_is_more_than_a_64th_of_its_context)
{
    static const uint32_t sizes[] = {100, 140, 300, 600, 1200, 2200};
    const uint32_t granule = (uint32_t)pairs[_i].granule;

    for (size_t i = granule < 1024 ? 2 : 0; i < LENGTH(sizes); i++) {
        struct vmma_context_config config =
            bed_config(pairs[_i].alignment, granule, 2);

        bed_open(&bed, (size_t)sizes[i] * granule + 8192, &config);
        c = bed_client(&bed);
        h = &c->heap;
        s = bed.space;
        for (unsigned kind = 1; kind <= last_kind(); kind++) {
            expect(vmma__heap_reserve(h, bed.pool, s->count / 4));
            expect_eq(order_of(slab_of(take(kind))),
                      most_order(kind, s->count));
            expect_limited(kind, s->count);
            vmma__context_reset_client(bed.ctx, c);
        }
        close_bed();
    }
}
END_TEST

/* ---- the hand --------------------------------------------------------- */

/* Class 1 has slabs of one granule with 64 blocks then. */
enum { FULL = 64, EXPECTED = 4, ENOUGH = 8, LIMIT = 4 * FULL };

static size_t blocks[MOST_SLABS][64];
static struct record *r[MOST_SLABS];

static void open_ring(unsigned count)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    make_ring(1, r, blocks, count);
    expect_eq(blocks_of(r[0]), FULL);
    expect_sound(bed.ctx);
}

/* The next block of class 1 must be this one, of this slab. */
static void expect_next(unsigned slab, unsigned index)
{
    expect_eq(take(1), blocks[slab][index]);
    expect(is_current(r[slab]));
    expect_sound(bed.ctx);
}

/* ... and then must be one of a new slab, behind the hand, which moves to it;
 * so many slabs are found full on the way. */
static struct record *expect_new_slab(unsigned unlisted)
{
    struct record *before = current_of(1), *last = prev_of(before), *now;
    unsigned count = ring_count(1), full = full_count(1);
    size_t block = take(1);

    now = current_of(1);
    expect(slab_of(block) == now && now != before);
    if (!is_marked(before))
        expect(next_of(now) == before);
    if (!is_marked(last))
        expect(prev_of(now) == last);
    expect_eq(now->avail, bits_mask(blocks_of(now)) & ~UINT64_C(1));
    expect_eq(ring_count(1), count + 1 - unlisted);
    expect_eq(full_count(1), full + unlisted);
    expect_eq(h->credit[0], -LIMIT / 2);
    expect_sound(bed.ctx);
    return now;
}

START_TEST(a_new_slab_comes_behind_the_hand_which_moves_to_it)
{
    open_ring(5);
    for (unsigned n = 5; n < 10; n++) {
        struct record *before = current_of(1), *last = prev_of(before);
        unsigned next = n == 5 ? 0 : n - 2;

        expect(next_of(before) == r[next]);
        give(blocks[next][n]); /* not enough for so little credit */
        h->credit[0] = -LIMIT;
        r[n] = expect_new_slab(0);
        expect(prev_of(r[n]) == last && next_of(r[n]) == before);
        expect_eq(ring_count(1), n + 1);
        for (unsigned i = 1; i < FULL; i++)
            blocks[n][i] = take(1);
        expect(is_current(r[n]) && r[n]->avail == 0);
    }
}
END_TEST

START_TEST(each_class_has_a_ring_of_its_own)
{
    expect(vmma__heap_reserve(h, bed.pool, 256));
    for (unsigned round = 1; round <= 3; round++)
        for (unsigned kind = 1; kind <= 8; kind++) {
            r[round] = take_slab(kind, blocks[0]);
            expect(is_current(r[round]) && next_of(r[round]) == r[round]);
            expect_eq(ring_count(kind), 1);
            expect_eq(full_count(kind), round - 1);
        }
    expect_sound(bed.ctx);
    for (unsigned kind = 1; kind <= 8; kind++) {
        struct record *slabs[40];
        unsigned n = 0;

        for (uint32_t g = h->first_arena; g < h->first_arena + 256;) {
            unsigned entry = piece_at(s, g);

            if (entry_kind(entry) == kind)
                slabs[n++] = space_record(s, g);
            g += piece_count(s, g, entry);
        }
        relist(slabs, n);
        expect_eq(n, 3);
        expect_eq(ring_count(kind), 3);
        expect_eq(full_count(kind), 0);
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(the_hand_moves_on_and_goes_round)
{
    open_ring(5);
    for (unsigned step = 0; step < 25; step++) {
        unsigned slab = step % 5;

        give_some(blocks[slab], 10);
        for (unsigned i = 0; i < 10; i++)
            expect_next(slab, i);
        expect_eq(back_of(r[slab]) | r[slab]->avail, 0);
    }
    expect_eq(ring_count(1), 5);
}
END_TEST

START_TEST(the_hand_unlists_slabs_to_which_nothing_came_back)
{
    open_ring(6);
    h->credit[0] = 0;
    give_some(blocks[3], 10);
    expect_next(3, 0);
    expect_eq(h->credit[0], 10 * 16 - 4 * FULL);
    for (unsigned i = 1; i < 10; i++)
        expect_next(3, i);
    expect_eq(ring_count(1), 3);
    for (unsigned i = 0; i < 6; i++)
        expect_eq(is_marked(r[i]), i < 3);
    expect(next_of(r[3]) == r[4] && next_of(r[4]) == r[5] &&
           next_of(r[5]) == r[3]);
}
END_TEST

START_TEST(the_current_slab_is_used_again_when_an_eighth_of_it_came_back)
{
    int credit;

    open_ring(3);
    credit = h->credit[0];
    give_some(blocks[0], FULL);
    for (unsigned round = 0; round < 50; round++) {
        give_some(blocks[2], ENOUGH);
        for (unsigned i = 0; i < ENOUGH; i++)
            expect_next(2, i);
        expect_eq(h->credit[0], credit);
    }
    give_some(blocks[2], ENOUGH - 1);
    expect_next(0, 0);
    expect_eq(back_of(r[2]), bits_mask(ENOUGH - 1));
}
END_TEST

START_TEST(what_comes_back_waits_until_the_slab_has_no_other_block)
{
    open_ring(1);
    give_some(blocks[0], FULL);
    for (unsigned i = 0; i < FULL / 2; i++)
        expect_next(0, i);
    give_some(blocks[0], ENOUGH);
    for (unsigned i = FULL / 2; i < FULL; i++)
        expect_next(0, i);
    for (unsigned i = 0; i < ENOUGH; i++)
        expect_next(0, i);
    expect_eq(ring_count(1), 1);
}
END_TEST

START_TEST(the_hand_comes_round_to_a_slab_that_is_alone)
{
    open_ring(1);
    for (unsigned round = 0; round < 50; round++) {
        give_some(blocks[0], EXPECTED);
        for (unsigned i = 0; i < EXPECTED; i++)
            expect_next(0, i);
        expect(next_of(r[0]) == r[0]);
    }
    expect_new_slab(1);
    expect(is_marked(r[0]));
}
END_TEST

START_TEST(a_free_sets_one_bit_and_writes_nothing_else)
{
    uint64_t before;

    open_ring(3);
    for (unsigned slab = 0; slab < 3; slab++)
        for (unsigned i = 0; i < FULL; i++) {
            before = hash_bytes(bed.ground.memory, s->heap);
            give_bytes(c, (void *)(space_heap(s) + blocks[slab][i]));
            expect_eq(back_of(r[slab]), bits_mask(i + 1));
            r[slab]->freed ^= UINT64_C(1) << i;
            expect_eq(hash_bytes(bed.ground.memory, s->heap), before);
            r[slab]->freed ^= UINT64_C(1) << i;
            expect_sound(bed.ctx);
        }
}
END_TEST

/* ---- full slabs ------------------------------------------------------- */

START_TEST(a_slab_leaves_the_ring_when_the_hand_finds_it_full_and_only_then)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    for (unsigned n = 0; n < 10; n++) {
        for (unsigned i = 0; i < FULL; i++) {
            blocks[n][i] = take(1);
            r[n] = slab_of(blocks[n][i]);
            expect_eq(ring_count(1), 1);
            expect_eq(full_count(1), n); /* not yet those of r[n] itself */
            expect(is_current(r[n]) && !is_marked(r[n]));
        }
        expect_eq(r[n]->avail | r[n]->freed, 0);
        expect_sound(bed.ctx);
    }
    for (unsigned n = 0; n < 9; n++)
        expect(is_marked(r[n]));
}
END_TEST

START_TEST(the_hand_unlists_only_what_it_meets)
{
    open_ring(8);
    for (unsigned step = 0; step < 8; step++) {
        h->credit[0] = LIMIT;
        give_some(blocks[step], EXPECTED);
        for (unsigned i = 0; i < EXPECTED; i++)
            expect_next(step, i);
        expect_eq(ring_count(1), 8); /* all are full, none was met so */
    }
    h->credit[0] = LIMIT;
    give(blocks[5][9]);
    expect_next(5, 9);
    for (unsigned i = 0; i < 8; i++)
        expect_eq(is_marked(r[i]), i < 5);
    expect_eq(ring_count(1), 3);
    expect_eq(full_count(1), 5);
}
END_TEST

/* The ways in which a block can come back. */
enum { WAY_UNIT, WAY_FREE_FROM, WAY_FREE, WAY_MOVE, WAY_MOVE_SLOWLY, WAYS };

static void give_by(int way, size_t offset)
{
    void *block = (void *)(space_heap(s) + offset), *moved;
    size_t most = (size_t)4 << s->unit_shift;

    switch (way) {
    case WAY_UNIT:
        give(offset);
        break;
    case WAY_FREE_FROM:
        give_bytes(c, block);
        break;
    case WAY_FREE:
        assert_ok(vmma_free(bed.ctx, block));
        break;
    default: /* into a slab that has a block, and into none there is yet */
        if (way == WAY_MOVE_SLOWLY)
            most *= 1024;
        else if (current_of(4)->avail == 0)
            take(4);
        moved = vmma_realloc(client_handle(c), block, most);
        expect(moved != NULL && moved != block);
    }
}

START_TEST(the_first_free_brings_a_full_slab_back_behind_the_hand)
{
    struct link *links[6];

    expect(vmma__heap_reserve(h, bed.pool, 128));
    make_full(1, r, blocks, 6);
    for (unsigned i = 0; i < 5; i++) {
        const unsigned order[] = {3, 0, 4, 2, 1};
        struct record *back = r[order[i]], *last = prev_of(r[5]);

        expect(is_marked(back));
        give_by(_i, blocks[order[i]][i * 7]);
        expect(!is_marked(back));
        expect_eq(back_of(back), UINT64_C(1) << i * 7);
        expect(is_current(r[5]) && prev_of(r[5]) == back &&
               prev_of(back) == last && next_of(back) == r[5]);
        expect_eq(ring_count(1), i + 2);
        expect_eq(full_count(1), 4 - i);
        expect_sound(bed.ctx);
    }
    for (unsigned i = 0; i < 6; i++)
        links[i] = space_link_at(s, ref_of(r[i]));
    for (unsigned i = 0; i < 6; i++) { /* no further one changes anything */
        struct link before[6];
        uint64_t stamp = r[i]->stamp;

        for (unsigned j = 0; j < 6; j++)
            before[j] = *links[j];
        give_by(_i, blocks[i][60]);
        give_by(_i, blocks[i][63]);
        for (unsigned j = 0; j < 6; j++)
            expect_eq(memcmp(links[j], &before[j], sizeof before[j]), 0);
        expect_eq(r[i]->stamp, stamp);
        expect(is_current(r[5]));
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(only_the_first_free_to_a_full_slab_writes_more_than_a_bit)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    make_full(1, r, blocks, 3);
    for (unsigned i = 0; i < FULL; i++) {
        uint64_t before = hash_bytes(bed.ground.memory, s->heap);

        give_bytes(c, (void *)(space_heap(s) + blocks[1][i]));
        expect_eq(back_of(r[1]), bits_mask(i + 1));
        r[1]->freed ^= UINT64_C(1) << i;
        expect_eq(hash_bytes(bed.ground.memory, s->heap) == before, i != 0);
        r[1]->freed ^= UINT64_C(1) << i;
        expect_sound(bed.ctx);
    }
}
END_TEST

/* Leave no granule for one more slab. */
static void take_rest(void)
{
    const struct large_shape shape = {1, 1, 0};

    vmma__client_limit(c, (size_t)h->held << s->granule_shift, 0);
    do
        request = (struct heap_request){0};
    while (vmma__large_alloc(h, bed.pool, shape, &request) != NONE);
}

START_TEST(the_last_slab_of_a_ring_may_leave_it_and_comes_back)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    make_full(1, r, blocks, 40);
    take(4); /* for what is moved */
    for (unsigned round = 0; round < 40; round += 7) {
        take_rest();
        h->credit[0] = 0;
        for (int again = 0; again < 2; again++) {
            expect_eq(take(1), SLAB_FAILED);
            expect_eq(h->credit[0] + FULL, 0); /* it was visited once */
            expect_eq(h->current[0], 0);
            expect_eq(ring_count(1), 0);
            expect_eq(full_count(1), 40);
            expect_sound(bed.ctx);
        }
        if (_i == WAY_MOVE_SLOWLY)
            vmma__client_limit(c, 0, 0);
        give_by(_i, blocks[round][round]);
        take_rest();
        expect(is_current(r[round]) && next_of(r[round]) == r[round]);
        expect_eq(ring_count(1), 1);
        expect_eq(full_count(1), 39);
        expect_sound(bed.ctx);
        expect_next(round, round);
    }
}
END_TEST

/* ---- credit ----------------------------------------------------------- */

START_TEST(finding_a_16th_of_each_slab_is_enough)
{
    int credit;

    open_ring(5);
    credit = h->credit[0];
    for (unsigned step = 0; step < 200; step++) {
        give_some(blocks[step % 5], EXPECTED);
        for (unsigned i = 0; i < EXPECTED; i++)
            expect_next(step % 5, i);
        expect_eq(h->credit[0], credit);
    }
    expect_eq(ring_count(1), 5);
}
END_TEST

START_TEST(when_finding_less_has_used_the_credit_up_there_is_one_more_slab)
{
    struct record *now;

    open_ring(8);
    expect_eq(h->credit[0], -LIMIT / 2);
    for (unsigned i = 0; i < 7; i++)
        give(blocks[i][0]);
    for (unsigned i = 0; i < 2; i++) {
        expect_next(i, 0);
        expect_eq(h->credit[0], -LIMIT / 2 - 48 * ((int)i + 1));
    }
    now = expect_new_slab(0);
    expect(prev_of(now) == r[0] && next_of(now) == r[1]);
    expect_eq(back_of(r[2]), 1);
}
END_TEST

START_TEST(four_visits_for_nothing_use_the_credit_up_if_the_fifth_finds_little)
{
    open_ring(6);
    h->credit[0] = 0;
    give_some(blocks[4], EXPECTED + 1);
    expect_next(4, 0);
    expect_eq(h->credit[0], -LIMIT + 16);
    vmma__context_reset_client(bed.ctx, c);
    open_ring(6);
    h->credit[0] = 0;
    give_some(blocks[4], EXPECTED);
    expect_new_slab(4);
    expect_eq(back_of(r[4]), bits_mask(EXPECTED));
}
END_TEST

START_TEST(finding_more_gains_credit_up_to_that_of_eight_visits)
{
    open_ring(12);
    for (unsigned step = 0; step < 36; step++) {
        give_some(blocks[step % 12], FULL);
        for (unsigned i = 0; i < FULL; i++)
            expect_next(step % 12, i);
        expect(h->credit[0] <= LIMIT);
    }
    expect_eq(h->credit[0], LIMIT);
    give_some(blocks[7], 10);
    expect_next(7, 0); /* the eighth */
    expect_eq(h->credit[0], LIMIT - 8 * FULL + 10 * 16);
    for (unsigned i = 1; i < 10; i++)
        expect_next(7, i);
    expect_eq(ring_count(1), 5);
}
END_TEST

START_TEST(no_memory_for_one_more_slab_leaves_the_credit_in_its_bounds)
{
    vmma__client_limit(c, 1024, 0);
    take_slab(2, blocks[0]);
    for (int i = 0; i < 3000; i++) {
        expect_eq(take(2), SLAB_FAILED);
        expect(h->credit[1] >= -LIMIT && h->credit[1] <= LIMIT);
    }
    for (int round = 0; round < 6000; round++) {
        give_some(blocks[0], 32);
        for (unsigned i = 0; i < 32; i++)
            expect_eq(take(2), blocks[0][i]);
        expect(h->credit[1] >= -LIMIT && h->credit[1] <= LIMIT);
    }
    expect_sound(bed.ctx);
}
END_TEST

/* Leave nothing in the client's arenas but holes of one granule. */
static void make_holes(unsigned count)
{
    const struct large_shape shape = {1, 1, 0};
    uint32_t pieces[512], n = 0;

    expect(vmma__heap_reserve(h, bed.pool, 256));
    vmma__client_limit(c, (size_t)h->held << s->granule_shift, 0);
    for (request = (struct heap_request){0}; n < h->held; n++) {
        pieces[n] = vmma__large_alloc(h, bed.pool, shape, &request);
        expect(pieces[n] != NONE);
    }
    for (uint32_t i = 0; i < n && count > 0; i++)
        if (pieces[i] % 2 == 0) {
            vmma__large_free(h, bed.pool, pieces[i]);
            count--;
        }
    expect_eq(count, 0);
}

START_TEST(eight_slabs_are_looked_at_in_one_request_and_no_more)
{
    enum { KIND = 4, SMALL = 16 };

    make_holes(14);
    make_ring(KIND, r, blocks, 12);
    expect(blocks_of(r[0]) == SMALL && s->class_blocks[KIND] == FULL);
    h->credit[KIND - 1] = LIMIT;
    give_some(blocks[7], 3); /* the eighth from r[11] on */
    for (unsigned i = 0; i < 3; i++)
        expect_eq(take(KIND), blocks[7][i]);
    expect(is_current(r[7]));
    expect_eq(full_count(KIND), 7);
    expect_sound(bed.ctx);
    relist(r, 12); /* 7 .. 11, 0 .. 6 */
    expect_eq(ring_count(KIND), 12);
    h->credit[KIND - 1] = LIMIT;
    give_some(blocks[4], 3); /* the ninth from r[7] on */
    expect_eq(slab_of(take(KIND)) == r[4], 0);
    expect_eq(full_count(KIND), 8);
    expect_eq(slab_count(KIND), 13);
    expect_eq(back_of(r[4]), bits_mask(3));
    expect_sound(bed.ctx);
}
END_TEST

/* ---- addresses -------------------------------------------------------- */

static unsigned char is_start[SIZE];

/* Every address of these granules: only starts of live blocks are found. */
static void expect_starts(uint32_t g, uint32_t count)
{
    size_t end = (size_t)(g + count) << s->granule_shift;

    for (size_t at = (size_t)g << s->granule_shift; at < end; at++) {
        struct fast_block found;

        if (fast_find(c, space_heap(s) + at, &found) != is_start[at])
            ck_abort_msg("%zu bytes from the heap's start: %d is wrong", at,
                         !is_start[at]);
        if (is_start[at] &&
            (found.record != slab_of(at) || found.index != index_of(at)))
            ck_abort_msg("%zu bytes from the heap's start: not that block", at);
    }
}

START_TEST(every_address_in_a_slab_is_a_live_block_s_or_refused)
{
    open_pair((size_t)_i);
    expect(vmma__heap_reserve(h, bed.pool, 256));
    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        const struct record *slab = take_slab(kind, blocks[0]);
        uint32_t granules = (uint32_t)1 << order_of(slab);

        for (unsigned i = 0; i < blocks_of(slab); i++)
            is_start[blocks[0][i]] = 1;
        expect_starts(head_of(s, slab), granules);
        for (unsigned i = 0; i < blocks_of(slab); i += 3) {
            give(blocks[0][i]);
            is_start[blocks[0][i]] = 0;
        }
        expect_starts(head_of(s, slab), granules);
        memset(is_start, 0, sizeof is_start);
    }
    close_bed();
}
END_TEST

static void expect_refused(size_t at, enum vmma_status status)
{
    void *address = (void *)(space_heap(s) + at);
    struct fast_block found;

    expect(!fast_find(c, (uintptr_t)address, &found));
    expect_eq(vmma_free_from(client_handle(c), address), status);
    expect_eq(vmma_free(bed.ctx, address), status);
    expect_eq(vmma_get_size(client_handle(c), address), 0);
    expect_sound(bed.ctx);
}

START_TEST(freeing_what_is_no_live_block_is_refused)
{
    const struct record *slab;
    size_t size, end;

    expect(vmma__heap_reserve(h, bed.pool, 256));
    slab = take_slab(3, blocks[0]);
    size = s->class_size[3];
    end = blocks[0][0] + (size_t)2 * 1024;
    expect(blocks_of(slab) == 42 && order_of(slab) == 1);
    for (size_t at = 1; at < size; at++)
        expect_refused(blocks[0][20] + at, VMMA_E_INTERIOR);
    for (size_t at = blocks[0][41] + size; at < end; at++)
        expect_refused(at, VMMA_E_NOT_LIVE); /* the tail */
    expect_refused(end, VMMA_E_NOT_LIVE);
    for (unsigned i = 0; i < 42; i += 5) {
        give_bytes(c, (void *)(space_heap(s) + blocks[0][i]));
        for (size_t at = 0; at < size; at += 8)
            expect_refused(blocks[0][i] + at, VMMA_E_NOT_LIVE);
    }
    expect_eq(slab_live_count(s, head_of(s, slab), stamp_entry(slab->stamp)),
              42 - 9);
}
END_TEST

/* Granules that refer to a slab of the client in which they are not. */
static uint32_t stale_references(uint32_t g, uint32_t count)
{
    uint32_t stale = 0;

    for (uint32_t end = g + count; g < end; g++) {
        const struct record *slab = space_at(s, space_map(s)[g]);

        stale += stamp_token(slab->stamp) == h->token &&
                 class_is(entry_kind(stamp_entry(slab->stamp))) &&
                 g - head_of(s, slab) >= (uint32_t)1 << order_of(slab);
    }
    return stale;
}

START_TEST(references_that_large_slabs_left_behind_are_refused)
{
    uint32_t stale = 0, arena;

    open_pair((size_t)_i);
    expect(vmma__heap_reserve(h, bed.pool, 256));
    arena = h->first_arena;
    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        struct record *slab = take_slab(last_kind(), blocks[0]);

        expect_eq(order_of(slab), 5);
        give_some(blocks[0], blocks_of(slab));
        vmma__slab_trim(h, bed.pool);
        expect_starts(arena, 256);
        slab = take_slab(kind, blocks[0]);
        for (unsigned i = 0; i < blocks_of(slab); i++)
            is_start[blocks[0][i]] = 1;
        stale += stale_references(arena, 256);
        expect_starts(arena, 256);
        memset(is_start, 0, sizeof is_start);
        give_some(blocks[0], blocks_of(slab));
        vmma__slab_trim(h, bed.pool);
    }
    expect(stale > 0 || last_kind() == 2); /* both of 32 granules */
    close_bed();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slab");
    TCase *tc = tcase_create("new slabs");

    int n = LENGTH(pairs);

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_class_hands_out_blocks_that_do_not_overlap, 0,
                        n);
    tcase_add_loop_test(tc, a_new_slab_has_a_bit_for_each_block_and_none_beyond,
                        0, n);
    tcase_add_loop_test(tc, first_slabs_of_small_clients_are_small, 0, n);
    tcase_add_loop_test(
        tc, slabs_of_large_clients_have_33_to_64_blocks_or_32_granules, 0, n);
    tcase_add_test(tc, the_first_slab_is_at_most_an_eighth_of_its_client);
    tcase_add_test(
        tc, slabs_that_follow_full_ones_are_at_most_an_eighth_of_their_client);
    tcase_add_test(
        tc,
        a_small_slab_of_which_little_comes_back_is_followed_by_a_larger_one);
    tcase_add_loop_test(tc, no_slab_is_more_than_a_64th_of_the_quota, 0, n);
    tcase_add_loop_test(tc, no_slab_is_more_than_a_64th_of_its_context, 0, n);
    suite_add_tcase(suite, tc);
    tc = tcase_create("the hand");
    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_new_slab_comes_behind_the_hand_which_moves_to_it);
    tcase_add_test(tc, each_class_has_a_ring_of_its_own);
    tcase_add_test(tc, the_hand_moves_on_and_goes_round);
    tcase_add_test(tc, the_hand_unlists_slabs_to_which_nothing_came_back);
    tcase_add_test(
        tc, the_current_slab_is_used_again_when_an_eighth_of_it_came_back);
    tcase_add_test(tc, what_comes_back_waits_until_the_slab_has_no_other_block);
    tcase_add_test(tc, the_hand_comes_round_to_a_slab_that_is_alone);
    tcase_add_test(tc, a_free_sets_one_bit_and_writes_nothing_else);
    suite_add_tcase(suite, tc);
    tc = tcase_create("full slabs");
    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(
        tc, a_slab_leaves_the_ring_when_the_hand_finds_it_full_and_only_then);
    tcase_add_test(tc, the_hand_unlists_only_what_it_meets);
    tcase_add_loop_test(
        tc, the_first_free_brings_a_full_slab_back_behind_the_hand, 0, WAYS);
    tcase_add_test(tc,
                   only_the_first_free_to_a_full_slab_writes_more_than_a_bit);
    tcase_add_loop_test(
        tc, the_last_slab_of_a_ring_may_leave_it_and_comes_back, 0, WAYS);
    suite_add_tcase(suite, tc);
    tc = tcase_create("credit");
    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, finding_a_16th_of_each_slab_is_enough);
    tcase_add_test(
        tc, when_finding_less_has_used_the_credit_up_there_is_one_more_slab);
    tcase_add_test(
        tc,
        four_visits_for_nothing_use_the_credit_up_if_the_fifth_finds_little);
    tcase_add_test(tc, finding_more_gains_credit_up_to_that_of_eight_visits);
    tcase_add_test(tc,
                   no_memory_for_one_more_slab_leaves_the_credit_in_its_bounds);
    tcase_add_test(tc, eight_slabs_are_looked_at_in_one_request_and_no_more);
    suite_add_tcase(suite, tc);
    tc = tcase_create("addresses");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc,
                        every_address_in_a_slab_is_a_live_block_s_or_refused, 0,
                        n);
    tcase_add_loop_test(tc, references_that_large_slabs_left_behind_are_refused,
                        0, n);
    suite_add_tcase(suite, tc);
    tc = tcase_create("frees");
    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_add_test(tc, freeing_what_is_no_live_block_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
