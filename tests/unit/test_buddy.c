/*
 * test_buddy.c - split and merge.
 *
 * Strategy: the model is one byte per granule, free or not.  After every step
 * the lists must hold exactly the natural pieces that the free granules make,
 * merged as far as they go (support.h: expect_free).  All sequences of steps
 * on 8 granules up to a depth, and random ones on 64.
 */
#include "tests/unit/support.h"
#include "src/buddy.h"

enum { GRANULES = 64 };

static struct bare bare;
static struct space *space;
static struct buddy buddy;
static unsigned char is_free[GRANULES];

/* Nothing is free, and nothing stale says so. */
static void begin(void)
{
    memset(space_map(space), 0, GRANULES * sizeof *space_map(space));
    vmma__buddy_init(&buddy);
    memset(is_free, 0, sizeof is_free);
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

static void give(uint32_t g, uint32_t count, uint32_t high)
{
    vmma__buddy_give(&buddy, space, g, count, high);
    memset(is_free + g, 1, count);
    expect_free(&buddy, space, is_free, high);
}

/* As the rooms above do it: the best piece, cut to size. */
static uint32_t take(uint32_t count, uint32_t high)
{
    unsigned order = vmma__buddy_find(&buddy, bits_log2_ceil(count));
    uint32_t g;

    if (order == ORDER_COUNT)
        return NONE;
    g = vmma__buddy_pop(&buddy, space, order);
    vmma__buddy_put(&buddy, space, g + count,
                    ((uint32_t)1 << order) - count);
    for (uint32_t i = g; i < g + count; i++) {
        expect(is_free[i]);
        is_free[i] = 0;
    }
    expect_free(&buddy, space, is_free, high);
    return g;
}

START_TEST(an_empty_buddy_has_nothing)
{
    expect_eq(buddy.orders, 0);
    expect(vmma__buddy_largest(&buddy) == -1);
    for (unsigned o = 0; o <= ORDER_COUNT; o++)
        expect_eq(vmma__buddy_find(&buddy, o), ORDER_COUNT);
    expect_free(&buddy, space, is_free, GRANULES);
}
END_TEST

START_TEST(find_answers_the_smallest_order_that_is_large_enough)
{
    for (uint32_t orders = 0; orders < 128; orders++) {
        uint32_t put = orders << 22 | orders;

        buddy.orders = put & (((uint32_t)1 << ORDER_COUNT) - 1);
        for (unsigned o = 0; o <= ORDER_COUNT + 3; o++) {
            unsigned expected = o;

            while (expected < ORDER_COUNT && !(buddy.orders >> expected & 1))
                expected++;
            if (expected > ORDER_COUNT)
                expected = ORDER_COUNT;
            expect_eq(vmma__buddy_find(&buddy, o), expected);
        }
    }
}
END_TEST

START_TEST(largest_answers_the_highest_order)
{
    for (unsigned o = 0; o < ORDER_COUNT; o++) {
        buddy.orders = (uint32_t)1 << o | 1;
        expect(vmma__buddy_largest(&buddy) == (int)o);
    }
}
END_TEST

START_TEST(a_run_is_put_in_as_its_natural_pieces)
{
    for (uint32_t g = 0; g < GRANULES; g++)
        for (uint32_t count = 0; g + count <= GRANULES; count++) {
            begin();
            memset(is_free + g, 1, count);
            vmma__buddy_put(&buddy, space, g, count);
            expect_free(&buddy, space, is_free, GRANULES);
        }
}
END_TEST

START_TEST(what_was_put_in_last_is_taken_first)
{
    for (uint32_t g = 0; g < GRANULES; g += 2)
        vmma__buddy_put(&buddy, space, g, 1);
    for (uint32_t g = GRANULES; g > 0; g -= 2)
        expect_eq(vmma__buddy_pop(&buddy, space, 0), g - 2);
    expect_eq(buddy.orders, 0);
}
END_TEST

START_TEST(a_piece_that_was_taken_bears_no_stamp)
{
    vmma__buddy_put(&buddy, space, 8, 8);
    expect(vmma__buddy_is_free(space, 8, 3));
    expect_eq(vmma__buddy_pop(&buddy, space, 3), 8);
    expect_eq(space_record(space, 8)->stamp, 0);
    expect(!vmma__buddy_is_free(space, 8, 3));
}
END_TEST

START_TEST(a_piece_is_removed_from_anywhere_in_its_list)
{
    for (unsigned first = 0; first < 5; first++)
        for (unsigned second = 0; second < 5; second++) {
            begin();
            for (uint32_t g = 0; g < 10; g += 2) {
                vmma__buddy_put(&buddy, space, g, 1);
                is_free[g] = 1;
            }
            vmma__buddy_remove(&buddy, space, 2 * first);
            is_free[2 * first] = 0;
            expect_free(&buddy, space, is_free, GRANULES);
            if (second == first)
                continue;
            vmma__buddy_remove(&buddy, space, 2 * second);
            is_free[2 * second] = 0;
            expect_free(&buddy, space, is_free, GRANULES);
        }
}
END_TEST

START_TEST(a_piece_is_free_only_at_its_own_place_and_with_its_own_order)
{
    vmma__buddy_put(&buddy, space, 8, 4);
    expect(vmma__buddy_is_free(space, 8, 2));
    expect(!vmma__buddy_is_free(space, 8, 1));
    expect(!vmma__buddy_is_free(space, 8, 3));
    expect(!vmma__buddy_is_free(space, 9, 2));
    expect(!vmma__buddy_is_free(space, 10, 1));
    expect(!vmma__buddy_is_free(space, 12, 2));
}
END_TEST

/* ---- merging ---------------------------------------------------------- */

START_TEST(single_granules_merge_into_one_piece_in_any_order)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 200; round++) {
        uint32_t order[GRANULES];

        begin();
        for (uint32_t i = 0; i < GRANULES; i++) {
            size_t j = rng_below(&rng, i + 1);

            order[i] = order[j];
            order[j] = i;
        }
        for (uint32_t i = 0; i < GRANULES; i++)
            give(order[i], 1, GRANULES);
        expect_eq(buddy.orders, GRANULES);
        expect_eq(buddy.first[6], 0);
    }
}
END_TEST

