/*
 * test_context_life.c - what is allowed when, creation, extension, and the
 * size that is required.
 *
 * Strategy: doors against every state; sizes and places in a cross product.
 */
#include "tests/unit/context_steps.h"

/* ---- doors ------------------------------------------------------------ */

static void expect_doors(bool open)
{
    const struct space *s = bed.space;

    expect_eq(s->shut, !open);
    expect_eq(s->alloc_door != 0, open);
    expect_eq(s->free_door != 0, open && s->high_water != 0);
    expect_sound(bed.ctx);
}

START_TEST(doors_are_shut_while_a_callback_runs)
{
    uint32_t outer, inner;
    struct client *c = create();

    take_bytes(c, 1);
    expect_doors(true);
    outer = vmma__context_enter(bed.ctx, 3);
    expect_eq(outer, NONE);
    expect_eq(bed.ctx->may_free, 3);
    expect_doors(false);
    inner = vmma__context_enter(bed.ctx, NONE);
    expect_eq(inner, 3);
    expect_eq(bed.ctx->busy, 2);
    expect_doors(false);
    vmma__context_leave(bed.ctx, inner);
    expect_eq(bed.ctx->may_free, 3);
    expect_doors(false);
    vmma__context_leave(bed.ctx, outer);
    expect_eq(bed.ctx->may_free, NONE);
    expect_doors(true);
}
END_TEST

START_TEST(doors_are_shut_while_a_flag_is_in_force)
{
    struct client *c = create();

    take_bytes(c, 1);
    for (uint32_t flags = 0; flags < 8; flags++) {
        uint32_t accepted = flags & vmma__context_supported();

        vmma__context_set_flags(bed.ctx, flags);
        expect_eq(bed.ctx->flags, accepted);
        expect_doors(accepted == 0);
        take_bytes(c, 5000);
        expect_doors(accepted == 0);
    }
    vmma__context_set_flags(bed.ctx, 0);
    expect_doors(true);
}
END_TEST

START_TEST(doors_are_shut_when_the_context_ends)
{
    struct client *c = create(), *found;

    take_bytes(c, 1);
    vmma__context_delete(bed.ctx);
    expect_eq(bed.space->alloc_door, 0);
    expect_eq(bed.space->free_door, 0);
    expect(!context_is_live(bed.ctx));
    expect_eq(vmma__context_client(client_handle(c), &found),
              VMMA_E_DEAD_CLIENT);
    ck_assert_ptr_null(vmma_alloc(client_handle(c), 1));
    bed.ctx->magic = CONTEXT_MAGIC;
    bed.space->shut = 0;
    space_set_doors(bed.space);
}
END_TEST

/* ---- creation --------------------------------------------------------- */

START_TEST(creation_writes_the_header_and_the_dummy_only)
{
    static const size_t sizes[] = {65536, 100001, 1048576, 3000000};

    for (size_t i = 0; i < LENGTH(sizes); i++)
        for (size_t offset = 0; offset < 600; offset += 97) {
            struct ground ground;
            struct vmma_context *ctx;
            size_t changed = 0;
            unsigned char *before;

            ground_init(&ground, sizes[i], offset);
            before = malloc(sizes[i]);
            memcpy(before, ground.memory, sizes[i]);
            assert_ok(
                vmma__context_create(ground.memory, sizes[i], NULL, &ctx));
            for (size_t at = 0; at < sizes[i]; at++)
                changed += before[at] != ground.memory[at];
            expect(changed <= sizeof *ctx + 32);
            expect_sound(ctx);
            free(before);
            ground_fini(&ground);
        }
}
END_TEST

START_TEST(a_context_is_recognised_by_place_and_magic)
{
    expect(!context_is_live(NULL));
    expect(context_is_live(bed.ctx));
    for (uintptr_t off = 1; off < 512; off++)
        expect(!context_is_live(
            (struct vmma_context *)((uintptr_t)bed.ctx + off)));
    for (unsigned bit = 0; bit < 64; bit++) {
        bed.ctx->magic ^= UINT64_C(1) << bit;
        expect(!context_is_live(bed.ctx));
        bed.ctx->magic ^= UINT64_C(1) << bit;
    }
}
END_TEST

START_TEST(extending_adds_granules_and_nothing_else)
{
    struct vmma_context_config config = bed_config(16, 1024, 4);
    struct client *c;
    uint32_t before;

    close_bed();
    config.max_size = 1 << 20;
    bed_open(&bed, 1 << 18, &config);
    c = create();
    populate(c);
    before = bed.space->count;
    expect_eq(vmma__context_extend(bed.ctx, (1 << 18) - 1),
              VMMA_E_SIZE_TOO_SMALL);
    expect_eq(vmma__context_extend(bed.ctx, (1 << 20) + 1), VMMA_E_MAX_SIZE);
    expect_eq(bed.space->count, before);
    for (size_t size = 1 << 18; size <= 1 << 20; size += 3333) {
        assert_ok(vmma__context_extend(bed.ctx, size));
        expect_eq(bed.space->count, ((uintptr_t)bed.ground.memory + size -
                                     space_heap(bed.space)) /
                                        1024);
        expect_sound(bed.ctx);
    }
    assert_ok(vmma__context_extend(bed.ctx, 1 << 20));
    expect_eq(bed.space->count, bed.space->capacity);
    while (vmma_alloc(client_handle(c), 3000) != NULL)
        ;
    expect(vmma__pool_free(bed.pool) < 4);
}
END_TEST

