/*
 * fast.c - alloc, realloc and free, and the questions about one block: the
 * calls that run millions of times a second.
 *
 * Each does its common case here and jumps to the slow path for all others;
 * no common case calls anything but memcpy.  The doors in struct space decide
 * what is common: a flag in force, a callback in progress and the end of the
 * context shut them.
 */
#include "fast.h"
#include "request.h"
#include "check.h"

#include <string.h>

static NOINLINE void *alloc_slow(struct vmma_client *client, size_t size)
{
    void *block = vmma__request_alloc(client, size, 1);

    AUDIT(block == NULL ||
          vmma__check(client_context(client_of(client))) == NULL);
    return block;
}

/* Above the size classes: a block of its length may be cached. */
static OUTLINE void *alloc_large(struct vmma_client *client, size_t size)
{
    struct client *c = client_of(client);
    struct pool *p = client_pool(c);
    size_t more = (size - 1) >> p->space.granule_shift; /* than one granule */
    uint32_t g, count = (uint32_t)more + 1;

    if (p->space.alloc_door == 0 || more >= p->space.capacity)
        return alloc_slow(client, size);
    g = vmma__large_reuse(&c->heap, p, count);
    if (g == NONE)
        g = vmma__large_new(&c->heap, p, count);
    if (g == NONE)
        return alloc_slow(client, size);
    AUDIT(vmma__check(client_context(c)) == NULL);
    return (void *)(space_heap(&p->space) +
                    ((uintptr_t)g << p->space.granule_shift));
}

/* The current slab is exhausted.  Once per slab, so still in a hurry. */
static OUTLINE void *alloc_next_slab(struct vmma_client *client, size_t size,
                                      unsigned kind)
{
    struct client *c = client_of(client);
    struct pool *p = client_pool(c);
    struct heap_request request = { 0, false, NONE, VMMA_OK };
    size_t offset = vmma__slab_alloc(&c->heap, p, kind, &request);

    if (offset == SLAB_FAILED)
        return alloc_slow(client, size);
    AUDIT(vmma__check(client_context(c)) == NULL);
    return (void *)((uintptr_t)&p->space + offset);
}

void *vmma_alloc(struct vmma_client *client, size_t size)
{
    struct client *c = client_of(client);
    struct space *s;
    size_t offset, units, kind;

    if (UNLIKELY(c == NULL || !client_is_named(c, client)))
        return alloc_slow(client, size);
    s = &client_pool(c)->space;
    units = (size - 1) >> s->unit_shift;
    if (UNLIKELY(units >= s->alloc_door))
        return alloc_large(client, size);
    kind = s->class_of[units];
    if (UNLIKELY(!slab_pop(&c->heap, s, kind, &offset)))
        return alloc_next_slab(client, size, (unsigned)kind);
    return (void *)((uintptr_t)s + offset);
}

static NOINLINE enum vmma_status free_slow(struct vmma_client *client,
                                           void *block)
{
    enum vmma_status status = vmma__request_free_from(client, block);

    AUDIT(status != VMMA_OK ||
          vmma__check(client_context(client_of(client))) == NULL);
    return status;
}

/* Not a live block in a slab of the live client. */
static OUTLINE enum vmma_status free_large(struct vmma_client *client,
                                            void *block)
{
    struct client *c = client_of(client);
    uint32_t g = fast_find_large(c, (uintptr_t)block);

    if (g == NONE)
        return free_slow(client, block);
    vmma__large_free(&c->heap, client_pool(c), g);
    AUDIT(vmma__check(client_context(c)) == NULL);
    return VMMA_OK;
}

/* The first block of a full slab came back. */
static OUTLINE enum vmma_status relist(struct client *c, struct record *r)
{
    vmma__slab_relist(&c->heap, client_pool(c), r);
    return VMMA_OK;
}

enum vmma_status vmma_free_from(struct vmma_client *client, void *block)
{
    struct client *c = client_of(client);
    struct fast_block found;

    if (UNLIKELY(c == NULL || !client_is_named(c, client)))
        return free_slow(client, block);
    if (UNLIKELY(!fast_find(c, (uintptr_t)block, &found)))
        return free_large(client, block);
    return slab_push(found.record, found.index) ? VMMA_OK
                                                : relist(c, found.record);
}

