/*
 * pool.h - the context's memory: arenas are taken from it and given back.
 */
#ifndef VMMA_POOL_H
#define VMMA_POOL_H

#include "buddy.h"

struct pool {
    struct space space;         /* first, so that a pool's address is its
                                   space's                                    */
    struct buddy free;          /* free runs below the high-water mark        */
    uint32_t held;              /* granules in arenas                         */
    uint32_t peak;              /* the most that `held` ever was              */
    uint32_t arena_count;
};

/* Everything is free.  The space must be set up. */
void vmma__pool_init(struct pool *p);

/* Take `count` granules (> 0) in one run that starts at a multiple of
 * max(ARENA_GRANULES_MIN, 2^ceil(log2 count)).  NONE if there is no such run.
 * The arena's struct is written, its links not.  O(log n), and the map of
 * memory that is used for the first time is zeroed. */
uint32_t vmma__pool_take(struct pool *p, uint32_t count);

/* Give an arena back.  Its client's records in it need not be ended.
 * O(log^2 n). */
void vmma__pool_give(struct pool *p, uint32_t g);

/* A count that vmma__pool_take would serve now, and each below it; a run that
 * is no natural piece may serve up to twice as many.  O(log n). */
uint32_t vmma__pool_largest(const struct pool *p);

/* Granules that are in no arena.  O(1). */
uint32_t vmma__pool_free(const struct pool *p);

/* The block has grown to `count` granules, at most the capacity. */
void vmma__pool_extend(struct pool *p, uint32_t count);

#endif
