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

enum { BIN_LEAST = 3, BIN_MOST = 64 };

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
    struct large_shape shape = {count, align, false};

    request = (struct heap_request){0};
    return vmma__large_alloc(h, bed.pool, shape, &request);
}

static struct place place_of(uint32_t g)
{
    return vmma__locate(bed.ctx, (uintptr_t)address_of(s, g));
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
        uint32_t g = take(count, 1);

        expect(g != NONE);
        expect_eq(used_granules(), count);
        expect_eq(large_count(s, g), count);
        expect_eq(entry_kind(piece_at(s, g)), KIND_LARGE);
        expect_sound(bed.ctx);
        give(g);
        vmma__client_trim(c);
        expect_eq(h->held, 0);
    }
}
END_TEST

START_TEST(a_block_is_found_from_each_of_its_granules)
{
    expect(vmma__heap_reserve(h, bed.pool, 256));
    for (uint32_t before = 0; before < 40; before++)
        for (uint32_t count = 1; count <= 70; count += 1 + count / 9) {
            uint32_t lead = before == 0 ? NONE : take(before, 1);
            uint32_t g = take(count, 1);

            expect_eq(g, 256 - before - count);
            for (uint32_t i = 0; i < count; i++)
                expect_eq(place_of(g + i).start, (uintptr_t)address_of(s, g));
            expect_eq(place_of(g - 1).status, VMMA_E_NOT_LIVE);
            expect_eq(place_of(g + count).status,
                      lead == NONE ? VMMA_E_NOT_LIVE : VMMA_OK);
            give(g);
            if (lead != NONE)
                give(lead);
            vmma__large_trim(h, bed.pool);
        }
}
END_TEST

START_TEST(the_tail_of_a_block_can_be_used)
{
    uint32_t tail, first;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    tail = take(3, 1);
    first = take(5, 1);
    expect_eq(tail, first + 5);
    give(tail);
    vmma__large_trim(h, bed.pool);
    expect_eq(take(1, 1), first + 7);
    expect_eq(take(2, 1), first + 5);
    expect_eq(used_granules(), 8);
    expect_sound(bed.ctx);
}
END_TEST

/* ---- the cache -------------------------------------------------------- */

