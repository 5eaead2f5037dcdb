/*
 * test_blocks.c - vmma_alloc, vmma_calloc, vmma_aligned_alloc, and why they
 * fail.
 *
 * Strategy: one table of sizes on and beside every boundary (0, 1, the
 * smallest block, powers of two, the largest, SIZE_MAX) goes through every
 * call; what is handed out is filled to its last usable byte and must not
 * touch a neighbour.
 */
#include "tests/support/support.h"

#include <stdlib.h>

static struct world world;

static void open_world(void)
{
    world_open(&world, 4 * MIB, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

/* ---- sizes ------------------------------------------------------------- */

static const struct {
    size_t alignment, block_size;
} shapes[] = {
    {8, 256},   {16, 1024},   {16, 256},    {64, 1024},
    {256, 256}, {1024, 1024}, {4096, 4096}, {8, 65536},
};

static void open_shape(int index)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    config.alignment = shapes[index].alignment;
    config.block_size = shapes[index].block_size;
    world_open_at(&world, 4 * MIB, 5, &config);
}

static size_t smallest_of(int index)
{
    size_t share = shapes[index].block_size / 64;

    return share > shapes[index].alignment ? share : shapes[index].alignment;
}

/* What must hold of every block that was asked for as `size` bytes. */
static void check_block(const void *block, size_t size, int index)
{
    size_t usable = vmma_get_size(world.a, block);
    uintptr_t address = (uintptr_t)block;

    ck_assert_ptr_nonnull(block);
    ck_assert_uint_ge(usable, size);
    ck_assert_uint_ge(usable, smallest_of(index));
    ck_assert_uint_eq(address % shapes[index].alignment, 0);
    ck_assert_uint_ge(address, (uintptr_t)world.heap);
    ck_assert_uint_le(address + usable,
                      (uintptr_t)world.heap + world.heap_size);
    if ((usable & (usable - 1)) == 0) {
        size_t self = usable < shapes[index].block_size
                          ? usable
                          : shapes[index].block_size;

        ck_assert_msg(address % self == 0, "%zu bytes at %p", usable, block);
    }
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
    ck_assert_uint_eq(vmma_get_block_size(world.context, block), usable);
    ck_assert_ptr_eq(vmma_get_owner(world.context, block), world.a);
}

/* 0, 1, and 2^k - 1, 2^k, 2^k + 1 up to 1 MiB; the smallest block +- 1; the
 * granule +- 1; three quarters of each power. */
static size_t list_sizes(size_t *sizes, int index)
{
    size_t count = 0;

    sizes[count++] = 0;
    for (size_t power = 1; power <= MIB; power *= 2) {
        sizes[count++] = power - 1;
        sizes[count++] = power;
        sizes[count++] = power + 1;
        sizes[count++] = power * 3 / 4;
        sizes[count++] = power * 5 / 4;
    }
    sizes[count++] = smallest_of(index) - 1;
    sizes[count++] = smallest_of(index) + 1;
    sizes[count++] = shapes[index].block_size * 3 + 1;
    return count;
}

START_TEST(a_block_of_every_size_is_large_and_aligned_enough)
{
    size_t sizes[128];
    size_t count;

    open_shape(_i);
    count = list_sizes(sizes, _i);
    for (size_t i = 0; i < count; i++) {
        void *block = must_alloc(world.a, sizes[i]);
        void *second = must_alloc(world.a, sizes[i]);

        check_block(block, sizes[i], _i);
        check_block(second, sizes[i], _i);
        assert_ok(vmma_free_from(world.a, second));
        assert_ok(vmma_free_from(world.a, block));
        ck_assert_int_eq(vmma_test_address(world.a, block), 0);
    }
    world_close(&world);
}
END_TEST

START_TEST(all_usable_bytes_can_be_written_without_harming_a_neighbour)
{
    enum { MAX = 1200 };
    static void *blocks[MAX];
    size_t sizes[128];
    size_t count;
    size_t live = 0;

    open_shape(_i);
    count = list_sizes(sizes, _i);
    for (size_t i = 0; live < MAX && i < 20 * count; i++) {
        struct vmma_client *client = i % 2 == 0 ? world.a : world.b;
        void *block = vmma_alloc(client, sizes[i % count] % 20000);

        if (block == NULL)
            break;
        fill_pattern(block, vmma_get_size(client, block), live);
        blocks[live++] = block;
    }
    ck_assert_uint_gt(live, 50);
    for (size_t i = 0; i < live; i++)
        ck_assert(holds_pattern(blocks[i],
                                vmma_get_block_size(world.context, blocks[i]),
                                i));
    assert_sound(world.context);
    world_close(&world);
}
END_TEST

START_TEST(the_smallest_requests_get_the_smallest_block)
{
    size_t smallest = smallest_of(_i);
    const size_t sizes[] = {0, 1, 2, smallest - 1, smallest};

    open_shape(_i);
    ck_assert_uint_eq(stats_of(world.context).smallest_block, smallest);
    for (size_t i = 0; i < LENGTH(sizes); i++)
        ck_assert_uint_eq(vmma_get_size(world.a, must_alloc(world.a, sizes[i])),
                          smallest);
    ck_assert_uint_gt(vmma_get_size(world.a, must_alloc(world.a, smallest + 1)),
                      smallest);
    world_close(&world);
}
END_TEST

START_TEST(two_requests_for_nothing_get_two_blocks)
{
    void *one = must_alloc(world.a, 0);
    void *two = must_alloc(world.a, 0);

    ck_assert_ptr_ne(one, two);
    assert_ok(vmma_free_from(world.a, one));
    ck_assert_int_eq(vmma_test_address(world.a, two), 1);
}
END_TEST

/* Rounding to powers of two would be the worst; nothing may be worse. */
START_TEST(no_block_wastes_more_than_what_was_asked_for)
{
    size_t smallest = stats_of(world.context).smallest_block;

    for (size_t size = smallest; size < 20000; size += 7) {
        void *block = must_alloc(world.a, size);

        ck_assert_uint_lt(vmma_get_size(world.a, block), 2 * size + 1);
        assert_ok(vmma_free_from(world.a, block));
    }
}
END_TEST

/* ---- sizes that cannot be ---------------------------------------------- */

static const size_t impossible[] = {
    SIZE_MAX,         SIZE_MAX - 1,    SIZE_MAX - 7,     SIZE_MAX - 15,
    SIZE_MAX - 16,    SIZE_MAX - 1023, SIZE_MAX - 1024,  SIZE_MAX - 4095,
    SIZE_MAX - 65535, SIZE_MAX / 2,    SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 2,
    SIZE_MAX / 4 + 1, 16 * MIB,        4 * MIB + 1,
};

static void refused_as_too_large(const void *block)
{
    ck_assert_ptr_null(block);
    assert_status(vmma_get_last_error(world.a), VMMA_E_TOO_LARGE);
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
    assert_sound(world.context);
}

START_TEST(a_size_beyond_the_context_is_too_large)
{
    size_t size = opaque(impossible[_i]);

    refused_as_too_large(vmma_alloc(world.a, size));
    refused_as_too_large(vmma_calloc(world.a, 1, size));
    refused_as_too_large(vmma_calloc(world.a, size, 1));
    refused_as_too_large(vmma_realloc(world.a, NULL, size));
    for (size_t alignment = 1; alignment <= MIB; alignment *= 2)
        refused_as_too_large(vmma_aligned_alloc(world.a, alignment, size));
}
END_TEST

START_TEST(a_live_block_survives_a_resize_beyond_the_context)
{
    void *block = must_alloc(world.a, 1000);
    size_t usable = vmma_get_size(world.a, block);
    size_t size = opaque(impossible[_i]);

    fill_pattern(block, usable, 3);
    ck_assert_ptr_null(vmma_realloc(world.a, block, size));
    assert_status(vmma_get_last_error(world.a), VMMA_E_TOO_LARGE);
    assert_status(vmma_expand(world.a, block, size), VMMA_E_TOO_LARGE);
    ck_assert_uint_eq(vmma_get_size(world.a, block), usable);
    ck_assert(holds_pattern(block, usable, 3));
}
END_TEST

START_TEST(a_product_that_overflows_is_too_large)
{
    static const size_t table[][2] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {SIZE_MAX, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2},
        {SIZE_MAX / 16 + 2, 16},
        {SIZE_MAX / 3 + 1, 3},
        {(size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4)},
        {((size_t)1 << (sizeof(size_t) * 4)) + 1,
         (size_t)1 << (sizeof(size_t) * 4)},
    };
    struct vmma_client_stats stats;

    for (size_t i = 0; i < LENGTH(table); i++) {
        refused_as_too_large(
            vmma_calloc(world.a, opaque(table[i][0]), opaque(table[i][1])));
        stats = client_stats_of(world.a);
        ck_assert_uint_eq(stats.last_failed_size, SIZE_MAX);
        ck_assert_int_eq(stats.last_failed_cause, VMMA_E_TOO_LARGE);
    }
}
END_TEST

