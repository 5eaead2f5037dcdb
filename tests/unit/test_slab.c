/*
 * test_slab.c - small blocks.
 *
 * Strategy: every class on several pairs of alignment and granule, driven
 * through this room's own functions; each state of a slab is reached and left
 * on purpose, blocks are freed in all orders where that can be counted, and
 * the checker, which counts bits where slabs count down, judges every step.
 */
#include "tests/unit/slab_steps.h"

/* ---- new slabs -------------------------------------------------------- */

START_TEST(every_class_hands_out_blocks_that_do_not_overlap)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        static unsigned char used[SIZE / 8];
        size_t size, last = 0;

        open_pair((size_t)_i);
        if (kind > last_kind()) {
            close_bed();
            return;
        }
        memset(used, 0, sizeof used);
        size = s->class_size[kind];
        expect_eq(size, (size_t)vmma__classes.units[kind] << s->unit_shift);
        for (size_t i = 0; i < 150 && i * size < SIZE / 2; i++) {
            size_t offset = take(kind);

            expect(offset != SLAB_FAILED);
            expect_eq(offset % ((size_t)1 << s->unit_shift), 0);
            for (size_t at = offset; at < offset + size; at += 8) {
                expect(!used[at / 8]);
                used[at / 8] = 1;
            }
            if (i > 0 && slab_of(offset) == slab_of(last))
                expect_eq(offset, last + size);
            last = offset;
        }
        expect_eq(stamp_entry(slab_of(last)->stamp) >> 10, kind);
        close_bed();
    }
}
END_TEST

START_TEST(a_new_slab_has_a_bit_for_each_block_and_none_beyond)
{
    open_pair((size_t)_i);
    for (unsigned kind = 1; kind <= last_kind(); kind++) {
        size_t offset = take(kind);
        const struct record *r = slab_of(offset);
        unsigned entry = stamp_entry(r->stamp), blocks = blocks_of(r);
        uint64_t bytes = (uint64_t)1 << entry_order(entry) << s->granule_shift;

        expect_eq(blocks, bytes / s->class_size[kind]);
        expect(blocks >= 1 && blocks <= 64);
        expect_eq(r->avail, bits_mask(blocks) & ~UINT64_C(1));
        expect_eq(r->freed, blocks == 64 ? 0 : UINT64_MAX << blocks);
        expect_eq(countdown_of(r), STAMP_COUNTDOWN_MAX);
        expect(is_current(r) && !is_listed(r));
        for (uint32_t i = 0; i < (uint32_t)1 << entry_order(entry); i++)
            expect_eq(space_map(s)[head_of(s, r) + i],
                      space_ref(s, head_of(s, r)));
        expect_sound(bed.ctx);
    }
    close_bed();
}
END_TEST

static unsigned least_order(unsigned kind)
{
    size_t granule = (size_t)1 << s->granule_shift;
    unsigned order = 0;

    while (granule << order < s->class_size[kind])
        order++;
    return order;
}

START_TEST(first_slabs_of_small_clients_are_small)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        open_pair((size_t)_i);
        if (kind <= last_kind()) {
            unsigned entry = stamp_entry(slab_of(take(kind))->stamp);

            expect_eq(entry_order(entry), least_order(kind));
            expect(h->held <= 4);
        }
        close_bed();
    }
}
END_TEST

START_TEST(slabs_of_large_clients_have_33_to_64_blocks_or_16_granules)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        open_pair((size_t)_i);
        if (kind <= last_kind()) {
            unsigned entry, blocks;

            expect(vmma__heap_reserve(h, bed.pool, 128));
            entry = stamp_entry(slab_of(take(kind))->stamp);
            blocks = slab_blocks(s, entry);
            expect(entry_order(entry) == 4 || blocks >= 33);
            expect(entry_order(entry) <= 4 && blocks <= 64);
        }
        close_bed();
    }
}
END_TEST

START_TEST(a_slab_is_at_most_an_eighth_of_its_client)
{
    for (uint32_t held = 4; held <= 256; held *= 2) {
        uint32_t granules;

        open_pair(0);
        expect(vmma__heap_reserve(h, bed.pool, held));
        granules = (uint32_t)1
                   << entry_order(stamp_entry(slab_of(take(8))->stamp));
        expect(granules == 1 || granules <= held / 8);
        expect(granules * 16 > held || granules == 8);
        close_bed();
    }
}
END_TEST

/* ---- states ----------------------------------------------------------- */

