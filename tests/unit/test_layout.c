/*
 * test_layout.c - where everything lies in the caller's block.
 *
 * Strategy: the cross product of alignments, granules, sizes, table sizes and
 * addresses.  What is answered is judged by sums of 64 bits: arrays do not
 * overlap, are aligned and fit, and one more granule would not.  No memory is
 * touched, so the sizes go up to 2^47.
 */
#include "tests/unit/support.h"
#include "src/layout.h"

static struct layout_wish wish_of(uintptr_t address, size_t size,
                                  size_t alignment, size_t granule,
                                  size_t clients)
{
    return (struct layout_wish){.address = address,
                                .size = size,
                                .max_size = size,
                                .alignment = alignment,
                                .granule = granule,
                                .max_clients = clients};
}

/* ---- judging an answer ------------------------------------------------ */

/* The bytes from the context to the end of arrays for this many granules, as
 * tight as they are promised to be: the map behind the header; 512 bytes per
 * client; records and links in 32 stripes; arenas. */
static uint64_t arrays_end(const struct layout_wish *w, uint64_t capacity)
{
    uint64_t slots = (SPACE_MAP + capacity * 4 + 511) / 512 * 512;
    uint64_t records = (capacity / 32 + 1) * 32;

    return (slots + (uint64_t)w->max_clients * 512 + records * (32 + 8) +
            (capacity / 4 + 1) * 16 + 63) /
           64 * 64;
}

/* The end of a block, in bytes from its start, whose heap has this many
 * granules. */
static uint64_t end_of(const struct layout_wish *w, uint64_t capacity)
{
    uint64_t pad = (512 - w->address % 512) % 512;
    uint64_t heap = pad + arrays_end(w, capacity);
    uint64_t address = (uint64_t)w->address + heap;

    heap += (w->granule - address % w->granule) % w->granule;
    return heap + capacity * w->granule;
}

static void judge_arrays(const struct layout_wish *w, const struct layout *l)
{
    uint64_t n = l->capacity;
    uint64_t records = (uint64_t)l->stripe * SPACE_STRIPES;

    expect(l->pad < LAYOUT_SLOT_SIZE);
    expect_eq(((uint64_t)w->address + l->pad) % LAYOUT_SLOT_SIZE, 0);
    expect(SPACE_MAP >= sizeof(struct vmma_context) && SPACE_MAP % 4 == 0);
    expect(l->slots >= SPACE_MAP + n * sizeof(uint32_t));
    expect_eq(l->slots % LAYOUT_SLOT_SIZE, 0);
    expect(l->record >= l->slots + (uint64_t)w->max_clients * 512);
    expect_eq(l->record % 32, 0);
    expect(records >= n && records % 32 == 0);
    expect(l->link >= l->record + records * sizeof(struct record));
    expect_eq(l->link % 8, 0);
    expect(l->arena >= l->link + records * sizeof(struct link));
    expect_eq(l->arena % 4, 0);
    expect(l->bookkeeping >= l->arena + (n + 3) / 4 * sizeof(struct arena));
    expect(l->heap >= l->bookkeeping);
    expect_eq(((uint64_t)w->address + l->pad + l->heap) % w->granule, 0);
    expect(l->pad + l->heap + n * w->granule <= w->max_size);
    expect(l->bookkeeping <= w->size / 4);
}

static void judge_counts(const struct layout_wish *w, const struct layout *l)
{
    uint64_t unit =
        w->granule / 64 > w->alignment ? w->granule / 64 : w->alignment;
    uint64_t now = (w->size - l->pad - l->heap) / w->granule;

    expect(end_of(w, l->capacity) <= w->max_size);
    expect(end_of(w, (uint64_t)l->capacity + 1) > w->max_size);
    expect(l->capacity <= LAYOUT_GRANULES_MAX);
    expect_eq(l->count, now < l->capacity ? now : l->capacity);
    expect(l->count >= ARENA_GRANULES_MIN);
    expect_eq((size_t)1 << l->granule_shift, w->granule);
    expect_eq((size_t)1 << l->unit_shift, unit);
    expect(l->granule_shift - l->unit_shift <= 6);
    expect_eq(vmma__layout_count(l, w->size), l->count);
    expect_eq(vmma__layout_count(l, w->max_size), l->capacity);
    expect_eq(vmma__layout_count(l, 0), 0);
    expect_eq(vmma__layout_count(l, l->pad + l->heap + w->granule - 1), 0);
    expect_eq(vmma__layout_count(l, l->pad + l->heap + w->granule), 1);
}

