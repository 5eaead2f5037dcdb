/*
 * ops_client.c - random operations on clients and on the context, each
 * judged where it is done.
 */
#include "tests/model/model.h"

/* ---- clients ----------------------------------------------------------- */

size_t model_any_client(struct model *m)
{
    return rng_below(&m->rng, m->client_count);
}

/* Arenas start at multiples of four granules: behind each there may be up to
 * three that nobody can have. */
static size_t lost_at_most(const struct model *m)
{
    return (model_stats(m).arena_count + 1) * 3 * m->fresh.block_size;
}

static void configure(struct model *m, struct vmma_client_config *config)
{
    config->name = rng_chance(&m->rng, 50) ? "model" : NULL;
    if (m->shape->quota != 0 && rng_chance(&m->rng, 80))
        config->quota = 1 + rng_below(&m->rng, m->shape->quota);
    if (rng_chance(&m->rng, 30))
        config->soft_limit = rng_below(&m->rng, m->shape->size);
    if (rng_chance(&m->rng, 20))
        config->reservation = rng_size(&m->rng, m->heap_size / 4);
    if (config->quota != 0 && rng_chance(&m->rng, 90)) {
        config->soft_limit %= config->quota;
        config->reservation %= config->quota;
    }
}

void model_do_create_client(struct model *m)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    struct vmma_client *handle = NULL;
    enum vmma_status status;
    size_t quota;

    m->what = "create client";
    if (m->client_count == MODEL_CLIENTS)
        return;
    configure(m, &config);
    quota = config.quota != 0 ? config.quota : SIZE_MAX;
    status = vmma_create_client(m->context, &config, &handle);
    if (config.soft_limit > quota ||
        model_granules(m, config.reservation) > quota) {
        CLAIM_STATUS(m, status, VMMA_E_LIMITS);
    } else if (m->client_count == m->fresh.max_clients) {
        CLAIM_STATUS(m, status, VMMA_E_TOO_MANY_CLIENTS);
    } else if (status == VMMA_E_EXHAUSTED) {
        CLAIM(m, model_granules(m, config.reservation) + lost_at_most(m) >
                     model_stats(m).free_size);
    } else {
        CLAIM_STATUS(m, status, VMMA_OK);
        model_add_client(m, handle, &config);
        return;
    }
    CLAIM(m, handle == NULL);
}

void model_delete_client(struct model *m, size_t client)
{
    size_t before = vmma_get_total_size(m->context);
    size_t total = vmma_get_client_total_size(m->clients[client].handle);

    m->what = "delete client";
    CLAIM_STATUS(m, vmma_delete_client(m->clients[client].handle), VMMA_OK);
    CLAIM(m, vmma_get_total_size(m->context) == before - total);
    model_remove_client(m, client);
}

void model_do_delete_client(struct model *m)
{
    if (m->client_count > 1)
        model_delete_client(m, model_any_client(m));
}

void model_do_reset_client(struct model *m)
{
    size_t client = model_any_client(m);
    struct vmma_client_stats stats;

    m->what = "reset client";
    CLAIM_STATUS(m, vmma_reset_client(m->clients[client].handle), VMMA_OK);
    for (size_t i = m->block_count; i > 0; i--)
        if (m->blocks[i - 1].client == client)
            model_drop(m, i - 1);
    stats = model_client_stats(m, client);
    m->clients[client].failed = 0;
    m->clients[client].last_error = VMMA_OK;
    CLAIM(m, stats.total_size == m->clients[client].reservation);
    CLAIM(m, stats.peak_size == stats.total_size);
    CLAIM(m, stats.failed_count == 0);
}

