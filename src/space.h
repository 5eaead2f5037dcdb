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
 * free run (classes.h: KIND_...).  Its first granule is its head.  Slabs and
 * the pool's free pieces are 2^order granules long; the others start anywhere
 * and have any length, which is in their record, and order 0.
 *
 * A reference says where a record lies: its distance from the space in steps
 * of 8 bytes, so that it is one scaled addition away.  0 is the dummy, which
 * is the first thing in the space: no piece, and as a slab one that has
 * nothing to hand out.  Every piece has its reference at its head; slabs have
 * it at all their granules, a client's free run at its last one too (runs.c),
 * and a large block at the head of each of its natural parts: those runs of
 * 2^n granules at a multiple of 2^n of which it is made.  So the head of a
 * block is found from any granule of it by clearing low bits (locate.c).
 *
 * The fast paths take distances from a piece's start in 32 bits, so no
 * reference reaches farther than that.  A granule that is 4 GiB or more from
 * its head refers to its own record instead, which is then a relay: of kind
 * RELAY, nobody's, with the head in `avail`.
 *
 * Records are arranged so that those of full-sized slabs, which start at
 * multiples of 32, lie side by side: the records of all granules with the
 * same remainder by 32 are together.
 *
 *     number   0 ..                stripe ..           2 * stripe ..
 *              heads 0, 32, 64 ..  heads 1, 33, 65 ..  heads 2, 34 ..   ...
 *
 * A stamp says what a piece is, and whose:
 *
 *     63               32 31        16  15  14   10 9     5 4     0
 *     +------------------+------------+------+-------+-------+-------+
 *     |      serial      |    slot    | full | kind  | span  | order |
 *     +------------------+------------+------+-------+-------+-------+
 *     |<----------- token ----------->|<---------- entry ----------->|
 *
 * where span is the order of the arena's own natural place, so that two
 * shifts lead from a piece to its arena, and full is for slabs (slab.c).  The
 * serial alone tells the owner: no two live clients have the same one, so the
 * fast paths compare 32 bits.
 *
 * References and records are never cleared when memory changes hands: deleting
 * a client writes nothing per granule.  A record counts only when its stamp
 * bears the token of a live owner, and a granule that refers to it lies in
 * it.  A client's serial is new whenever it is created or reset, and a piece
 * that ends gets stamp 0.  Memory that the context never used may hold
 * anything, so the map is zeroed when the high-water mark first passes; a
 * record is only read behind a reference, and was then written by us.
 *
 *   S1  a reference below `scrubbed` was written by this context, and leads to
 *       the record of its own granule or of one less than 4 GiB before it.
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
    SPACE_STRIPES = 32,         /* granules of the largest slab               */
    SPACE_START_SHIFT = 8,      /* record.start counts 256 bytes              */
    SPACE_MAP = 768,            /* offset of the map: a constant, so that its
                                   address is no addition                     */
    STAMP_SERIAL_SHIFT = 32,
    STAMP_SLOT_SHIFT = 16,
    ENTRY_FULL = 1 << 15
};

struct stamp_halves {
#if PLATFORM_BIG_ENDIAN
    uint32_t serial, rest;
#else
    uint32_t rest, serial;
#endif
};

/* The state of a piece.  For a slab the words are bit sets of its blocks. */
struct record {
    uint64_t avail;             /* slab: blocks that alloc may hand out;
                                   free run, large block: its granules        */
    uint64_t freed;             /* slab: blocks that came back; and the bits
                                   beyond its last block, always              */
    union {
        uint64_t stamp;         /* token and entry; 0: no piece               */
        struct stamp_halves half; /* for the fast paths, which ask for one    */
    };
    uint32_t start;             /* where it starts: distance from the space
                                   in steps of 256 bytes                      */
    uint32_t reciprocal;        /* slab: of its class; else 0                 */
};

struct link {
    uint32_t next, prev;        /* granules, and NONE ends a list; or, in a
                                   ring of slabs, references                  */
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
    uint8_t unit_shift;         /* log2 of the smallest block                 */
    uint8_t step_shift;         /* log2 of half of it: distances from a slab's
                                   start are counted in these                 */
    uint8_t granule_shift;      /* log2 of the granule                        */
    uint8_t granule_unit_shift; /* log2 of units in a granule: 0..6           */
    uint8_t shut;               /* the doors are to stay shut                 */
    /* Up to here the fast paths read one cache line. */