START_TEST(freed_blocks_are_kept_by_exact_length_and_used_last_in_first_out)
{
    for (uint32_t count = BIN_LEAST; count <= 32; count++) {
        uint32_t a = take(count, 1), b = take(count, 1), used;

        used = used_granules();
        give(a);
        give(b);
        expect_eq(h->cached, 2 * count);
        expect_eq(h->bins[large_bin(count)], b);
        expect_eq(used_granules(), used);
        expect_eq(entry_kind(piece_at(s, a)), KIND_CACHED);
        expect_eq(vmma__locate(bed.ctx, (uintptr_t)address_of(s, a)).status,
                  VMMA_E_NOT_LIVE);
        expect_sound(bed.ctx);
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

START_TEST(a_bin_is_for_one_length_up_to_8_and_then_for_a_doubling)
{
    static const uint32_t most[HEAP_BINS] = {3, 4, 5, 6, 7, 8, 16, 32, 64};
    unsigned bin = 0;

    for (uint32_t count = BIN_LEAST; count <= BIN_MOST; count++) {
        bin += count > most[bin];
        expect_eq(large_bin(count), bin);
    }
    expect_eq(large_bin(1), HEAP_BINS);
    expect_eq(large_bin(2), HEAP_BINS);
    expect_eq(large_bin(BIN_MOST + 1), HEAP_BINS);
    expect_eq(large_bin(UINT32_MAX), HEAP_BINS);
}
END_TEST

START_TEST(a_few_blocks_of_a_bin_are_looked_at)
{
    uint32_t g[5];

    for (uint32_t i = 0; i < 5; i++)
        g[i] = take(9 + i, 1);
    for (uint32_t i = 0; i < 5; i++)
        give(g[i]);
    expect_eq(h->cached, 9 + 10 + 11 + 12 + 13);
    expect_eq(vmma__large_reuse(h, bed.pool, 9), NONE); /* the fifth */
    for (uint32_t i = 1; i < 5; i++)
        expect_eq(vmma__large_reuse(h, bed.pool, 9 + i), g[i]);
    expect_eq(vmma__large_reuse(h, bed.pool, 9), g[0]);
    expect_eq(h->cached, 0);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(other_lengths_are_merged_at_once)
{
    static const uint32_t counts[] = {1, 2, BIN_MOST + 1, 100};

    for (size_t i = 0; i < LENGTH(counts); i++) {
        give(take(counts[i], 1));
        expect_eq(h->cached, 0);
        expect_eq(used_granules(), 0);
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(the_cache_holds_64_granules_and_a_256th_of_the_client)
{
    for (uint32_t held = 64; held <= 512; held *= 2) {
        uint32_t taken[64], n = 0, most = 0;

        expect(vmma__heap_reserve(h, bed.pool, held));
        while (n < 40)
            taken[n++] = take(4, 1);
        while (n > 0) {
            give(taken[--n]);
            expect(h->cached <= 64 + h->held / 256);
            most = h->cached > most ? h->cached : most;
            expect_sound(bed.ctx);
        }
        expect_eq(most, 64);
        vmma__large_trim(h, bed.pool);
        expect_eq(h->cached, 0);
        expect_eq(used_granules(), 0);
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(the_longest_blocks_make_room_in_the_cache)
{
    uint32_t a, b, d;

    expect(vmma__heap_reserve(h, bed.pool, 256));
    a = take(40, 1);
    b = take(20, 1);
    d = take(10, 1);
    give(a);
    give(b);
    expect_eq(h->cached, 60);
    give(d);
    expect_eq(h->cached, 30);
    expect_eq(entry_kind(piece_at(s, b)), KIND_CACHED);
    expect_eq(entry_kind(piece_at(s, d)), KIND_CACHED);
    expect_sound(bed.ctx);
    /* 21 blocks of 3 do not go all at once for one of 64 */
    vmma__large_trim(h, bed.pool);
    for (uint32_t i = 0; i < 21; i++)
        expect_eq(take(3, 1), 253 - 3 * i);
    for (uint32_t i = 0; i < 21; i++)
        give(253 - 3 * i);
    expect_eq(h->cached, 63);
    give(take(64, 1));
    expect_eq(h->cached, 63 - 4 * 3);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(trimming_merges_every_cached_block)
{
    uint32_t taken[9];

    expect(vmma__heap_reserve(h, bed.pool, 512));
    for (uint32_t i = 0; i < 9; i++)
        taken[i] = take(BIN_LEAST + i, 1);
    for (uint32_t i = 0; i < 9; i++)
        give(taken[i]);
    expect_eq(h->cached, 63);
    vmma__large_trim(h, bed.pool);
    expect_eq(h->cached, 0);
    for (uint32_t i = 0; i < HEAP_BINS; i++)
        expect_eq(h->bins[i], NONE);
    expect_eq(vmma__heap_largest(h, bed.pool), 512);
    expect_sound(bed.ctx);
}
END_TEST

/* ---- alignment -------------------------------------------------------- */

START_TEST(a_block_is_aligned_and_costs_no_more_for_it)
{
    for (uint32_t align = 1; align <= 64; align *= 2)
        for (uint32_t count = 1; count <= 40; count++) {
            uint32_t other = take(1, 1), g = take(count, align);

            expect(g != NONE);
            expect_eq(piece_of(g), g);
            expect_eq((uintptr_t)address_of(s, g) % (align * 1024), 0);
            expect_eq(large_count(s, g), count);
            expect_eq(used_granules(), count + 1);
            expect_sound(bed.ctx);
            give(g);
            give(other);
            vmma__large_trim(h, bed.pool);
            expect_eq(used_granules(), 0);
            expect_sound(bed.ctx);
        }
}
END_TEST

START_TEST(what_lies_before_an_aligned_block_is_free)
{
    for (uint32_t skip = 0; skip < 8; skip++) {
        uint32_t g;

        take(1, 1);
        g = take(4, 16);
        if (g == 0 || entry_kind(piece_entry(s, g - 1, h->token)) == KIND_LARGE)
            continue;
        expect_eq(place_of(g - 1).status, VMMA_E_NOT_LIVE);
        for (uint32_t i = g; i < g + 4; i++)
            expect_eq(place_of(i).status, i == g ? VMMA_OK : VMMA_E_INTERIOR);
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

START_TEST(growing_works_up_to_the_end_of_the_free_run_behind)
{
    expect(vmma__heap_reserve(h, bed.pool, 64));
    for (uint32_t from = 1; from <= 40; from++)
        for (uint32_t to = from; to <= 70; to++) {
            uint32_t behind = take(64 - from, 1), g = take(from, 1);

            expect_eq(behind, from);
            expect_eq(g, 0);
            give(behind);
            vmma__large_trim(h, bed.pool);
            expect_eq(vmma__large_resize(h, bed.pool, g, to), to <= 64);
            expect_eq(large_count(s, g), to <= 64 ? to : from);
            expect_eq(used_granules(), to <= 64 ? to : from);
            expect_sound(bed.ctx);
            give(g);
            vmma__large_trim(h, bed.pool);
        }
}
END_TEST

START_TEST(a_block_with_another_behind_it_does_not_grow)
{
    uint32_t a, b, behind;
    uint64_t before;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    behind = take(56, 1);
    b = take(4, 1);
    a = take(4, 1);
    expect_eq(a, 0);
    expect_eq(b, 4);
    give(behind);
    vmma__large_trim(h, bed.pool);
    before = hash_bytes(bed.ctx, s->heap);
    expect(!vmma__large_resize(h, bed.pool, a, 5));
    expect(!vmma__large_resize(h, bed.pool, a, UINT32_MAX / 8));
    expect(!vmma__large_resize(h, bed.pool, b, 61));
    expect_eq(hash_bytes(bed.ctx, s->heap), before);
    expect(vmma__large_resize(h, bed.pool, b, 60));
}
END_TEST

START_TEST(a_block_that_grows_has_an_arena_with_room_for_more)
{
    struct large_shape shape = {20, 1, true};
    uint32_t g;

    expect(vmma__heap_reserve(h, bed.pool, 16));
    request = (struct heap_request){0};
    g = vmma__large_alloc(h, bed.pool, shape, &request);
    expect_eq(h->held, 16 + 40);
    expect(vmma__large_resize(h, bed.pool, g, 40));
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
    tcase_add_test(tc, a_block_is_found_from_each_of_its_granules);
    tcase_add_test(tc, the_tail_of_a_block_can_be_used);
    suite_add_tcase(suite, tc);
    tc = tcase_create("cache");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(
        tc, freed_blocks_are_kept_by_exact_length_and_used_last_in_first_out);
    tcase_add_test(tc, a_bin_is_for_one_length_up_to_8_and_then_for_a_doubling);
    tcase_add_test(tc, a_few_blocks_of_a_bin_are_looked_at);
    tcase_add_test(tc, other_lengths_are_merged_at_once);
    tcase_add_test(tc, the_cache_holds_64_granules_and_a_256th_of_the_client);
    tcase_add_test(tc, the_longest_blocks_make_room_in_the_cache);
    tcase_add_test(tc, trimming_merges_every_cached_block);
    suite_add_tcase(suite, tc);
    tc = tcase_create("alignment");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, a_block_is_aligned_and_costs_no_more_for_it);
    tcase_add_test(tc, what_lies_before_an_aligned_block_is_free);
    suite_add_tcase(suite, tc);
    tc = tcase_create("resizing");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, shrinking_works_always_and_gives_the_tail_back);
    tcase_add_test(tc, growing_works_up_to_the_end_of_the_free_run_behind);
    tcase_add_test(tc, a_block_with_another_behind_it_does_not_grow);
    tcase_add_test(tc, a_block_that_grows_has_an_arena_with_room_for_more);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sequences");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_cannot_be_had_changes_nothing);
    tcase_add_loop_test(tc, random_sequences_keep_every_invariant, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
