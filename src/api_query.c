/*
 * api_query.c - the functions of libvmma.h that only read, but for the two
 * questions of fast.c: handles are judged here, and the work is done below.
 */
#include "locate.h"
#include "stats.h"
#include "check.h"

/* A live client, or NULL. */
static const struct client *readable_client(const struct vmma_client *handle)
{
    struct client *c;

    return vmma__context_client(handle, &c) == VMMA_OK ? c : NULL;
}

/* ---- clients ---------------------------------------------------------- */

int vmma_is_client(const struct vmma_client *client)
{
    return readable_client(client) != NULL;
}

struct vmma_context *vmma_get_client_context(const struct vmma_client *client)
{
    const struct client *c = readable_client(client);

    return c != NULL ? client_context(c) : NULL;
}

uint64_t vmma_get_client_id(const struct vmma_client *client)
{
    const struct client *c = readable_client(client);

    return c != NULL ? c->id : 0;
}

const char *vmma_get_client_name(const struct vmma_client *client)
{
    const struct client *c = readable_client(client);

    return c != NULL ? c->name : NULL;
}

void *vmma_get_client_user(const struct vmma_client *client)
{
    const struct client *c = readable_client(client);

    return c != NULL ? (void *)c->user : NULL;
}

struct vmma_client *vmma_find_client(const struct vmma_context *context,
                                     uint64_t id)
{
    const struct client *c;

    if (!context_is_live(context))
        return NULL;
    c = vmma__context_next(context, 0);
    while (c != NULL && c->id != id)
        c = vmma__context_next(context, context_slot_number(context, c) + 1);
    return c != NULL ? client_handle(c) : NULL;
}

static bool has_name(const struct client *c, const char *name)
{
    size_t i = 0;

    while (i < VMMA_NAME_MAX && name[i] != '\0' && name[i] == c->name[i])
        i++;
    return name[i] == c->name[i];
}

struct vmma_client *vmma_find_client_by_name(const struct vmma_context *context,
                                             const char *name)
{
    const struct client *c, *first = NULL;

    if (!context_is_live(context) || name == NULL)
        return NULL;
    for (c = vmma__context_next(context, 0); c != NULL;
         c = vmma__context_next(context, context_slot_number(context, c) + 1))
        if (has_name(c, name) && (first == NULL || c->id < first->id))
            first = c;
    return first != NULL ? client_handle(first) : NULL;
}

/* ---- questions -------------------------------------------------------- */

size_t vmma_get_block_size(const struct vmma_context *context,
                           const void *address)
{
    struct place place;

    if (!context_is_live(context))
        return 0;
    place = vmma__locate(context, (uintptr_t)address);
    return place.status == VMMA_OK ? place.size : 0;
}

struct vmma_client *vmma_get_owner(const struct vmma_context *context,
                                   const void *address)
{
    struct place place;

    if (!context_is_live(context))
        return NULL;
    place = vmma__locate(context, (uintptr_t)address);
    return place.status == VMMA_OK ? client_handle(place.client) : NULL;
}

enum vmma_status vmma_find_block(const struct vmma_context *context,
                                 const void *address,
                                 struct vmma_block *block)
{
    struct place place;

    if (!context_is_live(context))
        return VMMA_E_CONTEXT;
    place = vmma__locate(context, (uintptr_t)address);
    if (place.status != VMMA_OK && place.status != VMMA_E_INTERIOR)
        return place.status;
    if (block != NULL) {
        block->client = client_handle(place.client);
        block->start = (void *)place.start;
        block->size = place.size;
    }
    return VMMA_OK;
}

/* ---- statistics ------------------------------------------------------- */

size_t vmma_get_total_size(const struct vmma_context *context)
{
    if (!context_is_live(context))
        return 0;
    return (size_t)context->pool.held << context->pool.space.granule_shift;
}

size_t vmma_get_client_total_size(const struct vmma_client *client)
{
    const struct client *c = readable_client(client);

    if (c == NULL)
        return 0;
    return (size_t)c->heap.held << client_pool(c)->space.granule_shift;
}

static size_t cached(const struct stats_count *n, size_t *bytes)
{
    if (bytes != NULL)
        *bytes = n->cached_size;
    return n->cached_blocks;
}

size_t vmma_populate_cached_blocks(const struct vmma_context *context,
                                   size_t *bytes)
{
    struct stats_count n = { 0, 0, 0, 0, 0 };

    if (context_is_live(context))
        vmma__stats_count_context(context, &n);
    return cached(&n, bytes);
}

