/*
 * test_misuse.c - bad pointers, given to every call that takes a pointer.
 *
 * Strategy: a scene with two clients, a second context and blocks of every
 * kind, live and freed.  The tests know what is live and predict the answer
 * for any address; then every call is asked, and nothing may have changed:
 * statistics, contents and the checker's verdict are compared.
 */
#include "tests/support/support.h"

#include <stdlib.h>

enum { SMALL = 48, LARGE = 9000, SMALLS = 40 };

static struct world world;

static struct {
    unsigned calls;
    struct vmma_event last;
} heard;

static void hear(void *user, const struct vmma_event *event)
{
    ck_assert_ptr_eq(user, &heard);
    if (event->kind == VMMA_EVENT_MISUSE) {
        heard.calls++;
        heard.last = *event;
    }
}

static void open_size(size_t size)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    memset(&heard, 0, sizeof heard);
    config.event = hear;
    config.user = &heard;
    world_open(&world, size, &config);
}

static void open_world(void)
{
    open_size(256 * KIB);
}

static void close_world(void)
{
    world_close(&world);
}

/* ---- one bad pointer, every call --------------------------------------- */

/* Every status that an address can have, as it is given to vmma_free; and
 * whose live block it is in. */
struct verdict {
    enum vmma_status status;
    struct vmma_client *owner;
};

static void told(struct vmma_client *client, enum vmma_status status,
                 const void *address, struct vmma_client *owner)
{
    ck_assert_uint_eq(heard.calls, 1);
    ck_assert_int_eq(heard.last.kind, VMMA_EVENT_MISUSE);
    assert_status(heard.last.status, status);
    ck_assert_ptr_eq(heard.last.context, world.context);
    ck_assert_ptr_eq(heard.last.client, client);
    ck_assert_ptr_eq(heard.last.owner, owner);
    ck_assert_ptr_eq(heard.last.address, address);
    heard.calls = 0;
}

static void calls_refuse(struct vmma_client *client, void *address,
                         struct verdict verdict)
{
    size_t misused = stats_of(world.context).misuse_count;

    assert_status(vmma_free_from(client, address), verdict.status);
    told(client, verdict.status, address, verdict.owner);
    ck_assert_ptr_null(vmma_realloc(client, address, 100));
    assert_status(vmma_get_last_error(client), verdict.status);
    told(client, verdict.status, address, verdict.owner);
    ck_assert_ptr_null(vmma_realloc(client, address, 0));
    assert_status(vmma_get_last_error(client), verdict.status);
    told(client, verdict.status, address, verdict.owner);
    assert_status(vmma_expand(client, address, 100), verdict.status);
    assert_status(vmma_get_last_error(client), verdict.status);
    told(client, verdict.status, address, verdict.owner);
    ck_assert_uint_eq(stats_of(world.context).misuse_count, misused + 4);
}

static void questions_deny(void *address, struct verdict verdict)
{
    struct vmma_block block = {NULL, NULL, 0};
    enum vmma_status status = verdict.owner != NULL ? VMMA_OK : verdict.status;

    ck_assert_int_eq(vmma_test_address(world.a, address), 0);
    ck_assert_int_eq(vmma_test_address(world.b, address), 0);
    ck_assert_uint_eq(vmma_get_size(world.a, address), 0);
    ck_assert_uint_eq(vmma_get_size(world.b, address), 0);
    ck_assert_uint_eq(vmma_get_block_size(world.context, address), 0);
    ck_assert_ptr_null(vmma_get_owner(world.context, address));
    assert_status(vmma_find_block(world.context, address, &block), status);
    ck_assert_ptr_eq(block.client, verdict.owner);
    assert_status(vmma_find_block(world.context, address, NULL), status);
    ck_assert_uint_eq(heard.calls, 0);
}

/* `address` is not the start of any live block. */
static void everybody_refuses(void *address, struct verdict verdict)
{
    struct vmma_stats before = lasting_stats(world.context);
    struct vmma_stats after;

    heard.calls = 0;
    calls_refuse(world.a, address, verdict);
    calls_refuse(world.b, address, verdict);
    assert_status(vmma_free(world.context, address), verdict.status);
    told(NULL, verdict.status, address, verdict.owner);
    questions_deny(address, verdict);
    after = lasting_stats(world.context);
    same_stats(&before, &after);
}

static void refused_as(void *address, enum vmma_status status)
{
    struct verdict verdict = {status, NULL};

    everybody_refuses(address, verdict);
}

/* ---- pointers from elsewhere ------------------------------------------- */

static int global;

