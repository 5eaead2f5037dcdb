/*
 * slab_steps.h - one client's slabs, driven through this room's
 * own functions.
 */
#ifndef TESTS_UNIT_SLAB_STEPS_H
#define TESTS_UNIT_SLAB_STEPS_H

#include "tests/unit/support.h"

#include <stdlib.h>

enum { SIZE = 1 << 20 };

static struct bed bed;
static struct client *c;
static struct heap *h;
static struct space *s;
static struct heap_request request;

static const struct {
    size_t alignment, granule;
} pairs[] = {{16, 1024}, {8, 256},  {256, 256},
             {64, 1024}, {8, 4096}, {512, 4096}};

static inline void open_pair(size_t pair)
{
    struct vmma_context_config config =
        bed_config(pairs[pair].alignment, pairs[pair].granule, 4);

    bed_open(&bed, SIZE, &config);
    c = bed_client(&bed);
    h = &c->heap;
    s = bed.space;
}

static inline void open_default(void)
{
    open_pair(0);
}

static inline void close_bed(void)
{
    bed_close(&bed);
}

/* ---- steps ------------------------------------------------------------ */

/* Blocks are named here by their distance from the start of the heap. */
static inline size_t from_heap(size_t offset)
{
    return offset == SLAB_FAILED ? SLAB_FAILED : offset - s->heap;
}

static inline size_t take_slowly(unsigned kind, bool pass_soft)
{
    request = (struct heap_request){.pass_soft = pass_soft};
    return from_heap(vmma__slab_alloc(h, bed.pool, kind, &request));
}

static inline size_t take(unsigned kind)
{
    size_t offset;

    if (slab_pop(h, s, kind, &offset))
        return from_heap(offset);
    return take_slowly(kind, false);
}

static inline struct record *slab_of(size_t offset)
{
    return space_at(s, space_map(s)[offset >> s->granule_shift]);
}

static inline unsigned index_of(size_t offset)
{
    const struct record *r = slab_of(offset);
    size_t size = s->class_size[entry_kind(stamp_entry(r->stamp))];

    return (unsigned)((offset - ((size_t)head_of(s, r) << s->granule_shift)) /
                      size);
}

static inline void give(size_t offset)
{
    vmma__slab_free(h, bed.pool, head_of(s, slab_of(offset)), index_of(offset));
}

static inline unsigned blocks_of(const struct record *r)
{
    return slab_blocks(s, stamp_entry(r->stamp));
}

static inline bool is_listed(const struct record *r)
{
    return space_link(s, head_of(s, r))->prev != SLAB_UNLISTED;
}

static inline bool is_current(const struct record *r)
{
    unsigned kind = entry_kind(stamp_entry(r->stamp));

    return h->current[kind - 1] == space_ref(s, head_of(s, r));
}

static inline unsigned countdown_of(const struct record *r)
{
    return stamp_countdown(r->stamp);
}

/* Take blocks of the class until one slab is exhausted; its record. */
static inline struct record *take_slab(unsigned kind, size_t *blocks)
{
    struct record *r;

    blocks[0] = take(kind);
    expect(blocks[0] != SLAB_FAILED);
    r = slab_of(blocks[0]);
    for (unsigned i = 1; i < blocks_of(r); i++) {
        blocks[i] = take(kind);
        expect(slab_of(blocks[i]) == r);
    }
    return r;
}

static inline unsigned last_kind(void)
{
    unsigned kind = CLASS_COUNT;

    while (vmma__classes.units[kind] > s->class_units)
        kind--;
    return kind;
}

#endif