START_TEST(the_current_slab_never_counts_down_to_an_event)
{
    size_t blocks[64];
    struct record *r;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    r = take_slab(1, blocks);
    expect_eq(blocks_of(r), 64);
    for (unsigned i = 0; i < 64; i++) {
        give(blocks[i]);
        expect_eq(countdown_of(r), STAMP_COUNTDOWN_MAX - i - 1);
        expect(is_current(r) && !is_listed(r));
        expect_sound(bed.ctx);
    }
    expect_eq(slab_live_count(s, head_of(s, r), stamp_entry(r->stamp)), 0);
    expect_eq(take(1), blocks[0]);
    expect_eq(countdown_of(r), STAMP_COUNTDOWN_MAX);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(a_retired_slab_waits_for_an_eighth_of_its_blocks)
{
    size_t blocks[64], others[64];
    struct record *r, *other;
    unsigned wait;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    r = take_slab(1, blocks);
    wait = slab_wait(blocks_of(r));
    expect_eq(wait, 8);
    for (unsigned early = 0; early < 3; early++)
        give(blocks[early]);
    other = take_slab(1, others);
    expect(other != r && is_current(other) && !is_current(r));
    for (unsigned i = 3; i < wait - 1; i++) {
        expect_eq(countdown_of(r), wait - i);
        give(blocks[i]);
        expect(!is_listed(r));
        expect_sound(bed.ctx);
    }
    give(blocks[wait - 1]);
    expect(is_listed(r));
    expect_eq(countdown_of(r), 64 - wait);
    expect_sound(bed.ctx);
    for (unsigned i = wait; i < 64; i++) {
        give(blocks[i]);
        expect_sound(bed.ctx);
    }
    expect(is_listed(r)); /* alone: it is kept */
    expect_eq(countdown_of(r), STAMP_COUNTDOWN_MAX);
    expect_eq(h->partial[0], head_of(s, r));
    expect_eq(take(1), blocks[0]);
    expect(is_current(r));
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(an_empty_slab_goes_back_when_others_are_listed)
{
    size_t blocks[3][64], extra;
    struct record *r[3];
    uint32_t used, g;

    expect(vmma__heap_reserve(h, bed.pool, 64));
    for (int i = 0; i < 3; i++)
        r[i] = take_slab(1, blocks[i]);
    extra = take(1);
    used = space_arena(s, h->first_arena)->used;
    for (unsigned i = 0; i < 8; i++)
        give(blocks[0][i]);
    g = head_of(s, r[1]);
    for (unsigned i = 0; i < 64; i++)
        give(blocks[1][i]);
    expect_eq(space_record(s, g)->stamp >> STAMP_TOKEN_SHIFT ==
                      h->token >> STAMP_TOKEN_SHIFT &&
                  class_is(entry_kind(piece_at(s, g))),
              0);
    expect_eq(space_arena(s, h->first_arena)->used, used - 1);
    expect(is_listed(r[0]) && !is_listed(r[2]));
    give(extra);
    expect_sound(bed.ctx);
}
END_TEST

START_TEST(listed_slabs_are_used_in_the_order_in_which_they_were_listed)
{
    size_t blocks[5][64];
    struct record *r[5];
    static const int order[] = {3, 0, 2, 1};

    expect(vmma__heap_reserve(h, bed.pool, 64));
    for (int i = 0; i < 5; i++)
        r[i] = take_slab(1, blocks[i]);
    for (int i = 0; i < 4; i++)
        for (unsigned j = 0; j < 10; j++)
            give(blocks[order[i]][j]);
    expect_sound(bed.ctx);
    for (int i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 10; j++)
            expect_eq(take(1), blocks[order[i]][j]);
        expect(is_current(r[order[i]]));
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(a_slab_of_one_block_goes_back_when_it_is_freed)
{
    unsigned kind = CLASS_COUNT;
    size_t first = take(kind), second = take(kind);
    struct record *r = slab_of(first);
    uint32_t g = head_of(s, r);

    expect_eq(blocks_of(r), 1);
    expect(!is_current(r) && !is_listed(r));
    expect_eq(countdown_of(r), 1);
    give(first);
    expect(piece_entry(s, g, h->token) == 0 ||
           entry_kind(piece_entry(s, g, h->token)) == KIND_FREE);
    give(second);
    expect_eq(take(kind), second);
    expect_sound(bed.ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slab");
    TCase *tc = tcase_create("new slabs");

    int n = LENGTH(pairs);

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_class_hands_out_blocks_that_do_not_overlap, 0,
                        n);
    tcase_add_loop_test(tc, a_new_slab_has_a_bit_for_each_block_and_none_beyond,
                        0, n);
    tcase_add_loop_test(tc, first_slabs_of_small_clients_are_small, 0, n);
    tcase_add_loop_test(
        tc, slabs_of_large_clients_have_33_to_64_blocks_or_16_granules, 0, n);
    tcase_add_test(tc, a_slab_is_at_most_an_eighth_of_its_client);
    suite_add_tcase(suite, tc);
    tc = tcase_create("states");
    tcase_add_checked_fixture(tc, open_default, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_current_slab_never_counts_down_to_an_event);
    tcase_add_test(tc, a_retired_slab_waits_for_an_eighth_of_its_blocks);
    tcase_add_test(tc, an_empty_slab_goes_back_when_others_are_listed);
    tcase_add_test(
        tc, listed_slabs_are_used_in_the_order_in_which_they_were_listed);
    tcase_add_test(tc, a_slab_of_one_block_goes_back_when_it_is_freed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
