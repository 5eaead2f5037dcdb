/*
 * test_heap.c - one client's memory: arenas, growth, pieces.
 *
 * Strategy: a heap on a bare pool, with nothing behind the bookkeeping.  The
 * model says for each granule whether it is in an arena and whether it is
 * used; after each step H1 to H4 and the free pieces of every arena are
 * computed again from it.  What fails must leave every byte as it was.
 */
#include "tests/unit/heap_steps.h"

/* ---- growth ----------------------------------------------------------- */

/* What the essay in heap.c says, in bytes. */
static uint32_t model_step(uint32_t held, uint32_t count, unsigned shift)
{
    uint64_t bytes = (uint64_t)held << shift, mib = 1 << 20, step;

    step = bytes < mib ? bytes : bytes / 8 > mib ? bytes / 8 : mib;
    step >>= shift;
    if (step < 4)
        step = 4;
    while ((step & (step - 1)) != 0)
        step &= step - 1;
    return step > count ? (uint32_t)step : (count + 3) / 4 * 4;
}

START_TEST(growth_doubles_to_a_mebibyte_and_then_adds_an_eighth)
{
    static const unsigned shifts[] = {8, 10, 12, 16};

    space->granule_shift = (uint8_t)shifts[_i];
    while (heap.held < CAPACITY / 2) {
        uint32_t before = heap.held;
        uint32_t step = model_step(before, 1, shifts[_i]);

        expect_eq(take(1) == NONE, 0);
        if (heap.held != before)
            expect_eq(heap.held - before, step);
    }
    expect(heap.arena_count < 200);
}
END_TEST

START_TEST(a_large_request_grows_by_no_more_than_it_needs)
{
    for (uint32_t count = 1; count < 3000; count += 1 + count / 5) {
        uint32_t before = heap.held;
        uint32_t step = model_step(before, count, 10);

        expect(take(count) != NONE);
        if (heap.held != before)
            expect_eq(heap.held - before, step);
    }
    expect_heap();
}
END_TEST

START_TEST(waste_by_growing_is_at_most_an_eighth_of_a_large_client)
{
    while (heap.held < CAPACITY / 2)
        expect(take(1) != NONE);
    while (heap.free.lists != 0)
        expect(take(1) != NONE);
    expect(take(1) != NONE);
    expect(space_arena(space, heap.first_arena)->count <= heap.held / 8);
}
END_TEST

START_TEST(growth_is_smaller_when_the_pool_has_no_more)
{
    for (uint32_t left = 1; left <= 40; left++) {
        struct heap other;
        uint32_t got = 0;

        vmma__heap_init(&other, token + ((uint64_t)1 << 40));
        expect(vmma__heap_reserve(&other, pool, 256));
        expect(vmma__heap_reserve(&other, pool, 300 - left));
        while (take(1) != NONE)
            got++;
        expect(cause == VMMA_E_EXHAUSTED || cause == VMMA_E_FRAGMENTED);
        expect(got >= left / 4 * 4 && got <= left);
        expect_heap();
        renew();
        vmma__heap_release(&other, pool);
        expect_eq(pool->held, 0);
    }
}
END_TEST

START_TEST(the_cause_tells_exhaustion_from_fragmentation)
{
    expect(vmma__pool_take(pool, 128) != NONE);
    expect(vmma__pool_take(pool, 64) != NONE);
    /* 108 are left, but no natural place for more than 64 of them */
    expect_eq(take(100), NONE);
    expect_eq(cause, VMMA_E_FRAGMENTED);
    expect_eq(take(109), NONE);
    expect_eq(cause, VMMA_E_EXHAUSTED);
    expect_eq(take(64), 192);
}
END_TEST

/* ---- limits ----------------------------------------------------------- */

START_TEST(the_quota_is_exact_to_the_granule)
{
    for (uint32_t quota = 0; quota <= 70; quota++) {
        uint32_t got = 0;

        heap.ceiling = quota;
        while (take(1) != NONE) {
            got++;
            expect(heap.held <= quota);
        }
        expect_eq(cause, VMMA_E_QUOTA);
        expect_eq(got, quota);
        expect_heap();
        renew();
    }
}
END_TEST

START_TEST(a_large_request_fits_the_quota_exactly_or_not_at_all)
{
    for (uint32_t quota = 1; quota <= 60; quota++) {
        heap.ceiling = quota;
        expect_eq(take(quota + 1), NONE);
        expect_eq(cause, VMMA_E_QUOTA);
        expect(take(quota) != NONE);
        expect_eq(heap.held, quota);
        expect_eq(take(1), NONE);
        renew();
    }
}
END_TEST

START_TEST(a_quota_below_what_is_held_only_stops_growth)
{
    uint32_t first = take(3), got = 0;

    expect(take(9) != NONE);
    heap.ceiling = 2;
    expect_eq(heap_room(&heap), 0);
    give(first);
    while (take(1) != NONE)
        got++;
    expect_eq(cause, VMMA_E_QUOTA);
    expect(got >= 3);
    expect_heap();
}
END_TEST

START_TEST(room_is_what_the_quota_leaves)
{
    expect_eq(heap_room(&heap), NONE);
    heap.ceiling = 10;
    expect_eq(heap_room(&heap), 10);
    expect(take(4) != NONE);
    expect_eq(heap_room(&heap), 6);
    heap.ceiling = 4;
    expect_eq(heap_room(&heap), 0);
}
END_TEST

