/*
 * test_extend.c - how large a context has to be, and letting it grow.
 *
 * Strategy: what vmma_required_size answers is tried at many places in
 * memory, from capacity 0 to megabytes; a context is extended when it is
 * empty, full, and in steps that are no multiple of anything.
 */
#include "tests/support/support.h"

static struct vmma_context_config defaults(void)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    return config;
}

/* ---- required size ----------------------------------------------------- */

static const struct {
    size_t alignment, block_size, max_clients;
} shapes[] = {
    {0, 0, 0},    {8, 256, 1},      {16, 1024, 8}, {64, 4096, 100},
    {4096, 0, 0}, {4096, 65536, 3}, {256, 256, 0}, {8, 65536, 1000},
};

static struct vmma_context_config shape_config(int index)
{
    struct vmma_context_config config = defaults();

    config.alignment = shapes[index].alignment;
    config.block_size = shapes[index].block_size;
    config.max_clients = shapes[index].max_clients;
    return config;
}

static size_t capacity_at(size_t size, size_t offset,
                          const struct vmma_context_config *config)
{
    struct vmma_context *context;
    struct ground ground;
    size_t capacity;

    ground_init(&ground, size, offset);
    assert_ok(vmma_create_context(ground.memory, size, config, &context));
    capacity = stats_of(context).capacity;
    assert_ok(vmma_delete_context(context));
    ground_fini(&ground);
    return capacity;
}

START_TEST(the_required_size_is_enough_wherever_the_block_lies)
{
    static const size_t capacities[] = {0,    1,       255,        1024,
                                        1025, 64000,   64 * KIB,   100001,
                                        MIB,  3000000, 4 * MIB + 1};
    static const size_t offsets[] = {0,    1,    15,   16,    255,  1023,
                                     1024, 4095, 4097, 40000, 65535};
    struct vmma_context_config config = shape_config(_i);

    for (size_t c = 0; c < LENGTH(capacities); c++) {
        size_t required = 0;

        assert_ok(vmma_required_size(&config, capacities[c], &required));
        for (size_t o = 0; o < LENGTH(offsets); o++)
            ck_assert_uint_ge(capacity_at(required, offsets[o], &config),
                              capacities[c]);
    }
}
END_TEST

START_TEST(the_required_size_is_tight_for_a_large_capacity)
{
    struct vmma_context_config config = shape_config(_i);
    size_t required = 0;
    size_t granule;
    size_t wanted = 8 * MIB;

    assert_ok(vmma_required_size(&config, wanted, &required));
    granule = config.block_size != 0    ? config.block_size
              : config.alignment > 1024 ? config.alignment
                                        : 1024;
    ck_assert_uint_le(capacity_at(required, 0, &config),
                      wanted + 2 * granule + 512);
}
END_TEST

START_TEST(clients_can_hold_the_capacity_that_was_asked_for)
{
    struct vmma_context_config config = shape_config(_i);
    struct vmma_context *context;
    struct ground ground;
    size_t required = 0;

    assert_ok(vmma_required_size(&config, 300000, &required));
    ground_init(&ground, required, 12345);
    assert_ok(vmma_create_context(ground.memory, required, &config, &context));
    exhaust_client(must_create(context, "all"));
    ck_assert_uint_ge(vmma_get_total_size(context), 300000);
    assert_ok(vmma_delete_context(context));
    ground_fini(&ground);
}
END_TEST

START_TEST(the_required_size_counts_a_larger_max_size)
{
    struct vmma_context_config config = defaults();
    size_t plain = 0;
    size_t growing = 0;

    assert_ok(vmma_required_size(&config, MIB, &plain));
    config.max_size = 4 * MIB;
    assert_ok(vmma_required_size(&config, MIB, &growing));
    ck_assert_uint_gt(growing, plain);
    ck_assert_uint_ge(capacity_at(growing, 777, &config), MIB);
}
END_TEST

START_TEST(the_required_size_ignores_a_smaller_max_size)
{
    static const size_t smaller[] = {1, 4096, 65536, MIB};
    size_t plain = 0;

    assert_ok(vmma_required_size(NULL, MIB, &plain));
    for (size_t i = 0; i < LENGTH(smaller); i++) {
        struct vmma_context_config config = defaults();
        size_t required = 0;

        config.max_size = smaller[i];
        assert_ok(vmma_required_size(&config, MIB, &required));
        ck_assert_uint_eq(required, plain);
    }
}
END_TEST

START_TEST(the_required_size_of_no_configuration_is_that_of_the_defaults)
{
    struct vmma_context_config config = defaults();
    size_t plain = 0;
    size_t same = 1;

    assert_ok(vmma_required_size(NULL, 123456, &plain));
    assert_ok(vmma_required_size(&config, 123456, &same));
    ck_assert_uint_eq(plain, same);
}
END_TEST