START_TEST(memory_that_is_not_the_context_s_is_outside)
{
    int local = 0;
    int *heap = malloc(64);

    ck_assert_ptr_nonnull(heap);
    must_alloc(world.a, SMALL);
    refused_as(&global, VMMA_E_OUTSIDE);
    refused_as(&local, VMMA_E_OUTSIDE);
    refused_as(heap, VMMA_E_OUTSIDE);
    refused_as((char *)heap + 16, VMMA_E_OUTSIDE);
    free(heap);
    assert_sound(world.context);
}
END_TEST

START_TEST(numbers_that_are_no_address_are_outside)
{
    must_alloc(world.a, SMALL);
    for (uintptr_t k = 1; k < 70; k++) {
        refused_as(opaque_pointer(k), VMMA_E_OUTSIDE);
        refused_as(opaque_pointer(UINTPTR_MAX - k + 1), VMMA_E_OUTSIDE);
    }
    for (uintptr_t k = 1; k != 0; k <<= 1)
        if (k - (uintptr_t)world.ground.memory >= world.ground.size)
            refused_as(opaque_pointer(k), VMMA_E_OUTSIDE);
    refused_as(opaque_pointer(UINTPTR_MAX / 2), VMMA_E_OUTSIDE);
    refused_as(opaque_pointer(UINTPTR_MAX / 2 + 1), VMMA_E_OUTSIDE);
    assert_sound(world.context);
}
END_TEST

START_TEST(addresses_beside_the_block_are_outside)
{
    unsigned char *start = world.ground.memory;

    must_alloc(world.a, SMALL);
    for (size_t k = 1; k <= 64; k++) {
        refused_as(start - k, VMMA_E_OUTSIDE);
        refused_as(start + world.ground.size + k - 1, VMMA_E_OUTSIDE);
    }
    refused_as(start - 65536, VMMA_E_OUTSIDE);
    refused_as(start + world.ground.size + 65536, VMMA_E_OUTSIDE);
    assert_sound(world.context);
}
END_TEST

START_TEST(one_bit_off_a_live_address_is_never_taken_for_it)
{
    unsigned char *block = must_alloc(world.a, SMALL);

    for (size_t bit = 18; bit < sizeof(uintptr_t) * 8; bit++) {
        uintptr_t address = (uintptr_t)block ^ (uintptr_t)1 << bit;

        if (address - (uintptr_t)world.ground.memory >= world.ground.size)
            refused_as(opaque_pointer(address), VMMA_E_OUTSIDE);
    }
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
}
END_TEST

START_TEST(a_block_of_another_context_is_outside)
{
    struct world other;
    void *small;
    void *large;

    world_open(&other, 128 * KIB, NULL);
    small = must_alloc(other.a, SMALL);
    large = must_alloc(other.b, LARGE);
    refused_as(small, VMMA_E_OUTSIDE);
    refused_as(large, VMMA_E_OUTSIDE);
    ck_assert_int_eq(vmma_test_address(other.a, small), 1);
    ck_assert_int_eq(vmma_test_address(other.b, large), 1);
    world_close(&other);
}
END_TEST

START_TEST(the_bookkeeping_is_told_from_the_heap)
{
    must_alloc(world.a, SMALL);
    refused_as(world.context, VMMA_E_BOOKKEEPING_ADDRESS);
    refused_as((char *)world.context + 1, VMMA_E_BOOKKEEPING_ADDRESS);
    for (unsigned char *p = world.ground.memory; p < world.heap; p += 61)
        refused_as(p, VMMA_E_BOOKKEEPING_ADDRESS);
    refused_as(world.heap - 1, VMMA_E_BOOKKEEPING_ADDRESS);
    assert_sound(world.context);
}
END_TEST

/* ---- pointers into the heap -------------------------------------------- */

START_TEST(what_was_never_handed_out_is_not_live)
{
    unsigned char *end = world.heap + world.heap_size;

    refused_as(world.heap, VMMA_E_NOT_LIVE);
    refused_as(end - 1, VMMA_E_NOT_LIVE);
    must_alloc(world.a, SMALL);
    for (size_t k = 1; k < 3000; k += 7)
        refused_as(end - k, VMMA_E_NOT_LIVE);
    assert_sound(world.context);
}
END_TEST

static void interior_refused(struct vmma_client *owner, unsigned char *block)
{
    struct verdict verdict = {VMMA_E_INTERIOR, owner};
    size_t size = vmma_get_size(owner, block);

    for (size_t k = 1; k < size; k++)
        everybody_refuses(block + k, verdict);
    ck_assert_int_eq(vmma_test_address(owner, block), 1);
}

