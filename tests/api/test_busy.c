/*
 * test_busy.c - what may be done inside a callback.
 *
 * Strategy: inside every kind of callback, all calls that change something
 * are tried and must answer BUSY without an effect, and all calls that read
 * must answer as ever; the two callbacks that may free are shown to do so.
 */
#include "tests/support/host.h"

static void *blocks[4096];

/* ---- what is refused inside -------------------------------------------- */

static void ignore_range(void *user, void *start, size_t size)
{
    (void)user;
    (void)start;
    (void)size;
}

static void *busy_block;  /* of client a, live                            */
static void *other_block; /* of client b, live                            */

static void requests_are_refused(struct vmma_client *client, void *block)
{
    ck_assert_ptr_null(vmma_alloc(client, 10));
    assert_status(vmma_get_last_error(client), VMMA_E_BUSY);
    ck_assert_ptr_null(vmma_calloc(client, 1, 10));
    ck_assert_ptr_null(vmma_aligned_alloc(client, 64, 10));
    ck_assert_ptr_null(vmma_realloc(client, NULL, 10));
    ck_assert_ptr_null(vmma_realloc(client, block, 5));
    assert_status(vmma_expand(client, block, 5), VMMA_E_BUSY);
    assert_status(vmma_get_last_error(client), VMMA_E_BUSY);
}

static void changes_are_refused(void)
{
    struct vmma_client *client = NULL;
    uint32_t flags = vmma_get_accepted_flags(world.context);

    requests_are_refused(world.a, busy_block);
    requests_are_refused(world.b, other_block);
    assert_status(vmma_create_client(world.context, NULL, &client),
                  VMMA_E_BUSY);
    ck_assert_ptr_null(client);
    assert_status(vmma_delete_client(world.a), VMMA_E_BUSY);
    assert_status(vmma_delete_client(world.b), VMMA_E_BUSY);
    assert_status(vmma_reset_client(world.a), VMMA_E_BUSY);
    assert_status(vmma_set_quota(world.a, 0), VMMA_E_BUSY);
    assert_status(vmma_set_soft_limit(world.a, 0), VMMA_E_BUSY);
    assert_status(vmma_set_reservation(world.a, 0), VMMA_E_BUSY);
    assert_status(vmma_reset_peak(world.a), VMMA_E_BUSY);
    assert_status(vmma_delete_context(world.context), VMMA_E_BUSY);
    assert_status(vmma_extend_context(world.context, 512 * KIB), VMMA_E_BUSY);
    assert_status(vmma_purge(world.context, 4096, ignore_range, NULL),
                  VMMA_E_BUSY);
    ck_assert_uint_eq(vmma_set_flags(world.context, flags ^ 3u), flags);
    ck_assert_uint_eq(vmma_get_accepted_flags(world.context), flags);
}

static void frees_are_refused(void)
{
    assert_status(vmma_free_from(world.a, busy_block), VMMA_E_BUSY);
    assert_status(vmma_free(world.context, busy_block), VMMA_E_BUSY);
    assert_status(vmma_free_from(world.b, other_block), VMMA_E_BUSY);
    assert_status(vmma_free(world.context, other_block), VMMA_E_BUSY);
}

static int count_block(void *user, const struct vmma_block *block)
{
    ck_assert_ptr_nonnull(block->start);
    ++*(size_t *)user;
    return 0;
}

static int count_client(void *user, struct vmma_client *client)
{
    ck_assert_int_eq(vmma_is_client(client), 1);
    ++*(size_t *)user;
    return 0;
}

static void reading_works(void)
{
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;
    size_t live_blocks = 0;
    size_t clients = 0;

    assert_sound(world.context);
    ck_assert_uint_ge(stats_of(world.context).live_blocks, 2);
    ck_assert_uint_ge(client_stats_of(world.b).live_blocks, 1);
    ck_assert_int_eq(vmma_test_address(world.a, busy_block), 1);
    ck_assert_uint_ge(vmma_get_size(world.b, other_block), 1);
    ck_assert_ptr_eq(vmma_get_owner(world.context, other_block), world.b);
    assert_ok(vmma_find_block(world.context, other_block, NULL));
    ck_assert_ptr_eq(vmma_find_client_by_name(world.context, "a"), world.a);
    ck_assert_str_eq(vmma_get_client_name(world.b), "b");
    assert_ok(vmma_get_leak_report(world.a, &report));
    vmma_populate_cached_blocks(world.context, NULL);
    assert_ok(vmma_walk_blocks(world.a, count_block, &live_blocks));
    ck_assert_uint_eq(live_blocks, report.block_count);
    assert_ok(vmma_walk_clients(world.context, count_client, &clients));
    ck_assert_uint_eq(clients, 2);
}

