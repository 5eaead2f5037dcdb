/*
 * model.c - what is live, and what must be true of it.
 */
#include "tests/model/model.h"

/* ---- opening and closing ----------------------------------------------- */

static void note_heap(void *user, void *start, size_t size)
{
    struct model *m = user;

    CLAIM(m, m->heap == NULL);
    m->heap = start;
    m->heap_size = size;
}

void model_open(struct model *m, const struct model_shape *shape, uint64_t seed)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    memset(m, 0, sizeof *m);
    m->shape = shape;
    m->seed = seed;
    m->what = "opening";
    m->greed = 60;
    rng_init(&m->rng, seed);
    m->flags = shape->flags & vmma_get_supported_flags();
    config.alignment = shape->alignment;
    config.block_size = shape->block_size;
    config.max_clients = shape->max_clients;
    config.flags = m->flags;
    config.event = model_on_event;
    config.out_of_memory = model_on_out_of_memory;
    config.user = m;
    ground_init(&m->ground, shape->size, shape->offset);
    scribble(m->ground.memory, shape->size, seed);
    CLAIM_STATUS(m,
                 vmma_create_context(m->ground.memory, shape->size, &config,
                                     &m->context),
                 VMMA_OK);
    m->fresh = model_stats(m);
    CLAIM_STATUS(m, vmma_purge(m->context, m->fresh.block_size, note_heap, m),
                 VMMA_OK);
    CLAIM(m, m->heap_size == m->fresh.capacity);
}

void model_step(struct model *m)
{
    m->step++;
    if (rng_chance(&m->rng, 1)) {
        static const unsigned greeds[] = {30, 48, 50, 52, 60, 75};

        m->greed = greeds[rng_below(&m->rng, LENGTH(greeds))];
    }
    model_operate(m);
    model_compare(m);
    if (m->step % m->shape->check_every == 0) {
        const char *broken = vmma_check(m->context);

        ck_assert_msg(broken == NULL,
                      "%s: VMMA_TEST_SEED=%llu, step %u (%s): %s",
                      m->shape->name, (unsigned long long)m->seed, m->step,
                      m->what, broken);
    }
    if (m->step % (16 * m->shape->check_every) == 0)
        model_compare_deeply(m);
}

void model_close(struct model *m)
{
    struct vmma_stats stats;

    m->what = "closing";
    model_compare_deeply(m);
    while (m->client_count > 0) {
        model_delete_client(m, rng_below(&m->rng, m->client_count));
        model_compare(m);
        CLAIM(m, vmma_check(m->context) == NULL);
    }
    stats = model_stats(m);
    CLAIM(m, stats.total_size == 0);
    CLAIM(m, stats.arena_count == 0);
    CLAIM(m, stats.free_size == m->fresh.free_size);
    CLAIM(m, stats.largest_free == m->fresh.largest_free);
    CLAIM_STATUS(m, vmma_delete_context(m->context), VMMA_OK);
    ground_fini(&m->ground);
}

/* ---- asking ------------------------------------------------------------ */

struct vmma_client_stats model_client_stats(const struct model *m,
                                            size_t client)
{
    struct vmma_client_stats stats = VMMA_CLIENT_STATS_INIT;

    CLAIM_STATUS(m, vmma_get_client_stats(m->clients[client].handle, &stats),
                 VMMA_OK);
    return stats;
}

struct vmma_stats model_stats(const struct model *m)
{
    struct vmma_stats stats = VMMA_STATS_INIT;

    CLAIM_STATUS(m, vmma_get_stats(m->context, &stats), VMMA_OK);
    return stats;
}

size_t model_granules(const struct model *m, size_t bytes)
{
    size_t granule = m->fresh.block_size;

    return bytes / granule * granule + (bytes % granule != 0 ? granule : 0);
}

/* ---- judging addresses ------------------------------------------------- */

