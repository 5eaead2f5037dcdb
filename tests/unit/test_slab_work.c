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
    unsigned count = blocks_of(r), wait = slab_wait(count);

    extra = take(kind);
    expect(!is_current(r));
    permute(blocks, count, number);
    for (unsigned i = 0; i < count; i++) {
        give(blocks[i]);
        expect_eq(is_listed(r), i + 1 >= wait);
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

START_TEST(gathering_lists_every_waiting_slab_that_has_freed_blocks)
{
    size_t blocks[4][64];
    struct record *r[4];
    uint32_t held;

    expect(vmma__heap_reserve(h, bed.pool, 16));
    for (int i = 0; i < 4; i++)
        r[i] = take_slab(1, blocks[i]);
    give(blocks[0][5]);
    give(blocks[2][7]);
    give(blocks[3][9]);
    vmma__slab_gather(h, bed.pool);
    expect(is_listed(r[0]) && !is_listed(r[1]) && is_listed(r[2]));
    expect(is_current(r[3]) && !is_listed(r[3]));
    expect_eq(countdown_of(r[0]), blocks_of(r[0]) - 1);
    expect_sound(bed.ctx);
    vmma__slab_gather(h, bed.pool);
    expect_sound(bed.ctx);
    held = h->held;
    expect_eq(take(1), blocks[0][5]);
    expect_eq(take(1), blocks[2][7]);
    expect_eq(h->held, held);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(trimming_gives_back_empty_slabs_that_are_kept)
{
    size_t blocks[64], current;

    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        struct record *r = take_slab(kind, blocks);
        unsigned count = blocks_of(r);

        current = take(kind);
        for (unsigned i = 0; i < count; i++)
            give(blocks[i]);
        give(current);
    }
    expect_sound(bed.ctx);
    vmma__slab_trim(h, bed.pool);
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        expect_eq(h->current[i], 0);
        expect_eq(h->partial[i], NONE);
    }
    for (uint32_t a = h->first_arena; a != NONE; a = space_arena(s, a)->next)
        expect_eq(space_arena(s, a)->used, 0);
    expect_sound(bed.ctx);
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
        struct large_shape shape = {vmma__heap_largest(h, bed.pool) - 1, 1};

        request = (struct heap_request){0};
        expect(vmma__large_alloc(h, bed.pool, shape, &request) != NONE);
    }
    offset = take(8);
    expect(offset != SLAB_FAILED);
    expect_eq(entry_order(stamp_entry(slab_of(offset)->stamp)), 0);
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
    expect_eq(countdown_of(r), STAMP_COUNTDOWN_MAX);
    give(blocks[17]);
    expect_eq(take(1), blocks[17]);
    expect_eq(take(1), SLAB_FAILED);
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

START_TEST(failing_changes_nothing)
{
    size_t blocks[64];
    uint64_t before;

    vmma__client_limit(c, 1024, 0);
    take_slab(1, blocks);
    before = hash_bytes(bed.ground.memory, s->heap);
    for (unsigned kind = 1; kind <= last_kind(); kind++)
        expect_eq(take(kind), SLAB_FAILED);
    expect_eq(hash_bytes(bed.ground.memory, s->heap), before);
}
END_TEST

/* ---- growing with use ------------------------------------------------- */

START_TEST(a_small_slab_that_is_refilled_often_is_replaced_by_a_larger_one)
{
    for (unsigned kind = 1; kind <= 16; kind++) {
        unsigned before, order, grown = 0;
        size_t blocks[64], most = 0;

        open_pair(0);
        before = order = entry_order(stamp_entry(slab_of(take(kind))->stamp));
        vmma__context_reset_client(bed.ctx, c);
        for (int round = 0; round < 400; round++) {
            struct record *r = take_slab(kind, blocks);
            unsigned count = blocks_of(r);

            order = entry_order(stamp_entry(r->stamp));
            expect(order == before || order == before + 1);
            grown += order != before;
            before = order;
            most = count > most ? count : most;
            for (unsigned i = 0; i < count; i++)
                give(blocks[i]);
            expect_sound(bed.ctx);
        }
        expect(most >= 33 || order == 4);
        expect(grown != 0 || kind == 1 || most >= 33);
        close_bed();
    }
}
END_TEST

START_TEST(a_slab_that_is_replaced_with_live_blocks_is_listed)
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
        while (n > 0)
            give(blocks[--n]);
        expect_sound(bed.ctx);
    }
    expect(now != first && is_current(now) && is_listed(first));
    expect_eq(countdown_of(first), 1);
    expect_eq(entry_order(stamp_entry(now->stamp)), 1);
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

        expect_eq(entry_order(stamp_entry(r->stamp)), 0);
        for (unsigned i = 0; i < 32; i++)
            give(blocks[i]);
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
            vmma__slab_gather(h, bed.pool);
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
    tcase_add_test(tc,
                   gathering_lists_every_waiting_slab_that_has_freed_blocks);
    tcase_add_test(tc, trimming_gives_back_empty_slabs_that_are_kept);
    tcase_add_test(tc, trimming_keeps_every_slab_with_a_live_block);
    tcase_add_test(
        tc, a_smaller_slab_is_taken_when_there_is_no_room_for_a_large_one);
    tcase_add_test(tc, the_current_slabs_few_blocks_are_used_before_it_fails);
    tcase_add_test(tc, the_soft_limit_stops_a_new_slab_at_once);
    tcase_add_test(tc, failing_changes_nothing);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_set_timeout(tc, 60);
    tcase_add_test(
        tc, a_small_slab_that_is_refilled_often_is_replaced_by_a_larger_one);
    tcase_add_test(tc, a_slab_that_is_replaced_with_live_blocks_is_listed);
    tcase_add_test(tc, a_slab_that_cannot_be_replaced_is_used_on);
    tcase_add_loop_test(tc, random_sequences_keep_every_invariant, 0, n);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
