/*
 * buddy.h - the context's free granules, in lists by order: split and merge.
 */
#ifndef VMMA_BUDDY_H
#define VMMA_BUDDY_H

#include "space.h"

struct buddy {
    uint32_t orders;              /* bit o: list o is not empty               */
    uint32_t first[ORDER_COUNT];  /* list o: free pieces of 2^o granules      */
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

/* Take the free piece at g.  O(1). */
void vmma__buddy_remove(struct buddy *b, struct space *s, uint32_t g);

/* Is the natural run of `order` at g exactly one free piece? */
bool vmma__buddy_is_free(const struct space *s, uint32_t g, unsigned order);

/* Find a natural place for `count` granules of which only they, and not all
 * of the place, are free; NONE if there is none.  O(pieces of one list * log
 * count). */
uint32_t vmma__buddy_find_run(const struct buddy *b, const struct space *s,
                              uint32_t count);

/* Take such a run; what its last piece has beyond it stays free.  O(pieces). */
void vmma__buddy_take_run(struct buddy *b, struct space *s, uint32_t g,
                          uint32_t count);

/* Put the run [g, g + count) in as natural pieces, without merging: for what
 * is left when a larger piece is cut.  O(log count). */
void vmma__buddy_put(struct buddy *b, struct space *s, uint32_t g,
                     uint32_t count);

/* Give the run [g, g + count) back: each natural piece is merged with its
 * buddy as long as that is free and ends at `high` or before.
 * O(log^2 count), O(log n) for a natural run. */
void vmma__buddy_give(struct buddy *b, struct space *s, uint32_t g,
                      uint32_t count, uint32_t high);

#endif