enum vmma_status model_judge(const struct model *m, const void *address,
                             size_t *index)
{
    uintptr_t a = (uintptr_t)address;

    *index = MODEL_BLOCKS;
    if (a - (uintptr_t)m->ground.memory >= m->shape->size)
        return VMMA_E_OUTSIDE;
    if (a < (uintptr_t)m->heap)
        return VMMA_E_BOOKKEEPING_ADDRESS;
    for (size_t i = 0; i < m->block_count; i++)
        if (a - (uintptr_t)m->blocks[i].start < m->blocks[i].size) {
            *index = i;
            return m->blocks[i].start == address ? VMMA_OK : VMMA_E_INTERIOR;
        }
    return VMMA_E_NOT_LIVE;
}

enum vmma_status model_judge_for(const struct model *m, size_t client,
                                 const void *address)
{
    size_t index;
    enum vmma_status status = model_judge(m, address, &index);

    if (status == VMMA_OK && m->blocks[index].client != client)
        return VMMA_E_OTHER_CLIENT;
    return status;
}

/* ---- contents ---------------------------------------------------------- */

/* The pattern's place is counted from the start of the block, so that what a
 * move has kept is recognised. */
void model_fill(struct model *m, size_t index)
{
    struct model_block *block = &m->blocks[index];

    block->tag = ++m->tags << 20;
    if (block->size <= MODEL_FILLED) {
        fill_pattern(block->start, block->size, block->tag);
        return;
    }
    fill_pattern(block->start, MODEL_FILLED / 2, block->tag);
    fill_pattern(block->start + block->size - MODEL_FILLED / 2,
                 MODEL_FILLED / 2, block->tag + 1);
}

void model_verify(const struct model *m, size_t index,
                  const unsigned char *start, size_t limit)
{
    const struct model_block *block = &m->blocks[index];
    size_t head = block->size <= MODEL_FILLED ? block->size : MODEL_FILLED / 2;

    CLAIM(m, holds_pattern(start, limit < head ? limit : head, block->tag));
    if (limit >= block->size && head < block->size)
        CLAIM(m, holds_pattern(start + block->size - MODEL_FILLED / 2,
                               MODEL_FILLED / 2, block->tag + 1));
}

/* ---- blocks ------------------------------------------------------------ */

void model_judge_place(const struct model *m, size_t client,
                       const unsigned char *start, size_t asked, size_t except)
{
    size_t size = vmma_get_size(m->clients[client].handle, start);
    uintptr_t a = (uintptr_t)start;
    size_t self = size < m->fresh.block_size ? size : m->fresh.block_size;

    CLAIM(m, size >= asked);
    CLAIM(m, size >= m->fresh.smallest_block);
    CLAIM(m, a % m->fresh.alignment == 0);
    CLAIM(m, (size & (size - 1)) != 0 || a % self == 0);
    CLAIM(m, a >= (uintptr_t)m->heap);
    CLAIM(m, size <= m->heap_size);
    CLAIM(m, a - (uintptr_t)m->heap <= m->heap_size - size);
    CLAIM(m, vmma_get_owner(m->context, start) == m->clients[client].handle);
    for (size_t i = 0; i < m->block_count; i++) {
        uintptr_t other = (uintptr_t)m->blocks[i].start;

        if (i != except)
            CLAIM(m, a + size <= other || other + m->blocks[i].size <= a);
    }
}

void model_take(struct model *m, size_t client, void *start, size_t asked,
                size_t alignment)
{
    struct model_block *block = &m->blocks[m->block_count];

    CLAIM(m, ((uintptr_t)start & (alignment - 1)) == 0);
    model_judge_place(m, client, start, asked, MODEL_BLOCKS);
    block->start = start;
    block->size = vmma_get_size(m->clients[client].handle, start);
    block->client = client;
    model_fill(m, m->block_count++);
}

void model_drop(struct model *m, size_t index)
{
    m->freed[m->freed_count++ % MODEL_REMEMBERED] = m->blocks[index].start;
    m->blocks[index] = m->blocks[--m->block_count];
}

/* ---- failures ---------------------------------------------------------- */

/* Bytes that a request may need at most: its class may be larger, a slab
 * holds several blocks, and an alignment has its price. */
