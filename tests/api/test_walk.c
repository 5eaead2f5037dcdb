/*
 * test_walk.c - walks over clients, blocks and free pages.
 *
 * Strategy: what a walk names is compared, one by one, with what the test
 * knows to be live; what purge names is overwritten, and nothing that is
 * live may suffer.
 */
#include "tests/support/support.h"

static struct world world;

enum { MAX = 600 };

static void *blocks[MAX];
static size_t sizes[MAX];
static struct vmma_client *owners[MAX];
static size_t count;

static void open_world(void)
{
    world_open(&world, MIB, NULL);
    count = 0;
}

static void close_world(void)
{
    world_close(&world);
}

/* Blocks of both clients, each with its pattern; a part is freed again. */
static void make_scene(size_t wanted)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    while (count < wanted) {
        struct vmma_client *owner = count % 3 == 0 ? world.b : world.a;
        void *block = must_alloc(owner, rng_size(&rng, 6000));

        if (rng_chance(&rng, 40)) {
            assert_ok(vmma_free_from(owner, block));
            continue;
        }
        blocks[count] = block;
        owners[count] = owner;
        sizes[count] = vmma_get_size(owner, block);
        fill_pattern(block, sizes[count], count);
        count++;
    }
}

static void scene_is_intact(void)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(vmma_get_size(owners[i], blocks[i]), sizes[i]);
        ck_assert(holds_pattern(blocks[i], sizes[i], i));
    }
    assert_sound(world.context);
}

/* ---- clients ----------------------------------------------------------- */

struct visit {
    struct vmma_client *clients[64];
    size_t calls;
    size_t stop_at;
};

static int visit_client(void *user, struct vmma_client *client)
{
    struct visit *visit = user;

    ck_assert_uint_lt(visit->calls, LENGTH(visit->clients));
    ck_assert_int_eq(vmma_is_client(client), 1);
    visit->clients[visit->calls++] = client;
    return visit->calls == visit->stop_at ? 7 : 0;
}

START_TEST(every_live_client_is_visited_once)
{
    struct vmma_client *c = must_create(world.context, "c");
    struct vmma_client *d = must_create(world.context, "d");
    struct visit visit = {{NULL}, 0, 0};
    unsigned seen = 0;

    assert_ok(vmma_delete_client(world.b));
    assert_ok(vmma_walk_clients(world.context, visit_client, &visit));
    ck_assert_uint_eq(visit.calls, 3);
    for (size_t i = 0; i < 3; i++)
        seen += visit.clients[i] == world.a ? 1u
                : visit.clients[i] == c     ? 10u
                : visit.clients[i] == d     ? 100u
                                            : 1000u;
    ck_assert_uint_eq(seen, 111);
}
END_TEST

START_TEST(a_context_without_clients_has_none_to_visit)
{
    struct visit visit = {{NULL}, 0, 0};

    assert_ok(vmma_delete_client(world.a));
    assert_ok(vmma_delete_client(world.b));
    assert_ok(vmma_walk_clients(world.context, visit_client, &visit));
    ck_assert_uint_eq(visit.calls, 0);
}
END_TEST

START_TEST(a_walk_over_clients_stops_when_it_is_told_to)
{
    struct visit visit = {{NULL}, 0, 1};

    assert_status(vmma_walk_clients(world.context, visit_client, &visit),
                  VMMA_E_STOPPED);
    ck_assert_uint_eq(visit.calls, 1);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 10));
}
END_TEST

START_TEST(a_walk_without_a_callback_is_refused)
{
    assert_status(vmma_walk_clients(world.context, NULL, NULL), VMMA_E_NULL);
    assert_status(vmma_walk_clients(NULL, visit_client, NULL), VMMA_E_CONTEXT);
    assert_status(vmma_walk_blocks(world.a, NULL, NULL), VMMA_E_NULL);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 10));
}
END_TEST

/* ---- blocks ------------------------------------------------------------ */

struct tally {
    struct vmma_client *client;
    unsigned char seen[MAX];
    size_t calls;
    size_t stop_at;
};

static int tally_block(void *user, const struct vmma_block *block)
{
    struct tally *tally = user;
    size_t i = 0;

    ck_assert_ptr_eq(block->client, tally->client);
    while (i < count && blocks[i] != block->start)
        i++;
    ck_assert_msg(i < count, "a block that nobody has: %p", block->start);
    ck_assert_ptr_eq(owners[i], tally->client);
    ck_assert_uint_eq(block->size, sizes[i]);
    ck_assert_uint_eq(tally->seen[i]++, 0);
    tally->calls++;
    return tally->calls == tally->stop_at;
}

static size_t blocks_of(const struct vmma_client *client)
{
    size_t mine = 0;

    for (size_t i = 0; i < count; i++)
        mine += owners[i] == client;
    return mine;
}

