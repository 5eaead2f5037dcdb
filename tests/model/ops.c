/*
 * ops.c - random operations on blocks, each judged where it is done.
 */
#include "tests/model/model.h"

#include <stdlib.h>

static int has_room(const struct model *m)
{
    return m->client_count > 0 && m->block_count < MODEL_BLOCKS;
}

/* Mostly small; sometimes on a boundary; seldom impossible. */
static size_t any_size(struct model *m)
{
    size_t power;

    switch (rng_below(&m->rng, 100)) {
    case 0:
        return SIZE_MAX - rng_size(&m->rng, 70000);
    case 1:
        return SIZE_MAX / 2 + 1 - rng_below(&m->rng, 3);
    case 2:
        return rng_size(&m->rng, 2 * m->shape->size);
    case 3:
        return m->heap_size - rng_size(&m->rng, m->heap_size);
    default:
        break;
    }
    power = (size_t)1 << rng_below(&m->rng, 18);
    if (rng_chance(&m->rng, 20) && power <= m->shape->largest)
        return power + rng_below(&m->rng, 3) - 1;
    return rng_size(&m->rng, m->shape->largest);
}

static size_t index_of(const struct model *m, const void *start)
{
    size_t index = 0;

    while (m->blocks[index].start != start)
        index++;
    return index;
}

/* A call of the alloc family or vmma_expand failed, for another cause than
 * memory; whether that raises one event or two the header leaves open. */
static void note_failure(struct model *m, struct model_client *client,
                         enum vmma_status status)
{
    CLAIM_STATUS(m, vmma_get_last_error(client->handle), status);
    client->last_error = status;
    client->failed++;
    m->failures++;
    m->failure_events = m->failures;
}

/* ---- requests ---------------------------------------------------------- */

static void settle(struct model *m, size_t client, void *block, size_t asked,
                   size_t alignment, const struct vmma_client_stats *before)
{
    if (block == NULL) {
        model_judge_failure(m, client, asked, alignment, before);
        return;
    }
    model_take(m, client, block, asked, alignment);
}

/* What a flag promises of a block that was just handed out. */
static void judge_contents(const struct model *m, const void *start)
{
    size_t size = vmma_get_block_size(m->context, start);

    if (size > 4096)
        size = 4096;
    if ((m->flags & VMMA_FLAG_ZERO) != 0)
        CLAIM(m, holds_byte(start, size, 0));
    else if ((m->flags & VMMA_FLAG_POISON) != 0)
        CLAIM(m, holds_byte(start, size, VMMA_POISON_ALLOC));
}

static void do_alloc(struct model *m)
{
    size_t client = model_any_client(m);
    size_t asked = any_size(m);
    struct vmma_client_stats before = model_client_stats(m, client);
    void *block;

    m->what = "alloc";
    if (rng_chance(&m->rng, 2))
        asked = before.largest_block;
    m->asked = asked;
    block = vmma_alloc(m->clients[client].handle, asked);
    if (block != NULL)
        judge_contents(m, block);
    settle(m, client, block, asked, 1, &before);
}

static void do_calloc(struct model *m)
{
    size_t client = model_any_client(m);
    size_t count = any_size(m);
    size_t size = rng_size(&m->rng, 100);
    struct vmma_client_stats before = model_client_stats(m, client);
    size_t asked =
        size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
    void *block;

    m->what = "calloc";
    m->asked = asked;
    block = vmma_calloc(m->clients[client].handle, count, size);
    if (block != NULL)
        CLAIM(m, holds_byte(block, asked, 0));
    settle(m, client, block, asked, 1, &before);
}

static void do_aligned_alloc(struct model *m)
{
    size_t client = model_any_client(m);
    size_t asked = any_size(m);
    size_t alignment = (size_t)1 << rng_below(&m->rng, 18);
    struct vmma_client_stats before = model_client_stats(m, client);
    void *block;

    m->what = "aligned_alloc";
    m->asked = asked;
    block = vmma_aligned_alloc(m->clients[client].handle, alignment, asked);
    if (block != NULL)
        judge_contents(m, block);
    settle(m, client, block, asked, alignment, &before);
}

