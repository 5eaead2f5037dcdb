/*
 * test_realloc.c - vmma_realloc as virtual machines use it: millions of
 * times, between small sizes, and for buffers that grow.
 *
 * Strategy: every class with every other, with a neighbour on each side; the
 * same with the flags and in callbacks, where other code does it; every kind
 * of bad pointer and handle with sizes of each kind, before and after which
 * everything is compared.
 */
#include "tests/support/host.h"

static const size_t sizes[] = {1,    16,   17,   32,   48,   100,  128,
                               200,  256,  257,  400,  512,  700,  1000,
                               1024, 1500, 2048, 3000, 5000, 12000};

/* The first so many of them are small. */
enum { SMALL = 17, TAG = 7 };

/* ---- between small sizes ----------------------------------------------- */

/* Is `size` so little for a small block that it is to move? */
static int is_half(size_t usable, size_t size)
{
    return 2 * ((size + 15) / 16 * 16) <= usable;
}

START_TEST(a_block_that_is_still_well_used_stays_where_it_is)
{
    void *block = must_alloc(world.a, sizes[_i]);
    size_t usable = vmma_get_size(world.a, block);
    struct vmma_client_stats before;

    fill_pattern(block, usable, TAG);
    before = client_stats_of(world.a);
    for (size_t size = usable; size > 0 && !is_half(usable, size); size--) {
        ck_assert_ptr_eq(vmma_realloc(world.a, block, size), block);
        ck_assert_uint_eq(vmma_get_size(world.a, block), usable);
    }
    ck_assert(holds_pattern(block, usable, TAG));
    ck_assert_uint_eq(client_stats_of(world.a).live_size, before.live_size);
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 1);
}
END_TEST

/* Resize a block, with one of its size on each side, that must move. */
static void must_move(size_t from, size_t to)
{
    void *below = must_alloc(world.a, from), *block = must_alloc(world.a, from);
    void *above = must_alloc(world.a, from), *like = must_alloc(world.a, to);
    size_t usable = vmma_get_size(world.a, block);
    size_t kept = to < usable ? to : usable;
    void *moved;

    fill_pattern(below, usable, 1);
    fill_pattern(block, usable, TAG);
    fill_pattern(above, usable, 2);
    fill_pattern(like, vmma_get_size(world.a, like), 3);
    moved = vmma_realloc(world.a, block, to);
    ck_assert_ptr_nonnull(moved);
    ck_assert_ptr_ne(moved, block);
    ck_assert_int_eq(vmma_test_address(world.a, block), 0);
    ck_assert_uint_eq(vmma_get_size(world.a, moved),
                      vmma_get_size(world.a, like));
    ck_assert(holds_pattern(moved, kept, TAG));
    fill_pattern(moved, vmma_get_size(world.a, moved), 4);
    ck_assert(holds_pattern(below, usable, 1));
    ck_assert(holds_pattern(above, usable, 2));
    ck_assert(holds_pattern(like, vmma_get_size(world.a, like), 3));
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 4);
    assert_status(vmma_free_from(world.a, block), VMMA_E_NOT_LIVE);
    assert_ok(vmma_free_from(world.a, below));
    assert_ok(vmma_free_from(world.a, above));
    assert_ok(vmma_free_from(world.a, like));
    assert_ok(vmma_free_from(world.a, moved));
}

static size_t usable_for(size_t size)
{
    void *block = must_alloc(world.a, size);
    size_t usable = vmma_get_size(world.a, block);

    assert_ok(vmma_free_from(world.a, block));
    return usable;
}

START_TEST(a_block_moves_to_a_larger_class_with_every_byte)
{
    for (size_t i = 0; i < SMALL; i++)
        if (sizes[i] > usable_for(sizes[_i]))
            must_move(sizes[_i], sizes[i]);
    assert_sound(world.context);
}
END_TEST

START_TEST(a_block_moves_when_half_of_it_or_less_is_wanted)
{
    size_t usable = usable_for(sizes[_i]);

    for (size_t size = 1; is_half(usable, size); size++)
        must_move(sizes[_i], size);
    assert_sound(world.context);
}
END_TEST