START_TEST(every_live_block_is_visited_once)
{
    struct tally of_a = {world.a, {0}, 0, 0};
    struct tally of_b = {world.b, {0}, 0, 0};

    make_scene(150);
    assert_ok(vmma_walk_blocks(world.a, tally_block, &of_a));
    assert_ok(vmma_walk_blocks(world.b, tally_block, &of_b));
    ck_assert_uint_eq(of_a.calls, blocks_of(world.a));
    ck_assert_uint_eq(of_b.calls, blocks_of(world.b));
}
END_TEST

START_TEST(a_client_without_blocks_has_none_to_visit)
{
    struct tally tally = {world.a, {0}, 0, 0};

    assert_ok(vmma_walk_blocks(world.a, tally_block, &tally));
    assert_ok(vmma_free_from(world.a, must_alloc(world.a, 100)));
    assert_ok(vmma_free_from(world.a, must_alloc(world.a, 10000)));
    assert_ok(vmma_walk_blocks(world.a, tally_block, &tally));
    ck_assert_uint_eq(tally.calls, 0);
}
END_TEST

START_TEST(a_walk_over_blocks_stops_when_it_is_told_to)
{
    make_scene(60);
    for (size_t stop = 1; stop <= blocks_of(world.a); stop++) {
        struct tally tally = {world.a, {0}, 0, 0};

        tally.stop_at = stop;
        assert_status(vmma_walk_blocks(world.a, tally_block, &tally),
                      VMMA_E_STOPPED);
        ck_assert_uint_eq(tally.calls, stop);
    }
}
END_TEST

/* ---- finding ----------------------------------------------------------- */

START_TEST(every_byte_of_a_block_leads_to_it)
{
    make_scene(60);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizes[i]; k++) {
            struct vmma_block found = {NULL, NULL, 0};

            assert_ok(
                vmma_find_block(world.context, (char *)blocks[i] + k, &found));
            ck_assert_ptr_eq(found.client, owners[i]);
            ck_assert_ptr_eq(found.start, blocks[i]);
            ck_assert_uint_eq(found.size, sizes[i]);
        }
}
END_TEST

START_TEST(an_address_without_a_block_leaves_the_answer_alone)
{
    struct vmma_block found = {world.b, &found, 42};
    void *block = must_alloc(world.a, 100);

    must_alloc(world.a, 100);
    assert_ok(vmma_free_from(world.a, block));
    assert_status(vmma_find_block(world.context, block, &found),
                  VMMA_E_NOT_LIVE);
    assert_status(vmma_find_block(world.context, &found, &found),
                  VMMA_E_OUTSIDE);
    assert_status(vmma_find_block(world.context, world.context, &found),
                  VMMA_E_BOOKKEEPING_ADDRESS);
    assert_status(vmma_find_block(NULL, block, &found), VMMA_E_CONTEXT);
    ck_assert_ptr_eq(found.client, world.b);
    ck_assert_ptr_eq(found.start, &found);
    ck_assert_uint_eq(found.size, 42);
}
END_TEST

/* ---- purge ------------------------------------------------------------- */

struct purged {
    size_t page;
    size_t ranges;
    size_t bytes;
    uintptr_t end; /* of the range before                           */
};

static void check_range(void *user, void *start, size_t size)
{
    struct purged *purged = user;
    uintptr_t first = (uintptr_t)start;

    ck_assert_uint_eq(first % purged->page, 0);
    ck_assert_uint_eq(size % purged->page, 0);
    ck_assert_uint_gt(size, 0);
    ck_assert_msg(purged->ranges == 0 || first > purged->end,
                  "ranges ascend, and touching ones are one");
    ck_assert_uint_ge(first, (uintptr_t)world.heap);
    ck_assert_uint_le(first + size, (uintptr_t)world.heap + world.heap_size);
    for (size_t i = 0; i < count; i++)
        ck_assert((uintptr_t)blocks[i] + sizes[i] <= first ||
                  (uintptr_t)blocks[i] >= first + size);
    scribble(start, size, first);
    purged->ranges++;
    purged->bytes += size;
    purged->end = first + size;
}

static struct purged purge(size_t page)
{
    struct purged purged = {page, 0, 0, 0};

    assert_ok(vmma_purge(world.context, page, check_range, &purged));
    return purged;
}

static const size_t page_sizes[] = {1,     16,     64,   256,     512,
                                    1024,  2048,   4096, 8192,    16384,
                                    65536, 262144, MIB,  1u << 21};

START_TEST(purge_names_no_byte_that_is_live)
{
    make_scene(180);
    purge(page_sizes[_i]);
    scene_is_intact();
}
END_TEST

START_TEST(everything_works_on_after_a_purge)
{
    make_scene(100);
    for (size_t round = 0; round < 10; round++) {
        purge(page_sizes[(_i + round) % LENGTH(page_sizes)]);
        for (size_t i = round; i < count; i += 10) {
            ck_assert(holds_pattern(blocks[i], sizes[i], i));
            assert_ok(vmma_free_from(owners[i], blocks[i]));
            blocks[i] = must_alloc(owners[i], sizes[i]);
            sizes[i] = vmma_get_size(owners[i], blocks[i]);
            fill_pattern(blocks[i], sizes[i], i);
        }
        scene_is_intact();
    }
}
END_TEST

