/*
 * test_resize.c - vmma_realloc and vmma_expand.
 *
 * Strategy: every pair of sizes from a table, in both directions, with
 * contents that must survive; the same in a context where nothing is left,
 * where shrinking must still succeed and growing must harm nothing.
 */
#include "tests/support/support.h"

static struct world world;

static void open_world(void)
{
    world_open(&world, 4 * MIB, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

static const size_t sizes[] = {0,    1,    15,   16,    17,    31,    33,
                               64,   100,  255,  256,   1000,  1023,  1024,
                               1025, 1500, 2047, 2048,  2049,  3000,  4096,
                               5000, 8192, 9999, 16384, 40000, 65536, 300000};

/* ---- realloc ----------------------------------------------------------- */

START_TEST(realloc_of_null_allocates)
{
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *block = vmma_realloc(world.a, NULL, sizes[i]);

        ck_assert_ptr_nonnull(block);
        ck_assert_uint_ge(vmma_get_size(world.a, block), sizes[i]);
        ck_assert_uint_eq(client_stats_of(world.a).live_blocks, i + 1);
    }
}
END_TEST

static size_t lesser(size_t one, size_t other)
{
    return one < other ? one : other;
}

START_TEST(realloc_keeps_the_contents_up_to_the_smaller_size)
{
    size_t from = sizes[_i];

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *guard = must_alloc(world.a, from);
        void *block = must_alloc(world.a, from);
        void *moved;

        fill_pattern(guard, from, 1);
        fill_pattern(block, from, 2);
        moved = vmma_realloc(world.a, block, sizes[i]);
        ck_assert_ptr_nonnull(moved);
        ck_assert_uint_ge(vmma_get_size(world.a, moved), sizes[i]);
        ck_assert(holds_pattern(moved, lesser(from, sizes[i]), 2));
        ck_assert(holds_pattern(guard, from, 1));
        if (moved != block)
            ck_assert_int_eq(vmma_test_address(world.a, block), 0);
        ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 2);
        assert_ok(vmma_free_from(world.a, moved));
        assert_ok(vmma_free_from(world.a, guard));
    }
    assert_sound(world.context);
}
END_TEST

START_TEST(all_of_a_resized_block_can_be_used)
{
    enum { MAX = 60 };
    void *blocks[MAX];
    struct rng rng;

    rng_init(&rng, test_seed());
    for (size_t i = 0; i < MAX; i++)
        blocks[i] = must_alloc(world.a, 1);
    for (unsigned round = 0; round < 600; round++) {
        size_t i = rng_below(&rng, MAX);

        blocks[i] = vmma_realloc(world.a, blocks[i], rng_size(&rng, 20000));
        ck_assert_ptr_nonnull(blocks[i]);
        for (size_t j = 0; j < MAX && round % 50 == 49; j++)
            fill_pattern(blocks[j], vmma_get_size(world.a, blocks[j]), j);
        for (size_t j = 0; j < MAX && round % 50 == 49; j++)
            ck_assert(
                holds_pattern(blocks[j], vmma_get_size(world.a, blocks[j]), j));
    }
    assert_sound(world.context);
}
END_TEST

START_TEST(realloc_to_zero_shrinks_to_the_smallest_block)
{
    size_t smallest = stats_of(world.context).smallest_block;

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *block = must_alloc(world.a, sizes[i]);

        fill_pattern(block, lesser(sizes[i], smallest), 4);
        block = vmma_realloc(world.a, block, 0);
        ck_assert_ptr_nonnull(block);
        ck_assert_int_eq(vmma_test_address(world.a, block), 1);
        ck_assert_msg(vmma_get_size(world.a, block) == smallest,
                      "from %zu bytes to %zu", sizes[i],
                      vmma_get_size(world.a, block));
        ck_assert_uint_eq(client_stats_of(world.a).live_blocks, i + 1);
    }
}
END_TEST

START_TEST(realloc_shrinks_a_large_block_so_that_others_can_have_the_rest)
{
    void *block = must_alloc(world.a, 3 * MIB);

    ck_assert_ptr_null(vmma_alloc(world.b, MIB));
    fill_pattern(block, 5000, 6);
    block = vmma_realloc(world.a, block, 5000);
    ck_assert_ptr_nonnull(block);
    ck_assert(holds_pattern(block, 5000, 6));
    ck_assert_uint_lt(vmma_get_size(world.a, block), 10000);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, MIB));
}
END_TEST

