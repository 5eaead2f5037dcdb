/*
 * test_library.c - what needs no context, what has none any more, and what
 * two contexts have to do with each other.
 *
 * Strategy: every call that takes a context is given none and a deleted one;
 * every status and many numbers that are none are put into words.
 */
#include "tests/support/support.h"

enum { ALL_FLAGS = VMMA_FLAG_ZERO | VMMA_FLAG_POISON };

/* ---- words ----------------------------------------------------------- */

START_TEST(every_status_has_its_own_sentence_without_a_full_stop)
{
    static const enum vmma_status all[] = {
        VMMA_OK,
        VMMA_E_NULL,
        VMMA_E_STRUCT_SIZE,
        VMMA_E_RESERVED,
        VMMA_E_ALIGNMENT,
        VMMA_E_BLOCK_SIZE,
        VMMA_E_ALIGNMENT_TOO_LARGE,
        VMMA_E_BLOCK_SIZE_TOO_LARGE,
        VMMA_E_SIZE_TOO_SMALL,
        VMMA_E_SIZE_TOO_LARGE,
        VMMA_E_SIZE_WRAPS,
        VMMA_E_MAX_SIZE,
        VMMA_E_BOOKKEEPING,
        VMMA_E_MAX_CLIENTS,
        VMMA_E_FLAGS,
        VMMA_E_NAME,
        VMMA_E_LIMITS,
        VMMA_E_PAGE_SIZE,
        VMMA_E_CONTEXT,
        VMMA_E_DEAD_CLIENT,
        VMMA_E_BUSY,
        VMMA_E_TOO_MANY_CLIENTS,
        VMMA_E_STOPPED,
        VMMA_E_TOO_LARGE,
        VMMA_E_QUOTA,
        VMMA_E_EXHAUSTED,
        VMMA_E_FRAGMENTED,
        VMMA_E_NOT_IN_PLACE,
        VMMA_E_OUTSIDE,
        VMMA_E_BOOKKEEPING_ADDRESS,
        VMMA_E_NOT_LIVE,
        VMMA_E_INTERIOR,
        VMMA_E_OTHER_CLIENT,
    };

    for (size_t i = 0; i < LENGTH(all); i++) {
        const char *text = vmma_strerror(all[i]);

        ck_assert_ptr_nonnull(text);
        ck_assert_uint_gt(strlen(text), 0);
        ck_assert_int_ne(text[strlen(text) - 1], '.');
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(text, vmma_strerror(all[j]));
    }
}
END_TEST

START_TEST(an_unknown_status_has_a_sentence_too)
{
    for (int value = -5; value < 300; value++)
        ck_assert_ptr_nonnull(vmma_strerror((enum vmma_status)value));
    ck_assert_ptr_nonnull(vmma_strerror((enum vmma_status)INT32_MAX));
}
END_TEST

START_TEST(the_version_that_runs_is_that_of_the_header)
{
    char version[64];

    snprintf(version, sizeof version, "%d.%d.%d", VMMA_VERSION_MAJOR,
             VMMA_VERSION_MINOR, VMMA_VERSION_PATCH);
    ck_assert_str_eq(VMMA_VERSION, version);
    ck_assert_str_eq(vmma_version(), VMMA_VERSION);
}
END_TEST

/* ---- ended contexts
 * ---------------------------------------------------------- */

START_TEST(a_deleted_context_answers_that_it_is_not_live)
{
    struct vmma_stats stats = VMMA_STATS_INIT;
    struct vmma_client *client;
    struct world world;
    size_t bytes = 1;

    world_open(&world, 64 * KIB, NULL);
    assert_ok(vmma_delete_context(world.context));
    assert_status(vmma_delete_context(world.context), VMMA_E_CONTEXT);
    assert_status(vmma_extend_context(world.context, 64 * KIB), VMMA_E_CONTEXT);
    assert_status(vmma_create_client(world.context, NULL, &client),
                  VMMA_E_CONTEXT);
    assert_status(vmma_get_stats(world.context, &stats), VMMA_E_CONTEXT);
    assert_status(vmma_free(world.context, world.heap), VMMA_E_CONTEXT);
    assert_status(vmma_find_block(world.context, world.heap, NULL),
                  VMMA_E_CONTEXT);
    ck_assert_uint_eq(vmma_get_accepted_flags(world.context), 0);
    ck_assert_uint_eq(vmma_set_flags(world.context, 0), 0);
    ck_assert_uint_eq(vmma_get_total_size(world.context), 0);
    ck_assert_uint_eq(vmma_populate_cached_blocks(world.context, &bytes), 0);
    ck_assert_uint_eq(bytes, 0);
    ck_assert_ptr_null(vmma_find_client(world.context, 1));
    ck_assert_ptr_null(vmma_find_client_by_name(world.context, "a"));
    ground_fini(&world.ground);
}
END_TEST

