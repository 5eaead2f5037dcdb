/*
 * test_pool.c - the context's memory.
 *
 * Strategy: the model says for each granule which arena it is in.  After each
 * step P1 to P4 are computed again from it; that the state is a function of
 * the arenas alone (P3) is what the comparison of free pieces proves.  There
 * is no memory behind the bookkeeping.
 */
#include "tests/unit/support.h"
#include "src/pool.h"

enum { GRANULES = 203, CAPACITY = 256 };

static struct bare bare;
static struct pool *pool;
static struct space *space;
static unsigned char is_free[CAPACITY];
static uint32_t arenas[CAPACITY], arena_count;

static void open_bare(void)
{
    bare_open(&bare, GRANULES, CAPACITY);
    pool = bare.pool;
    space = bare.space;
    memset(is_free, 1, sizeof is_free);
    arena_count = 0;
}

static void close_bare(void)
{
    bare_close(&bare);
}

static uint32_t place_of(uint32_t count)
{
    uint32_t place = 4;

    while (place < count)
        place *= 2;
    return place;
}

/* ---- the model -------------------------------------------------------- */

static uint32_t model_mark(void)
{
    uint32_t mark = space->capacity;

    while (mark > 0 && is_free[mark - 1])
        mark--;
    return mark;
}

/* Could so many granules be had?  Up to four need a place for four, unless it
 * is beyond the mark; more need no more than what is asked for. */
static bool model_has_room(uint32_t count)
{
    uint32_t place = place_of(count), mark = model_mark();

    for (uint32_t g = 0; g < space->count; g += place) {
        uint32_t need = g >= mark || count > 4 ? count : place, n = 0;
        uint32_t limit = g >= mark ? space->count : mark;

        while (n < need && g + n < limit && is_free[g + n])
            n++;
        if (n == need)
            return true;
    }
    return false;
}

static void expect_model(void)
{
    struct space doors = *space;
    uint32_t held = 0;

    for (uint32_t i = 0; i < arena_count; i++)
        held += space_arena(space, arenas[i])->count;
    expect_eq(pool->held, held);
    expect_eq(pool->arena_count, arena_count);
    expect(pool->peak >= held);
    expect_eq(vmma__pool_free(pool), space->count - held);
    expect_eq(space->high_water, model_mark());
    expect(space->high_water <= space->scrubbed);
    expect(space->scrubbed <= space->count);
    space_set_doors(&doors);
    expect_eq(space->free_door, doors.free_door);
    expect_free(&pool->free, space, is_free, space->high_water);
}

static uint32_t take(uint32_t count)
{
    bool room = model_has_room(count);
    uint32_t g = vmma__pool_take(pool, count);

    expect_eq(g != NONE, room);
    if (g == NONE)
        return NONE;
    expect_eq(g % place_of(count), 0);
    expect(g + count <= space->count);
    for (uint32_t i = g; i < g + count; i++) {
        expect(is_free[i]);
        is_free[i] = 0;
    }
    arenas[arena_count++] = g;
    expect_eq(space_arena(space, g)->count, count);
    expect_eq(space_arena(space, g)->used, 0);
    expect_eq(space_arena(space, g)->next, NONE);
    expect_eq(space_arena(space, g)->prev, NONE);
    expect_model();
    return g;
}

static void give(uint32_t g)
{
    uint32_t count = space_arena(space, g)->count, i = 0;

    vmma__pool_give(pool, g);
    memset(is_free + g, 1, count);
    while (arenas[i] != g)
        i++;
    arenas[i] = arenas[--arena_count];
    expect_model();
}

static void give_all(void)
{
    while (arena_count != 0)
        give(arenas[arena_count - 1]);
}

/* The answer of largest can be taken, and twice as much cannot. */
static void expect_largest(void)
{
    uint32_t largest = vmma__pool_largest(pool), peak = pool->peak;

    expect(take(2 * largest + 1) == NONE);
    if (largest != 0) {
        uint32_t g = take(largest);

        expect(g != NONE);
        give(g);
    } else {
        expect(take(1) == NONE);
    }
    pool->peak = peak;
}

