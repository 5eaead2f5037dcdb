/*
 * test_request.c - the slow paths: retries, failures, misuse.
 *
 * Strategy: the same sequence of calls is run under every quota, and in a
 * context that is fuller each time, so that each growth in it fails once:
 * what fails must change counters and caches only.  The order of the retries
 * is read from what the callbacks see.
 */
#include "tests/unit/request_steps.h"

/* ---- the order of retries --------------------------------------------- */

START_TEST(retries_come_in_their_order)
{
    void *own[2], *theirs[2];

    for (int i = 0; i < 2; i++) {
        own[i] = take_bytes(c, 5 * 1024);
        theirs[i] = take_bytes(other, 5 * 1024);
    }
    for (int i = 0; i < 2; i++) {
        give_bytes(c, own[i]);
        give_bytes(other, theirs[i]);
    }
    expect(c->heap.cached == 10 && other->heap.cached == 10);
    leave(8);
    vmma__client_limit(c, 0, 1024);
    ck_assert_ptr_null(vmma_alloc(client_handle(c), 100 * 1024));
    expect_eq(moments[0].own_cached, 10);
    expect_eq(moments[0].other_cached, 10);
    expect_eq(moments[1].own_cached, 0);
    expect_eq(moments[1].other_cached, 0);
    expect_eq(moments[0].may_free, context_slot_number(bed.ctx, c));
    expect_eq(moments[1].may_free, context_slot_number(bed.ctx, c));
    expect_eq(moments[2].may_free, NONE);
    for (int i = 0; i < 3; i++) {
        expect_eq(moments[i].wanted, 100 * 1024);
        expect_eq(moments[i].busy, 1);
    }
    expect_eq(moments[1].status, moments[2].status);
    expect_moments("SOE");
    expect_eq(bed.ctx->busy, 0);
}
END_TEST

START_TEST(others_keep_their_caches_when_only_the_quota_is_in_the_way)
{
    give_bytes(other, take_bytes(other, 5 * 1024));
    give_bytes(c, take_bytes(c, 5 * 1024));
    vmma__client_limit(c, 16 * 1024, 0);
    ck_assert_ptr_null(vmma_alloc(client_handle(c), 20 * 1024));
    expect_eq(c->heap.cached, 0);
    expect_eq(other->heap.cached, 5);
    expect_eq(c->last_cause, VMMA_E_QUOTA);
    expect_moments("OE");
}
END_TEST

START_TEST(what_the_client_keeps_is_enough_without_asking_anybody)
{
    void *blocks[4];

    vmma__client_limit(c, 32 * 1024, 0);
    for (int i = 0; i < 4; i++)
        blocks[i] = take_bytes(c, 7 * 1024);
    for (int i = 0; i < 4; i++)
        give_bytes(c, blocks[i]);
    expect(c->heap.cached != 0);
    take_bytes(c, 32 * 1024);
    expect_moments("");
    expect_eq(c->failed_count, 0);
}
END_TEST

START_TEST(what_others_keep_is_enough_without_asking_the_host)
{
    void *blocks[4];

    for (int i = 0; i < 4; i++)
        blocks[i] = take_bytes(other, 7 * 1024);
    for (int i = 0; i < 4; i++)
        give_bytes(other, blocks[i]);
    leave(4);
    take_bytes(c, 16 * 1024);
    expect_moments("");
    expect_eq(other->heap.held, 0);
}
END_TEST

START_TEST(blocks_that_wait_in_slabs_are_used_before_a_request_fails)
{
    static void *blocks[2000];
    size_t n = 0;

    answer = 0;
    leave(16);
    while ((blocks[n] = vmma_alloc(client_handle(c), 16)) != NULL)
        n++;
    expect_eq(n, 16 * 64);
    expect_moments("OE");
    for (size_t i = 5; i < n; i += 64)
        give_bytes(c, blocks[i]);
    for (size_t i = 5; i < n; i += 64)
        take_bytes(c, 16);
    expect_moments("");
    ck_assert_ptr_null(vmma_alloc(client_handle(c), 16));
    expect_moments("OE");
}
END_TEST

/* ---- the host's answers ----------------------------------------------- */

START_TEST(the_host_is_asked_once_and_believed_once)
{
    answer = 1;
    leave(8);
    to_free[0] = take_bytes(c, 8 * 1024);
    expect(vmma_alloc(client_handle(c), 7 * 1024) != NULL);
    expect_moments("O");
    expect_eq(c->failed_count, 0);
    ck_assert_ptr_null(vmma_alloc(client_handle(c), 7 * 1024));
    expect_moments("OE");
    expect_eq(c->failed_count, 1);
}
END_TEST