START_TEST(the_clients_of_a_deleted_context_are_dead)
{
    struct world world;
    void *block;

    world_open(&world, 64 * KIB, NULL);
    block = must_alloc(world.a, 100);
    assert_ok(vmma_delete_context(world.context));
    ck_assert_int_eq(vmma_is_client(world.a), 0);
    ck_assert_ptr_null(vmma_get_client_context(world.a));
    ck_assert_ptr_null(vmma_alloc(world.a, 1));
    ck_assert_uint_eq(vmma_get_size(world.a, block), 0);
    assert_status(vmma_delete_client(world.a), VMMA_E_DEAD_CLIENT);
    ground_fini(&world.ground);
}
END_TEST

START_TEST(no_context_is_answered_by_every_call)
{
    struct vmma_stats stats = VMMA_STATS_INIT;
    struct vmma_client *client = NULL;
    size_t bytes = 1;

    assert_status(vmma_delete_context(NULL), VMMA_E_CONTEXT);
    assert_status(vmma_create_client(NULL, NULL, &client), VMMA_E_CONTEXT);
    ck_assert_ptr_null(client);
    ck_assert_uint_eq(vmma_get_accepted_flags(NULL), 0);
    ck_assert_uint_eq(vmma_set_flags(NULL, ALL_FLAGS), 0);
    ck_assert_ptr_null(vmma_find_client(NULL, 1));
    ck_assert_ptr_null(vmma_find_client_by_name(NULL, "a"));
    assert_status(vmma_free(NULL, &bytes), VMMA_E_CONTEXT);
    assert_status(vmma_free(NULL, NULL), VMMA_E_CONTEXT);
    ck_assert_uint_eq(vmma_get_block_size(NULL, &bytes), 0);
    ck_assert_ptr_null(vmma_get_owner(NULL, &bytes));
    assert_status(vmma_find_block(NULL, &bytes, NULL), VMMA_E_CONTEXT);
    ck_assert_uint_eq(vmma_get_total_size(NULL), 0);
    ck_assert_uint_eq(vmma_populate_cached_blocks(NULL, &bytes), 0);
    ck_assert_uint_eq(bytes, 0);
    assert_status(vmma_get_stats(NULL, &stats), VMMA_E_CONTEXT);
    assert_status(vmma_populate_stats(NULL, &stats), VMMA_E_CONTEXT);
}
END_TEST

START_TEST(contexts_are_independent)
{
    struct world one;
    struct world two;
    void *block;

    world_open(&one, 64 * KIB, NULL);
    world_open(&two, 64 * KIB, NULL);
    block = must_alloc(one.a, 3000);
    fill_pattern(block, 3000, 1);
    exhaust_client(two.a);
    ck_assert_uint_eq(vmma_get_total_size(one.context),
                      vmma_get_client_total_size(one.a));
    world_close(&two);
    ck_assert(holds_pattern(block, 3000, 1));
    world_close(&one);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *library(void)
{
    TCase *tc = tcase_create("library");

    tcase_add_test(tc, every_status_has_its_own_sentence_without_a_full_stop);
    tcase_add_test(tc, an_unknown_status_has_a_sentence_too);
    tcase_add_test(tc, the_version_that_runs_is_that_of_the_header);
    return tc;
}

static TCase *ending(void)
{
    TCase *tc = tcase_create("ending");

    tcase_add_test(tc, a_deleted_context_answers_that_it_is_not_live);
    tcase_add_test(tc, the_clients_of_a_deleted_context_are_dead);
    tcase_add_test(tc, no_context_is_answered_by_every_call);
    tcase_add_test(tc, contexts_are_independent);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("library");

    suite_add_tcase(suite, library());
    suite_add_tcase(suite, ending());
    return run_suite(suite);
}
