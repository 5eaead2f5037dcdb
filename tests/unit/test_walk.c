/*
 * test_walk.c - visiting pieces, live blocks and free pages.
 *
 * Strategy: random work, then every visit is compared with a map that says
 * for each granule what it is, drawn from the arenas and by asking about each
 * address; free pages are found again granule by granule.
 */
#include "tests/unit/support.h"
#include "src/walk.h"

enum { SIZE = 1 << 18, CLIENTS = 3, MOST = 1000 };

static struct bed bed;
static struct client *clients[CLIENTS];
static const struct space *s;
static void *blocks[CLIENTS][MOST];
static size_t count[CLIENTS];

static void open_bed(void)
{
    struct vmma_context_config config = bed_config(16, 512, CLIENTS);

    bed_open(&bed, SIZE, &config);
    s = bed.space;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = bed_client(&bed);
        count[i] = 0;
    }
}

static void close_bed(void)
{
    bed_close(&bed);
}

static void work(struct rng *rng, int steps)
{
    while (steps-- > 0) {
        size_t i = rng_below(rng, CLIENTS);

        if (rng_chance(rng, 55) && count[i] < MOST) {
            void *block =
                vmma_alloc(client_handle(clients[i]),
                           rng_size(rng, rng_chance(rng, 90) ? 600 : 9000));

            if (block != NULL)
                blocks[i][count[i]++] = block;
        } else if (count[i] != 0) {
            size_t j = rng_below(rng, count[i]);

            give_bytes(clients[i], blocks[i][j]);
            blocks[i][j] = blocks[i][--count[i]];
        }
    }
}

/* ---- pieces ----------------------------------------------------------- */

struct tiles {
    uint32_t arena, next, pieces, stop_at;
};

static bool visit_tile(void *state, const struct client *c, uint32_t g,
                       unsigned entry)
{
    struct tiles *t = state;

    while (t->arena != NONE &&
           t->next == t->arena + space_arena(s, t->arena)->count) {
        t->arena = space_arena(s, t->arena)->next;
        t->next = t->arena;
    }
    expect_eq(g, t->next);
    expect_eq(piece_entry(s, g, c->heap.token), entry);
    expect(entry_kind(entry) != KIND_NONE && entry != 0);
    t->next = g + piece_count(s, g, entry);
    return ++t->pieces != t->stop_at;
}

START_TEST(pieces_are_visited_end_to_end_arena_by_arena)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 50; round++) {
        work(&rng, 100);
        for (int i = 0; i < CLIENTS; i++) {
            const struct heap *h = &clients[i]->heap;
            struct tiles t = {h->first_arena, h->first_arena, 0, 0};

            expect(vmma__walk_pieces(clients[i], visit_tile, &t));
            expect(t.arena == NONE ||
                   (t.next == t.arena + space_arena(s, t.arena)->count &&
                    space_arena(s, t.arena)->next == NONE));
            expect((t.pieces != 0) == (h->held != 0));
        }
    }
}
END_TEST

START_TEST(a_visitor_stops_the_walk_at_any_piece)
{
    struct rng rng;
    struct tiles t;
    uint32_t all;

    rng_init(&rng, test_seed());
    work(&rng, 600);
    t = (struct tiles){clients[0]->heap.first_arena,
                       clients[0]->heap.first_arena, 0, 0};
    expect(vmma__walk_pieces(clients[0], visit_tile, &t));
    all = t.pieces;
    for (uint32_t stop = 1; stop <= all; stop++) {
        t = (struct tiles){clients[0]->heap.first_arena,
                           clients[0]->heap.first_arena, 0, stop};
        expect(!vmma__walk_pieces(clients[0], visit_tile, &t));
        expect_eq(t.pieces, stop);
    }
}
END_TEST

/* ---- blocks ----------------------------------------------------------- */

struct seen {
    size_t count, stop_at;
    void *start[MOST];
};

static int see(void *user, const struct vmma_block *block)
{
    struct seen *seen = user;
    struct place place = vmma__locate(bed.ctx, (uintptr_t)block->start);

    expect_eq(place.status, VMMA_OK);
    expect(client_handle(place.client) == block->client);
    expect_eq(place.size, block->size);
    seen->start[seen->count++] = block->start;
    return seen->count == seen->stop_at;
}

