/*
 * client.h - a client's slot: who it is, its limits, its heap.
 *
 * Slots lie in a table in the bookkeeping and stay slots for as long as the
 * context lives.  A handle is a slot's address with the slot's generation in
 * its low bits, so a dead client's handle is told by one compare.
 */
#ifndef VMMA_CLIENT_H
#define VMMA_CLIENT_H

#include "layout.h"
#include "heap.h"
#include "slab.h"
#include "large.h"

enum {
    CLIENT_GENERATIONS = 255    /* 1..255, so no handle is a bare address     */
};

enum client_state { CLIENT_DEAD, CLIENT_LIVE };

struct client {
    size_t context;             /* bytes from the context to this slot        */
    uint8_t generation;         /* of the live handle; 0 when dead            */
    uint8_t last_generation;    /* of the handle that was made last           */
    struct heap heap;
    uint64_t id;
    size_t quota, soft_limit;   /* in bytes, as the host gave them; 0: none   */
    size_t failed_count;
    size_t last_failed_size;
    uint32_t next_dead;         /* slot that died next, or NONE               */
    uint8_t state;              /* enum client_state                          */
    uint8_t last_cause;         /* enum vmma_status of the last failure       */
    char name[VMMA_NAME_MAX + 1];
    uintptr_t user;             /* the host's own                             */
};

_Static_assert(sizeof(struct client) <= LAYOUT_SLOT_SIZE, "a slot is 512 bytes");

static inline struct client *client_of(const struct vmma_client *handle)
{
    return (struct client *)((uintptr_t)handle &
                             ~(uintptr_t)(LAYOUT_SLOT_SIZE - 1));
}

static inline struct vmma_client *client_handle(const struct client *c)
{
    return (struct vmma_client *)((uintptr_t)c + c->generation);
}

/* Does the handle name the slot's present client?  The slot must exist.  One
 * byte tells, which is one instruction. */
static inline bool client_is_named(const struct client *c,
                                   const struct vmma_client *handle)
{
    return c->generation == (uint8_t)(uintptr_t)handle;
}

static inline struct pool *client_pool(const struct client *c)
{
    return (struct pool *)((uintptr_t)c - c->context);
}

/* A configuration's limits contradict each other. */
static inline bool client_limits_clash(size_t quota, size_t soft,
                                       size_t reservation)
{
    return quota != 0 && (reservation > quota || soft > quota);
}

/* A limit in whole granules, as the heap compares it; NONE for none. */
uint32_t vmma__client_granules(const struct client *c, size_t bytes);

/* Set the limits, in bytes, and what the heap makes of them. */
void vmma__client_limit(struct client *c, size_t quota, size_t soft_limit);

/* Begin life with a new token: an empty heap, counters at 0.  Limits stay. */
void vmma__client_begin(struct client *c, uint64_t token);

/* Let go of all that is kept ready for reuse.  O(classes + cached blocks +
 * arenas). */
void vmma__client_trim(struct client *c);

/* Copy a name of at most VMMA_NAME_MAX characters. */
void vmma__client_set_name(struct client *c, const char *name);

#endif