static size_t need_at_most(const struct model *m, size_t asked,
                           size_t alignment)
{
    size_t need = asked;

    if (asked > m->heap_size)
        return SIZE_MAX / 2;
    if (asked <= 4 * m->fresh.block_size)
        need = 2 * asked;
    if (alignment > m->fresh.block_size)
        need += alignment > m->heap_size ? m->heap_size : alignment;
    return model_granules(m, need) + m->fresh.block_size;
}

/* The heap is what it will ever be: these contexts are not extended. */
static void judge_cause(const struct model *m, size_t client, size_t asked,
                        size_t alignment, enum vmma_status cause)
{
    struct vmma_client_stats mine = client_stats_of(m->clients[client].handle);
    size_t left = model_stats(m).free_size + mine.free_size;
    size_t need = need_at_most(m, asked, alignment);

    CLAIM(m, asked <= m->heap_size || cause == VMMA_E_TOO_LARGE);
    switch (cause) {
    case VMMA_E_TOO_LARGE:
        CLAIM(m, need > m->heap_size);
        break;
    case VMMA_E_QUOTA:
        CLAIM(m, mine.quota != 0);
        CLAIM(m, mine.total_size + need > mine.quota);
        break;
    case VMMA_E_EXHAUSTED:
        CLAIM(m, left < need);
        break;
    case VMMA_E_FRAGMENTED:
        CLAIM(m, left >= asked);
        break;
    default:
        CLAIM(m, !"a cause that has to do with memory");
    }
}

void model_judge_failure(struct model *m, size_t client, size_t asked,
                         size_t alignment,
                         const struct vmma_client_stats *before)
{
    struct vmma_client_stats after = model_client_stats(m, client);
    enum vmma_status cause = vmma_get_last_error(m->clients[client].handle);

    if (alignment <= m->fresh.alignment)
        CLAIM(m, before->largest_block == 0 || asked > before->largest_block);
    judge_cause(m, client, asked, alignment, cause);
    m->failures++;
    m->clients[client].failed++;
    m->clients[client].last_error = cause;
    CLAIM(m, after.failed_count == m->clients[client].failed);
    CLAIM(m, after.last_failed_size == asked);
    CLAIM(m, after.last_failed_cause == cause);
}

/* ---- clients ----------------------------------------------------------- */

void model_add_client(struct model *m, struct vmma_client *handle,
                      const struct vmma_client_config *config)
{
    struct model_client *client = &m->clients[m->client_count++];

    memset(client, 0, sizeof *client);
    client->handle = handle;
    client->id = vmma_get_client_id(handle);
    client->quota = config->quota;
    client->soft_limit = config->soft_limit;
    client->reservation = model_granules(m, config->reservation);
    client->total = client->reservation;
    client->last_error = VMMA_OK;
    CLAIM(m, client->id != 0);
    for (size_t i = 0; i + 1 < m->client_count; i++) {
        CLAIM(m, m->clients[i].id != client->id);
        CLAIM(m, m->clients[i].handle != handle);
    }
    CLAIM(m, vmma_get_client_total_size(handle) == client->reservation);
}

static void drop_blocks_of(struct model *m, size_t client)
{
    for (size_t i = m->block_count; i > 0; i--)
        if (m->blocks[i - 1].client == client)
            model_drop(m, i - 1);
}

void model_remove_client(struct model *m, size_t client)
{
    size_t last = m->client_count - 1;

    m->dead[m->dead_count++ % MODEL_REMEMBERED] = m->clients[client].handle;
    drop_blocks_of(m, client);
    for (size_t i = 0; i < m->block_count; i++)
        if (m->blocks[i].client == last)
            m->blocks[i].client = client;
    m->clients[client] = m->clients[last];
    m->client_count--;
}

/* ---- comparing --------------------------------------------------------- */