size_t vmma_populate_client_cached_blocks(const struct vmma_client *client,
                                          size_t *bytes)
{
    const struct client *c = readable_client(client);
    struct stats_count n = { 0, 0, 0, 0, 0 };

    if (c != NULL)
        vmma__stats_count_client(c, &n);
    return cached(&n, bytes);
}

enum vmma_status vmma_get_stats(const struct vmma_context *context,
                                struct vmma_stats *stats)
{
    if (!context_is_live(context))
        return VMMA_E_CONTEXT;
    if (stats == NULL)
        return VMMA_E_NULL;
    if (!vmma__struct_is_known(stats, stats->size, sizeof *stats))
        return VMMA_E_STRUCT_SIZE;
    vmma__stats_of_context(context, stats);
    return VMMA_OK;
}

enum vmma_status vmma_populate_stats(const struct vmma_context *context,
                                     struct vmma_stats *stats)
{
    enum vmma_status status = vmma_get_stats(context, stats);
    struct stats_count n = { 0, 0, 0, 0, 0 };

    if (status != VMMA_OK)
        return status;
    vmma__stats_count_context(context, &n);
    stats->live_blocks = n.live_blocks;
    stats->live_size = n.live_size;
    stats->cached_blocks = n.cached_blocks;
    stats->cached_size = n.cached_size;
    return VMMA_OK;
}

enum vmma_status vmma_get_client_stats(const struct vmma_client *client,
                                       struct vmma_client_stats *stats)
{
    struct client *c;
    enum vmma_status status = vmma__context_client(client, &c);

    if (status != VMMA_OK)
        return status;
    if (stats == NULL)
        return VMMA_E_NULL;
    if (!vmma__struct_is_known(stats, stats->size, sizeof *stats))
        return VMMA_E_STRUCT_SIZE;
    vmma__stats_of_client(c, stats);
    return VMMA_OK;
}

enum vmma_status vmma_populate_client_stats(const struct vmma_client *client,
                                            struct vmma_client_stats *stats)
{
    enum vmma_status status = vmma_get_client_stats(client, stats);
    struct stats_count n = { 0, 0, 0, 0, 0 };

    if (status != VMMA_OK)
        return status;
    vmma__stats_count_client(client_of(client), &n);
    stats->live_blocks = n.live_blocks;
    stats->live_size = n.live_size;
    stats->cached_blocks = n.cached_blocks;
    stats->cached_size = n.cached_size;
    stats->free_size = n.free_size;
    return VMMA_OK;
}

enum vmma_status vmma_get_leak_report(const struct vmma_client *client,
                                      struct vmma_leak_report *report)
{
    struct client *c;
    enum vmma_status status = vmma__context_client(client, &c);

    if (status != VMMA_OK)
        return status;
    if (report == NULL)
        return VMMA_E_NULL;
    if (!vmma__struct_is_known(report, report->size, sizeof *report))
        return VMMA_E_STRUCT_SIZE;
    vmma__stats_leaks(c, report);
    return VMMA_OK;
}

/* ---- walks and checking ----------------------------------------------- */

enum vmma_status vmma_walk_clients(struct vmma_context *context,
                                   vmma_client_callback *callback, void *user)
{
    struct client *c;
    uint32_t before;

    if (!context_is_live(context))
        return VMMA_E_CONTEXT;
    if (callback == NULL)
        return VMMA_E_NULL;
    before = vmma__context_enter(context, NONE);
    c = vmma__context_next(context, 0);
    while (c != NULL && callback(user, client_handle(c)) == 0)
        c = vmma__context_next(context, context_slot_number(context, c) + 1);
    vmma__context_leave(context, before);
    return c != NULL ? VMMA_E_STOPPED : VMMA_OK;
}

enum vmma_status vmma_walk_blocks(struct vmma_client *client,
                                  vmma_block_callback *callback, void *user)
{
    struct client *c;
    enum vmma_status status = vmma__context_client(client, &c);
    uint32_t before;
    bool finished;

    if (status != VMMA_OK)
        return status;
    if (callback == NULL)
        return VMMA_E_NULL;
    before = vmma__context_enter(client_context(c), NONE);
    finished = vmma__walk_blocks(c, callback, user);
    vmma__context_leave(client_context(c), before);
    return finished ? VMMA_OK : VMMA_E_STOPPED;
}

const char *vmma_check(const struct vmma_context *context)
{
    if (!context_is_live(context))
        return "C1: not a live context";
    return vmma__check(context);
}