START_TEST(what_the_host_frees_in_a_larger_class_is_used)
{
    void *block = NULL;

    leave(16);
    while (vmma_alloc(client_handle(c), 64) != NULL)
        ;
    moment_count = 0;
    for (uint32_t g = 0; block == NULL && g < bed.space->count; g++)
        if (vmma_get_size(client_handle(c), address_of(bed.space, g)) == 64)
            block = address_of(bed.space, g);
    expect(block != NULL);
    answer = 1;
    to_free[0] = block;
    expect(vmma_alloc(client_handle(c), 16) == block);
    expect_moments("O");
}
END_TEST

START_TEST(the_request_fails_when_the_host_says_so)
{
    leave(8);
    to_free[0] = take_bytes(c, 8 * 1024);
    answer = 0;
    ck_assert_ptr_null(vmma_alloc(client_handle(c), 7 * 1024));
    expect_moments("OE");
    expect(vmma_alloc(client_handle(c), 7 * 1024) != NULL);
    expect_moments("");
}
END_TEST

START_TEST(the_soft_limit_callback_can_make_growth_needless)
{
    uint32_t held;

    vmma__client_limit(c, 0, 16 * 1024);
    to_free[0] = take_bytes(c, 15 * 1024);
    held = c->heap.held;
    take_bytes(c, 14 * 1024);
    expect_eq(c->heap.held, held);
    expect_moments("S");
    take_bytes(c, 1024 * 4);
    expect_moments("S");
    expect(c->heap.held > 16);
}
END_TEST

START_TEST(small_blocks_that_the_soft_limit_callback_frees_are_used)
{
    vmma__client_limit(c, 0, 1024);
    for (int i = 0; i < 64; i++) {
        void *block = take_bytes(c, 16);

        if (i < _i)
            to_free[i] = block;
    }
    for (int i = 0; i < _i; i++)
        take_bytes(c, 16);
    expect_eq(c->heap.held, 1);
    expect_moments("S");
}
END_TEST

START_TEST(what_no_context_could_hold_is_refused_at_once)
{
    size_t all = (size_t)bed.space->capacity * 1024;
    const size_t sizes[] = {all + 1,          all + 1024,   SIZE_MAX / 2,
                            SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX};

    for (size_t i = 0; i < LENGTH(sizes); i++)
        for (size_t align = 1; align != 0; align *= 2) {
            ck_assert_ptr_null(
                vmma_aligned_alloc(client_handle(c), align, sizes[i]));
            expect_eq(c->last_cause, VMMA_E_TOO_LARGE);
            expect_eq(c->last_failed_size, sizes[i]);
            expect_moments("E");
        }
    ck_assert_ptr_null(
        vmma_aligned_alloc(client_handle(c), SIZE_MAX / 2 + 1, 1));
    expect_eq(c->last_cause, VMMA_E_TOO_LARGE);
    expect_eq(c->heap.peak, 0);
}
END_TEST

START_TEST(a_block_is_aligned_as_asked_for)
{
    for (size_t align = 1; align <= 65536; align *= 2)
        for (size_t size = 0; size < 9000; size += 1 + size / 3) {
            void *block = vmma_aligned_alloc(client_handle(c), align, size);

            expect(block != NULL);
            expect_eq((uintptr_t)block & (align - 1), 0);
            expect(vmma_get_size(client_handle(c), block) >= size);
            give_bytes(c, block);
        }
    expect_moments("");
}
END_TEST

/* ---- every failure ---------------------------------------------------- */

struct run {
    struct rng rng;
    void *block[64];
    size_t size[64];
    unsigned long failures;
    uint32_t held[3];
};

static struct shape before, after;

static void *try_step(struct run *run, size_t i, size_t size, unsigned how)
{
    struct vmma_client *handle = client_handle(c);

    if (run->block[i] != NULL)
        return vmma_realloc(handle, run->block[i], size);
    if (how < 3)
        return vmma_aligned_alloc(handle, (size_t)64 << how * 3, size);
    return how == 3 ? vmma_calloc(handle, 1, size) : vmma_alloc(handle, size);
}

static void expect_failure(struct run *run, size_t i, size_t size, unsigned how)
{
    uint32_t own = c->heap.held, theirs = other->heap.held;
    size_t failed = c->failed_count;

    run->failures++;
    shape_take(&after, bed.ctx);
    expect(shape_equal(&before, &after));
    expect_eq(c->last_failed_size, size);
    expect(c->last_cause == VMMA_E_QUOTA || c->last_cause == VMMA_E_EXHAUSTED ||
           c->last_cause == VMMA_E_FRAGMENTED);
    expect_eq(bed.ctx->last_failed_cause, c->last_cause);
    expect_eq(bed.ctx->last_failed_size, size);
    /* Again: now not even caches change. */
    ck_assert_ptr_null(try_step(run, i, size, how));
    shape_take(&after, bed.ctx);
    expect(shape_equal(&before, &after));
    expect_eq(c->heap.held, own);
    expect_eq(other->heap.held, theirs);
    expect_eq(c->failed_count, failed + 1);
    if (run->block[i] != NULL)
        expect(holds_byte(run->block[i], run->size[i] < 99 ? run->size[i] : 99,
                          (unsigned char)i));
}

