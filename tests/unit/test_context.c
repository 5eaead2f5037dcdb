/*
 * test_context.c - the table of clients and the life of a context.
 *
 * Strategy: the queue of slots against a model; generations at the ends of
 * their range; serials at the end of theirs, set by hand; what is stale and
 * would match is shown to be there, and then to be gone.
 */
#include "tests/unit/context_steps.h"

/* ---- structs that grow ------------------------------------------------ */

START_TEST(a_struct_is_known_when_its_tail_is_zero)
{
    static unsigned char bytes[8192];

    for (size_t size = 0; size <= sizeof bytes; size += size < 200 ? 1 : 99) {
        expect_eq(vmma__struct_is_known(bytes, size, 64),
                  size >= 64 && size <= 64 + 4096);
        if (size > 64 && size <= 64 + 4096) {
            bytes[size - 1] = 1;
            expect(!vmma__struct_is_known(bytes, size, 64));
            bytes[size - 1] = 0;
            bytes[64] = 1;
            expect(!vmma__struct_is_known(bytes, size, 64));
            bytes[64] = 0;
            bytes[63] = 1;
            expect(vmma__struct_is_known(bytes, size, 64));
            bytes[63] = 0;
        }
    }
    expect(!vmma__struct_is_known(bytes, SIZE_MAX, 64));
}
END_TEST

/* ---- slots ------------------------------------------------------------ */

START_TEST(slots_are_used_in_the_order_of_the_table)
{
    for (uint32_t i = 0; i < 40; i++)
        expect_eq(slot_of(create()), i);
    expect_eq(vmma__context_create_client(bed.ctx, NULL, NULL),
              VMMA_E_TOO_MANY_CLIENTS);
    expect_eq(bed.ctx->client_count, 40);
}
END_TEST

START_TEST(a_slot_is_used_again_after_sixteen_others_died)
{
    struct client *clients[16];

    for (int i = 0; i < 16; i++)
        clients[i] = create();
    for (uint32_t i = 0; i < 15; i++)
        delete (clients[(i * 7) % 16]);
    expect_eq(slot_of(create()), 16);
    delete (clients[15 * 7 % 16]);
    for (uint32_t i = 0; i < 8; i++) {
        struct client *c = create();

        expect_eq(slot_of(c), i == 0 ? 0 : 17 + i - 1);
    }
}
END_TEST

START_TEST(slots_are_used_again_in_the_order_of_their_deaths)
{
    static uint32_t queue[10000];
    size_t head = 0, tail = 0;
    struct client *live[40];
    uint32_t n = 0, fresh = 0;
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int step = 0; step < 5000; step++) {
        if (n < 40 && (n == 0 || rng_chance(&rng, 50))) {
            bool reuse = tail - head >= 16 || (fresh == 40 && tail != head);
            uint32_t expected = reuse ? queue[head] : fresh;

            live[n] = create();
            expect_eq(slot_of(live[n++]), expected);
            if (reuse)
                head++;
            else
                fresh++;
        } else {
            size_t i = rng_below(&rng, n);

            queue[tail++] = slot_of(live[i]);
            delete (live[i]);
            live[i] = live[--n];
        }
        expect_eq(bed.ctx->dead_count, tail - head);
        expect_eq(bed.ctx->client_count, n);
        expect_eq(bed.ctx->slots_used, fresh);
    }
}
END_TEST

START_TEST(the_next_live_client_is_found_from_any_slot)
{
    struct client *clients[20];

    for (int i = 0; i < 20; i++)
        clients[i] = create();
    for (int i = 0; i < 20; i += 3)
        delete (clients[i]);
    for (uint32_t slot = 0; slot < 25; slot++) {
        struct client *c = vmma__context_next(bed.ctx, slot);
        uint32_t expected = slot % 3 == 0 ? slot + 1 : slot;

        expect(c == (expected < 20 ? clients[expected] : NULL));
    }
}
END_TEST

START_TEST(a_client_that_cannot_be_made_leaves_the_table_as_it_was)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct client *c = NULL, *first = create();
    uint64_t id = first->id;

    config.reservation = (size_t)bed.space->count * 1024 + 1;
    for (int i = 0; i < 3; i++) {
        expect_eq(vmma__context_create_client(bed.ctx, &config, &c),
                  VMMA_E_EXHAUSTED);
        expect(c == NULL);
        expect_eq(bed.ctx->slots_used, 1);
        expect_eq(bed.ctx->client_count, 1);
        expect_eq(bed.pool->held, 0);
        expect_eq(bed.pool->peak, 0);
        expect_sound(bed.ctx);
    }
    config.reservation = (size_t)bed.space->count * 1024;
    assert_ok(vmma__context_create_client(bed.ctx, &config, &c));
    expect_eq(c->id, id + 1);
    expect_eq(c->heap.held, bed.space->count);
    expect_sound(bed.ctx);
    delete (c);
    expect_eq(bed.pool->held, 0);
}
END_TEST