/* After a walk inside the callback, the callback is still one. */
static void everything_is_refused(void)
{
    unsigned events = host.events;

    changes_are_refused();
    frees_are_refused();
    reading_works();
    changes_are_refused();
    frees_are_refused();
    ck_assert_uint_eq(host.events, events);
}

/* The same, where blocks of the client may be freed. */
static void all_but_frees_is_refused(void)
{
    changes_are_refused();
    reading_works();
    changes_are_refused();
    assert_status(vmma_free_from(world.b, other_block), VMMA_E_BUSY);
    assert_status(vmma_free(world.context, other_block), VMMA_E_BUSY);
    ck_assert_int_eq(vmma_test_address(world.b, other_block), 1);
}

static void set_scene(void)
{
    busy_block = must_alloc(world.a, 1000);
    other_block = must_alloc(world.b, 1000);
    fill_pattern(busy_block, 1000, 1);
    fill_pattern(other_block, 1000, 2);
}

static void scene_is_intact(void)
{
    ck_assert_uint_ge(host.insides, 1);
    ck_assert_int_eq(vmma_test_address(world.a, busy_block), 1);
    ck_assert_int_eq(vmma_test_address(world.b, other_block), 1);
    ck_assert(holds_pattern(busy_block, 1000, 1));
    ck_assert(holds_pattern(other_block, 1000, 2));
    assert_sound(world.context);
    host.inside = NULL;
    assert_ok(vmma_free_from(world.a, busy_block));
    assert_ok(vmma_free(world.context, other_block));
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 10));
}

START_TEST(inside_the_event_callback_for_misuse_changes_are_busy)
{
    set_scene();
    host.inside = everything_is_refused;
    assert_status(vmma_free(world.context, &host), VMMA_E_OUTSIDE);
    scene_is_intact();
}
END_TEST

static void only_in_event(void)
{
    if (host.out_of_memories == 0 || host.events > 0)
        everything_is_refused();
}

START_TEST(inside_the_event_callback_of_a_failed_request_changes_are_busy)
{
    set_scene();
    host.inside = only_in_event;
    ck_assert_ptr_null(vmma_alloc(world.a, opaque(SIZE_MAX / 2)));
    ck_assert_uint_eq(host.event.kind, VMMA_EVENT_FAILURE);
    scene_is_intact();
}
END_TEST

START_TEST(inside_the_soft_limit_callback_other_changes_are_busy)
{
    set_scene();
    assert_ok(vmma_set_soft_limit(world.a, 1));
    host.inside = all_but_frees_is_refused;
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 40000));
    ck_assert_uint_eq(host.soft_limits, 1);
    scene_is_intact();
}
END_TEST

static void only_out_of_memory(void)
{
    if (host.events == 0)
        all_but_frees_is_refused();
}

START_TEST(inside_the_out_of_memory_callback_other_changes_are_busy)
{
    set_scene();
    host.inside = only_out_of_memory;
    assert_ok(vmma_set_quota(world.a, 20000));
    ck_assert_ptr_null(vmma_alloc(world.a, 50000));
    ck_assert_uint_ge(host.out_of_memories, 1);
    scene_is_intact();
}
END_TEST

static void free_with_the_context(void)
{
    assert_ok(vmma_free(world.context, host.to_free));
    host.to_free = NULL;
}

START_TEST(both_frees_work_inside_the_out_of_memory_callback)
{
    assert_ok(vmma_set_quota(world.a, 60000));
    host.to_free = must_alloc(world.a, 50000);
    host.inside = free_with_the_context;
    host.answer = 1;
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 50000));
    host.inside = NULL;
    host.to_free = NULL;
}
END_TEST

static void misuse_inside(void)
{
    unsigned events = host.events;
    size_t misused = stats_of(world.context).misuse_count;

    assert_status(vmma_free_from(world.a, &host), VMMA_E_OUTSIDE);
    assert_ok(vmma_free_from(world.a, busy_block));
    assert_status(vmma_free_from(world.a, busy_block), VMMA_E_NOT_LIVE);
    ck_assert_uint_eq(host.events, events);
    ck_assert_uint_eq(stats_of(world.context).misuse_count, misused + 2);
}

