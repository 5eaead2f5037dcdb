/*
 * test_locate.c - what is at an address?
 *
 * Strategy: the model has, for each byte of a small block of memory, which
 * live block it is in; after random work every byte is asked about, and those
 * around the block.  The memory is dirty: it is a copy of what an earlier
 * context left there, so that references, records and stamps are plausible,
 * and the same clients' slots have the same tokens.
 */
#include "tests/unit/support.h"
#include "src/fast.h"

enum { SIZE = 96 * 1024, CLIENTS = 3, MOST = 300 };

struct model {
    struct vmma_block block[MOST];
    size_t count;
};

static struct bed bed;
static struct client *clients[CLIENTS];
static struct model model;
static unsigned short owner[SIZE]; /* of each byte: index in model + 1 */

static void open_bed(void)
{
    struct vmma_context_config config = bed_config(8, 256, CLIENTS);

    bed_open(&bed, SIZE, &config);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = bed_client(&bed);
    model.count = 0;
}

static void close_bed(void)
{
    bed_close(&bed);
}

/* ---- the model -------------------------------------------------------- */

static void paint(void)
{
    memset(owner, 0, sizeof owner);
    for (size_t i = 0; i < model.count; i++) {
        size_t from =
            (size_t)((unsigned char *)model.block[i].start - bed.ground.memory);

        for (size_t at = from; at < from + model.block[i].size; at++) {
            expect_eq(owner[at], 0);
            owner[at] = (unsigned short)(i + 1);
        }
    }
}

static void expect_block(struct place place, uintptr_t address)
{
    size_t at = address - (uintptr_t)bed.ground.memory;
    const struct vmma_block *block = &model.block[owner[at] - 1];

    expect_eq(place.start, (uintptr_t)block->start);
    expect_eq(place.size, block->size);
    expect(client_handle(place.client) == block->client);
    expect_eq(place.status,
              address == (uintptr_t)block->start ? VMMA_OK : VMMA_E_INTERIOR);
    expect(place.kind == KIND_LARGE || class_is(place.kind));
}

/* All questions about one address, slow and fast, must agree. */
static void expect_address(uintptr_t address)
{
    uintptr_t start = (uintptr_t)bed.ground.memory;
    struct place place = vmma__locate(bed.ctx, address);
    uintptr_t heap = space_heap(bed.space);
    int starts = 0;

    if (address < start || address >= start + SIZE)
        expect_eq(place.status, VMMA_E_OUTSIDE);
    else if (address < heap)
        expect_eq(place.status, VMMA_E_BOOKKEEPING_ADDRESS);
    else if (owner[address - start] == 0)
        expect_eq(place.status, VMMA_E_NOT_LIVE);
    else
        expect_block(place, address);
    for (int i = 0; i < CLIENTS; i++) {
        struct vmma_client *handle = client_handle(clients[i]);
        struct fast_block found;

        if (clients[i]->state != CLIENT_LIVE)
            continue; /* nobody has this handle yet */
        expect_eq(vmma_test_address(handle, (void *)address),
                  place.status == VMMA_OK && place.client == clients[i]);
        if (!fast_find(clients[i], address, &found))
            continue;
        starts++;
        expect_eq(place.status, VMMA_OK);
        expect(place.client == clients[i] && class_is(place.kind));
    }
    expect_eq(starts, place.status == VMMA_OK && class_is(place.kind));
}

static void expect_every_byte(void)
{
    uintptr_t start = (uintptr_t)bed.ground.memory;

    paint();
    for (uintptr_t a = start - 300; a < start + SIZE + 300; a++)
        expect_address(a);
}

/* ---- work ------------------------------------------------------------- */

static void allocate(struct rng *rng, struct client *c)
{
    size_t size = rng_size(rng, rng_chance(rng, 90) ? 700 : 6000);
    size_t align = rng_chance(rng, 90) ? 1 : (size_t)1 << rng_below(rng, 13);
    void *block = vmma_aligned_alloc(client_handle(c), align, size);

    if (block == NULL || model.count == MOST) {
        vmma_free_from(client_handle(c), block);
        return;
    }
    model.block[model.count].client = client_handle(c);
    model.block[model.count].start = block;
    model.block[model.count++].size = vmma_get_size(client_handle(c), block);
}

static void release(size_t i)
{
    struct vmma_block *block = &model.block[i];

    assert_ok(vmma_free_from(block->client, block->start));
    *block = model.block[--model.count];
}

static void forget(struct client *c)
{
    for (size_t i = model.count; i-- > 0;)
        if (model.block[i].client == client_handle(c))
            model.block[i] = model.block[--model.count];
}

static void renew(struct rng *rng, size_t i)
{
    forget(clients[i]);
    if (rng_chance(rng, 50)) {
        vmma__context_reset_client(bed.ctx, clients[i]);
        return;
    }
    vmma__context_delete_client(bed.ctx, clients[i]);
    clients[i] = bed_client(&bed);
}

