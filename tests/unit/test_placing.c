/*
 * test_placing.c - where slabs and large blocks lie in a client's arenas.
 *
 * Strategy: an arena that nothing was taken from yet, in which every place
 * can be said beforehand; and a client that fills all it has with one class
 * after the other, whose size is watched at each step.
 */
#include "tests/unit/support.h"
#include "src/large.h"
#include "src/slab.h"

enum { GRANULES = 256 };

static struct bed bed;
static struct client *c;
static struct heap *h;
static struct space *s;

static void open_sized(size_t size)
{
    struct vmma_context_config config = bed_config(16, 1024, 4);

    bed_open(&bed, size, &config);
    c = bed_client(&bed);
    h = &c->heap;
    s = bed.space;
}

/* A fresh arena of so many granules, at granule 0. */
static void open_fresh(void)
{
    open_sized(1 << 20);
    expect(vmma__heap_reserve(h, bed.pool, GRANULES));
    expect_eq(h->arena_count, 1);
    expect_eq(h->first_arena, 0);
}

static void open_wide(void)
{
    open_sized((size_t)64 << 20);
}

static void close_bed(void)
{
    bed_close(&bed);
}

/* ---- in a fresh arena ------------------------------------------------- */

/* A block of the class; is it the first of a new slab, and where is that? */
static bool starts_slab(unsigned kind, uint32_t *g, uint32_t *count)
{
    static struct record *last;
    void *block = take_bytes(c, s->class_size[kind]);
    struct record *r = record_at(s, block);

    *g = head_of(s, r);
    *count = (uint32_t)1 << entry_order(stamp_entry(r->stamp));
    if (r == last && block != address_of(s, *g))
        return false;
    last = r;
    expect(block == address_of(s, *g));
    return true;
}

START_TEST(slabs_fill_an_arena_from_its_start_and_large_blocks_from_its_end)
{
    uint32_t low = 0, high = GRANULES, g, count, length = 0;

    while (high - low >= 32 + 6) {
        if (!starts_slab((unsigned)_i, &g, &count))
            continue;
        expect_eq(g, low);
        low += count;
        length = length % 6 + 1;
        g = vmma__large_new(h, bed.pool, length);
        expect_eq(g, high - length);
        high -= length;
        expect_sound(bed.ctx);
    }
    /* Then they meet, and nothing is lost between them. */
    while (high > low)
        expect_eq(vmma__large_new(h, bed.pool, 1), --high);
    expect_eq(h->arena_count, 1);
    expect_eq(space_arena(s, 0)->used, GRANULES);
    expect_eq(h->free.lists, 0);
    expect_sound(bed.ctx);
}
END_TEST

/* Slabs of all classes are longer and shorter, and leave gaps between them,
 * which are too short for these large blocks. */