START_TEST(every_live_block_is_visited_once)
{
    static struct seen seen;
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 30; round++) {
        work(&rng, 150);
        for (int i = 0; i < CLIENTS; i++) {
            seen.count = seen.stop_at = 0;
            expect(vmma__walk_blocks(clients[i], see, &seen));
            expect_eq(seen.count, count[i]);
            sort_pointers(seen.start, seen.count);
            sort_pointers(blocks[i], count[i]);
            for (size_t j = 0; j < count[i]; j++)
                expect(seen.start[j] == blocks[i][j]);
        }
    }
}
END_TEST

START_TEST(a_callback_stops_the_walk_at_any_block)
{
    static struct seen seen;
    struct rng rng;

    rng_init(&rng, test_seed());
    work(&rng, 300);
    for (size_t stop = 1; stop <= count[0]; stop++) {
        seen.count = 0;
        seen.stop_at = stop;
        expect(!vmma__walk_blocks(clients[0], see, &seen));
        expect_eq(seen.count, stop);
    }
}
END_TEST

/* ---- free pages ------------------------------------------------------- */

struct range {
    uintptr_t start, end;
};

struct ranges {
    size_t count;
    struct range range[SIZE / 256];
};

static void add_range(void *user, void *start, size_t size)
{
    struct ranges *r = user;

    expect(size != 0);
    r->range[r->count++] =
        (struct range){(uintptr_t)start, (uintptr_t)start + size};
}

static bool mark_used(void *state, const struct client *c, uint32_t g,
                      unsigned entry)
{
    unsigned char *used = state;

    (void)c;
    if (entry_kind(entry) != KIND_FREE)
        memset(used + g, 1, piece_count(s, g, entry));
    return true;
}

/* Run by run of free granules: the whole pages in it. */
static void model_ranges(size_t page, struct ranges *expected)
{
    static unsigned char used[SIZE / 256 + 1];

    memset(used, 0, sizeof used);
    used[s->count] = 1;
    for (int i = 0; i < CLIENTS; i++)
        vmma__walk_pieces(clients[i], mark_used, used);
    expected->count = 0;
    for (uint32_t g = 0; g < s->count; g++) {
        uintptr_t start, end;
        uint32_t first = g;

        while (!used[g])
            g++;
        start = (uintptr_t)address_of(s, first);
        end = (uintptr_t)address_of(s, g);
        start = (start / page + (start % page != 0)) * page;
        end = end / page * page;
        if (start < end)
            expected->range[expected->count++] = (struct range){start, end};
    }
}

START_TEST(free_pages_are_named_in_maximal_ranges)
{
    static struct ranges found, expected;
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 30; round++) {
        work(&rng, 120);
        for (size_t page = 1; page <= 1 << 18; page *= 2) {
            found.count = 0;
            vmma__walk_free_pages(bed.ctx, page, add_range, &found);
            model_ranges(page, &expected);
            expect_eq(found.count, expected.count);
            expect(memcmp(found.range, expected.range,
                          found.count * sizeof(struct range)) == 0);
        }
    }
}
END_TEST

START_TEST(pages_larger_than_the_heap_are_never_free)
{
    static struct ranges found;

    for (size_t page = (size_t)1 << 19; page != 0; page *= 2) {
        found.count = 0;
        vmma__walk_free_pages(bed.ctx, page, add_range, &found);
        expect_eq(found.count, 0);
    }
}
END_TEST

START_TEST(an_unused_heap_is_one_range)
{
    static struct ranges found;

    vmma__walk_free_pages(bed.ctx, 1, add_range, &found);
    expect_eq(found.count, 1);
    expect_eq(found.range[0].start, space_heap(s));
    expect_eq(found.range[0].end - found.range[0].start,
              (size_t)s->count * 512);
}
END_TEST

START_TEST(a_full_heap_has_no_free_page)
{
    static struct ranges found;

    while (vmma_alloc(client_handle(clients[0]), 512) != NULL)
        ;
    vmma__walk_free_pages(bed.ctx, 2048, add_range, &found);
    expect_eq(found.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("walk");
    TCase *tc = tcase_create("pieces and blocks");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, pieces_are_visited_end_to_end_arena_by_arena);
    tcase_add_test(tc, a_visitor_stops_the_walk_at_any_piece);
    tcase_add_test(tc, every_live_block_is_visited_once);
    tcase_add_test(tc, a_callback_stops_the_walk_at_any_block);
    suite_add_tcase(suite, tc);
    tc = tcase_create("free pages");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, free_pages_are_named_in_maximal_ranges);
    tcase_add_test(tc, pages_larger_than_the_heap_are_never_free);
    tcase_add_test(tc, an_unused_heap_is_one_range);
    tcase_add_test(tc, a_full_heap_has_no_free_page);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