static void work(struct rng *rng, int steps)
{
    while (steps-- > 0) {
        if (rng_chance(rng, 55))
            allocate(rng, clients[rng_below(rng, CLIENTS)]);
        else if (model.count != 0)
            release(rng_below(rng, model.count));
        if (rng_chance(rng, 1) && rng_chance(rng, 30))
            renew(rng, rng_below(rng, CLIENTS));
        if (rng_chance(rng, 1))
            vmma__client_trim(clients[rng_below(rng, CLIENTS)]);
    }
}

/* ---- every byte ------------------------------------------------------- */

START_TEST(nothing_is_live_in_a_new_context)
{
    expect_every_byte();
}
END_TEST

START_TEST(every_byte_is_found_as_the_model_has_it)
{
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    for (int round = 0; round < 6; round++) {
        work(&rng, 150);
        expect_every_byte();
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(addresses_at_the_ends_of_the_address_space_are_outside)
{
    static const uintptr_t addresses[] = {0,
                                          1,
                                          2,
                                          4096,
                                          UINTPTR_MAX,
                                          UINTPTR_MAX - 1,
                                          UINTPTR_MAX / 2,
                                          UINTPTR_MAX / 2 + 1,
                                          (uintptr_t)1
                                              << (sizeof(uintptr_t) * 8 - 1)};

    work(&(struct rng){1}, 100);
    for (size_t i = 0; i < LENGTH(addresses); i++)
        expect_address(addresses[i]);
    for (unsigned bit = 17; bit < sizeof(uintptr_t) * 8; bit++)
        for (size_t i = 0; i < model.count; i += 7)
            expect_eq(vmma__locate(bed.ctx, (uintptr_t)model.block[i].start ^
                                                (uintptr_t)1 << bit)
                          .status,
                      VMMA_E_OUTSIDE);
}
END_TEST

START_TEST(pad_and_tail_are_not_live)
{
    for (size_t offset = 0; offset < 600; offset += 37) {
        struct vmma_context *ctx;
        struct ground ground;
        const struct space *s;
        uintptr_t end;

        ground_init(&ground, 66000 + offset, offset);
        assert_ok(vmma__context_create(ground.memory, ground.size, NULL, &ctx));
        s = &ctx->pool.space;
        end = (uintptr_t)ground.memory + ground.size;
        expect_eq(vmma__locate(ctx, (uintptr_t)ground.memory).status,
                  VMMA_E_BOOKKEEPING_ADDRESS);
        expect_eq(vmma__locate(ctx, (uintptr_t)ground.memory - 1).status,
                  VMMA_E_OUTSIDE);
        expect_eq(vmma__locate(ctx, space_heap(s) - 1).status,
                  VMMA_E_BOOKKEEPING_ADDRESS);
        expect_eq(vmma__locate(ctx, end - 1).status, VMMA_E_NOT_LIVE);
        expect_eq(vmma__locate(ctx, end).status, VMMA_E_OUTSIDE);
        ground_fini(&ground);
    }
}
END_TEST

/* ---- what is stale ---------------------------------------------------- */

START_TEST(nothing_is_found_after_its_client_was_deleted)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    work(&rng, 500);
    for (int i = 0; i < CLIENTS; i++) {
        forget(clients[i]);
        vmma__context_delete_client(bed.ctx, clients[i]);
        expect_every_byte();
    }
    expect_eq(model.count, 0);
    /* The same memory again, in other pieces. */
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = bed_client(&bed);
    for (int round = 0; round < 6; round++) {
        work(&rng, 40);
        expect_every_byte();
    }
}
END_TEST

START_TEST(nothing_is_found_of_an_earlier_life_of_the_same_client)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    for (int round = 0; round < 4; round++) {
        work(&rng, 150);
        forget(clients[0]);
        vmma__context_reset_client(bed.ctx, clients[0]);
        expect_every_byte();
    }
}
END_TEST

START_TEST(nothing_is_found_of_an_earlier_context_in_the_same_block)
{
    struct vmma_context_config config = bed_config(8, 256, CLIENTS);
    struct rng rng;

    rng_init(&rng, test_seed() + (uint64_t)_i);
    for (int life = 0; life < 4; life++) {
        uint64_t token = clients[0]->heap.token;

        work(&rng, 400);
        /* Every byte of the old bookkeeping stays where it was. */
        model.count = 0;
        assert_ok(
            vmma__context_create(bed.ground.memory, SIZE, &config, &bed.ctx));
        for (int i = 0; i < CLIENTS; i++)
            clients[i] = bed_client(&bed);
        if (life == 0) /* the old stamps would even match */
            expect_eq(clients[0]->heap.token, token);
        expect_every_byte();
        for (int round = 0; round < 4; round++) {
            work(&rng, 20);
            expect_every_byte();
            expect_sound(bed.ctx);
        }
    }
}
END_TEST

