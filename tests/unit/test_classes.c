/*
 * test_classes.c - the table of size classes.
 *
 * Strategy: the whole table is computed again from its rule, and the index
 * arithmetic is compared with division for every class and every distance
 * that it is promised for.
 */
#include "tests/unit/support.h"
#include "src/classes.h"

/* 1..8, then four steps per doubling up to 128: by kind. */
static unsigned model_units(unsigned kind)
{
    unsigned base = 8;

    if (kind <= 8)
        return kind;
    for (kind -= 9; kind >= 4; kind -= 4)
        base *= 2;
    return base + base / 4 * (kind + 1);
}

START_TEST(class_sizes_follow_the_rule)
{
    expect_eq(model_units(CLASS_COUNT), CLASS_UNITS_MAX);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        expect_eq(vmma__classes.units[kind],
                  class_is(kind) ? model_units(kind) : 0);
}
END_TEST

START_TEST(every_power_of_two_is_a_class)
{
    for (unsigned units = 1; units <= CLASS_UNITS_MAX; units *= 2)
        expect_eq(vmma__classes.units[vmma__classes.of_units[units - 1]],
                  units);
}
END_TEST

START_TEST(a_request_gets_the_smallest_class_that_holds_it)
{
    for (unsigned units = 1; units <= CLASS_UNITS_MAX; units++) {
        unsigned kind = 1;

        while (model_units(kind) < units)
            kind++;
        expect_eq(vmma__classes.of_units[units - 1], kind);
    }
}
END_TEST

START_TEST(a_block_is_at_most_a_quarter_larger_than_asked_for)
{
    for (unsigned units = 1; units <= CLASS_UNITS_MAX; units++) {
        unsigned got = vmma__classes.units[vmma__classes.of_units[units - 1]];

        expect(got >= units && got * 4 <= units * 5);
        if (units <= 8)
            expect_eq(got, units);
    }
}
END_TEST

START_TEST(reciprocals_are_rounded_up)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        uint64_t halves = 2 * (uint64_t)vmma__classes.units[kind];
        uint64_t expected =
            halves == 0 ? 0 : ((UINT64_C(1) << 32) + halves - 1) / halves;

        expect_eq(vmma__classes.reciprocal[kind], expected);
    }
}
END_TEST

START_TEST(kinds_that_are_no_class_are_told_apart)
{
    for (unsigned kind = 0; kind < 64; kind++)
        expect_eq(class_is(kind), kind >= 1 && kind <= CLASS_COUNT);
    expect(!class_is(UINT32_MAX));
    expect(KIND_CACHED < KIND_COUNT);
}
END_TEST

START_TEST(the_index_of_a_block_is_exact_below_two_to_the_17_half_units)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        uint32_t halves = 2 * (uint32_t)vmma__classes.units[kind];

        for (uint32_t at = 0; at < UINT32_C(1) << 17; at++) {
            unsigned index = 99999;

            expect_eq(class_index(vmma__classes.reciprocal[kind], at, &index),
                      at % halves == 0);
            expect_eq(index, at / halves);
        }
    }
}
END_TEST

/* The largest slab has 32 granules of 64 units. */
START_TEST(what_is_not_at_half_a_unit_has_no_index_in_a_slab)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++)
        for (unsigned shift = 1; shift <= 15; shift++)
            for (uint32_t at = 0; at < UINT32_C(1) << 12; at++) {
                uint32_t bytes = at << shift | UINT32_C(1) << (at % shift);
                unsigned index = 0;
                bool starts =
                    class_index(vmma__classes.reciprocal[kind],
                                bits_rotate_right(bytes, shift), &index);

                expect(!starts || index >= 64);
            }
}
END_TEST

START_TEST(as_many_blocks_fit_as_division_says)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++)
        for (uint32_t units = 0; units < 65536; units++)
            expect_eq(class_fit(kind, units),
                      units / vmma__classes.units[kind]);
}
END_TEST

START_TEST(nothing_starts_a_block_of_a_kind_that_is_no_class)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        if (class_is(kind))
            continue;
        for (uint32_t at = 0; at < UINT32_C(1) << 17; at += 7) {
            unsigned index = 99999;

            expect(!class_index(vmma__classes.reciprocal[kind], at, &index));
            expect_eq(class_fit(kind, at / 2), 0);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("classes");
    TCase *tc = tcase_create("table");

    tcase_add_test(tc, class_sizes_follow_the_rule);
    tcase_add_test(tc, every_power_of_two_is_a_class);
    tcase_add_test(tc, a_request_gets_the_smallest_class_that_holds_it);
    tcase_add_test(tc, a_block_is_at_most_a_quarter_larger_than_asked_for);
    tcase_add_test(tc, reciprocals_are_rounded_up);
    suite_add_tcase(suite, tc);
    tc = tcase_create("arithmetic");
    tcase_add_test(tc, kinds_that_are_no_class_are_told_apart);
    tcase_add_test(
        tc, the_index_of_a_block_is_exact_below_two_to_the_17_half_units);
    tcase_add_test(tc, what_is_not_at_half_a_unit_has_no_index_in_a_slab);
    tcase_add_test(tc, as_many_blocks_fit_as_division_says);
    tcase_add_test(tc, nothing_starts_a_block_of_a_kind_that_is_no_class);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
