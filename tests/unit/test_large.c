/*
 * test_large.c - blocks of whole granules.
 *
 * Strategy: lengths around every power of two and every bin, alignments up to
 * 64 granules, every pair of lengths for resizing; what each costs is told by
 * the arenas' used granules, and the checker judges every step.
 */
#include "tests/unit/support.h"

static struct bed bed;
static struct client *c;
static struct heap *h;
static struct space *s;
static struct heap_request request;

enum { BIN_LEAST = 3, BIN_MOST = BIN_LEAST + HEAP_BINS - 1 };

static void open_bed(void)
{
    struct vmma_context_config config = bed_config(16, 1024, 4);

    bed_open(&bed, 1 << 20, &config);
    c = bed_client(&bed);
    h = &c->heap;
    s = bed.space;
}

static void close_bed(void)
{
    bed_close(&bed);
}

static uint32_t used_granules(void)
{
    uint32_t used = 0;

    for (uint32_t a = h->first_arena; a != NONE; a = space_arena(s, a)->next)
        used += space_arena(s, a)->used;
    return used;
}

/* The first granule of the block, or NONE. */
static uint32_t take(uint32_t count, uint32_t align)
{
    struct large_shape shape = {count, align};

    request = (struct heap_request){0};
    return vmma__large_alloc(h, bed.pool, shape, &request);
}

/* The piece that the block starting at granule g is in. */
static uint32_t piece_of(uint32_t g)
{
    struct place place = vmma__locate(bed.ctx, (uintptr_t)address_of(s, g));

    assert_ok(place.status);
    expect_eq(place.kind, KIND_LARGE);
    expect(place.client == c);
    return place.piece;
}

static void give(uint32_t g)
{
    vmma__large_free(h, bed.pool, piece_of(g));
}

/* ---- lengths ---------------------------------------------------------- */

START_TEST(a_block_costs_exactly_the_granules_it_needs)
{
    for (uint32_t count = 1; count <= 300; count++) {
        uint32_t g = take(count, 1), order = 0;

        expect(g != NONE);
        while ((uint32_t)1 << order < count)
            order++;
        expect_eq(g % ((uint32_t)1 << order), 0);
        expect_eq(used_granules(), count);
        expect_eq(large_start(s, g), g);
        expect_eq(large_count(s, g), count);
        expect_eq(entry_kind(piece_at(s, g)), KIND_LARGE);
        expect_eq(entry_order(piece_at(s, g)), order);
        expect_sound(bed.ctx);
        give(g);
        vmma__client_trim(c);
        expect_eq(h->held, 0);
    }
}
END_TEST

START_TEST(the_tail_of_a_block_can_be_used)
{
    uint32_t first, second;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    first = take(5, 1);
    second = take(1, 1);
    expect_eq(second, first + 5);
    expect_eq(take(2, 1), first + 6);
    expect_eq(used_granules(), 8);
    expect_sound(bed.ctx);
}
END_TEST

/* ---- the cache -------------------------------------------------------- */

START_TEST(freed_blocks_are_kept_by_exact_length_and_used_last_in_first_out)
{
    for (uint32_t count = BIN_LEAST; count <= BIN_MOST; count++) {
        uint32_t a = take(count, 1), b = take(count, 1), used;

        used = used_granules();
        give(a);
        give(b);
        expect_eq(h->cached, 2 * count);
        expect_eq(h->bins[count - BIN_LEAST], b);
        expect_eq(used_granules(), used);
        expect_eq(entry_kind(piece_at(s, a)), KIND_CACHED);
        expect_eq(vmma__locate(bed.ctx, (uintptr_t)address_of(s, a)).status,
                  VMMA_E_NOT_LIVE);
        expect_sound(bed.ctx);
        if (count < BIN_MOST)
            expect(take(count + 1, 1) != a);
        expect_eq(take(count, 1), b);
        expect_eq(take(count, 1), a);
        expect_eq(entry_kind(piece_at(s, a)), KIND_LARGE);
        expect_eq(h->cached, 0);
        expect_sound(bed.ctx);
        vmma__context_reset_client(bed.ctx, c);
    }
}
END_TEST