START_TEST(the_required_size_of_a_refused_configuration_is_its_refusal)
{
    static const struct {
        size_t alignment, block_size, max_clients;
        uint32_t flags;
        enum vmma_status status;
    } table[] = {
        {3, 0, 0, 0, VMMA_E_ALIGNMENT},
        {8192, 0, 0, 0, VMMA_E_ALIGNMENT},
        {0, 300, 0, 0, VMMA_E_BLOCK_SIZE},
        {0, 131072, 0, 0, VMMA_E_BLOCK_SIZE},
        {1024, 512, 0, 0, VMMA_E_ALIGNMENT_TOO_LARGE},
        {0, 0, 65537, 0, VMMA_E_MAX_CLIENTS},
        {0, 0, 0, (uint32_t)1 << 31, VMMA_E_FLAGS},
    };

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct vmma_context_config config = defaults();
        size_t required = 42;

        config.alignment = table[i].alignment;
        config.block_size = table[i].block_size;
        config.max_clients = table[i].max_clients;
        config.flags = table[i].flags;
        assert_status(vmma_required_size(&config, MIB, &required),
                      table[i].status);
        ck_assert_uint_eq(required, 42);
    }
}
END_TEST

START_TEST(the_required_size_refuses_what_it_cannot_answer)
{
    struct vmma_context_config config = defaults();
    size_t required = 42;

    assert_status(vmma_required_size(NULL, MIB, NULL), VMMA_E_NULL);
    assert_status(vmma_required_size(NULL, SIZE_MAX, &required),
                  VMMA_E_SIZE_TOO_LARGE);
    assert_status(vmma_required_size(NULL, SIZE_MAX - 1023, &required),
                  VMMA_E_SIZE_TOO_LARGE);
    assert_status(vmma_required_size(NULL, SIZE_MAX / 2 + 1, &required),
                  VMMA_E_SIZE_TOO_LARGE);
    config.size = 3;
    assert_status(vmma_required_size(&config, MIB, &required),
                  VMMA_E_STRUCT_SIZE);
    ck_assert_uint_eq(required, 42);
}
END_TEST

/* ---- extending --------------------------------------------------------- */

static struct vmma_context_config growing(size_t max_size)
{
    struct vmma_context_config config = defaults();

    config.max_size = max_size;
    config.max_clients = 8;
    return config;
}

START_TEST(extending_makes_room_for_a_request_that_failed)
{
    struct vmma_context_config config = growing(512 * KIB);
    struct world world;
    void *old;

    world_open(&world, 128 * KIB, &config);
    old = must_alloc(world.a, 5000);
    fill_pattern(old, 5000, 7);
    ck_assert_ptr_null(vmma_alloc(world.b, 200 * KIB));
    assert_ok(vmma_extend_context(world.context, 512 * KIB));
    assert_sound(world.context);
    ck_assert_ptr_nonnull(vmma_alloc(world.b, 200 * KIB));
    ck_assert(holds_pattern(old, 5000, 7));
    world_close(&world);
}
END_TEST

START_TEST(extending_adds_all_that_is_new_to_the_capacity)
{
    struct vmma_context_config config = growing(512 * KIB);
    struct vmma_stats before;
    struct vmma_stats after;
    struct world world;

    world_open(&world, 128 * KIB, &config);
    before = stats_of(world.context);
    assert_ok(vmma_extend_context(world.context, 512 * KIB));
    after = stats_of(world.context);
    ck_assert_uint_eq(after.block_bytes, 512 * KIB);
    ck_assert_uint_eq(after.capacity, before.capacity + 384 * KIB);
    ck_assert_uint_eq(after.free_size, before.free_size + 384 * KIB);
    ck_assert_uint_eq(after.bookkeeping_size + after.capacity, 512 * KIB);
    world_close(&world);
}
END_TEST

START_TEST(extending_a_full_context_in_odd_steps_lets_it_be_filled_again)
{
    struct vmma_context_config config = growing(200 * KIB);
    struct vmma_stats stats;
    struct world world;
    size_t size = 100 * KIB;
    size_t capacity;

    world_open_at(&world, size, 33, &config);
    exhaust_client(world.a);
    while (size < 200 * KIB) {
        capacity = stats_of(world.context).capacity;
        size = size + 1337 < 200 * KIB ? size + 1337 : 200 * KIB;
        assert_ok(vmma_extend_context(world.context, size));
        assert_sound(world.context);
        ck_assert_uint_ge(stats_of(world.context).capacity, capacity + 1024);
        exhaust_client(world.b);
        stats = stats_of(world.context);
        ck_assert_uint_eq(stats.largest_free, 0);
        ck_assert_uint_le(stats.free_size, 3 * stats.arena_count * KIB);
    }
    world_close(&world);
}
END_TEST

