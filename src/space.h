/*
 * space.h - the granules of a context, and what is known about each.
 *
 * The heap part of the caller's block is cut into granules, numbered from 0.
 * Three arrays in the bookkeeping describe them; nothing is kept in the heap
 * itself.  All links are granule numbers, so the block can lie anywhere.
 *
 *   map[g]       2 bytes    what granule g belongs to: an entry
 *   record[g]   32 bytes    the state of the piece whose first granule is g
 *   arena[g/4]  16 bytes    the arena whose first granule is g
 *
 * A piece is a run of granules that is one thing: a slab, a large block, a
 * free run (classes.h: KIND_...).  It starts at a multiple of 2^order, its
 * natural place, and is at most 2^order granules long; only large blocks may
 * be shorter.  An entry holds
 *
 *     15      10 9       5 4       0
 *     +---------+---------+---------+
 *     |  kind   |  span   |  order  |      0: nothing known
 *     +---------+---------+---------+
 *
 * where span is the order of the arena's own natural place.  So from any
 * granule of a slab two shifts lead to its head, and two more to its arena.
 * Slabs have their entry at all their granules, other pieces at the head
 * only.
 *
 * Entries and records are never cleared when memory changes hands: deleting
 * a client writes nothing per granule.  A record counts only when its stamp
 * is that of a live owner *and* names the same entry:
 *
 *     63        40 39        24 23         8 7          0
 *     +-----------+------------+------------+------------+
 *     |incarnation|  slot      |  entry     | countdown  |   record.stamp
 *     +-----------+------------+------------+------------+
 *     |<------- token -------->|
 *
 * A client's incarnation is new whenever it is created or reset, and a piece
 * that ends gets stamp 0.  Memory that the context never used may hold
 * anything, so map entries are zeroed when the high-water mark first passes
 * them; a record is only read behind a nonzero entry, and was then written
 * by us.
 *
 *   S1  a map entry below `scrubbed` was written by this context.
 *   S2  in an arena, each granule belongs to exactly one piece, and the
 *       pieces' records bear the token of the arena's owner.
 *   S3  a record that is not a piece's has no live owner's stamp.
 */
#ifndef VMMA_SPACE_H
#define VMMA_SPACE_H

#include "classes.h"
#include "insist.h"

/* No granule: the end of every list. */
#define NONE UINT32_MAX

enum {
    ORDER_COUNT = 29,           /* 2^28 granules at most                      */
    ARENA_GRANULES_MIN = 4,     /* arenas start at multiples of this          */
    STAMP_TOKEN_SHIFT = 24,
    STAMP_ENTRY_SHIFT = 8,
    STAMP_COUNTDOWN_MAX = 255
};

/* The state of a piece.  For a slab the words are bit sets of its blocks; for
 * a large block they are numbers (large.c). */
struct record {
    uint64_t avail;             /* slab: blocks that alloc may hand out       */
    uint64_t freed;             /* slab: blocks that came back; and the bits
                                   beyond its last block, always              */
    uint64_t stamp;             /* token, entry, countdown; 0: no piece       */
    uint32_t next, prev;        /* the list that the piece is in              */
};

struct arena {
    uint32_t count;             /* granules                                   */
    uint32_t used;              /* of them, in slabs, live and cached blocks  */
    uint32_t next, prev;        /* arenas of the same client                  */
};

struct space {
    /* The doors of the fast paths.  0 shuts one: everything then takes the
     * slow path, which is how callbacks in progress, hardening flags and the
     * end of a context cost the fast paths no branch. */
    size_t alloc_door;          /* requests of up to so many units enter      */
    size_t free_door;           /* heap units below this one enter            */

    size_t heap;                /* offset of granule 0 from this struct       */
    size_t map;                 /* offsets of the arrays                      */
    size_t record;
    size_t arena;
    uint8_t unit_shift;         /* log2 of the smallest block                 */
    uint8_t granule_shift;      /* log2 of the granule                        */
    uint8_t granule_unit_shift; /* log2 of units in a granule: 0..6           */
    uint8_t shut;               /* the doors are to stay shut                 */
    uint32_t count;             /* granules now                               */
    uint32_t capacity;          /* granules that the arrays have room for     */
    uint32_t high_water;        /* granules from here on are not in use       */
    uint32_t scrubbed;          /* map entries below this were zeroed once    */
    uint32_t class_units;       /* the largest small block, in units          */
};