START_TEST(shrinking_never_fails_even_when_nothing_is_left)
{
    enum { MAX = 64 };
    void *blocks[MAX];
    size_t count = 0;

    for (; count < MAX; count++)
        blocks[count] = must_alloc(world.a, sizes[count % LENGTH(sizes)]);
    exhaust_client(world.b);
    exhaust_client(world.a);
    for (size_t i = 0; i < count; i++) {
        size_t size = vmma_get_size(world.a, blocks[i]);

        fill_pattern(blocks[i], size, i);
        while (size > 0) {
            size = size * 2 / 3;
            blocks[i] = vmma_realloc(world.a, blocks[i], size);
            ck_assert_ptr_nonnull(blocks[i]);
            ck_assert(holds_pattern(blocks[i], size, i));
            ck_assert_uint_ge(vmma_get_size(world.a, blocks[i]), size);
        }
    }
    assert_sound(world.context);
}
END_TEST

START_TEST(shrinking_never_fails_even_beyond_a_lowered_quota)
{
    void *block = must_alloc(world.a, 100000);

    assert_ok(vmma_set_quota(world.a, 1));
    fill_pattern(block, 100000, 1);
    for (size_t size = 90000; size > 0; size = size * 2 / 3) {
        block = vmma_realloc(world.a, block, size);
        ck_assert_ptr_nonnull(block);
        ck_assert(holds_pattern(block, size, 1));
    }
    ck_assert_ptr_nonnull(vmma_realloc(world.a, block, 0));
}
END_TEST

START_TEST(a_realloc_that_fails_leaves_the_block_untouched)
{
    void *block = must_alloc(world.a, 5000);
    size_t usable = vmma_get_size(world.a, block);

    fill_pattern(block, usable, 8);
    exhaust_client(world.b);
    exhaust_client(world.a);
    ck_assert_ptr_null(vmma_realloc(world.a, block, 500000));
    assert_status(vmma_get_last_error(world.a), VMMA_E_EXHAUSTED);
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
    ck_assert_uint_eq(vmma_get_size(world.a, block), usable);
    ck_assert(holds_pattern(block, usable, 8));
    assert_sound(world.context);
}
END_TEST

START_TEST(a_realloc_beyond_the_quota_leaves_the_block_untouched)
{
    void *block;

    assert_ok(vmma_set_quota(world.a, 16 * KIB));
    block = must_alloc(world.a, 5000);
    fill_pattern(block, 5000, 8);
    ck_assert_ptr_null(vmma_realloc(world.a, block, 17 * KIB));
    assert_status(vmma_get_last_error(world.a), VMMA_E_QUOTA);
    ck_assert(holds_pattern(block, 5000, 8));
    ck_assert_uint_le(vmma_get_client_total_size(world.a), 16 * KIB);
    assert_ok(vmma_free_from(world.a, block));
}
END_TEST

START_TEST(realloc_refuses_a_block_of_another_client)
{
    void *block = must_alloc(world.b, 100);

    fill_pattern(block, 100, 2);
    ck_assert_ptr_null(vmma_realloc(world.a, block, 200));
    assert_status(vmma_get_last_error(world.a), VMMA_E_OTHER_CLIENT);
    ck_assert_int_eq(vmma_test_address(world.b, block), 1);
    ck_assert(holds_pattern(block, 100, 2));
}
END_TEST

/* ---- expand ------------------------------------------------------------ */

START_TEST(expand_within_the_usable_size_succeeds_in_place)
{
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *block = must_alloc(world.a, sizes[i]);
        size_t usable = vmma_get_size(world.a, block);

        fill_pattern(block, usable, i);
        assert_ok(vmma_expand(world.a, block, usable));
        ck_assert_uint_eq(vmma_get_size(world.a, block), usable);
        assert_ok(vmma_expand(world.a, block, sizes[i]));
        ck_assert_uint_ge(vmma_get_size(world.a, block), sizes[i]);
        ck_assert(holds_pattern(block, sizes[i], i));
    }
    assert_sound(world.context);
}
END_TEST

START_TEST(expand_grows_a_block_or_changes_nothing)
{
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *guard = must_alloc(world.a, sizes[i]);
        void *block = must_alloc(world.a, sizes[i]);
        size_t usable = vmma_get_size(world.a, block);
        enum vmma_status status;

        fill_pattern(guard, sizes[i], 1);
        fill_pattern(block, usable, 2);
        status = vmma_expand(world.a, block, usable + 1);
        if (status == VMMA_OK) {
            ck_assert_uint_gt(vmma_get_size(world.a, block), usable);
            fill_pattern((unsigned char *)block + usable,
                         vmma_get_size(world.a, block) - usable, 3);
        } else {
            assert_status(status, VMMA_E_NOT_IN_PLACE);
            assert_status(vmma_get_last_error(world.a), VMMA_E_NOT_IN_PLACE);
            ck_assert_uint_eq(vmma_get_size(world.a, block), usable);
        }
        ck_assert(holds_pattern(block, usable, 2));
        ck_assert(holds_pattern(guard, sizes[i], 1));
    }
    assert_sound(world.context);
}
END_TEST

