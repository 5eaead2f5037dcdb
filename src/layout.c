/*
 * layout.c - where everything lies in the caller's block; pure arithmetic.
 *
 *   block                                                      block + size
 *   |                                                                     |
 *   v                                                                     v
 *   +-----+---------+-----+-------+---------+-------+--------+-----+--..---+
 *   | pad | context | map | slots | records | links | arenas | pad | heap  |
 *   +-----+---------+-----+-------+---------+-------+--------+-----+--..---+
 *         ^               ^                                        ^
 *         |               512 bytes per client that may live       aligned
 *         aligned to 512, as every slot is                  to the granule
 *
 * The arrays have room for what the block may become (max_size), so that it
 * can be extended in place.  All of them are reserved and none is written
 * here: a granule costs 48 bytes of bookkeeping, of which the pages that
 * describe unused memory are never touched.
 *
 * tail is what is left after the last whole granule; it is not used.
 */
#include "layout.h"

enum {
    BYTES_PER_GRANULE = sizeof(uint32_t) + sizeof(struct record) +
                        sizeof(struct link) +
                        sizeof(struct arena) / ARENA_GRANULES_MIN,
    CACHE_LINE = 64
};

_Static_assert(sizeof(struct record) == 32, "a record is half a cache line");
_Static_assert(sizeof(struct link) == 8 && sizeof(struct arena) == 16,
               "no padding");

static size_t default_clients(size_t size)
{
    size_t clients = size >> 15;

    if (clients < LAYOUT_CLIENTS_MIN)
        return LAYOUT_CLIENTS_MIN;
    return clients > LAYOUT_CLIENTS_MAX ? LAYOUT_CLIENTS_MAX : clients;
}

static enum vmma_status judge_powers(const struct layout_wish *w)
{
    if (!bits_is_power(w->alignment) || w->alignment < 8 ||
        w->alignment > 4096)
        return VMMA_E_ALIGNMENT;
    if (!bits_is_power(w->granule) || w->granule < 256 || w->granule > 65536)
        return VMMA_E_BLOCK_SIZE;
    if (w->alignment > w->granule)
        return VMMA_E_ALIGNMENT_TOO_LARGE;
    if (w->granule > w->size / 16)
        return VMMA_E_BLOCK_SIZE_TOO_LARGE;
    return VMMA_OK;
}

enum vmma_status vmma__layout_default(struct layout_wish *w)
{
    enum vmma_status status;

    if (w->alignment == 0)
        w->alignment = 16;
    if (w->granule == 0)
        w->granule = w->alignment > 1024 ? w->alignment : 1024;
    if (w->max_size == 0)
        w->max_size = w->size;
    if (w->max_clients == 0)
        w->max_clients = default_clients(w->max_size);
    status = judge_powers(w);
    if (status != VMMA_OK)
        return status;
    if (w->max_size < w->size)
        return VMMA_E_MAX_SIZE;
    if (w->max_clients > LAYOUT_CLIENTS_MAX)
        return VMMA_E_MAX_CLIENTS;
    return VMMA_OK;
}

/* Place the arrays for `capacity` granules. */
static void place_arrays(const struct layout_wish *w, size_t capacity,
                         struct layout *l)
{
    uintptr_t context = w->address + l->pad;
    size_t stripe = capacity / SPACE_STRIPES + 1;
    size_t records = stripe * SPACE_STRIPES;
    size_t arenas = capacity / ARENA_GRANULES_MIN + 1;

    l->slots = bits_align_up(SPACE_MAP + capacity * sizeof(uint32_t),
                             LAYOUT_SLOT_SIZE);
    l->record = l->slots + w->max_clients * LAYOUT_SLOT_SIZE;
    l->link = l->record + records * sizeof(struct record);
    l->arena = l->link + records * sizeof(struct link);
    l->heap = bits_align_up(l->arena + arenas * sizeof(struct arena),
                            CACHE_LINE);
    l->bookkeeping = l->heap;
    l->heap += bits_padding(context + l->heap, w->granule);
    l->capacity = (uint32_t)capacity;
    l->stripe = (uint32_t)stripe;
}

uint32_t vmma__layout_count(const struct layout *l, size_t size)
{
    size_t before = l->pad + l->heap;
    size_t count = size > before ? (size - before) >> l->granule_shift : 0;

    return count < l->capacity ? (uint32_t)count : l->capacity;
}

/* The most granules that fit, with their arrays, into a block of max_size. */
static enum vmma_status place(const struct layout_wish *w, struct layout *l)
{
    size_t fixed = SPACE_MAP + w->max_clients * LAYOUT_SLOT_SIZE;
    size_t room = w->max_size > fixed ? w->max_size - fixed : 0;
    size_t most = room / (w->granule + BYTES_PER_GRANULE) + 1;
    uint64_t wide = w->max_size;

    if (most - 1 > LAYOUT_GRANULES_MAX || wide > LAYOUT_SIZE_MAX)
        return VMMA_E_SIZE_TOO_LARGE;
    /* Judged before padding is known, so that it does not depend on where
     * the block lies. */
    place_arrays(w, most, l);
    if (l->bookkeeping > w->size / 4)
        return VMMA_E_BOOKKEEPING;
    for (; most > 0; most--) {
        place_arrays(w, most, l);
        if (vmma__layout_count(l, w->max_size) == most)
            break;
    }
    l->count = vmma__layout_count(l, w->size);
    return l->count < ARENA_GRANULES_MIN ? VMMA_E_SIZE_TOO_SMALL : VMMA_OK;
}

enum vmma_status vmma__layout_compute(const struct layout_wish *w,
                                      struct layout *layout)
{
    size_t unit = w->granule / 64 > w->alignment ? w->granule / 64
                                                 : w->alignment;
    enum vmma_status status;
    struct layout l = { 0 };

    if (w->max_size - 1 > UINTPTR_MAX - w->address)
        return VMMA_E_SIZE_WRAPS;
    l.granule_shift = bits_log2_floor(w->granule);
    l.unit_shift = bits_log2_floor(unit);
    l.pad = bits_padding(w->address, LAYOUT_SLOT_SIZE);
    status = place(w, &l);
    if (status == VMMA_OK)
        *layout = l;
    return status;
}
