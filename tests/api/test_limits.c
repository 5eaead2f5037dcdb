/*
 * test_limits.c - quota, soft limit, reservation and reset.
 *
 * Strategy: a client is driven against each limit with blocks of several
 * sizes, and after each step its total is compared with the limit, to the
 * byte; a greedy neighbour takes all that it can get.
 */
#include "tests/support/support.h"

static struct world world;

static void open_world(void)
{
    world_open(&world, MIB, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

enum { GRANULE = 1024 };

static struct vmma_client *create_limited(size_t quota, size_t soft_limit,
                                          size_t reservation)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct vmma_client *client = NULL;

    config.name = "limited";
    config.quota = quota;
    config.soft_limit = soft_limit;
    config.reservation = reservation;
    assert_ok(vmma_create_client(world.context, &config, &client));
    return client;
}

/* ---- quota ------------------------------------------------------------- */

static const size_t quotas[] = {1,     100,   1023,  1024, 1025,
                                2048,  3072,  5000,  7168, 16384,
                                17408, 65536, 99999, 3000, 102400};
static const size_t quota_blocks[] = {1, 16, 100, 1000, 1024, 1500, 3000, 9000};

/* Nothing fits any more, and that is the quota's doing. */
static void fill_within(struct vmma_client *client, size_t size, size_t quota)
{
    while (vmma_alloc(client, size) != NULL)
        ck_assert_uint_le(vmma_get_client_total_size(client), quota);
    assert_status(vmma_get_last_error(client), VMMA_E_QUOTA);
    ck_assert_uint_le(vmma_get_client_total_size(client), quota);
}

START_TEST(a_client_never_holds_more_than_its_quota)
{
    size_t quota = quotas[_i];

    for (size_t i = 0; i < LENGTH(quota_blocks); i++) {
        struct vmma_client *client = create_limited(quota, 0, 0);

        fill_within(client, quota_blocks[i], quota);
        assert_ok(vmma_delete_client(client));
    }
}
END_TEST

START_TEST(a_client_can_hold_all_granules_of_its_quota)
{
    size_t quota = quotas[_i];

    for (size_t i = 0; i < LENGTH(quota_blocks); i++) {
        struct vmma_client *client = create_limited(quota, 0, 0);

        fill_within(client, quota_blocks[i], quota);
        fill_within(client, 1, quota);
        ck_assert_uint_eq(vmma_get_client_total_size(client),
                          quota / GRANULE * GRANULE);
        assert_ok(vmma_delete_client(client));
    }
}
END_TEST

START_TEST(a_quota_stops_nobody_else)
{
    struct vmma_client *client = create_limited(4096, 0, 0);

    fill_within(client, 100, 4096);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 100000));
}
END_TEST

START_TEST(what_is_freed_within_the_quota_can_be_had_again)
{
    struct vmma_client *client = create_limited(64 * KIB, 0, 0);
    static void *blocks[4096];

    for (unsigned round = 0; round < 5; round++) {
        size_t count = fill_client(client, 500 + 300 * round, blocks, 4096);

        ck_assert_uint_ge(count, 64 * KIB / (1000 + 600 * round));
        for (size_t i = 0; i < count; i++)
            assert_ok(vmma_free_from(client, blocks[i]));
    }
}
END_TEST

START_TEST(a_lowered_quota_leaves_what_is_held_and_stops_growth)
{
    void *block = must_alloc(world.a, 50000);
    size_t total;

    fill_pattern(block, 50000, 5);
    assert_ok(vmma_set_quota(world.a, 2048));
    total = vmma_get_client_total_size(world.a);
    ck_assert_uint_ge(total, 50000);
    ck_assert_ptr_null(vmma_alloc(world.a, 60000));
    assert_status(vmma_get_last_error(world.a), VMMA_E_QUOTA);
    ck_assert_uint_le(vmma_get_client_total_size(world.a), total);
    ck_assert(holds_pattern(block, 50000, 5));
    assert_ok(vmma_free_from(world.a, block));
    ck_assert_uint_le(vmma_get_client_total_size(world.a), total);
}
END_TEST

START_TEST(a_lowered_quota_takes_what_can_be_spared)
{
    void *block = must_alloc(world.a, 50000);

    assert_ok(vmma_free_from(world.a, block));
    assert_ok(vmma_set_quota(world.a, 1));
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
}
END_TEST

