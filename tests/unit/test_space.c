/*
 * test_space.c - entries, stamps, pieces, doors.
 *
 * Strategy: every entry there can be is packed and unpacked; stamps at the
 * ends of each field and at random; heads and natural runs are found again by
 * division.
 */
#include "tests/unit/support.h"

START_TEST(entries_keep_all_their_fields)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        for (unsigned span = 0; span < 32; span++)
            for (unsigned order = 0; order < 32; order++) {
                unsigned entry = entry_make(kind, span, order);

                expect_eq(entry_kind(entry), kind);
                expect_eq(entry_span(entry), span);
                expect_eq(entry_order(entry), order);
                expect_eq(entry == 0, kind == 0 && span == 0 && order == 0);
            }
}
END_TEST

START_TEST(the_mark_of_a_full_slab_is_a_bit_of_its_own)
{
    const unsigned most = entry_make(KIND_COUNT - 1, 31, 31);

    expect_eq(KIND_COUNT, 32);
    expect_eq(most | ENTRY_FULL, 0xffff);
    expect_eq(most & ENTRY_FULL, 0);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        for (unsigned span = 0; span < 32; span++)
            for (unsigned order = 0; order < 32; order++) {
                unsigned entry = entry_make(kind, span, order) | ENTRY_FULL;

                expect_eq(entry_kind(entry), kind);
                expect_eq(entry_span(entry), span);
                expect_eq(entry_order(entry), order);
                expect_eq(stamp_entry(stamp_make(token_make(7, 9), entry)),
                          entry);
            }
}
END_TEST

START_TEST(an_entry_leads_to_the_arena)
{
    static const uint32_t granules[] = {0,   1,    2,     3,        4,
                                        7,   8,    1023,  1024,     1025,
                                        999, 4095, 65537, 268435455};

    for (unsigned span = 0; span < ORDER_COUNT; span++)
        for (size_t i = 0; i < LENGTH(granules); i++) {
            unsigned entry = entry_make(KIND_FREE, span, 0);
            uint32_t place = (uint32_t)1 << span;

            expect_eq(entry_arena(entry, granules[i]),
                      granules[i] / place * place);
        }
}
END_TEST

START_TEST(stamps_keep_all_their_fields)
{
    static const uint32_t serials[] = {0,          1,          2,
                                       0x7fffffff, 0x80000000, UINT32_MAX};
    static const uint32_t slots[] = {0, 1, 255, 256, 32767, 65534, 65535};
    static const unsigned entries[] = {0, 1, 0x8000, 0xfffe, 0xffff, 0x1234};

    for (size_t i = 0; i < LENGTH(serials); i++)
        for (size_t j = 0; j < LENGTH(slots); j++)
            for (size_t k = 0; k < LENGTH(entries); k++) {
                uint64_t token = token_make(serials[i], slots[j]);
                uint64_t stamp = stamp_make(token, entries[k]);

                expect_eq(stamp_token(stamp), token);
                expect_eq(stamp_serial(stamp), serials[i]);
                expect_eq(stamp_slot(stamp), slots[j]);
                expect_eq(stamp_entry(stamp), entries[k]);
                expect_eq(token == 0, serials[i] == 0 && slots[j] == 0);
            }
}
END_TEST

START_TEST(a_natural_run_is_the_largest_that_starts_here)
{
    for (uint32_t g = 0; g < 300; g++)
        for (uint32_t count = 1; count < 300; count++) {
            unsigned order = 0;

            while (g % ((uint32_t)2 << order) == 0 &&
                   (uint32_t)2 << order <= count)
                order++;
            expect_eq(run_order(g, count), order);
        }
    expect_eq(run_order(0, (uint32_t)1 << 28), 28);
    expect_eq(run_order((uint32_t)1 << 27, (uint32_t)1 << 27), 27);
    expect_eq(run_order(((uint32_t)1 << 28) - 1, 1), 0);
}
END_TEST

/* ---- pieces ----------------------------------------------------------- */

enum { GRANULES = 300, ENTRY = 5 << 10 | 4 << 5 | 2 };

static const uint64_t token = UINT64_C(3) << 32 | UINT64_C(9) << 16;

static struct bare bare;

static void open_bare(void)
{
    bare_open(&bare, GRANULES, GRANULES);
    memset(space_map(bare.space), 0, GRANULES * sizeof *space_map(bare.space));
}

static void close_bare(void)
{
    bare_close(&bare);
}

START_TEST(every_granule_has_a_record_and_a_link_of_its_own)
{
    const struct space *s = bare.space;
    uint32_t refs[GRANULES];

    for (uint32_t g = 0; g < GRANULES; g++) {
        uintptr_t record = (uintptr_t)space_record(s, g);
        uintptr_t link = (uintptr_t)space_link(s, g);

        refs[g] = space_ref(s, g);
        expect(refs[g] != 0 && refs[g] % 4 == 0);
        for (uint32_t i = 0; i < g; i++)
            expect(refs[i] != refs[g]);
        expect(space_at(s, refs[g]) == space_record(s, g));
        expect(space_link_at(s, refs[g]) == space_link(s, g));
        expect(record >= (uintptr_t)s + s->record);
        expect(record + sizeof(struct record) <= (uintptr_t)s + s->link);
        expect(link >= (uintptr_t)s + s->link);
        expect(link + sizeof(struct link) <= (uintptr_t)s + s->arena);
        expect(space_arena(s, g) == space_arena(s, 0) + g / 4);
    }
}
END_TEST

