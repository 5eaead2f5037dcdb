/*
 * test_stats.c - the fields of both kinds of statistics.
 *
 * Strategy: every field is compared with what the test itself counted; where
 * the header leaves the library a choice, with the bounds that it gives.
 */
#include "tests/support/support.h"

static struct world world;
static void *blocks[4096];

enum { SIZE = 2 * MIB, GRANULE = 1024 };

static void open_world(void)
{
    world_open(&world, SIZE, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

/* ---- fresh ------------------------------------------------------------- */

START_TEST(a_fresh_context_has_everything_free)
{
    struct vmma_stats stats = stats_of(world.context);

    ck_assert_uint_eq(stats.size, sizeof stats);
    ck_assert_uint_eq(stats.block_bytes, SIZE);
    ck_assert_uint_eq(stats.bookkeeping_size + stats.capacity, SIZE);
    ck_assert_uint_le(stats.bookkeeping_size, SIZE / 4 + GRANULE);
    ck_assert_uint_eq(stats.capacity % GRANULE, 0);
    ck_assert_uint_eq(stats.free_size, stats.capacity);
    ck_assert_uint_gt(stats.largest_free, 0);
    ck_assert_uint_le(stats.largest_free, stats.capacity);
    ck_assert_uint_eq(stats.largest_free % GRANULE, 0);
    ck_assert_uint_eq(stats.alignment, 16);
    ck_assert_uint_eq(stats.block_size, GRANULE);
    ck_assert_uint_eq(stats.smallest_block, 16);
    ck_assert_uint_eq(stats.max_clients, 64);
    ck_assert_uint_eq(stats.client_count, 2);
}
END_TEST

START_TEST(a_fresh_context_has_counted_nothing)
{
    struct vmma_stats stats = stats_of(world.context);

    ck_assert_uint_eq(stats.total_size, 0);
    ck_assert_uint_eq(stats.peak_size, 0);
    ck_assert_uint_eq(stats.touched_size, 0);
    ck_assert_uint_eq(stats.arena_count, 0);
    ck_assert_uint_eq(stats.failed_count, 0);
    ck_assert_uint_eq(stats.last_failed_size, 0);
    ck_assert_int_eq(stats.last_failed_cause, VMMA_OK);
    ck_assert_uint_eq(stats.misuse_count, 0);
    ck_assert_uint_eq(stats.live_blocks, 0);
    ck_assert_uint_eq(stats.live_size, 0);
    ck_assert_uint_eq(stats.cached_blocks, 0);
    ck_assert_uint_eq(stats.cached_size, 0);
    ck_assert_uint_eq(vmma_get_total_size(world.context), 0);
}
END_TEST

START_TEST(the_heap_is_what_purge_names)
{
    struct vmma_stats stats = stats_of(world.context);

    ck_assert_uint_eq(world.heap_size, stats.capacity);
    ck_assert_uint_ge((uintptr_t)world.heap, (uintptr_t)world.ground.memory);
    ck_assert_uint_le((uintptr_t)world.heap + world.heap_size,
                      (uintptr_t)world.ground.memory + SIZE);
}
END_TEST

START_TEST(a_fresh_client_holds_nothing)
{
    struct vmma_client_stats stats = client_stats_of(world.a);

    ck_assert_uint_eq(stats.size, sizeof stats);
    ck_assert_uint_eq(stats.total_size, 0);
    ck_assert_uint_eq(stats.peak_size, 0);
    ck_assert_uint_eq(stats.quota, 0);
    ck_assert_uint_eq(stats.soft_limit, 0);
    ck_assert_uint_eq(stats.reservation, 0);
    ck_assert_uint_eq(stats.arena_count, 0);
    ck_assert_uint_eq(stats.failed_count, 0);
    ck_assert_uint_eq(stats.last_failed_size, 0);
    ck_assert_int_eq(stats.last_failed_cause, VMMA_OK);
    ck_assert_uint_gt(stats.largest_block, 0);
    ck_assert_uint_eq(stats.live_blocks, 0);
    ck_assert_uint_eq(stats.live_size, 0);
    ck_assert_uint_eq(stats.cached_blocks, 0);
    ck_assert_uint_eq(stats.cached_size, 0);
    ck_assert_uint_eq(stats.free_size, 0);
}
END_TEST

START_TEST(the_limits_are_shown_as_configured)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct vmma_client *client = NULL;
    struct vmma_client_stats stats;

    config.quota = 100001;
    config.soft_limit = 50001;
    config.reservation = 10001;
    assert_ok(vmma_create_client(world.context, &config, &client));
    stats = client_stats_of(client);
    ck_assert_uint_eq(stats.quota, 100001);
    ck_assert_uint_eq(stats.soft_limit, 50001);
    ck_assert_uint_eq(stats.reservation, 10 * GRANULE);
    ck_assert_uint_eq(stats.total_size, 10 * GRANULE);
    ck_assert_uint_eq(stats.free_size, 10 * GRANULE);
    ck_assert_uint_ge(stats.arena_count, 1);
}
END_TEST

/* ---- counting ---------------------------------------------------------- */

/* Blocks of all sizes; returns how many, and adds up their usable sizes. */
static size_t allocate_some(struct vmma_client *client, size_t count,
                            size_t *usable)
{
    *usable = 0;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = must_alloc(client, i * i * 7 % 3000);
        *usable += vmma_get_size(client, blocks[i]);
    }
    return count;
}

