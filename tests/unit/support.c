/*
 * support.c - what the white-box tests share.
 */
#define _DEFAULT_SOURCE 1
#include "tests/unit/support.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- bare pool -------------------------------------------------------- */

static void bare_protect(const struct bare *bare)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t end = (uintptr_t)bare->ground.memory + bare->ground.size;
    uintptr_t heap = bits_align_up(space_heap(bare->space), page);

    ck_assert_int_eq(mprotect((void *)heap, end - heap, PROT_NONE), 0);
}

void bare_open(struct bare *bare, uint32_t count, uint32_t capacity)
{
    struct vmma_context_config config = bed_config(16, 1024, 1);
    size_t size = ((size_t)capacity + 16) * (1024 + 64) / 4096 * 4096 + 65536;
    struct vmma_context *ctx;

    ck_assert(ground_reserve(&bare->ground, size));
    scribble(bare->ground.memory, size / 16 + 8192, test_seed());
    assert_ok(vmma__context_create(bare->ground.memory, size, &config, &ctx));
    bare->pool = &ctx->pool;
    bare->space = &ctx->pool.space;
    expect(bare->space->capacity >= capacity);
    bare->space->capacity = capacity;
    bare->space->count = count;
    bare->bookkeeping =
        space_heap(bare->space) - (uintptr_t)bare->ground.memory;
    expect(bare->bookkeeping <= size / 16 + 8192);
    bare_protect(bare);
}

void bare_close(struct bare *bare)
{
    ground_fini(&bare->ground);
}

uint64_t bare_hash(const struct bare *bare)
{
    return hash_bytes(bare->ground.memory, bare->bookkeeping);
}

/* ---- context ---------------------------------------------------------- */

void bed_open(struct bed *bed, size_t size,
              const struct vmma_context_config *config)
{
    size_t room =
        config != NULL && config->max_size > size ? config->max_size : size;

    ground_init(&bed->ground, room, 0);
    assert_ok(
        vmma__context_create(bed->ground.memory, size, config, &bed->ctx));
    bed->pool = &bed->ctx->pool;
    bed->space = &bed->pool->space;
}

void bed_close(struct bed *bed)
{
    expect_sound(bed->ctx);
    ground_fini(&bed->ground);
}

struct vmma_context_config bed_config(size_t alignment, size_t granule,
                                      size_t max_clients)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    config.alignment = alignment;
    config.block_size = granule;
    config.max_clients = max_clients;
    return config;
}

struct client *bed_client(struct bed *bed)
{
    struct client *c = NULL;

    assert_ok(vmma__context_create_client(bed->ctx, NULL, &c));
    return c;
}

void *take_bytes(struct client *c, size_t size)
{
    void *block = vmma_alloc(client_handle(c), size);

    if (block == NULL)
        ck_abort_msg("%zu bytes: %s", size,
                     vmma_strerror((enum vmma_status)c->last_cause));
    return block;
}

void give_bytes(struct client *c, void *block)
{
    enum vmma_status status = vmma_free_from(client_handle(c), block);

    if (status != VMMA_OK)
        ck_abort_msg("free: %s", vmma_strerror(status));
}

uint32_t granule_of(const struct space *s, const void *address)
{
    return (uint32_t)(((uintptr_t)address - space_heap(s)) >> s->granule_shift);
}

void *address_of(const struct space *s, uint32_t g)
{
    return (void *)(space_heap(s) + ((uintptr_t)g << s->granule_shift));
}

uint32_t head_of(const struct space *s, const struct record *r)
{
    return record_head(s, r);
}

struct record *record_at(const struct space *s, const void *address)
{
    return space_at(s, space_map(s)[granule_of(s, address)]);
}

unsigned entry_at(const struct space *s, const void *address)
{
    return stamp_entry(record_at(s, address)->stamp);
}

/* ---- what is live ----------------------------------------------------- */

static int shape_add(void *user, const struct vmma_block *block)
{
    struct shape *shape = user;

    expect(shape->count < SHAPE_MAX);
    shape->block[shape->count++] = *block;
    return 0;
}

static int compare_blocks(const void *one, const void *other)
{
    uintptr_t a = (uintptr_t)((const struct vmma_block *)one)->start;
    uintptr_t b = (uintptr_t)((const struct vmma_block *)other)->start;

    return (a > b) - (a < b);
}

static int shape_add_client(void *user, struct vmma_client *client)
{
    return vmma_walk_blocks(client, shape_add, user) != VMMA_OK;
}

void shape_take(struct shape *shape, const struct vmma_context *ctx)
{
    shape->count = 0;
    assert_ok(vmma_walk_clients((struct vmma_context *)(uintptr_t)ctx,
                                shape_add_client, shape));
    qsort(shape->block, shape->count, sizeof shape->block[0], compare_blocks);
    for (size_t i = 1; i < shape->count; i++)
        expect((uintptr_t)shape->block[i - 1].start +
                   shape->block[i - 1].size <=
               (uintptr_t)shape->block[i].start);
}

int shape_equal(const struct shape *one, const struct shape *other)
{
    if (one->count != other->count)
        return 0;
    for (size_t i = 0; i < one->count; i++) {
        const struct vmma_block *a = &one->block[i], *b = &other->block[i];

        if (a->start != b->start || a->size != b->size ||
            a->client != b->client)
            return 0;
    }
    return 1;
}