START_TEST(a_raised_quota_lets_the_client_grow)
{
    struct vmma_client *client = create_limited(4096, 0, 0);

    fill_within(client, 100, 4096);
    assert_ok(vmma_set_quota(client, 8192));
    ck_assert_ptr_nonnull(vmma_alloc(client, 100));
    fill_within(client, 100, 8192);
    assert_ok(vmma_set_quota(client, 0));
    ck_assert_ptr_nonnull(vmma_alloc(client, 100000));
}
END_TEST

START_TEST(a_quota_below_another_limit_is_refused)
{
    struct vmma_client *client = create_limited(65536, 20480, 8192);

    assert_status(vmma_set_quota(client, 20479), VMMA_E_LIMITS);
    assert_status(vmma_set_quota(client, 8191), VMMA_E_LIMITS);
    assert_status(vmma_set_quota(client, 1), VMMA_E_LIMITS);
    ck_assert_uint_eq(client_stats_of(client).quota, 65536);
    assert_ok(vmma_set_quota(client, 20480));
    assert_ok(vmma_set_soft_limit(client, 0));
    assert_status(vmma_set_quota(client, 8191), VMMA_E_LIMITS);
    assert_ok(vmma_set_quota(client, 8192));
    assert_ok(vmma_set_quota(client, 0));
    ck_assert_uint_eq(client_stats_of(client).quota, 0);
}
END_TEST

START_TEST(a_limit_above_the_quota_is_refused)
{
    struct vmma_client *client = create_limited(16384, 0, 0);

    assert_status(vmma_set_soft_limit(client, 16385), VMMA_E_LIMITS);
    assert_status(vmma_set_soft_limit(client, SIZE_MAX), VMMA_E_LIMITS);
    assert_status(vmma_set_reservation(client, 17408), VMMA_E_LIMITS);
    assert_status(vmma_set_reservation(client, 16385), VMMA_E_LIMITS);
    assert_status(vmma_set_reservation(client, SIZE_MAX), VMMA_E_LIMITS);
    ck_assert_uint_eq(client_stats_of(client).soft_limit, 0);
    ck_assert_uint_eq(client_stats_of(client).reservation, 0);
    ck_assert_uint_eq(vmma_get_client_total_size(client), 0);
    assert_ok(vmma_set_soft_limit(client, 16384));
    assert_ok(vmma_set_reservation(client, 16384));
}
END_TEST

/* ---- soft limit -------------------------------------------------------- */

static struct {
    unsigned calls;
    struct vmma_client *client;
    size_t wanted;
    void *to_free;
} heard;

static void hear(void *user, struct vmma_client *client, size_t wanted)
{
    ck_assert_ptr_eq(user, &heard);
    heard.calls++;
    heard.client = client;
    heard.wanted = wanted;
    if (heard.to_free != NULL)
        assert_ok(vmma_free_from(client, heard.to_free));
    heard.to_free = NULL;
}

static void open_listening_world(void)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    memset(&heard, 0, sizeof heard);
    config.soft_limit = hear;
    config.user = &heard;
    world_open(&world, MIB, &config);
}

START_TEST(the_soft_limit_callback_is_called_when_growth_goes_beyond)
{
    struct vmma_client *client = create_limited(0, 20000, 0);

    for (size_t i = 0; i < 500; i++) {
        size_t size = 1 + i * 13 % 1500;
        size_t before = vmma_get_client_total_size(client);
        unsigned calls = heard.calls;
        size_t after;

        must_alloc(client, size);
        after = vmma_get_client_total_size(client);
        if (after > before && after > 20000) {
            ck_assert_uint_gt(heard.calls, calls);
            ck_assert_ptr_eq(heard.client, client);
            ck_assert_uint_eq(heard.wanted, size);
        } else {
            ck_assert_uint_eq(heard.calls, calls);
        }
    }
    ck_assert_uint_gt(heard.calls, 1);
}
END_TEST

START_TEST(a_client_without_a_soft_limit_is_not_heard_of)
{
    exhaust_client(world.a);
    ck_assert_uint_eq(heard.calls, 0);
}
END_TEST