/* ---- the arrays ------------------------------------------------------- */

static inline uint16_t *space_map(const struct space *s)
{
    return (uint16_t *)((uintptr_t)s + s->map);
}

static inline struct record *space_record(const struct space *s, uint32_t g)
{
    return (struct record *)((uintptr_t)s + s->record) + g;
}

static inline struct arena *space_arena(const struct space *s, uint32_t g)
{
    return (struct arena *)((uintptr_t)s + s->arena) +
           g / ARENA_GRANULES_MIN;
}

static inline uintptr_t space_heap(const struct space *s)
{
    return (uintptr_t)s + s->heap;
}

/* ---- entries ---------------------------------------------------------- */

static inline uint16_t entry_make(unsigned kind, unsigned span, unsigned order)
{
    return (uint16_t)(kind << 10 | span << 5 | order);
}

static inline unsigned entry_kind(unsigned entry) { return entry >> 10; }
static inline unsigned entry_span(unsigned entry) { return entry >> 5 & 31; }
static inline unsigned entry_order(unsigned entry) { return entry & 31; }

/* The first granule of the piece (arena) that g is in, from g's entry. */
static inline uint32_t entry_head(unsigned entry, uint32_t g)
{
    return g >> entry_order(entry) << entry_order(entry);
}

static inline uint32_t entry_arena(unsigned entry, uint32_t g)
{
    return g >> entry_span(entry) << entry_span(entry);
}

/* ---- stamps ----------------------------------------------------------- */

static inline uint64_t stamp_make(uint64_t token, unsigned entry)
{
    return token | (uint64_t)entry << STAMP_ENTRY_SHIFT;
}

static inline uint64_t stamp_token(uint64_t stamp)
{
    return stamp >> STAMP_TOKEN_SHIFT << STAMP_TOKEN_SHIFT;
}

static inline unsigned stamp_slot(uint64_t stamp)
{
    return (unsigned)(stamp >> STAMP_TOKEN_SHIFT & 0xffff);
}

static inline unsigned stamp_entry(uint64_t stamp)
{
    return (unsigned)(stamp >> STAMP_ENTRY_SHIFT & 0xffff);
}

static inline unsigned stamp_countdown(uint64_t stamp)
{
    return (unsigned)(stamp & STAMP_COUNTDOWN_MAX);
}

/* ---- pieces ----------------------------------------------------------- */

/* The entry of the piece that starts at g and bears this token, or 0. */
static inline unsigned piece_entry(const struct space *s, uint32_t g,
                                   uint64_t token)
{
    unsigned entry = space_map(s)[g];

    if (entry == 0 || entry_head(entry, g) != g)
        return 0;
    return (space_record(s, g)->stamp ^ stamp_make(token, entry)) <=
           STAMP_COUNTDOWN_MAX ? entry : 0;
}

/* Begin a piece at g; slabs then mark their other granules themselves. */
static inline void piece_begin(struct space *s, uint32_t g, uint64_t token,
                               unsigned entry)
{
    space_map(s)[g] = (uint16_t)entry;
    space_record(s, g)->stamp = stamp_make(token, entry);
}

static inline void piece_end(struct space *s, uint32_t g)
{
    space_record(s, g)->stamp = 0;
}

/* Granules of the piece at g; a large block says itself how many. */
static inline uint32_t piece_count(const struct space *s, uint32_t g,
                                   unsigned entry)
{
    unsigned kind = entry_kind(entry);

    if (kind == KIND_LARGE || kind == KIND_CACHED)
        return (uint32_t)space_record(s, g)->avail;
    return (uint32_t)1 << entry_order(entry);
}

/* The order of the first natural piece of the run [g, g + count). */
static inline unsigned run_order(uint32_t g, uint32_t count)
{
    unsigned most = bits_log2_floor(count);
    unsigned natural = g == 0 ? ORDER_COUNT : platform_lowest(g);

    return natural < most ? natural : most;
}

/* ---- doors ------------------------------------------------------------ */

/* Open the doors, or keep them shut, after `shut` or the high-water mark
 * changed. */
static inline void space_set_doors(struct space *s)
{
    s->alloc_door = s->shut ? 0 : s->class_units;
    s->free_door = s->shut ? 0
                           : (size_t)s->high_water << s->granule_unit_shift;
}

#endif
