/*
 * stats.c - filling in the public statistics.
 *
 * Precalculated are the numbers that the other rooms keep anyway, because
 * they decide by them; no fast path keeps a number for this room.  What the
 * fast paths could count is found by counting bits instead, when somebody
 * asks for it.
 */
#include "stats.h"

static size_t granule_bytes(const struct space *s, uint32_t granules)
{
    return (size_t)granules << s->granule_shift;
}

/* ---- precalculated ---------------------------------------------------- */

/* Does the slab under the hand or the next one have a block ready? */
static bool has_ready(const struct space *s, uint32_t ref)
{
    const struct record *r = space_at(s, ref), *next;

    if (ref == 0)
        return false;
    next = space_at(s, space_link_at(s, ref)->next);
    return (slab_idle(s, record_head(s, r), stamp_entry(r->stamp)) |
            slab_idle(s, record_head(s, next), stamp_entry(next->stamp))) != 0;
}

/* The largest class of which a block is found at once; 0 if none. */
static size_t largest_ready(const struct client *c)
{
    const struct space *s = &client_pool(c)->space;

    for (unsigned kind = CLASS_COUNT; kind > 0; kind--)
        if (has_ready(s, c->heap.current[kind - 1]))
            return s->class_size[kind];
    return 0;
}

static size_t largest_block(const struct client *c)
{
    const struct pool *p = client_pool(c);
    uint32_t granules = vmma__heap_largest(&c->heap, p);

    return granules != 0 ? granule_bytes(&p->space, granules)
                         : largest_ready(c);
}

void vmma__stats_of_client(const struct client *c,
                           struct vmma_client_stats *stats)
{
    const struct space *s = &client_pool(c)->space;

    *stats = (struct vmma_client_stats){
        .size = stats->size,
        .total_size = granule_bytes(s, c->heap.held),
        .peak_size = granule_bytes(s, c->heap.peak),
        .quota = c->quota,
        .soft_limit = c->soft_limit,
        .reservation = granule_bytes(s, c->heap.reserved),
        .arena_count = c->heap.arena_count,
        .failed_count = c->failed_count,
        .last_failed_size = c->last_failed_size,
        .last_failed_cause = (enum vmma_status)c->last_cause,
        .largest_block = largest_block(c),
    };
}

void vmma__stats_of_context(const struct vmma_context *ctx,
                            struct vmma_stats *stats)
{
    const struct pool *p = &ctx->pool;
    const struct space *s = &p->space;

    *stats = (struct vmma_stats){
        .size = stats->size,
        .block_bytes = ctx->size,
        .bookkeeping_size = ctx->size - granule_bytes(s, s->count),
        .capacity = granule_bytes(s, s->count),
        .total_size = granule_bytes(s, p->held),
        .peak_size = granule_bytes(s, p->peak),
        .free_size = granule_bytes(s, vmma__pool_free(p)),
        .largest_free = granule_bytes(s, vmma__pool_largest(p)),
        .touched_size = granule_bytes(s, s->scrubbed),
        .client_count = ctx->client_count,
        .max_clients = ctx->max_clients,
        .arena_count = p->arena_count,
        .alignment = ctx->alignment,
        .block_size = (size_t)1 << s->granule_shift,
        .smallest_block = (size_t)1 << s->unit_shift,
        .failed_count = ctx->failed_count,
        .last_failed_size = ctx->last_failed_size,
        .last_failed_cause = (enum vmma_status)ctx->last_failed_cause,
        .misuse_count = ctx->misuse_count,
    };
}

/* ---- populated -------------------------------------------------------- */

static bool count_piece(void *state, const struct client *c, uint32_t g,
                        unsigned entry)
{
    const struct space *s = &client_pool(c)->space;
    struct stats_count *n = state;
    unsigned kind = entry_kind(entry);

    if (class_is(kind)) {
        size_t size = s->class_size[kind];
        unsigned live = slab_live_count(s, g, entry);
        unsigned idle = slab_blocks(s, entry) - live;

        n->live_blocks += live;
        n->live_size += live * size;
        n->cached_blocks += idle;
        n->cached_size += idle * size;
    } else if (kind == KIND_LARGE) {
        n->live_blocks++;
        n->live_size += granule_bytes(s, large_count(s, g));
    } else if (kind == KIND_CACHED) {
        n->cached_blocks++;
        n->cached_size += granule_bytes(s, piece_count(s, g, entry));
    } else {
        n->free_size += granule_bytes(s, piece_count(s, g, entry));
    }
    return true;
}

void vmma__stats_count_client(const struct client *c, struct stats_count *n)
{
    vmma__walk_pieces(c, count_piece, n);
}

void vmma__stats_count_context(const struct vmma_context *ctx,
                               struct stats_count *n)
{
    const struct client *c = vmma__context_next(ctx, 0);

    for (; c != NULL;
         c = vmma__context_next(ctx, context_slot_number(ctx, c) + 1))
        vmma__stats_count_client(c, n);
}

/* ---- leaks ------------------------------------------------------------ */

static int count_leak(void *user, const struct vmma_block *block)
{
    struct vmma_leak_report *report = user;

    report->block_count++;
    report->byte_count += block->size;
    report->histogram[bits_log2_floor(block->size)]++;
    return 0;
}

void vmma__stats_leaks(const struct client *c, struct vmma_leak_report *report)
{
    *report = (struct vmma_leak_report){ .size = report->size };
    vmma__walk_blocks(c, count_leak, report);
}
