/*
 * layout.c - where everything lies in the caller's block; pure arithmetic.
 *
 *   block                                                      block + size
 *   |                                                                     |
 *   v                                                                     v
 *   +-----+---------+-------+---------+--------+-----+-----+--------+-----+
 *   | pad | context | slots | records | arenas | map | pad | heap.. | tail|
 *   +-----+---------+-------+---------+--------+-----+-----+--------+-----+
 *         ^         ^       ^                              ^
 *         |         |       |                              aligned to the
 *         |         |       records[capacity + 1]: the     granule
 *         |         |       last one is the dummy slab
 *         |         one of 512 bytes per client that may live
 *         aligned to 512, as every slot is
 *
 * The arrays have room for what the block may become (max_size), so that it
 * can be extended in place.  All of them are reserved and none is written
 * here: a granule costs 38 bytes of bookkeeping, of which the pages that
 * describe unused memory are never touched.
 *
 * tail is what is left after the last whole granule; it is not used.
 */
#include "layout.h"

enum {
    BYTES_PER_ARENA = sizeof(struct arena),
    BYTES_PER_GRANULE = sizeof(struct record) + sizeof(uint16_t) +
                        (sizeof(struct arena) + ARENA_GRANULES_MIN - 1) /
                            ARENA_GRANULES_MIN,
    CACHE_LINE = 64
};

_Static_assert(sizeof(struct record) == 32, "a record is half a cache line");
_Static_assert(sizeof(struct arena) == 16, "arenas are small");

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

/* Place the arrays for `capacity` granules behind the slots. */
static void place_arrays(const struct layout_wish *w, size_t capacity,
                         struct layout *l)
{
    uintptr_t context = w->address + l->pad;
    size_t arenas = capacity / ARENA_GRANULES_MIN + 1;

    l->record = l->slots + w->max_clients * LAYOUT_SLOT_SIZE;
    l->arena = l->record + (capacity + 1) * sizeof(struct record);
    l->map = l->arena + arenas * BYTES_PER_ARENA;
    l->heap = bits_align_up(l->map + capacity * sizeof(uint16_t), CACHE_LINE);
    l->heap += bits_padding(context + l->heap, w->granule);
    l->capacity = (uint32_t)capacity;
}

/* Bytes of the block of `size` bytes that lie behind the slots; 0 if none. */
static size_t behind_slots(const struct layout_wish *w, const struct layout *l,
                           size_t size)
{
    size_t before = l->pad + l->slots + w->max_clients * LAYOUT_SLOT_SIZE;

    return size > before ? size - before : 0;
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
    size_t room = behind_slots(w, l, w->max_size);
    size_t most = room / (w->granule + BYTES_PER_GRANULE) + 1;

    if (most > LAYOUT_GRANULES_MAX)
        return VMMA_E_SIZE_TOO_LARGE;
    for (; most > 0; most--) {
        place_arrays(w, most, l);
        if (vmma__layout_count(l, w->max_size) == most)
            break;
    }
    l->count = vmma__layout_count(l, w->size);
    return VMMA_OK;
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
    l.slots = bits_align_up(w->header, LAYOUT_SLOT_SIZE);
    status = place(w, &l);
    if (status != VMMA_OK)
        return status;
    if (l.map + l.capacity * sizeof(uint16_t) > w->size / 4)
        return VMMA_E_BOOKKEEPING;
    if (l.count < ARENA_GRANULES_MIN)
        return VMMA_E_SIZE_TOO_SMALL;
    *layout = l;
    return VMMA_OK;
}