START_TEST(a_soft_limit_does_not_stop_growth)
{
    struct vmma_client *client = create_limited(0, 1, 0);

    ck_assert_ptr_nonnull(vmma_alloc(client, 500000));
    ck_assert_uint_eq(heard.calls, 1);
}
END_TEST

START_TEST(blocks_freed_in_the_soft_limit_callback_make_growth_needless)
{
    struct vmma_client *client = create_limited(0, 30000, 0);
    size_t total;

    heard.to_free = must_alloc(client, 30000 / GRANULE * GRANULE);
    total = vmma_get_client_total_size(client);
    ck_assert_uint_eq(heard.calls, 0);
    ck_assert_ptr_nonnull(vmma_alloc(client, 29000));
    ck_assert_uint_eq(heard.calls, 1);
    ck_assert_uint_le(vmma_get_client_total_size(client), total);
}
END_TEST

START_TEST(a_soft_limit_that_is_taken_away_is_silent)
{
    struct vmma_client *client = create_limited(0, 1024, 0);

    assert_ok(vmma_set_soft_limit(client, 0));
    must_alloc(client, 100000);
    ck_assert_uint_eq(heard.calls, 0);
    assert_ok(vmma_set_soft_limit(client, 1024));
    must_alloc(client, 200000);
    ck_assert_uint_ge(heard.calls, 1);
}
END_TEST

/* ---- reservation ------------------------------------------------------- */

START_TEST(a_reservation_is_held_at_once_in_whole_granules)
{
    static const size_t wanted[] = {1, 1023, 1024, 1025, 5000, 100000, 131072};

    for (size_t i = 0; i < LENGTH(wanted); i++) {
        size_t rounded = (wanted[i] + GRANULE - 1) / GRANULE * GRANULE;
        struct vmma_client *client = create_limited(0, 0, wanted[i]);

        ck_assert_uint_eq(vmma_get_client_total_size(client), rounded);
        ck_assert_uint_eq(client_stats_of(client).reservation, rounded);
        ck_assert_uint_eq(vmma_get_total_size(world.context), rounded);
        assert_sound(world.context);
        assert_ok(vmma_delete_client(client));
        ck_assert_uint_eq(vmma_get_total_size(world.context), 0);
    }
}
END_TEST

START_TEST(the_whole_context_can_be_reserved)
{
    size_t capacity = stats_of(world.context).capacity;
    struct vmma_client *client = create_limited(0, 0, capacity);

    ck_assert_uint_eq(vmma_get_client_total_size(client), capacity);
    ck_assert_ptr_null(vmma_alloc(world.a, 1));
    assert_status(vmma_get_last_error(world.a), VMMA_E_EXHAUSTED);
    ck_assert_ptr_nonnull(vmma_alloc(client, 100));
}
END_TEST

START_TEST(a_reservation_stays_allocatable_beside_a_greedy_client)
{
    size_t smallest = stats_of(world.context).smallest_block;
    struct vmma_client *client = create_limited(0, 0, 100 * KIB);
    size_t count;

    exhaust_client(world.a);
    exhaust_client(world.b);
    ck_assert_uint_eq(vmma_get_client_total_size(client), 100 * KIB);
    count = fill_client(client, 1, NULL, 0);
    ck_assert_uint_eq(count * smallest, 100 * KIB);
}
END_TEST

START_TEST(a_reservation_survives_everything_its_client_does)
{
    struct vmma_client *client = create_limited(0, 0, 64 * KIB);
    static void *blocks[8192];

    for (size_t size = 1; size < 40000; size = size * 5 + 1) {
        size_t count = fill_client(client, size, blocks, 8192);

        for (size_t i = 0; i < count; i++)
            assert_ok(vmma_free_from(client, blocks[i]));
        ck_assert_uint_ge(vmma_get_client_total_size(client), 64 * KIB);
        exhaust_client(world.a);
        ck_assert_uint_ge(vmma_get_client_total_size(client), 64 * KIB);
        ck_assert_ptr_nonnull(vmma_alloc(client, 1));
        assert_ok(vmma_reset_client(world.a));
        assert_ok(vmma_reset_client(client));
        ck_assert_uint_eq(vmma_get_client_total_size(client), 64 * KIB);
    }
}
END_TEST

