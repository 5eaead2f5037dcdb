/*
 * test_request_misuse.c - failures and misuse are counted and told.
 *
 * Strategy: each kind of bad pointer and handle, in and out of callbacks.
 */
#include "tests/unit/request_steps.h"

/* ---- counting --------------------------------------------------------- */

START_TEST(failures_are_counted_in_client_and_context)
{
    leave(8);
    for (size_t i = 1; i <= 5; i++) {
        ck_assert_ptr_null(vmma_alloc(client_handle(c), 9 * 1024 + i));
        expect_eq(c->failed_count, i);
        expect_eq(c->last_failed_size, 9 * 1024 + i);
        expect_eq(bed.ctx->failed_count, i);
    }
    take_bytes(c, 100);
    expect_eq(c->last_cause, VMMA_E_EXHAUSTED);
    vmma__context_reset_client(bed.ctx, c);
    expect_eq(c->failed_count, 0);
    expect_eq(bed.ctx->failed_count, 5);
}
END_TEST

START_TEST(misuse_is_counted_and_told_once)
{
    unsigned char *block = take_bytes(c, 100), *theirs = take_bytes(other, 1);
    const struct {
        void *address;
        enum vmma_status status;
    } cases[] = {
        {block + 1, VMMA_E_INTERIOR},          {theirs, VMMA_E_OTHER_CLIENT},
        {bed.ctx, VMMA_E_BOOKKEEPING_ADDRESS}, {&bed, VMMA_E_OUTSIDE},
        {block + 200000, VMMA_E_NOT_LIVE},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_status(vmma__request_free_from(client_handle(c),
                                              cases[i].address),
                      cases[i].status);
        expect_eq(bed.ctx->misuse_count, i + 1);
        expect_eq(moments[0].status, cases[i].status);
        expect_moments("M");
    }
    expect_eq(c->failed_count, 0);
}
END_TEST

START_TEST(any_clients_block_can_be_freed_through_the_context)
{
    unsigned char *block = take_bytes(c, 100),
                  *theirs = take_bytes(other, 9999);

    assert_ok(vmma__request_free(bed.ctx, NULL));
    assert_status(vmma__request_free(bed.ctx, block + 16), VMMA_E_INTERIOR);
    assert_status(vmma__request_free(bed.ctx, &bed), VMMA_E_OUTSIDE);
    expect_moments("MM");
    assert_ok(vmma__request_free(bed.ctx, block));
    assert_ok(vmma__request_free(bed.ctx, theirs));
    assert_status(vmma__request_free(bed.ctx, block), VMMA_E_NOT_LIVE);
    assert_status(vmma__request_free(bed.ctx, theirs), VMMA_E_NOT_LIVE);
    expect_moments("MM");
    assert_status(vmma__request_free(NULL, block), VMMA_E_CONTEXT);
}
END_TEST

START_TEST(a_callback_may_free_from_its_own_client_only)
{
    void *block = take_bytes(c, 100), *theirs = take_bytes(other, 100);
    uint32_t before = vmma__context_enter(bed.ctx, NONE);
    struct vmma_client *own = client_handle(c);

    assert_status(vmma__request_free(bed.ctx, block), VMMA_E_BUSY);
    assert_status(vmma__request_free_from(own, block), VMMA_E_BUSY);
    vmma__context_enter(bed.ctx, context_slot_number(bed.ctx, c));
    assert_status(vmma__request_free(bed.ctx, theirs), VMMA_E_BUSY);
    assert_status(vmma__request_free_from(client_handle(other), theirs),
                  VMMA_E_BUSY);
    ck_assert_ptr_null(vmma__request_alloc(own, 1, 1));
    ck_assert_ptr_null(vmma__request_realloc(own, block, 500));
    assert_status(vmma__request_expand(own, block, 1), VMMA_E_BUSY);
    expect_eq(c->failed_count, 3);
    assert_ok(vmma__request_free(bed.ctx, block));
    vmma__context_leave(bed.ctx, NONE);
    vmma__context_leave(bed.ctx, before);
    expect_moments(""); /* no event inside a callback */
}
END_TEST

START_TEST(a_dead_clients_calls_are_misuse)
{
    struct vmma_client *dead = client_handle(other);
    void *block = take_bytes(c, 100);

    vmma__context_delete_client(bed.ctx, other);
    ck_assert_ptr_null(vmma__request_alloc(dead, 1, 1));
    ck_assert_ptr_null(vmma__request_realloc(dead, block, 1));
    assert_status(vmma__request_free_from(dead, block), VMMA_E_DEAD_CLIENT);
    assert_status(vmma__request_expand(dead, block, 1), VMMA_E_DEAD_CLIENT);
    vmma__request_fail(dead, 1, VMMA_E_TOO_LARGE);
    expect_eq(bed.ctx->misuse_count, 5);
    expect_moments("MMMMM");
    ck_assert_ptr_null(vmma__request_alloc(NULL, 1, 1));
    assert_status(vmma__request_free_from(NULL, block), VMMA_E_NULL);
    expect_moments("");
    expect_eq(bed.ctx->failed_count, 0);
    other = bed_client(&bed);
}
END_TEST

START_TEST(what_a_block_gains_in_place_is_filled_by_the_flags)
{
    unsigned char *block, *behind;

    if ((vmma__context_supported() & VMMA_FLAG_ZERO) == 0)
        return;
    assert_ok(vmma__context_reserve(bed.ctx, c, 64 * 1024));
    behind = take_bytes(c, 59 * 1024);
    block = take_bytes(c, 5 * 1024);
    expect(behind == block + 5 * 1024);
    give_bytes(c, behind);
    vmma__large_trim(&c->heap, bed.pool);
    memset(block, 1, 5 * 1024);
    memset(block + 5 * 1024, 2, 11 * 1024); /* nobody's yet */
    vmma__context_set_flags(bed.ctx, VMMA_FLAG_ZERO);
    expect(vmma_realloc(client_handle(c), block, 9 * 1024) == block);
    expect(holds_byte(block, 5 * 1024, 1));
    expect(holds_byte(block + 5 * 1024, 4 * 1024, 0));
    assert_ok(vmma_expand(client_handle(c), block, 16 * 1024));
    expect(holds_byte(block, 5 * 1024, 1));
    expect(holds_byte(block + 5 * 1024, 11 * 1024, 0));
    vmma__context_set_flags(bed.ctx, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request misuse");
    TCase *tc = tcase_create("counting");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, failures_are_counted_in_client_and_context);
    tcase_add_test(tc, misuse_is_counted_and_told_once);
    tcase_add_test(tc, any_clients_block_can_be_freed_through_the_context);
    tcase_add_test(tc, a_callback_may_free_from_its_own_client_only);
    tcase_add_test(tc, a_dead_clients_calls_are_misuse);
    tcase_add_test(tc, what_a_block_gains_in_place_is_filled_by_the_flags);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