START_TEST(every_byte_inside_a_small_block_is_interior)
{
    unsigned char *blocks[SMALLS];

    for (size_t i = 0; i < SMALLS; i++)
        blocks[i] = must_alloc(world.a, 1 + i * 8);
    for (size_t i = 0; i < SMALLS; i += 3)
        interior_refused(world.a, blocks[i]);
    assert_sound(world.context);
}
END_TEST

START_TEST(every_byte_inside_a_large_block_is_interior)
{
    must_alloc(world.b, LARGE);
    interior_refused(world.a, must_alloc(world.a, LARGE));
    assert_sound(world.context);
}
END_TEST

START_TEST(every_byte_inside_an_aligned_block_is_interior)
{
    unsigned char *block = vmma_aligned_alloc(world.a, 16384, 3000);

    ck_assert_ptr_nonnull(block);
    interior_refused(world.a, block);
}
END_TEST

START_TEST(another_client_s_block_is_refused_and_named)
{
    struct verdict verdict = {VMMA_E_OTHER_CLIENT, world.b};
    void *blocks[2];

    blocks[0] = must_alloc(world.b, SMALL);
    blocks[1] = must_alloc(world.b, LARGE);
    for (size_t i = 0; i < 2; i++) {
        struct vmma_stats before = lasting_stats(world.context);
        struct vmma_stats after;

        calls_refuse(world.a, blocks[i], verdict);
        ck_assert_int_eq(vmma_test_address(world.a, blocks[i]), 0);
        ck_assert_uint_eq(vmma_get_size(world.a, blocks[i]), 0);
        ck_assert_int_eq(vmma_test_address(world.b, blocks[i]), 1);
        ck_assert_ptr_eq(vmma_get_owner(world.context, blocks[i]), world.b);
        after = lasting_stats(world.context);
        same_stats(&before, &after);
    }
}
END_TEST

/* ---- freed blocks ------------------------------------------------------ */

static const size_t freed_sizes[] = {1,    16,   17,   48,   100,  256,
                                     500,  1000, 1024, 1500, 2048, 2500,
                                     3000, 4096, 9000, 20000};

START_TEST(a_block_that_was_freed_is_not_live)
{
    void *block = must_alloc(world.a, freed_sizes[_i]);
    void *keep = must_alloc(world.a, freed_sizes[_i]);

    assert_ok(vmma_free_from(world.a, block));
    refused_as(block, VMMA_E_NOT_LIVE);
    refused_as((char *)block + 1, VMMA_E_NOT_LIVE);
    refused_as(block, VMMA_E_NOT_LIVE);
    assert_ok(vmma_free(world.context, keep));
    refused_as(keep, VMMA_E_NOT_LIVE);
    refused_as(block, VMMA_E_NOT_LIVE);
    assert_sound(world.context);
}
END_TEST

START_TEST(a_block_is_freed_once_whatever_is_freed_in_between)
{
    enum { MAX = 150 };
    void *blocks[MAX];
    size_t count = 0;

    while (count < MAX) {
        blocks[count] = vmma_alloc(world.a, freed_sizes[_i]);
        if (blocks[count] == NULL)
            break;
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        assert_ok(vmma_free_from(world.a, blocks[i]));
        for (size_t j = 0; j <= i; j += 1 + i / 8)
            assert_status(vmma_free_from(world.a, blocks[j]), VMMA_E_NOT_LIVE);
    }
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 0);
    assert_sound(world.context);
}
END_TEST

START_TEST(a_freed_block_is_not_live_when_the_client_is_gone)
{
    void *block = must_alloc(world.a, freed_sizes[_i]);
    struct vmma_client *gone = world.a;

    assert_ok(vmma_delete_client(world.a));
    world.a = must_create(world.context, "heir");
    refused_as(block, VMMA_E_NOT_LIVE);
    assert_status(vmma_free_from(gone, block), VMMA_E_DEAD_CLIENT);
    must_alloc(world.b, 1);
    assert_sound(world.context);
}
END_TEST

START_TEST(a_block_is_not_live_after_a_reset)
{
    void *block = must_alloc(world.a, freed_sizes[_i]);

    assert_ok(vmma_reset_client(world.a));
    refused_as(block, VMMA_E_NOT_LIVE);
}
END_TEST

START_TEST(a_block_that_moved_is_not_live_where_it_was)
{
    void *block = must_alloc(world.a, freed_sizes[_i]);
    void *moved = vmma_realloc(world.a, block, 60000);

    ck_assert_ptr_nonnull(moved);
    if (moved != block)
        refused_as(block, VMMA_E_NOT_LIVE);
    ck_assert_int_eq(vmma_test_address(world.a, moved), 1);
}
END_TEST