static void do_free(struct model *m)
{
    size_t index = rng_below(&m->rng, m->block_count);
    struct model_block block = m->blocks[index];

    m->what = "free";
    model_verify(m, index, block.start, block.size);
    if (rng_chance(&m->rng, 70))
        CLAIM_STATUS(m,
                     vmma_free_from(m->clients[block.client].handle,
                                    block.start),
                     VMMA_OK);
    else
        CLAIM_STATUS(m, vmma_free(m->context, block.start), VMMA_OK);
    if ((m->flags & VMMA_FLAG_POISON) != 0)
        CLAIM(m, holds_byte(block.start, block.size < 4096 ? block.size : 4096,
                            VMMA_POISON_FREE));
    model_drop(m, index);
}

static void do_realloc(struct model *m)
{
    size_t index = rng_below(&m->rng, m->block_count);
    struct model_block old = m->blocks[index];
    struct vmma_client *handle = m->clients[old.client].handle;
    size_t asked = any_size(m);
    struct vmma_client_stats before = model_client_stats(m, old.client);
    unsigned char *start;

    m->what = "realloc";
    m->asked = asked;
    m->pinned = old.start;
    start = vmma_realloc(handle, old.start, asked);
    m->pinned = NULL;
    index = index_of(m, old.start); /* the callback may have moved it */
    if (start == NULL) {
        CLAIM(m, asked > old.size);
        CLAIM(m, vmma_get_size(handle, old.start) == old.size);
        model_verify(m, index, old.start, old.size);
        model_judge_failure(m, old.client, asked, 1, &before);
        return;
    }
    model_verify(m, index, start, asked < old.size ? asked : old.size);
    if (start != old.start)
        CLAIM(m, vmma_get_block_size(m->context, old.start) == 0);
    model_judge_place(m, old.client, start, asked, index);
    if (start != old.start)
        m->freed[m->freed_count++ % MODEL_REMEMBERED] = old.start;
    m->blocks[index].start = start;
    m->blocks[index].size = vmma_get_size(handle, start);
    model_fill(m, index);
}

static void judge_refusal(struct model *m, size_t index, size_t asked,
                          enum vmma_status status)
{
    struct model_block *block = &m->blocks[index];
    struct model_client *client = &m->clients[block->client];

    CLAIM(m, asked > block->size);
    CLAIM(m, vmma_get_size(client->handle, block->start) == block->size);
    CLAIM(m, status == VMMA_E_NOT_IN_PLACE ||
                 (status == VMMA_E_TOO_LARGE && asked > m->heap_size));
    note_failure(m, client, status);
}

static void do_expand(struct model *m)
{
    size_t index = rng_below(&m->rng, m->block_count);
    struct model_block old = m->blocks[index];
    struct vmma_client *handle = m->clients[old.client].handle;
    size_t asked = rng_chance(&m->rng, 50)
                       ? old.size + rng_size(&m->rng, m->shape->largest)
                       : any_size(m);
    enum vmma_status status;
    size_t size;

    m->what = "expand";
    m->asked = asked;
    m->pinned = old.start;
    status = vmma_expand(handle, old.start, asked);
    m->pinned = NULL;
    index = index_of(m, old.start);
    size = vmma_get_size(handle, old.start);
    model_verify(m, index, old.start, size < old.size ? size : old.size);
    if (status != VMMA_OK) {
        judge_refusal(m, index, asked, status);
        return;
    }
    model_judge_place(m, old.client, old.start, asked, index);
    m->blocks[index].size = size;
    model_fill(m, index);
}

/* ---- bad pointers ------------------------------------------------------ */

