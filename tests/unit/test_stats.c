/*
 * test_stats.c - filling in the public statistics.
 *
 * Strategy: random work by several clients; the model knows every live block,
 * what is cached and free is counted again granule by granule and block by
 * block, and the largest block is tried.
 */
#include "tests/unit/support.h"
#include "src/stats.h"

enum { SIZE = 1 << 19, CLIENTS = 3, MOST = 1500 };

struct live {
    size_t count, bytes;
    void *block[MOST];
};

static struct bed bed;
static struct client *clients[CLIENTS];
static struct live live[CLIENTS];
static const struct space *s;

static void open_bed(void)
{
    struct vmma_context_config config = bed_config(16, 1024, CLIENTS + 2);

    config.max_size = SIZE + 100000;
    bed_open(&bed, SIZE, &config);
    s = bed.space;
    memset(live, 0, sizeof live);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = bed_client(&bed);
}

static void close_bed(void)
{
    bed_close(&bed);
}

static void release(size_t i, size_t j)
{
    live[i].bytes -= vmma_get_size(client_handle(clients[i]), live[i].block[j]);
    give_bytes(clients[i], live[i].block[j]);
    live[i].block[j] = live[i].block[--live[i].count];
}

static void work(struct rng *rng, int steps)
{
    while (steps-- > 0) {
        size_t i = rng_below(rng, CLIENTS);

        if (rng_chance(rng, 55) && live[i].count < MOST) {
            size_t size = rng_size(rng, rng_chance(rng, 90) ? 600 : 9000);
            void *block = vmma_alloc(client_handle(clients[i]), size);

            if (block == NULL)
                continue;
            live[i].block[live[i].count++] = block;
            live[i].bytes += vmma_get_size(client_handle(clients[i]), block);
        } else if (live[i].count != 0) {
            release(i, rng_below(rng, live[i].count));
        }
    }
}

/* ---- the model -------------------------------------------------------- */

/* Counted by asking: slabs block by block, the rest granule by granule. */
static bool count_again(void *state, const struct client *c, uint32_t g,
                        unsigned entry)
{
    size_t bytes = (size_t)piece_count(s, g, entry) << s->granule_shift;
    uintptr_t start = (uintptr_t)address_of(s, g);
    struct stats_count *n = state;
    unsigned kind = entry_kind(entry);

    if (class_is(kind)) {
        size_t size = (size_t)vmma__classes.units[kind] << s->unit_shift;

        for (uintptr_t at = start; at + size <= start + bytes; at += size) {
            bool is_live = vmma_get_size(client_handle(c), (void *)at) != 0;

            n->live_blocks += is_live;
            n->live_size += is_live ? size : 0;
            n->cached_blocks += !is_live;
            n->cached_size += is_live ? 0 : size;
        }
    } else if (kind == KIND_LARGE) {
        n->live_blocks++;
        n->live_size += vmma_get_size(client_handle(c), (void *)start);
    } else if (kind == KIND_CACHED) {
        n->cached_blocks++;
        n->cached_size += bytes;
    } else {
        expect_eq(kind, KIND_FREE);
        n->free_size += bytes;
    }
    return true;
}

static void expect_counts(const struct stats_count *n,
                          const struct stats_count *expected)
{
    expect_eq(n->live_blocks, expected->live_blocks);
    expect_eq(n->live_size, expected->live_size);
    expect_eq(n->cached_blocks, expected->cached_blocks);
    expect_eq(n->cached_size, expected->cached_size);
    expect_eq(n->free_size, expected->free_size);
}

START_TEST(populated_counts_agree_with_counting_again)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 40; round++) {
        struct stats_count all = {0}, sum = {0};

        work(&rng, 150);
        for (int i = 0; i < CLIENTS; i++) {
            struct stats_count n = {0}, expected = {0};

            vmma__stats_count_client(clients[i], &n);
            vmma__walk_pieces(clients[i], count_again, &expected);
            expect_counts(&n, &expected);
            expect_eq(n.live_blocks, live[i].count);
            expect_eq(n.live_size, live[i].bytes);
            expect(n.live_size + n.cached_size + n.free_size <=
                   (size_t)clients[i]->heap.held << s->granule_shift);
            vmma__walk_pieces(clients[i], count_again, &sum);
        }
        vmma__stats_count_context(bed.ctx, &all);
        expect_counts(&all, &sum);
    }
}
END_TEST