START_TEST(the_end_of_a_shrunk_block_is_not_live)
{
    struct verdict verdict = {VMMA_E_INTERIOR, world.a};
    unsigned char *block = must_alloc(world.a, 50 * KIB);
    size_t size;

    assert_ok(vmma_expand(world.a, block, 10 * KIB));
    size = vmma_get_size(world.a, block);
    ck_assert_uint_lt(size, 12 * KIB);
    everybody_refuses(block + size - 1, verdict);
    refused_as(block + size, VMMA_E_NOT_LIVE);
    refused_as(block + 50 * KIB - 1, VMMA_E_NOT_LIVE);
}
END_TEST

/* ---- dead and missing handles ------------------------------------------ */

START_TEST(a_dead_handle_is_told_as_misuse)
{
    struct vmma_client *dead = world.a;
    void *block = must_alloc(world.b, SMALL);
    size_t misused = stats_of(world.context).misuse_count;

    assert_ok(vmma_delete_client(dead));
    assert_status(vmma_free_from(dead, block), VMMA_E_DEAD_CLIENT);
    ck_assert_uint_eq(heard.calls, 1);
    assert_status(heard.last.status, VMMA_E_DEAD_CLIENT);
    ck_assert_ptr_eq(heard.last.context, world.context);
    ck_assert_ptr_eq(heard.last.client, dead);
    ck_assert_ptr_null(vmma_alloc(dead, 10));
    ck_assert_uint_eq(heard.calls, 2);
    assert_status(heard.last.status, VMMA_E_DEAD_CLIENT);
    ck_assert_ptr_null(vmma_realloc(dead, block, 10));
    assert_status(vmma_expand(dead, block, 10), VMMA_E_DEAD_CLIENT);
    ck_assert_uint_eq(heard.calls, 4);
    ck_assert_uint_eq(stats_of(world.context).misuse_count, misused + 4);
    ck_assert_int_eq(vmma_test_address(world.b, block), 1);
}
END_TEST

START_TEST(no_handle_is_refused_without_harm)
{
    void *block = must_alloc(world.a, SMALL);

    assert_status(vmma_free_from(NULL, block), VMMA_E_NULL);
    assert_status(vmma_free(NULL, block), VMMA_E_CONTEXT);
    ck_assert_ptr_null(vmma_realloc(NULL, block, 1));
    assert_status(vmma_expand(NULL, block, 1), VMMA_E_NULL);
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *elsewhere(void)
{
    TCase *tc = tcase_create("pointers from elsewhere");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, memory_that_is_not_the_context_s_is_outside);
    tcase_add_test(tc, numbers_that_are_no_address_are_outside);
    tcase_add_test(tc, addresses_beside_the_block_are_outside);
    tcase_add_test(tc, one_bit_off_a_live_address_is_never_taken_for_it);
    tcase_add_test(tc, a_block_of_another_context_is_outside);
    tcase_add_test(tc, the_bookkeeping_is_told_from_the_heap);
    tcase_add_test(tc, what_was_never_handed_out_is_not_live);
    tcase_add_test(tc, a_dead_handle_is_told_as_misuse);
    tcase_add_test(tc, no_handle_is_refused_without_harm);
    return tc;
}

static TCase *inside(void)
{
    TCase *tc = tcase_create("pointers into blocks");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, every_byte_inside_a_small_block_is_interior);
    tcase_add_test(tc, every_byte_inside_a_large_block_is_interior);
    tcase_add_test(tc, every_byte_inside_an_aligned_block_is_interior);
    tcase_add_test(tc, another_client_s_block_is_refused_and_named);
    tcase_add_test(tc, the_end_of_a_shrunk_block_is_not_live);
    return tc;
}

static TCase *freed(void)
{
    TCase *tc = tcase_create("freed blocks");
    int count = (int)LENGTH(freed_sizes);

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, a_block_that_was_freed_is_not_live, 0, count);
    tcase_add_loop_test(tc, a_block_is_freed_once_whatever_is_freed_in_between,
                        0, count);
    tcase_add_loop_test(tc, a_freed_block_is_not_live_when_the_client_is_gone,
                        0, count);
    tcase_add_loop_test(tc, a_block_is_not_live_after_a_reset, 0, count);
    tcase_add_loop_test(tc, a_block_that_moved_is_not_live_where_it_was, 0,
                        count);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("misuse");

    suite_add_tcase(suite, elsewhere());
    suite_add_tcase(suite, inside());
    suite_add_tcase(suite, freed());
    return run_suite(suite);
}
