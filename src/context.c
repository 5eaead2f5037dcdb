/*
 * context.c - one context: the pool, the table of clients, the host's
 * callbacks, and what is allowed at the moment.
 *
 * Slots are used in the order of the table, and again, oldest death first,
 * when QUEUE_LEAST of them are dead or the table is full: so a handle is
 * recognised as dead for long after its client's end.
 *
 *   C1  the header's numbers are those that the layout gives for its size.
 *   C2  the live slots are client_count, the dead ones dead_count, together
 *       slots_used; the queue holds each dead slot once.
 *   C3  the doors are open exactly when no callback is in progress and no
 *       flag is in force.
 */
#include "context.h"

#include <string.h>

_Static_assert(sizeof(struct vmma_context) <= SPACE_MAP,
               "the map begins behind the context");

enum { QUEUE_LEAST = 16, STRUCT_TAIL_MAX = 4096 };

/* ---- structs that grow ------------------------------------------------ */

bool vmma__struct_is_known(const void *bytes, size_t size, size_t known)
{
    const unsigned char *tail = bytes;

    if (size < known || size > known + STRUCT_TAIL_MAX)
        return false;
    for (size_t i = known; i < size; i++)
        if (tail[i] != 0)
            return false;
    return true;
}

/* ---- creation --------------------------------------------------------- */

uint32_t vmma__context_supported(void)
{
    return (VMMA_FEATURE_ZERO ? VMMA_FLAG_ZERO : 0) |
           (VMMA_FEATURE_POISON ? VMMA_FLAG_POISON : 0);
}

/* Judge a configuration for a block of this size, and complete it. */
static enum vmma_status make_wish(const struct vmma_context_config *config,
                                  uintptr_t address, size_t size,
                                  struct layout_wish *wish)
{
    enum vmma_status status;

    if (!vmma__struct_is_known(config, config->size, sizeof *config))
        return VMMA_E_STRUCT_SIZE;
    wish->address = address;
    wish->size = size;
    wish->max_size = config->max_size;
    wish->alignment = config->alignment;
    wish->granule = config->block_size;
    wish->max_clients = config->max_clients;
    status = vmma__layout_default(wish);
    if (status != VMMA_OK)
        return status;
    return (config->flags & ~vmma__context_supported()) != 0 ? VMMA_E_FLAGS
                                                              : VMMA_OK;
}

static void init_space(struct space *s, const struct layout *l)
{
    s->heap = l->heap;
    s->record = l->record;
    s->link = l->link;
    s->arena = l->arena;
    s->stripe = l->stripe;
    s->unit_shift = (uint8_t)l->unit_shift;
    s->step_shift = (uint8_t)(l->unit_shift - 1);
    s->granule_shift = (uint8_t)l->granule_shift;
    s->granule_unit_shift = (uint8_t)(l->granule_shift - l->unit_shift);
    s->count = l->count;
    s->capacity = l->capacity;
    s->class_units = (uint32_t)2 << s->granule_unit_shift;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        s->class_size[kind] = (uint32_t)vmma__classes.units[kind]
                              << s->unit_shift;
    memcpy(s->class_of, vmma__classes.of_units, sizeof s->class_of);
    vmma__slab_init(s);
    space_set_doors(s);
}

static void init_context(struct vmma_context *ctx,
                         const struct layout_wish *wish,
                         const struct layout *layout,
                         const struct vmma_context_config *config)
{
    memset(ctx, 0, sizeof *ctx);
    init_space(&ctx->pool.space, layout);
    vmma__pool_init(&ctx->pool);
    ctx->pad = layout->pad;
    ctx->size = wish->size;
    ctx->max_size = wish->max_size;
    ctx->slots = layout->slots;
    ctx->max_clients = (uint32_t)wish->max_clients;
    ctx->alignment = (uint32_t)wish->alignment;
    ctx->dead_first = ctx->dead_last = ctx->may_free = NONE;
    ctx->event = config->event;
    ctx->soft_limit = config->soft_limit;
    ctx->out_of_memory = config->out_of_memory;
    ctx->user = config->user;
    vmma__context_set_flags(ctx, config->flags);
    ctx->magic = CONTEXT_MAGIC;
}