/* ---- zeroed blocks ----------------------------------------------------- */

START_TEST(calloc_clears_memory_that_was_written_before)
{
    static void *blocks[256];

    for (size_t size = 1; size < 30000; size = size * 3 / 2 + 1) {
        size_t count =
            fill_client(world.a, size, blocks, size < 5000 ? 256 : 60);

        for (size_t i = 0; i < count; i++) {
            memset(blocks[i], 0xEE, vmma_get_size(world.a, blocks[i]));
            assert_ok(vmma_free_from(world.a, blocks[i]));
        }
        for (size_t i = 0; i < count; i++) {
            blocks[i] = vmma_calloc(world.a, 1, size);
            ck_assert_ptr_nonnull(blocks[i]);
            ck_assert(holds_byte(blocks[i], size, 0));
        }
        assert_ok(vmma_reset_client(world.a));
    }
}
END_TEST

START_TEST(calloc_multiplies)
{
    static const size_t table[][2] = {{1, 1},    {3, 5},    {100, 17},
                                      {17, 100}, {1000, 1}, {333, 333}};

    for (size_t i = 0; i < LENGTH(table); i++) {
        void *block = vmma_calloc(world.a, table[i][0], table[i][1]);

        ck_assert_ptr_nonnull(block);
        ck_assert_uint_ge(vmma_get_size(world.a, block),
                          table[i][0] * table[i][1]);
        ck_assert(holds_byte(block, table[i][0] * table[i][1], 0));
    }
}
END_TEST