/* After each step: totals, limits and counters. */
static void compare_client(struct model *m, size_t index)
{
    struct model_client *client = &m->clients[index];
    size_t total = vmma_get_client_total_size(client->handle);

    CLAIM(m, vmma_is_client(client->handle) == 1);
    CLAIM(m, total >= client->reservation);
    CLAIM(m, client->quota == 0 || total <= client->quota ||
                 total <= client->total);
    CLAIM_STATUS(m, vmma_get_last_error(client->handle), client->last_error);
    client->total = total;
}

void model_compare(struct model *m)
{
    struct vmma_stats stats = model_stats(m);
    size_t total = 0;

    for (size_t i = 0; i < m->client_count; i++) {
        compare_client(m, i);
        total += m->clients[i].total;
    }
    CLAIM(m, stats.total_size == total);
    CLAIM(m, stats.free_size == stats.capacity - total);
    CLAIM(m, stats.largest_free <= stats.free_size);
    CLAIM(m, stats.peak_size >= total);
    CLAIM(m, stats.touched_size >= stats.peak_size);
    CLAIM(m, stats.client_count == m->client_count);
    CLAIM(m, stats.misuse_count == m->misuses);
    CLAIM(m, stats.failed_count == m->failures);
    CLAIM(m, m->misuse_events == m->misuses);
    CLAIM(m, m->failure_events == m->failures);
}

struct walked {
    const struct model *m;
    size_t client;
    size_t blocks;
    size_t bytes;
};

static int compare_block(void *user, const struct vmma_block *block)
{
    struct walked *walked = user;
    const struct model *m = walked->m;
    size_t index;

    CLAIM_STATUS(m, model_judge(m, block->start, &index), VMMA_OK);
    CLAIM(m, m->blocks[index].client == walked->client);
    CLAIM(m, m->blocks[index].size == block->size);
    CLAIM(m, block->client == m->clients[walked->client].handle);
    walked->blocks++;
    walked->bytes += block->size;
    return 0;
}

static void compare_client_deeply(struct model *m, size_t index)
{
    struct vmma_client *handle = m->clients[index].handle;
    struct vmma_client_stats stats = client_stats_of(handle);
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;
    struct walked walked = {m, index, 0, 0};
    size_t blocks = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < m->block_count; i++)
        if (m->blocks[i].client == index) {
            blocks++;
            bytes += m->blocks[i].size;
        }
    CLAIM_STATUS(m, vmma_walk_blocks(handle, compare_block, &walked), VMMA_OK);
    CLAIM_STATUS(m, vmma_get_leak_report(handle, &report), VMMA_OK);
    CLAIM(m, walked.blocks == blocks && walked.bytes == bytes);
    CLAIM(m, stats.live_blocks == blocks && stats.live_size == bytes);
    CLAIM(m, report.block_count == blocks && report.byte_count == bytes);
    CLAIM(m, stats.live_size + stats.cached_size <= stats.total_size);
    CLAIM(m, stats.live_size + stats.free_size <= stats.total_size);
    CLAIM(m, stats.quota == m->clients[index].quota);
    CLAIM(m, stats.soft_limit == m->clients[index].soft_limit);
    CLAIM(m, stats.reservation == m->clients[index].reservation);
    CLAIM(m, stats.failed_count == m->clients[index].failed);
    CLAIM(m, vmma_find_client(m->context, m->clients[index].id) == handle);
}

void model_compare_deeply(struct model *m)
{
    struct vmma_stats stats;
    size_t bytes = 0;

    for (size_t i = 0; i < m->client_count; i++)
        compare_client_deeply(m, i);
    for (size_t i = 0; i < m->block_count; i++) {
        const struct model_block *block = &m->blocks[i];
        struct vmma_client *owner = m->clients[block->client].handle;

        bytes += block->size;
        model_verify(m, i, block->start, block->size);
        CLAIM(m, vmma_get_size(owner, block->start) == block->size);
        CLAIM(m, vmma_test_address(owner, block->start) == 1);
    }
    stats = stats_of(m->context);
    CLAIM(m, stats.live_blocks == m->block_count);
    CLAIM(m, stats.live_size == bytes);
    ground_check(&m->ground);
}
