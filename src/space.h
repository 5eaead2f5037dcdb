/*
 * space.h - the granules of a context, and what is known about each.
 *
 * The heap part of the caller's block is cut into granules, numbered from 0.
 * Three arrays in the bookkeeping describe them; nothing is kept in the heap
 * itself.  All links are granule numbers, so the block can lie anywhere.
 *
 *   map[g]      4 bytes    the piece that granule g belongs to: a reference
 *   record     32 bytes    the state of a piece, found under its head granule
 *   link        8 bytes    the list that the piece is in, likewise
 *   arena      16 bytes    per 4 granules: the arena that starts there
 *
 * A piece is a run of granules that is one thing: a slab, a large block, a
 * free run (classes.h: KIND_...).  It starts at a multiple of 2^order, its
 * natural place, and is at most 2^order granules long; only large blocks may
 * be shorter.  Its first granule is its head.
 *
 * A reference says where a record lies: its distance from the space in steps
 * of 8 bytes, so that it is one scaled addition away.  0 is the dummy, which
 * is the first thing in the space: no piece, and as a slab one that has
 * nothing to hand out.  Slabs have their reference at all their granules,
 * other pieces at the head only.
 *
 * Records are arranged so that those of full-sized slabs, which start at
 * multiples of 16, lie side by side: the records of all granules with the
 * same remainder by 16 are together.
 *
 *     number   0 ..                stripe ..           2 * stripe ..
 *              heads 0, 16, 32 ..  heads 1, 17, 33 ..  heads 2, 18 ..   ...
 *
 * A stamp says what a piece is, and whose:
 *
 *     63        40 39        24 23   18 17   13 12    8 7          0
 *     +-----------+------------+-------+-------+-------+------------+
 *     |incarnation|  slot      | kind  | span  | order | countdown  |
 *     +-----------+------------+-------+-------+-------+------------+
 *     |<------- token -------->|<------ entry -------->|
 *
 * where span is the order of the arena's own natural place, so that two
 * shifts lead from a piece to its arena.
 *
 * References and records are never cleared when memory changes hands: deleting
 * a client writes nothing per granule.  A record counts only when its stamp
 * bears the token of a live owner, and a granule that refers to it lies in
 * it.  A client's incarnation is new whenever it is created or reset, and a
 * piece that ends gets stamp 0.  Memory that the context never used may hold
 * anything, so the map is zeroed when the high-water mark first passes; a
 * record is only read behind a reference, and was then written by us.
 *
 *   S1  a reference below `scrubbed` was written by this context, and is at
 *       most 15 granules beyond its piece's head.
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
    SPACE_STRIPES = 16,         /* granules of the largest slab               */
    SPACE_START_SHIFT = 8,      /* record.start counts 256 bytes              */
    SPACE_MAP = 768,            /* offset of the map: a constant, so that its
                                   address is no addition                     */
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
    uint32_t start;             /* where it starts: distance from the space
                                   in steps of 256 bytes                      */
    uint32_t reciprocal;        /* slab: of its class; else 0                 */
};

struct link {
    uint32_t next, prev;        /* granules; NONE ends a list                 */
};

struct arena {
    uint32_t count;             /* granules                                   */
    uint32_t used;              /* of them, in slabs, live and cached blocks  */
    uint32_t next, prev;        /* arenas of the same client                  */
};

struct space {
    struct record dummy;        /* what reference 0 leads to                  */

    /* The doors of the fast paths.  0 shuts one: everything then takes the
     * slow path, which is how callbacks in progress, hardening flags and the
     * end of a context cost the fast paths no branch. */
    size_t alloc_door;          /* requests of up to so many units enter      */
    size_t free_door;           /* heap offsets below this one enter          */

    size_t heap;                /* offset of granule 0 from this struct       */
    size_t record;              /* offsets of the arrays                      */
    size_t link;
    size_t arena;
    uint32_t class_size[KIND_COUNT]; /* bytes of a block; 0: not a class      */
    uint8_t unit_shift;         /* log2 of the smallest block                 */
    uint8_t granule_shift;      /* log2 of the granule                        */
    uint8_t granule_unit_shift; /* log2 of units in a granule: 0..6           */
    uint8_t shut;               /* the doors are to stay shut                 */
    uint32_t count;             /* granules now                               */
    uint32_t capacity;          /* granules that the arrays have room for     */
    uint32_t high_water;        /* granules from here on are not in use       */
    uint32_t scrubbed;          /* map entries below this were zeroed once    */
    uint32_t class_units;       /* the largest small block, in units          */
    uint32_t stripe;            /* records with the same remainder by 16      */
};