START_TEST(calloc_of_nothing_gets_the_smallest_block)
{
    static const size_t table[][2] = {{0, 0},
                                      {0, 1},
                                      {1, 0},
                                      {0, SIZE_MAX},
                                      {SIZE_MAX, 0}};

    for (size_t i = 0; i < LENGTH(table); i++) {
        void *block =
            vmma_calloc(world.a, opaque(table[i][0]), opaque(table[i][1]));

        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq(vmma_get_size(world.a, block), 16);
    }
}
END_TEST

/* ---- aligned blocks ---------------------------------------------------- */

START_TEST(an_aligned_block_has_its_alignment)
{
    static const size_t sizes[] = {0,    1,    7,    16,   100,   1000,
                                   1024, 1025, 4096, 5000, 10000, 100000};

    open_shape(_i);
    for (size_t alignment = 1; alignment <= MIB; alignment *= 2)
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            void *block = vmma_aligned_alloc(world.a, alignment, sizes[i]);

            ck_assert_msg(block != NULL, "alignment %zu, %zu bytes: %s",
                          alignment, sizes[i],
                          vmma_strerror(vmma_get_last_error(world.a)));
            ck_assert_uint_eq((uintptr_t)block % alignment, 0);
            check_block(block, sizes[i], _i);
            fill_pattern(block, vmma_get_size(world.a, block), 1);
            assert_ok(vmma_free_from(world.a, block));
        }
    assert_sound(world.context);
    world_close(&world);
}
END_TEST

START_TEST(aligned_blocks_lie_side_by_side_unharmed)
{
    enum { MAX = 400 };
    static void *blocks[MAX];
    struct rng rng;

    rng_init(&rng, test_seed());
    for (size_t i = 0; i < MAX; i++) {
        size_t alignment = (size_t)1 << rng_below(&rng, 16);

        blocks[i] =
            vmma_aligned_alloc(world.a, alignment, rng_size(&rng, 8192));
        if (blocks[i] == NULL)
            continue;
        ck_assert_uint_eq((uintptr_t)blocks[i] % alignment, 0);
        fill_pattern(blocks[i], vmma_get_size(world.a, blocks[i]), i);
    }
    assert_sound(world.context);
    for (size_t i = 0; i < MAX; i++)
        ck_assert(
            blocks[i] == NULL ||
            holds_pattern(blocks[i], vmma_get_size(world.a, blocks[i]), i));
}
END_TEST

