/*
 * test_bits.c - powers of two, logarithms, alignment, checked arithmetic.
 *
 * Strategy: each function is computed again bit by bit or by division, at
 * every power of two and its neighbours, at the ends of the range, and at
 * random values.
 */
#include "tests/unit/support.h"
#include "src/bits.h"

/* 0, all 2^k and 2^k +- 1, all ones, and random values. */
enum { VALUES = 64 * 3 + 2 + 500 };

static size_t list_values(uint64_t *values)
{
    size_t n = 0;
    struct rng rng;

    values[n++] = 0;
    values[n++] = UINT64_MAX;
    for (unsigned k = 0; k < 64; k++) {
        uint64_t power = UINT64_C(1) << k;

        values[n++] = power;
        values[n++] = power - 1;
        values[n++] = power + 1;
    }
    rng_init(&rng, test_seed());
    while (n < VALUES)
        values[n++] = rng_next(&rng) >> rng_below(&rng, 64);
    return n;
}

static unsigned slow_count(uint64_t x)
{
    unsigned count = 0;

    for (unsigned k = 0; k < 64; k++)
        count += (unsigned)(x >> k & 1);
    return count;
}

START_TEST(a_power_of_two_has_exactly_one_bit)
{
    uint64_t values[VALUES];
    size_t n = list_values(values);

    for (size_t i = 0; i < n; i++)
        expect_eq(bits_is_power(values[i]), slow_count(values[i]) == 1);
}
END_TEST

START_TEST(the_count_of_bits_is_exact)
{
    uint64_t values[VALUES];
    size_t n = list_values(values);

    for (size_t i = 0; i < n; i++)
        expect_eq(bits_count(values[i]), slow_count(values[i]));
}
END_TEST

START_TEST(logarithms_are_rounded_down_and_up)
{
    uint64_t values[VALUES];
    size_t n = list_values(values);

    for (size_t i = 0; i < n; i++) {
        uint64_t x = values[i];
        unsigned floor = 0;

        while (floor < 63 && x >> (floor + 1) != 0)
            floor++;
        if (x != 0)
            expect_eq(bits_log2_floor(x), floor);
        expect_eq(bits_log2_ceil(x),
                  x <= 1 ? 0 : floor + (x != UINT64_C(1) << floor));
    }
}
END_TEST

START_TEST(scans_find_the_lowest_and_the_highest_bit)
{
    for (unsigned low = 0; low < 64; low++)
        for (unsigned high = low; high < 64; high++) {
            uint64_t x = UINT64_C(1) << low | UINT64_C(1) << high;

            expect_eq(platform_lowest(x), low);
            expect_eq(platform_highest(x), high);
        }
}
END_TEST

START_TEST(aligning_up_is_the_next_multiple)
{
    for (size_t step = 1; step <= 65536; step *= 2)
        for (size_t x = 0; x < 3 * step && x < 5000; x++) {
            size_t up = (x + step - 1) / step * step;

            expect_eq(bits_align_up(x, step), up);
            expect_eq(bits_padding(x, step), up - x);
        }
}
END_TEST

START_TEST(padding_works_at_the_end_of_the_address_space)
{
    for (size_t step = 1; step <= 65536; step *= 2)
        for (uintptr_t back = 0; back < 300; back++) {
            uintptr_t address = UINTPTR_MAX - back;
            size_t padding = bits_padding(address, step);

            expect(padding < step);
            expect_eq((address + padding) & (step - 1), 0);
        }
}
END_TEST

START_TEST(turning_right_brings_low_bits_to_the_top)
{
    const unsigned width = 32;
    struct rng rng;

    rng_init(&rng, test_seed());
    for (unsigned by = 0; by < width; by++)
        for (unsigned i = 0; i < 50; i++) {
            uint32_t x = (uint32_t)rng_next(&rng), turned = 0;

            for (unsigned k = 0; k < width; k++)
                turned |= (x >> (k + by) % width & 1) << k;
            expect_eq(bits_rotate_right(x, by), turned);
        }
}
END_TEST

START_TEST(a_mask_has_the_lowest_bits)
{
    for (unsigned count = 1; count <= 64; count++) {
        uint64_t mask = bits_mask(count);

        expect_eq(slow_count(mask), count);
        expect_eq(platform_highest(mask), count - 1);
    }
}
END_TEST

START_TEST(a_product_that_overflows_is_told)
{
    static const size_t values[] = {
        0,
        1,
        2,
        3,
        SIZE_MAX,
        SIZE_MAX - 1,
        SIZE_MAX / 2,
        SIZE_MAX / 2 + 1,
        SIZE_MAX / 3,
        SIZE_MAX / 3 + 1,
        (size_t)1 << sizeof(size_t) * 4,
        ((size_t)1 << sizeof(size_t) * 4) - 1,
        ((size_t)1 << sizeof(size_t) * 4) + 1,
    };

    for (size_t i = 0; i < LENGTH(values); i++)
        for (size_t j = 0; j < LENGTH(values); j++) {
            size_t a = values[i], b = values[j], product = 77;
            int fits = a == 0 || b <= SIZE_MAX / a;

            expect_eq(bits_multiply(a, b, &product), fits);
            if (fits)
                expect_eq(product, a * b);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bits");
    TCase *tc = tcase_create("words");

    tcase_add_test(tc, a_power_of_two_has_exactly_one_bit);
    tcase_add_test(tc, the_count_of_bits_is_exact);
    tcase_add_test(tc, logarithms_are_rounded_down_and_up);
    tcase_add_test(tc, scans_find_the_lowest_and_the_highest_bit);
    tcase_add_test(tc, turning_right_brings_low_bits_to_the_top);
    tcase_add_test(tc, a_mask_has_the_lowest_bits);
    suite_add_tcase(suite, tc);
    tc = tcase_create("sizes");
    tcase_add_test(tc, aligning_up_is_the_next_multiple);
    tcase_add_test(tc, padding_works_at_the_end_of_the_address_space);
    tcase_add_test(tc, a_product_that_overflows_is_told);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