START_TEST(a_dead_slot_survives_a_client_that_cannot_be_made)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct client *c = NULL, *only;

    close_bed();
    open_with(1);
    only = create();
    delete (only);
    config.reservation = SIZE_MAX;
    for (int i = 0; i < 5; i++) {
        expect_eq(vmma__context_create_client(bed.ctx, &config, &c),
                  VMMA_E_EXHAUSTED);
        expect_eq(bed.ctx->dead_count, 1);
        expect_sound(bed.ctx);
    }
    expect(create() == only);
}
END_TEST

/* ---- generations ------------------------------------------------------ */

START_TEST(generations_begin_again_after_255)
{
    struct vmma_client *handles[CLIENT_GENERATIONS];

    close_bed();
    open_with(1);
    for (int i = 0; i < CLIENT_GENERATIONS; i++) {
        struct client *c = create(), *found;

        handles[i] = client_handle(c);
        expect_eq(c->generation, i + 1);
        for (int j = 0; j < i; j++) {
            expect(handles[j] != handles[i]);
            expect_eq(vmma__context_client(handles[j], &found),
                      VMMA_E_DEAD_CLIENT);
        }
        assert_ok(vmma__context_client(handles[i], &found));
        expect(found == c);
        delete (c);
        expect_eq(vmma__context_client(handles[i], &found), VMMA_E_DEAD_CLIENT);
    }
    expect(client_handle(create()) == handles[0]);
}
END_TEST

START_TEST(no_handle_is_that_of_a_slot_which_is_dead_or_has_another_generation)
{
    struct client *c = create(), *found;

    for (unsigned generation = 0; generation <= CLIENT_GENERATIONS;
         generation++) {
        struct vmma_client *handle =
            (struct vmma_client *)((uintptr_t)c + generation);

        expect_eq(vmma__context_client(handle, &found),
                  generation == c->generation ? VMMA_OK : VMMA_E_DEAD_CLIENT);
    }
    expect_eq(vmma__context_client(NULL, &found), VMMA_E_NULL);
}
END_TEST

/* The first handle's generation would be the next one's: while the slot is
 * dead it must not be taken for it, on the fast paths either. */
START_TEST(a_handle_of_255_lives_ago_is_dead_while_its_slot_is)
{
    struct vmma_client *first = NULL;
    void *block = NULL;

    close_bed();
    open_with(1);
    for (int i = 0; i < CLIENT_GENERATIONS; i++) {
        struct client *c = create();

        if (first == NULL)
            first = client_handle(c);
        block = vmma_alloc(client_handle(c), 100);
        expect(block != NULL);
        delete (c);
    }
    expect(!vmma_is_client(first));
    expect(vmma_alloc(first, 100) == NULL);
    expect(vmma_alloc(first, 5000) == NULL);
    expect(!vmma_test_address(first, block));
    expect_eq(vmma_free_from(first, block), VMMA_E_DEAD_CLIENT);
}
END_TEST

/* ---- serials ---------------------------------------------------------- */

/* Heads below the mark whose record bears the token. */
static uint32_t stamps_of(uint64_t token)
{
    uint32_t count = 0;

    for (uint32_t g = 0; g < bed.space->scrubbed; g++)
        count += piece_entry(bed.space, g, token) != 0;
    return count;
}

static uint32_t serial_of(const struct client *c)
{
    expect_eq(c->heap.token,
              token_make(stamp_serial(c->heap.token), slot_of(c)));
    return stamp_serial(c->heap.token);
}

START_TEST(each_life_of_any_client_has_the_next_serial)
{
    struct client *clients[10];
    uint32_t serial = 0;

    for (int i = 0; i < 10; i++) {
        clients[i] = create();
        expect_eq(serial_of(clients[i]), ++serial);
    }
    for (int i = 0; i < 10; i += 3) {
        vmma__context_reset_client(bed.ctx, clients[i]);
        expect_eq(serial_of(clients[i]), ++serial);
        delete (clients[i]);
        clients[i] = create();
        expect_eq(serial_of(clients[i]), ++serial);
    }
}
END_TEST

START_TEST(a_client_that_cannot_be_made_takes_no_serial_of_another)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct client *first = create(), *c = NULL;

    config.reservation = SIZE_MAX;
    for (int i = 0; i < 3; i++)
        expect_eq(vmma__context_create_client(bed.ctx, &config, &c),
                  VMMA_E_EXHAUSTED);
    expect_eq(serial_of(first), 1);
    expect(serial_of(create()) > 1);
}
END_TEST