START_TEST(extending_by_less_than_a_granule_is_remembered)
{
    struct vmma_context_config config = growing(80 * KIB);
    struct world world;
    size_t capacity;

    world_open(&world, 64 * KIB, &config);
    capacity = stats_of(world.context).capacity;
    for (size_t size = 64 * KIB; size <= 68 * KIB; size += 64) {
        assert_ok(vmma_extend_context(world.context, size));
        ck_assert_uint_eq(stats_of(world.context).block_bytes, size);
    }
    ck_assert_uint_eq(stats_of(world.context).capacity, capacity + 4 * KIB);
    world_close(&world);
}
END_TEST

START_TEST(extending_to_the_present_size_changes_nothing)
{
    struct world world;
    struct vmma_stats before;

    world_open(&world, 128 * KIB, NULL);
    before = stats_of(world.context);
    assert_ok(vmma_extend_context(world.context, 128 * KIB));
    ck_assert_uint_eq(stats_of(world.context).capacity, before.capacity);
    world_close(&world);
}
END_TEST

START_TEST(extending_outside_its_bounds_is_refused)
{
    struct vmma_context_config config = growing(256 * KIB);
    struct world world;
    size_t capacity;

    world_open(&world, 128 * KIB, &config);
    capacity = stats_of(world.context).capacity;
    assert_status(vmma_extend_context(world.context, 0), VMMA_E_SIZE_TOO_SMALL);
    assert_status(vmma_extend_context(world.context, 128 * KIB - 1),
                  VMMA_E_SIZE_TOO_SMALL);
    assert_status(vmma_extend_context(world.context, 256 * KIB + 1),
                  VMMA_E_MAX_SIZE);
    assert_status(vmma_extend_context(world.context, SIZE_MAX),
                  VMMA_E_MAX_SIZE);
    assert_status(vmma_extend_context(NULL, 256 * KIB), VMMA_E_CONTEXT);
    ck_assert_uint_eq(stats_of(world.context).capacity, capacity);
    assert_ok(vmma_extend_context(world.context, 256 * KIB));
    assert_status(vmma_extend_context(world.context, 128 * KIB),
                  VMMA_E_SIZE_TOO_SMALL);
    world_close(&world);
}
END_TEST

START_TEST(a_request_too_large_for_now_but_not_for_max_size_says_exhausted)
{
    struct vmma_context_config config = growing(512 * KIB);
    struct world world;

    world_open(&world, 128 * KIB, &config);
    ck_assert_ptr_null(vmma_alloc(world.a, 300 * KIB));
    assert_status(vmma_get_last_error(world.a), VMMA_E_EXHAUSTED);
    ck_assert_ptr_null(vmma_alloc(world.a, 512 * KIB + 1));
    assert_status(vmma_get_last_error(world.a), VMMA_E_TOO_LARGE);
    world_close(&world);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *sizing(void)
{
    TCase *tc = tcase_create("required size");
    int count = (int)LENGTH(shapes);

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, the_required_size_is_enough_wherever_the_block_lies,
                        0, count);
    tcase_add_loop_test(tc, the_required_size_is_tight_for_a_large_capacity, 0,
                        count);
    tcase_add_loop_test(tc, clients_can_hold_the_capacity_that_was_asked_for, 0,
                        count);
    tcase_add_test(tc, the_required_size_counts_a_larger_max_size);
    tcase_add_test(tc, the_required_size_ignores_a_smaller_max_size);
    tcase_add_test(
        tc, the_required_size_of_no_configuration_is_that_of_the_defaults);
    tcase_add_test(tc,
                   the_required_size_of_a_refused_configuration_is_its_refusal);
    tcase_add_test(tc, the_required_size_refuses_what_it_cannot_answer);
    return tc;
}

static TCase *extending(void)
{
    TCase *tc = tcase_create("extending");

    tcase_add_test(tc, extending_makes_room_for_a_request_that_failed);
    tcase_add_test(tc, extending_adds_all_that_is_new_to_the_capacity);
    tcase_add_test(
        tc, extending_a_full_context_in_odd_steps_lets_it_be_filled_again);
    tcase_add_test(tc, extending_by_less_than_a_granule_is_remembered);
    tcase_add_test(tc, extending_to_the_present_size_changes_nothing);
    tcase_add_test(tc, extending_outside_its_bounds_is_refused);
    tcase_add_test(
        tc, a_request_too_large_for_now_but_not_for_max_size_says_exhausted);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("extend");

    suite_add_tcase(suite, sizing());
    suite_add_tcase(suite, extending());
    return run_suite(suite);
}
