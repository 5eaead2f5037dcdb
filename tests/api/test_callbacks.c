/*
 * test_callbacks.c - what the host is told, and the second try that it can
 * make possible.
 *
 * Strategy: a host that counts what it hears and frees a block when it is
 * told to; each failure and misuse must be heard of once, no success ever.
 */
#include "tests/support/host.h"


/* ---- events ------------------------------------------------------------ */

START_TEST(a_failure_is_told_with_its_cause_and_size)
{
    assert_ok(vmma_set_quota(world.a, 8192));
    ck_assert_ptr_null(vmma_alloc(world.a, 9000));
    ck_assert_uint_eq(host.events, 1);
    ck_assert_int_eq(host.event.kind, VMMA_EVENT_FAILURE);
    assert_status(host.event.status, VMMA_E_QUOTA);
    ck_assert_ptr_eq(host.event.context, world.context);
    ck_assert_ptr_eq(host.event.client, world.a);
    ck_assert_uint_eq(host.event.wanted, 9000);
}
END_TEST

START_TEST(each_failed_request_is_told_once)
{
    size_t size = opaque(SIZE_MAX / 2);

    ck_assert_ptr_null(vmma_alloc(world.a, size));
    ck_assert_ptr_null(vmma_calloc(world.a, 1, size));
    ck_assert_ptr_null(vmma_aligned_alloc(world.a, 64, size));
    ck_assert_ptr_null(vmma_realloc(world.a, NULL, size));
    ck_assert_ptr_null(vmma_realloc(world.a, must_alloc(world.a, 10), size));
    ck_assert_uint_eq(host.events, 5);
    ck_assert_int_eq(host.event.kind, VMMA_EVENT_FAILURE);
}
END_TEST

START_TEST(a_success_is_not_told)
{
    void *block = must_alloc(world.a, 100);

    block = vmma_realloc(world.a, block, 10000);
    assert_ok(vmma_free_from(world.a, block));
    assert_ok(vmma_free(world.context, NULL));
    assert_ok(vmma_delete_client(world.b));
    ck_assert_uint_eq(host.events, 0);
    ck_assert_uint_eq(host.out_of_memories, 0);
}
END_TEST

START_TEST(misuse_is_told_once_per_call)
{
    void *block = must_alloc(world.a, 100);

    assert_ok(vmma_free_from(world.a, block));
    assert_status(vmma_free_from(world.a, block), VMMA_E_NOT_LIVE);
    ck_assert_uint_eq(host.events, 1);
    ck_assert_int_eq(host.event.kind, VMMA_EVENT_MISUSE);
    ck_assert_ptr_eq(host.event.client, world.a);
    ck_assert_ptr_eq(host.event.address, block);
    ck_assert_ptr_null(host.event.owner);
    assert_status(vmma_free(world.context, block), VMMA_E_NOT_LIVE);
    ck_assert_uint_eq(host.events, 2);
    ck_assert_ptr_null(host.event.client);
}
END_TEST

START_TEST(questions_about_bad_pointers_are_not_told)
{
    ck_assert_int_eq(vmma_test_address(world.a, &host), 0);
    ck_assert_uint_eq(vmma_get_size(world.a, &host), 0);
    ck_assert_uint_eq(vmma_get_block_size(world.context, &host), 0);
    ck_assert_ptr_null(vmma_get_owner(world.context, &host));
    assert_status(vmma_find_block(world.context, &host, NULL), VMMA_E_OUTSIDE);
    ck_assert_uint_eq(host.events, 0);
}
END_TEST

/* ---- out of memory ----------------------------------------------------- */

START_TEST(the_out_of_memory_callback_hears_client_size_and_cause)
{
    assert_ok(vmma_set_quota(world.a, 8192));
    ck_assert_ptr_null(vmma_alloc(world.a, 9000));
    ck_assert_uint_eq(host.out_of_memories, 1);
    ck_assert_ptr_eq(host.client, world.a);
    ck_assert_uint_eq(host.wanted, 9000);
    assert_status(host.cause, VMMA_E_QUOTA);
    exhaust_client(world.b);
    ck_assert_ptr_null(vmma_alloc(world.a, 100));
    ck_assert_ptr_eq(host.client, world.a);
    assert_status(host.cause, VMMA_E_EXHAUSTED);
}
END_TEST

START_TEST(a_request_is_tried_again_after_blocks_were_freed)
{
    static const size_t sizes[] = {10, 500, 1000, 2000, 4096, 32768};

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *block;

        assert_ok(vmma_reset_client(world.a));
        host.answer = 0;
        block = must_alloc(world.a, sizes[i]);
        exhaust_client(world.a);
        host.to_free = block;
        host.answer = 1;
        host.events = host.out_of_memories = 0;
        ck_assert_ptr_nonnull(vmma_alloc(world.a, sizes[i]));
        ck_assert_uint_eq(host.out_of_memories, 1);
        ck_assert_uint_eq(host.events, 0);
    }
}
END_TEST