enum vmma_status vmma_free(struct vmma_context *context, void *block)
{
    struct fast_block found;
    const struct space *s;
    struct client *c;
    struct record *r;
    size_t offset;

    if (UNLIKELY(!context_is_live(context)))
        return VMMA_E_CONTEXT;
    s = &context->pool.space;
    offset = (uintptr_t)block - (uintptr_t)s;
    r = fast_record(s, offset);
    c = context_owner(context, r->stamp);
    if (UNLIKELY(c == NULL || !fast_index(s, r, offset, &found)))
        return vmma__request_free(context, block);
    return slab_push(found.record, found.index) ? VMMA_OK
                                                : relist(c, found.record);
}

/* A large block that stays one, where it is.  "No" is not an answer: the slow
 * path has to look. */
static bool resize_large(struct vmma_client *client, void *block, size_t size)
{
    struct client *c = client_of(client);
    struct pool *p;
    size_t more;
    uint32_t g;

    if (c == NULL || !client_is_named(c, client))
        return false;
    p = client_pool(c);
    more = (size - 1) >> p->space.granule_shift; /* than one granule */
    if ((size - 1) >> p->space.unit_shift < p->space.alloc_door ||
        more >= p->space.capacity)
        return false;
    g = fast_find_large(c, (uintptr_t)block);
    return g != NONE &&
           vmma__large_resize(&c->heap, p, g, (uint32_t)more + 1);
}

static NOINLINE void *realloc_slow(struct vmma_client *client, void *block,
                                   size_t size)
{
    void *moved = block;

    if (!resize_large(client, block, size))
        moved = vmma__request_realloc(client, block, size);
    AUDIT(moved == NULL ||
          vmma__check(client_context(client_of(client))) == NULL);
    return moved;
}

/* From one size class to another, or within one, when the new one's current
 * slab has a block. */
void *vmma_realloc(struct vmma_client *client, void *block, size_t size)
{
    struct client *c = client_of(client);
    struct fast_block found;
    struct space *s;
    size_t offset, units, have;
    void *moved;

    if (UNLIKELY(c == NULL || !client_is_named(c, client) ||
                 !fast_find(c, (uintptr_t)block, &found)))
        return realloc_slow(client, block, size);
    s = &client_pool(c)->space;
    units = (size - 1) >> s->unit_shift;
    if (UNLIKELY(units >= s->alloc_door))
        return realloc_slow(client, block, size);
    have = fast_size(s, &found);
    if (size <= have && have < (units + 1) << s->unit_shift << 1)
        return block;
    if (UNLIKELY(!slab_pop(&c->heap, s, s->class_of[units], &offset)))
        return realloc_slow(client, block, size);
    moved = (void *)((uintptr_t)s + offset);
    memcpy(moved, block, size < have ? size : have);
    if (!slab_push(found.record, found.index))
        relist(c, found.record);
    return moved;
}

/* ---- questions -------------------------------------------------------- */

static NOINLINE size_t size_slow(const struct vmma_client *client,
                                 const void *address)
{
    struct place place;
    struct client *c;

    if (vmma__context_client(client, &c) != VMMA_OK)
        return 0;
    place = vmma__locate(client_context(c), (uintptr_t)address);
    return place.status == VMMA_OK && place.client == c ? place.size : 0;
}

size_t vmma_get_size(const struct vmma_client *client, const void *address)
{
    const struct client *c = client_of(client);
    struct fast_block found;

    if (UNLIKELY(c == NULL || !client_is_named(c, client) ||
                 !fast_find(c, (uintptr_t)address, &found)))
        return size_slow(client, address);
    return fast_size(&client_pool(c)->space, &found);
}

int vmma_test_address(const struct vmma_client *client, const void *address)
{
    const struct client *c = client_of(client);
    struct fast_block found;

    if (UNLIKELY(c == NULL || !client_is_named(c, client) ||
                 !fast_find(c, (uintptr_t)address, &found)))
        return size_slow(client, address) != 0;
    return 1;
}