static void step(struct run *run)
{
    size_t i = rng_below(&run->rng, LENGTH(run->block));
    size_t size = rng_size(&run->rng, rng_chance(&run->rng, 70) ? 500 : 9000);
    unsigned how = (unsigned)rng_below(&run->rng, 8);
    void *block;

    if (run->block[i] != NULL && how < 4) {
        give_bytes(c, run->block[i]);
        run->block[i] = NULL;
        return;
    }
    shape_take(&before, bed.ctx);
    block = try_step(run, i, size, how);
    if (block == NULL) {
        expect_failure(run, i, size, how);
    } else {
        run->block[i] = block;
        run->size[i] = size;
        memset(block, (int)i, size < 99 ? size : 99);
    }
    expect_sound(bed.ctx);
}

static unsigned long run_script(uint64_t seed)
{
    static struct run run;

    memset(&run, 0, sizeof run);
    rng_init(&run.rng, seed);
    give_bytes(other, take_bytes(other, 3000)); /* something to let go of */
    take_bytes(other, 100);
    for (int i = 0; i < 120; i++)
        step(&run);
    moment_count = 0;
    return run.failures;
}

START_TEST(every_failure_by_quota_leaves_everything_as_it_was)
{
    unsigned long failures = 0;

    for (uint32_t quota = 0; quota < 120; quota++) {
        close_bed();
        open_bed();
        vmma__client_limit(c, quota * 1024 + 1, 0);
        failures += run_script(test_seed());
    }
    expect(failures > 100);
}
END_TEST

START_TEST(every_failure_by_exhaustion_leaves_everything_as_it_was)
{
    unsigned long failures = 0;

    for (uint32_t left = 8; left < 140; left++) {
        close_bed();
        open_bed();
        leave(left);
        failures += run_script(test_seed());
    }
    expect(failures > 100);
}
END_TEST

START_TEST(every_failure_above_the_soft_limit_leaves_everything_as_it_was)
{
    for (uint32_t left = 8; left < 100; left += 3) {
        close_bed();
        open_bed();
        leave(left);
        vmma__client_limit(c, left * 900, left * 500);
        run_script(test_seed());
    }
}
END_TEST

START_TEST(shrinking_never_fails)
{
    struct rng rng;
    void *block;

    rng_init(&rng, test_seed());
    for (size_t size = 60000; size > 0; size = size * 9 / 10) {
        block = take_bytes(c, size);
        vmma__client_limit(c, 1, 1); /* no growth at all */
        for (size_t to = size; to > 0; to = rng_below(&rng, to)) {
            block = vmma_realloc(client_handle(c), block, to);
            expect(block != NULL);
            expect(vmma_get_size(client_handle(c), block) >= to);
            expect_sound(bed.ctx);
        }
        vmma__client_limit(c, 0, 0);
        give_bytes(c, block);
    }
    expect_eq(c->failed_count, 0);
    expect_moments("");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tc = tcase_create("retries");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, retries_come_in_their_order);
    tcase_add_test(tc,
                   others_keep_their_caches_when_only_the_quota_is_in_the_way);
    tcase_add_test(tc, what_the_client_keeps_is_enough_without_asking_anybody);
    tcase_add_test(tc, what_others_keep_is_enough_without_asking_the_host);
    tcase_add_test(tc,
                   blocks_that_wait_in_slabs_are_used_before_a_request_fails);
    suite_add_tcase(suite, tc);
    tc = tcase_create("answers");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, the_host_is_asked_once_and_believed_once);
    tcase_add_test(tc, what_the_host_frees_in_a_larger_class_is_used);
    tcase_add_test(tc, the_request_fails_when_the_host_says_so);
    tcase_add_test(tc, the_soft_limit_callback_can_make_growth_needless);
    tcase_add_loop_test(
        tc, small_blocks_that_the_soft_limit_callback_frees_are_used, 1, 9);
    tcase_add_test(tc, what_no_context_could_hold_is_refused_at_once);
    tcase_add_test(tc, a_block_is_aligned_as_asked_for);
    suite_add_tcase(suite, tc);
    tc = tcase_create("failures");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, every_failure_by_quota_leaves_everything_as_it_was);
    tcase_add_test(tc, every_failure_by_exhaustion_leaves_everything_as_it_was);
    tcase_add_test(
        tc, every_failure_above_the_soft_limit_leaves_everything_as_it_was);
    tcase_add_test(tc, shrinking_never_fails);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
