/*
 * layout.h - where everything lies in the caller's block; pure arithmetic.
 */
#ifndef VMMA_LAYOUT_H
#define VMMA_LAYOUT_H

#include "libvmma.h"
#include "space.h"

enum {
    LAYOUT_SLOT_SIZE = 512,     /* a client's slot; also its alignment        */
    LAYOUT_CLIENTS_MAX = 65536,
    LAYOUT_CLIENTS_MIN = 8
};
/* Starts are 32 bits and count 256 bytes. */
#define LAYOUT_SIZE_MAX (UINT64_C(1) << (32 + SPACE_START_SHIFT))
#define LAYOUT_GRANULES_MAX ((size_t)1 << (ORDER_COUNT - 1))

/* What is wanted: a context configuration with the defaults filled in. */
struct layout_wish {
    uintptr_t address;          /* of the caller's block                      */
    size_t size;                /* bytes now                                  */
    size_t max_size;            /* bytes at most                              */
    size_t alignment;
    size_t granule;
    size_t max_clients;
};

/* What comes of it.  Offsets count from the context struct. */
struct layout {
    size_t pad;                 /* bytes before the context struct            */
    size_t slots;
    size_t record;
    size_t link;
    size_t arena;
    size_t bookkeeping;         /* its end, before padding to the granule     */
    size_t heap;
    uint32_t count;             /* granules now                               */
    uint32_t capacity;          /* granules at max_size                       */
    uint32_t stripe;            /* see space.h                                */
    unsigned unit_shift;
    unsigned granule_shift;
};

/* Fill in the defaults of max_size, granule, alignment and max_clients where
 * they are 0, and judge each value by itself and against the others, in the
 * order that libvmma.h promises for vmma_create_context. */
enum vmma_status vmma__layout_default(struct layout_wish *wish);

/* Place everything.  `layout` is only written when the answer is VMMA_OK. */
enum vmma_status vmma__layout_compute(const struct layout_wish *wish,
                                      struct layout *layout);

/* Granules of a block that now has `size` bytes. */
uint32_t vmma__layout_count(const struct layout *layout, size_t size);

#endif