START_TEST(merging_stays_below_its_limit)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (uint32_t high = 1; high <= 40; high++) {
        begin();
        /* What is behind is free, too. */
        vmma__buddy_put(&buddy, space, high, GRANULES - high);
        for (uint32_t left = high; left > 0; left--) {
            uint32_t g = 0;

            for (size_t skip = rng_below(&rng, left);
                 is_free[g] || skip-- > 0; g++)
                ;
            give(g, 1, high);
        }
        expect_eq(piece_entry(space, high, 0) == 0, 0);
    }
}
END_TEST

START_TEST(a_clients_pieces_are_not_merged)
{
    const uint64_t stamps[] = {
        stamp_make(UINT64_C(1) << 24, entry_make(KIND_POOL_FREE, 0, 2)),
        stamp_make(UINT64_C(1) << 40, entry_make(KIND_POOL_FREE, 0, 2)),
        stamp_make(0, entry_make(KIND_FREE, 0, 2)),
        stamp_make(0, entry_make(KIND_POOL_FREE, 5, 2)),
    };

    for (size_t i = 0; i < LENGTH(stamps); i++) {
        begin();
        piece_begin(space, 4, stamp_token(stamps[i]), stamp_entry(stamps[i]));
        give(0, 4, GRANULES);
        expect_eq(buddy.orders, 4);
        expect_eq(space_record(space, 4)->stamp, stamps[i]);
    }
}
END_TEST

START_TEST(runs_of_any_length_can_be_given)
{
    for (uint32_t g = 0; g < 32; g++)
        for (uint32_t count = 1; g + count <= 32; count++) {
            begin();
            give(0, g, 32);
            give(g + count, 32 - g - count, 32);
            give(g, count, 32);
            expect_eq(buddy.orders, 32);
        }
}
END_TEST

/* ---- sequences -------------------------------------------------------- */

/* What can be put back: the whole state on 8 granules. */
struct state {
    struct buddy buddy;
    struct granules_kept granules;
    unsigned char is_free[8];
    uint32_t taken[8][2];
    unsigned taken_count;
};

static struct state state;
static unsigned long steps;