/* ---- free pieces ------------------------------------------------------ */

/* Is the natural run of this order at g below the limit and free? */
static int run_is_free(const unsigned char *is_free, uint32_t g, unsigned order,
                       uint32_t high)
{
    if (g >= high || high - g < (uint32_t)1 << order)
        return 0;
    for (uint32_t i = 0; i < (uint32_t)1 << order; i++)
        if (!is_free[g + i])
            return 0;
    return 1;
}

static int is_in_list(const struct buddy *b, const struct space *s,
                      uint32_t wanted, unsigned order)
{
    for (uint32_t g = b->first[order]; g != NONE; g = space_link(s, g)->next)
        if (g == wanted)
            return 1;
    return 0;
}

/* The pieces in the lists whose start is below the limit. */
static uint32_t listed_pieces(const struct buddy *b, const struct space *s,
                              uint32_t high)
{
    uint32_t count = 0;

    for (unsigned o = 0; o < ORDER_COUNT; o++) {
        uint32_t prev = NONE;

        expect_eq(b->orders >> o & 1, b->first[o] != NONE);
        for (uint32_t g = b->first[o]; g != NONE;
             prev = g, g = space_link(s, g)->next) {
            expect(g < s->capacity);
            expect_eq(space_link(s, g)->prev, prev);
            if (g < high) {
                expect(vmma__buddy_is_free(s, g, o));
                count++;
            }
        }
    }
    return count;
}

void expect_free(const struct buddy *b, const struct space *s,
                 const unsigned char *is_free, uint32_t high)
{
    uint32_t pieces = 0;

    for (uint32_t g = 0; g < high;) {
        unsigned order = 0;

        if (!is_free[g]) {
            g++;
            continue;
        }
        while (run_is_free(is_free, g >> (order + 1) << (order + 1), order + 1,
                           high))
            order++;
        expect_eq(g & (((uint32_t)1 << order) - 1), 0);
        expect(is_in_list(b, s, g, order));
        pieces++;
        g += (uint32_t)1 << order;
    }
    expect_eq(listed_pieces(b, s, high), pieces);
}

/* ---- free runs -------------------------------------------------------- */

/* The list for runs of so many granules: lengths 1, 2, 3, and then each
 * doubling in four equal parts. */
static unsigned list_for(uint32_t count)
{
    uint64_t from = 4, step = 1;
    unsigned list = 3;

    if (count < 4)
        return count - 1;
    for (; count >= from + step && list < RUNS_LISTS - 1; list++) {
        from += step;
        if (from == 8 * step)
            step *= 2;
    }
    return list;
}

/* How often the run is in the list. */
static int times_listed(const struct runs *r, const struct space *s,
                        uint32_t wanted, unsigned list)
{
    int times = 0;

    for (uint32_t g = r->first[list]; g != NONE; g = space_link(s, g)->next)
        times += g == wanted;
    return times;
}

/* The runs in the lists whose start is in the limits. */
static uint32_t listed_runs(const struct runs *r, const struct space *s,
                            uint32_t low, uint32_t high)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < RUNS_LISTS; i++) {
        uint32_t prev = NONE;

        expect_eq(r->lists >> i & 1, r->first[i] != NONE);
        for (uint32_t g = r->first[i]; g != NONE;
             prev = g, g = space_link(s, g)->next) {
            expect(g < s->capacity);
            expect_eq(space_link(s, g)->prev, prev);
            count += g >= low && g < high;
        }
    }
    return count;
}

void expect_runs(const struct runs *r, const struct space *s, uint64_t stamp,
                 const unsigned char *is_free, uint32_t low, uint32_t high)
{
    uint32_t runs = 0;

    for (uint32_t g = low, end; g < high; g = end) {
        end = g + 1;
        if (!is_free[g])
            continue;
        while (end < high && is_free[end])
            end++;
        expect_eq(space_map(s)[g], space_ref(s, g));
        expect_eq(space_record(s, g)->stamp, stamp);
        expect_eq(space_record(s, g)->avail, end - g);
        expect_eq(space_record(s, g)->start, space_start(s, g));
        expect_eq(space_record(s, g)->reciprocal, 0);
        expect(piece_record(s, end - 1) == space_record(s, g));
        expect_eq(times_listed(r, s, g, list_for(end - g)), 1);
        runs++;
    }
    expect_eq(listed_runs(r, s, low, high), runs);
}

/* ---- granules --------------------------------------------------------- */

void granules_keep(const struct space *s, struct granules_kept *to)
{
    for (uint32_t g = 0; g < GRANULES_KEPT; g++) {
        to->record[g] = *space_record(s, g);
        to->link[g] = *space_link(s, g);
        to->map[g] = space_map(s)[g];
    }
}

void granules_put_back(struct space *s, const struct granules_kept *from)
{
    for (uint32_t g = 0; g < GRANULES_KEPT; g++) {
        *space_record(s, g) = from->record[g];
        *space_link(s, g) = from->link[g];
        space_map(s)[g] = from->map[g];
    }
}
