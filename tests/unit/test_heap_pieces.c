/*
 * test_heap_pieces.c - one client's memory: what goes back, what is
 * claimed, and sequences of it all.
 *
 * Strategy: that of test_heap.c.
 */
#include "tests/unit/heap_steps.h"

/* ---- giving back ------------------------------------------------------ */

START_TEST(one_empty_arena_is_kept)
{
    uint32_t a = take(4), b = take(8), c = take(16);

    expect_eq(heap.arena_count, 3);
    give(b);
    expect_eq(heap.arena_count, 3);
    expect_eq(heap.spare, b);
    give(a);
    expect_eq(heap.arena_count, 2);
    expect_eq(heap.spare, b);
    expect_heap();
    expect_eq(take(8), b);
    expect_eq(heap.spare, NONE);
    give(c);
    expect_eq(heap.spare, c);
    give(b);
    expect_eq(heap.arena_count, 1);
    vmma__heap_trim(&heap, pool);
    expect_eq(heap.arena_count, 0);
    expect_eq(heap.spare, NONE);
    expect_eq(pool->held, 0);
    expect_heap();
}
END_TEST

START_TEST(a_client_at_an_arenas_edge_does_not_take_and_give_it)
{
    uint32_t taken;

    expect_eq(take(4), 0);
    give(take(1));
    taken = pool->arena_count;
    for (int i = 0; i < 10; i++) {
        give(take(1));
        expect_eq(pool->arena_count, taken);
    }
}
END_TEST

START_TEST(trimming_gives_every_empty_arena_back_and_no_other)
{
    uint32_t keep[10], n = 0;

    for (int i = 0; i < 10; i++) {
        uint32_t g = take(12);

        keep[n++] = g;
    }
    for (uint32_t i = 0; i < n; i += 2)
        give(keep[i]);
    vmma__heap_trim(&heap, pool);
    expect_eq(heap.held, pool->held);
    for (uint32_t a = heap.first_arena; a != NONE;
         a = space_arena(space, a)->next)
        expect(space_arena(space, a)->used != 0);
    expect_heap();
}
END_TEST

START_TEST(releasing_reads_and_writes_arena_structs_only)
{
    uint32_t n = 0;

    while (n++ < 12)
        expect(take(n) != NONE);
    expect_eq(pool->held, heap.held);
    /* What a corrupted client could have made of its bookkeeping. */
    for (uint32_t a = heap.first_arena; a != NONE;
         a = space_arena(space, a)->next) {
        uint32_t count = space_arena(space, a)->count;

        for (uint32_t g = a; g < a + count; g++) {
            scribble(space_record(space, g), 32, test_seed() + g);
            scribble(space_link(space, g), 8, test_seed() - g);
        }
        scribble(space_map(space) + a, count * sizeof *space_map(space), a);
    }
    memset(&heap.free, 0xff, sizeof heap.free);
    memset(heap.current, 0xff, sizeof heap.current);
    heap.spare = 77;
    vmma__heap_release(&heap, pool);
    expect_eq(pool->held, 0);
    expect_eq(pool->arena_count, 0);
    expect_eq(space->high_water, 0);
    expect_eq(pool->free.orders, 0);
}
END_TEST

START_TEST(releasing_writes_at_most_one_record_per_natural_piece)
{
    struct record before[300];
    uint32_t other = vmma__pool_take(pool, 4), changed = 0;

    expect_eq(other, 0);
    expect_eq(take(32), 32);
    expect(vmma__pool_take(pool, 4) != NONE);
    expect_eq(vmma__pool_take(pool, 64), 64);
    for (uint32_t g = 32; g < 64; g++)
        before[g] = *space_record(space, g);
    vmma__heap_release(&heap, pool);
    for (uint32_t g = 32; g < 64; g++)
        changed +=
            memcmp(&before[g], space_record(space, g), sizeof before[g]) != 0;
    expect(changed <= 1);
}
END_TEST

/* ---- claim ------------------------------------------------------------ */

START_TEST(free_granules_in_the_arena_can_be_claimed_exactly)
{
    for (uint32_t first = 1; first < 32; first++)
        for (uint32_t count = 1; first + count <= 33; count++) {
            uint32_t g, behind, end = first + count;
            bool can = end <= 32;

            expect(vmma__heap_reserve(&heap, pool, 32));
            behind = take(32 - first);
            expect_eq(behind, first);
            g = take(first);
            expect_eq(g, 0);
            give(behind);
            expect_eq(vmma__heap_claim(&heap, pool, 0, first, count), can);
            if (can) {
                memset(is_used + first, 1, count);
                space_record(space, g)->avail += count;
            }
            expect_heap();
            renew();
        }
}
END_TEST