/* More blocks than a slab holds, so that both of its ends are seen. */
START_TEST(blocks_move_into_new_slabs_and_out_of_full_ones)
{
    static void *blocks[300];

    for (size_t i = 0; i < LENGTH(blocks); i++) {
        blocks[i] = must_alloc(world.a, 16);
        fill_pattern(blocks[i], 16, i);
    }
    for (size_t size = 32; size <= 256; size *= 2)
        for (size_t i = 0; i < LENGTH(blocks); i++) {
            blocks[i] = vmma_realloc(world.a, blocks[i], size);
            ck_assert_ptr_nonnull(blocks[i]);
            ck_assert(holds_pattern(blocks[i], size / 2, i));
            fill_pattern(blocks[i], size, i);
        }
    for (size_t i = 0; i < LENGTH(blocks); i++)
        ck_assert(holds_pattern(blocks[i], 256, i));
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, LENGTH(blocks));
    assert_sound(world.context);
}
END_TEST

START_TEST(zero_bytes_are_the_smallest_block_and_it_stays)
{
    size_t smallest = stats_of(world.context).smallest_block;

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        void *block = must_alloc(world.a, sizes[i]), *moved;
        size_t usable = vmma_get_size(world.a, block);

        fill_pattern(block, smallest, TAG);
        moved = vmma_realloc(world.a, block, 0);
        ck_assert_int_eq(moved != block, usable > smallest);
        ck_assert_uint_eq(vmma_get_size(world.a, moved), smallest);
        ck_assert_ptr_eq(vmma_realloc(world.a, moved, 0), moved);
        ck_assert_uint_eq(client_stats_of(world.a).live_blocks, i + 1);
        ck_assert_int_eq(vmma_test_address(world.a, block), moved == block);
    }
    ck_assert_uint_eq(host.events, 0);
}
END_TEST

/* ---- large ones -------------------------------------------------------- */

START_TEST(a_block_becomes_large_and_small_again)
{
    static const size_t to[] = {3000, 60000, 20000, 2500, 2048, 40, 9000, 16};

    for (size_t from = 1; from < 6000; from += 1 + from / 2) {
        void *block = must_alloc(world.a, from);
        size_t kept = from;

        fill_pattern(block, from, TAG);
        for (size_t i = 0; i < LENGTH(to); i++) {
            void *guard = must_alloc(world.a, to[i]);

            kept = to[i] < kept ? to[i] : kept;
            block = vmma_realloc(world.a, block, to[i]);
            ck_assert_ptr_nonnull(block);
            ck_assert_uint_ge(vmma_get_size(world.a, block), to[i]);
            ck_assert(holds_pattern(block, kept, TAG));
            fill_pattern(block, vmma_get_size(world.a, block), TAG);
            kept = to[i];
            assert_ok(vmma_free_from(world.a, guard));
            assert_sound(world.context);
        }
        assert_ok(vmma_free_from(world.a, block));
    }
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 0);
    ck_assert_uint_eq(host.events, 0);
}
END_TEST

START_TEST(a_large_block_shrinks_and_grows_again_where_it_is)
{
    unsigned char *block = must_alloc(world.a, 60 * KIB);

    fill_pattern(block, 60 * KIB, TAG);
    for (size_t size = 59 * KIB; size > 3 * KIB; size -= 7 * KIB) {
        ck_assert_ptr_eq(vmma_realloc(world.a, block, size), block);
        ck_assert_uint_eq(vmma_get_size(world.a, block), size);
        ck_assert(holds_pattern(block, size, TAG));
        ck_assert_int_eq(vmma_test_address(world.a, block + size), 0);
        assert_sound(world.context);
    }
    for (size_t size = 11 * KIB; size <= 60 * KIB; size += 7 * KIB) {
        ck_assert_ptr_eq(vmma_realloc(world.a, block, size), block);
        ck_assert_uint_eq(vmma_get_size(world.a, block), size);
        ck_assert(holds_pattern(block, 10 * KIB, TAG));
        assert_sound(world.context);
    }
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 1);
}
END_TEST

