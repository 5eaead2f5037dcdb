/*
 * support.c - what the tests of the public interface share.
 */
#define _DEFAULT_SOURCE 1
#include "tests/support/support.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__GNUC__)
#define UNCHECKED __attribute__((no_sanitize_address))
#else
#define UNCHECKED
#endif

/* ---- seed and random numbers ------------------------------------------ */

uint64_t test_seed(void)
{
    static uint64_t seed;
    static int known;

    if (!known) {
        const char *text = getenv("VMMA_TEST_SEED");

        seed = text != NULL && *text != '\0' ? strtoull(text, NULL, 0)
                                             : (uint64_t)time(NULL);
        known = 1;
    }
    return seed;
}

double test_seconds(void)
{
    const char *text = getenv("VMMA_TEST_SECONDS");

    return text != NULL && *text != '\0' ? strtod(text, NULL) : 5.0;
}

double test_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void rng_init(struct rng *rng, uint64_t seed)
{
    rng->state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

size_t rng_below(struct rng *rng, size_t n)
{
    return n == 0 ? 0 : (size_t)(rng_next(rng) % n);
}

size_t rng_between(struct rng *rng, size_t low, size_t high)
{
    return low + rng_below(rng, high - low + 1);
}

int rng_chance(struct rng *rng, unsigned percent)
{
    return rng_next(rng) % 100 < percent;
}

size_t rng_size(struct rng *rng, size_t max)
{
    size_t bits = 0;
    size_t top;

    while (bits < sizeof(size_t) * 8 && (max >> bits) != 0)
        bits++;
    top = rng_below(rng, bits + 1);
    top = top >= sizeof(size_t) * 8 ? SIZE_MAX : ((size_t)1 << top) - 1;
    return rng_below(rng, (top < max ? top : max) + 1);
}

/* ---- patterns ---------------------------------------------------------- */

UNCHECKED void scribble(void *start, size_t size, uint64_t seed)
{
    volatile unsigned char *bytes = start;
    struct rng rng;
    uint64_t word = 0;

    rng_init(&rng, seed);
    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0)
            word = rng_next(&rng);
        bytes[i] = (unsigned char)(word >> i % 8 * 8);
    }
}

static unsigned char pattern_byte(uint64_t tag, size_t index)
{
    uint64_t word = (tag + index / 8) * UINT64_C(0x9E3779B97F4A7C15);

    return (unsigned char)(word >> (8 * (index % 8)) ^ word >> 56);
}

void fill_pattern(void *start, size_t size, uint64_t tag)
{
    unsigned char *bytes = start;

    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern_byte(tag, i);
}

int holds_pattern(const void *start, size_t size, uint64_t tag)
{
    const unsigned char *bytes = start;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != pattern_byte(tag, i))
            return 0;
    return 1;
}

UNCHECKED int holds_byte(const void *start, size_t size, unsigned char value)
{
    const volatile unsigned char *bytes = start;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return 0;
    return 1;
}

