/*
 * test_runs.c - free runs of any length.
 *
 * Strategy: the model is one byte per granule, free or not.  After every step
 * the lists must hold exactly the maximal runs that the free granules make
 * (support.h: expect_runs).  All sequences of steps on 8 granules up to a
 * depth, and random ones on 64; and runs of more than 4 GiB, in address space
 * that is never touched.
 */
#include "tests/unit/support.h"
#include "src/large.h"

enum { GRANULES = 64 };

static struct bare bare;
static struct space *space;
static struct runs runs;
static unsigned char is_free[GRANULES];

static const uint64_t token = UINT64_C(7) << 40;
static uint64_t stamp;

/* Nothing is free, and nothing stale says so. */
static void begin(void)
{
    memset(space_map(space), 0, GRANULES * sizeof *space_map(space));
    vmma__runs_init(&runs);
    memset(is_free, 0, sizeof is_free);
    stamp = stamp_make(token, entry_make(KIND_FREE, 6, 0));
}

static void open_bare(void)
{
    bare_open(&bare, GRANULES, GRANULES);
    space = bare.space;
    begin();
}

static void close_bare(void)
{
    bare_close(&bare);
}

static void give(uint32_t g, uint32_t count, uint32_t low, uint32_t high)
{
    vmma__runs_give(&runs, space, stamp, g, count, low, high);
    memset(is_free + g, 1, count);
    expect_runs(&runs, space, stamp, is_free, low, high);
}

static void cut(uint32_t g, uint32_t from, uint32_t count)
{
    expect_eq(vmma__runs_cut(&runs, space, g, from, count), from);
    for (uint32_t i = from; i < from + count; i++) {
        expect(is_free[i]);
        is_free[i] = 0;
    }
    expect_runs(&runs, space, stamp, is_free, 0, GRANULES);
}

/* ---- lists ------------------------------------------------------------ */

START_TEST(no_runs_are_found_where_there_are_none)
{
    expect_eq(runs.lists, 0);
    expect_eq(vmma__runs_longest(&runs, space), NONE);
    for (unsigned o = 0; o < ORDER_COUNT; o++)
        expect_eq(
            vmma__runs_find(&runs, space, (uint32_t)1 << o, UINT32_MAX), NONE);
    expect_runs(&runs, space, stamp, is_free, 0, GRANULES);
}
END_TEST

START_TEST(lists_are_for_longer_and_longer_runs)
{
    unsigned list = 0;

    for (uint32_t count = 1; count < 100000; count++) {
        unsigned next = vmma__runs_list(count);

        expect(next == list || next == list + 1);
        expect(count > 8 || next == (count < 8 ? count - 1 : 7));
        list = next;
    }
    expect_eq(list, RUNS_LISTS - 1);
    expect_eq(vmma__runs_list(UINT32_MAX), RUNS_LISTS - 1);
    expect_eq(vmma__runs_list(15), vmma__runs_list(14));
    expect_eq(vmma__runs_list(16), vmma__runs_list(15) + 1);
}
END_TEST

START_TEST(a_run_is_put_in_at_any_place_with_any_length)
{
    for (uint32_t g = 0; g < GRANULES; g++)
        for (uint32_t count = 0; g + count <= GRANULES; count++) {
            begin();
            memset(is_free + g, 1, count);
            vmma__runs_put(&runs, space, stamp, g, count);
            expect_runs(&runs, space, stamp, is_free, 0, GRANULES);
        }
}
END_TEST

START_TEST(a_run_is_removed_from_anywhere_in_its_list)
{
    for (uint32_t first = 0; first < 5; first++)
        for (uint32_t second = 0; second < 5; second++) {
            begin();
            for (uint32_t g = 0; g < 10; g += 2) {
                vmma__runs_put(&runs, space, stamp, g, 1);
                is_free[g] = 1;
            }
            vmma__runs_remove(&runs, space, 2 * first);
            expect_eq(space_record(space, 2 * first)->stamp, 0);
            is_free[2 * first] = 0;
            expect_runs(&runs, space, stamp, is_free, 0, GRANULES);
            if (second == first)
                continue;
            vmma__runs_remove(&runs, space, 2 * second);
            is_free[2 * second] = 0;
            expect_runs(&runs, space, stamp, is_free, 0, GRANULES);
        }
}
END_TEST

/* ---- finding ---------------------------------------------------------- */

START_TEST(the_shortest_run_that_is_long_enough_is_found)
{
    static const uint32_t counts[] = {1, 2, 4, 9, 8, 15, 14};
    uint32_t g = 0;

    for (size_t i = 0; i < LENGTH(counts); i++, g += counts[i - 1] + 1)
        vmma__runs_put(&runs, space, stamp, g, counts[i]);
    for (uint32_t count = 1; count <= 20; count++) {
        uint32_t found = vmma__runs_find(&runs, space, count, UINT32_MAX);
        uint32_t best = NONE;

        for (size_t i = 0; i < LENGTH(counts); i++)
            if (counts[i] >= count && counts[i] < best)
                best = counts[i];
        expect_eq(found == NONE ? NONE : run_count(space, found), best);
    }
}
END_TEST