START_TEST(slabs_of_all_classes_and_long_blocks_do_not_mix)
{
    uint32_t low = 0, high = GRANULES, g, count;
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    while (high - low >= 2 * 32 + 40) {
        size_t kind = rng_between(&rng, 1, CLASS_COUNT);
        uint32_t length = (uint32_t)rng_between(&rng, 32, 40);
        void *block;

        if (rng_chance(&rng, 3)) {
            g = vmma__large_new(h, bed.pool, length);
            expect_eq(g, high - length);
            high = g;
        }
        block = take_bytes(c, s->class_size[kind]);
        g = head_of(s, record_at(s, block));
        count = (uint32_t)1 << entry_order(entry_at(s, block));
        low = g + count > low ? g + count : low;
        expect(low <= high);
        expect_eq(h->arena_count, 1);
    }
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(a_block_that_grows_lies_at_the_start_of_the_shortest_run)
{
    struct large_shape shape = {10, 1, true};
    struct heap_request request = {.count = 0};
    uint32_t a = vmma__large_new(h, bed.pool, 100);
    uint32_t b = vmma__large_new(h, bed.pool, 1), g;

    expect_eq(a, 156);
    expect_eq(b, 155);
    vmma__large_free(h, bed.pool, a); /* 155 are free, and 100 */
    g = vmma__large_alloc(h, bed.pool, shape, &request);
    expect_eq(g, 156);
    expect(vmma__large_resize(h, bed.pool, g, 100));
    expect(!vmma__large_resize(h, bed.pool, g, 101));
    g = vmma__large_alloc(h, bed.pool, shape, &request);
    expect_eq(g, 0);
    expect_eq(vmma__large_new(h, bed.pool, 10), 145);
    expect_sound(bed.ctx);
}
END_TEST

static uint32_t take_run(uint32_t count)
{
    struct heap_request request = {.count = count};
    uint32_t g = vmma__heap_take(h, bed.pool, &request);

    expect(g != NONE);
    piece_begin(s, g, h->token,
                vmma__heap_entry(bed.pool, request.arena, KIND_LARGE, 0))
        ->avail = count;
    for (uint32_t i = 1; i < count; i++)
        piece_refer(s, g + i, g);
    return g;
}

START_TEST(runs_for_slabs_are_taken_at_the_first_natural_place)
{
    expect_eq(take_run(1), 0);
    expect_eq(take_run(8), 8);   /* of [1, 256) */
    expect_eq(take_run(2), 2);   /* of [1, 8), the shorter one */
    expect_eq(take_run(1), 1);
    expect_eq(take_run(4), 4);
    expect_eq(take_run(16), 16);
    expect_eq(take_run(1), 32);
    expect_eq(take_run(64), 64);
    expect_eq(take_run(32), 128); /* [33, 64) is too short */
    expect_eq(take_run(16), 48);
    expect_eq(take_run(64), 192);
    expect_eq(take_run(32), 160);
    expect_eq(h->arena_count, 1);
}
END_TEST

START_TEST(without_a_natural_place_a_run_is_taken_at_its_start)
{
    expect_eq(vmma__large_new(h, bed.pool, 251), 5);
    expect_eq(take_run(1), 0);
    expect_eq(take_run(4), 1);
    expect_eq(h->free.lists, 0);
    expect_eq(h->arena_count, 1);
}
END_TEST

/* ---- collecting before growth ----------------------------------------- */

enum { FILL = 4 << 20 };

static void *blocks[FILL / 16];
static uint32_t most; /* granules held */

static size_t fill(size_t size)
{
    size_t n = 0;

    for (size_t total = 0; total < FILL; total += size) {
        blocks[n++] = take_bytes(c, size);
        if (h->held > most)
            most = h->held;
    }
    return n;
}

static void empty(size_t n)
{
    shuffle(blocks, n, test_seed());
    while (n > 0)
        give_bytes(c, blocks[--n]);
}

/* A client grows by an eighth until its empty slabs are collected, and then
 * by an arena, of at least a mebibyte. */
START_TEST(what_one_class_freed_is_collected_before_another_makes_it_grow)
{
    static const size_t sizes[] = {16, 48, 96, 256, 1000, 2048, 5000, 70000};
    size_t size = sizes[_i];
    uint32_t first;

    most = 0;
    empty(fill(64));
    first = most;
    expect(first >= FILL / 1024 && first <= FILL / 1024 * 5 / 4 + 1024);
    fill(size);
    expect(most <= first + first / 8 + 1024);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(filling_one_class_after_the_other_does_not_add_up)
{
    uint32_t first;

    most = 0;
    empty(fill(64));
    first = most;
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++)
        empty(fill(s->class_size[kind]));
    expect(most <= first + first / 8 + 1024);
    expect_sound(bed.ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("placing");
    TCase *tc = tcase_create("fresh arena");

    tcase_add_checked_fixture(tc, open_fresh, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(
        tc, slabs_fill_an_arena_from_its_start_and_large_blocks_from_its_end,
        1, CLASS_COUNT + 1);
    tcase_add_loop_test(tc, slabs_of_all_classes_and_long_blocks_do_not_mix, 0,
                        10);
    tcase_add_test(tc, a_block_that_grows_lies_at_the_start_of_the_shortest_run);
    tcase_add_test(tc, runs_for_slabs_are_taken_at_the_first_natural_place);
    tcase_add_test(tc, without_a_natural_place_a_run_is_taken_at_its_start);
    suite_add_tcase(suite, tc);
    tc = tcase_create("collecting");
    tcase_add_checked_fixture(tc, open_wide, close_bed);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(
        tc, what_one_class_freed_is_collected_before_another_makes_it_grow, 0,
        8);
    tcase_add_test(tc, filling_one_class_after_the_other_does_not_add_up);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
