/*
 * test_delete.c - deletion gives everything back, whatever the client did.
 *
 * Strategy: clients make a mess, leak and scribble; after their deletion the
 * context's free bytes and its largest free piece are those of before.  Where
 * the library promises not to touch memory, it is made inaccessible.
 */
#define _DEFAULT_SOURCE 1
#include "tests/support/support.h"

#include <sys/mman.h>
#include <unistd.h>

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

/* ---- deletion restores the context ------------------------------------- */

struct shape {
    size_t free_size;
    size_t largest_free;
};

static struct shape shape_of(void)
{
    struct vmma_stats stats = stats_of(world.context);
    struct shape shape = {stats.free_size, stats.largest_free};

    return shape;
}

static void same_shape(struct shape before)
{
    struct shape after = shape_of();

    ck_assert_uint_eq(after.free_size, before.free_size);
    ck_assert_uint_eq(after.largest_free, before.largest_free);
    assert_sound(world.context);
}

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

START_TEST(deletion_returns_everything_that_was_leaked)
{
    for (uint64_t round = 0; round < 40; round++) {
        struct shape before = shape_of();
        struct vmma_client *client = must_create(world.context, "leaker");

        make_mess(client, test_seed() + round, 1 + 20 * round);
        assert_ok(vmma_delete_client(client));
        same_shape(before);
    }
}
END_TEST

START_TEST(deletion_returns_everything_beside_living_clients)
{
    must_alloc(world.a, 1000);
    must_alloc(world.b, 100000);
    for (uint64_t round = 0; round < 40; round++) {
        struct shape before = shape_of();
        struct vmma_client *client = must_create(world.context, "leaker");

        make_mess(client, test_seed() + round, 10 * round);
        assert_ok(vmma_delete_client(client));
        same_shape(before);
    }
}
END_TEST

START_TEST(deletion_returns_a_full_context)
{
    struct shape before = shape_of();
    struct vmma_client *client = must_create(world.context, "all");

    fill_client(client, sizes[_i], NULL, 0);
    exhaust_client(client);
    assert_ok(vmma_delete_client(client));
    same_shape(before);
}
END_TEST

START_TEST(deletion_does_not_mind_what_the_client_wrote)
{
    for (uint64_t round = 0; round < 20; round++) {
        struct shape before = shape_of();
        struct vmma_client *client = must_create(world.context, "scribbler");
        size_t count = make_mess(client, test_seed() + round, 300);

        for (size_t i = 0; i < count; i++)
            scribble(blocks[i], vmma_get_size(client, blocks[i]),
                     test_seed() ^ round ^ i);
        assert_sound(world.context);
        assert_ok(vmma_delete_client(client));
        same_shape(before);
    }
}
END_TEST

/* A guest writes all over what it owned, live and freed, as it runs. */
static void scribble_range(void *user, void *start, size_t size)
{
    scribble(start, size, *(uint64_t *)user);
}

START_TEST(nothing_in_the_heap_matters_to_the_library)
{
    struct shape before = shape_of();
    struct vmma_client *client = must_create(world.context, "scribbler");
    uint64_t seed = test_seed();

    for (unsigned round = 0; round < 30; round++) {
        size_t count = make_mess(client, ++seed, 100);

        scribble(world.heap, world.heap_size, seed);
        assert_sound(world.context);
        for (size_t i = 0; i < count; i += 2)
            assert_ok(vmma_free_from(client, blocks[i]));
        scribble(world.heap, world.heap_size, seed + 1);
        assert_ok(vmma_purge(world.context, 1024, scribble_range, &seed));
    }
    assert_ok(vmma_delete_client(client));
    same_shape(before);
}
END_TEST

START_TEST(deletion_in_any_order_restores_the_context)
{
    enum { CLIENTS = 20 };
    struct shape before = shape_of();

    for (uint64_t round = 0; round < 10; round++) {
        struct vmma_client *clients[CLIENTS];
        struct rng rng;

        for (size_t i = 0; i < CLIENTS; i++) {
            clients[i] = must_create(world.context, "one of many");
            make_mess(clients[i], test_seed() + round * CLIENTS + i, 30);
        }
        rng_init(&rng, test_seed() + round);
        for (size_t left = CLIENTS; left > 0; left--) {
            size_t i = rng_below(&rng, left);

            assert_ok(vmma_delete_client(clients[i]));
            clients[i] = clients[left - 1];
            assert_sound(world.context);
        }
        same_shape(before);
    }
}
END_TEST

START_TEST(freeing_everything_and_purging_restores_the_context)
{
    struct shape before = shape_of();
    uint64_t seed = 0;

    for (uint64_t round = 0; round < 20; round++) {
        size_t count = make_mess(world.a, test_seed() + round, 400);

        shuffle(blocks, count, round);
        free_all(world.a, blocks, count);
        assert_ok(vmma_purge(world.context, 1024, scribble_range, &seed));
        same_shape(before);
    }
}
END_TEST

/* ---- memory that may not be touched ------------------------------------ */

static struct ground pages;
static size_t page;