START_TEST(other_lengths_are_merged_at_once)
{
    static const uint32_t counts[] = {1, 2, BIN_MOST + 1, 16, 17, 64};

    for (size_t i = 0; i < LENGTH(counts); i++) {
        give(take(counts[i], 1));
        expect_eq(h->cached, 0);
        expect_eq(used_granules(), 0);
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(the_cache_holds_32_granules_and_an_eighth_of_the_client)
{
    for (uint32_t held = 64; held <= 512; held *= 2) {
        uint32_t taken[64], n = 0, most = 0;

        expect(vmma__heap_reserve(h, bed.pool, held));
        while (n < 40)
            taken[n++] = take(4, 1);
        while (n > 0) {
            give(taken[--n]);
            expect(h->cached <= 32 + h->held / 8);
            most = h->cached > most ? h->cached : most;
            expect_sound(bed.ctx);
        }
        expect(most + 4 > 32 + h->held / 8 || most == 160);
        vmma__large_trim(h, bed.pool);
        expect_eq(h->cached, 0);
        expect_eq(used_granules(), 0);
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(trimming_merges_every_cached_block)
{
    uint32_t taken[HEAP_BINS];

    expect(vmma__heap_reserve(h, bed.pool, 512));
    for (uint32_t i = 0; i < HEAP_BINS; i++)
        taken[i] = take(BIN_LEAST + i, 1);
    for (uint32_t i = 0; i < HEAP_BINS; i++)
        give(taken[i]);
    expect_eq(h->cached, 88); /* 14 more would be above 32 + 512 / 8 */
    vmma__large_trim(h, bed.pool);
    expect_eq(h->cached, 0);
    for (uint32_t i = 0; i < HEAP_BINS; i++)
        expect_eq(h->bins[i], NONE);
    expect_eq(vmma__heap_largest(h, bed.pool), 512);
    expect_sound(bed.ctx);
}
END_TEST

/* ---- alignment -------------------------------------------------------- */

START_TEST(a_block_is_aligned_to_more_than_its_place)
{
    for (uint32_t align = 1; align <= 64; align *= 2)
        for (uint32_t count = 1; count <= 40; count++) {
            uint32_t g = take(count, align), piece;

            expect(g != NONE);
            piece = piece_of(g);
            expect_eq((uintptr_t)address_of(s, g) % (align * 1024), 0);
            expect(g >= piece && g < piece + align);
            expect_eq(large_start(s, piece), g);
            expect_eq(large_count(s, piece), count);
            expect_eq(used_granules(), g - piece + count);
            expect_sound(bed.ctx);
            give(g);
            vmma__large_trim(h, bed.pool);
            expect_eq(used_granules(), 0);
            expect_sound(bed.ctx);
        }
}
END_TEST

START_TEST(what_lies_before_an_aligned_block_is_not_live)
{
    for (uint32_t skip = 0; skip < 8; skip++) {
        uint32_t g, piece;

        take(1, 1);
        g = take(4, 16);
        piece = piece_of(g);
        for (uint32_t i = piece; i < g + 4; i++) {
            struct place place =
                vmma__locate(bed.ctx, (uintptr_t)address_of(s, i));

            expect_eq(place.status, i < g    ? VMMA_E_NOT_LIVE
                                    : i == g ? VMMA_OK
                                             : VMMA_E_INTERIOR);
        }
    }
}
END_TEST

START_TEST(an_aligned_block_with_a_lead_is_not_cached)
{
    for (uint32_t align = 2; align <= 32; align *= 2) {
        uint32_t g = take(4, align), piece = piece_of(g);

        give(g);
        expect_eq(h->cached, piece == g ? 4 : 0);
        expect_sound(bed.ctx);
        vmma__large_trim(h, bed.pool);
    }
}
END_TEST

/* ---- resizing --------------------------------------------------------- */

START_TEST(shrinking_works_always_and_gives_the_tail_back)
{
    for (uint32_t from = 1; from <= 40; from++)
        for (uint32_t to = 1; to <= from; to++) {
            uint32_t g = take(from, 1);

            expect(vmma__large_resize(h, bed.pool, g, to));
            expect_eq(large_count(s, g), to);
            expect_eq(used_granules(), to);
            expect_sound(bed.ctx);
            give(g);
            vmma__large_trim(h, bed.pool);
        }
}
END_TEST

START_TEST(growing_works_up_to_the_end_of_the_natural_place)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    for (uint32_t from = 1; from <= 40; from++)
        for (uint32_t to = from; to <= 70; to++) {
            uint32_t g = take(from, 1);

            expect_eq(g, 0);
            expect_eq(vmma__large_resize(h, bed.pool, g, to), to <= 64);
            expect_eq(large_count(s, g), to <= 64 ? to : from);
            expect_eq(used_granules(), to <= 64 ? to : from);
            expect_sound(bed.ctx);
            give(g);
            vmma__large_trim(h, bed.pool);
        }
}
END_TEST

START_TEST(a_block_that_is_not_at_a_place_for_more_does_not_grow)
{
    uint32_t a, b;
    uint64_t before;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    a = take(4, 1);
    b = take(4, 1);
    expect_eq(a, 0);
    expect_eq(b, 4);
    before = hash_bytes(bed.ctx, s->heap);
    expect(!vmma__large_resize(h, bed.pool, b, 5)); /* 4 is no place for 8 */
    expect(!vmma__large_resize(h, bed.pool, a, 5)); /* b is there */
    expect(!vmma__large_resize(h, bed.pool, a, UINT32_MAX / 8));
    expect_eq(hash_bytes(bed.ctx, s->heap), before);
}
END_TEST

START_TEST(an_aligned_block_is_resized_at_its_start)
{
    uint32_t g, piece;

    expect(vmma__heap_reserve(h, bed.pool, 256));
    do
        g = take(4, 32);
    while (piece_of(g) == g);
    piece = piece_of(g);
    for (uint32_t count = 4; count > 0; count--) {
        expect(vmma__large_resize(h, bed.pool, piece, count));
        expect_eq(piece_of(g), piece);
        expect_eq(large_count(s, piece), count);
        expect_sound(bed.ctx);
    }
    expect(vmma__large_resize(h, bed.pool, piece, 3));
    expect_eq(large_start(s, piece), g);
    expect_eq(large_count(s, piece), 3);
    expect_sound(bed.ctx);
}
END_TEST

/* ---- failing, and at random ------------------------------------------- */

START_TEST(what_cannot_be_had_changes_nothing)
{
    uint64_t before;

    vmma__client_limit(c, 20 * 1024, 0);
    take(9, 1);
    expect_eq(take(12, 1), NONE);
    expect_eq(request.cause, VMMA_E_QUOTA);
    expect_eq(take(1, 32), NONE);
    expect_eq(request.cause, VMMA_E_QUOTA);
    vmma__client_limit(c, 0, 0);
    expect_eq(take(s->count, 1), NONE);
    expect_eq(request.cause, VMMA_E_EXHAUSTED);
    expect_eq(take(s->count - 15, 1), NONE);
    expect_eq(request.cause, VMMA_E_FRAGMENTED);
    vmma__client_limit(c, 20 * 1024, 0);
    before = hash_bytes(bed.ctx, s->heap);
    expect_eq(take(12, 1), NONE);
    expect_eq(hash_bytes(bed.ctx, s->heap), before);
}
END_TEST

START_TEST(random_sequences_keep_every_invariant)
{
    uint32_t taken[200], n = 0;
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    for (int step = 0; step < 3000; step++) {
        uint32_t what = (uint32_t)rng_below(&rng, 100);

        if (what < 45 && n < LENGTH(taken)) {
            uint32_t align = (uint32_t)1 << rng_below(&rng, 6);
            uint32_t g = take((uint32_t)rng_between(&rng, 1, 30),
                              rng_chance(&rng, 80) ? 1 : align);

            if (g != NONE)
                taken[n++] = g;
        } else if (what < 80 && n != 0) {
            size_t i = rng_below(&rng, n);

            give(taken[i]);
            taken[i] = taken[--n];
        } else if (what < 97 && n != 0) {
            uint32_t g = taken[rng_below(&rng, n)];
            uint32_t count = (uint32_t)rng_between(&rng, 1, 40);
            uint32_t piece = piece_of(g), old = large_count(s, piece);
            bool done = vmma__large_resize(h, bed.pool, piece, count);

            expect(done || count > old);
            expect_eq(large_count(s, piece), done ? count : old);
            expect_eq(piece_of(g), piece);
        } else if (what == 97) {
            vmma__large_trim(h, bed.pool);
        } else if (what == 98) {
            vmma__heap_trim(h, bed.pool);
        }
        expect_sound(bed.ctx);
    }
    while (n > 0)
        give(taken[--n]);
    vmma__client_trim(c);
    expect_eq(h->held, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("large");
    TCase *tc = tcase_create("blocks");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_block_costs_exactly_the_granules_it_needs);
    tcase_add_test(tc, the_tail_of_a_block_can_be_used);
    suite_add_tcase(suite, tc);
    tc = tcase_create("cache");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(
        tc, freed_blocks_are_kept_by_exact_length_and_used_last_in_first_out);
    tcase_add_test(tc, other_lengths_are_merged_at_once);
    tcase_add_test(tc, the_cache_holds_32_granules_and_an_eighth_of_the_client);
    tcase_add_test(tc, trimming_merges_every_cached_block);
    suite_add_tcase(suite, tc);
    tc = tcase_create("alignment");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, a_block_is_aligned_to_more_than_its_place);
    tcase_add_test(tc, what_lies_before_an_aligned_block_is_not_live);
    tcase_add_test(tc, an_aligned_block_with_a_lead_is_not_cached);
    suite_add_tcase(suite, tc);
    tc = tcase_create("resizing");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, shrinking_works_always_and_gives_the_tail_back);
    tcase_add_test(tc, growing_works_up_to_the_end_of_the_natural_place);
    tcase_add_test(tc, a_block_that_is_not_at_a_place_for_more_does_not_grow);
    tcase_add_test(tc, an_aligned_block_is_resized_at_its_start);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_cannot_be_had_changes_nothing);
    tcase_add_loop_test(tc, random_sequences_keep_every_invariant, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