/* ---- one step --------------------------------------------------------- */

START_TEST(an_arena_of_any_length_starts_at_its_natural_place)
{
    for (uint32_t before = 1; before <= 40; before++)
        for (uint32_t count = 1; count <= 130; count++) {
            take(before);
            take(count);
            give_all();
            expect_eq(pool->free.orders, 0);
            expect_eq(space->high_water, 0);
        }
}
END_TEST

START_TEST(all_granules_can_be_taken)
{
    for (uint32_t count = 4; count <= 8; count += 4) {
        while (take(count) != NONE)
            ;
        while (take(1) != NONE)
            ;
        expect(vmma__pool_free(pool) < 4);
        expect_largest();
        give_all();
    }
}
END_TEST

START_TEST(the_last_granules_are_an_arena_though_they_are_fewer_than_four)
{
    expect_eq(take(128), 0);
    expect_eq(take(64), 128);
    expect_eq(take(8), 192);
    expect_eq(vmma__pool_largest(pool), 3);
    expect_eq(take(4), NONE);
    expect_eq(take(3), 200);
    expect_eq(vmma__pool_largest(pool), 0);
    expect_eq(take(1), NONE);
}
END_TEST

START_TEST(what_is_passed_over_is_used_later)
{
    expect_eq(take(4), 0);
    expect_eq(take(64), 64);
    expect_eq(take(32), 32);
    expect_eq(take(16), 16);
    expect_eq(take(8), 8);
    expect_eq(take(4), 4);
    expect_eq(pool->free.orders, 0);
}
END_TEST

START_TEST(the_tail_of_a_natural_place_stays_free)
{
    expect_eq(take(5), 0);
    expect_eq(take(1), 8);
    expect_eq(pool->free.first[0], 5);
    expect_eq(pool->free.first[1], 6);
}
END_TEST

START_TEST(the_mark_falls_over_free_pieces_when_the_highest_arena_leaves)
{
    uint32_t a = take(4), b = take(16), c = take(64);

    give(b);
    expect_eq(space->high_water, c + 64);
    give(c);
    expect_eq(space->high_water, 4);
    expect_eq(pool->free.orders, 0);
    give(a);
    expect_eq(space->high_water, 0);
}
END_TEST

START_TEST(every_order_of_giving_back_ends_with_nothing)
{
    static const uint32_t counts[] = {4, 5, 16, 1, 9, 3};
    enum { N = LENGTH(counts) };

    for (unsigned long code = 0; code < 720; code++) {
        uint32_t taken[N];
        unsigned long rest = code;

        for (unsigned i = 0; i < N; i++)
            taken[i] = take(counts[i]);
        for (unsigned left = N; left > 0; left--) {
            unsigned i = (unsigned)(rest % left);

            rest /= left;
            give(taken[i]);
            taken[i] = taken[left - 1];
        }
        expect_eq(space->high_water, 0);
        expect_eq(pool->free.orders, 0);
        expect_eq(pool->held, 0);
    }
}
END_TEST

START_TEST(the_peak_is_the_most_that_was_held)
{
    uint32_t g;

    take(10);
    g = take(20);
    expect_eq(pool->peak, 30);
    give(g);
    expect_eq(pool->peak, 30);
    take(19);
    expect_eq(pool->peak, 30);
    take(2);
    expect_eq(pool->peak, 31);
}
END_TEST

/* ---- memory that was never used --------------------------------------- */

START_TEST(the_map_is_zeroed_when_the_mark_first_passes_and_never_again)
{
    uint32_t g;

    g = take(16);
    for (uint32_t i = 0; i < 16; i++)
        expect_eq(space_map(space)[i], 0);
    expect_eq(space->scrubbed, 16);
    for (uint32_t i = 0; i < 16; i++)
        space_map(space)[i] = 0xbeef;
    give(g);
    expect_eq(space->scrubbed, 16);
    take(24);
    expect_eq(space->scrubbed, 24);
    for (uint32_t i = 1; i < 16; i++)
        expect_eq(space_map(space)[i], 0xbeef);
    for (uint32_t i = 16; i < 24; i++)
        expect_eq(space_map(space)[i], 0);
}
END_TEST

