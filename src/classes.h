/*
 * classes.h - the size classes of small blocks, and the kinds of pieces.
 *
 * A unit is the context's smallest block, max(alignment, granule / 64).
 * Class sizes are 1..8 units, then four per doubling up to 128 units: a block
 * is at most 25 % larger than asked for above 8 units, and a power of two of
 * units is a class.  A context uses those up to two granules.
 *
 * A piece is a run of granules that is one thing: a slab of a class, a large
 * block, a free run.  Kinds 1..CLASS_COUNT are slabs of that class, so that
 * one number says both.
 */
#ifndef VMMA_CLASSES_H
#define VMMA_CLASSES_H

#include "bits.h"

enum {
    CLASS_COUNT = 24,
    CLASS_UNITS_MAX = 128,

    KIND_NONE = 0,
    /* 1 .. CLASS_COUNT: slabs */
    KIND_FREE = CLASS_COUNT + 1,     /* a free run of a client                */
    KIND_POOL_FREE = CLASS_COUNT + 2, /* in the context's buddy               */
    KIND_LARGE = CLASS_COUNT + 3,    /* a live large block                    */
    KIND_CACHED = CLASS_COUNT + 4,   /* a freed large block, not merged       */
    KIND_RELAY = CLASS_COUNT + 5,    /* no piece: leads to a head far away    */
    KIND_COUNT = 32
};

struct classes {
    uint8_t of_units[CLASS_UNITS_MAX]; /* kind for a request of i+1 units     */
    uint8_t units[KIND_COUNT];         /* block size in units; 0: not a class */
    uint32_t reciprocal[KIND_COUNT];   /* ceil(2^32 / (2 * units)); 0: not a
                                          class                               */
};

extern const struct classes vmma__classes HIDDEN;

static inline bool class_is(unsigned kind)
{
    return kind - 1 < CLASS_COUNT;
}

/*
 * The block at a distance of so many half units from its slab's start: its
 * index, and whether it is exactly a block's start.  The low part of the
 * product tells (Lemire, Kaser, Kurz: Faster remainder by direct computation,
 * 2019); exact for distances below 2^17.  Half units, so that the reciprocal
 * of the smallest block fits 32 bits.  A reciprocal of 0, that of no class, is
 * never exact.
 */
static inline bool class_index(uint32_t reciprocal, uint32_t halves,
                               unsigned *index)
{
    uint64_t product = (uint64_t)halves * reciprocal;

    *index = (unsigned)(product >> 32);
    return (uint32_t)product < reciprocal;
}

/* Blocks of a class that fit into that many units (below 2^16). */
static inline unsigned class_fit(unsigned kind, uint32_t units)
{
    return (unsigned)((uint64_t)units * 2 * vmma__classes.reciprocal[kind] >>
                      32);
}

#endif
