/*
 * request.c - the slow paths of alloc, realloc and free.
 *
 * A request that cannot be served at once is tried again after each of these,
 * in this order, as long as that may help:
 *
 *   the soft-limit callback, when growing would pass the soft limit;
 *   letting go of what the client itself keeps ready for reuse;
 *   letting go of what the other clients keep ready;
 *   the out-of-memory callback.
 *
 * Only then it fails, and all that it changed is counters and caches.
 */
#include "request.h"

#include <string.h>

/* What is asked for, in the library's own terms. */
struct wish {
    size_t size;                /* bytes, as asked for                        */
    size_t align;               /* of the address, in units                   */
    unsigned kind;              /* a class, or KIND_LARGE                     */
    struct large_shape shape;   /* KIND_LARGE                                 */
    struct heap_request request;
};

/* ---- telling the host ------------------------------------------------- */

static void tell(struct vmma_context *ctx, const struct vmma_event *event)
{
    uint32_t before;

    if (ctx->event == NULL)
        return;
    before = vmma__context_enter(ctx, NONE);
    ctx->event(ctx->user, event);
    vmma__context_leave(ctx, before);
}

static void count_failure(struct client *c, size_t size,
                          enum vmma_status cause)
{
    struct vmma_context *ctx = client_context(c);

    c->failed_count++;
    c->last_failed_size = size;
    c->last_cause = (uint8_t)cause;
    ctx->failed_count++;
    ctx->last_failed_size = size;
    ctx->last_failed_cause = cause;
}

static void fail(struct client *c, size_t size, enum vmma_status cause)
{
    struct vmma_context *ctx = client_context(c);
    struct vmma_event event = { .kind = VMMA_EVENT_FAILURE, .status = cause,
                                .context = ctx, .client = client_handle(c),
                                .wanted = size };

    count_failure(c, size, cause);
    if (ctx->busy == 0)
        tell(ctx, &event);
}

/* A bad pointer or handle.  `client` is the one named in the call, if any. */
static enum vmma_status misuse(struct vmma_context *ctx,
                               struct vmma_client *client,
                               enum vmma_status status, const void *address)
{
    struct vmma_event event = { .kind = VMMA_EVENT_MISUSE, .status = status,
                                .context = ctx, .client = client,
                                .address = address };
    struct place place = vmma__locate(ctx, (uintptr_t)address);

    if (place.client != NULL)
        event.owner = client_handle(place.client);
    ctx->misuse_count++;
    if (ctx->busy == 0)
        tell(ctx, &event);
    return status;
}

/* The client of a handle that is to allocate or free.  A dead one is misuse,
 * and told as long as its context lives. */
static enum vmma_status named_client(struct vmma_client *handle,
                                     struct client **client,
                                     const void *address)
{
    enum vmma_status status = vmma__context_client(handle, client);

    if (status == VMMA_E_DEAD_CLIENT) {
        struct vmma_context *ctx = client_context(client_of(handle));

        if (context_is_live(ctx))
            misuse(ctx, handle, status, address);
    }
    return status;
}

/* ---- fills (ZERO, POISON) --------------------------------------------- */

static void fill_allocated(const struct client *c, void *block, size_t size)
{
    uint32_t flags = client_context(c)->flags;

    if (VMMA_FEATURE_ZERO && (flags & VMMA_FLAG_ZERO) != 0)
        memset(block, 0, size);
    else if (VMMA_FEATURE_POISON && (flags & VMMA_FLAG_POISON) != 0)
        memset(block, VMMA_POISON_ALLOC, size);
}

static void fill_freed(const struct client *c, void *block, size_t size)
{
    uint32_t flags = client_context(c)->flags;

    if (VMMA_FEATURE_POISON && (flags & VMMA_FLAG_POISON) != 0)
        memset(block, VMMA_POISON_FREE, size);
}

/* ---- alloc ------------------------------------------------------------ */

/* The first class from `kind` on whose blocks all lie at multiples of `align`
 * units; KIND_LARGE if there is none. */
static unsigned class_from(const struct space *s, unsigned kind, size_t align)
{
    for (; class_is(kind) && vmma__classes.units[kind] <= s->class_units;
         kind++)
        if ((vmma__classes.units[kind] & (align - 1)) == 0)
            return kind;
    return KIND_LARGE;
}