enum vmma_status vmma__context_create(void *memory, size_t size,
                                      const struct vmma_context_config *config,
                                      struct vmma_context **context)
{
    static const struct vmma_context_config defaults = VMMA_CONTEXT_CONFIG_INIT;
    struct layout_wish wish;
    struct layout layout;
    enum vmma_status status;

    if (memory == NULL || context == NULL)
        return VMMA_E_NULL;
    if (config == NULL)
        config = &defaults;
    status = make_wish(config, (uintptr_t)memory, size, &wish);
    if (status == VMMA_OK)
        status = vmma__layout_compute(&wish, &layout);
    if (status != VMMA_OK)
        return status;
    *context = (struct vmma_context *)((uintptr_t)memory + layout.pad);
    init_context(*context, &wish, &layout, config);
    return VMMA_OK;
}

void vmma__context_delete(struct vmma_context *ctx)
{
    ctx->magic = 0;
    ctx->pool.space.shut = 1;
    space_set_doors(&ctx->pool.space);
}

enum vmma_status vmma__context_extend(struct vmma_context *ctx, size_t size)
{
    const struct space *s = &ctx->pool.space;
    size_t count;

    if (size < ctx->size)
        return VMMA_E_SIZE_TOO_SMALL;
    if (size > ctx->max_size)
        return VMMA_E_MAX_SIZE;
    count = (size - ctx->pad - s->heap) >> s->granule_shift;
    vmma__pool_extend(&ctx->pool, count < s->capacity ? (uint32_t)count
                                                      : s->capacity);
    ctx->size = size;
    return VMMA_OK;
}

/* ---- how large must the block be? ------------------------------------- */

/* Granules that a block of this size has where it is placed worst. */
static enum vmma_status worst_count(const struct vmma_context_config *config,
                                    size_t size, uint32_t *count)
{
    struct layout_wish wish;
    struct layout layout;
    enum vmma_status status = make_wish(config, 1, size, &wish);

    if (status == VMMA_OK)
        status = vmma__layout_compute(&wish, &layout);
    if (status != VMMA_OK)
        return status;
    /* A byte less than a granule is lost before the heap at worst; at this
     * address some of it is lost already, so one granule covers the rest. */
    *count = layout.count - 1;
    return VMMA_OK;
}

/* Errors that a larger block cures. */
static bool is_too_small(enum vmma_status status)
{
    return status == VMMA_E_BLOCK_SIZE_TOO_LARGE ||
           status == VMMA_E_BOOKKEEPING || status == VMMA_E_SIZE_TOO_SMALL;
}

static bool size_suffices(const struct vmma_context_config *config,
                          size_t size, size_t granules,
                          enum vmma_status *status)
{
    struct vmma_context_config at = *config;
    uint32_t count = 0;

    at.size = sizeof at;
    if (at.max_size < size)
        at.max_size = 0;
    *status = worst_count(&at, size, &count);
    return *status == VMMA_OK && count >= granules;
}

/* The smallest block, to 64 bytes, that has so many granules. */
static enum vmma_status
search_size(const struct vmma_context_config *config, size_t granules,
            size_t *required)
{
    size_t low = 0, high = 4096;
    enum vmma_status status;

    while (!size_suffices(config, high, granules, &status)) {
        if (status != VMMA_OK && !is_too_small(status))
            return status;
        if (high > SIZE_MAX / 2)
            return VMMA_E_SIZE_TOO_LARGE;
        low = high;
        high *= 2;
    }
    while (high - low > 64) {
        size_t middle = low + (high - low) / 2;

        if (size_suffices(config, middle, granules, &status))
            high = middle;
        else
            low = middle;
    }
    *required = high;
    return VMMA_OK;
}

enum vmma_status
vmma__context_required(const struct vmma_context_config *config,
                       size_t capacity, size_t *required)
{
    static const struct vmma_context_config defaults = VMMA_CONTEXT_CONFIG_INIT;
    struct layout_wish wish;
    enum vmma_status status;
    size_t granules;

    if (config == NULL)
        config = &defaults;
    status = make_wish(config, 1, SIZE_MAX / 4, &wish);
    if (status != VMMA_OK && status != VMMA_E_MAX_SIZE)
        return status;
    granules = capacity / wish.granule + (capacity % wish.granule != 0);
    if (granules < ARENA_GRANULES_MIN)
        granules = ARENA_GRANULES_MIN;
    return search_size(config, granules, required);
}

