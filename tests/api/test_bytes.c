/*
 * test_bytes.c - every byte of a small context, given to every call that
 * takes a pointer.
 *
 * Strategy: the test knows which blocks are live, and so what each address
 * is; it judges them all, and in the end nothing may have changed.  The block
 * begins and ends at odd places, so that there is padding at both ends.
 */
#include "tests/support/support.h"

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
    world_open_at(&world, size, 40, &config);
}

static void open_world(void)
{
    open_size(64 * KIB + 300);
}

static void close_world(void)
{
    world_close(&world);
}

/* Every status that an address can have, as it is given to vmma_free; and
 * whose live block it is in. */
struct verdict {
    enum vmma_status status;
    struct vmma_client *owner;
};

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

/* ---- every byte -------------------------------------------------------- */

enum { MAX_LIVE = 512 };

static struct {
    unsigned char *start;
    size_t size;
    struct vmma_client *client;
} live[MAX_LIVE];
static size_t live_count;

static void remember(struct vmma_client *client, void *block)
{
    ck_assert_uint_lt(live_count, MAX_LIVE);
    live[live_count].start = block;
    live[live_count].size = vmma_get_size(client, block);
    live[live_count].client = client;
    fill_pattern(block, live[live_count].size, live_count);
    live_count++;
}

/* Blocks of many sizes for both clients, a third of them freed again. */
static void make_scene(void)
{
    struct rng rng;

    rng_init(&rng, test_seed());
    live_count = 0;
    for (size_t i = 0; i < 120; i++) {
        struct vmma_client *client = i % 3 == 0 ? world.b : world.a;
        void *block = vmma_alloc(client, rng_size(&rng, 4000));

        if (block == NULL)
            continue;
        if (rng_chance(&rng, 33))
            assert_ok(vmma_free_from(client, block));
        else
            remember(client, block);
    }
}

static struct verdict judge(const unsigned char *address, int *is_start)
{
    struct verdict verdict = {VMMA_E_NOT_LIVE, NULL};
    const unsigned char *first = world.ground.memory;

    *is_start = 0;
    for (size_t i = 0; i < live_count; i++)
        if ((uintptr_t)address - (uintptr_t)live[i].start < live[i].size) {
            verdict.owner = live[i].client;
            verdict.status = VMMA_E_INTERIOR;
            *is_start = address == live[i].start;
        }
    if (address < first || address >= first + world.ground.size)
        verdict.status = VMMA_E_OUTSIDE;
    else if (address < world.heap)
        verdict.status = VMMA_E_BOOKKEEPING_ADDRESS;
    return verdict;
}

/* The same as everybody_refuses, without the comparisons that walk. */
static void briefly_refused(unsigned char *address, struct verdict verdict)
{
    assert_status(vmma_free_from(world.a, address), verdict.status);
    assert_status(vmma_free_from(world.b, address), verdict.status);
    assert_status(vmma_free(world.context, address), verdict.status);
    ck_assert_ptr_null(vmma_realloc(world.a, address, 10));
    assert_status(vmma_get_last_error(world.a), verdict.status);
    assert_status(vmma_expand(world.b, address, 10), verdict.status);
    ck_assert_uint_eq(heard.calls, 5);
    heard.calls = 0;
    questions_deny(address, verdict);
}

static void answers_for_start(unsigned char *address, struct vmma_client *owner)
{
    struct vmma_client *other = owner == world.a ? world.b : world.a;

    assert_status(vmma_free_from(other, address), VMMA_E_OTHER_CLIENT);
    ck_assert_ptr_null(vmma_realloc(other, address, 10));
    assert_status(vmma_expand(other, address, 10), VMMA_E_OTHER_CLIENT);
    ck_assert_int_eq(vmma_test_address(owner, address), 1);
    ck_assert_int_eq(vmma_test_address(other, address), 0);
    ck_assert_ptr_eq(vmma_get_owner(world.context, address), owner);
}

START_TEST(every_byte_of_a_context_is_judged_rightly)
{
    unsigned char *end = world.ground.memory + world.ground.size + 64;
    struct vmma_stats before;
    struct vmma_stats after;

    make_scene();
    before = lasting_stats(world.context);
    for (unsigned char *p = world.ground.memory - 64; p < end; p++) {
        int is_start;
        struct verdict verdict = judge(p, &is_start);

        heard.calls = 0;
        if (is_start)
            answers_for_start(p, verdict.owner);
        else
            briefly_refused(p, verdict);
    }
    after = lasting_stats(world.context);
    same_stats(&before, &after);
    assert_sound(world.context);
    for (size_t i = 0; i < live_count; i++)
        ck_assert(holds_pattern(live[i].start, live[i].size, i));
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *exhaustive(void)
{
    TCase *tc = tcase_create("every byte");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, every_byte_of_a_context_is_judged_rightly);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("bytes");

    suite_add_tcase(suite, exhaustive());
    return run_suite(suite);
}
