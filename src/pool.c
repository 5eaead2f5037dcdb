/*
 * pool.c - the context's memory: arenas are taken from it and given back.
 *
 *   granule 0                   high_water                        count
 *   |                           |                                     |
 *   v                           v                                     v
 *   +-------+------+-----+------+-------------------------------------+
 *   | arena | free | ... | arena|            not in use               |
 *   +-------+------+-----+------+-------------------------------------+
 *
 * Below the high-water mark each granule is in an arena or in a free piece of
 * the buddy.  Above it there is nothing to keep: it is handed out by moving
 * the mark up, and when the highest arena comes back the mark moves down
 * again, over free pieces too.  So the state is a function of which granules
 * are in arenas, and of nothing else: P3.  That is what makes a client's
 * deletion restore not only the bytes but the shape of the free memory.
 *
 *   P1  granules below the mark are in exactly one arena or free piece.
 *   P2  held is the sum of the arenas' counts, arena_count their number.
 *   P3  no free piece ends at the mark, and free buddies are merged.
 *   P4  high_water <= scrubbed <= count <= capacity.
 *
 * An arena may have any length, but it starts at a natural place for it, so
 * its span is its start's alignment as far as needed; what follows it in its
 * last natural piece stays free.
 */
#include "pool.h"

#include <string.h>

void vmma__pool_init(struct pool *p)
{
    vmma__buddy_init(&p->free);
    p->held = p->peak = p->arena_count = 0;
}

/* The high-water mark goes up to `to`: see that the map is zeroed there. */
static void pool_raise(struct pool *p, uint32_t to)
{
    struct space *s = &p->space;

    if (to > s->scrubbed) {
        memset(space_map(s) + s->scrubbed, 0,
               (size_t)(to - s->scrubbed) * sizeof(uint32_t));
        s->scrubbed = to;
    }
    s->high_water = to;
    space_set_doors(s);
}

/* The first free piece that ends at the mark, or NONE. */
static uint32_t pool_piece_at_mark(const struct pool *p)
{
    uint32_t mark = p->space.high_water;

    for (uint32_t orders = p->free.orders; orders != 0; orders &= orders - 1) {
        unsigned order = platform_lowest(orders);
        uint32_t size = (uint32_t)1 << order;

        if (size > mark || (mark & (size - 1)) != 0)
            break;
        if (vmma__buddy_is_free(&p->space, mark - size, order))
            return mark - size;
    }
    return NONE;
}

/* All is free from g to the mark, and no piece yet: lower the mark. */
static void pool_lower(struct pool *p, uint32_t g)
{
    p->space.high_water = g;
    while ((g = pool_piece_at_mark(p)) != NONE) {
        vmma__buddy_remove(&p->free, &p->space, g);
        p->space.high_water = g;
    }
    space_set_doors(&p->space);
}

/* A place that is free as far as it is needed. */
static uint32_t pool_take_run(struct pool *p, uint32_t count)
{
    uint32_t g = NONE;

    if (count > ARENA_GRANULES_MIN)
        g = vmma__buddy_find_run(&p->free, &p->space, count);
    if (g != NONE)
        vmma__buddy_take_run(&p->free, &p->space, g, count);
    return g;
}

/* From the free pieces: the smallest that is large enough, cut to size. */
static uint32_t pool_take_free(struct pool *p, uint32_t count)
{
    unsigned order = vmma__buddy_find(&p->free, arena_order(count));
    uint32_t g;

    if (order == ORDER_COUNT)
        return pool_take_run(p, count);
    g = vmma__buddy_pop(&p->free, &p->space, order);
    vmma__buddy_put(&p->free, &p->space, g + count,
                    ((uint32_t)1 << order) - count);
    return g;
}

/* From above the mark; what is passed over becomes free. */
static uint32_t pool_take_fresh(struct pool *p, uint32_t count)
{
    uint32_t mark = p->space.high_water;
    size_t g = bits_align_up(mark, (size_t)1 << arena_order(count));

    if (g >= p->space.count || p->space.count - g < count)
        return NONE;
    pool_raise(p, (uint32_t)g + count);
    vmma__buddy_put(&p->free, &p->space, mark, (uint32_t)g - mark);
    return (uint32_t)g;
}

uint32_t vmma__pool_take(struct pool *p, uint32_t count)
{
    uint32_t g;

    if (count > vmma__pool_free(p))
        return NONE;
    g = pool_take_free(p, count);
    if (g == NONE)
        g = pool_take_fresh(p, count);
    if (g == NONE)
        return NONE;
    *space_arena(&p->space, g) = (struct arena){ count, 0, NONE, NONE };
    p->held += count;
    p->arena_count++;
    if (p->held > p->peak)
        p->peak = p->held;
    return g;
}

void vmma__pool_give(struct pool *p, uint32_t g)
{
    uint32_t count = space_arena(&p->space, g)->count;

    p->held -= count;
    p->arena_count--;
    if (g + count == p->space.high_water)
        pool_lower(p, g);
    else
        vmma__buddy_give(&p->free, &p->space, g, count, p->space.high_water);
}

/* The largest run above the mark that starts at a natural place for it. */
static uint32_t pool_largest_fresh(const struct pool *p)
{
    const struct space *s = &p->space;
    uint32_t best = 0;

    for (unsigned o = arena_order(1); o < ORDER_COUNT; o++) {
        size_t size = (size_t)1 << o;
        size_t g = bits_align_up(s->high_water, size);
        size_t room = g < s->count ? s->count - g : 0;

        if (room > size)
            room = size;
        if (room > best)
            best = (uint32_t)room;
    }
    return best;
}

uint32_t vmma__pool_largest(const struct pool *p)
{
    uint32_t fresh = pool_largest_fresh(p);
    int order = vmma__buddy_largest(&p->free);

    if (order < (int)arena_order(1) || (uint32_t)1 << order < fresh)
        return fresh;
    return (uint32_t)1 << order;
}

uint32_t vmma__pool_free(const struct pool *p)
{
    return p->space.count - p->held;
}

void vmma__pool_extend(struct pool *p, uint32_t count)
{
    INSIST(count >= p->space.count && count <= p->space.capacity);
    p->space.count = count;
}