/* ---- what is allowed -------------------------------------------------- */

static void context_set_doors(struct vmma_context *ctx)
{
    ctx->pool.space.shut = ctx->busy != 0 || ctx->flags != 0;
    space_set_doors(&ctx->pool.space);
}

void vmma__context_set_flags(struct vmma_context *ctx, uint32_t flags)
{
    ctx->flags = flags & vmma__context_supported();
    context_set_doors(ctx);
}

uint32_t vmma__context_enter(struct vmma_context *ctx, uint32_t may_free)
{
    uint32_t before = ctx->may_free;

    ctx->busy++;
    ctx->may_free = may_free;
    context_set_doors(ctx);
    return before;
}

void vmma__context_leave(struct vmma_context *ctx, uint32_t before)
{
    ctx->busy--;
    ctx->may_free = before;
    context_set_doors(ctx);
}

/* ---- the table -------------------------------------------------------- */

enum vmma_status vmma__context_client(const struct vmma_client *handle,
                                      struct client **client)
{
    struct client *c = client_of(handle);

    if (handle == NULL)
        return VMMA_E_NULL;
    if (!client_is_named(c, handle) || c->state != CLIENT_LIVE ||
        !context_is_live(client_context(c)))
        return VMMA_E_DEAD_CLIENT;
    *client = c;
    return VMMA_OK;
}

struct client *vmma__context_next(const struct vmma_context *ctx,
                                  uint32_t slot)
{
    for (; slot < ctx->slots_used; slot++)
        if (context_slot(ctx, slot)->state == CLIENT_LIVE)
            return context_slot(ctx, slot);
    return NULL;
}

/* The slot that the next client gets, or NONE.  Nothing changes yet. */
static uint32_t table_choose(const struct vmma_context *ctx)
{
    bool fresh = ctx->slots_used < ctx->max_clients;

    if (ctx->dead_count != 0 && (ctx->dead_count >= QUEUE_LEAST || !fresh))
        return ctx->dead_first;
    return fresh ? ctx->slots_used : NONE;
}

/* The chosen slot is taken. */
static void table_take(struct vmma_context *ctx, uint32_t slot)
{
    if (slot == ctx->slots_used) {
        ctx->slots_used++;
    } else {
        ctx->dead_first = context_slot(ctx, slot)->next_dead;
        if (ctx->dead_first == NONE)
            ctx->dead_last = NONE;
        ctx->dead_count--;
    }
    ctx->client_count++;
}

static void table_give(struct vmma_context *ctx, uint32_t slot)
{
    context_slot(ctx, slot)->next_dead = NONE;
    if (ctx->dead_last != NONE)
        context_slot(ctx, ctx->dead_last)->next_dead = slot;
    else
        ctx->dead_first = slot;
    ctx->dead_last = slot;
    ctx->dead_count++;
    ctx->client_count--;
}

/* A slot that was never used may hold anything. */
static void slot_prepare(struct vmma_context *ctx, uint32_t slot)
{
    struct client *c = context_slot(ctx, slot);

    if (slot < ctx->slots_used)
        return;
    memset(c, 0, sizeof *c);
    c->context = ctx->slots + (size_t)slot * LAYOUT_SLOT_SIZE;
    c->next_dead = NONE;
}

/*
 * The serials are used up.  All tokens begin again: live clients get the
 * numbers of their slots, and stamps of the dead, which may still lie about,
 * are erased.  Once in 2^32 lives.
 */
static void context_renumber(struct vmma_context *ctx)
{
    struct space *s = &ctx->pool.space;
    struct client *c;

    for (uint32_t g = 0; g < s->scrubbed; g++) {
        struct record *r = space_record(s, g);

        if (stamp_token(r->stamp) == 0)
            continue;
        c = context_owner(ctx, r->stamp);
        r->stamp = c == NULL ? 0
                             : stamp_make(token_make(stamp_slot(r->stamp) + 1,
                                                     stamp_slot(r->stamp)),
                                          stamp_entry(r->stamp));
    }
    for (c = vmma__context_next(ctx, 0); c != NULL;
         c = vmma__context_next(ctx, context_slot_number(ctx, c) + 1)) {
        uint32_t slot = context_slot_number(ctx, c);

        c->heap.token = token_make(slot + 1, slot);
    }
    ctx->last_serial = ctx->max_clients;
}