START_TEST(a_large_block_never_grows_into_a_live_one)
{
    unsigned char *next, *block, *moved;

    assert_ok(vmma_set_reservation(world.a, 64 * KIB));
    next = must_alloc(world.a, 10 * KIB);
    block = must_alloc(world.a, 10 * KIB);
    ck_assert_ptr_eq(block + 10 * KIB, next);
    fill_pattern(next, 10 * KIB, 1);
    fill_pattern(block, 10 * KIB, TAG);
    moved = vmma_realloc(world.a, block, 10 * KIB + 1);
    ck_assert_ptr_nonnull(moved);
    ck_assert_ptr_ne(moved, block);
    ck_assert(holds_pattern(moved, 10 * KIB, TAG));
    fill_pattern(moved, vmma_get_size(world.a, moved), 2);
    ck_assert(holds_pattern(next, 10 * KIB, 1));
    ck_assert_int_eq(vmma_test_address(world.a, block), 0);
    assert_sound(world.context);
}
END_TEST

static size_t grown_step(size_t size, int how)
{
    return how == 0 ? size + 24 : how == 1 ? size + 1000 : size * 3 / 2 + 1;
}

/* What else is allocated between the steps, last in first out. */
START_TEST(a_buffer_that_grows_in_steps_keeps_its_contents)
{
    static void *others[128];
    static size_t lengths[LENGTH(others)];
    size_t most = _i == 0 ? 20000 : 400000;
    unsigned char *buffer;
    struct world large;
    struct rng rng;
    size_t n = 0;

    rng_init(&rng, test_seed());
    world_open(&large, 8 * MIB, NULL);
    buffer = must_alloc(large.a, 1);
    buffer[0] = 1;
    for (size_t size = 1, to; size < most; size = to) {
        to = grown_step(size, _i);
        buffer = vmma_realloc(large.a, buffer, to);
        ck_assert_ptr_nonnull(buffer);
        ck_assert_uint_eq(buffer[size - 1], (unsigned char)size);
        for (size_t at = size; at < to; at++)
            buffer[at] = (unsigned char)(at + 1);
        if (n == LENGTH(others) || (n > 0 && rng_chance(&rng, 40))) {
            n--;
            ck_assert(holds_pattern(others[n], lengths[n], n));
            assert_ok(vmma_free_from(large.a, others[n]));
        } else {
            lengths[n] = rng_size(&rng, 20000);
            others[n] = must_alloc(large.a, lengths[n]);
            fill_pattern(others[n], lengths[n], n);
            n++;
        }
    }
    for (size_t at = 0; at < most; at++)
        ck_assert_uint_eq(buffer[at], (unsigned char)(at + 1));
    for (size_t i = 0; i < n; i++)
        ck_assert(holds_pattern(others[i], lengths[i], i));
    world_close(&large);
}
END_TEST

/* ---- where other code does it ------------------------------------------ */

/* The size that the block has next, and what it gains has these bytes. */
static void gains(size_t from, size_t to, uint32_t flag, unsigned char fill)
{
    unsigned char *block = must_alloc(world.a, from), *moved;
    size_t usable = vmma_get_size(world.a, block), now, kept;

    memset(block, 0x5a, usable);
    ck_assert_uint_eq(vmma_set_flags(world.context, flag), flag);
    moved = vmma_realloc(world.a, block, to);
    ck_assert_ptr_nonnull(moved);
    now = vmma_get_size(world.a, moved);
    kept = to < usable ? to : usable;
    ck_assert_uint_ge(now, to);
    ck_assert(holds_byte(moved, kept, 0x5a));
    if (now > usable)
        ck_assert(holds_byte(moved + usable, now - usable, fill));
    if (moved != block)
        ck_assert_int_eq(vmma_test_address(world.a, block), 0);
    else
        ck_assert(usable <= 2 * KIB ? !is_half(usable, to) : now > 2 * KIB);
    vmma_set_flags(world.context, 0);
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 1);
    assert_ok(vmma_free_from(world.a, moved));
}