static void open_pages(void)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    page = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_uint_le(page, 65536);
    config.block_size = page < 4096 ? 4096 : page;
    ck_assert(ground_reserve(&pages, 16 * MIB));
    assert_ok(
        vmma_create_context(pages.memory, pages.size, &config, &world.context));
    world.a = must_create(world.context, "a");
    world.b = must_create(world.context, "b");
}

static void close_pages(void)
{
    assert_sound(world.context);
    assert_ok(vmma_delete_client(world.a));
    assert_ok(vmma_delete_client(world.b));
    ck_assert_uint_eq(stats_of(world.context).total_size, 0);
    assert_ok(vmma_delete_context(world.context));
    ground_fini(&pages);
}

/* With a granule of a page or more, each page that a block touches is its
 * client's alone. */
static int protect_block(void *user, const struct vmma_block *block)
{
    uintptr_t first = (uintptr_t)block->start / page * page;
    uintptr_t end = (uintptr_t)block->start + block->size;

    end = (end + page - 1) / page * page;
    ck_assert_int_eq(mprotect((void *)first, end - first, *(int *)user), 0);
    return 0;
}

static void protect_client(struct vmma_client *client, int protection)
{
    assert_ok(vmma_walk_blocks(client, protect_block, &protection));
}

START_TEST(deletion_never_touches_the_client_s_memory)
{
    struct vmma_client *client = must_create(world.context, "sealed");
    struct vmma_stats before = stats_of(world.context);

    must_alloc(world.a, 100);
    must_alloc(world.b, 100000);
    before = stats_of(world.context);
    make_mess(client, test_seed(), 800);
    protect_client(client, PROT_NONE);
    assert_sound(world.context);
    assert_ok(vmma_delete_client(client));
    ck_assert_uint_eq(stats_of(world.context).free_size, before.free_size);
    ck_assert_uint_eq(stats_of(world.context).largest_free,
                      before.largest_free);
    ck_assert_int_eq(mprotect(pages.memory, pages.size, PROT_READ | PROT_WRITE),
                     0);
    fill_pattern(must_alloc(world.a, 4 * MIB), 4 * MIB, 1);
}
END_TEST

START_TEST(freeing_never_touches_the_client_s_memory)
{
    size_t count = make_mess(world.a, test_seed(), 800);

    protect_client(world.a, PROT_NONE);
    shuffle(blocks, count, test_seed());
    free_all(world.a, blocks, count);
    assert_sound(world.context);
    assert_ok(vmma_reset_client(world.a));
    ck_assert_int_eq(mprotect(pages.memory, pages.size, PROT_READ | PROT_WRITE),
                     0);
}
END_TEST

static void note_range(void *user, void *start, size_t size)
{
    struct vmma_block *heap = user;

    heap->start = start;
    heap->size = size;
}

/* The heap is inaccessible from before the first block: everything that the
 * library writes lies in front of it. */
START_TEST(the_heap_is_never_touched)
{
    struct vmma_block heap = {NULL, NULL, 0};
    struct vmma_client *client;

    assert_ok(vmma_purge(world.context, page, note_range, &heap));
    ck_assert_uint_gt(heap.size, 8 * MIB);
    ck_assert_int_eq(mprotect(heap.start, heap.size, PROT_NONE), 0);
    client = must_create(world.context, "unseen");
    for (uint64_t round = 0; round < 30; round++) {
        size_t count = make_mess(client, test_seed() + round, 500);

        assert_sound(world.context);
        ck_assert_uint_eq(client_stats_of(client).live_blocks, count);
        for (size_t i = 0; i < count; i++)
            assert_ok(vmma_expand(client, blocks[i], 1));
        free_all(client, blocks, count);
    }
    exhaust_client(client);
    assert_ok(vmma_purge(world.context, page, note_range, &heap));
    assert_ok(vmma_delete_client(client));
    assert_sound(world.context);
    ck_assert_int_eq(mprotect(pages.memory, pages.size, PROT_READ | PROT_WRITE),
                     0);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *deleting(void)
{
    TCase *tc = tcase_create("deleting");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, deletion_returns_everything_that_was_leaked);
    tcase_add_test(tc, deletion_returns_everything_beside_living_clients);
    tcase_add_loop_test(tc, deletion_returns_a_full_context, 0,
                        (int)LENGTH(sizes));
    tcase_add_test(tc, deletion_does_not_mind_what_the_client_wrote);
    tcase_add_test(tc, nothing_in_the_heap_matters_to_the_library);
    tcase_add_test(tc, deletion_in_any_order_restores_the_context);
    tcase_add_test(tc, freeing_everything_and_purging_restores_the_context);
    return tc;
}

static TCase *sealed(void)
{
    TCase *tc = tcase_create("memory that may not be touched");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_pages, close_pages);
    tcase_add_test(tc, deletion_never_touches_the_client_s_memory);
    tcase_add_test(tc, freeing_never_touches_the_client_s_memory);
    tcase_add_test(tc, the_heap_is_never_touched);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("delete");

    suite_add_tcase(suite, deleting());
    suite_add_tcase(suite, sealed());
    return run_suite(suite);
}
