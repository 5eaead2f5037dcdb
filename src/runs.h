/*
 * runs.h - a client's free granules, in maximal runs of any length.
 */
#ifndef VMMA_RUNS_H
#define VMMA_RUNS_H

#include "space.h"

enum { RUNS_LISTS = 32 };

struct runs {
    uint32_t lists;             /* bit i: list i is not empty                 */
    uint32_t first[RUNS_LISTS]; /* heads of free runs, by length              */
};

/* Make it empty. */
void vmma__runs_init(struct runs *r);

/* A free run of at least `count` granules, the shortest of a few; `tries`
 * bounds how many are looked at.  NONE if there is none among them, and then,
 * if `tries` has no limit, none at all.  O(tries). */
uint32_t vmma__runs_find(const struct runs *r, const struct space *s,
                         uint32_t count, uint32_t tries);

/* The longest of a few free runs that are all in the list of the longest, or
 * NONE.  O(1). */
uint32_t vmma__runs_longest(const struct runs *r, const struct space *s);

/* Take the whole free run at g, which must be one of these.  O(1). */
void vmma__runs_remove(struct runs *r, struct space *s, uint32_t g);

/* Take the granules [from, from + count) of the free run at g, in which they
 * lie; what is before and behind them stays free.  Answers `from`.  O(1). */
uint32_t vmma__runs_cut(struct runs *r, struct space *s, uint32_t g,
                        uint32_t from, uint32_t count);

/* The granules [g, g + count) become a free run with this stamp; none may lie
 * beside them.  Does nothing for 0 granules.  O(1). */
void vmma__runs_put(struct runs *r, struct space *s, uint64_t stamp,
                    uint32_t g, uint32_t count);

/* The granules [g, g + count) become free, with the runs of this stamp that
 * lie beside them within [low, high).  O(1). */
void vmma__runs_give(struct runs *r, struct space *s, uint64_t stamp,
                     uint32_t g, uint32_t count, uint32_t low, uint32_t high);

/* The list for runs of so many granules. */
unsigned vmma__runs_list(uint32_t count);

/* Granules of the free run at g. */
static inline uint32_t run_count(const struct space *s, uint32_t g)
{
    return (uint32_t)head_record(s, g)->avail;
}

/* Does a free run of this stamp start at g?  g is below the high-water mark. */
static inline bool run_is_at(const struct space *s, uint32_t g, uint64_t stamp)
{
    const struct record *r = head_record(s, g);

    return r->stamp == stamp && record_head(s, r) == g;
}

#endif