static void *any_address(struct model *m)
{
    const struct model_block *block;

    switch (rng_below(&m->rng, 8)) {
    case 0:
        return opaque_pointer((uintptr_t)rng_next(&m->rng));
    case 1:
        return opaque_pointer((uintptr_t)rng_size(&m->rng, SIZE_MAX));
    case 2:
        return m->ground.memory + rng_below(&m->rng, m->shape->size);
    case 3:
        return m->heap + rng_below(&m->rng, m->heap_size);
    case 4:
        return m->heap + rng_below(&m->rng, m->heap_size) / 16 * 16;
    case 5:
        return m->freed[rng_below(&m->rng, MODEL_REMEMBERED)];
    default:
        break;
    }
    if (m->block_count == 0)
        return m->heap;
    block = &m->blocks[rng_below(&m->rng, m->block_count)];
    if (rng_chance(&m->rng, 50))
        return block->start;
    return block->start + rng_below(&m->rng, block->size + 2);
}

static void note_misuse(struct model *m, struct model_client *client,
                        enum vmma_status status)
{
    m->misuses++;
    if (client != NULL)
        note_failure(m, client, status);
}

static void do_bad_free(struct model *m)
{
    size_t client = model_any_client(m);
    struct vmma_client *handle = m->clients[client].handle;
    void *address = any_address(m);
    enum vmma_status status = model_judge_for(m, client, address);
    size_t index;

    m->what = "bad free";
    if (address == NULL || status == VMMA_OK)
        return;
    switch (rng_below(&m->rng, 4)) {
    case 0:
        CLAIM_STATUS(m, vmma_free_from(handle, address), status);
        note_misuse(m, NULL, status);
        break;
    case 1:
        CLAIM(m, vmma_realloc(handle, address, any_size(m)) == NULL);
        note_misuse(m, &m->clients[client], status);
        break;
    case 2:
        CLAIM_STATUS(m, vmma_expand(handle, address, any_size(m)), status);
        note_misuse(m, &m->clients[client], status);
        break;
    default:
        status = model_judge(m, address, &index);
        if (status == VMMA_OK)
            break;
        CLAIM_STATUS(m, vmma_free(m->context, address), status);
        note_misuse(m, NULL, status);
    }
}

static void do_question(struct model *m)
{
    size_t client = model_any_client(m);
    struct vmma_client *handle = m->clients[client].handle;
    struct vmma_block found = {NULL, NULL, 0};
    void *address = any_address(m);
    size_t index;
    enum vmma_status status = model_judge(m, address, &index);
    int mine = model_judge_for(m, client, address) == VMMA_OK;
    int is_start = status == VMMA_OK;
    struct model_block none = {NULL, 0, 0, 0};
    struct model_block block = index < MODEL_BLOCKS ? m->blocks[index] : none;
    struct vmma_client *owner =
        index < MODEL_BLOCKS ? m->clients[block.client].handle : NULL;

    m->what = "question";
    CLAIM(m, vmma_test_address(handle, address) == mine);
    CLAIM(m, vmma_get_size(handle, address) == (mine ? block.size : 0));
    CLAIM(m, vmma_get_block_size(m->context, address) ==
                 (is_start ? block.size : 0));
    CLAIM(m, vmma_get_owner(m->context, address) == (is_start ? owner : NULL));
    CLAIM_STATUS(m, vmma_find_block(m->context, address, &found),
                 index < MODEL_BLOCKS ? VMMA_OK : status);
    CLAIM(m, found.start == block.start);
    CLAIM(m, found.size == block.size);
    CLAIM(m, found.client == owner);
}