START_TEST(an_alignment_that_is_no_power_of_two_is_refused)
{
    static const size_t alignments[] = {0,           3,        5,
                                        6,           7,        12,
                                        24,          100,      1000,
                                        4095,        SIZE_MAX, SIZE_MAX - 1,
                                        SIZE_MAX / 2};

    for (size_t i = 0; i < LENGTH(alignments); i++) {
        ck_assert_ptr_null(
            vmma_aligned_alloc(world.a, opaque(alignments[i]), 100));
        assert_status(vmma_get_last_error(world.a), VMMA_E_ALIGNMENT);
    }
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
}
END_TEST

/* An address may happen to be a multiple of a large power; else the request
 * fails for a reason that has to do with memory. */
START_TEST(an_enormous_alignment_is_met_or_refused_for_lack_of_memory)
{
    for (size_t alignment = 2 * MIB; alignment != 0; alignment *= 2) {
        void *block = vmma_aligned_alloc(world.a, opaque(alignment), 100);

        if (block != NULL) {
            ck_assert_uint_eq((uintptr_t)block & (alignment - 1), 0);
            assert_ok(vmma_free_from(world.a, block));
        } else {
            ck_assert_int_ge(vmma_get_last_error(world.a), VMMA_E_TOO_LARGE);
            ck_assert_int_le(vmma_get_last_error(world.a), VMMA_E_FRAGMENTED);
        }
        assert_sound(world.context);
    }
}
END_TEST

/* ---- freeing ----------------------------------------------------------- */

START_TEST(free_of_null_does_nothing)
{
    must_alloc(world.a, 10);
    assert_ok(vmma_free(world.context, NULL));
    assert_ok(vmma_free_from(world.a, NULL));
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 1);
    ck_assert_uint_eq(stats_of(world.context).misuse_count, 0);
}
END_TEST

START_TEST(the_context_frees_a_block_of_any_client)
{
    void *of_a = must_alloc(world.a, 100);
    void *of_b = must_alloc(world.b, 100000);

    assert_ok(vmma_free(world.context, of_a));
    assert_ok(vmma_free(world.context, of_b));
    ck_assert_ptr_null(vmma_get_owner(world.context, of_a));
    ck_assert_ptr_null(vmma_get_owner(world.context, of_b));
    ck_assert_uint_eq(stats_of(world.context).live_blocks, 0);
}
END_TEST

START_TEST(freeing_and_having_again_does_not_go_on_growing)
{
    for (size_t size = 1; size < 100000; size = size * 2 + 1) {
        void *block = must_alloc(world.a, size);
        size_t total = 0;

        for (unsigned round = 0; round < 8000; round++) {
            assert_ok(vmma_free_from(world.a, block));
            block = must_alloc(world.a, size);
            if (round == 4000)
                total = vmma_get_client_total_size(world.a);
        }
        ck_assert_uint_eq(vmma_get_client_total_size(world.a), total);
    }
}
END_TEST

/* ---- causes ------------------------------------------------------------ */

START_TEST(a_client_that_never_failed_has_no_error)
{
    assert_ok(vmma_get_last_error(world.a));
    must_alloc(world.a, 100);
    assert_ok(vmma_get_last_error(world.a));
}
END_TEST

START_TEST(a_success_does_not_change_the_last_error)
{
    ck_assert_ptr_null(vmma_alloc(world.a, opaque(SIZE_MAX)));
    must_alloc(world.a, 100);
    assert_status(vmma_get_last_error(world.a), VMMA_E_TOO_LARGE);
    assert_ok(vmma_get_last_error(world.b));
}
END_TEST

START_TEST(a_full_context_says_exhausted)
{
    exhaust_client(world.a);
    ck_assert_uint_eq(stats_of(world.context).free_size, 0);
    for (size_t size = 1; size < MIB; size *= 3) {
        ck_assert_ptr_null(vmma_alloc(world.b, size));
        assert_status(vmma_get_last_error(world.b), VMMA_E_EXHAUSTED);
    }
}
END_TEST