START_TEST(misuse_inside_the_out_of_memory_callback_is_only_counted)
{
    assert_ok(vmma_set_quota(world.a, 60000));
    busy_block = must_alloc(world.a, 50000);
    host.inside = misuse_inside;
    host.answer = 1;
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 50000));
    ck_assert_uint_eq(host.insides, 1);
    host.inside = NULL;
}
END_TEST

START_TEST(the_soft_limit_callback_may_free_everything)
{
    for (size_t i = 0; i < 50; i++)
        blocks[i] = must_alloc(world.a, 1000);
    busy_block = blocks[0];
    host.inside = free_with_the_context;
    host.to_free = blocks[7];
    assert_ok(vmma_set_soft_limit(world.a, 1));
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 60000));
    ck_assert_int_eq(vmma_test_address(world.a, blocks[7]), 0);
    host.inside = NULL;
}
END_TEST

static int busy_in_block_walk(void *user, const struct vmma_block *block)
{
    (void)user;
    ck_assert_int_eq(vmma_test_address(block->client, block->start), 1);
    everything_is_refused();
    host.insides++;
    return 0;
}

static int busy_in_client_walk(void *user, struct vmma_client *client)
{
    (void)user;
    ck_assert_int_eq(vmma_is_client(client), 1);
    everything_is_refused();
    host.insides++;
    return 0;
}

static void busy_in_purge(void *user, void *start, size_t size)
{
    (void)user;
    (void)start;
    (void)size;
    everything_is_refused();
    host.insides++;
}

START_TEST(inside_a_walk_changes_are_busy)
{
    set_scene();
    assert_ok(vmma_walk_blocks(world.a, busy_in_block_walk, NULL));
    ck_assert_uint_eq(host.insides, 1);
    assert_ok(vmma_walk_clients(world.context, busy_in_client_walk, NULL));
    ck_assert_uint_eq(host.insides, 3);
    scene_is_intact();
}
END_TEST

START_TEST(inside_a_purge_changes_are_busy)
{
    set_scene();
    assert_ok(vmma_purge(world.context, 4096, busy_in_purge, NULL));
    scene_is_intact();
}
END_TEST

static struct world neighbour;

static int use_neighbour(void *user, struct vmma_client *client)
{
    (void)user;
    (void)client;
    assert_ok(vmma_free_from(neighbour.a, must_alloc(neighbour.a, 5000)));
    assert_ok(vmma_delete_client(must_create(neighbour.context, "c")));
    return 0;
}

START_TEST(inside_a_callback_another_context_works_as_ever)
{
    world_open(&neighbour, 64 * KIB, NULL);
    assert_ok(vmma_walk_clients(world.context, use_neighbour, NULL));
    world_close(&neighbour);
}
END_TEST

START_TEST(a_context_without_callbacks_answers_the_same)
{
    struct world plain;

    world_open(&plain, 64 * KIB, NULL);
    assert_ok(vmma_set_soft_limit(plain.a, 1));
    must_alloc(plain.a, 5000);
    assert_status(vmma_free(plain.context, &plain), VMMA_E_OUTSIDE);
    ck_assert_ptr_null(vmma_alloc(plain.a, opaque(SIZE_MAX)));
    exhaust_client(plain.a);
    world_close(&plain);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *inside(void)
{
    TCase *tc = tcase_create("inside a callback");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, inside_the_event_callback_for_misuse_changes_are_busy);
    tcase_add_test(
        tc, inside_the_event_callback_of_a_failed_request_changes_are_busy);
    tcase_add_test(tc, inside_the_soft_limit_callback_other_changes_are_busy);
    tcase_add_test(tc,
                   inside_the_out_of_memory_callback_other_changes_are_busy);
    tcase_add_test(tc, both_frees_work_inside_the_out_of_memory_callback);
    tcase_add_test(tc,
                   misuse_inside_the_out_of_memory_callback_is_only_counted);
    tcase_add_test(tc, the_soft_limit_callback_may_free_everything);
    tcase_add_test(tc, inside_a_walk_changes_are_busy);
    tcase_add_test(tc, inside_a_purge_changes_are_busy);
    tcase_add_test(tc, inside_a_callback_another_context_works_as_ever);
    tcase_add_test(tc, a_context_without_callbacks_answers_the_same);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("busy");

    suite_add_tcase(suite, inside());
    return run_suite(suite);
}