START_TEST(a_request_that_was_tried_again_with_success_is_no_failure)
{
    size_t failed;

    host.to_free = must_alloc(world.a, 50000);
    assert_ok(vmma_set_quota(world.a, 60000));
    failed = client_stats_of(world.a).failed_count;
    host.answer = 1;
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 50000));
    ck_assert_uint_eq(host.out_of_memories, 1);
    ck_assert_uint_eq(client_stats_of(world.a).failed_count, failed);
    ck_assert_uint_eq(client_stats_of(world.a).last_failed_size, 0);
    assert_ok(vmma_get_last_error(world.a));
}
END_TEST

START_TEST(a_request_is_tried_again_only_once)
{
    exhaust_client(world.a);
    host.out_of_memories = host.events = 0;
    host.answer = 1;
    ck_assert_ptr_null(vmma_alloc(world.a, 100));
    ck_assert_uint_eq(host.out_of_memories, 1);
    ck_assert_uint_eq(host.events, 1);
}
END_TEST

START_TEST(a_request_is_not_tried_again_when_the_host_gives_up)
{
    void *block = must_alloc(world.a, 3000);

    exhaust_client(world.a);
    host.to_free = block;
    host.answer = 0;
    ck_assert_ptr_null(vmma_alloc(world.a, 3000));
    ck_assert_ptr_null(host.to_free);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 3000));
}
END_TEST

START_TEST(every_kind_of_request_asks_the_out_of_memory_callback)
{
    void *block = must_alloc(world.a, 100);

    exhaust_client(world.a);
    host.out_of_memories = 0;
    ck_assert_ptr_null(vmma_alloc(world.a, 3000));
    ck_assert_ptr_null(vmma_calloc(world.a, 3, 1000));
    ck_assert_ptr_null(vmma_aligned_alloc(world.a, 64, 3000));
    ck_assert_ptr_null(vmma_realloc(world.a, NULL, 3000));
    ck_assert_ptr_null(vmma_realloc(world.a, block, 3000));
    ck_assert_uint_eq(host.out_of_memories, 5);
}
END_TEST

START_TEST(the_out_of_memory_callback_is_not_asked_for_the_impossible)
{
    size_t size = opaque(SIZE_MAX / 2);

    host.answer = 1;
    ck_assert_ptr_null(vmma_alloc(world.a, size));
    ck_assert_ptr_null(vmma_calloc(world.a, size, 4));
    ck_assert_ptr_null(vmma_aligned_alloc(world.a, 3, 10));
    ck_assert_ptr_null(vmma_realloc(world.a, NULL, size));
    ck_assert_uint_eq(host.out_of_memories, 0);
}
END_TEST

START_TEST(the_out_of_memory_callback_is_not_asked_by_expand)
{
    void *block = must_alloc(world.a, 3000);

    exhaust_client(world.a);
    host.out_of_memories = 0;
    host.answer = 1;
    assert_status(vmma_expand(world.a, block, 20000), VMMA_E_NOT_IN_PLACE);
    ck_assert_uint_eq(host.out_of_memories, 0);
}
END_TEST

START_TEST(a_block_being_resized_may_be_the_one_that_the_host_frees)
{
    void *block = must_alloc(world.a, 1000);
    void *answer;

    exhaust_client(world.a);
    host.to_free = block;
    host.answer = 1;
    answer = vmma_realloc(world.a, block, 3000);
    if (answer != NULL)
        ck_assert_int_eq(vmma_test_address(world.a, answer), 1);
    assert_sound(world.context);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *telling(void)
{
    TCase *tc = tcase_create("events and out of memory");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_failure_is_told_with_its_cause_and_size);
    tcase_add_test(tc, each_failed_request_is_told_once);
    tcase_add_test(tc, a_success_is_not_told);
    tcase_add_test(tc, misuse_is_told_once_per_call);
    tcase_add_test(tc, questions_about_bad_pointers_are_not_told);
    tcase_add_test(tc, the_out_of_memory_callback_hears_client_size_and_cause);
    tcase_add_test(tc, a_request_is_tried_again_after_blocks_were_freed);
    tcase_add_test(tc,
                   a_request_that_was_tried_again_with_success_is_no_failure);
    tcase_add_test(tc, a_request_is_tried_again_only_once);
    tcase_add_test(tc, a_request_is_not_tried_again_when_the_host_gives_up);
    tcase_add_test(tc, every_kind_of_request_asks_the_out_of_memory_callback);
    tcase_add_test(tc,
                   a_block_being_resized_may_be_the_one_that_the_host_frees);
    tcase_add_test(tc,
                   the_out_of_memory_callback_is_not_asked_for_the_impossible);
    tcase_add_test(tc, the_out_of_memory_callback_is_not_asked_by_expand);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("callbacks");

    suite_add_tcase(suite, telling());
    return run_suite(suite);
}