static void state_save(struct state *to)
{
    *to = state;
    to->buddy = buddy;
    granules_keep(space, &to->granules);
    memcpy(to->is_free, is_free, sizeof to->is_free);
}

static void state_restore(const struct state *from)
{
    state = *from;
    buddy = from->buddy;
    granules_put_back(space, &from->granules);
    memcpy(is_free, from->is_free, sizeof from->is_free);
}

/* Is there a natural place for so many granules? */
static bool model_has_room(uint32_t count)
{
    uint32_t size = (uint32_t)1 << bits_log2_ceil(count);

    for (uint32_t g = 0; g + size <= 8; g += size) {
        uint32_t n = 0;

        while (n < size && is_free[g + n])
            n++;
        if (n == size)
            return true;
    }
    return false;
}

static void try_all(unsigned depth)
{
    struct state before;

    if (depth == 0)
        return;
    state_save(&before);
    for (uint32_t count = 1; count <= 8; count++) {
        bool room = model_has_room(count);
        uint32_t g = take(count, 8);

        steps++;
        expect_eq(g != NONE, room);
        if (g == NONE)
            continue;
        state.taken[state.taken_count][0] = g;
        state.taken[state.taken_count++][1] = count;
        try_all(depth - 1);
        state_restore(&before);
    }
    for (unsigned i = 0; i < before.taken_count; i++) {
        steps++;
        give(state.taken[i][0], state.taken[i][1], 8);
        memcpy(state.taken[i], state.taken[--state.taken_count],
               sizeof state.taken[i]);
        try_all(depth - 1);
        state_restore(&before);
    }
}

START_TEST(every_sequence_on_8_granules_agrees_with_the_model)
{
    vmma__buddy_put(&buddy, space, 0, 8);
    memset(is_free, 1, 8);
    memset(&state, 0, sizeof state);
    try_all(6);
    printf("buddy: %lu steps\n", steps);
    fflush(stdout);
    expect(steps > 10000);
}
END_TEST

START_TEST(random_sequences_agree_with_the_model)
{
    uint32_t taken[GRANULES][2], n = 0;
    struct rng rng;

    rng_init(&rng, test_seed());
    vmma__buddy_put(&buddy, space, 0, GRANULES);
    memset(is_free, 1, sizeof is_free);
    for (int i = 0; i < 20000; i++) {
        if (rng_chance(&rng, 50)) {
            uint32_t count = (uint32_t)rng_between(&rng, 1, 20);
            uint32_t g = take(count, GRANULES);

            if (g == NONE)
                continue;
            expect_eq(g & (((uint32_t)1 << bits_log2_ceil(count)) - 1), 0);
            taken[n][0] = g;
            taken[n++][1] = count;
        } else if (n != 0) {
            size_t j = rng_below(&rng, n);

            give(taken[j][0], taken[j][1], GRANULES);
            memcpy(taken[j], taken[--n], sizeof taken[j]);
        }
    }
    while (n-- != 0)
        give(taken[n][0], taken[n][1], GRANULES);
    expect_eq(buddy.orders, GRANULES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buddy");
    TCase *tc = tcase_create("lists");

    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_add_test(tc, an_empty_buddy_has_nothing);
    tcase_add_test(tc, find_answers_the_smallest_order_that_is_large_enough);
    tcase_add_test(tc, largest_answers_the_highest_order);
    tcase_add_test(tc, a_run_is_put_in_as_its_natural_pieces);
    tcase_add_test(tc, what_was_put_in_last_is_taken_first);
    tcase_add_test(tc, a_piece_that_was_taken_bears_no_stamp);
    tcase_add_test(tc, a_piece_is_removed_from_anywhere_in_its_list);
    tcase_add_test(
        tc, a_piece_is_free_only_at_its_own_place_and_with_its_own_order);
    suite_add_tcase(suite, tc);
    tc = tcase_create("merging");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, single_granules_merge_into_one_piece_in_any_order);
    tcase_add_test(tc, merging_stays_below_its_limit);
    tcase_add_test(tc, a_clients_pieces_are_not_merged);
    tcase_add_test(tc, runs_of_any_length_can_be_given);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, every_sequence_on_8_granules_agrees_with_the_model);
    tcase_add_test(tc, random_sequences_agree_with_the_model);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