START_TEST(a_reservation_can_be_raised_and_lowered)
{
    struct vmma_client *client = create_limited(0, 0, 0);

    assert_ok(vmma_set_reservation(client, 50000));
    ck_assert_uint_ge(vmma_get_client_total_size(client), 50000);
    ck_assert_uint_eq(client_stats_of(client).reservation, 49 * GRANULE);
    assert_ok(vmma_set_reservation(client, 100000));
    ck_assert_uint_ge(vmma_get_client_total_size(client), 100000);
    assert_ok(vmma_set_reservation(client, 1000));
    ck_assert_uint_eq(client_stats_of(client).reservation, GRANULE);
    ck_assert_uint_ge(vmma_get_client_total_size(client), GRANULE);
    assert_ok(vmma_set_reservation(client, 0));
    assert_sound(world.context);
}
END_TEST

static void ignore_range(void *user, void *start, size_t size)
{
    (void)user;
    (void)start;
    (void)size;
}

START_TEST(a_reservation_that_is_taken_away_comes_back_to_the_context)
{
    struct vmma_client *client = create_limited(0, 0, 100 * KIB);

    assert_ok(vmma_set_reservation(client, 0));
    assert_ok(vmma_purge(world.context, 4096, ignore_range, NULL));
    ck_assert_uint_eq(vmma_get_client_total_size(client), 0);
    ck_assert_uint_eq(vmma_get_total_size(world.context), 0);
}
END_TEST

START_TEST(a_raised_reservation_that_cannot_be_had_changes_nothing)
{
    struct vmma_client *client = create_limited(0, 0, 10 * KIB);

    exhaust_client(world.a);
    assert_status(vmma_set_reservation(client, 11 * KIB), VMMA_E_EXHAUSTED);
    assert_status(vmma_set_reservation(client, SIZE_MAX), VMMA_E_EXHAUSTED);
    ck_assert_uint_eq(client_stats_of(client).reservation, 10 * KIB);
    ck_assert_uint_eq(vmma_get_client_total_size(client), 10 * KIB);
    assert_sound(world.context);
}
END_TEST

START_TEST(a_raised_reservation_is_met_from_what_others_keep_for_reuse)
{
    size_t capacity = stats_of(world.context).capacity;
    static void *blocks[1024];
    size_t count = fill_client(world.a, 3000, blocks, 1024);

    for (size_t i = 0; i < count; i++)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    assert_ok(vmma_set_reservation(world.b, capacity));
    ck_assert_uint_eq(vmma_get_client_total_size(world.b), capacity);
}
END_TEST

/* ---- reset ------------------------------------------------------------- */

START_TEST(a_reset_client_has_nothing_live_and_keeps_who_it_is)
{
    struct vmma_client *client = create_limited(512 * KIB, 256 * KIB, 0);
    uint64_t id = vmma_get_client_id(client);
    void *small = must_alloc(client, 10);
    void *large = must_alloc(client, 100000);

    fill_client(client, 777, NULL, 0);
    assert_ok(vmma_reset_client(client));
    assert_sound(world.context);
    ck_assert_uint_eq(vmma_get_client_total_size(client), 0);
    ck_assert_int_eq(vmma_test_address(client, small), 0);
    assert_status(vmma_free_from(client, small), VMMA_E_NOT_LIVE);
    assert_status(vmma_free_from(client, large), VMMA_E_NOT_LIVE);
    ck_assert_int_eq(vmma_is_client(client), 1);
    ck_assert_uint_eq(vmma_get_client_id(client), id);
    ck_assert_str_eq(vmma_get_client_name(client), "limited");
    ck_assert_ptr_eq(vmma_find_client(world.context, id), client);
    ck_assert_uint_eq(client_stats_of(client).quota, 512 * KIB);
    ck_assert_uint_eq(client_stats_of(client).soft_limit, 256 * KIB);
    ck_assert_ptr_nonnull(vmma_alloc(client, 1000));
}
END_TEST

