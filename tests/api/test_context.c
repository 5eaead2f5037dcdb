/*
 * test_context.c - contexts of all shapes, and the memory they are made in.
 *
 * Strategy: every valid shape does a little work, at odd addresses and on
 * dirty ground; guards beside the block must survive; and what creation
 * writes is counted.
 */
#include "tests/support/support.h"

#include <stdlib.h>

static struct vmma_context_config defaults(void)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    return config;
}

/* ---- what is made ------------------------------------------------------ */

START_TEST(no_configuration_means_the_documented_defaults)
{
    struct world world;
    struct vmma_stats stats;

    world_open(&world, MIB, NULL);
    stats = stats_of(world.context);
    ck_assert_uint_eq(stats.alignment, 16);
    ck_assert_uint_eq(stats.block_size, 1024);
    ck_assert_uint_eq(stats.max_clients, 32);
    ck_assert_uint_eq(stats.block_bytes, MIB);
    ck_assert_uint_eq(vmma_get_accepted_flags(world.context), 0);
    assert_status(vmma_extend_context(world.context, MIB + 1), VMMA_E_MAX_SIZE);
    world_close(&world);
}
END_TEST

START_TEST(a_field_of_zero_means_its_default)
{
    struct vmma_context_config config = defaults();
    struct world world;
    struct vmma_stats stats;

    world_open(&world, MIB, &config);
    stats = stats_of(world.context);
    ck_assert_uint_eq(stats.alignment, 16);
    ck_assert_uint_eq(stats.block_size, 1024);
    ck_assert_uint_eq(stats.max_clients, 32);
    world_close(&world);
}
END_TEST

START_TEST(the_default_granule_is_the_alignment_where_that_is_more)
{
    static const size_t table[][2] = {
        {8, 1024}, {512, 1024}, {1024, 1024}, {2048, 2048}, {4096, 4096},
    };
    struct vmma_context_config config = defaults();
    struct world world;

    for (size_t i = 0; i < LENGTH(table); i++) {
        config.alignment = table[i][0];
        world_open(&world, MIB, &config);
        ck_assert_uint_eq(stats_of(world.context).block_size, table[i][1]);
        world_close(&world);
    }
}
END_TEST

START_TEST(the_default_number_of_clients_follows_max_size)
{
    static const size_t table[][3] = {
        {64 * KIB, 0, 8},   {256 * KIB, 0, 8}, {512 * KIB, 0, 16},
        {MIB, 2 * MIB, 64}, {4 * MIB, 0, 128},
    };
    struct world world;

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct vmma_context_config config = defaults();

        config.max_size = table[i][1];
        world_open(&world, table[i][0], &config);
        ck_assert_uint_eq(stats_of(world.context).max_clients, table[i][2]);
        world_close(&world);
    }
}
END_TEST

/* Blocks of all sizes for two clients, until nothing is left; one of them is
 * deleted, and the other's data must be as it was. */
static size_t fill_patterned(struct vmma_client *client, void **blocks,
                             size_t max, size_t alignment, uint64_t tag)
{
    size_t count = 0;
    size_t size = 1;

    while (count < max) {
        void *block = vmma_alloc(client, size);

        if (block == NULL)
            break;
        ck_assert_uint_eq((uintptr_t)block % alignment, 0);
        ck_assert_uint_ge(vmma_get_size(client, block), size);
        fill_pattern(block, vmma_get_size(client, block), tag + count);
        blocks[count++] = block;
        size = size > 20000 ? 1 : size * 3 / 2 + 1;
    }
    return count;
}

static void small_work(struct world *world, size_t alignment)
{
    enum { MAX = 200 };
    void *of_a[MAX];
    void *of_b[MAX];
    size_t a_count = fill_patterned(world->a, of_a, MAX / 4, alignment, 1000);
    size_t b_count = fill_patterned(world->b, of_b, MAX, alignment, 2000);

    ck_assert_uint_gt(a_count, 0);
    assert_sound(world->context);
    for (size_t i = 0; i < b_count; i++) {
        ck_assert(
            holds_pattern(of_b[i], vmma_get_size(world->b, of_b[i]), 2000 + i));
        if (i % 2 == 0)
            assert_ok(vmma_free_from(world->b, of_b[i]));
    }
    assert_ok(vmma_delete_client(world->b));
    assert_sound(world->context);
    for (size_t i = 0; i < a_count; i++)
        ck_assert(
            holds_pattern(of_a[i], vmma_get_size(world->a, of_a[i]), 1000 + i));
}

/* alignment 2^3 .. 2^12 x granule 2^8 .. 2^16 */
START_TEST(every_valid_pair_of_alignment_and_granule_works)
{
    struct vmma_context_config config = defaults();
    size_t block_size = (size_t)256 << _i;

    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        size_t size = 16 * block_size > 64 * KIB ? 16 * block_size : 64 * KIB;
        struct world world;

        if (alignment > block_size)
            continue;
        config.alignment = alignment;
        config.block_size = block_size;
        for (int larger = 0; larger < 2; larger++, size *= 4) {
            world_open(&world, size, &config);
            small_work(&world, alignment);
            world_close(&world);
        }
    }
}
END_TEST

START_TEST(the_block_need_not_be_aligned)
{
    static const size_t offsets[] = {1,    2,    3,    7,    8,    9,
                                     15,   16,   17,   63,   64,   255,
                                     256,  511,  1000, 1023, 1024, 1025,
                                     2047, 4095, 4096, 4097, 65535};
    struct vmma_context_config config = defaults();
    struct world world;

    for (size_t i = 0; i < LENGTH(offsets); i++)
        for (config.alignment = 8; config.alignment <= 4096;
             config.alignment *= 8) {
            world_open_at(&world, 128 * KIB, offsets[i], &config);
            small_work(&world, config.alignment);
            world_close(&world);
        }
}
END_TEST