START_TEST(with_a_flag_what_a_block_gains_is_filled)
{
    static const unsigned char fills[] = {0, VMMA_POISON_ALLOC};
    static const uint32_t flags[] = {VMMA_FLAG_ZERO, VMMA_FLAG_POISON};

    for (size_t f = 0; f < LENGTH(flags); f++)
        for (size_t i = 0; i < LENGTH(sizes); i++)
            if ((vmma_get_supported_flags() & flags[f]) != 0)
                gains(sizes[_i], sizes[i], flags[f], fills[f]);
    assert_sound(world.context);
}
END_TEST

static void *kept_small, *kept_large;

static void nothing_is_resized(void)
{
    size_t failed = client_stats_of(world.a).failed_count;

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        ck_assert_ptr_null(vmma_realloc(world.a, kept_small, sizes[i]));
        assert_status(vmma_get_last_error(world.a), VMMA_E_BUSY);
        ck_assert_ptr_null(vmma_realloc(world.a, kept_large, sizes[i]));
        assert_status(vmma_get_last_error(world.a), VMMA_E_BUSY);
    }
    ck_assert_uint_eq(client_stats_of(world.a).failed_count,
                      failed + 2 * LENGTH(sizes));
    ck_assert_uint_eq(vmma_get_size(world.a, kept_small), 512);
    ck_assert_uint_eq(vmma_get_size(world.a, kept_large), 8 * KIB);
    ck_assert(holds_pattern(kept_small, 512, 1));
    ck_assert(holds_pattern(kept_large, 8 * KIB, 2));
    ck_assert_uint_eq(client_stats_of(world.a).live_blocks, 2);
}

START_TEST(in_a_callback_no_block_is_resized)
{
    kept_small = must_alloc(world.a, 512);
    kept_large = must_alloc(world.a, 8 * KIB);
    fill_pattern(kept_small, 512, 1);
    fill_pattern(kept_large, 8 * KIB, 2);
    host.inside = nothing_is_resized;
    assert_status(vmma_free(world.context, &host), VMMA_E_OUTSIDE);
    ck_assert_uint_eq(host.events, 1);
    assert_ok(vmma_set_soft_limit(world.b, 1));
    ck_assert_ptr_nonnull(vmma_alloc(world.b, 30000));
    ck_assert_uint_eq(host.soft_limits, 1);
    assert_ok(vmma_set_quota(world.b, 1));
    ck_assert_ptr_null(vmma_alloc(world.b, 60000));
    ck_assert_uint_ge(host.out_of_memories, 1);
    ck_assert_uint_ge(host.insides, 4);
    host.inside = NULL;
    kept_small = vmma_realloc(world.a, kept_small, 1024);
    ck_assert_ptr_nonnull(kept_small);
    ck_assert(holds_pattern(kept_small, 512, 1));
}
END_TEST

/* ---- what is refused --------------------------------------------------- */

/* Whatever is wanted, the answer is no, told once; all stays as it is. */
static void is_refused(struct vmma_client *client, void *address,
                       enum vmma_status cause)
{
    for (size_t i = 0; i <= LENGTH(sizes); i++) {
        struct vmma_stats before = lasting_stats(world.context), after;
        uint64_t bytes = hash_bytes(world.heap, world.heap_size);
        unsigned events = host.events;
        size_t size = i == 0 ? 0 : sizes[i - 1];

        ck_assert_ptr_null(vmma_realloc(client, address, size));
        ck_assert_uint_eq(host.events, events + 1);
        ck_assert_uint_eq(host.event.kind, VMMA_EVENT_MISUSE);
        assert_status(host.event.status, cause);
        ck_assert_ptr_eq(host.event.address, address);
        ck_assert_ptr_eq(host.event.client, client);
        if (cause != VMMA_E_DEAD_CLIENT)
            assert_status(vmma_get_last_error(client), cause);
        after = lasting_stats(world.context);
        same_stats(&before, &after);
        ck_assert(hash_bytes(world.heap, world.heap_size) == bytes);
    }
    assert_sound(world.context);
}