/* The smallest class for so many units. */
static unsigned wish_class(const struct space *s, size_t units, size_t align)
{
    if (units > s->class_units)
        return KIND_LARGE;
    return class_from(s, vmma__classes.of_units[units - 1], align);
}

/* Units or granules that hold so many bytes; at least one. */
static size_t round_up_shift(size_t bytes, unsigned shift)
{
    return bytes == 0 ? 1 : ((bytes - 1) >> shift) + 1;
}

/* False if no context of this capacity could ever serve it. */
static bool make_wish(const struct space *s, size_t size, size_t alignment,
                      struct wish *w)
{
    size_t granule = (size_t)1 << s->granule_shift;
    size_t count = round_up_shift(size, s->granule_shift);
    size_t align = alignment <= granule ? 1 : alignment >> s->granule_shift;

    if (count > s->capacity || align > s->capacity ||
        count + align - 1 > s->capacity)
        return false;
    *w = (struct wish){ .size = size, .kind = KIND_LARGE,
                        .align = round_up_shift(alignment, s->unit_shift),
                        .shape = { (uint32_t)count, (uint32_t)align, false } };
    if (align == 1)
        w->kind = wish_class(s, round_up_shift(size, s->unit_shift), w->align);
    return true;
}

static void *try_small(struct client *c, struct wish *w)
{
    struct pool *p = client_pool(c);
    size_t offset;

    if (!slab_pop(&c->heap, &p->space, w->kind, &offset))
        offset = vmma__slab_alloc(&c->heap, p, w->kind, &w->request);
    return offset == SLAB_FAILED ? NULL
                                 : (void *)((uintptr_t)&p->space + offset);
}

static void *try_large(struct client *c, struct wish *w)
{
    struct pool *p = client_pool(c);
    uint32_t g = vmma__large_alloc(&c->heap, p, w->shape, &w->request);

    return g == NONE ? NULL
                     : (void *)(space_heap(&p->space) +
                                ((uintptr_t)g << p->space.granule_shift));
}

static void *try_now(struct client *c, struct wish *w)
{
    return w->kind == KIND_LARGE ? try_large(c, w) : try_small(c, w);
}

/* Growing would pass the soft limit: let the host free something. */
static void tell_soft_limit(struct client *c, size_t size)
{
    struct vmma_context *ctx = client_context(c);
    uint32_t before;

    if (ctx->soft_limit == NULL)
        return;
    before = vmma__context_enter(ctx, context_slot_number(ctx, c));
    ctx->soft_limit(ctx->user, client_handle(c), size);
    vmma__context_leave(ctx, before);
    vmma__large_trim(&c->heap, client_pool(c));
}

/* Once per request the soft limit is told, and then passed if need be. */
static void *try_once(struct client *c, struct wish *w)
{
    void *block = try_now(c, w);

    if (block == NULL && w->request.cause == VMMA_E_BUSY) {
        tell_soft_limit(c, w->size);
        block = try_now(c, w);
        w->request.pass_soft = true;
    }
    if (block == NULL && w->request.cause == VMMA_E_BUSY)
        block = try_now(c, w);
    return block;
}

/* Merge all that can be merged. */
static void *try_after_trim(struct client *c, struct wish *w)
{
    vmma__client_trim(c);
    return try_once(c, w);
}

/* Ask the host for memory; may it be tried again? */
static bool host_made_room(struct client *c, struct wish *w)
{
    struct vmma_context *ctx = client_context(c);
    uint32_t before;
    int again;

    if (ctx->out_of_memory == NULL)
        return false;
    before = vmma__context_enter(ctx, context_slot_number(ctx, c));
    again = ctx->out_of_memory(ctx->user, client_handle(c), w->size,
                               w->request.cause);
    vmma__context_leave(ctx, before);
    return again != 0;
}

/* There is no granule to be had, but slabs of larger classes may have blocks. */
static void *try_larger_classes(struct client *c, struct wish *w)
{
    const struct space *s = &client_pool(c)->space;
    enum vmma_status cause = w->request.cause;
    struct wish larger = *w;
    void *block = NULL;

    while (block == NULL && larger.kind != KIND_LARGE) {
        larger.kind = class_from(s, larger.kind + 1, w->align);
        if (larger.kind != KIND_LARGE)
            block = try_small(c, &larger);
    }
    if (block != NULL)
        *w = larger;
    w->request.cause = cause;
    return block;
}

