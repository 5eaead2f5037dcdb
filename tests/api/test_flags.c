/*
 * test_flags.c - VMMA_FLAG_ZERO and VMMA_FLAG_POISON.
 *
 * Strategy: blocks of all sizes are used, freed and had again while each set
 * of flags is in force, and their bytes are looked at.  A build that lacks a
 * flag must say so; what only that flag could show is left out then.
 */
#include "tests/support/support.h"

static struct world world;
static void *blocks[2000];

enum { ALL = VMMA_FLAG_ZERO | VMMA_FLAG_POISON };

static const size_t sizes[] = {1,    16,   24,   100,  255,   256,   1000,
                               1024, 1500, 2048, 3000, 10000, 65536, 200000};

/* Returns 0 if this build lacks one of the flags. */
static int open_with(uint32_t flags)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    if ((vmma_get_supported_flags() & flags) != flags)
        return 0;
    config.flags = flags;
    world_open(&world, MIB, &config);
    return 1;
}

/* ---- which flags ------------------------------------------------------- */

START_TEST(no_unknown_flag_is_supported)
{
    ck_assert_uint_eq(vmma_get_supported_flags() & ~(uint32_t)ALL, 0);
}
END_TEST

START_TEST(each_supported_set_is_accepted_at_creation)
{
    for (uint32_t flags = 0; flags <= ALL; flags++)
        if (open_with(flags)) {
            ck_assert_uint_eq(vmma_get_accepted_flags(world.context), flags);
            world_close(&world);
        }
}
END_TEST

START_TEST(a_flag_that_the_build_lacks_is_refused_at_creation)
{
    struct vmma_context *context = NULL;
    struct ground ground;

    ground_init(&ground, 64 * KIB, 0);
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

        if ((vmma_get_supported_flags() & bit) != 0)
            continue;
        config.flags = bit;
        assert_status(vmma_create_context(ground.memory, ground.size, &config,
                                          &context),
                      VMMA_E_FLAGS);
        ck_assert_ptr_null(context);
    }
    ground_fini(&ground);
}
END_TEST

START_TEST(flags_that_are_asked_for_later_are_those_in_force)
{
    uint32_t supported = vmma_get_supported_flags();

    ck_assert(open_with(0));
    for (uint32_t flags = 0; flags <= ALL; flags++) {
        ck_assert_uint_eq(vmma_set_flags(world.context, flags),
                          flags & supported);
        ck_assert_uint_eq(vmma_get_accepted_flags(world.context),
                          flags & supported);
    }
    ck_assert_uint_eq(vmma_set_flags(world.context, UINT32_MAX), supported);
    ck_assert_uint_eq(vmma_set_flags(world.context, 0), 0);
    world_close(&world);
}
END_TEST

/* ---- zero -------------------------------------------------------------- */

static void dirty_all(size_t size)
{
    size_t count = fill_client(world.a, size, blocks, LENGTH(blocks));

    for (size_t i = 0; i < count; i++) {
        memset(blocks[i], 0xEE, vmma_get_size(world.a, blocks[i]));
        assert_ok(vmma_free_from(world.a, blocks[i]));
    }
}

static void all_have(size_t size, unsigned char value)
{
    size_t count = fill_client(world.a, size, blocks, LENGTH(blocks) / 2);

    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(holds_byte(blocks[i], vmma_get_size(world.a, blocks[i]),
                                 value),
                      "a block of %zu bytes", size);
        assert_ok(vmma_free_from(world.a, blocks[i]));
    }
}

START_TEST(with_zero_every_block_is_handed_out_zeroed)
{
    if (!open_with(VMMA_FLAG_ZERO))
        return;
    all_have(sizes[_i], 0);
    dirty_all(sizes[_i]);
    all_have(sizes[_i], 0);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        dirty_all(sizes[i]);
        all_have(sizes[_i], 0);
    }
    world_close(&world);
}
END_TEST

START_TEST(with_zero_an_aligned_block_is_zeroed)
{
    if (!open_with(VMMA_FLAG_ZERO))
        return;
    dirty_all(sizes[_i]);
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        void *block = vmma_aligned_alloc(world.a, alignment, sizes[_i]);

        ck_assert_ptr_nonnull(block);
        ck_assert(holds_byte(block, vmma_get_size(world.a, block), 0));
        memset(block, 0xEE, vmma_get_size(world.a, block));
        assert_ok(vmma_free_from(world.a, block));
    }
    world_close(&world);
}
END_TEST

