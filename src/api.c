/*
 * api.c - the functions of libvmma.h that change something, but for those of
 * fast.c: arguments are judged here, and the work is done below.
 */
#include "request.h"
#include "walk.h"

#include <string.h>

/* ---- judging handles -------------------------------------------------- */

/* A live context that may be changed. */
static enum vmma_status writable(const struct vmma_context *ctx)
{
    if (!context_is_live(ctx))
        return VMMA_E_CONTEXT;
    return ctx->busy != 0 ? VMMA_E_BUSY : VMMA_OK;
}

/* A live client that may be changed. */
static enum vmma_status writable_client(const struct vmma_client *handle,
                                        struct client **c)
{
    enum vmma_status status = vmma__context_client(handle, c);

    if (status != VMMA_OK)
        return status;
    return writable(client_context(*c));
}

/* ---- library ---------------------------------------------------------- */

const char *vmma_version(void)
{
    return VMMA_VERSION;
}

uint32_t vmma_get_supported_flags(void)
{
    return vmma__context_supported();
}

/* ---- context ---------------------------------------------------------- */

enum vmma_status vmma_required_size(const struct vmma_context_config *config,
                                    size_t capacity, size_t *required)
{
    if (required == NULL)
        return VMMA_E_NULL;
    return vmma__context_required(config, capacity, required);
}

enum vmma_status vmma_create_context(void *memory, size_t size,
                                     const struct vmma_context_config *config,
                                     struct vmma_context **context)
{
    return vmma__context_create(memory, size, config, context);
}

enum vmma_status vmma_delete_context(struct vmma_context *context)
{
    enum vmma_status status = writable(context);

    if (status == VMMA_OK)
        vmma__context_delete(context);
    return status;
}

enum vmma_status vmma_extend_context(struct vmma_context *context,
                                     size_t new_size)
{
    enum vmma_status status = writable(context);

    return status != VMMA_OK ? status
                             : vmma__context_extend(context, new_size);
}

uint32_t vmma_get_accepted_flags(const struct vmma_context *context)
{
    return context_is_live(context) ? context->flags : 0;
}

uint32_t vmma_set_flags(struct vmma_context *context, uint32_t flags)
{
    if (writable(context) == VMMA_OK)
        vmma__context_set_flags(context, flags);
    return vmma_get_accepted_flags(context);
}

enum vmma_status vmma_purge(struct vmma_context *context, size_t page_size,
                            vmma_purge_callback *callback, void *user)
{
    enum vmma_status status = writable(context);
    uint32_t before;

    if (status == VMMA_E_CONTEXT)
        return status;
    if (callback == NULL)
        return VMMA_E_NULL;
    if (!bits_is_power(page_size))
        return VMMA_E_PAGE_SIZE;
    if (status != VMMA_OK)
        return status;
    vmma__context_trim(context);
    before = vmma__context_enter(context, NONE);
    vmma__walk_free_pages(context, page_size, callback, user);
    vmma__context_leave(context, before);
    return VMMA_OK;
}

/* ---- client ----------------------------------------------------------- */

enum vmma_status vmma_create_client(struct vmma_context *context,
                                    const struct vmma_client_config *config,
                                    struct vmma_client **client)
{
    enum vmma_status status = writable(context);
    struct client *c;

    if (status == VMMA_E_CONTEXT)
        return status;
    if (client == NULL)
        return VMMA_E_NULL;
    if (status == VMMA_OK)
        status = vmma__context_create_client(context, config, &c);
    if (status == VMMA_OK)
        *client = client_handle(c);
    return status;
}

enum vmma_status vmma_delete_client(struct vmma_client *client)
{
    struct client *c;
    enum vmma_status status = writable_client(client, &c);

    if (status == VMMA_OK)
        vmma__context_delete_client(client_context(c), c);
    return status;
}

enum vmma_status vmma_reset_client(struct vmma_client *client)
{
    struct client *c;
    enum vmma_status status = writable_client(client, &c);

    if (status == VMMA_OK)
        vmma__context_reset_client(client_context(c), c);
    return status;
}

static size_t reserved_bytes(const struct client *c)
{
    return (size_t)c->heap.reserved << client_pool(c)->space.granule_shift;
}

enum vmma_status vmma_set_quota(struct vmma_client *client, size_t quota)
{
    struct client *c;
    enum vmma_status status = writable_client(client, &c);

    if (status != VMMA_OK)
        return status;
    if (client_limits_clash(quota, c->soft_limit, reserved_bytes(c)))
        return VMMA_E_LIMITS;
    vmma__client_limit(c, quota, c->soft_limit);
    if (c->heap.held > c->heap.ceiling)
        vmma__client_trim(c);
    return VMMA_OK;
}

enum vmma_status vmma_set_soft_limit(struct vmma_client *client,
                                     size_t soft_limit)
{
    struct client *c;
    enum vmma_status status = writable_client(client, &c);

    if (status != VMMA_OK)
        return status;
    if (client_limits_clash(c->quota, soft_limit, 0))
        return VMMA_E_LIMITS;
    vmma__client_limit(c, c->quota, soft_limit);
    return VMMA_OK;
}

enum vmma_status vmma_set_reservation(struct vmma_client *client,
                                      size_t reservation)
{
    struct client *c;
    enum vmma_status status = writable_client(client, &c);

    if (status != VMMA_OK)
        return status;
    status = vmma__context_reserve(client_context(c), c, reservation);
    if (status == VMMA_OK)
        vmma__heap_trim(&c->heap, client_pool(c));
    return status;
}

enum vmma_status vmma_reset_peak(struct vmma_client *client)
{
    struct client *c;
    enum vmma_status status = writable_client(client, &c);

    if (status == VMMA_OK)
        c->heap.peak = c->heap.held;
    return status;
}

/* ---- blocks ----------------------------------------------------------- */

void *vmma_calloc(struct vmma_client *client, size_t count, size_t size)
{
    size_t product;
    void *block;

    if (!bits_multiply(count, size, &product)) {
        vmma__request_fail(client, SIZE_MAX, VMMA_E_TOO_LARGE);
        return NULL;
    }
    block = vmma_alloc(client, product);
    if (block != NULL)
        memset(block, 0, product);
    return block;
}

void *vmma_aligned_alloc(struct vmma_client *client, size_t alignment,
                         size_t size)
{
    if (!bits_is_power(alignment)) {
        vmma__request_fail(client, size, VMMA_E_ALIGNMENT);
        return NULL;
    }
    return vmma__request_alloc(client, size, alignment);
}

enum vmma_status vmma_expand(struct vmma_client *client, void *block,
                             size_t size)
{
    return vmma__request_expand(client, block, size);
}

enum vmma_status vmma_get_last_error(const struct vmma_client *client)
{
    struct client *c;
    enum vmma_status status = vmma__context_client(client, &c);

    return status == VMMA_OK ? (enum vmma_status)c->last_cause : status;
}