/* ---- the arrays ------------------------------------------------------- */

static inline uint32_t *space_map(const struct space *s)
{
    return (uint32_t *)((uintptr_t)s + SPACE_MAP);
}

static inline uintptr_t space_heap(const struct space *s)
{
    return (uintptr_t)s + s->heap;
}

/* The number of a head's record and link. */
static inline size_t space_number(const struct space *s, uint32_t g)
{
    const uint32_t stripes = SPACE_STRIPES;

    return (size_t)(g % stripes) * s->stripe + g / stripes;
}

static inline struct record *space_at(const struct space *s, uint32_t ref)
{
    return (struct record *)((uintptr_t)s + (uintptr_t)ref * 8);
}

static inline uint32_t space_ref(const struct space *s, uint32_t g)
{
    return (uint32_t)((s->record + space_number(s, g) *
                       sizeof(struct record)) / 8);
}

static inline struct record *space_record(const struct space *s, uint32_t g)
{
    return space_at(s, space_ref(s, g));
}

/* What record.start is for a piece whose first granule is g. */
static inline uint32_t space_start(const struct space *s, uint32_t g)
{
    return (uint32_t)((s->heap + ((size_t)g << s->granule_shift)) >>
                      SPACE_START_SHIFT);
}

/* The piece's first granule. */
static inline uint32_t record_head(const struct space *s,
                                   const struct record *r)
{
    return (uint32_t)((((size_t)r->start << SPACE_START_SHIFT) - s->heap) >>
                      s->granule_shift);
}

static inline struct link *space_link(const struct space *s, uint32_t g)
{
    return (struct link *)((uintptr_t)s + s->link) + space_number(s, g);
}

static inline struct arena *space_arena(const struct space *s, uint32_t g)
{
    return (struct arena *)((uintptr_t)s + s->arena) +
           g / ARENA_GRANULES_MIN;
}

/* ---- entries ---------------------------------------------------------- */

static inline uint16_t entry_make(unsigned kind, unsigned span, unsigned order)
{
    return (uint16_t)(kind << 10 | span << 5 | order);
}

static inline unsigned entry_kind(unsigned entry) { return entry >> 10; }
static inline unsigned entry_span(unsigned entry) { return entry >> 5 & 31; }
static inline unsigned entry_order(unsigned entry) { return entry & 31; }

/* The first granule of the arena that a piece at g with this entry is in. */
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

/* The order of the natural place of an arena of `count` granules. */
static inline unsigned arena_order(uint32_t count)
{
    return bits_log2_ceil(count < ARENA_GRANULES_MIN ? ARENA_GRANULES_MIN
                                                     : count);
}

/* ---- pieces ----------------------------------------------------------- */

/* The entry of the piece whose head is known to be g. */
static inline unsigned piece_at(const struct space *s, uint32_t g)
{
    return stamp_entry(space_record(s, g)->stamp);
}

/* The entry of the piece that starts at g and bears this token, or 0. */
static inline unsigned piece_entry(const struct space *s, uint32_t g,
                                   uint64_t token)
{
    uint64_t stamp;

    if (space_map(s)[g] != space_ref(s, g))
        return 0;
    stamp = space_record(s, g)->stamp;
    return stamp_token(stamp) == token ? stamp_entry(stamp) : 0;
}

/* Begin a piece at g; slabs then mark their other granules themselves. */
static inline void piece_begin(struct space *s, uint32_t g, uint64_t token,
                               unsigned entry)
{
    uint32_t ref = space_ref(s, g);
    struct record *r = space_at(s, ref);

    space_map(s)[g] = ref;
    r->stamp = stamp_make(token, entry);
    r->start = space_start(s, g);
    r->reciprocal = vmma__classes.reciprocal[entry_kind(entry)];
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
    s->free_door = s->shut ? 0 : (size_t)s->high_water << s->granule_shift;
}

#endif