START_TEST(used_granules_cannot_be_claimed)
{
    uint64_t before;
    uint32_t last, b;

    expect(vmma__heap_reserve(&heap, pool, 32));
    last = take(16);
    expect_eq(last, 16);
    expect_eq(take(8), 8);
    b = take(4);
    expect_eq(b, 4);
    expect_eq(take(4), 0);
    give(b);
    give(last); /* [4][free 4][8][free 16] */
    before = hash_all();
    expect(!vmma__heap_claim(&heap, pool, 0, 4, 5));
    expect(!vmma__heap_claim(&heap, pool, 0, 4, 28));
    expect(!vmma__heap_claim(&heap, pool, 0, 5, 1));
    expect(!vmma__heap_claim(&heap, pool, 0, 8, 1));
    expect(!vmma__heap_claim(&heap, pool, 0, 16, 17));
    expect(!vmma__heap_claim(&heap, pool, 0, 32, 1));
    expect_eq(hash_all(), before);
    expect(vmma__heap_claim(&heap, pool, 0, 4, 4));
    memset(is_used + 4, 1, 4);
    space_record(space, 0)->avail = 8;
    expect_heap();
}
END_TEST

/* ---- slabs ------------------------------------------------------------ */

static uint32_t take_slab(uint32_t count)
{
    return take_by(vmma__heap_take, count);
}

START_TEST(slabs_come_from_the_front_at_natural_places)
{
    expect(vmma__heap_reserve(&heap, pool, 64));
    expect_eq(take_slab(16), 0);
    expect_eq(take_slab(1), 16);
    expect_eq(take_slab(8), 24); /* leaves [17, 24) */
    expect_eq(take_slab(4), 20);
    expect_eq(take(2), 18);
    expect_eq(take(27), 37);
    expect_eq(take_slab(4), 32); /* leaves 36, and 17 from before */
    expect_eq(take(1), 36);
    expect_eq(take(1), 17);
    give(32);
    give(36);
    expect_eq(take(2), 35);
    expect_eq(take_slab(2), 32);
    expect_heap();
}
END_TEST

/* ---- sequences -------------------------------------------------------- */

static void expect_largest(void)
{
    uint32_t largest = vmma__heap_largest(&heap, pool);
    struct heap_request request = {.count = 2 * largest + 1};
    uint64_t before = hash_all();
    uint32_t g;

    expect_eq(vmma__heap_take(&heap, pool, &request), NONE);
    expect_eq(hash_all(), before);
    if (largest == 0)
        return;
    g = take(largest);
    expect(g != NONE);
    give(g);
}

START_TEST(random_sequences_agree_with_the_model)
{
    uint32_t taken[300], n = 0;
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    for (int i = 0; i < 2500; i++) {
        uint32_t what = (uint32_t)rng_below(&rng, 100);

        if (what < 50) {
            uint32_t most = rng_chance(&rng, 90) ? 12 : 120;
            uint32_t g = rng_chance(&rng, 40)
                             ? take_slab((uint32_t)1 << rng_below(&rng, 5))
                             : take((uint32_t)rng_between(&rng, 1, most));

            if (g != NONE)
                taken[n++] = g;
        } else if (what < 90 && n != 0) {
            size_t j = rng_below(&rng, n);

            give(taken[j]);
            taken[j] = taken[--n];
        } else if (what < 92) {
            vmma__heap_trim(&heap, pool);
        } else if (what < 94) {
            heap.ceiling = NONE;
            vmma__heap_reserve(&heap, pool, (uint32_t)rng_below(&rng, 60));
        } else if (what < 95) {
            heap.ceiling = rng_chance(&rng, 50)
                               ? NONE
                               : (uint32_t)rng_between(&rng, 60, 250);
        } else if (what < 97) {
            expect_largest();
        }
        expect_heap();
    }
    while (n > 0)
        give(taken[--n]);
    expect(vmma__heap_reserve(&heap, pool, 0));
    vmma__heap_trim(&heap, pool);
    expect_eq(pool->held, 0);
    expect_eq(space->high_water, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heap pieces");
    TCase *tc = tcase_create("giving back");

    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_add_test(tc, one_empty_arena_is_kept);
    tcase_add_test(tc, a_client_at_an_arenas_edge_does_not_take_and_give_it);
    tcase_add_test(tc, trimming_gives_every_empty_arena_back_and_no_other);
    tcase_add_test(tc, releasing_reads_and_writes_arena_structs_only);
    tcase_add_test(tc, releasing_writes_at_most_one_record_per_natural_piece);
    suite_add_tcase(suite, tc);
    tc = tcase_create("claim");
    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, free_granules_in_the_arena_can_be_claimed_exactly);
    tcase_add_test(tc, used_granules_cannot_be_claimed);
    suite_add_tcase(suite, tc);
    tc = tcase_create("slabs");
    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_add_test(tc, slabs_come_from_the_front_at_natural_places);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_add_checked_fixture(tc, open_small, close_heap);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, random_sequences_agree_with_the_model, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