START_TEST(another_client_s_bytes_are_not_shown)
{
    if (!open_with(VMMA_FLAG_ZERO))
        return;
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct vmma_client *client = must_create(world.context, "gone");
        size_t count = fill_client(client, sizes[i], blocks, LENGTH(blocks));

        for (size_t j = 0; j < count; j++)
            memset(blocks[j], 0xEE, vmma_get_size(client, blocks[j]));
        assert_ok(vmma_delete_client(client));
        all_have(sizes[_i], 0);
    }
    world_close(&world);
}
END_TEST

START_TEST(zero_can_be_asked_for_in_mid_life)
{
    if ((vmma_get_supported_flags() & VMMA_FLAG_ZERO) == 0)
        return;
    ck_assert(open_with(0));
    dirty_all(sizes[_i]);
    vmma_set_flags(world.context, VMMA_FLAG_ZERO);
    all_have(sizes[_i], 0);
    vmma_set_flags(world.context, 0);
    dirty_all(sizes[_i]);
    vmma_set_flags(world.context, VMMA_FLAG_ZERO);
    all_have(sizes[_i], 0);
    world_close(&world);
}
END_TEST

/* ---- poison ------------------------------------------------------------ */

START_TEST(with_poison_every_block_is_handed_out_filled)
{
    if (!open_with(VMMA_FLAG_POISON))
        return;
    all_have(sizes[_i], VMMA_POISON_ALLOC);
    dirty_all(sizes[_i]);
    all_have(sizes[_i], VMMA_POISON_ALLOC);
    world_close(&world);
}
END_TEST

START_TEST(with_poison_a_freed_block_is_filled)
{
    void *other;
    void *block;
    size_t size;

    if (!open_with(VMMA_FLAG_POISON))
        return;
    for (unsigned round = 0; round < 4; round++) {
        other = must_alloc(world.a, sizes[_i]);
        block = must_alloc(world.a, sizes[_i]);
        size = vmma_get_size(world.a, block);
        fill_pattern(block, size, 1);
        if (round % 2 == 0)
            assert_ok(vmma_free_from(world.a, block));
        else
            assert_ok(vmma_free(world.context, block));
        ck_assert(holds_byte(block, size, VMMA_POISON_FREE));
        assert_ok(vmma_free_from(world.a, other));
    }
    world_close(&world);
}
END_TEST

START_TEST(with_poison_calloc_still_clears)
{
    if (!open_with(VMMA_FLAG_POISON))
        return;
    dirty_all(sizes[_i]);
    for (size_t i = 0; i < 3; i++) {
        void *block = vmma_calloc(world.a, 1, sizes[_i]);

        ck_assert_ptr_nonnull(block);
        ck_assert(holds_byte(block, sizes[_i], 0));
    }
    world_close(&world);
}
END_TEST

START_TEST(with_both_flags_blocks_are_zeroed_and_freed_ones_filled)
{
    void *block;
    size_t size;

    if (!open_with(ALL))
        return;
    dirty_all(sizes[_i]);
    all_have(sizes[_i], 0);
    block = must_alloc(world.a, sizes[_i]);
    size = vmma_get_size(world.a, block);
    assert_ok(vmma_free_from(world.a, block));
    ck_assert(holds_byte(block, size, VMMA_POISON_FREE));
    world_close(&world);
}
END_TEST

/* ---- resizing ---------------------------------------------------------- */

/* Grows, shrinks and grows a block: what it gains each time has `value`. */
static void gains_have(unsigned char value)
{
    static const size_t steps[] = {100,  1000, 1100, 50,    5000,  5100, 2000,
                                   3000, 9000, 100,  30000, 60000, 1,    60000};
    unsigned char *block;

    dirty_all(5000);
    dirty_all(50);
    block = must_alloc(world.a, 10);
    fill_pattern(block, vmma_get_size(world.a, block), 1);
    for (size_t i = 0; i < LENGTH(steps); i++) {
        size_t before = vmma_get_size(world.a, block);
        size_t after;

        block = vmma_realloc(world.a, block, steps[i]);
        ck_assert_ptr_nonnull(block);
        after = vmma_get_size(world.a, block);
        ck_assert(
            holds_pattern(block, before < steps[i] ? before : steps[i], 1));
        if (after > before)
            ck_assert_msg(holds_byte(block + before, after - before, value),
                          "from %zu to %zu bytes", before, after);
        fill_pattern(block, after, 1);
    }
}

