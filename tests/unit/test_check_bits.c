/*
 * test_check_bits.c - the checker survives every flipped bit.
 *
 * Strategy: every bit of the bookkeeping is flipped alone; the checker must
 * come to an end without reading what it has not judged, whether it reports
 * the flip or not.  How many it reports is printed.
 */
#include "tests/unit/check_steps.h"

/* ---- every bit -------------------------------------------------------- */

struct flips {
    const char *what;
    unsigned long tried, reported;
};

static void flip_bits(struct flips *f, void *start, size_t size)
{
    volatile unsigned char *bytes = start;

    for (size_t i = 0; i < size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (unsigned char)(1u << bit);
            f->tried++;
            f->reported += vmma__check(ctx) != NULL;
            bytes[i] ^= (unsigned char)(1u << bit);
        }
}

static void report(const struct flips *f)
{
    printf("flipped bits of %-8s %6lu, reported %6lu (%lu %%)\n", f->what,
           f->tried, f->reported, f->reported * 100 / f->tried);
    fflush(stdout);
    expect_sound(ctx);
}

START_TEST(flipped_bits_of_the_header_are_survived)
{
    struct flips f = {"header", 0, 0};

    flip_bits(&f, ctx, sizeof *ctx);
    report(&f);
    expect(f.reported * 3 > f.tried);
}
END_TEST

START_TEST(flipped_bits_of_slots_are_survived)
{
    struct flips f = {"slots", 0, 0};

    for (uint32_t slot = 0; slot < ctx->slots_used; slot++)
        flip_bits(&f, context_slot(ctx, slot), sizeof(struct client));
    report(&f);
    expect(f.reported * 4 > f.tried);
}
END_TEST

START_TEST(flipped_bits_of_references_are_survived)
{
    struct flips f = {"map", 0, 0};

    flip_bits(&f, space_map(s), s->high_water * sizeof *space_map(s));
    report(&f);
}
END_TEST

START_TEST(flipped_bits_of_records_are_survived)
{
    struct flips f = {"records", 0, 0}, pieces = {"pieces", 0, 0};

    for (uint32_t g = 0; g < s->high_water; g++) {
        struct record *r = space_record(s, g);
        bool is_piece = context_owner(ctx, r->stamp) != NULL &&
                        space_map(s)[g] == space_ref(s, g);

        flip_bits(is_piece ? &pieces : &f, r, sizeof *r);
    }
    report(&f);
    report(&pieces);
    expect(pieces.reported * 2 > pieces.tried);
}
END_TEST

START_TEST(flipped_bits_of_links_and_arenas_are_survived)
{
    struct flips f = {"links", 0, 0}, arenas = {"arenas", 0, 0};

    for (uint32_t g = 0; g < s->high_water; g++) {
        flip_bits(&f, space_link(s, g), sizeof(struct link));
        if (g % ARENA_GRANULES_MIN == 0)
            flip_bits(&arenas, space_arena(s, g), sizeof(struct arena));
    }
    report(&f);
    report(&arenas);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check bits");
    TCase *tc = tcase_create("every bit");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, flipped_bits_of_the_header_are_survived);
    tcase_add_test(tc, flipped_bits_of_slots_are_survived);
    tcase_add_test(tc, flipped_bits_of_references_are_survived);
    tcase_add_test(tc, flipped_bits_of_records_are_survived);
    tcase_add_test(tc, flipped_bits_of_links_and_arenas_are_survived);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
