/*
 * context.h - one context: the pool, the table of clients, the host's
 * callbacks, and what is allowed at the moment.
 */
#ifndef VMMA_CONTEXT_H
#define VMMA_CONTEXT_H

#include "client.h"

#define CONTEXT_MAGIC UINT64_C(0x31414d4d56626c78)

struct vmma_context {
    struct pool pool;           /* first: a context's address is its pool's   */
    uint64_t magic;             /* CONTEXT_MAGIC while it lives               */

    /* fixed at creation, but for size */
    size_t pad;                 /* bytes of the block before this struct      */
    size_t size;                /* of the block, as given                     */
    size_t max_size;
    size_t slots;               /* offset of the table                        */
    uint32_t max_clients;
    uint32_t alignment;

    /* the table */
    uint32_t slots_used;        /* slots from here on were never used         */
    uint32_t client_count;      /* live ones                                  */
    uint32_t dead_count;        /* queue of dead slots, oldest first          */
    uint32_t dead_first, dead_last;
    uint64_t last_id;
    uint32_t last_serial;       /* of the token that was made last            */

    /* what is allowed */
    uint32_t flags;             /* VMMA_FLAG_... in force                     */
    uint32_t busy;              /* depth of callbacks in progress             */
    uint32_t may_free;          /* slot that may free in them, or NONE        */

    /* The host's own.  Function pointers mean something in one process only;
     * they are the one exception to "no absolute address in the block". */
    vmma_event_callback *event;
    vmma_soft_limit_callback *soft_limit;
    vmma_out_of_memory_callback *out_of_memory;
    void *user;

    /* counters */
    size_t failed_count;
    size_t last_failed_size;
    size_t misuse_count;
    uint32_t last_failed_cause;
};

/* Is a caller's struct, which says to be `size` bytes, one that we know:
 * `known` bytes, and all bytes beyond them zero? */
bool vmma__struct_is_known(const void *bytes, size_t size, size_t known);

/* ---- handles ---------------------------------------------------------- */

/* Is it a live context?  Safe for NULL and for what was once returned. */
static inline bool context_is_live(const struct vmma_context *ctx)
{
    return ctx != NULL &&
           ((uintptr_t)ctx & (LAYOUT_SLOT_SIZE - 1)) == 0 &&
           ctx->magic == CONTEXT_MAGIC;
}

static inline struct client *context_slot(const struct vmma_context *ctx,
                                          uint32_t slot)
{
    return (struct client *)((uintptr_t)ctx + ctx->slots +
                             (size_t)slot * LAYOUT_SLOT_SIZE);
}

static inline uint32_t context_slot_number(const struct vmma_context *ctx,
                                           const struct client *c)
{
    return (uint32_t)((c->context - ctx->slots) / LAYOUT_SLOT_SIZE);
}

static inline struct vmma_context *client_context(const struct client *c)
{
    return (struct vmma_context *)((uintptr_t)c - c->context);
}

/* The live client that a stamp names, or NULL. */
static inline struct client *context_owner(const struct vmma_context *ctx,
                                           uint64_t stamp)
{
    uint32_t slot = stamp_slot(stamp);
    struct client *c;

    if (slot >= ctx->slots_used)
        return NULL;
    c = context_slot(ctx, slot);
    return c->state == CLIENT_LIVE && c->heap.token == stamp_token(stamp)
               ? c : NULL;
}

/* What a handle is: VMMA_OK and the client, VMMA_E_NULL or
 * VMMA_E_DEAD_CLIENT, also when its context was deleted. */
enum vmma_status vmma__context_client(const struct vmma_client *handle,
                                      struct client **client);

/* ---- life ------------------------------------------------------------- */

enum vmma_status vmma__context_create(void *memory, size_t size,
                                      const struct vmma_context_config *config,
                                      struct vmma_context **context);
void vmma__context_delete(struct vmma_context *ctx);
enum vmma_status vmma__context_extend(struct vmma_context *ctx, size_t size);

/* The flags that this build supports. */
uint32_t vmma__context_supported(void);
void vmma__context_set_flags(struct vmma_context *ctx, uint32_t flags);

/* Bytes of block that `capacity` bytes of arenas need, wherever it lies. */
enum vmma_status
vmma__context_required(const struct vmma_context_config *config,
                       size_t capacity, size_t *required);

/* ---- clients ---------------------------------------------------------- */

enum vmma_status
vmma__context_create_client(struct vmma_context *ctx,
                            const struct vmma_client_config *config,
                            struct client **client);
void vmma__context_delete_client(struct vmma_context *ctx, struct client *c);

/* Reclaim all and begin again.  The reservation is had again, from what the
 * client gave back. */
void vmma__context_reset_client(struct vmma_context *ctx, struct client *c);

/* See that the client holds so many bytes, rounded up to granules, from now
 * on, at the cost of what others keep ready for reuse if need be.
 * VMMA_E_LIMITS or VMMA_E_EXHAUSTED, with nothing changed but caches. */
enum vmma_status vmma__context_reserve(struct vmma_context *ctx,
                                       struct client *c, size_t bytes);

/* Let go of all that any client keeps ready for reuse. */
void vmma__context_trim(struct vmma_context *ctx);

/* The next live client in a slot of at least `slot`; NULL if none. */
struct client *vmma__context_next(const struct vmma_context *ctx,
                                  uint32_t slot);

/* ---- callbacks -------------------------------------------------------- */

/* A callback begins and ends.  Meanwhile the doors are shut; `may_free` is
 * the slot that may free, or NONE. */
uint32_t vmma__context_enter(struct vmma_context *ctx, uint32_t may_free);
void vmma__context_leave(struct vmma_context *ctx, uint32_t before);

#endif