START_TEST(nothing_is_found_of_a_context_with_another_granule)
{
    static const size_t granules[] = {256, 1024, 512, 4096, 256};
    struct rng rng;

    rng_init(&rng, test_seed());
    for (size_t life = 0; life < LENGTH(granules); life++) {
        struct vmma_context_config config =
            bed_config(8, granules[life], CLIENTS);

        model.count = 0;
        assert_ok(
            vmma__context_create(bed.ground.memory, SIZE, &config, &bed.ctx));
        bed.pool = &bed.ctx->pool;
        bed.space = &bed.pool->space;
        for (int i = 0; i < CLIENTS; i++)
            clients[i] = bed_client(&bed);
        expect_every_byte();
        work(&rng, 150);
        expect_every_byte();
        expect_sound(bed.ctx);
    }
}
END_TEST

START_TEST(a_smaller_slab_where_a_larger_one_was_is_not_mistaken_for_it)
{
    struct client *c = clients[0];
    void *blocks[400];
    size_t n = 0;

    expect(vmma__heap_reserve(&c->heap, bed.pool, 128));
    while (n < 400)
        blocks[n++] = take_bytes(c, 16);
    while (n > 0)
        give_bytes(c, blocks[--n]);
    vmma__large_trim(&c->heap, bed.pool);
    vmma__slab_trim(&c->heap, bed.pool);
    for (size_t size = 8; size <= 512; size += 40) {
        void *block = take_bytes(c, size);

        model.block[0].client = client_handle(c);
        model.block[0].start = block;
        model.block[0].size = vmma_get_size(client_handle(c), block);
        model.count = 1;
        expect_every_byte();
        give_bytes(c, block);
        model.count = 0;
        vmma__slab_trim(&c->heap, bed.pool);
    }
}
END_TEST

/* A large block at the end of the free run that it is taken from. */
static uint32_t take_granules(struct client *c, uint32_t count)
{
    struct large_shape shape = {count, 1, 0};
    struct heap_request request = {0};
    uint32_t g = vmma__large_alloc(&c->heap, bed.pool, shape, &request);

    expect(g != NONE);
    return g;
}

START_TEST(a_full_slab_is_not_found_where_a_larger_one_was)
{
    struct client *c = clients[0];
    void *blocks[32];
    uint32_t first, behind;

    expect(vmma__heap_reserve(&c->heap, bed.pool, 128));
    for (int i = 0; i < 32; i++)
        blocks[i] = take_bytes(c, 128);
    first = granule_of(bed.space, blocks[0]);
    expect_eq(entry_order(entry_at(bed.space, blocks[0])), 2);
    for (int i = 0; i < 32; i++)
        give_bytes(c, blocks[i]);
    vmma__slab_trim(&c->heap, bed.pool);
    /* What is behind its first two granules is in use for a while. */
    expect_eq(run_count(bed.space, first), 128);
    behind = take_granules(c, 126);
    expect_eq(behind, first + 2);
    for (model.count = 0; model.count < 64; model.count++) {
        struct vmma_block *block = &model.block[model.count];

        block->client = client_handle(c);
        block->start = take_bytes(c, 8);
        block->size = 8;
    }
    vmma__large_free(&c->heap, bed.pool, behind);
    vmma__large_trim(&c->heap, bed.pool);
    /* A granule beyond it still refers to the same record. */
    expect_eq(granule_of(bed.space, model.block[0].start), first);
    expect_eq(granule_of(bed.space, model.block[63].start), first + 1);
    expect_eq(space_map(bed.space)[first + 3], space_ref(bed.space, first));
    expect_every_byte();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("locate");
    TCase *tc = tcase_create("every byte");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, nothing_is_live_in_a_new_context);
    tcase_add_loop_test(tc, every_byte_is_found_as_the_model_has_it, 0, 2);
    tcase_add_test(tc, addresses_at_the_ends_of_the_address_space_are_outside);
    tcase_add_test(tc, pad_and_tail_are_not_live);
    suite_add_tcase(suite, tc);
    tc = tcase_create("what is stale");
    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, nothing_is_found_after_its_client_was_deleted);
    tcase_add_test(tc, nothing_is_found_of_an_earlier_life_of_the_same_client);
    tcase_add_loop_test(
        tc, nothing_is_found_of_an_earlier_context_in_the_same_block, 0, 2);
    tcase_add_test(tc, nothing_is_found_of_a_context_with_another_granule);
    tcase_add_test(
        tc, a_smaller_slab_where_a_larger_one_was_is_not_mistaken_for_it);
    tcase_add_test(tc, a_full_slab_is_not_found_where_a_larger_one_was);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