START_TEST(records_of_unused_memory_are_neither_read_nor_written)
{
    struct record before[CAPACITY];

    take(64);
    for (uint32_t g = 64; g < CAPACITY; g++)
        before[g] = *space_record(space, g);
    give_all();
    take(60);
    give_all();
    for (uint32_t g = 64; g < CAPACITY; g++)
        expect(memcmp(&before[g], space_record(space, g), sizeof *before) == 0);
}
END_TEST

START_TEST(an_extended_pool_has_more_room_and_the_same_shape)
{
    take(128);
    take(64);
    take(11);
    expect_eq(vmma__pool_largest(pool), 0);
    vmma__pool_extend(pool, 208);
    expect_model();
    expect_eq(vmma__pool_largest(pool), 4);
    expect_largest();
    vmma__pool_extend(pool, CAPACITY);
    expect_largest();
    take(32);
    expect_model();
    vmma__pool_extend(pool, CAPACITY);
    give_all();
    expect_eq(vmma__pool_largest(pool), CAPACITY);
}
END_TEST

/* ---- random sequences ------------------------------------------------- */

static uint32_t random_count(struct rng *rng)
{
    return (uint32_t)rng_between(rng, 1, rng_chance(rng, 80) ? 20 : 150);
}

START_TEST(random_sequences_agree_with_the_model)
{
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    vmma__pool_extend(pool, (uint32_t)rng_between(&rng, GRANULES, CAPACITY));
    for (int i = 0; i < 3000; i++) {
        if (rng_chance(&rng, 55))
            take(random_count(&rng));
        else if (arena_count != 0)
            give(arenas[rng_below(&rng, arena_count)]);
        if (i % 8 == 0)
            expect_largest();
    }
    give_all();
    expect_eq(space->high_water, 0);
}
END_TEST

START_TEST(the_shape_depends_on_the_arenas_and_not_on_the_past)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 300; round++) {
        uint32_t kept[2], largest;

        kept[0] = take(random_count(&rng) % 30 + 1);
        kept[1] = take(random_count(&rng) % 30 + 1);
        largest = vmma__pool_largest(pool);
        for (int i = 0; i < 12; i++)
            take(random_count(&rng));
        while (arena_count > 2) {
            uint32_t g = arenas[rng_below(&rng, arena_count)];

            if (g != kept[0] && g != kept[1])
                give(g);
        }
        expect_eq(vmma__pool_largest(pool), largest);
        give_all();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tc = tcase_create("arenas");

    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, an_arena_of_any_length_starts_at_its_natural_place);
    tcase_add_test(tc, all_granules_can_be_taken);
    tcase_add_test(
        tc, the_last_granules_are_an_arena_though_they_are_fewer_than_four);
    tcase_add_test(tc, what_is_passed_over_is_used_later);
    tcase_add_test(tc, the_tail_of_a_natural_place_stays_free);
    tcase_add_test(
        tc, the_mark_falls_over_free_pieces_when_the_highest_arena_leaves);
    tcase_add_test(tc, every_order_of_giving_back_ends_with_nothing);
    tcase_add_test(tc, the_peak_is_the_most_that_was_held);
    suite_add_tcase(suite, tc);
    tc = tcase_create("unused memory");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_add_test(
        tc, the_map_is_zeroed_when_the_mark_first_passes_and_never_again);
    tcase_add_test(tc, records_of_unused_memory_are_neither_read_nor_written);
    tcase_add_test(tc, an_extended_pool_has_more_room_and_the_same_shape);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, random_sequences_agree_with_the_model, 0, 3);
    tcase_add_test(tc, the_shape_depends_on_the_arenas_and_not_on_the_past);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
