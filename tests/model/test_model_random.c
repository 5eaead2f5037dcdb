/*
 * test_model_random.c - random operations, judged by a reference model.
 *
 * Strategy: contexts of many shapes, from 64 KiB up, each driven through
 * full, empty and in between for as long as VMMA_TEST_SECONDS allows (5 in
 * total if it is not set).  Every answer is judged at once, vmma_check runs
 * after every step or every few, and all contents, walks and statistics are
 * compared now and then.
 *
 * A failure names the shape, the step and the seed.  To see it again, set
 * VMMA_TEST_SEED to that seed; to keep it, add a line to `regressions`.
 */
#include "tests/model/model.h"

enum { STEPS = 3000 }; /* of one context                                */

static const struct model_shape shapes[] = {
    /* name, size, offset, alignment, block_size, max_clients, flags,
       largest, quota, check_every */
    {"defaults in 64 KiB", 64 * KIB, 0, 0, 0, 0, 0, 4096, 0, 1},
    {"defaults in 1 MiB", MIB, 8, 0, 0, 0, 0, 20000, 0, 4},
    {"quotas", 256 * KIB, 0, 16, 1024, 16, 0, 5000, 65536, 2},
    {"tiny granules", 128 * KIB, 3, 8, 256, 8, 0, 2000, 0, 2},
    {"large granules", 2 * MIB, 0, 16, 65536, 8, 0, 100000, 0, 2},
    {"large alignment", MIB, 100, 4096, 4096, 8, 0, 20000, 0, 2},
    {"alignment of a granule", 512 * KIB, 0, 1024, 1024, 8, 0, 9000, 0, 2},
    {"many clients", MIB, 0, 16, 1024, 64, 0, 1000, 30000, 8},
    {"one client", 100001, 17, 32, 512, 1, 0, 3000, 0, 1},
    {"zeroed", 256 * KIB, 0, 0, 0, 0, VMMA_FLAG_ZERO, 4000, 0, 2},
    {"poisoned", 256 * KIB, 0, 0, 0, 0, VMMA_FLAG_POISON, 4000, 0, 2},
    {"both flags", 256 * KIB, 0, 8, 2048, 0, VMMA_FLAG_ZERO | VMMA_FLAG_POISON,
     9000, 100000, 2},
    {"large blocks", 4 * MIB, 0, 0, 0, 8, 0, 400000, 0, 4},
};

/* Seeds that failed once; a line each, with what they found. */
static const struct {
    size_t shape;
    unsigned steps;
    uint64_t seed;
} regressions[] = {
    {0, STEPS, 888000},     /* largest_block with a quota below the total     */
    {1, STEPS, 1795199276}, /* the same, where an arena goes back             */
    {3, STEPS, 888000},     /* the same, in tiny granules                     */
    {11, STEPS, 1795199410}, /* the same, with both flags                       */
};

static struct model model;

static void run(size_t shape, uint64_t seed, unsigned steps)
{
    model_open(&model, &shapes[shape], seed);
    while (model.step < steps)
        model_step(&model);
    model_close(&model);
}

START_TEST(random_operations_answer_as_the_model_does)
{
    double end = test_clock() + test_seconds() / (double)LENGTH(shapes);
    uint64_t seed = test_seed();
    unsigned contexts = 0;

    do {
        run((size_t)_i, seed++, STEPS);
        contexts++;
    } while (test_clock() < end);
    printf("%s: %u contexts, %u operations\n", shapes[_i].name, contexts,
           contexts * STEPS);
    fflush(stdout);
}
END_TEST

START_TEST(a_seed_that_failed_once_fails_no_more)
{
    run(regressions[_i].shape, regressions[_i].seed, regressions[_i].steps);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tc = tcase_create("random");

    tcase_set_timeout(tc, 60 + 2 * test_seconds());
    tcase_add_loop_test(tc, a_seed_that_failed_once_fails_no_more, 0,
                        (int)LENGTH(regressions));
    tcase_add_loop_test(tc, random_operations_answer_as_the_model_does, 0,
                        (int)LENGTH(shapes));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