/* ---- required size ---------------------------------------------------- */

static uint32_t count_at(size_t size, uintptr_t address,
                         const struct vmma_context_config *config)
{
    struct layout_wish wish = {.address = address,
                               .size = size,
                               .max_size = config->max_size,
                               .alignment = config->alignment,
                               .granule = config->block_size,
                               .max_clients = config->max_clients};
    struct layout l;

    if (vmma__layout_default(&wish) != VMMA_OK ||
        vmma__layout_compute(&wish, &l) != VMMA_OK)
        return 0;
    return l.count;
}

START_TEST(the_required_size_suffices_wherever_the_block_lies)
{
    static const size_t capacities[] = {0,     1,      4096,    10000,
                                        65536, 100000, 1000000, 123456789};
    static const size_t granules[] = {0, 256, 4096, 65536};

    for (size_t i = 0; i < LENGTH(capacities); i++)
        for (size_t j = 0; j < LENGTH(granules); j++) {
            struct vmma_context_config config = bed_config(0, granules[j], 0);
            size_t granule = granules[j] == 0 ? 1024 : granules[j];
            size_t wanted = (capacities[i] + granule - 1) / granule;
            size_t size = 0;

            assert_ok(vmma__context_required(&config, capacities[i], &size));
            for (uintptr_t at = 0; at <= 65536;
                 at += at % 512 < 2 || at % 512 > 509 ? 1 : 127)
                expect(count_at(size, 0x1000000 + at, &config) >= wanted);
        }
}
END_TEST

START_TEST(the_required_size_is_nearly_the_smallest)
{
    for (size_t capacity = 20000; capacity < 3000000; capacity *= 2) {
        struct vmma_context_config config = bed_config(16, 1024, 8);
        size_t size, worst;

        assert_ok(vmma__context_required(&config, capacity, &size));
        worst = size - 3 * 1024;
        expect(count_at(worst, 0x1000000 + 1, &config) <
               (capacity + 1023) / 1024);
    }
}
END_TEST

START_TEST(a_capacity_that_no_block_has_is_refused)
{
    struct vmma_context_config config = bed_config(16, 1024, 8);
    size_t size = 77;

    expect_eq(vmma__context_required(&config, SIZE_MAX, &size),
              VMMA_E_SIZE_TOO_LARGE);
    expect_eq(vmma__context_required(&config, SIZE_MAX / 2, &size),
              VMMA_E_SIZE_TOO_LARGE);
    config.alignment = 7;
    expect_eq(vmma__context_required(&config, 1, &size), VMMA_E_ALIGNMENT);
    config = bed_config(16, 1024, 65537);
    expect_eq(vmma__context_required(&config, 1, &size), VMMA_E_MAX_CLIENTS);
    config = bed_config(16, 1024, 8);
    config.flags = UINT32_C(1) << 31;
    expect_eq(vmma__context_required(&config, 1, &size), VMMA_E_FLAGS);
    config.size = 1;
    expect_eq(vmma__context_required(&config, 1, &size), VMMA_E_STRUCT_SIZE);
    expect_eq(size, 77);
}
END_TEST

/* ---- reservation and trim --------------------------------------------- */

START_TEST(a_reservation_makes_others_let_go_of_what_they_keep)
{
    struct client *hoarder = create(), *c = create();
    size_t all = (size_t)bed.space->count * 1024;
    static void *blocks[400];
    size_t n = 0;

    while (n < 400 &&
           (blocks[n] = vmma_alloc(client_handle(hoarder), 4096)) != NULL)
        n++;
    for (size_t i = 0; i < n; i++)
        give_bytes(hoarder, blocks[i]);
    expect(hoarder->heap.held != 0);
    assert_ok(vmma__context_reserve(bed.ctx, c, all));
    expect_eq(hoarder->heap.held, 0);
    expect_eq(c->heap.held, bed.space->count);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(a_reset_client_keeps_its_reservation)
{
    struct client *c = create();

    for (size_t bytes = 0; bytes < 150000; bytes += 9000) {
        assert_ok(vmma__context_reserve(bed.ctx, c, bytes));
        populate(c);
        vmma__context_reset_client(bed.ctx, c);
        expect_eq(c->heap.reserved, (bytes + 1023) / 1024);
        expect(c->heap.held >= c->heap.reserved);
        expect_eq(bed.pool->held, c->heap.held);
        expect_sound(bed.ctx);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("context life");
    TCase *tc = tcase_create("doors");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, doors_are_shut_while_a_callback_runs);
    tcase_add_test(tc, doors_are_shut_while_a_flag_is_in_force);
    tcase_add_test(tc, doors_are_shut_when_the_context_ends);
    suite_add_tcase(suite, tc);
    tc = tcase_create("life");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, creation_writes_the_header_and_the_dummy_only);
    tcase_add_test(tc, a_context_is_recognised_by_place_and_magic);
    tcase_add_test(tc, extending_adds_granules_and_nothing_else);
    tcase_add_test(tc, the_required_size_suffices_wherever_the_block_lies);
    tcase_add_test(tc, the_required_size_is_nearly_the_smallest);
    tcase_add_test(tc, a_capacity_that_no_block_has_is_refused);
    tcase_add_test(tc, a_reservation_makes_others_let_go_of_what_they_keep);
    tcase_add_test(tc, a_reset_client_keeps_its_reservation);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