/* Every second block is freed, in the order of their addresses: much is
 * free, and never more than one block's worth in one piece. */
START_TEST(a_context_in_pieces_says_fragmented)
{
    enum { MAX = 2048, SIZE = 4096 };
    static void *blocks[MAX];
    size_t count = fill_client(world.a, SIZE, blocks, MAX);

    ck_assert_uint_lt(count, MAX);
    exhaust_client(world.a);
    sort_pointers(blocks, count);
    for (size_t i = 0; i < count; i += 2)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    ck_assert_ptr_null(vmma_alloc(world.a, 4 * SIZE));
    assert_status(vmma_get_last_error(world.a), VMMA_E_FRAGMENTED);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, SIZE));
    assert_sound(world.context);
}
END_TEST

START_TEST(a_quota_that_is_reached_says_quota)
{
    assert_ok(vmma_set_quota(world.a, 10 * KIB));
    ck_assert_ptr_null(vmma_alloc(world.a, 11 * KIB));
    assert_status(vmma_get_last_error(world.a), VMMA_E_QUOTA);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 10 * KIB));
}
END_TEST

START_TEST(the_largest_block_of_the_statistics_can_be_had)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (unsigned round = 0; round < 200; round++) {
        struct vmma_client *client = round % 2 == 0 ? world.a : world.b;
        size_t largest = client_stats_of(client).largest_block;
        void *block;

        if (largest > 0) {
            block = must_alloc(client, largest);
            assert_ok(vmma_free_from(client, block));
        }
        block = vmma_alloc(client, rng_size(&rng, 50000));
        if (block != NULL && round % 3 == 0)
            assert_ok(vmma_free_from(client, block));
    }
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *sizes(void)
{
    TCase *tc = tcase_create("sizes by shape");
    int count = (int)LENGTH(shapes);

    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, a_block_of_every_size_is_large_and_aligned_enough,
                        0, count);
    tcase_add_loop_test(
        tc, all_usable_bytes_can_be_written_without_harming_a_neighbour, 0,
        count);
    tcase_add_loop_test(tc, the_smallest_requests_get_the_smallest_block, 0,
                        count);
    tcase_add_loop_test(tc, an_aligned_block_has_its_alignment, 0, count);
    return tc;
}

static TCase *allocating(void)
{
    TCase *tc = tcase_create("allocating");
    int count = (int)LENGTH(impossible);

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, two_requests_for_nothing_get_two_blocks);
    tcase_add_test(tc, no_block_wastes_more_than_what_was_asked_for);
    tcase_add_loop_test(tc, a_size_beyond_the_context_is_too_large, 0, count);
    tcase_add_loop_test(tc, a_live_block_survives_a_resize_beyond_the_context,
                        0, count);
    tcase_add_test(tc, a_product_that_overflows_is_too_large);
    tcase_add_test(tc, calloc_clears_memory_that_was_written_before);
    tcase_add_test(tc, calloc_multiplies);
    tcase_add_test(tc, calloc_of_nothing_gets_the_smallest_block);
    tcase_add_test(tc, aligned_blocks_lie_side_by_side_unharmed);
    tcase_add_test(tc, an_alignment_that_is_no_power_of_two_is_refused);
    tcase_add_test(tc,
                   an_enormous_alignment_is_met_or_refused_for_lack_of_memory);
    return tc;
}

static TCase *freeing(void)
{
    TCase *tc = tcase_create("freeing and failing");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, free_of_null_does_nothing);
    tcase_add_test(tc, the_context_frees_a_block_of_any_client);
    tcase_add_test(tc, freeing_and_having_again_does_not_go_on_growing);
    tcase_add_test(tc, a_client_that_never_failed_has_no_error);
    tcase_add_test(tc, a_success_does_not_change_the_last_error);
    tcase_add_test(tc, a_full_context_says_exhausted);
    tcase_add_test(tc, a_context_in_pieces_says_fragmented);
    tcase_add_test(tc, a_quota_that_is_reached_says_quota);
    tcase_add_test(tc, the_largest_block_of_the_statistics_can_be_had);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("blocks");

    suite_add_tcase(suite, sizes());
    suite_add_tcase(suite, allocating());
    suite_add_tcase(suite, freeing());
    return run_suite(suite);
}