START_TEST(the_last_serial_is_used_before_they_begin_again)
{
    struct client *first = create(), *c;

    bed.ctx->last_serial = UINT32_MAX - 1;
    c = create();
    expect_eq(serial_of(c), UINT32_MAX);
    expect_eq(serial_of(first), 1);
    take_bytes(c, 100);
    c = create(); /* slot 2; there are 40 */
    expect_eq(serial_of(c), 41);
    expect_eq(bed.ctx->last_serial, 41);
    expect_eq(serial_of(context_slot(bed.ctx, 0)), 1);
    expect_eq(serial_of(context_slot(bed.ctx, 1)), 2);
}
END_TEST

static void begin_again(struct client *c, bool by_reset)
{
    if (by_reset) {
        vmma__context_reset_client(bed.ctx, c);
        expect_sound(bed.ctx);
        return;
    }
    delete (c);
    expect(create() == c);
}

/* In a context for one client: after this it has the token again that it had
 * in its second life, whose stamps lay about. */
static void wrap(struct client *c, bool by_reset)
{
    uint64_t token = token_make(2, 0);

    begin_again(c, by_reset);
    expect_eq(c->heap.token, token);
    populate(c);
    begin_again(c, by_reset);
    expect(stamps_of(token) > 10); /* only the token is wrong with them */
    bed.ctx->last_serial = UINT32_MAX;
    begin_again(c, by_reset);
    expect_eq(c->heap.token, token);
    expect_eq(stamps_of(token), 0);
}