START_TEST(a_reset_client_starts_its_counters_again)
{
    struct vmma_client *client = create_limited(64 * KIB, 0, 4096);
    struct vmma_client_stats stats;

    fill_within(client, 5000, 64 * KIB);
    assert_ok(vmma_reset_client(client));
    stats = client_stats_of(client);
    ck_assert_uint_eq(stats.total_size, 4096);
    ck_assert_uint_eq(stats.peak_size, 4096);
    ck_assert_uint_eq(stats.reservation, 4096);
    ck_assert_uint_eq(stats.failed_count, 0);
    ck_assert_uint_eq(stats.last_failed_size, 0);
    ck_assert_int_eq(stats.last_failed_cause, VMMA_OK);
    assert_ok(vmma_get_last_error(client));
    ck_assert_uint_eq(stats.live_blocks, 0);
    ck_assert_uint_eq(stats.live_size, 0);
}
END_TEST

START_TEST(resetting_a_client_touches_no_other)
{
    void *block = must_alloc(world.b, 5000);

    fill_pattern(block, 5000, 9);
    exhaust_client(world.a);
    assert_ok(vmma_reset_client(world.a));
    ck_assert(holds_pattern(block, 5000, 9));
    ck_assert_int_eq(vmma_test_address(world.b, block), 1);
    ck_assert_uint_eq(vmma_get_total_size(world.context),
                      vmma_get_client_total_size(world.b));
}
END_TEST

START_TEST(resetting_an_empty_client_does_nothing)
{
    assert_ok(vmma_reset_client(world.a));
    assert_ok(vmma_reset_client(world.a));
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *quota(void)
{
    TCase *tc = tcase_create("quota");
    int count = (int)LENGTH(quotas);

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, a_client_never_holds_more_than_its_quota, 0, count);
    tcase_add_loop_test(tc, a_client_can_hold_all_granules_of_its_quota, 0,
                        count);
    tcase_add_test(tc, a_quota_stops_nobody_else);
    tcase_add_test(tc, what_is_freed_within_the_quota_can_be_had_again);
    tcase_add_test(tc, a_lowered_quota_leaves_what_is_held_and_stops_growth);
    tcase_add_test(tc, a_lowered_quota_takes_what_can_be_spared);
    tcase_add_test(tc, a_raised_quota_lets_the_client_grow);
    tcase_add_test(tc, a_quota_below_another_limit_is_refused);
    tcase_add_test(tc, a_limit_above_the_quota_is_refused);
    return tc;
}

static TCase *soft_limit(void)
{
    TCase *tc = tcase_create("soft limit");

    tcase_add_checked_fixture(tc, open_listening_world, close_world);
    tcase_add_test(tc,
                   the_soft_limit_callback_is_called_when_growth_goes_beyond);
    tcase_add_test(tc, a_client_without_a_soft_limit_is_not_heard_of);
    tcase_add_test(tc, a_soft_limit_does_not_stop_growth);
    tcase_add_test(
        tc, blocks_freed_in_the_soft_limit_callback_make_growth_needless);
    tcase_add_test(tc, a_soft_limit_that_is_taken_away_is_silent);
    return tc;
}

static TCase *reservation(void)
{
    TCase *tc = tcase_create("reservation");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_reservation_is_held_at_once_in_whole_granules);
    tcase_add_test(tc, the_whole_context_can_be_reserved);
    tcase_add_test(tc, a_reservation_stays_allocatable_beside_a_greedy_client);
    tcase_add_test(tc, a_reservation_survives_everything_its_client_does);
    tcase_add_test(tc, a_reservation_can_be_raised_and_lowered);
    tcase_add_test(tc,
                   a_reservation_that_is_taken_away_comes_back_to_the_context);
    tcase_add_test(tc, a_raised_reservation_that_cannot_be_had_changes_nothing);
    tcase_add_test(tc,
                   a_raised_reservation_is_met_from_what_others_keep_for_reuse);
    return tc;
}

static TCase *reset(void)
{
    TCase *tc = tcase_create("reset");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_reset_client_has_nothing_live_and_keeps_who_it_is);
    tcase_add_test(tc, a_reset_client_starts_its_counters_again);
    tcase_add_test(tc, resetting_a_client_touches_no_other);
    tcase_add_test(tc, resetting_an_empty_client_does_nothing);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("limits");

    suite_add_tcase(suite, quota());
    suite_add_tcase(suite, soft_limit());
    suite_add_tcase(suite, reservation());
    suite_add_tcase(suite, reset());
    return run_suite(suite);
}