START_TEST(no_more_runs_of_a_list_are_looked_at_than_was_said)
{
    vmma__runs_put(&runs, space, stamp, 0, 15);
    vmma__runs_put(&runs, space, stamp, 20, 14);
    vmma__runs_put(&runs, space, stamp, 40, 14);
    expect_eq(vmma__runs_find(&runs, space, 15, 2), NONE);
    expect_eq(vmma__runs_find(&runs, space, 15, 3), 0);
    expect_eq(vmma__runs_find(&runs, space, 13, 1), 40);
}
END_TEST

START_TEST(the_longest_run_is_found)
{
    vmma__runs_put(&runs, space, stamp, 0, 3);
    expect_eq(vmma__runs_longest(&runs, space), 0);
    vmma__runs_put(&runs, space, stamp, 10, 15);
    vmma__runs_put(&runs, space, stamp, 30, 14);
    expect_eq(vmma__runs_longest(&runs, space), 10);
}
END_TEST

/* ---- cutting and merging ---------------------------------------------- */

START_TEST(any_part_of_a_run_can_be_cut_out)
{
    for (uint32_t from = 4; from < 40; from++)
        for (uint32_t count = 1; from + count <= 40; count++) {
            begin();
            give(4, 36, 0, GRANULES);
            give(42, 3, 0, GRANULES);
            cut(4, from, count);
            give(from, count, 0, GRANULES);
        }
}
END_TEST

START_TEST(runs_merge_with_both_neighbours)
{
    for (uint32_t g = 0; g < 32; g++)
        for (uint32_t count = 1; g + count <= 32; count++) {
            begin();
            if (g != 0)
                give(0, g, 0, 32);
            if (g + count != 32)
                give(g + count, 32 - g - count, 0, 32);
            give(g, count, 0, 32);
            expect_eq(run_count(space, 0), 32);
        }
}
END_TEST

START_TEST(merging_stays_within_its_limits)
{
    for (uint32_t low = 4; low < 20; low++)
        for (uint32_t high = low + 1; high <= 40; high++) {
            begin();
            /* The neighbours are free, with the same stamp. */
            vmma__runs_put(&runs, space, stamp, 0, low);
            vmma__runs_put(&runs, space, stamp, high, GRANULES - high);
            give(low, high - low, low, high);
            expect_eq(run_count(space, 0), low);
            expect_eq(run_count(space, high), GRANULES - high);
        }
}
END_TEST

START_TEST(runs_with_another_stamp_are_not_merged)
{
    const uint64_t others[] = {
        stamp + (UINT64_C(1) << 24), stamp + (UINT64_C(1) << 40),
        stamp_make(token, entry_make(KIND_CACHED, 6, 0)),
        stamp_make(token, entry_make(KIND_FREE, 5, 0)), 0};

    for (size_t i = 0; i < LENGTH(others); i++) {
        begin();
        for (uint32_t g = 0; g < 12; g += 8) {
            space_map(space)[g] = space_ref(space, g);
            space_map(space)[g + 3] = space_ref(space, g);
            *space_record(space, g) = (struct record){
                .avail = 4, .stamp = others[i], .start = space_start(space, g)};
        }
        give(4, 4, 0, GRANULES);
        expect_eq(run_count(space, 4), 4);
        expect_eq(space_record(space, 0)->stamp, others[i]);
        expect_eq(space_record(space, 8)->stamp, others[i]);
    }
}
END_TEST

START_TEST(what_a_run_left_in_the_map_is_not_taken_for_its_end)
{
    give(0, 16, 0, GRANULES);
    cut(0, 8, 8);
    /* 15 still refers to 0, whose run now ends before 8. */
    expect_eq(space_map(space)[15], space_ref(space, 0));
    give(16, 8, 0, GRANULES);
    expect_eq(run_count(space, 16), 8);
    expect_eq(run_count(space, 0), 8);
}
END_TEST

/* ---- sequences -------------------------------------------------------- */

/* What can be put back: the whole state on 8 granules. */
struct state {
    struct runs runs;
    struct granules_kept granules;
    unsigned char is_free[8];
};

static unsigned long steps;

static void state_save(struct state *to)
{
    to->runs = runs;
    granules_keep(space, &to->granules);
    memcpy(to->is_free, is_free, sizeof to->is_free);
}

static void state_restore(const struct state *from)
{
    runs = from->runs;
    granules_put_back(space, &from->granules);
    memcpy(is_free, from->is_free, sizeof from->is_free);
}

/* Take or give every part of the granules that is all free or all in use. */
static void try_all(unsigned depth)
{
    struct state before;

    state_save(&before);
    for (uint32_t g = 0; g < 8 && depth != 0; g++) {
        uint32_t head = g;

        while (head > 0 && is_free[head] && is_free[head - 1])
            head--;
        for (uint32_t n = 1; g + n <= 8 && is_free[g + n - 1] == is_free[g];
             n++) {
            steps++;
            if (is_free[g])
                cut(head, g, n);
            else
                give(g, n, 0, 8);
            try_all(depth - 1);
            state_restore(&before);
        }
    }
}

