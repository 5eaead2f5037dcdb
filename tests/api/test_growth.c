/*
 * test_growth.c - how a client's memory grows and shrinks, what clients cost,
 * and what a request that fails leaves behind.
 *
 * Strategy: one client fills the context with blocks of one size, frees them
 * in some order, and another one must be able to have as much; a picture of
 * all that is live is taken before and after a failure.
 */
#include "tests/support/support.h"

static struct world world;
static void *blocks[100000];

static void open_world(void)
{
    world_open(&world, MIB, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

static const size_t sizes[] = {1,     16,    40,    100,    200,   500,  1000,
                               1024,  1100,  2048,  3000,   4096,  5000, 10000,
                               16384, 30000, 65536, 100000, 200000};

/* ---- growing ----------------------------------------------------------- */

START_TEST(a_client_grows_until_the_context_is_full)
{
    size_t last = 0;

    for (unsigned i = 0; vmma_alloc(world.a, 1000) != NULL; i++) {
        size_t total = vmma_get_client_total_size(world.a);

        ck_assert_uint_ge(total, last);
        last = total;
    }
    exhaust_client(world.a);
    ck_assert_uint_eq(vmma_get_client_total_size(world.a),
                      stats_of(world.context).capacity);
    ck_assert_uint_eq(stats_of(world.context).free_size, 0);
}
END_TEST

START_TEST(a_client_takes_little_for_little)
{
    must_alloc(world.a, 1);
    ck_assert_uint_le(vmma_get_client_total_size(world.a), 16 * KIB);
}
END_TEST

START_TEST(blocks_of_one_size_fill_the_context)
{
    size_t capacity = stats_of(world.context).capacity;
    size_t size = sizes[_i];
    size_t count = fill_client(world.a, size, NULL, 0);
    size_t each = size < 16 ? 16 : size;

    /* rounding takes up to a half, and the last piece may not fit */
    ck_assert_uint_ge(2 * count * each + 2 * size, capacity * 3 / 4);
}
END_TEST

START_TEST(what_one_client_frees_another_can_have)
{
    size_t count = fill_client(world.a, sizes[_i], blocks, LENGTH(blocks));
    size_t second;

    free_all(world.a, blocks, count);
    second = fill_client(world.b, sizes[_i], NULL, 0);
    ck_assert_uint_ge(second, count);
    assert_sound(world.context);
}
END_TEST

/* But for the ends of arenas, which may be others: the first client keeps an
 * empty one until the second has taken all the rest. */
START_TEST(what_one_client_frees_in_any_order_another_can_have)
{
    size_t count = fill_client(world.a, sizes[_i], blocks, LENGTH(blocks));
    size_t second;

    shuffle(blocks, count, test_seed());
    free_all(world.a, blocks, count);
    second = fill_client(world.b, sizes[_i], NULL, 0);
    ck_assert_uint_ge(second + client_stats_of(world.b).arena_count, count);
    assert_sound(world.context);
}
END_TEST

static void ignore_range(void *user, void *start, size_t size)
{
    (void)user, (void)start, (void)size;
}

START_TEST(a_purge_gives_empty_arenas_back_to_the_context)
{
    size_t count = fill_client(world.a, sizes[_i], blocks, LENGTH(blocks));

    free_all(world.a, blocks, count);
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 0);
    assert_ok(vmma_purge(world.context, 4096, ignore_range, NULL));
    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
}
END_TEST

START_TEST(a_purge_leaves_a_client_what_its_live_blocks_need)
{
    size_t count = fill_client(world.a, sizes[_i], blocks, LENGTH(blocks));
    size_t full = vmma_get_client_total_size(world.a);
    void *last = blocks[count - 1];

    free_all(world.a, blocks, count - 1);
    assert_ok(vmma_purge(world.context, 4096, ignore_range, NULL));
    ck_assert_uint_lt(vmma_get_client_total_size(world.a), full);
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 1);
    ck_assert_int_eq(vmma_test_address(world.a, last), 1);
    assert_ok(vmma_free_from(world.a, last));
}
END_TEST

