/*
 * heap.h - one client's memory: its arenas, and the pieces cut from them.
 */
#ifndef VMMA_HEAP_H
#define VMMA_HEAP_H

#include "libvmma.h"
#include "pool.h"
#include "runs.h"

enum {
    HEAP_BINS = 9,
    HEAP_COLLECT_LEAST = 64     /* granules held: less is not worth it        */
};

struct heap {
    uint64_t token;             /* what the client's records are stamped with */
    uint32_t current[CLASS_COUNT]; /* slab room: reference of the slab that
                                   alloc uses, or the dummy's                 */
    int16_t credit[CLASS_COUNT]; /* slab room: see slab.c                     */
    uint32_t bins[HEAP_BINS];   /* large room: cached blocks by count         */
    struct runs free;           /* free runs of the arenas                    */
    uint32_t cached;            /* large room: granules in the bins           */
    uint32_t first_arena;       /* the arena taken last, or NONE              */
    uint32_t arena_count;
    uint32_t spare;             /* one empty arena that is kept, or NONE      */
    uint32_t held;              /* granules in the arenas                     */
    uint32_t peak;              /* the most that `held` ever was              */
    uint32_t collect_at;        /* slab room: when this much is held, empty
                                   slabs are collected before it grows        */
    uint32_t reserved;          /* granules below which `held` never falls    */
    uint32_t ceiling;           /* the quota in whole granules; NONE: none    */
    uint32_t soft;              /* the soft limit likewise                    */
};

/* An empty heap with this token and no limits; touches no arena. */
void vmma__heap_init(struct heap *h, uint64_t token);

/* A request for granules, and what came of it. */
struct heap_request {
    uint32_t count;             /* granules wanted, > 0                       */
    bool pass_soft;             /* may growth pass the soft limit?            */
    uint32_t arena;             /* success: the arena that they are in        */
    enum vmma_status cause;     /* failure: VMMA_E_QUOTA, VMMA_E_EXHAUSTED,
                                   VMMA_E_FRAGMENTED, or VMMA_E_BUSY when the
                                   soft limit is in the way                   */
};

/* Would vmma__heap_take have to grow for so many granules?  O(1). */
bool vmma__heap_must_grow(const struct heap *h, const struct pool *p,
                          uint32_t count);

/* Take granules, growing if need be; the first one's number, or NONE.  They
 * are nobody's piece yet.  For slabs, whose counts are powers of two: at a
 * natural place if the free run has one.  O(log n). */
uint32_t vmma__heap_take(struct heap *h, struct pool *p,
                         struct heap_request *request);

/* The same for any count, at the other end of the free run. */
uint32_t vmma__heap_take_end(struct heap *h, struct pool *p,
                             struct heap_request *request);

/* The same, with what is left of the free run behind it: for a block that is
 * likely to grow.  An arena that is taken for it has `wish` granules, at least
 * `count`, if it may. */
uint32_t vmma__heap_take_start(struct heap *h, struct pool *p, uint32_t wish,
                               struct heap_request *request);

/* Give granules back that are no piece any more: [g, g + count), all in the
 * arena at `arena`.  An arena that is empty then goes back to the pool,
 * unless it is the only one to spare or reserved.  O(1), or that of
 * vmma__pool_give. */
void vmma__heap_give(struct heap *h, struct pool *p, uint32_t arena,
                     uint32_t g, uint32_t count);

/* Take exactly the granules [g, g + count) if they begin a free run of the
 * arena at `arena`; for a large block that grows in place.  O(1). */
bool vmma__heap_claim(struct heap *h, struct pool *p, uint32_t arena,
                      uint32_t g, uint32_t count);

/* Hold at least `count` granules from now on.  False, with nothing changed,
 * if they cannot be had.  O(arenas taken). */
bool vmma__heap_reserve(struct heap *h, struct pool *p, uint32_t count);

/* Give back every empty arena that is not reserved.  O(arenas). */
void vmma__heap_trim(struct heap *h, struct pool *p);

/* Give back every arena, whatever is in it; nothing but the arena structs is
 * read or written.  The heap must be initialised before it is used again.
 * O(arenas). */
void vmma__heap_release(struct heap *h, struct pool *p);

/* A count that vmma__heap_take would serve now, and each below it.
 * O(log n). */
uint32_t vmma__heap_largest(const struct heap *h, const struct pool *p);

/* The entry for a piece of this kind and order in an arena at `arena` that
 * has `count` granules. */
unsigned vmma__heap_entry(const struct pool *p, uint32_t arena, unsigned kind,
                          unsigned order);

/* Granules that may still be taken from the pool under the quota. */
static inline uint32_t heap_room(const struct heap *h)
{
    if (h->ceiling == NONE)
        return NONE;
    return h->ceiling > h->held ? h->ceiling - h->held : 0;
}

#endif