/* Everything that can be done without asking the host for memory. */
static void *try_hard(struct client *c, struct wish *w)
{
    void *block = try_once(c, w);

    /* Above its quota a client would not get back what it lets go of. */
    if (block == NULL && c->heap.held > c->heap.ceiling)
        block = try_larger_classes(c, w);
    if (block == NULL)
        block = try_after_trim(c, w);
    if (block == NULL && w->request.cause != VMMA_E_QUOTA) {
        vmma__context_trim(client_context(c));
        block = try_once(c, w);
    }
    if (block == NULL)
        block = try_larger_classes(c, w);
    return block;
}

/* A block, or NULL and the cause; nothing is counted or told.  `grows` is for
 * large blocks (large.h). */
static void *allocate(struct client *c, size_t size, size_t alignment,
                      bool grows, enum vmma_status *cause)
{
    const struct space *s = &client_pool(c)->space;
    struct wish w;
    void *block;

    *cause = VMMA_E_TOO_LARGE;
    if (!make_wish(s, size, alignment, &w))
        return NULL;
    w.shape.grows = grows;
    block = try_hard(c, &w);
    if (block == NULL && host_made_room(c, &w))
        block = try_hard(c, &w);
    *cause = w.request.cause;
    if (block == NULL)
        return NULL;
    fill_allocated(c, block, w.kind == KIND_LARGE
                   ? (size_t)w.shape.count << s->granule_shift
                   : s->class_size[w.kind]);
    return block;
}

void vmma__request_fail(struct vmma_client *handle, size_t size,
                        enum vmma_status cause)
{
    struct client *c;

    if (named_client(handle, &c, NULL) == VMMA_OK)
        fail(c, size, cause);
}

void *vmma__request_alloc(struct vmma_client *handle, size_t size,
                          size_t alignment)
{
    enum vmma_status cause = VMMA_E_BUSY;
    void *block = NULL;
    struct client *c;

    if (named_client(handle, &c, NULL) != VMMA_OK)
        return NULL;
    if (client_context(c)->busy == 0)
        block = allocate(c, size, alignment, false, &cause);
    if (block == NULL)
        fail(c, size, cause);
    return block;
}

/* ---- free ------------------------------------------------------------- */

static void free_block(const struct place *place)
{
    struct client *c = place->client;
    struct pool *p = client_pool(c);

    struct record *r = space_record(&p->space, place->piece);

    fill_freed(c, (void *)place->start, place->size);
    if (place->kind == KIND_LARGE)
        vmma__large_free(&c->heap, p, place->piece);
    else if (!slab_push(r, place->index))
        vmma__slab_relist(&c->heap, p, r);
}

/* In a callback only the client that it was called for may be freed from. */
static bool may_free(const struct vmma_context *ctx, const struct client *c)
{
    return ctx->busy == 0 || ctx->may_free == context_slot_number(ctx, c);
}

/* The block at this address as the client sees it. */
static struct place own_place(const struct client *c, const void *block)
{
    struct place place = vmma__locate(client_context(c), (uintptr_t)block);

    if (place.status == VMMA_OK && place.client != c)
        place.status = VMMA_E_OTHER_CLIENT;
    return place;
}

enum vmma_status vmma__request_free_from(struct vmma_client *handle,
                                         void *block)
{
    enum vmma_status status;
    struct place place;
    struct client *c;

    status = named_client(handle, &c, block);
    if (status != VMMA_OK)
        return status;
    if (block == NULL)
        return VMMA_OK;
    if (!may_free(client_context(c), c))
        return VMMA_E_BUSY;
    place = own_place(c, block);
    if (place.status != VMMA_OK)
        return misuse(client_context(c), handle, place.status, block);
    free_block(&place);
    return VMMA_OK;
}

enum vmma_status vmma__request_free(struct vmma_context *ctx, void *block)
{
    struct place place;

    if (!context_is_live(ctx))
        return VMMA_E_CONTEXT;
    if (block == NULL)
        return VMMA_OK;
    if (ctx->busy != 0 && ctx->may_free == NONE)
        return VMMA_E_BUSY;
    place = vmma__locate(ctx, (uintptr_t)block);
    if (place.status != VMMA_OK)
        return misuse(ctx, NULL, place.status, block);
    if (!may_free(ctx, place.client))
        return VMMA_E_BUSY;
    free_block(&place);
    return VMMA_OK;
}

/* ---- resize ----------------------------------------------------------- */

/* Make the block at `place` at least `size` bytes where it is, giving back
 * whole granules that it does not need. */