/* What is refused must be refused for this reason. */
static void judge_refusal(const struct layout_wish *w, enum vmma_status status)
{
    uint64_t capacity = 1;

    switch (status) {
    case VMMA_E_BOOKKEEPING:
        while (end_of(w, capacity * 2) <= w->max_size)
            capacity *= 2;
        /* It has at least so many granules, but not twice as many. */
        expect(arrays_end(w, capacity * 2) > w->size / 4);
        break;
    case VMMA_E_SIZE_TOO_LARGE:
        expect(end_of(w, LAYOUT_GRANULES_MAX) <= w->max_size ||
               w->max_size > LAYOUT_SIZE_MAX);
        break;
    default:
        ck_abort_msg("%s", vmma_strerror(status));
    }
}

static int judge(const struct layout_wish *wish)
{
    struct layout_wish w = *wish;
    struct layout l;
    enum vmma_status status = vmma__layout_default(&w);

    if (status == VMMA_E_ALIGNMENT_TOO_LARGE) {
        expect(w.alignment > w.granule);
        return 0;
    }
    if (status == VMMA_E_BLOCK_SIZE_TOO_LARGE) {
        expect(w.granule > w.size / 16);
        return 0;
    }
    assert_ok(status);
    status = vmma__layout_compute(&w, &l);
    if (status != VMMA_OK) {
        judge_refusal(&w, status);
        return 0;
    }
    judge_arrays(&w, &l);
    judge_counts(&w, &l);
    return 1;
}

/* ---- the cross product ------------------------------------------------ */

static const size_t sizes[] = {
    4096,    8192,     16384,    20000,     32768,     65535,      65536,
    65537,   100000,   131072,   262143,    500000,    1048576,    1048577,
    3000000, 16777216, 33554433, 100000000, 268435456, 1000000000,
};
static const size_t clients[] = {0, 1, 2, 8, 100, 1000, 65536};
static const uintptr_t offsets[] = {0, 1, 8, 256, 511, 512, 513, 4095, 65535};

START_TEST(every_combination_is_placed_without_overlap_or_refused)
{
    size_t alignment = (size_t)8 << _i, placed = 0;

    for (size_t granule = 256; granule <= 65536; granule *= 2)
        for (size_t i = 0; i < LENGTH(sizes); i++)
            for (size_t j = 0; j < LENGTH(clients); j++)
                for (size_t k = 0; k < LENGTH(offsets); k++) {
                    struct layout_wish w =
                        wish_of(0x10000000 + offsets[k], sizes[i], alignment,
                                granule, clients[j]);

                    placed += (size_t)judge(&w);
                }
    expect(placed > 1000);
}
END_TEST

START_TEST(arrays_have_room_for_what_the_block_may_become)
{
    size_t placed = 0;

    for (size_t granule = 256; granule <= 65536; granule *= 4)
        for (size_t i = 0; i < LENGTH(sizes); i++)
            for (size_t j = i; j < LENGTH(sizes); j++) {
                struct layout_wish w =
                    wish_of(0x10000123, sizes[i], 16, granule, 4);

                w.max_size = sizes[j];
                placed += (size_t)judge(&w);
            }
    expect(placed > 100);
}
END_TEST

START_TEST(the_count_grows_with_the_size_up_to_the_capacity)
{
    struct layout_wish w = wish_of(0x10000fff, 300000, 16, 1024, 8);
    struct layout l, at;

    w.max_size = 1000000;
    assert_ok(vmma__layout_compute(&w, &l));
    for (size_t size = 300000; size <= 1000000; size += 997) {
        w.size = size;
        assert_ok(vmma__layout_compute(&w, &at));
        expect_eq(at.capacity, l.capacity);
        expect_eq(at.heap, l.heap);
        expect_eq(at.count, vmma__layout_count(&l, size));
        expect_eq(at.count, (size - l.pad - l.heap) / 1024 < l.capacity
                                ? (size - l.pad - l.heap) / 1024
                                : l.capacity);
    }
    expect_eq(vmma__layout_count(&l, SIZE_MAX), l.capacity);
}
END_TEST

START_TEST(the_last_bytes_of_the_address_space_can_be_used)
{
    for (size_t i = 5; i < LENGTH(sizes); i++) {
        struct layout_wish w =
            wish_of(UINTPTR_MAX - sizes[i] + 1, sizes[i], 16, 1024, 1);

        judge(&w);
    }
}
END_TEST

START_TEST(huge_blocks_are_placed_exactly_too)
{
#if SIZE_MAX > UINT32_MAX
    size_t placed = 0;

    for (unsigned shift = 30; shift <= 47; shift++)
        for (size_t granule = 256; granule <= 65536; granule *= 2)
            for (int delta = -1; delta <= 1; delta++) {
                size_t size = ((size_t)1 << shift) + (size_t)(int64_t)delta;
                struct layout_wish w =
                    wish_of(0x7001, size, 16, granule, 65536);

                placed += (size_t)judge(&w);
            }
    expect(placed > 100);
#else
    for (size_t size = 0x40000000; size < 0xf0000000; size += 0x0fedcba9) {
        struct layout_wish w = wish_of(0x7001, size, 16, 256, 65536);

        expect(judge(&w));
    }
#endif
}
END_TEST