START_TEST(purge_names_all_free_granules)
{
    struct purged purged;
    size_t free_size;

    make_scene(180);
    purged = purge(1024);
    free_size = stats_of(world.context).free_size +
                client_stats_of(world.a).free_size +
                client_stats_of(world.b).free_size;
    ck_assert_uint_eq(purged.bytes, free_size);
}
END_TEST

START_TEST(purge_of_an_empty_heap_names_all_of_it)
{
    struct purged purged;

    make_scene(100);
    for (size_t i = 0; i < count; i++)
        assert_ok(vmma_free_from(owners[i], blocks[i]));
    count = 0;
    purged = purge(1024);
    ck_assert_uint_eq(purged.ranges, 1);
    ck_assert_uint_eq(purged.bytes, stats_of(world.context).capacity);
    ck_assert_uint_eq(stats_of(world.context).total_size, 0);
    ck_assert_uint_eq(stats_of(world.context).cached_blocks, 0);
}
END_TEST

START_TEST(purge_of_a_full_heap_names_nothing)
{
    exhaust_client(world.a);
    ck_assert_uint_eq(purge(1024).ranges, 0);
}
END_TEST

START_TEST(a_second_purge_names_the_same)
{
    struct purged one;
    struct purged two;

    make_scene(180);
    one = purge(4096);
    two = purge(4096);
    ck_assert_uint_eq(one.ranges, two.ranges);
    ck_assert_uint_eq(one.bytes, two.bytes);
}
END_TEST

START_TEST(purge_lets_go_of_what_is_kept_for_reuse)
{
    for (size_t i = 0; i < 500; i++)
        blocks[i] = must_alloc(world.a, 700);
    for (size_t i = 0; i < 500; i++)
        assert_ok(vmma_free_from(world.a, blocks[i]));
    purge(4096);
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
    ck_assert_uint_eq(client_stats_of(world.a).cached_blocks, 0);
}
END_TEST

START_TEST(purge_keeps_reservations)
{
    assert_ok(vmma_set_reservation(world.a, 100 * KIB));
    purge(4096);
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 100 * KIB);
    exhaust_client(world.b);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 1));
}
END_TEST

START_TEST(a_page_size_that_is_no_power_of_two_is_refused)
{
    static const size_t wrong[] = {0, 3, 1000, 4095, 4097, 12288, SIZE_MAX};
    struct purged purged = {1, 0, 0, 0};

    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_status(vmma_purge(world.context, wrong[i], check_range, &purged),
                      VMMA_E_PAGE_SIZE);
    assert_status(vmma_purge(world.context, 4096, NULL, NULL), VMMA_E_NULL);
    assert_status(vmma_purge(NULL, 4096, check_range, &purged), VMMA_E_CONTEXT);
    ck_assert_uint_eq(purged.ranges, 0);
}
END_TEST

START_TEST(a_page_larger_than_the_address_space_has_no_range)
{
    ck_assert_uint_eq(purge(SIZE_MAX / 2 + 1).ranges, 0);
    ck_assert_uint_eq(purge(SIZE_MAX / 4 + 1).ranges, 0);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *walking(void)
{
    TCase *tc = tcase_create("walking");

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, every_live_client_is_visited_once);
    tcase_add_test(tc, a_context_without_clients_has_none_to_visit);
    tcase_add_test(tc, a_walk_over_clients_stops_when_it_is_told_to);
    tcase_add_test(tc, a_walk_without_a_callback_is_refused);
    tcase_add_test(tc, every_live_block_is_visited_once);
    tcase_add_test(tc, a_client_without_blocks_has_none_to_visit);
    tcase_add_test(tc, a_walk_over_blocks_stops_when_it_is_told_to);
    tcase_add_test(tc, every_byte_of_a_block_leads_to_it);
    tcase_add_test(tc, an_address_without_a_block_leaves_the_answer_alone);
    return tc;
}

static TCase *purging(void)
{
    TCase *tc = tcase_create("purging");
    int pages = (int)LENGTH(page_sizes);

    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, purge_names_no_byte_that_is_live, 0, pages);
    tcase_add_loop_test(tc, everything_works_on_after_a_purge, 0, pages);
    tcase_add_test(tc, purge_names_all_free_granules);
    tcase_add_test(tc, purge_of_an_empty_heap_names_all_of_it);
    tcase_add_test(tc, purge_of_a_full_heap_names_nothing);
    tcase_add_test(tc, a_second_purge_names_the_same);
    tcase_add_test(tc, purge_lets_go_of_what_is_kept_for_reuse);
    tcase_add_test(tc, purge_keeps_reservations);
    tcase_add_test(tc, a_page_size_that_is_no_power_of_two_is_refused);
    tcase_add_test(tc, a_page_larger_than_the_address_space_has_no_range);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("walk");

    suite_add_tcase(suite, walking());
    suite_add_tcase(suite, purging());
    return run_suite(suite);
}