START_TEST(another_clients_block_is_refused_and_named)
{
    void *block = must_alloc(world.b, sizes[_i]);

    must_alloc(world.a, sizes[_i]);
    is_refused(world.a, block, VMMA_E_OTHER_CLIENT);
    ck_assert_ptr_eq(host.event.owner, world.b);
    ck_assert_int_eq(vmma_test_address(world.b, block), 1);
}
END_TEST

START_TEST(a_dead_client_and_its_blocks_are_refused)
{
    struct vmma_client *dead = must_create(world.context, "dead");
    void *theirs = must_alloc(dead, sizes[_i]);
    void *block = must_alloc(world.a, sizes[_i]);

    assert_ok(vmma_delete_client(dead));
    is_refused(world.a, theirs, VMMA_E_NOT_LIVE);
    is_refused(dead, theirs, VMMA_E_DEAD_CLIENT);
    is_refused(dead, block, VMMA_E_DEAD_CLIENT);
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
}
END_TEST

START_TEST(an_address_inside_a_block_is_refused)
{
    unsigned char *block = must_alloc(world.a, sizes[_i]);
    size_t usable = vmma_get_size(world.a, block);

    is_refused(world.a, block + 1, VMMA_E_INTERIOR);
    is_refused(world.a, block + usable / 2, VMMA_E_INTERIOR);
    is_refused(world.a, block + usable - 1, VMMA_E_INTERIOR);
    if (usable > 2 * KIB)
        is_refused(world.a, block + KIB, VMMA_E_INTERIOR);
    ck_assert_uint_eq(vmma_get_size(world.a, block), usable);
}
END_TEST

START_TEST(a_block_that_was_freed_or_moved_is_refused)
{
    void *freed = must_alloc(world.a, sizes[_i]);
    void *left = must_alloc(world.a, sizes[_i]), *moved;

    must_alloc(world.a, sizes[_i]);
    moved = vmma_realloc(world.a, left, 16 * KIB);
    ck_assert_ptr_nonnull(moved);
    if (moved != left)
        is_refused(world.a, left, VMMA_E_NOT_LIVE);
    assert_ok(vmma_free_from(world.a, freed));
    is_refused(world.a, freed, VMMA_E_NOT_LIVE);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *resizing(void)
{
    TCase *tc = tcase_create("resizing");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(
        tc, a_block_that_is_still_well_used_stays_where_it_is, 0, SMALL);
    tcase_add_loop_test(tc, a_block_moves_to_a_larger_class_with_every_byte, 0,
                        SMALL);
    tcase_add_loop_test(tc, a_block_moves_when_half_of_it_or_less_is_wanted, 0,
                        SMALL);
    tcase_add_test(tc, blocks_move_into_new_slabs_and_out_of_full_ones);
    tcase_add_test(tc, zero_bytes_are_the_smallest_block_and_it_stays);
    tcase_add_test(tc, a_block_becomes_large_and_small_again);
    tcase_add_test(tc, a_large_block_shrinks_and_grows_again_where_it_is);
    tcase_add_test(tc, a_large_block_never_grows_into_a_live_one);
    tcase_add_loop_test(tc, a_buffer_that_grows_in_steps_keeps_its_contents, 0,
                        3);
    return tc;
}

static TCase *shut(void)
{
    TCase *tc = tcase_create("flags and callbacks");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, with_a_flag_what_a_block_gains_is_filled, 0,
                        (int)LENGTH(sizes));
    tcase_add_test(tc, in_a_callback_no_block_is_resized);
    return tc;
}

static TCase *refused(void)
{
    TCase *tc = tcase_create("refused");
    int count = (int)LENGTH(sizes);

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, another_clients_block_is_refused_and_named, 0,
                        count);
    tcase_add_loop_test(tc, a_dead_client_and_its_blocks_are_refused, 0, count);
    tcase_add_loop_test(tc, an_address_inside_a_block_is_refused, 0, count);
    tcase_add_loop_test(tc, a_block_that_was_freed_or_moved_is_refused, 0,
                        count);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("realloc");

    suite_add_tcase(suite, resizing());
    suite_add_tcase(suite, shut());
    suite_add_tcase(suite, refused());
    return run_suite(suite);
}