/* ---- defaults and errors ---------------------------------------------- */

START_TEST(zero_stands_for_the_default)
{
    static const struct {
        size_t size, alignment, granule, clients;
        size_t want_alignment, want_granule, want_clients;
    } cases[] = {
        {65536, 0, 0, 0, 16, 1024, 8},
        {8 * 32768, 0, 0, 0, 16, 1024, 8},
        {9 * 32768, 0, 0, 0, 16, 1024, 9},
        {9 * 32768 - 1, 0, 0, 0, 16, 1024, 8},
        {1048576, 32, 0, 0, 32, 1024, 32},
        {1048576, 4096, 0, 0, 4096, 4096, 32},
        {1048576, 1024, 0, 5, 1024, 1024, 5},
        {1048576, 0, 256, 0, 16, 256, 32},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct layout_wish w =
            wish_of(0x1000, cases[i].size, cases[i].alignment, cases[i].granule,
                    cases[i].clients);

        w.max_size = 0;
        assert_ok(vmma__layout_default(&w));
        expect_eq(w.alignment, cases[i].want_alignment);
        expect_eq(w.granule, cases[i].want_granule);
        expect_eq(w.max_clients, cases[i].want_clients);
        expect_eq(w.max_size, cases[i].size);
    }
}
END_TEST

START_TEST(the_default_table_is_never_larger_than_allowed)
{
    struct layout_wish w = wish_of(0x1000, SIZE_MAX / 2, 0, 0, 0);

    assert_ok(vmma__layout_default(&w));
    expect_eq(w.max_clients,
              SIZE_MAX / 2 >> 15 > 65536 ? 65536 : SIZE_MAX / 2 >> 15);
}
END_TEST