START_TEST(every_sequence_on_8_granules_agrees_with_the_model)
{
    give(0, 8, 0, 8);
    try_all(4);
    printf("runs: %lu steps\n", steps);
    fflush(stdout);
    expect(steps > 10000);
}
END_TEST

START_TEST(random_sequences_agree_with_the_model)
{
    uint32_t taken[GRANULES][2], n = 0;
    struct rng rng;

    rng_init(&rng, test_seed());
    give(0, GRANULES, 0, GRANULES);
    for (int i = 0; i < 20000; i++) {
        if (rng_chance(&rng, 50)) {
            uint32_t count = (uint32_t)rng_between(&rng, 1, 20);
            uint32_t g = vmma__runs_find(&runs, space, count, 4), from;

            if (g == NONE)
                continue;
            from = g + (uint32_t)rng_between(&rng, 0,
                                             run_count(space, g) - count);
            cut(g, from, count);
            taken[n][0] = from;
            taken[n++][1] = count;
        } else if (n != 0) {
            size_t j = rng_below(&rng, n);

            give(taken[j][0], taken[j][1], 0, GRANULES);
            memcpy(taken[j], taken[--n], sizeof taken[j]);
        }
    }
    while (n-- != 0)
        give(taken[n][0], taken[n][1], 0, GRANULES);
    expect_eq(run_count(space, 0), GRANULES);
}
END_TEST

/* ---- more than 4 GiB -------------------------------------------------- */

START_TEST(runs_and_blocks_of_more_than_4_gib_are_found_from_their_far_ends)
{
    struct vmma_context_config config = bed_config(16, 65536, 2);
    const size_t size = (size_t)(sizeof(size_t) > 4 ? 20 : 0) << 30;
    struct vmma_context *ctx;
    struct vmma_client *client;
    struct ground ground;
    struct vmma_block block;
    char *a, *b, *big;

    if (size == 0 || !ground_reserve(&ground, size))
        return;
    assert_ok(vmma_create_context(ground.memory, size, &config, &ctx));
    assert_ok(vmma_create_client(ctx, NULL, &client));
    big = vmma_alloc(client, (size_t)14 << 30);
    expect(big != NULL);
    expect_sound(ctx);
    for (size_t at = 65536; at < (size_t)14 << 30; at += 4095 * 65536 + 512) {
        assert_ok(vmma_find_block(ctx, big + at, &block));
        expect(block.start == big && block.size == (size_t)14 << 30);
    }
    assert_ok(vmma_expand(client, big, 200000)); /* 14 GiB are free behind it */
    expect_sound(ctx);
    b = vmma_alloc(client, (size_t)13 << 30);
    expect(b == big + ((size_t)1 << 30));
    a = vmma_alloc(client, (size_t)1 << 29);
    expect(a == big + ((size_t)1 << 29));
    expect_sound(ctx);
    assert_ok(vmma_free_from(client, a));
    assert_ok(vmma_free_from(client, b));
    expect_sound(ctx);
    /* Where they were, nothing is taken for a small block. */
    for (int i = 0; i < 200; i++)
        expect(vmma_alloc(client, 40000) != NULL);
    for (size_t g = 4; g < (size_t)14 << 14; g++)
        expect(!vmma_test_address(client, big + g * 65536) ||
               vmma_get_size(client, big + g * 65536) < 65536 * 2);
    expect_sound(ctx);
    ground_fini(&ground);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runs");
    TCase *tc = tcase_create("lists");

    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_add_test(tc, no_runs_are_found_where_there_are_none);
    tcase_add_test(tc, lists_are_for_longer_and_longer_runs);
    tcase_add_test(tc, a_run_is_put_in_at_any_place_with_any_length);
    tcase_add_test(tc, a_run_is_removed_from_anywhere_in_its_list);
    tcase_add_test(tc, the_shortest_run_that_is_long_enough_is_found);
    tcase_add_test(tc, no_more_runs_of_a_list_are_looked_at_than_was_said);
    tcase_add_test(tc, the_longest_run_is_found);
    suite_add_tcase(suite, tc);
    tc = tcase_create("cutting and merging");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, any_part_of_a_run_can_be_cut_out);
    tcase_add_test(tc, runs_merge_with_both_neighbours);
    tcase_add_test(tc, merging_stays_within_its_limits);
    tcase_add_test(tc, runs_with_another_stamp_are_not_merged);
    tcase_add_test(tc, what_a_run_left_in_the_map_is_not_taken_for_its_end);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, every_sequence_on_8_granules_agrees_with_the_model);
    tcase_add_test(tc, random_sequences_agree_with_the_model);
    suite_add_tcase(suite, tc);
    tc = tcase_create("far");
    tcase_set_timeout(tc, 60);
    tcase_add_test(
        tc, runs_and_blocks_of_more_than_4_gib_are_found_from_their_far_ends);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