UNCHECKED uint64_t hash_bytes(const void *start, size_t size)
{
    const volatile unsigned char *bytes = start;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

size_t opaque(size_t value)
{
    volatile size_t hidden = value;

    return hidden;
}

void *opaque_pointer(uintptr_t value)
{
    volatile uintptr_t hidden = value;

    return (void *)hidden;
}

/* ---- ground ------------------------------------------------------------ */

void ground_init(struct ground *ground, size_t size, size_t offset)
{
    uintptr_t start;

    ground->raw_size = size + offset + 3 * 65536;
    ground->raw = malloc(ground->raw_size);
    ck_assert_ptr_nonnull(ground->raw);
    start = ((uintptr_t)ground->raw + GROUND_GUARD + 65535) / 65536 * 65536;
    ground->memory = ground->raw + (start - (uintptr_t)ground->raw) + offset;
    ground->size = size;
    ground->seed = test_seed();
    scribble(ground->memory, size, ground->seed + 1);
    scribble(ground->memory - GROUND_GUARD, GROUND_GUARD, ground->seed);
    scribble(ground->memory + size, GROUND_GUARD, ground->seed);
}

int ground_reserve(struct ground *ground, size_t size)
{
    void *raw = mmap(NULL, size, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (raw == MAP_FAILED)
        return 0;
    if (mprotect(raw, size, PROT_READ | PROT_WRITE) != 0) {
        munmap(raw, size);
        return 0;
    }
    ground->raw = raw;
    ground->raw_size = 0;
    ground->memory = raw;
    ground->size = size;
    ground->seed = 0;
    return 1;
}

static void guard_check(const unsigned char *guard, uint64_t seed)
{
    unsigned char expected[GROUND_GUARD];

    scribble(expected, sizeof expected, seed);
    ck_assert_msg(memcmp(guard, expected, sizeof expected) == 0,
                  "memory beside the block was written");
}

void ground_check(const struct ground *ground)
{
    if (ground->raw_size == 0)
        return;
    guard_check(ground->memory - GROUND_GUARD, ground->seed);
    guard_check(ground->memory + ground->size, ground->seed);
}

void ground_fini(struct ground *ground)
{
    ground_check(ground);
    if (ground->raw_size == 0)
        munmap(ground->raw, ground->size);
    else
        free(ground->raw);
    ground->raw = ground->memory = NULL;
}

size_t ground_resident(const struct ground *ground)
{
    enum { PAGES = 1 << 18 };
    static unsigned char map[PAGES];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (ground->size + page - 1) / page;
    size_t resident = 0;

    for (size_t done = 0; done < pages; done += PAGES) {
        size_t now = pages - done < PAGES ? pages - done : PAGES;

        ck_assert_int_eq(mincore(ground->memory + done * page, now * page, map),
                         0);
        for (size_t i = 0; i < now; i++)
            resident += map[i] & 1;
    }
    return resident;
}

/* ---- world ------------------------------------------------------------- */

static void note_heap(void *user, void *start, size_t size)
{
    struct world *world = user;

    ck_assert_msg(world->heap == NULL, "an empty heap is one free range");
    world->heap = start;
    world->heap_size = size;
}

void world_open(struct world *world, size_t size,
                const struct vmma_context_config *config)
{
    world_open_at(world, size, 0, config);
}

void world_open_at(struct world *world, size_t size, size_t offset,
                   const struct vmma_context_config *config)
{
    size_t room =
        config != NULL && config->max_size > size ? config->max_size : size;
    struct vmma_stats stats;

    ground_init(&world->ground, room, offset);
    assert_ok(vmma_create_context(world->ground.memory, size, config,
                                  &world->context));
    stats = stats_of(world->context);
    world->free_size = stats.free_size;
    world->largest_free = stats.largest_free;
    world->heap = NULL;
    world->heap_size = 0;
    assert_ok(vmma_purge(world->context, stats.block_size, note_heap, world));
    ck_assert_ptr_nonnull(world->heap);
    world->a = must_create(world->context, "a");
    world->b = must_create(world->context, "b");
}

static int delete_first(void *user, struct vmma_client *client)
{
    *(struct vmma_client **)user = client;
    return 1;
}

static void delete_all(struct vmma_context *context)
{
    struct vmma_client *client;

    while (vmma_walk_clients(context, delete_first, &client) == VMMA_E_STOPPED)
        assert_ok(vmma_delete_client(client));
}

void world_close(struct world *world)
{
    struct vmma_stats stats;

    assert_sound(world->context);
    delete_all(world->context);
    assert_sound(world->context);
    stats = stats_of(world->context);
    ck_assert_uint_eq(stats.client_count, 0);
    ck_assert_uint_eq(stats.total_size, 0);
    ck_assert_uint_eq(stats.arena_count, 0);
    ck_assert_uint_eq(stats.free_size, stats.capacity);
    ck_assert_uint_ge(stats.free_size, world->free_size);
    ck_assert_uint_ge(stats.largest_free, world->largest_free);
    if (stats.free_size == world->free_size) /* it was not extended */
        ck_assert_uint_eq(stats.largest_free, world->largest_free);
    assert_ok(vmma_delete_context(world->context));
    ground_fini(&world->ground);
}

/* ---- shortcuts over the public interface -------------------------------- */

void *must_alloc(struct vmma_client *client, size_t size)
{
    void *block = vmma_alloc(client, size);

    ck_assert_msg(block != NULL, "vmma_alloc(%zu): %s", size,
                  vmma_strerror(vmma_get_last_error(client)));
    return block;
}

struct vmma_client *must_create(struct vmma_context *context, const char *name)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct vmma_client *client = NULL;

    config.name = name;
    assert_ok(vmma_create_client(context, &config, &client));
    ck_assert_ptr_nonnull(client);
    return client;
}

struct vmma_stats stats_of(const struct vmma_context *context)
{
    struct vmma_stats stats = VMMA_STATS_INIT;

    assert_ok(vmma_populate_stats(context, &stats));
    return stats;
}

struct vmma_client_stats client_stats_of(const struct vmma_client *client)
{
    struct vmma_client_stats stats = VMMA_CLIENT_STATS_INIT;

    assert_ok(vmma_populate_client_stats(client, &stats));
    return stats;
}

size_t fill_client(struct vmma_client *client, size_t size, void **blocks,
                   size_t max)
{
    size_t count = 0;
    void *block;

    while ((blocks == NULL || count < max) &&
           (block = vmma_alloc(client, size)) != NULL) {
        if (blocks != NULL)
            blocks[count] = block;
        count++;
    }
    return count;
}

void exhaust_client(struct vmma_client *client)
{
    struct vmma_context *context = vmma_get_client_context(client);
    size_t size = stats_of(context).capacity;

    for (; size > 0; size /= 2)
        fill_client(client, size, NULL, 0);
    ck_assert_ptr_null(vmma_alloc(client, 1));
}

static int compare_pointers(const void *left, const void *right)
{
    uintptr_t l = (uintptr_t) * (void *const *)left;
    uintptr_t r = (uintptr_t) * (void *const *)right;

    return (l > r) - (l < r);
}

void sort_pointers(void **pointers, size_t count)
{
    qsort(pointers, count, sizeof *pointers, compare_pointers);
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    printf("VMMA_TEST_SEED=%llu\n", (unsigned long long)test_seed());
    fflush(stdout);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

/* ---- what several suites do ------------------------------------------- */

struct vmma_stats lasting_stats(const struct vmma_context *context)
{
    struct vmma_stats stats = stats_of(context);

    stats.failed_count = stats.last_failed_size = stats.misuse_count = 0;
    stats.last_failed_cause = VMMA_OK;
    return stats;
}

void same_stats(const struct vmma_stats *one,
                const struct vmma_stats *other)
{
    ck_assert_uint_eq(one->total_size, other->total_size);
    ck_assert_uint_eq(one->peak_size, other->peak_size);
    ck_assert_uint_eq(one->free_size, other->free_size);
    ck_assert_uint_eq(one->arena_count, other->arena_count);
    ck_assert_uint_eq(one->client_count, other->client_count);
    ck_assert_uint_eq(one->live_blocks, other->live_blocks);
    ck_assert_uint_eq(one->live_size, other->live_size);
    ck_assert_uint_eq(one->cached_blocks, other->cached_blocks);
    ck_assert_uint_eq(one->cached_size, other->cached_size);
    ck_assert_uint_eq(one->touched_size, other->touched_size);
}

void free_all(struct vmma_client *client, void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_ok(vmma_free_from(client, blocks[i]));
}

void shuffle(void **blocks, size_t count, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (size_t i = count; i > 1; i--) {
        size_t j = rng_below(&rng, i);
        void *block = blocks[i - 1];

        blocks[i - 1] = blocks[j];
        blocks[j] = block;
    }
}