START_TEST(stale_stamps_are_erased_before_a_token_is_used_again)
{
    for (int by_reset = 0; by_reset < 2; by_reset++) {
        struct client *c;

        close_bed();
        open_with(1);
        c = create();
        wrap(c, by_reset);
        populate(c);
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(nothing_is_found_that_only_a_stale_stamp_says)
{
    struct client *c;
    const struct space *s;

    close_bed();
    open_with(1);
    c = create();
    s = bed.space;
    wrap(c, true);
    /* Use the same granules again, but for one block. */
    take_bytes(c, 1);
    for (uint32_t g = 0; g < s->count; g++)
        for (size_t at = 0; at < 1024; at += 16) {
            uintptr_t address = (uintptr_t)address_of(s, g) + at;
            struct place place = vmma__locate(bed.ctx, address);
            bool live = vmma_get_size(client_handle(c), (void *)address) != 0;

            expect_eq(place.status == VMMA_OK, live);
            expect(!live || (g == granule_of(s, (void *)place.start) &&
                             place.kind == 1));
        }
}
END_TEST

/* ---- serials that begin again among other clients --------------------- */

enum { OTHERS = 6 };

static struct client *others[OTHERS]; /* 1 and 4 are dead */
static struct vmma_client *handles[OTHERS];
static struct shape before, after;

static void open_others(void)
{
    struct vmma_context_config config = bed_config(16, 1024, 10);

    bed_open(&bed, 1 << 22, &config);
    for (int i = 0; i < OTHERS; i++) {
        others[i] = create();
        handles[i] = client_handle(others[i]);
        populate(others[i]);
    }
    shape_take(&after, bed.ctx); /* with the blocks of 1 and 4 */
    delete (others[1]);
    delete (others[4]);
    for (size_t i = 0; i < 40; i++) /* free pieces, cached and empty slabs */
        give_bytes(others[0], vmma_alloc(handles[0], i * 200));
    vmma__context_reset_client(bed.ctx, others[5]);
    populate(others[5]);
    shape_take(&before, bed.ctx);
}

/* Every stamp names nobody or a live client, and that one rightly. */
static void expect_new_tokens(void)
{
    const struct space *s = bed.space;

    for (uint32_t g = 0; g < s->scrubbed; g++) {
        uint64_t stamp = space_record(s, g)->stamp;

        if (space_map(s)[g] == space_ref(s, g) && stamp_token(stamp) != 0)
            expect(context_owner(bed.ctx, stamp) != NULL);
    }
}

static void renumber(void)
{
    struct client *c;

    bed.ctx->last_serial = UINT32_MAX;
    c = create();
    expect_eq(serial_of(c), 11);
    for (int i = 0; i < OTHERS; i++)
        if (i != 1 && i != 4)
            expect_eq(serial_of(others[i]), (uint32_t)i + 1);
    expect_new_tokens();
    delete (c);
}

START_TEST(renumbering_spares_all_live_blocks)
{
    for (int times = 0; times < 3; times++) {
        renumber();
        shape_take(&after, bed.ctx);
        expect(before.count > 40 && shape_equal(&before, &after));
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(live_blocks_are_answered_and_freed_after_renumbering)
{
    renumber();
    for (size_t i = 0; i < before.count; i++) {
        const struct vmma_block *block = &before.block[i];

        for (int j = 0; j < OTHERS; j++)
            expect_eq(vmma_get_size(handles[j], block->start),
                      handles[j] == block->client ? block->size : 0);
        assert_ok(vmma_free_from(block->client, block->start));
        expect_eq(vmma_free_from(block->client, block->start), VMMA_E_NOT_LIVE);
        expect_sound(bed.ctx);
    }
    vmma__context_trim(bed.ctx);
    expect_eq(bed.pool->held, 0);
}
END_TEST

START_TEST(clients_go_on_after_renumbering)
{
    renumber();
    for (int i = 0; i < OTHERS; i++)
        if (i != 1 && i != 4) {
            populate(others[i]);
            expect_sound(bed.ctx);
        }
    for (int i = 0; i < OTHERS; i++)
        if (i != 1 && i != 4)
            delete (others[i]);
    expect_eq(bed.pool->held, 0);
}
END_TEST

/* Does a live block begin where that of a dead client did? */
static bool is_used_again(const void *start)
{
    for (size_t i = 0; i < before.count; i++)
        if (before.block[i].start == start)
            return true;
    return false;
}

START_TEST(dead_handles_and_their_blocks_stay_dead_after_renumbering)
{
    unsigned dead = 0;

    renumber();
    for (size_t i = 0; i < after.count; i++) {
        void *block = after.block[i].start;
        struct vmma_client *owner = after.block[i].client;

        if ((owner != handles[1] && owner != handles[4]) ||
            is_used_again(block))
            continue;
        dead++;
        expect(!vmma_is_client(owner));
        expect_eq(vmma_free_from(owner, block), VMMA_E_DEAD_CLIENT);
        expect_eq(vmma_get_size(owner, block), 0);
        expect(vmma_alloc(owner, 100) == NULL);
        for (int j = 0; j < OTHERS; j++)
            expect(!vmma_test_address(handles[j], block));
        expect(vmma__locate(bed.ctx, (uintptr_t)block).status != VMMA_OK);
    }
    expect(dead > 20);
}
END_TEST

START_TEST(a_client_that_is_reset_when_serials_are_used_up_begins_empty)
{
    for (int i = 0; i < OTHERS; i++) {
        if (i == 1 || i == 4)
            continue;
        bed.ctx->last_serial = UINT32_MAX;
        vmma__context_reset_client(bed.ctx, others[i]);
        expect_eq(serial_of(others[i]), 11);
        expect_eq(others[i]->heap.held, 0);
        expect_sound(bed.ctx);
        for (size_t j = 0; j < before.count; j++)
            if (before.block[j].client == handles[i])
                expect(!vmma_test_address(handles[i], before.block[j].start));
        populate(others[i]);
        expect_sound(bed.ctx);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("context");
    TCase *tc = tcase_create("slots");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_struct_is_known_when_its_tail_is_zero);
    tcase_add_test(tc, slots_are_used_in_the_order_of_the_table);
    tcase_add_test(tc, a_slot_is_used_again_after_sixteen_others_died);
    tcase_add_test(tc, slots_are_used_again_in_the_order_of_their_deaths);
    tcase_add_test(tc, the_next_live_client_is_found_from_any_slot);
    tcase_add_test(tc, a_client_that_cannot_be_made_leaves_the_table_as_it_was);
    tcase_add_test(tc, a_dead_slot_survives_a_client_that_cannot_be_made);
    suite_add_tcase(suite, tc);
    tc = tcase_create("generations and serials");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, generations_begin_again_after_255);
    tcase_add_test(tc, a_handle_of_255_lives_ago_is_dead_while_its_slot_is);
    tcase_add_test(
        tc,
        no_handle_is_that_of_a_slot_which_is_dead_or_has_another_generation);
    tcase_add_test(tc, each_life_of_any_client_has_the_next_serial);
    tcase_add_test(tc, a_client_that_cannot_be_made_takes_no_serial_of_another);
    tcase_add_test(tc, the_last_serial_is_used_before_they_begin_again);
    tcase_add_test(tc, stale_stamps_are_erased_before_a_token_is_used_again);
    tcase_add_test(tc, nothing_is_found_that_only_a_stale_stamp_says);
    suite_add_tcase(suite, tc);
    tc = tcase_create("renumbering");
    tcase_add_checked_fixture(tc, open_others, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, renumbering_spares_all_live_blocks);
    tcase_add_test(tc, live_blocks_are_answered_and_freed_after_renumbering);
    tcase_add_test(tc, clients_go_on_after_renumbering);
    tcase_add_test(tc,
                   dead_handles_and_their_blocks_stay_dead_after_renumbering);
    tcase_add_test(
        tc, a_client_that_is_reset_when_serials_are_used_up_begins_empty);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
