/*
 * test_report.c - asking for statistics and for what a client leaked.
 *
 * Strategy: the cheap and the thorough call are compared field by field;
 * asking must leave every byte of the block as it was.
 */
#include "tests/support/support.h"

static struct world world;
static void *blocks[4096];

enum { SIZE = MIB, GRANULE = 1024 };

static void open_world(void)
{
    world_open(&world, SIZE, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

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

/* ---- precalculated and populated --------------------------------------- */

START_TEST(precalculated_statistics_leave_the_populated_fields_zero)
{
    struct vmma_client_stats client = VMMA_CLIENT_STATS_INIT;
    struct vmma_stats context = VMMA_STATS_INIT;
    size_t usable;

    allocate_some(world.a, 100, &usable);
    assert_ok(vmma_get_client_stats(world.a, &client));
    ck_assert_uint_eq(client.live_blocks, 0);
    ck_assert_uint_eq(client.live_size, 0);
    ck_assert_uint_eq(client.cached_blocks, 0);
    ck_assert_uint_eq(client.cached_size, 0);
    ck_assert_uint_eq(client.free_size, 0);
    assert_ok(vmma_get_stats(world.context, &context));
    ck_assert_uint_eq(context.live_blocks, 0);
    ck_assert_uint_eq(context.live_size, 0);
    ck_assert_uint_eq(context.cached_blocks, 0);
    ck_assert_uint_eq(context.cached_size, 0);
}
END_TEST

START_TEST(both_calls_agree_on_the_precalculated_fields)
{
    struct vmma_client_stats got = VMMA_CLIENT_STATS_INIT;
    struct vmma_client_stats populated;
    struct vmma_stats got_sum = VMMA_STATS_INIT;
    struct vmma_stats sum;
    size_t usable;

    allocate_some(world.a, 100, &usable);
    ck_assert_ptr_null(vmma_alloc(world.a, opaque(SIZE_MAX)));
    populated = client_stats_of(world.a);
    sum = stats_of(world.context);
    assert_ok(vmma_get_client_stats(world.a, &got));
    assert_ok(vmma_get_stats(world.context, &got_sum));
    populated.live_blocks = populated.live_size = populated.free_size = 0;
    populated.cached_blocks = populated.cached_size = 0;
    sum.live_blocks = sum.live_size = 0;
    sum.cached_blocks = sum.cached_size = 0;
    ck_assert_uint_eq(got.total_size, populated.total_size);
    ck_assert_uint_eq(got.peak_size, populated.peak_size);
    ck_assert_uint_eq(got.largest_block, populated.largest_block);
    ck_assert_uint_eq(got.failed_count, populated.failed_count);
    ck_assert_uint_eq(got.last_failed_size, populated.last_failed_size);
    ck_assert_int_eq(got.last_failed_cause, populated.last_failed_cause);
    ck_assert_uint_eq(got.arena_count, populated.arena_count);
    ck_assert_uint_eq(got_sum.total_size, sum.total_size);
    ck_assert_uint_eq(got_sum.largest_free, sum.largest_free);
    ck_assert_uint_eq(got_sum.capacity, sum.capacity);
    ck_assert_uint_eq(got_sum.touched_size, sum.touched_size);
    ck_assert_uint_eq(got_sum.failed_count, sum.failed_count);
}
END_TEST

START_TEST(asking_changes_nothing)
{
    uint64_t before;
    size_t usable;

    allocate_some(world.a, 100, &usable);
    for (size_t i = 0; i < 100; i += 3)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    before = hash_bytes(world.ground.memory, SIZE);
    for (unsigned i = 0; i < 5; i++) {
        struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;
        size_t bytes;

        stats_of(world.context);
        client_stats_of(world.a);
        vmma_populate_cached_blocks(world.context, &bytes);
        vmma_populate_client_cached_blocks(world.a, &bytes);
        assert_ok(vmma_get_leak_report(world.a, &report));
        assert_sound(world.context);
        vmma_find_client(world.context, 1);
        vmma_get_block_size(world.context, blocks[i]);
        vmma_find_block(world.context, (char *)blocks[i] + 1, NULL);
    }
    ck_assert_uint_eq(hash_bytes(world.ground.memory, SIZE), before);
}
END_TEST

START_TEST(statistics_of_unknown_size_are_not_written)
{
    static const size_t sizes[] = {0, 1, 8};
    struct vmma_stats context = VMMA_STATS_INIT;
    struct vmma_client_stats client = VMMA_CLIENT_STATS_INIT;
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;

    must_alloc(world.a, 10);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        context.size = client.size = report.size = sizes[i];
        context.total_size = client.total_size = report.block_count = 12345;
        assert_status(vmma_get_stats(world.context, &context),
                      VMMA_E_STRUCT_SIZE);
        assert_status(vmma_populate_stats(world.context, &context),
                      VMMA_E_STRUCT_SIZE);
        assert_status(vmma_get_client_stats(world.a, &client),
                      VMMA_E_STRUCT_SIZE);
        assert_status(vmma_populate_client_stats(world.a, &client),
                      VMMA_E_STRUCT_SIZE);
        assert_status(vmma_get_leak_report(world.a, &report),
                      VMMA_E_STRUCT_SIZE);
        ck_assert_uint_eq(context.total_size, 12345);
        ck_assert_uint_eq(client.total_size, 12345);
        ck_assert_uint_eq(report.block_count, 12345);
        ck_assert_uint_eq(context.size, sizes[i]);
    }
}
END_TEST

/* What a later version of the library may have at the end of its structs. */
union longer {
    struct {
        struct vmma_stats known;
        unsigned char tail[16];
    } context;
    struct {
        struct vmma_client_stats known;
        unsigned char tail[16];
    } client;
    struct {
        struct vmma_leak_report known;
        unsigned char tail[16];
    } report;
};

static void ask_longer(unsigned char last, enum vmma_status status)
{
    union longer longer;

    memset(&longer, 0, sizeof longer);
    longer.context.known.size = sizeof longer.context;
    longer.context.tail[15] = last;
    assert_status(vmma_get_stats(world.context, &longer.context.known), status);
    assert_status(vmma_populate_stats(world.context, &longer.context.known),
                  status);
    memset(&longer, 0, sizeof longer);
    longer.client.known.size = sizeof longer.client;
    longer.client.tail[15] = last;
    assert_status(vmma_get_client_stats(world.a, &longer.client.known), status);
    assert_status(vmma_populate_client_stats(world.a, &longer.client.known),
                  status);
    memset(&longer, 0, sizeof longer);
    longer.report.known.size = sizeof longer.report;
    longer.report.tail[15] = last;
    assert_status(vmma_get_leak_report(world.a, &longer.report.known), status);
}

START_TEST(longer_statistics_are_accepted_if_their_tail_is_zero)
{
    ask_longer(0, VMMA_OK);
}
END_TEST

START_TEST(longer_statistics_are_refused_if_their_tail_is_not_zero)
{
    ask_longer(1, VMMA_E_STRUCT_SIZE);
}
END_TEST

START_TEST(longer_statistics_have_what_is_known)
{
    union longer longer;

    must_alloc(world.a, 100);
    memset(&longer, 0, sizeof longer);
    longer.client.known.size = sizeof longer.client;
    assert_ok(vmma_populate_client_stats(world.a, &longer.client.known));
    ck_assert_uint_eq(longer.client.known.size, sizeof longer.client);
    ck_assert_uint_eq(longer.client.known.live_blocks, 1);
    ck_assert(holds_byte(longer.client.tail, sizeof longer.client.tail, 0));
}
END_TEST

START_TEST(no_place_for_statistics_is_refused)
{
    assert_status(vmma_get_stats(world.context, NULL), VMMA_E_NULL);
    assert_status(vmma_populate_stats(world.context, NULL), VMMA_E_NULL);
    assert_status(vmma_get_client_stats(world.a, NULL), VMMA_E_NULL);
    assert_status(vmma_populate_client_stats(world.a, NULL), VMMA_E_NULL);
    assert_status(vmma_get_leak_report(world.a, NULL), VMMA_E_NULL);
}
END_TEST

/* ---- leak report ------------------------------------------------------- */

START_TEST(the_leak_report_counts_live_blocks_by_size)
{
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;
    size_t expected[VMMA_HISTOGRAM_MAX] = {0};
    size_t usable;
    size_t count = allocate_some(world.a, 250, &usable);

    for (size_t i = 0; i < count; i++) {
        size_t size = vmma_get_size(world.a, blocks[i]);
        size_t order = 0;

        if (i % 3 == 0) {
            usable -= size;
            assert_ok(vmma_free_from(world.a, blocks[i]));
            continue;
        }
        while (size >> order > 1)
            order++;
        expected[order]++;
    }
    assert_ok(vmma_get_leak_report(world.a, &report));
    ck_assert_uint_eq(report.block_count, count - (count + 2) / 3);
    ck_assert_uint_eq(report.byte_count, usable);
    for (size_t i = 0; i < VMMA_HISTOGRAM_MAX; i++)
        ck_assert_uint_eq(report.histogram[i], expected[i]);
}
END_TEST

START_TEST(the_leak_report_of_an_empty_client_is_empty)
{
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;

    memset(report.histogram, 0xFF, sizeof report.histogram);
    report.block_count = report.byte_count = 99;
    must_alloc(world.b, 100);
    assert_ok(vmma_get_leak_report(world.a, &report));
    ck_assert_uint_eq(report.block_count, 0);
    ck_assert_uint_eq(report.byte_count, 0);
    ck_assert(holds_byte(report.histogram, sizeof report.histogram, 0));
}
END_TEST

START_TEST(a_leaked_large_block_is_reported_in_its_order)
{
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;

    must_alloc(world.a, 256 * KIB);
    assert_ok(vmma_get_leak_report(world.a, &report));
    ck_assert_uint_eq(report.block_count, 1);
    ck_assert_uint_eq(report.histogram[18], 1);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *asking(void)
{
    TCase *tc = tcase_create("asking");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc,
                   precalculated_statistics_leave_the_populated_fields_zero);
    tcase_add_test(tc, both_calls_agree_on_the_precalculated_fields);
    tcase_add_test(tc, asking_changes_nothing);
    tcase_add_test(tc, statistics_of_unknown_size_are_not_written);
    tcase_add_test(tc, longer_statistics_are_accepted_if_their_tail_is_zero);
    tcase_add_test(tc, longer_statistics_are_refused_if_their_tail_is_not_zero);
    tcase_add_test(tc, longer_statistics_have_what_is_known);
    tcase_add_test(tc, no_place_for_statistics_is_refused);
    tcase_add_test(tc, the_leak_report_counts_live_blocks_by_size);
    tcase_add_test(tc, the_leak_report_of_an_empty_client_is_empty);
    tcase_add_test(tc, a_leaked_large_block_is_reported_in_its_order);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("report");

    suite_add_tcase(suite, asking());
    return run_suite(suite);
}
