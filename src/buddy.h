/*
 * buddy.h - free runs of granules, in lists by order: split and merge.
 *
 * One code for both levels: the context's buddy holds what no client has, a
 * client's holds the free parts of its arenas.  They differ in the kind and
 * the token that mark their free pieces, so neither ever takes the other's.
 */
#ifndef VMMA_BUDDY_H
#define VMMA_BUDDY_H

#include "space.h"

struct buddy {
    uint32_t orders;              /* bit o: list o is not empty               */
    uint32_t first[ORDER_COUNT];  /* list o: free pieces of 2^o granules      */
};

/* Whose free pieces: what marks them. */
struct buddy_mark {
    uint64_t token;               /* 0 for the context                        */
    unsigned kind;                /* KIND_FREE or KIND_POOL_FREE              */
    unsigned span;                /* of the arena; 0 for the context          */
};

/* Make it empty. */
void vmma__buddy_init(struct buddy *b);

/* The smallest order of at least `order` that has a free piece, or
 * ORDER_COUNT.  O(1). */
unsigned vmma__buddy_find(const struct buddy *b, unsigned order);

/* The largest order that has a free piece, or -1.  O(1). */
int vmma__buddy_largest(const struct buddy *b);

/* Take the free piece of `order` that was put in last.  The list must not be
 * empty.  The piece's record is ended.  O(1). */
uint32_t vmma__buddy_pop(struct buddy *b, struct space *s, unsigned order);

/* Take the free piece at g, which must be one of this buddy's.  O(1). */
void vmma__buddy_remove(struct buddy *b, struct space *s, uint32_t g);

/* Is the natural run of `order` at g exactly one free piece of this mark? */
bool vmma__buddy_is_free(const struct space *s, struct buddy_mark mark,
                         uint32_t g, unsigned order);

/* Are the granules [g, g + count) all in free pieces of this token and kind,
 * the first of which starts at g?  O(pieces). */
bool vmma__buddy_is_free_run(const struct space *s, struct buddy_mark mark,
                             uint32_t g, uint32_t count);

/* Take such a run; what its last piece has beyond it stays free.  O(pieces). */
void vmma__buddy_take_run(struct buddy *b, struct space *s,
                          struct buddy_mark mark, uint32_t g, uint32_t count);

/* Find a natural place for `count` granules of which only they, and not all
 * of the place, are free; NONE if there is none among the first `tries` that
 * could be.  The run may extend beyond an arena: that is for the caller to
 * judge.  O(tries * log count). */
uint32_t vmma__buddy_find_run(const struct buddy *b, const struct space *s,
                              struct buddy_mark mark, uint32_t count,
                              uint32_t tries);

/* Put the run [g, g + count) in as natural pieces, without merging: for what
 * is left when a larger piece is cut.  O(log count). */
void vmma__buddy_put(struct buddy *b, struct space *s, struct buddy_mark mark,
                     uint32_t g, uint32_t count);

/* Give the run [g, g + count) back: each natural piece is merged with its
 * buddy as long as that is free and lies within [low, high).
 * O(log^2 count), O(log n) for a natural run. */
void vmma__buddy_give(struct buddy *b, struct space *s, struct buddy_mark mark,
                      uint32_t g, uint32_t count, uint32_t low, uint32_t high);

#endif