START_TEST(records_of_full_sized_slabs_lie_side_by_side)
{
    const struct space *s = bare.space;

    for (uint32_t g = 0; g + 32 < GRANULES; g++) {
        expect(space_record(s, g + 32) == space_record(s, g) + 1);
        expect(space_link(s, g + 32) == space_link(s, g) + 1);
    }
}
END_TEST

START_TEST(a_piece_is_known_by_place_and_token)
{
    struct space *s = bare.space;

    piece_begin(s, 8, token, ENTRY);
    expect_eq(piece_entry(s, 8, token), ENTRY);
    expect_eq(piece_at(s, 8), ENTRY);
    expect_eq(head_of(s, space_record(s, 8)), 8);
    expect_eq(space_record(s, 8)->reciprocal, vmma__classes.reciprocal[5]);
    expect_eq(piece_entry(s, 8, token + ((uint64_t)1 << 16)), 0);
    expect_eq(piece_entry(s, 8, token + ((uint64_t)1 << 32)), 0);
    expect_eq(piece_entry(s, 8, 0), 0);
    expect_eq(piece_entry(s, 9, token), 0);
    piece_end(s, 8);
    expect_eq(piece_entry(s, 8, token), 0);
    expect_eq(space_map(s)[8], space_ref(s, 8));
}
END_TEST

START_TEST(no_single_bit_of_token_or_reference_can_be_wrong)
{
    struct space *s = bare.space;

    for (unsigned bit = STAMP_SLOT_SHIFT; bit < 64; bit++) {
        piece_begin(s, 8, token, ENTRY);
        space_record(s, 8)->stamp ^= UINT64_C(1) << bit;
        expect_eq(piece_entry(s, 8, token), 0);
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        piece_begin(s, 8, token, ENTRY);
        space_map(s)[8] ^= (uint32_t)1 << bit;
        expect_eq(piece_entry(s, 8, token), 0);
    }
}
END_TEST

START_TEST(a_granule_inside_a_piece_is_no_piece)
{
    struct space *s = bare.space;

    piece_begin(s, 8, token, ENTRY);
    for (uint32_t g = 9; g < 12; g++) {
        space_map(s)[g] = space_ref(s, 8);
        space_record(s, g)->stamp = stamp_make(token, ENTRY);
        expect_eq(piece_entry(s, g, token), 0);
    }
}
END_TEST

START_TEST(free_runs_and_large_blocks_say_their_own_length)
{
    struct space *s = bare.space;

    for (unsigned kind = 1; kind < KIND_COUNT; kind++)
        for (unsigned order = 0; order < ORDER_COUNT; order++) {
            unsigned entry = entry_make(kind, order, order);
            bool own = kind == KIND_FREE || kind == KIND_LARGE ||
                       kind == KIND_CACHED;

            piece_begin(s, 0, token, entry)->avail = 17;
            expect_eq(piece_count(s, 0, entry),
                      own ? 17 : (uint32_t)1 << order);
        }
}
END_TEST

START_TEST(doors_follow_the_mark_unless_they_are_shut)
{
    struct space *s = bare.space;

    for (uint32_t mark = 0; mark <= GRANULES; mark += 7) {
        s->high_water = mark;
        s->shut = 0;
        space_set_doors(s);
        expect_eq(s->alloc_door, s->class_units);
        expect_eq(s->free_door, (size_t)mark << s->granule_shift);
        s->shut = 1;
        space_set_doors(s);
        expect_eq(s->alloc_door, 0);
        expect_eq(s->free_door, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("space");
    TCase *tc = tcase_create("numbers");

    tcase_add_test(tc, entries_keep_all_their_fields);
    tcase_add_test(tc, the_mark_of_a_full_slab_is_a_bit_of_its_own);
    tcase_add_test(tc, an_entry_leads_to_the_arena);
    tcase_add_test(tc, stamps_keep_all_their_fields);
    tcase_add_test(tc, a_natural_run_is_the_largest_that_starts_here);
    suite_add_tcase(suite, tc);
    tc = tcase_create("pieces");
    tcase_add_checked_fixture(tc, open_bare, close_bare);
    tcase_add_test(tc, every_granule_has_a_record_and_a_link_of_its_own);
    tcase_add_test(tc, records_of_full_sized_slabs_lie_side_by_side);
    tcase_add_test(tc, a_piece_is_known_by_place_and_token);
    tcase_add_test(tc, no_single_bit_of_token_or_reference_can_be_wrong);
    tcase_add_test(tc, a_granule_inside_a_piece_is_no_piece);
    tcase_add_test(tc, free_runs_and_large_blocks_say_their_own_length);
    tcase_add_test(tc, doors_follow_the_mark_unless_they_are_shut);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