START_TEST(freed_neighbours_merge_until_the_largest_block_fits_again)
{
    size_t largest = client_stats_of(world.a).largest_block;
    size_t count = fill_client(world.a, sizes[_i], blocks, LENGTH(blocks));

    ck_assert_uint_ge(largest, stats_of(world.context).capacity / 2);
    shuffle(blocks, count, test_seed() + 1);
    free_all(world.a, blocks, count);
    ck_assert_ptr_nonnull(vmma_alloc(world.a, largest));
    assert_sound(world.context);
}
END_TEST

START_TEST(the_largest_block_fits_again_for_another_client)
{
    size_t largest = client_stats_of(world.a).largest_block;
    size_t count = fill_client(world.a, sizes[_i], blocks, LENGTH(blocks));

    free_all(world.a, blocks, count);
    ck_assert_ptr_nonnull(vmma_alloc(world.b, largest));
}
END_TEST

START_TEST(a_block_that_was_freed_makes_room_for_its_like)
{
    void *block = must_alloc(world.a, sizes[_i]);

    exhaust_client(world.a);
    assert_ok(vmma_free_from(world.a, block));
    ck_assert_ptr_nonnull(vmma_alloc(world.a, sizes[_i]));
}
END_TEST

START_TEST(the_largest_free_piece_can_be_had)
{
    struct vmma_stats stats = stats_of(world.context);
    void *block = must_alloc(world.a, stats.largest_free);

    fill_pattern(block, stats.largest_free, 1);
    ck_assert_uint_ge(vmma_get_client_total_size(world.a), stats.largest_free);
    assert_ok(vmma_free_from(world.a, block));
}
END_TEST

START_TEST(two_clients_growing_in_turns_keep_their_memory_apart)
{
    size_t count = 0;

    while (count < LENGTH(blocks)) {
        struct vmma_client *client = count % 2 == 0 ? world.a : world.b;

        blocks[count] = vmma_alloc(client, sizes[count % 12]);
        if (blocks[count] == NULL)
            break;
        fill_pattern(blocks[count], vmma_get_size(client, blocks[count]),
                     count);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        struct vmma_client *client = i % 2 == 0 ? world.a : world.b;

        ck_assert(
            holds_pattern(blocks[i], vmma_get_size(client, blocks[i]), i));
    }
    assert_sound(world.context);
}
END_TEST

/* Nearly all is reserved by others: what is left is smaller than the arenas
 * that a client likes to take. */
START_TEST(near_the_end_smaller_arenas_are_tried)
{
    struct vmma_stats stats = stats_of(world.context);
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct vmma_client *client;

    config.reservation = (stats.capacity / 4096 - 2) * 4096;
    assert_ok(vmma_create_client(world.context, &config, &client));
    ck_assert_ptr_nonnull(vmma_alloc(world.a, 1));
    exhaust_client(world.a);
    stats = stats_of(world.context);
    ck_assert_uint_eq(stats.largest_free, 0);
    ck_assert_uint_le(stats.free_size, 3 * stats.arena_count * KIB);
    ck_assert_uint_ge(vmma_get_client_total_size(world.a), 4 * KIB);
}
END_TEST

/* Blocks of random sizes; a part of them is freed again, the rest leaks. */
static size_t make_mess(struct vmma_client *client, uint64_t seed, size_t max)
{
    struct rng rng;
    size_t count = 0;

    rng_init(&rng, seed);
    while (count < max) {
        blocks[count] = vmma_alloc(client, rng_size(&rng, 30000));
        if (blocks[count] == NULL)
            break;
        count++;
        if (rng_chance(&rng, 40)) {
            size_t i = rng_below(&rng, count);

            assert_ok(vmma_free_from(client, blocks[i]));
            blocks[i] = blocks[--count];
        }
    }
    return count;
}

/* ---- what clients cost ------------------------------------------------- */