START_TEST(live_blocks_and_bytes_are_exact)
{
    size_t usable;
    size_t count = allocate_some(world.a, 200, &usable);

    for (size_t i = 0; i < count; i++) {
        struct vmma_client_stats stats = client_stats_of(world.a);

        ck_assert_uint_eq(stats.live_blocks, count - i);
        ck_assert_uint_eq(stats.live_size, usable);
        ck_assert_uint_eq(stats_of(world.context).live_blocks, count - i);
        ck_assert_uint_eq(stats_of(world.context).live_size, usable);
        usable -= vmma_get_size(world.a, blocks[i]);
        assert_ok(vmma_free_from(world.a, blocks[i]));
    }
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 0);
    ck_assert_uint_eq(client_stats_of(world.a).live_size, 0);
}
END_TEST

START_TEST(the_context_s_numbers_are_sums_over_its_clients)
{
    struct vmma_client_stats a;
    struct vmma_client_stats b;
    struct vmma_stats sum;
    size_t usable;

    allocate_some(world.a, 150, &usable);
    for (size_t i = 0; i < 100; i++)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    allocate_some(world.b, 77, &usable);
    a = client_stats_of(world.a);
    b = client_stats_of(world.b);
    sum = stats_of(world.context);
    ck_assert_uint_eq(sum.total_size, a.total_size + b.total_size);
    ck_assert_uint_eq(sum.arena_count, a.arena_count + b.arena_count);
    ck_assert_uint_eq(sum.live_blocks, a.live_blocks + b.live_blocks);
    ck_assert_uint_eq(sum.live_size, a.live_size + b.live_size);
    ck_assert_uint_eq(sum.cached_blocks, a.cached_blocks + b.cached_blocks);
    ck_assert_uint_eq(sum.cached_size, a.cached_size + b.cached_size);
    ck_assert_uint_eq(sum.free_size, sum.capacity - sum.total_size);
}
END_TEST