START_TEST(the_size_need_not_be_a_multiple_of_anything)
{
    struct world world;

    for (size_t odd = 1; odd < 2000; odd += 37) {
        world_open_at(&world, 64 * KIB + odd, odd % 16, NULL);
        ck_assert_uint_eq(stats_of(world.context).block_bytes, 64 * KIB + odd);
        small_work(&world, 16);
        world_close(&world);
    }
}
END_TEST

START_TEST(what_the_block_held_before_does_not_matter)
{
    struct ground ground;
    struct vmma_context *context;

    ground_init(&ground, 64 * KIB, 0);
    for (unsigned round = 0; round < 64; round++) {
        if (round < 32)
            scribble(ground.memory, ground.size, test_seed() + round);
        else
            memset(ground.memory, (int)(round * 0x24924925u >> 3) & 0xFF,
                   ground.size);
        assert_ok(
            vmma_create_context(ground.memory, ground.size, NULL, &context));
        assert_sound(context);
        exhaust_client(must_create(context, "x"));
        assert_sound(context);
        assert_ok(vmma_delete_context(context));
    }
    ground_fini(&ground);
}
END_TEST

START_TEST(a_context_can_be_made_again_where_one_was_deleted)
{
    struct ground ground;
    size_t capacity = 0;

    ground_init(&ground, 256 * KIB, 0);
    for (unsigned round = 0; round < 20; round++) {
        struct vmma_context *context;
        struct vmma_stats stats;

        assert_ok(
            vmma_create_context(ground.memory, ground.size, NULL, &context));
        stats = stats_of(context);
        ck_assert_uint_eq(stats.client_count, 0);
        ck_assert_uint_eq(stats.total_size, 0);
        ck_assert(round == 0 || stats.capacity == capacity);
        capacity = stats.capacity;
        exhaust_client(must_create(context, "a"));
        must_create(context, "b");
        assert_sound(context);
        assert_ok(vmma_delete_context(context));
    }
    ground_fini(&ground);
}
END_TEST

static size_t bytes_changed_by_creation(size_t size)
{
    struct vmma_context *context;
    struct ground ground;
    unsigned char *copy = malloc(size);
    size_t changed = 0;

    ck_assert_ptr_nonnull(copy);
    ground_init(&ground, size, 0);
    memcpy(copy, ground.memory, size);
    assert_ok(vmma_create_context(ground.memory, size, NULL, &context));
    for (size_t i = 0; i < size; i++)
        changed += copy[i] != ground.memory[i];
    assert_ok(vmma_delete_context(context));
    ground_fini(&ground);
    free(copy);
    return changed;
}

START_TEST(creation_writes_a_few_hundred_bytes_whatever_the_size)
{
    ck_assert_uint_le(bytes_changed_by_creation(64 * KIB), 2048);
    ck_assert_uint_le(bytes_changed_by_creation(16 * MIB), 2048);
}
END_TEST

static const struct {
    size_t size, block_size;
} grounds[] = {
    {64 * KIB, 0}, {128 * KIB, 0}, {1 * MIB, 0},    {32 * MIB, 0},
    {1 * GIB, 0},  {1 * GIB, 256},
#if SIZE_MAX > UINT32_MAX
    {8 * GIB, 0},  {64 * GIB, 0},  {64 * GIB, 256}, {64 * GIB, 65536},
#endif
};

START_TEST(a_large_reserved_block_costs_only_the_pages_that_are_used)
{
    struct vmma_context_config config = defaults();
    struct vmma_context *context;
    struct ground ground;
    void *small;
    void *large;

    if (!ground_reserve(&ground, grounds[_i].size))
        return; /* this system does not let us reserve that much */
    config.block_size = grounds[_i].block_size;
    assert_ok(
        vmma_create_context(ground.memory, ground.size, &config, &context));
    ck_assert_uint_le(ground_resident(&ground), 8);
    assert_ok(vmma_delete_context(context));
    assert_ok(
        vmma_create_context(ground.memory, ground.size, &config, &context));
    small = must_alloc(must_create(context, "small"), 100);
    large = must_alloc(must_create(context, "large"), 16 * KIB);
    fill_pattern(small, 100, 1);
    *(unsigned char *)large = 1;
    assert_sound(context);
    ck_assert_uint_le(ground_resident(&ground), 64);
    ck_assert(holds_pattern(small, 100, 1));
    assert_ok(vmma_delete_context(context));
    ground_fini(&ground);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *creating(void)
{
    TCase *tc = tcase_create("creating");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, no_configuration_means_the_documented_defaults);
    tcase_add_test(tc, a_field_of_zero_means_its_default);
    tcase_add_test(tc, the_default_granule_is_the_alignment_where_that_is_more);
    tcase_add_test(tc, the_default_number_of_clients_follows_max_size);
    tcase_add_loop_test(tc, every_valid_pair_of_alignment_and_granule_works, 0,
                        9);
    tcase_add_test(tc, the_block_need_not_be_aligned);
    tcase_add_test(tc, the_size_need_not_be_a_multiple_of_anything);
    tcase_add_test(tc, what_the_block_held_before_does_not_matter);
    tcase_add_test(tc, a_context_can_be_made_again_where_one_was_deleted);
    tcase_add_test(tc, creation_writes_a_few_hundred_bytes_whatever_the_size);
    tcase_add_loop_test(
        tc, a_large_reserved_block_costs_only_the_pages_that_are_used, 0,
        (int)LENGTH(grounds));
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("context");

    suite_add_tcase(suite, creating());
    return run_suite(suite);
}