void model_do_limits(struct model *m)
{
    struct model_client *client = &m->clients[model_any_client(m)];
    size_t bytes =
        rng_chance(&m->rng, 30) ? 0 : rng_size(&m->rng, m->shape->size);
    size_t quota = client->quota != 0 ? client->quota : SIZE_MAX;
    int bad;

    m->what = "set limit";
    if (rng_chance(&m->rng, 50)) {
        bad = bytes != 0 &&
              (bytes < client->reservation || bytes < client->soft_limit);
        CLAIM_STATUS(m, vmma_set_quota(client->handle, bytes),
                     bad ? VMMA_E_LIMITS : VMMA_OK);
        client->quota = bad ? client->quota : bytes;
    } else {
        bad = bytes > quota;
        CLAIM_STATUS(m, vmma_set_soft_limit(client->handle, bytes),
                     bad ? VMMA_E_LIMITS : VMMA_OK);
        client->soft_limit = bad ? client->soft_limit : bytes;
    }
}

void model_do_reservation(struct model *m)
{
    struct model_client *client = &m->clients[model_any_client(m)];
    size_t bytes =
        rng_chance(&m->rng, 50) ? 0 : rng_size(&m->rng, m->heap_size / 2);
    enum vmma_status status = vmma_set_reservation(client->handle, bytes);

    m->what = "set reservation";
    bytes = model_granules(m, bytes);
    if (client->quota != 0 && bytes > client->quota) {
        CLAIM_STATUS(m, status, VMMA_E_LIMITS);
    } else if (status == VMMA_E_EXHAUSTED) {
        CLAIM(m, bytes + lost_at_most(m) >
                     vmma_get_client_total_size(client->handle) +
                         model_stats(m).free_size);
    } else {
        CLAIM_STATUS(m, status, VMMA_OK);
        client->reservation = bytes;
    }
}

/* ---- purge, flags, episodes -------------------------------------------- */

static void purge_range(void *user, void *start, size_t size)
{
    struct model *m = user;
    uintptr_t a = (uintptr_t)start;

    CLAIM(m, a >= (uintptr_t)m->heap);
    CLAIM(m, a + size <= (uintptr_t)m->heap + m->heap_size);
    for (size_t i = 0; i < m->block_count; i++) {
        uintptr_t other = (uintptr_t)m->blocks[i].start;

        CLAIM(m, a + size <= other || other + m->blocks[i].size <= a);
    }
    scribble(start, size < 65536 ? size : 65536, m->seed + m->step);
}

void model_do_purge(struct model *m)
{
    size_t page = (size_t)1 << rng_below(&m->rng, 17);

    m->what = "purge";
    CLAIM_STATUS(m, vmma_purge(m->context, page, purge_range, m), VMMA_OK);
}

void model_do_flags(struct model *m)
{
    uint32_t wanted = (uint32_t)rng_next(&m->rng);

    m->what = "set flags";
    if (m->shape->flags == 0)
        wanted = 0;
    m->flags = wanted & vmma_get_supported_flags();
    CLAIM(m, vmma_set_flags(m->context, wanted) == m->flags);
}

/* A client comes, leaks and goes: the context is as it was. */
void model_do_episode(struct model *m)
{
    struct vmma_stats before;
    struct vmma_stats after;
    struct vmma_client *client = NULL;
    size_t steps = rng_size(&m->rng, 300);

    model_do_purge(m);
    m->what = "episode";
    before = model_stats(m);
    if (vmma_create_client(m->context, NULL, &client) != VMMA_OK)
        return;
    while (steps-- > 0) {
        void *block = vmma_alloc(client, rng_size(&m->rng, m->shape->largest));

        m->failures += block == NULL;
        if (block != NULL && rng_chance(&m->rng, 40))
            CLAIM_STATUS(m, vmma_free_from(client, block), VMMA_OK);
    }
    CLAIM_STATUS(m, vmma_delete_client(client), VMMA_OK);
    after = model_stats(m);
    CLAIM(m, after.free_size == before.free_size);
    CLAIM(m, after.largest_free == before.largest_free);
    CLAIM(m, after.arena_count == before.arena_count);
}