START_TEST(a_thousand_clients_with_a_kibibyte_live_fit_in_32_mebibytes)
{
    enum { CLIENTS = 1000 };
    static struct vmma_client *clients[CLIENTS];
    struct world large;

    world_open(&large, 32 * MIB, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = must_create(large.context, "one of a thousand");
        for (size_t live = 0; live < KIB; live += 64)
            blocks[i] = must_alloc(clients[i], 64);
        fill_pattern(blocks[i], 64, i);
    }
    ck_assert_uint_eq(stats_of(large.context).client_count, CLIENTS + 2);
    ck_assert_uint_ge(stats_of(large.context).live_size, CLIENTS * KIB);
    for (size_t i = 0; i < CLIENTS; i++)
        ck_assert(holds_pattern(blocks[i], 64, i));
    assert_sound(large.context);
    world_close(&large);
}
END_TEST

START_TEST(a_thousand_clients_with_one_block_of_a_kibibyte_fit_too)
{
    struct world large;

    world_open(&large, 32 * MIB, NULL);
    for (size_t i = 0; i < 1000; i++)
        must_alloc(must_create(large.context, NULL), KIB);
    world_close(&large);
}
END_TEST

START_TEST(an_empty_client_costs_at_most_512_bytes)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;
    size_t few = 0;
    size_t many = 0;

    config.max_clients = 1000;
    assert_ok(vmma_required_size(&config, 64 * MIB, &few));
    config.max_clients = 9000;
    assert_ok(vmma_required_size(&config, 64 * MIB, &many));
    /* the granule in front of the heap may swallow some of it */
    ck_assert_uint_le(many - few, 8000 * 512 + 1024);
}
END_TEST

START_TEST(empty_clients_take_no_arena)
{
    for (size_t i = 2; i < stats_of(world.context).max_clients; i++)
        must_create(world.context, NULL);
    ck_assert_uint_eq(stats_of(world.context).total_size, 0);
    ck_assert_uint_eq(stats_of(world.context).touched_size, 0);
}
END_TEST

/* ---- failures ---------------------------------------------------------- */

struct picture {
    struct vmma_stats context;
    struct vmma_client_stats a, b;
    uint64_t hash;
};

static int hash_block(void *user, const struct vmma_block *block)
{
    uint64_t *hash = user;

    *hash += ((uintptr_t)block->start ^ block->size << 20 ^
              (uintptr_t)block->client << 40) *
             UINT64_C(0x9E3779B97F4A7C15);
    *hash += hash_bytes(block->start, block->size);
    return 0;
}

static struct picture take_picture(void)
{
    struct picture picture;

    picture.context = stats_of(world.context);
    picture.a = client_stats_of(world.a);
    picture.b = client_stats_of(world.b);
    picture.hash = 0;
    assert_ok(vmma_walk_blocks(world.a, hash_block, &picture.hash));
    assert_ok(vmma_walk_blocks(world.b, hash_block, &picture.hash));
    return picture;
}

static void same_picture(const struct picture *one, const struct picture *other)
{
    ck_assert_uint_eq(one->hash, other->hash);
    ck_assert_uint_eq(one->context.total_size, other->context.total_size);
    ck_assert_uint_eq(one->context.peak_size, other->context.peak_size);
    ck_assert_uint_eq(one->context.live_blocks, other->context.live_blocks);
    ck_assert_uint_eq(one->context.live_size, other->context.live_size);
    ck_assert_uint_eq(one->context.arena_count, other->context.arena_count);
    ck_assert_uint_eq(one->a.total_size, other->a.total_size);
    ck_assert_uint_eq(one->a.live_size, other->a.live_size);
    ck_assert_uint_eq(one->a.arena_count, other->a.arena_count);
    ck_assert_uint_eq(one->b.total_size, other->b.total_size);
    ck_assert_uint_eq(one->b.live_size, other->b.live_size);
    ck_assert_uint_eq(one->b.arena_count, other->b.arena_count);
}