START_TEST(growing_past_the_soft_limit_is_answered_busy_until_allowed)
{
    for (uint32_t soft = 0; soft <= 40; soft++) {
        uint32_t got = 0;

        heap.soft = soft;
        while (take(1) != NONE) {
            got++;
            expect(heap.held <= soft);
        }
        expect_eq(cause, VMMA_E_BUSY);
        expect_eq(got, soft);
        pass_soft = true;
        expect(take(1) != NONE);
        expect(heap.held > soft);
        pass_soft = false;
        while (heap.free.lists != 0)
            expect(take(1) != NONE);
        expect_eq(take(1), NONE);
        expect_eq(cause, VMMA_E_BUSY);
        expect_heap();
        renew();
    }
}
END_TEST

START_TEST(the_quota_is_judged_before_the_soft_limit)
{
    heap.soft = 4;
    heap.ceiling = 8;
    expect_eq(take(9), NONE);
    expect_eq(cause, VMMA_E_QUOTA);
    expect_eq(take(8), NONE);
    expect_eq(cause, VMMA_E_BUSY);
    pass_soft = true;
    expect(take(8) != NONE);
}
END_TEST

/* ---- reservation ------------------------------------------------------ */

START_TEST(a_reservation_is_held_at_once)
{
    for (uint32_t count = 0; count <= 300; count += 4) {
        expect(vmma__heap_reserve(&heap, pool, count));
        expect_eq(heap.reserved, count);
        expect_eq(heap.held, count);
        expect_heap();
    }
    expect_eq(pool->held, 300);
}
END_TEST

START_TEST(a_reservation_that_cannot_be_had_changes_nothing)
{
    expect(vmma__pool_take(pool, 100) != NONE);
    expect(take(5) != NONE);
    expect(vmma__heap_reserve(&heap, pool, 20));
    for (uint32_t count = 201; count < 300; count += 9) {
        struct heap was = heap;
        struct pool had = *pool;

        expect(!vmma__heap_reserve(&heap, pool, count));
        was.free = heap.free; /* an equal list may have another order */
        had.space.scrubbed = pool->space.scrubbed;
        had.free = pool->free;
        expect(memcmp(&was, &heap, sizeof was) == 0);
        expect(memcmp(&had, pool, sizeof had) == 0);
        expect_heap();
    }
}
END_TEST

START_TEST(a_reservation_is_had_in_pieces_when_memory_is_scattered)
{
    uint32_t arenas[60], n = 0;

    while (n < 60)
        arenas[n++] = vmma__pool_take(pool, 4);
    while (vmma__pool_take(pool, 4) != NONE)
        ;
    for (uint32_t i = 0; i < 60; i += 2)
        vmma__pool_give(pool, arenas[i]);
    expect(vmma__heap_reserve(&heap, pool, 120));
    expect_eq(heap.arena_count, 30);
    expect(!vmma__heap_reserve(&heap, pool, 121));
    expect_eq(heap.arena_count, 30);
    expect_heap();
}
END_TEST

START_TEST(what_is_reserved_does_not_go_back)
{
    uint32_t g[40], n = 0;

    expect(vmma__heap_reserve(&heap, pool, 24));
    while (n < 40)
        g[n++] = take(2);
    while (n > 0) {
        give(g[--n]);
        expect_heap();
    }
    vmma__heap_trim(&heap, pool);
    expect(heap.held >= 24);
    expect_heap();
    expect(vmma__heap_reserve(&heap, pool, 0));
    vmma__heap_trim(&heap, pool);
    expect_eq(heap.held, 0);
    expect_eq(pool->held, 0);
    expect_heap();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heap");
    TCase *tc = tcase_create("growth");

    tcase_add_checked_fixture(tc, open_large, close_heap);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc,
                        growth_doubles_to_a_mebibyte_and_then_adds_an_eighth, 0,
                        4);
    tcase_add_test(tc, a_large_request_grows_by_no_more_than_it_needs);
    tcase_add_test(tc, waste_by_growing_is_at_most_an_eighth_of_a_large_client);
    suite_add_tcase(suite, tc);
    tc = tcase_create("scarcity");
    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, growth_is_smaller_when_the_pool_has_no_more);
    tcase_add_test(tc, the_cause_tells_exhaustion_from_fragmentation);
    suite_add_tcase(suite, tc);
    tc = tcase_create("limits");
    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_quota_is_exact_to_the_granule);
    tcase_add_test(tc, a_large_request_fits_the_quota_exactly_or_not_at_all);
    tcase_add_test(tc, a_quota_below_what_is_held_only_stops_growth);
    tcase_add_test(tc, room_is_what_the_quota_leaves);
    tcase_add_test(tc,
                   growing_past_the_soft_limit_is_answered_busy_until_allowed);
    tcase_add_test(tc, the_quota_is_judged_before_the_soft_limit);
    suite_add_tcase(suite, tc);
    tc = tcase_create("reservation");
    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_add_test(tc, a_reservation_is_held_at_once);
    tcase_add_test(tc, a_reservation_that_cannot_be_had_changes_nothing);
    tcase_add_test(tc, a_reservation_is_had_in_pieces_when_memory_is_scattered);
    tcase_add_test(tc, what_is_reserved_does_not_go_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