START_TEST(the_totals_are_those_of_the_short_calls)
{
    size_t usable;
    size_t bytes;

    allocate_some(world.a, 150, &usable);
    for (size_t i = 0; i < 150; i += 2)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    ck_assert_uint_eq(vmma_get_total_size(world.context),
                      stats_of(world.context).total_size);
    ck_assert_uint_eq(vmma_get_client_total_size(world.a),
                      client_stats_of(world.a).total_size);
    ck_assert_uint_eq(vmma_populate_cached_blocks(world.context, &bytes),
                      stats_of(world.context).cached_blocks);
    ck_assert_uint_eq(bytes, stats_of(world.context).cached_size);
    ck_assert_uint_eq(vmma_populate_client_cached_blocks(world.a, &bytes),
                      client_stats_of(world.a).cached_blocks);
    ck_assert_uint_eq(bytes, client_stats_of(world.a).cached_size);
    ck_assert_uint_eq(vmma_populate_cached_blocks(world.context, NULL),
                      stats_of(world.context).cached_blocks);
    ck_assert_uint_eq(vmma_populate_client_cached_blocks(world.b, &bytes), 0);
    ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(live_cached_and_free_bytes_fit_in_the_total)
{
    struct rng rng;
    size_t count = 0;

    rng_init(&rng, test_seed());
    for (unsigned step = 0; step < 3000; step++) {
        struct vmma_client_stats stats;

        if (count > 0 && rng_chance(&rng, 48)) {
            size_t i = rng_below(&rng, count);

            assert_ok(vmma_free_from(world.a, blocks[i]));
            blocks[i] = blocks[--count];
        } else if (count < 500) {
            blocks[count] = vmma_alloc(world.a, rng_size(&rng, 9000));
            count += blocks[count] != NULL;
        }
        stats = client_stats_of(world.a);
        ck_assert_uint_eq(stats.live_blocks, count);
        ck_assert_uint_le(stats.live_size + stats.cached_size,
                          stats.total_size);
        ck_assert_uint_le(stats.live_size + stats.free_size, stats.total_size);
        ck_assert_uint_eq(stats.total_size % GRANULE, 0);
        ck_assert_uint_eq(stats.free_size % GRANULE, 0);
        ck_assert_uint_le(stats.arena_count * GRANULE, stats.total_size);
    }
}
END_TEST

START_TEST(free_blocks_beside_a_live_one_are_cached)
{
    size_t count = 64;

    for (size_t i = 0; i < count; i++)
        blocks[i] = must_alloc(world.a, 16);
    for (size_t i = 1; i < count; i++)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    ck_assert_uint_ge(client_stats_of(world.a).cached_blocks, 1);
    ck_assert_uint_eq(client_stats_of(world.a).cached_size % 16, 0);
    ck_assert_uint_ge(client_stats_of(world.a).cached_size,
                      client_stats_of(world.a).cached_blocks * 16);
}
END_TEST

START_TEST(peaks_stay_when_totals_fall)
{
    void *block = must_alloc(world.a, 500000);
    size_t high = vmma_get_client_total_size(world.a);

    ck_assert_uint_eq(client_stats_of(world.a).peak_size, high);
    assert_ok(vmma_free_from(world.a, block));
    assert_ok(vmma_set_quota(world.a, 1));
    ck_assert_uint_lt(vmma_get_client_total_size(world.a), high);
    ck_assert_uint_eq(client_stats_of(world.a).peak_size, high);
    ck_assert_uint_eq(stats_of(world.context).peak_size, high);
    assert_ok(vmma_reset_peak(world.a));
    ck_assert_uint_eq(client_stats_of(world.a).peak_size,
                      vmma_get_client_total_size(world.a));
    ck_assert_uint_eq(stats_of(world.context).peak_size, high);
}
END_TEST

START_TEST(the_context_s_peak_is_that_of_the_sum)
{
    size_t peak;
    struct vmma_client *client = must_create(world.context, "c");

    must_alloc(client, 300000);
    must_alloc(world.a, 100000);
    peak = vmma_get_total_size(world.context);
    assert_ok(vmma_delete_client(client));
    must_alloc(world.b, 50000);
    ck_assert_uint_eq(stats_of(world.context).peak_size, peak);
}
END_TEST

START_TEST(touched_bytes_never_fall)
{
    size_t touched = 0;

    for (uint64_t round = 0; round < 20; round++) {
        size_t usable;
        struct vmma_stats stats;

        allocate_some(world.a, 20 * round, &usable);
        stats = stats_of(world.context);
        ck_assert_uint_ge(stats.touched_size, touched);
        ck_assert_uint_ge(stats.touched_size, stats.peak_size);
        ck_assert_uint_le(stats.touched_size, stats.capacity);
        touched = stats.touched_size;
        assert_ok(vmma_reset_client(world.a));
        ck_assert_uint_eq(stats_of(world.context).touched_size, touched);
    }
}
END_TEST

START_TEST(failures_are_counted_with_size_and_cause)
{
    struct vmma_client_stats stats;
    struct vmma_stats sum;

    ck_assert_ptr_null(vmma_alloc(world.a, opaque(SIZE_MAX - 5)));
    assert_ok(vmma_set_quota(world.a, 4096));
    ck_assert_ptr_null(vmma_alloc(world.a, 5000));
    stats = client_stats_of(world.a);
    ck_assert_uint_eq(stats.failed_count, 2);
    ck_assert_uint_eq(stats.last_failed_size, 5000);
    ck_assert_int_eq(stats.last_failed_cause, VMMA_E_QUOTA);
    ck_assert_ptr_null(vmma_alloc(world.b, opaque(SIZE_MAX / 2)));
    must_alloc(world.b, 10);
    sum = stats_of(world.context);
    ck_assert_uint_eq(sum.failed_count, 3);
    ck_assert_uint_eq(sum.last_failed_size, SIZE_MAX / 2);
    ck_assert_int_eq(sum.last_failed_cause, VMMA_E_TOO_LARGE);
    ck_assert_uint_eq(client_stats_of(world.b).failed_count, 1);
    assert_ok(vmma_delete_client(world.b));
    ck_assert_uint_eq(stats_of(world.context).failed_count, 3);
}
END_TEST

START_TEST(a_success_counts_no_failure)
{
    size_t usable;

    allocate_some(world.a, 300, &usable);
    ck_assert_uint_eq(client_stats_of(world.a).failed_count, 0);
    ck_assert_uint_eq(stats_of(world.context).failed_count, 0);
}
END_TEST

START_TEST(misuse_is_counted)
{
    void *block = must_alloc(world.a, 10);
    int local = 0;

    assert_ok(vmma_free_from(world.a, block));
    assert_status(vmma_free_from(world.a, block), VMMA_E_NOT_LIVE);
    assert_status(vmma_free(world.context, block), VMMA_E_NOT_LIVE);
    assert_status(vmma_free(world.context, &local), VMMA_E_OUTSIDE);
    assert_status(vmma_expand(world.a, &local, 1), VMMA_E_OUTSIDE);
    ck_assert_ptr_null(vmma_realloc(world.a, &local, 1));
    ck_assert_uint_eq(stats_of(world.context).misuse_count, 5);
    ck_assert_int_eq(vmma_test_address(world.a, &local), 0);
    assert_status(vmma_find_block(world.context, &local, NULL), VMMA_E_OUTSIDE);
    ck_assert_uint_eq(stats_of(world.context).misuse_count, 5);
}
END_TEST

START_TEST(clients_are_counted)
{
    struct vmma_client *client = must_create(world.context, "c");

    ck_assert_uint_eq(stats_of(world.context).client_count, 3);
    assert_ok(vmma_delete_client(client));
    ck_assert_uint_eq(stats_of(world.context).client_count, 2);
    assert_ok(vmma_reset_client(world.a));
    ck_assert_uint_eq(stats_of(world.context).client_count, 2);
}
END_TEST

START_TEST(a_deleted_client_takes_its_numbers_along)
{
    size_t usable;

    allocate_some(world.a, 100, &usable);
    assert_ok(vmma_delete_client(world.a));
    ck_assert_uint_eq(stats_of(world.context).live_blocks, 0);
    ck_assert_uint_eq(stats_of(world.context).live_size, 0);
    ck_assert_uint_eq(stats_of(world.context).cached_blocks, 0);
    ck_assert_uint_eq(stats_of(world.context).total_size, 0);
}
END_TEST

START_TEST(the_largest_block_minds_the_quota)
{
    assert_ok(vmma_set_quota(world.a, 20 * GRANULE));
    ck_assert_uint_le(client_stats_of(world.a).largest_block, 20 * GRANULE);
    ck_assert_uint_gt(client_stats_of(world.a).largest_block, 0);
    must_alloc(world.a, 20 * GRANULE);
    ck_assert_uint_lt(client_stats_of(world.a).largest_block, GRANULE);
    ck_assert_uint_gt(client_stats_of(world.b).largest_block, 20 * GRANULE);
}
END_TEST

START_TEST(the_largest_block_of_a_full_context_is_nothing)
{
    exhaust_client(world.a);
    ck_assert_uint_eq(client_stats_of(world.a).largest_block, 0);
    ck_assert_uint_eq(client_stats_of(world.b).largest_block, 0);
    ck_assert_uint_eq(stats_of(world.context).largest_free, 0);
    ck_assert_uint_eq(stats_of(world.context).free_size, 0);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *fresh(void)
{
    TCase *tc = tcase_create("fresh");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_fresh_context_has_everything_free);
    tcase_add_test(tc, a_fresh_context_has_counted_nothing);
    tcase_add_test(tc, the_heap_is_what_purge_names);
    tcase_add_test(tc, a_fresh_client_holds_nothing);
    tcase_add_test(tc, the_limits_are_shown_as_configured);
    return tc;
}

static TCase *counting(void)
{
    TCase *tc = tcase_create("counting");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, live_blocks_and_bytes_are_exact);
    tcase_add_test(tc, the_context_s_numbers_are_sums_over_its_clients);
    tcase_add_test(tc, the_totals_are_those_of_the_short_calls);
    tcase_add_test(tc, live_cached_and_free_bytes_fit_in_the_total);
    tcase_add_test(tc, free_blocks_beside_a_live_one_are_cached);
    tcase_add_test(tc, peaks_stay_when_totals_fall);
    tcase_add_test(tc, the_context_s_peak_is_that_of_the_sum);
    tcase_add_test(tc, touched_bytes_never_fall);
    tcase_add_test(tc, failures_are_counted_with_size_and_cause);
    tcase_add_test(tc, a_success_counts_no_failure);
    tcase_add_test(tc, misuse_is_counted);
    tcase_add_test(tc, clients_are_counted);
    tcase_add_test(tc, a_deleted_client_takes_its_numbers_along);
    tcase_add_test(tc, the_largest_block_minds_the_quota);
    tcase_add_test(tc, the_largest_block_of_a_full_context_is_nothing);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("stats");

    suite_add_tcase(suite, fresh());
    suite_add_tcase(suite, counting());
    return run_suite(suite);
}