START_TEST(with_zero_realloc_clears_what_a_block_gains)
{
    if (!open_with(VMMA_FLAG_ZERO))
        return;
    gains_have(0);
    world_close(&world);
}
END_TEST

START_TEST(with_poison_realloc_fills_what_a_block_gains)
{
    if (!open_with(VMMA_FLAG_POISON))
        return;
    gains_have(VMMA_POISON_ALLOC);
    world_close(&world);
}
END_TEST

START_TEST(with_poison_realloc_fills_what_it_leaves_behind)
{
    unsigned char *block;
    unsigned char *moved;
    size_t size;

    if (!open_with(VMMA_FLAG_POISON))
        return;
    block = must_alloc(world.a, sizes[_i]);
    size = vmma_get_size(world.a, block);
    fill_pattern(block, size, 1);
    moved = vmma_realloc(world.a, block, size + 100000);
    ck_assert_ptr_nonnull(moved);
    ck_assert(holds_pattern(moved, size, 1));
    if (moved != block)
        ck_assert(holds_byte(block, size, VMMA_POISON_FREE));
    world_close(&world);
}
END_TEST

/* ---- all sets ---------------------------------------------------------- */

START_TEST(with_any_flags_realloc_keeps_contents)
{
    for (uint32_t flags = 0; flags <= ALL; flags++) {
        void *block;
        size_t size = 1;

        if (!open_with(flags))
            continue;
        block = must_alloc(world.a, size);
        fill_pattern(block, size, flags);
        for (unsigned step = 0; step < 60; step++) {
            size_t next = step * step * 137 % 30000;
            size_t kept = size < next ? size : next;

            must_alloc(world.a, next / 4);
            block = vmma_realloc(world.a, block, next);
            ck_assert_ptr_nonnull(block);
            ck_assert(holds_pattern(block, kept, flags));
            fill_pattern(block, next, flags);
            size = next;
        }
        world_close(&world);
    }
}
END_TEST

START_TEST(with_any_flags_a_neighbour_is_left_alone)
{
    for (uint32_t flags = 0; flags <= ALL; flags++) {
        size_t count = 0;

        if (!open_with(flags))
            continue;
        for (; count < 300; count++) {
            blocks[count] = must_alloc(world.a, sizes[count % 11] / 4);
            fill_pattern(blocks[count], vmma_get_size(world.a, blocks[count]),
                         count);
        }
        for (size_t i = 0; i < count; i += 2)
            assert_ok(vmma_free_from(world.a, blocks[i]));
        for (size_t i = 0; i < count; i += 4)
            must_alloc(world.a, sizes[i % 11] / 4);
        for (size_t i = 1; i < count; i += 2)
            ck_assert(
                holds_pattern(blocks[i], vmma_get_size(world.a, blocks[i]), i));
        world_close(&world);
    }
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("flags");
    TCase *tc = tcase_create("flags");
    int count = (int)LENGTH(sizes);

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, no_unknown_flag_is_supported);
    tcase_add_test(tc, each_supported_set_is_accepted_at_creation);
    tcase_add_test(tc, a_flag_that_the_build_lacks_is_refused_at_creation);
    tcase_add_test(tc, flags_that_are_asked_for_later_are_those_in_force);
    tcase_add_loop_test(tc, with_zero_every_block_is_handed_out_zeroed, 0,
                        count);
    tcase_add_loop_test(tc, with_zero_an_aligned_block_is_zeroed, 0, count);
    tcase_add_loop_test(tc, another_client_s_bytes_are_not_shown, 0, count);
    tcase_add_loop_test(tc, zero_can_be_asked_for_in_mid_life, 0, count);
    tcase_add_loop_test(tc, with_poison_every_block_is_handed_out_filled, 0,
                        count);
    tcase_add_loop_test(tc, with_poison_a_freed_block_is_filled, 0, count);
    tcase_add_loop_test(tc, with_poison_calloc_still_clears, 0, count);
    tcase_add_loop_test(tc,
                        with_both_flags_blocks_are_zeroed_and_freed_ones_filled,
                        0, count);
    tcase_add_test(tc, with_zero_realloc_clears_what_a_block_gains);
    tcase_add_test(tc, with_poison_realloc_fills_what_a_block_gains);
    tcase_add_loop_test(tc, with_poison_realloc_fills_what_it_leaves_behind, 0,
                        count);
    tcase_add_test(tc, with_any_flags_realloc_keeps_contents);
    tcase_add_test(tc, with_any_flags_a_neighbour_is_left_alone);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
