/*
 * test_client.c - a client's slot.
 *
 * Strategy: handles are taken apart and put together at the ends of the range
 * of generations; limits at every multiple of the granule and beside it.
 */
#include "tests/unit/support.h"

static struct bed bed;
static struct client *c;

static void open_bed(void)
{
    struct vmma_context_config config = bed_config(16, 1024, 4);

    bed_open(&bed, 1 << 20, &config);
    c = bed_client(&bed);
}

static void close_bed(void)
{
    bed_close(&bed);
}

START_TEST(a_handle_names_slot_and_generation)
{
    for (unsigned generation = 1; generation <= CLIENT_GENERATIONS;
         generation++) {
        struct vmma_client *handle;

        c->generation = (uint8_t)generation;
        handle = client_handle(c);
        expect(client_of(handle) == c);
        expect(client_is_named(c, handle));
        expect((uintptr_t)handle != (uintptr_t)c);
        c->generation = (uint8_t)(generation % CLIENT_GENERATIONS + 1);
        expect(!client_is_named(c, handle));
    }
    c->generation = 1;
}
END_TEST

START_TEST(a_slot_is_aligned_so_that_generations_fit_below_it)
{
    expect_eq((uintptr_t)c % LAYOUT_SLOT_SIZE, 0);
    expect((int)CLIENT_GENERATIONS < (int)LAYOUT_SLOT_SIZE);
    expect_eq(CLIENT_GENERATIONS, UINT8_MAX);
    expect(sizeof *c <= LAYOUT_SLOT_SIZE);
    expect((void *)client_pool(c) == (void *)bed.ctx);
}
END_TEST

START_TEST(limits_clash_when_one_is_above_the_quota)
{
    static const struct {
        size_t quota, soft, reservation;
        bool clash;
    } cases[] = {
        {0, 0, 0, false},
        {0, SIZE_MAX, SIZE_MAX, false},
        {1, 0, 0, false},
        {1, 1, 1, false},
        {1, 2, 0, true},
        {1, 0, 2, true},
        {1000, 1000, 0, false},
        {1000, 1001, 0, true},
        {1000, 0, 1000, false},
        {1000, 0, 1001, true},
        {SIZE_MAX, SIZE_MAX, SIZE_MAX, false},
        {SIZE_MAX - 1, SIZE_MAX, 0, true},
    };

    for (size_t i = 0; i < LENGTH(cases); i++)
        expect_eq(client_limits_clash(cases[i].quota, cases[i].soft,
                                      cases[i].reservation),
                  cases[i].clash);
}
END_TEST

static uint32_t model_granules(size_t bytes)
{
    if (bytes == 0 || bytes / 1024 >= bed.space->capacity)
        return NONE;
    return (uint32_t)(bytes / 1024);
}

START_TEST(limits_are_kept_in_bytes_and_in_whole_granules)
{
    size_t most = (size_t)bed.space->capacity * 1024;
    const size_t bytes[] = {0,
                            1,
                            1023,
                            1024,
                            1025,
                            4095,
                            4096,
                            5000,
                            most - 1,
                            most,
                            most + 1,
                            SIZE_MAX,
                            SIZE_MAX / 2,
                            SIZE_MAX / 2 + 1};

    for (size_t i = 0; i < LENGTH(bytes); i++)
        for (size_t j = 0; j < LENGTH(bytes); j++) {
            vmma__client_limit(c, bytes[i], bytes[j]);
            expect_eq(c->quota, bytes[i]);
            expect_eq(c->soft_limit, bytes[j]);
            expect_eq(c->heap.ceiling, model_granules(bytes[i]));
            expect_eq(c->heap.soft, model_granules(bytes[j]));
            expect_sound(bed.ctx);
        }
}
END_TEST

START_TEST(a_name_is_copied_and_padded_with_zeroes)
{
    char name[VMMA_NAME_MAX + 1];

    for (size_t length = 0; length <= VMMA_NAME_MAX; length++) {
        memset(c->name, 'x', sizeof c->name);
        memset(name, 'a', length);
        name[length] = '\0';
        vmma__client_set_name(c, name);
        ck_assert_str_eq(c->name, name);
        for (size_t i = length; i < sizeof c->name; i++)
            expect_eq(c->name[i], 0);
    }
    vmma__client_set_name(c, NULL);
    ck_assert_str_eq(c->name, "");
}
END_TEST

START_TEST(a_new_life_has_a_new_token_and_nothing_else_of_the_old)
{
    uint64_t token = token_make(++bed.ctx->last_serial, 0);

    vmma__client_limit(c, 9000, 5000);
    take_bytes(c, 100);
    c->failed_count = 3;
    c->last_failed_size = 4;
    c->last_cause = VMMA_E_QUOTA;
    vmma__heap_release(&c->heap, bed.pool);
    c->heap.credit[3] = -99;
    vmma__client_begin(c, token);
    expect_eq(c->heap.token, token);
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        expect_eq(c->heap.current[i], 0);
        expect_eq(c->heap.credit[i], 0);
    }
    expect_eq(c->heap.held, 0);
    expect_eq(c->heap.peak, 0);
    expect_eq(c->heap.first_arena, NONE);
    expect_eq(c->heap.reserved, 0);
    expect_eq(c->heap.ceiling, 8);
    expect_eq(c->heap.soft, 4);
    expect_eq(c->failed_count, 0);
    expect_eq(c->last_failed_size, 0);
    expect_eq(c->last_cause, VMMA_OK);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(trimming_lets_go_of_all_that_is_kept)
{
    void *blocks[100];

    for (size_t i = 0; i < LENGTH(blocks); i++)
        blocks[i] = take_bytes(c, 50 * i);
    for (size_t i = 0; i < LENGTH(blocks); i++)
        give_bytes(c, blocks[i]);
    expect(c->heap.held != 0);
    vmma__client_trim(c);
    expect_eq(c->heap.held, 0);
    expect_eq(c->heap.cached, 0);
    expect_eq(c->heap.arena_count, 0);
    expect_eq(bed.pool->held, 0);
    expect_eq(bed.space->high_water, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client");
    TCase *tc = tcase_create("slot");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, a_handle_names_slot_and_generation);
    tcase_add_test(tc, a_slot_is_aligned_so_that_generations_fit_below_it);
    tcase_add_test(tc, limits_clash_when_one_is_above_the_quota);
    tcase_add_test(tc, limits_are_kept_in_bytes_and_in_whole_granules);
    tcase_add_test(tc, a_name_is_copied_and_padded_with_zeroes);
    tcase_add_test(tc, a_new_life_has_a_new_token_and_nothing_else_of_the_old);
    tcase_add_test(tc, trimming_lets_go_of_all_that_is_kept);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