/* A first failure has let go of what was kept for reuse. */
START_TEST(a_request_that_fails_changes_nothing_but_its_counters)
{
    static const size_t wanted[] = {700000, 900000, 2 * MIB, SIZE_MAX / 2};
    struct picture before;
    struct picture after;

    must_alloc(world.a, 400 * KIB);
    make_mess(world.a, test_seed(), 60);
    make_mess(world.b, test_seed() + 1, 60);
    ck_assert_ptr_null(vmma_alloc(world.a, 700000));
    ck_assert_ptr_null(vmma_alloc(world.b, 700000));
    for (size_t i = 0; i < LENGTH(wanted); i++) {
        size_t size = opaque(wanted[i]);

        before = take_picture();
        ck_assert_ptr_null(vmma_alloc(world.a, size));
        ck_assert_ptr_null(vmma_calloc(world.b, 1, size));
        ck_assert_ptr_null(vmma_aligned_alloc(world.a, 4096, size));
        ck_assert_ptr_null(vmma_realloc(world.b, NULL, size));
        assert_status(vmma_set_reservation(world.b, size), VMMA_E_EXHAUSTED);
        after = take_picture();
        same_picture(&before, &after);
        ck_assert_uint_eq(after.a.failed_count, before.a.failed_count + 2);
        ck_assert_uint_eq(after.b.failed_count, before.b.failed_count + 2);
        assert_sound(world.context);
    }
}
END_TEST

START_TEST(a_request_of_any_size_that_fails_leaves_the_live_blocks)
{
    struct picture before;
    struct picture after;

    make_mess(world.a, test_seed(), 100);
    fill_client(world.b, sizes[_i], NULL, 0);
    before = take_picture();
    ck_assert_ptr_null(vmma_alloc(world.b, sizes[_i]));
    after = take_picture();
    ck_assert_uint_eq(after.hash, before.hash);
    ck_assert_uint_eq(after.context.live_size, before.context.live_size);
    ck_assert_uint_le(after.a.total_size, before.a.total_size);
    ck_assert_uint_le(after.b.total_size, before.b.total_size);
    assert_sound(world.context);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *growing(void)
{
    TCase *tc = tcase_create("growing");
    int count = (int)LENGTH(sizes);

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_client_grows_until_the_context_is_full);
    tcase_add_test(tc, a_client_takes_little_for_little);
    tcase_add_loop_test(tc, blocks_of_one_size_fill_the_context, 0, count);
    tcase_add_loop_test(tc, what_one_client_frees_another_can_have, 0, count);
    tcase_add_loop_test(tc, what_one_client_frees_in_any_order_another_can_have,
                        0, count);
    tcase_add_loop_test(tc, a_purge_gives_empty_arenas_back_to_the_context, 0,
                        count);
    tcase_add_loop_test(tc, a_purge_leaves_a_client_what_its_live_blocks_need,
                        0, count);
    tcase_add_loop_test(
        tc, freed_neighbours_merge_until_the_largest_block_fits_again, 0,
        count);
    tcase_add_loop_test(tc, the_largest_block_fits_again_for_another_client, 0,
                        count);
    tcase_add_loop_test(tc, a_block_that_was_freed_makes_room_for_its_like, 0,
                        count);
    tcase_add_test(tc, the_largest_free_piece_can_be_had);
    tcase_add_test(tc, two_clients_growing_in_turns_keep_their_memory_apart);
    tcase_add_test(tc, near_the_end_smaller_arenas_are_tried);
    return tc;
}

static TCase *costs(void)
{
    TCase *tc = tcase_create("costs and failures");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc,
                   a_thousand_clients_with_a_kibibyte_live_fit_in_32_mebibytes);
    tcase_add_test(tc, a_thousand_clients_with_one_block_of_a_kibibyte_fit_too);
    tcase_add_test(tc, an_empty_client_costs_at_most_512_bytes);
    tcase_add_test(tc, empty_clients_take_no_arena);
    tcase_add_test(tc, a_request_that_fails_changes_nothing_but_its_counters);
    tcase_add_loop_test(tc,
                        a_request_of_any_size_that_fails_leaves_the_live_blocks,
                        0, (int)LENGTH(sizes));
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("growth");

    suite_add_tcase(suite, growing());
    suite_add_tcase(suite, costs());
    return run_suite(suite);
}