    size_t record;              /* offsets of the arrays                      */
    size_t link;
    size_t arena;
    uint32_t class_size[KIND_COUNT]; /* bytes of a block; 0: not a class      */
    uint8_t class_of[CLASS_UNITS_MAX]; /* the table of classes.c, where it is
                                   found without another address              */
    uint8_t class_blocks[CLASS_COUNT + 1]; /* of a slab that is not small; 0:
                                   not a class that the context uses          */
    uint32_t count;             /* granules now                               */
    uint32_t capacity;          /* granules that the arrays have room for     */
    uint32_t high_water;        /* granules from here on are not in use       */
    uint32_t scrubbed;          /* map entries below this were zeroed once    */
    uint32_t class_units;       /* the largest small block, in units          */
    uint32_t stripe;            /* records with the same remainder by 32      */
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

/* Granules from a head that its record is referred to from. */
static inline size_t space_reach(const struct space *s)
{
    return (size_t)1 << (32 - s->granule_shift);
}

static inline struct link *space_link(const struct space *s, uint32_t g)
{
    return (struct link *)((uintptr_t)s + s->link) + space_number(s, g);
}

/* The link beside a record, by its reference. */
static inline struct link *space_link_at(const struct space *s, uint32_t ref)
{
    size_t offset = (size_t)ref * 8 - s->record;

    return (struct link *)((uintptr_t)s + s->link +
                           offset / (sizeof(struct record) /
                                     sizeof(struct link)));
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

static inline unsigned entry_kind(unsigned entry) { return entry >> 10 & 31; }
static inline unsigned entry_span(unsigned entry) { return entry >> 5 & 31; }
static inline unsigned entry_order(unsigned entry) { return entry & 31; }

/* The first granule of the arena that a piece at g with this entry is in. */
static inline uint32_t entry_arena(unsigned entry, uint32_t g)
{
    return g >> entry_span(entry) << entry_span(entry);
}

/* ---- stamps ----------------------------------------------------------- */

static inline uint64_t token_make(uint32_t serial, uint32_t slot)
{
    return (uint64_t)serial << STAMP_SERIAL_SHIFT |
           (uint64_t)slot << STAMP_SLOT_SHIFT;
}

static inline uint64_t stamp_make(uint64_t token, unsigned entry)
{
    return token | entry;
}

static inline uint32_t stamp_serial(uint64_t stamp)
{
    return (uint32_t)(stamp >> STAMP_SERIAL_SHIFT);
}

static inline uint64_t stamp_token(uint64_t stamp)
{
    return stamp >> STAMP_SLOT_SHIFT << STAMP_SLOT_SHIFT;
}

static inline unsigned stamp_slot(uint64_t stamp)
{
    return (unsigned)(stamp >> STAMP_SLOT_SHIFT & 0xffff);
}

static inline unsigned stamp_entry(uint64_t stamp)
{
    return (unsigned)(stamp & 0xffff);
}

/* The order of the natural place of an arena of `count` granules. */
static inline unsigned arena_order(uint32_t count)
{
    return bits_log2_ceil(count < ARENA_GRANULES_MIN ? ARENA_GRANULES_MIN
                                                     : count);
}

/* ---- pieces ----------------------------------------------------------- */

/* The record and the link of the piece whose head is known to be g: the map
 * tells sooner than the arithmetic. */
static inline struct record *head_record(const struct space *s, uint32_t g)
{
    return space_at(s, space_map(s)[g]);
}

static inline struct link *head_link(const struct space *s, uint32_t g)
{
    return space_link_at(s, space_map(s)[g]);
}

/* Its entry. */
static inline unsigned piece_at(const struct space *s, uint32_t g)
{
    return stamp_entry(head_record(s, g)->stamp);
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

/* Begin a piece at g; what else refers to it is for the caller to write.  Its
 * record. */
static inline struct record *piece_begin(struct space *s, uint32_t g,
                                         uint64_t token, unsigned entry)
{
    uint32_t ref = space_ref(s, g);
    struct record *r = space_at(s, ref);

    space_map(s)[g] = ref;
    r->stamp = stamp_make(token, entry);
    r->start = space_start(s, g);
    r->reciprocal = vmma__classes.reciprocal[entry_kind(entry)];
    return r;
}

static inline void piece_end(struct space *s, uint32_t g)
{
    space_record(s, g)->stamp = 0;
}

/* Does a piece of this kind say in its record how long it is? */
static inline bool kind_has_count(unsigned kind)
{
    return kind == KIND_FREE || kind == KIND_LARGE || kind == KIND_CACHED;
}

/* Granules of the piece at g. */
static inline uint32_t piece_count(const struct space *s, uint32_t g,
                                   unsigned entry)
{
    if (kind_has_count(entry_kind(entry)))
        return (uint32_t)head_record(s, g)->avail;
    return (uint32_t)1 << entry_order(entry);
}

static inline uint64_t space_relay_stamp(void)
{
    return stamp_make(0, entry_make(KIND_RELAY, 0, 0));
}

/* Granule g of the piece at `head`, which leads to it already, shall do so
 * too. */
static inline void piece_refer(struct space *s, uint32_t g, uint32_t head)
{
    if (LIKELY((size_t)(g - head) < space_reach(s)))
        space_map(s)[g] = space_map(s)[head];
    else
        piece_begin(s, g, 0, entry_make(KIND_RELAY, 0, 0))->avail = head;
}

/* The record that granule g leads to; it may be stale. */
static inline const struct record *piece_record(const struct space *s,
                                                uint32_t g)
{
    const struct record *r = space_at(s, space_map(s)[g]);

    if (UNLIKELY(r->stamp == space_relay_stamp()))
        r = space_record(s, (uint32_t)r->avail);
    return r;
}

/* Granules of the first natural part of the run [g, g + count), count > 0. */
static inline uint32_t run_part(uint32_t g, uint32_t count)
{
    uint32_t natural = g & -g;  /* 0 for 0, where any is natural              */

    return natural - 1 < count ? natural
                               : (uint32_t)1 << bits_log2_floor(count);
}

/* The order of the first natural part of the run [g, g + count). */
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