START_TEST(precalculated_numbers_are_those_of_the_rooms_below)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    vmma__client_limit(clients[1], 99999, 55555);
    assert_ok(vmma__context_reserve(bed.ctx, clients[2], 10001));
    for (int round = 0; round < 20; round++) {
        struct vmma_client_stats stats = VMMA_CLIENT_STATS_INIT;
        struct vmma_stats all = VMMA_STATS_INIT;
        size_t total = 0, arenas = 0;

        work(&rng, 200);
        for (int i = 0; i < CLIENTS; i++) {
            const struct heap *h = &clients[i]->heap;

            memset(&stats, 0xff, sizeof stats);
            stats.size = sizeof stats;
            vmma__stats_of_client(clients[i], &stats);
            expect_eq(stats.size, sizeof stats);
            expect_eq(stats.total_size, h->held * 1024);
            expect_eq(stats.peak_size, h->peak * 1024);
            expect_eq(stats.quota, i == 1 ? 99999 : 0);
            expect_eq(stats.soft_limit, i == 1 ? 55555 : 0);
            expect_eq(stats.reservation, i == 2 ? 10240 : 0);
            expect_eq(stats.arena_count, h->arena_count);
            expect_eq(stats.failed_count, clients[i]->failed_count);
            expect_eq(stats.live_blocks, 0);
            expect_eq(stats.free_size, 0);
            total += stats.total_size;
            arenas += stats.arena_count;
        }
        vmma__stats_of_context(bed.ctx, &all);
        expect_eq(all.total_size, total);
        expect_eq(all.arena_count, arenas);
        expect_eq(all.free_size + all.total_size, all.capacity);
        expect_eq(all.bookkeeping_size + all.capacity, all.block_bytes);
        expect_eq(all.block_bytes, SIZE);
        expect_eq(all.capacity, s->count * 1024);
        expect_eq(all.client_count, CLIENTS);
        expect_eq(all.max_clients, CLIENTS + 2);
        expect_eq(all.alignment, 16);
        expect_eq(all.block_size, 1024);
        expect_eq(all.smallest_block, 16);
        expect_eq(all.largest_free, vmma__pool_largest(bed.pool) * 1024);
        expect_eq(all.touched_size, s->scrubbed * 1024);
        expect(all.peak_size >= all.total_size);
    }
}
END_TEST

/* ---- the largest block ------------------------------------------------ */

static size_t largest_of(const struct client *c)
{
    struct vmma_client_stats stats = VMMA_CLIENT_STATS_INIT;

    vmma__stats_of_client(c, &stats);
    return stats.largest_block;
}

START_TEST(a_block_of_the_largest_size_can_be_had)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 200; round++) {
        struct client *c = clients[rng_below(&rng, CLIENTS)];
        size_t largest;

        work(&rng, 60);
        if (rng_chance(&rng, 30))
            vmma__client_limit(c, rng_below(&rng, SIZE), 0);
        largest = largest_of(c);
        if (largest != 0)
            give_bytes(c, take_bytes(c, largest));
        expect_sound(bed.ctx);
        vmma__client_limit(c, 0, 0);
    }
}
END_TEST

START_TEST(the_largest_block_of_a_full_client_is_what_a_slab_has_ready)
{
    struct client *c = clients[0];
    void *block = NULL, *last;

    vmma__client_limit(c, 4096, 0);
    while ((last = vmma_alloc(client_handle(c), 100)) != NULL)
        block = last;
    expect_eq(largest_of(c), 0);
    for (int i = 0; i < 2; i++) {
        give_bytes(c, block);
        expect_eq(largest_of(c), 112);
        block = take_bytes(c, 112);
        expect_eq(largest_of(c), 0);
    }
}
END_TEST

START_TEST(the_largest_block_of_an_empty_context_is_all_that_is_natural)
{
    size_t largest = largest_of(clients[0]);

    expect(largest * 2 > (size_t)s->count * 1024);
    take_bytes(clients[0], largest);
    ck_assert_ptr_null(vmma_alloc(client_handle(clients[1]), largest));
}
END_TEST

/* ---- leaks ------------------------------------------------------------ */

START_TEST(the_leak_report_counts_live_blocks_by_size)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 20; round++) {
        work(&rng, 200);
        for (int i = 0; i < CLIENTS; i++) {
            struct vmma_leak_report report;
            size_t histogram[VMMA_HISTOGRAM_MAX] = {0};

            memset(&report, 0xff, sizeof report);
            report.size = sizeof report;
            vmma__stats_leaks(clients[i], &report);
            for (size_t j = 0; j < live[i].count; j++) {
                size_t size =
                    vmma_get_size(client_handle(clients[i]), live[i].block[j]);
                unsigned log = 0;

                while (size >> log > 1)
                    log++;
                histogram[log]++;
            }
            expect_eq(report.size, sizeof report);
            expect_eq(report.block_count, live[i].count);
            expect_eq(report.byte_count, live[i].bytes);
            expect(memcmp(report.histogram, histogram, sizeof histogram) == 0);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tc = tcase_create("numbers");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, populated_counts_agree_with_counting_again);
    tcase_add_test(tc, precalculated_numbers_are_those_of_the_rooms_below);
    tcase_add_test(tc, a_block_of_the_largest_size_can_be_had);
    tcase_add_test(tc,
                   the_largest_block_of_a_full_client_is_what_a_slab_has_ready);
    tcase_add_test(
        tc, the_largest_block_of_an_empty_context_is_all_that_is_natural);
    tcase_add_test(tc, the_leak_report_counts_live_blocks_by_size);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