static bool resize_in_place(const struct place *place, size_t size)
{
    struct pool *p = client_pool(place->client);
    size_t count = round_up_shift(size, p->space.granule_shift);

    if (place->kind != KIND_LARGE)
        return size <= place->size;
    return count <= p->space.capacity &&
           vmma__large_resize(&place->client->heap, p, place->piece,
                              (uint32_t)count);
}

/* What a block gains by growing where it is has the fill of a new one. */
static void fill_grown(const struct place *place, size_t size)
{
    const struct space *s = &client_pool(place->client)->space;
    size_t now = round_up_shift(size, s->granule_shift) << s->granule_shift;

    if (place->kind == KIND_LARGE && now > place->size)
        fill_allocated(place->client,
                       (void *)(place->start + place->size),
                       now - place->size);
}

/* Is it worth moving a block that shrinks to `size`?  When a small one would
 * be at most half as large, or a large one becomes small. */
static bool shrink_moves(const struct place *place, size_t size)
{
    const struct space *s = &client_pool(place->client)->space;

    if (place->kind == KIND_LARGE)
        return size <= (size_t)s->class_units << s->unit_shift;
    return round_up_shift(size, s->unit_shift) << s->unit_shift <=
           place->size / 2;
}

/* Move the block; NULL and the cause, with the old block as it was. */
static void *move_block(const struct place *place, size_t size,
                        enum vmma_status *cause)
{
    struct client *c = place->client;
    void *old = (void *)place->start;
    void *block = allocate(c, size, 1, place->kind == KIND_LARGE, cause);
    struct place again = own_place(c, old);

    if (block == NULL || block == old)
        return block;
    /* A callback may have freed what we are about to move. */
    if (again.status == VMMA_OK) {
        memcpy(block, old, size < again.size ? size : again.size);
        free_block(&again);
    }
    return block;
}

static void *shrink_block(const struct place *place, size_t size)
{
    struct client *c = place->client;
    const struct space *s = &client_pool(c)->space;
    struct wish w;
    void *block = NULL;

    if (shrink_moves(place, size) && make_wish(s, size, 1, &w))
        block = try_now(c, &w);
    if (block == NULL) {
        resize_in_place(place, size);
        return (void *)place->start;
    }
    fill_allocated(c, block,
                   s->class_size[w.kind]);
    memcpy(block, (void *)place->start, size);
    free_block(place);
    return block;
}

static void *resize_block(const struct place *place, size_t size,
                          enum vmma_status *cause)
{
    if (size <= place->size)
        return shrink_block(place, size);
    if (resize_in_place(place, size)) {
        fill_grown(place, size);
        return (void *)place->start;
    }
    return move_block(place, size, cause);
}

void *vmma__request_realloc(struct vmma_client *handle, void *block,
                            size_t size)
{
    enum vmma_status cause = VMMA_E_BUSY;
    struct place place;
    struct client *c;
    void *moved = NULL;

    if (block == NULL)
        return vmma__request_alloc(handle, size, 1);
    if (named_client(handle, &c, block) != VMMA_OK)
        return NULL;
    place = own_place(c, block);
    if (place.status != VMMA_OK) {
        count_failure(c, size, place.status);
        misuse(client_context(c), handle, place.status, block);
        return NULL;
    }
    if (client_context(c)->busy == 0)
        moved = resize_block(&place, size, &cause);
    if (moved == NULL)
        fail(c, size, cause);
    return moved;
}

enum vmma_status vmma__request_expand(struct vmma_client *handle, void *block,
                                      size_t size)
{
    enum vmma_status status;
    struct place place;
    struct client *c;

    status = named_client(handle, &c, block);
    if (status != VMMA_OK)
        return status;
    place = own_place(c, block);
    if (block == NULL)
        status = VMMA_E_NULL;
    else if (client_context(c)->busy != 0)
        status = VMMA_E_BUSY;
    else if (place.status != VMMA_OK)
        status = misuse(client_context(c), handle, place.status, block);
    else if (size > (size_t)client_pool(c)->space.capacity
                        << client_pool(c)->space.granule_shift)
        status = VMMA_E_TOO_LARGE;
    else if (!resize_in_place(&place, size))
        status = VMMA_E_NOT_IN_PLACE;
    else
        fill_grown(&place, size);
    if (status != VMMA_OK)
        count_failure(c, size, status);
    return status;
}
