/*
 * slab_steps.h - one client's slabs, driven through this room's
 * own functions.
 */
#ifndef TESTS_UNIT_SLAB_STEPS_H
#define TESTS_UNIT_SLAB_STEPS_H

#include "tests/unit/support.h"

#include <stdlib.h>

enum { SIZE = 9 << 20, MOST_SLABS = 40 };

static struct bed bed;
static struct client *c;
static struct heap *h;
static struct space *s;
static struct heap_request request;

/* Of more than 2048 granules, so that slabs can have 32. */
static const struct {
    size_t alignment, granule, size;
} pairs[] = {{16, 1024, 9 << 18}, {8, 256, 1 << 21}, {256, 256, 1 << 21},
             {64, 1024, 9 << 18}, {8, 4096, SIZE},   {512, 4096, SIZE}};

static inline void open_pair(size_t pair)
{
    struct vmma_context_config config =
        bed_config(pairs[pair].alignment, pairs[pair].granule, 4);

    bed_open(&bed, pairs[pair].size, &config);
    expect(bed.space->count >= 2048);
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
    struct record *r = slab_of(offset);

    if (!slab_push(r, index_of(offset)))
        vmma__slab_relist(h, bed.pool, r);
}

static inline void give_some(const size_t *blocks, unsigned count)
{
    while (count > 0)
        give(blocks[--count]);
}

static inline unsigned blocks_of(const struct record *r)
{
    return slab_blocks(s, stamp_entry(r->stamp));
}

static inline unsigned order_of(const struct record *r)
{
    return entry_order(stamp_entry(r->stamp));
}

/* The blocks that came back. */
static inline uint64_t back_of(const struct record *r)
{
    return r->freed & bits_mask(blocks_of(r));
}

/* ---- the ring --------------------------------------------------------- */

static inline uint32_t ref_of(const struct record *r)
{
    return space_ref(s, head_of(s, r));
}

static inline struct record *next_of(const struct record *r)
{
    return space_at(s, space_link(s, head_of(s, r))->next);
}

static inline struct record *prev_of(const struct record *r)
{
    return space_at(s, space_link(s, head_of(s, r))->prev);
}

static inline struct record *current_of(unsigned kind)
{
    return space_at(s, h->current[kind - 1]);
}

static inline bool is_current(const struct record *r)
{
    unsigned kind = entry_kind(stamp_entry(r->stamp));

    return h->current[kind - 1] == space_ref(s, head_of(s, r));
}

/* Is it out of its ring, because the hand found it full? */
static inline bool is_marked(const struct record *r)
{
    return (stamp_entry(r->stamp) & ENTRY_FULL) != 0;
}

/* Slabs in the ring of the class. */
static inline unsigned ring_count(unsigned kind)
{
    const struct record *first = current_of(kind), *r = first;
    unsigned count = 0;

    if (h->current[kind - 1] == 0)
        return 0;
    do {
        expect(prev_of(next_of(r)) == r);
        expect(r == first || r->avail == 0);
        expect_eq(entry_kind(stamp_entry(r->stamp)), kind);
        expect(!is_marked(r));
        count++;
        r = next_of(r);
    } while (r != first);
    return count;
}

/* Slabs of the class outside its ring. */
static inline unsigned full_count(unsigned kind)
{
    unsigned count = 0;

    for (uint32_t a = h->first_arena; a != NONE; a = space_arena(s, a)->next)
        for (uint32_t g = a; g < a + space_arena(s, a)->count;) {
            unsigned entry = piece_at(s, g);

            if (entry_kind(entry) == kind && is_marked(space_record(s, g))) {
                expect_eq(slab_idle(s, g, entry), 0);
                count++;
            }
            g += piece_count(s, g, entry);
        }
    return count;
}

static inline unsigned slab_count(unsigned kind)
{
    return ring_count(kind) + full_count(kind);
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

/* Put those of these slabs back that the hand has unlisted, as if a block of
 * each had come back, and the hand taken it. */
static inline void relist(struct record **r, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (is_marked(r[i]))
            vmma__slab_relist(h, bed.pool, r[i]);
}

/* Fill new slabs of the class; all but the last, which is current, are full
 * and marked. */
static inline void make_full(unsigned kind, struct record **r,
                             size_t (*blocks)[64], unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        r[i] = take_slab(kind, blocks[i]);
    expect_eq(ring_count(kind), 1);
    expect_eq(full_count(kind), count - 1);
}

/* The same, but all are in the ring, in this order. */
static inline void make_ring(unsigned kind, struct record **r,
                             size_t (*blocks)[64], unsigned count)
{
    make_full(kind, r, blocks, count);
    relist(r, count);
    expect_eq(ring_count(kind), count);
    expect_eq(full_count(kind), 0);
}

static inline unsigned last_kind(void)
{
    unsigned kind = CLASS_COUNT;

    while (vmma__classes.units[kind] > s->class_units)
        kind--;
    return kind;
}

#endif