START_TEST(each_bad_value_has_its_own_error)
{
    static const struct {
        size_t size, max_size, alignment, granule, clients;
        enum vmma_status status;
    } cases[] = {
        {1048576, 0, 1, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, 4, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, 7, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, 8, 0, 0, VMMA_OK},
        {1048576, 0, 9, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, 4096, 0, 0, VMMA_OK},
        {1048576, 0, 4097, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, 8192, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, SIZE_MAX, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, SIZE_MAX / 2 + 1, 0, 0, VMMA_E_ALIGNMENT},
        {1048576, 0, 8, 1, 0, VMMA_E_BLOCK_SIZE},
        {1048576, 0, 8, 128, 0, VMMA_E_BLOCK_SIZE},
        {1048576, 0, 8, 255, 0, VMMA_E_BLOCK_SIZE},
        {1048576, 0, 8, 256, 0, VMMA_OK},
        {1048576, 0, 8, 257, 0, VMMA_E_BLOCK_SIZE},
        {1048576, 0, 8, 65536, 0, VMMA_OK},
        {1048576, 0, 8, 65537, 0, VMMA_E_BLOCK_SIZE},
        {4194304, 0, 8, 131072, 0, VMMA_E_BLOCK_SIZE},
        {1048576, 0, 8, SIZE_MAX, 0, VMMA_E_BLOCK_SIZE},
        {1048576, 0, 512, 256, 0, VMMA_E_ALIGNMENT_TOO_LARGE},
        {1048576, 0, 512, 512, 0, VMMA_OK},
        {16383, 0, 8, 1024, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
        {16384, 0, 8, 1024, 0, VMMA_OK},
        {0, 0, 8, 1024, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
        {1048576, 1048575, 0, 0, 0, VMMA_E_MAX_SIZE},
        {1048576, 1, 0, 0, 0, VMMA_E_MAX_SIZE},
        {1048576, 1048576, 0, 0, 0, VMMA_OK},
        {1048576, 0, 0, 0, 65536, VMMA_OK},
        {1048576, 0, 0, 0, 65537, VMMA_E_MAX_CLIENTS},
        {1048576, 0, 0, 0, SIZE_MAX, VMMA_E_MAX_CLIENTS},
        /* the first of several */
        {1048576, 1, 7, 7, SIZE_MAX, VMMA_E_ALIGNMENT},
        {1048576, 1, 4096, 7, SIZE_MAX, VMMA_E_BLOCK_SIZE},
        {100, 1, 4096, 1024, SIZE_MAX, VMMA_E_ALIGNMENT_TOO_LARGE},
        {100, 1, 8, 1024, SIZE_MAX, VMMA_E_BLOCK_SIZE_TOO_LARGE},
        {1048576, 1, 8, 1024, SIZE_MAX, VMMA_E_MAX_SIZE},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct layout_wish w =
            wish_of(0x1000, cases[i].size, cases[i].alignment, cases[i].granule,
                    cases[i].clients);

        w.max_size = cases[i].max_size;
        assert_status(vmma__layout_default(&w), cases[i].status);
    }
}
END_TEST

static void expect_refused(const struct layout_wish *w, enum vmma_status status)
{
    struct layout l, before;

    memset(&l, 0x5a, sizeof l);
    before = l;
    assert_status(vmma__layout_compute(w, &l), status);
    expect(memcmp(&l, &before, sizeof l) == 0);
}

START_TEST(a_block_may_touch_the_end_of_the_address_space_but_not_pass_it)
{
    struct layout_wish w = wish_of(UINTPTR_MAX - 65535, 65536, 16, 1024, 1);
    struct layout l;

    assert_ok(vmma__layout_compute(&w, &l));
    w.address++;
    expect_refused(&w, VMMA_E_SIZE_WRAPS);
    w.address = UINTPTR_MAX;
    expect_refused(&w, VMMA_E_SIZE_WRAPS);
    w.address = 65536;
    w.max_size = SIZE_MAX;
    expect_refused(&w, VMMA_E_SIZE_WRAPS);
}
END_TEST

START_TEST(bookkeeping_takes_at_most_a_quarter)
{
    struct layout_wish w = wish_of(0, 1048576, 16, 1024, 1);
    struct layout l;
    size_t low = 1, high = 65536;

    assert_ok(vmma__layout_compute(&w, &l));
    while (high - low > 1) { /* the largest table that is allowed */
        w.max_clients = low + (high - low) / 2;
        if (vmma__layout_compute(&w, &l) == VMMA_OK)
            low = w.max_clients;
        else
            high = w.max_clients;
    }
    w.max_clients = low;
    assert_ok(vmma__layout_compute(&w, &l));
    expect(l.bookkeeping <= 1048576 / 4);
    expect(l.bookkeeping + 1024 > 1048576 / 4);
    w.max_clients = high;
    expect_refused(&w, VMMA_E_BOOKKEEPING);
    w.max_clients = 1;
    w.max_size = (size_t)1048576 * 1000;
    expect_refused(&w, VMMA_E_BOOKKEEPING);
}
END_TEST

START_TEST(a_heap_has_four_granules_at_least)
{
    struct layout_wish w = wish_of(0, 0, 16, 65536, 1);
    struct layout l;

    w.size = w.max_size = 5 * 65536 - 1;
    expect_refused(&w, VMMA_E_SIZE_TOO_SMALL);
    w.size = w.max_size = 5 * 65536;
    assert_ok(vmma__layout_compute(&w, &l));
    expect_eq(l.count, 4);
    w.max_size = 100 * 65536;
    w.size = 5 * 65536 - 1;
    expect_refused(&w, VMMA_E_SIZE_TOO_SMALL);
    w.size = 1000;
    expect_refused(&w, VMMA_E_BOOKKEEPING);
}
END_TEST

START_TEST(more_granules_than_entries_can_name_are_refused)
{
#if SIZE_MAX > UINT32_MAX
    for (size_t granule = 256; granule <= 65536; granule *= 4) {
        struct layout_wish w = wish_of(0, 0, 8, granule, 1);
        size_t most = LAYOUT_GRANULES_MAX * (granule + 48) + 65536;
        struct layout l;

        w.size = w.max_size = most - most / 1000;
        if (w.size <= LAYOUT_SIZE_MAX)
            assert_ok(vmma__layout_compute(&w, &l));
        w.size = w.max_size = most + most / 1000;
        expect_refused(&w, VMMA_E_SIZE_TOO_LARGE);
    }
#endif
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layout");
    TCase *tc = tcase_create("placement");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc,
                        every_combination_is_placed_without_overlap_or_refused,
                        0, 10);
    tcase_add_test(tc, arrays_have_room_for_what_the_block_may_become);
    tcase_add_test(tc, the_count_grows_with_the_size_up_to_the_capacity);
    tcase_add_test(tc, the_last_bytes_of_the_address_space_can_be_used);
    tcase_add_test(tc, huge_blocks_are_placed_exactly_too);
    suite_add_tcase(suite, tc);
    tc = tcase_create("answers");
    tcase_add_test(tc, zero_stands_for_the_default);
    tcase_add_test(tc, the_default_table_is_never_larger_than_allowed);
    tcase_add_test(tc, each_bad_value_has_its_own_error);
    tcase_add_test(
        tc, a_block_may_touch_the_end_of_the_address_space_but_not_pass_it);
    tcase_add_test(tc, bookkeeping_takes_at_most_a_quarter);
    tcase_add_test(tc, a_heap_has_four_granules_at_least);
    tcase_add_test(tc, more_granules_than_entries_can_name_are_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