static void slot_begin(struct vmma_context *ctx, uint32_t slot)
{
    if (ctx->last_serial == UINT32_MAX)
        context_renumber(ctx);
    vmma__client_begin(context_slot(ctx, slot),
                       token_make(++ctx->last_serial, slot));
}

/* ---- clients ---------------------------------------------------------- */

/* Bytes in whole granules. */
static size_t whole_granules(const struct vmma_context *ctx, size_t bytes)
{
    size_t granule = (size_t)1 << ctx->pool.space.granule_shift;

    return bytes > SIZE_MAX - granule ? SIZE_MAX
                                      : bits_align_up(bytes, granule);
}

static enum vmma_status judge_client(const struct vmma_context *ctx,
                                     const struct vmma_client_config *config)
{
    size_t length = 0;

    if (!vmma__struct_is_known(config, config->size, sizeof *config))
        return VMMA_E_STRUCT_SIZE;
    if (config->parent != NULL)
        return VMMA_E_RESERVED;
    while (config->name != NULL && config->name[length] != '\0')
        if (++length > VMMA_NAME_MAX)
            return VMMA_E_NAME;
    if (client_limits_clash(config->quota, config->soft_limit,
                            whole_granules(ctx, config->reservation)))
        return VMMA_E_LIMITS;
    return VMMA_OK;
}

enum vmma_status vmma__context_reserve(struct vmma_context *ctx,
                                       struct client *c, size_t bytes)
{
    size_t whole = whole_granules(ctx, bytes);
    size_t count = whole >> ctx->pool.space.granule_shift;

    if (client_limits_clash(c->quota, 0, whole))
        return VMMA_E_LIMITS;
    if (count > ctx->pool.space.count)
        return VMMA_E_EXHAUSTED;
    if (vmma__heap_reserve(&c->heap, &ctx->pool, (uint32_t)count))
        return VMMA_OK;
    vmma__context_trim(ctx);
    return vmma__heap_reserve(&c->heap, &ctx->pool, (uint32_t)count)
               ? VMMA_OK : VMMA_E_EXHAUSTED;
}

enum vmma_status
vmma__context_create_client(struct vmma_context *ctx,
                            const struct vmma_client_config *config,
                            struct client **client)
{
    static const struct vmma_client_config defaults = VMMA_CLIENT_CONFIG_INIT;
    uint32_t slot = table_choose(ctx);
    enum vmma_status status;
    struct client *c;

    if (config == NULL)
        config = &defaults;
    status = judge_client(ctx, config);
    if (status != VMMA_OK)
        return status;
    if (slot == NONE)
        return VMMA_E_TOO_MANY_CLIENTS;
    slot_prepare(ctx, slot);
    c = context_slot(ctx, slot);
    c->quota = config->quota;
    c->soft_limit = config->soft_limit;
    slot_begin(ctx, slot);
    status = vmma__context_reserve(ctx, c, config->reservation);
    if (status != VMMA_OK)
        return status;
    table_take(ctx, slot);
    c->id = ++ctx->last_id;
    c->user = (uintptr_t)config->user;
    vmma__client_set_name(c, config->name);
    c->state = CLIENT_LIVE;
    c->last_generation = (uint8_t)(c->last_generation % CLIENT_GENERATIONS + 1);
    c->generation = c->last_generation;
    *client = c;
    return VMMA_OK;
}

void vmma__context_delete_client(struct vmma_context *ctx, struct client *c)
{
    vmma__heap_release(&c->heap, &ctx->pool);
    c->state = CLIENT_DEAD;
    c->generation = 0;
    table_give(ctx, context_slot_number(ctx, c));
}

void vmma__context_reset_client(struct vmma_context *ctx, struct client *c)
{
    uint32_t reserved = c->heap.reserved;
    bool had;

    vmma__heap_release(&c->heap, &ctx->pool);
    slot_begin(ctx, context_slot_number(ctx, c));
    had = vmma__heap_reserve(&c->heap, &ctx->pool, reserved);
    INSIST(had);
    (void)had;
}

void vmma__context_trim(struct vmma_context *ctx)
{
    struct client *c = vmma__context_next(ctx, 0);

    for (; c != NULL;
         c = vmma__context_next(ctx, context_slot_number(ctx, c) + 1))
        vmma__client_trim(c);
}
