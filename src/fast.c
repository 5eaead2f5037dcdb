/*
 * fast.c - alloc and free, and the questions about one block: the calls that
 * run millions of times a second.
 *
 * Each does its common case here and jumps to the slow path for all others;
 * no common case calls anything.  The doors in struct space decide what is
 * common: a flag in force, a callback in progress and the end of the context
 * shut them.
 */
#include "fast.h"
#include "request.h"
#include "check.h"

static NOINLINE void *alloc_slow(struct vmma_client *client, size_t size)
{
    void *block = vmma__request_alloc(client, size, 1);

    AUDIT(block == NULL ||
          vmma__check(client_context(client_of(client))) == NULL);
    return block;
}

/* Above the size classes: a block of its length may be cached. */
static NOINLINE void *alloc_large(struct vmma_client *client, size_t size)
{
    struct client *c = client_of(client);
    struct pool *p = client_pool(c);
    size_t count = ((size - 1) >> p->space.granule_shift) + 1;
    uint32_t g = NONE;

    if (p->space.alloc_door != 0 && count <= p->space.capacity && size != 0)
        g = vmma__large_reuse(&c->heap, p, (uint32_t)count);
    if (g == NONE)
        return alloc_slow(client, size);
    return (void *)(space_heap(&p->space) +
                    ((uintptr_t)g << p->space.granule_shift));
}

/* The current slab is exhausted.  Once per slab, so still in a hurry. */
static NOINLINE void *alloc_next_slab(struct vmma_client *client, size_t size,
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
    size_t offset, units;
    unsigned kind;

    if (UNLIKELY(client == NULL || !client_is_named(c, client)))
        return alloc_slow(client, size);
    s = &client_pool(c)->space;
    units = (size - 1) >> s->unit_shift;
    if (UNLIKELY(units >= s->alloc_door))
        return alloc_large(client, size);
    kind = vmma__classes.of_units[units];
    if (UNLIKELY(!slab_pop(&c->heap, s, kind, &offset)))
        return alloc_next_slab(client, size, kind);
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
static NOINLINE enum vmma_status free_large(struct vmma_client *client,
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

enum vmma_status vmma_free_from(struct vmma_client *client, void *block)
{
    struct client *c = client_of(client);
    struct fast_block found;

    if (UNLIKELY(client == NULL || !client_is_named(c, client)))
        return free_slow(client, block);
    if (UNLIKELY(!fast_find(c, (uintptr_t)block, &found)))
        return free_large(client, block);
    found.record->freed |= UINT64_C(1) << found.index;
    found.record->stamp--;
    if (UNLIKELY(stamp_countdown(found.record->stamp) == 0))
        return vmma__request_slab_event(c, found.record);
    return VMMA_OK;
}

enum vmma_status vmma_free(struct vmma_context *context, void *block)
{
    return vmma__request_free(context, block);
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

    if (UNLIKELY(client == NULL || !client_is_named(c, client) ||
                 !fast_find(c, (uintptr_t)address, &found)))
        return size_slow(client, address);
    return client_pool(c)->space.class_size[entry_kind(
        stamp_entry(found.record->stamp))];
}

int vmma_test_address(const struct vmma_client *client, const void *address)
{
    const struct client *c = client_of(client);
    struct fast_block found;

    if (UNLIKELY(client == NULL || !client_is_named(c, client) ||
                 !fast_find(c, (uintptr_t)address, &found)))
        return size_slow(client, address) != 0;
    return 1;
}