static void do_dead_handle(struct model *m)
{
    struct vmma_client *dead = m->dead[rng_below(&m->rng, MODEL_REMEMBERED)];
    void *address = any_address(m);

    m->what = "dead handle";
    /* after 255 reuses of its slot a handle may be somebody else's again */
    for (size_t i = 0; i < m->client_count; i++)
        if (m->clients[i].handle == dead)
            return;
    if (dead == NULL || address == NULL)
        return;
    CLAIM(m, vmma_is_client(dead) == 0);
    CLAIM(m, vmma_get_size(dead, address) == 0);
    CLAIM_STATUS(m, vmma_delete_client(dead), VMMA_E_DEAD_CLIENT);
    CLAIM_STATUS(m, vmma_free_from(dead, address), VMMA_E_DEAD_CLIENT);
    CLAIM(m, vmma_alloc(dead, rng_size(&m->rng, 5000)) == NULL);
    m->misuses += 2;
    m->failures = model_stats(m).failed_count;
    m->failure_events = m->failures;
}

/* ---- callbacks --------------------------------------------------------- */

void model_on_event(void *user, const struct vmma_event *event)
{
    struct model *m = user;

    CLAIM(m, event->context == m->context);
    if (event->kind == VMMA_EVENT_MISUSE)
        m->misuse_events++;
    else
        m->failure_events++;
    /* reading is allowed here */
    CLAIM(m, m->step % 64 != 0 || vmma_check(m->context) == NULL);
}

int model_on_out_of_memory(void *user, struct vmma_client *client,
                           size_t wanted, enum vmma_status cause)
{
    struct model *m = user;
    int freed = 0;

    CLAIM(m, vmma_is_client(client) == 1);
    ck_assert_msg(cause >= VMMA_E_QUOTA && cause <= VMMA_E_FRAGMENTED,
                  "%s: VMMA_TEST_SEED=%llu, step %u (%s): cause %d (%s)",
                  m->shape->name, (unsigned long long)m->seed, m->step, m->what,
                  (int)cause, vmma_strerror(cause));
    if (wanted > m->shape->size || rng_chance(&m->rng, 50))
        return rng_chance(&m->rng, 50);
    for (size_t i = m->block_count; i > 0; i--) {
        struct model_block *block = &m->blocks[i - 1];

        if (m->clients[block->client].handle != client ||
            block->start == m->pinned || rng_chance(&m->rng, 70))
            continue;
        model_verify(m, i - 1, block->start, block->size);
        CLAIM_STATUS(m, vmma_free(m->context, block->start), VMMA_OK);
        model_drop(m, i - 1);
        freed = 1;
    }
    return freed;
}

/* ---- choosing ---------------------------------------------------------- */

static const struct {
    unsigned weight;
    void (*run)(struct model *m);
} others[] = {
    {80, do_bad_free},           {80, do_question},
    {20, do_dead_handle},        {14, model_do_create_client},
    {8, model_do_delete_client}, {3, model_do_reset_client},
    {12, model_do_limits},       {8, model_do_reservation},
    {6, model_do_purge},         {4, model_do_flags},
    {3, model_do_episode},
};

static void operate_otherwise(struct model *m)
{
    size_t sum = 0;
    size_t choice;
    size_t i = 0;

    for (size_t j = 0; j < LENGTH(others); j++)
        sum += others[j].weight;
    choice = rng_below(&m->rng, sum);
    while (choice >= others[i].weight)
        choice -= others[i++].weight;
    others[i].run(m);
}

static void take(struct model *m)
{
    if (!has_room(m))
        return;
    switch (rng_below(&m->rng, 8)) {
    case 0:
        do_calloc(m);
        break;
    case 1:
        do_aligned_alloc(m);
        break;
    default:
        do_alloc(m);
    }
}

void model_operate(struct model *m)
{
    unsigned kind = (unsigned)rng_below(&m->rng, 100);

    if (m->client_count == 0)
        model_do_create_client(m);
    else if (kind < 25)
        operate_otherwise(m);
    else if (kind < 40 && m->block_count > 0)
        rng_chance(&m->rng, 60) ? do_realloc(m) : do_expand(m);
    else if (rng_chance(&m->rng, m->greed) || m->block_count == 0)
        take(m);
    else
        do_free(m);
}