START_TEST(expand_takes_the_room_of_a_neighbour_that_was_freed)
{
    void *all = must_alloc(world.a, 64 * KIB);

    assert_ok(vmma_expand(world.a, all, 8 * KIB));
    ck_assert_uint_eq(vmma_get_size(world.a, all), 8 * KIB);
    fill_pattern(all, 8 * KIB, 1);
    assert_ok(vmma_expand(world.a, all, 64 * KIB));
    ck_assert_uint_ge(vmma_get_size(world.a, all), 64 * KIB);
    ck_assert(holds_pattern(all, 8 * KIB, 1));
    fill_pattern(all, 64 * KIB, 2);
    assert_sound(world.context);
}
END_TEST

START_TEST(expand_never_reaches_into_a_live_neighbour)
{
    enum { MAX = 2048 };
    static void *blocks[MAX];
    size_t count = fill_client(world.a, 3000, blocks, MAX);

    for (size_t i = 0; i < count; i++)
        fill_pattern(blocks[i], vmma_get_size(world.a, blocks[i]), i);
    for (size_t i = 0; i < count; i++)
        assert_status(vmma_expand(world.a, blocks[i], 50000),
                      VMMA_E_NOT_IN_PLACE);
    for (size_t i = 0; i < count; i++)
        ck_assert(
            holds_pattern(blocks[i], vmma_get_size(world.a, blocks[i]), i));
}
END_TEST

START_TEST(expand_shrinks_where_that_frees_whole_granules)
{
    void *block = must_alloc(world.a, 100 * KIB);
    size_t total = client_stats_of(world.a).free_size;

    assert_ok(vmma_expand(world.a, block, 10 * KIB));
    ck_assert_uint_eq(vmma_get_size(world.a, block), 10 * KIB);
    ck_assert_uint_ge(client_stats_of(world.a).free_size, total + 90 * KIB);
    assert_ok(vmma_expand(world.a, block, 0));
    ck_assert_uint_ge(vmma_get_size(world.a, block), 1);
    ck_assert_uint_le(vmma_get_size(world.a, block), KIB);
}
END_TEST

START_TEST(expand_of_nothing_is_refused)
{
    void *block = must_alloc(world.a, 10);

    assert_status(vmma_expand(world.a, NULL, 10), VMMA_E_NULL);
    assert_status(vmma_expand(NULL, block, 10), VMMA_E_NULL);
    assert_status(vmma_expand(world.b, block, 10), VMMA_E_OTHER_CLIENT);
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *reallocating(void)
{
    TCase *tc = tcase_create("realloc");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, realloc_of_null_allocates);
    tcase_add_loop_test(tc, realloc_keeps_the_contents_up_to_the_smaller_size,
                        0, (int)LENGTH(sizes));
    tcase_add_test(tc, all_of_a_resized_block_can_be_used);
    tcase_add_test(tc, realloc_to_zero_shrinks_to_the_smallest_block);
    tcase_add_test(
        tc, realloc_shrinks_a_large_block_so_that_others_can_have_the_rest);
    tcase_add_test(tc, shrinking_never_fails_even_when_nothing_is_left);
    tcase_add_test(tc, shrinking_never_fails_even_beyond_a_lowered_quota);
    tcase_add_test(tc, a_realloc_that_fails_leaves_the_block_untouched);
    tcase_add_test(tc, a_realloc_beyond_the_quota_leaves_the_block_untouched);
    tcase_add_test(tc, realloc_refuses_a_block_of_another_client);
    return tc;
}

static TCase *expanding(void)
{
    TCase *tc = tcase_create("expand");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, expand_within_the_usable_size_succeeds_in_place);
    tcase_add_test(tc, expand_grows_a_block_or_changes_nothing);
    tcase_add_test(tc, expand_takes_the_room_of_a_neighbour_that_was_freed);
    tcase_add_test(tc, expand_never_reaches_into_a_live_neighbour);
    tcase_add_test(tc, expand_shrinks_where_that_frees_whole_granules);
    tcase_add_test(tc, expand_of_nothing_is_refused);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("resize");

    suite_add_tcase(suite, reallocating());
    suite_add_tcase(suite, expanding());
    return run_suite(suite);
}
