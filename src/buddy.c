/*
 * buddy.c - the context's free granules, in lists by order: split and merge.
 *
 * The binary buddy system (Knowlton 1965; Knuth, TAOCP 1, 2.5): a piece of
 * 2^o granules starts at a multiple of 2^o, its buddy's number differs in bit
 * o alone.  Everything is kept outside the memory it speaks of: the lists run
 * through the pieces' links, and a bit per order says which lists are not
 * empty (as the mheap of VPP has it), so that finding a piece is one bit scan.
 *
 *   B1  bit o of `orders` is set exactly when list o is not empty.
 *   B2  each piece in list o has kind POOL_FREE, no owner and order o, and its
 *       links agree with its neighbours'.
 *   B3  no two free buddies lie beside each other unmerged, below the limit
 *       that was given for merging.
 *
 * Not done here: growing, and knowing what an arena is.
 */
#include "buddy.h"

void vmma__buddy_init(struct buddy *b)
{
    b->orders = 0;
    for (unsigned o = 0; o < ORDER_COUNT; o++)
        b->first[o] = NONE;
}

unsigned vmma__buddy_find(const struct buddy *b, unsigned order)
{
    uint32_t fit = order < ORDER_COUNT ? b->orders >> order << order : 0;

    return fit != 0 ? platform_lowest(fit) : ORDER_COUNT;
}

int vmma__buddy_largest(const struct buddy *b)
{
    return b->orders != 0 ? (int)platform_highest(b->orders) : -1;
}

static void buddy_push(struct buddy *b, struct space *s, uint32_t g,
                       unsigned order)
{
    uint32_t next = b->first[order];

    piece_begin(s, g, 0, entry_make(KIND_POOL_FREE, 0, order));
    *space_link(s, g) = (struct link){ next, NONE };
    if (next != NONE)
        space_link(s, next)->prev = g;
    b->first[order] = g;
    b->orders |= (uint32_t)1 << order;
}

void vmma__buddy_remove(struct buddy *b, struct space *s, uint32_t g)
{
    struct link link = *space_link(s, g);
    unsigned order = entry_order(piece_at(s, g));

    if (link.next != NONE)
        space_link(s, link.next)->prev = link.prev;
    if (link.prev != NONE)
        space_link(s, link.prev)->next = link.next;
    else
        b->first[order] = link.next;
    if (b->first[order] == NONE)
        b->orders &= ~((uint32_t)1 << order);
    piece_end(s, g);
}

uint32_t vmma__buddy_pop(struct buddy *b, struct space *s, unsigned order)
{
    uint32_t g = b->first[order];

    INSIST(g != NONE);
    vmma__buddy_remove(b, s, g);
    return g;
}

bool vmma__buddy_is_free(const struct space *s, uint32_t g, unsigned order)
{
    return piece_entry(s, g, 0) == entry_make(KIND_POOL_FREE, 0, order);
}

/* ---- runs that are no natural piece ----------------------------------- */

/* Are the granules [g, g + count) all in free pieces, the first of which
 * starts at g? */
static bool buddy_is_free_run(const struct space *s, uint32_t g,
                              uint32_t count)
{
    uint32_t end = g + count;

    while (g < end) {
        unsigned entry;

        if (g >= s->high_water)
            return false;
        entry = piece_entry(s, g, 0);
        if (entry_kind(entry) != KIND_POOL_FREE)
            return false;
        g += (uint32_t)1 << entry_order(entry);
    }
    return true;
}

void vmma__buddy_take_run(struct buddy *b, struct space *s, uint32_t g,
                          uint32_t count)
{
    uint32_t end = g + count;

    while (g < end) {
        uint32_t size = (uint32_t)1 << entry_order(piece_at(s, g));

        vmma__buddy_remove(b, s, g);
        g += size;
    }
    vmma__buddy_put(b, s, end, g - end);
}

/* The place is not all free, so its free part begins with a piece of exactly
 * half of it: [half][quarter][in use]. */
uint32_t vmma__buddy_find_run(const struct buddy *b, const struct space *s,
                              uint32_t count)
{
    unsigned order = bits_log2_floor(count);
    uint32_t place = (uint32_t)2 << order;
    uint32_t g = b->first[order];

    if (bits_is_power(count))
        return NONE;
    for (; g != NONE; g = space_link(s, g)->next)
        if ((g & (place - 1)) == 0 && buddy_is_free_run(s, g, count))
            return g;
    return NONE;
}

/* ---- giving back ------------------------------------------------------ */

void vmma__buddy_put(struct buddy *b, struct space *s, uint32_t g,
                     uint32_t count)
{
    while (count != 0) {
        unsigned order = run_order(g, count);

        buddy_push(b, s, g, order);
        g += (uint32_t)1 << order;
        count -= (uint32_t)1 << order;
    }
}

/* [buddy][piece] or [piece][buddy] -> [---- piece ----], as often as it goes. */
static void buddy_merge(struct buddy *b, struct space *s, uint32_t g,
                        unsigned order, uint32_t high)
{
    for (; order + 1 < ORDER_COUNT; order++) {
        uint32_t size = (uint32_t)1 << order;
        uint32_t other = g ^ size;

        if (other >= high || high - other < size ||
            !vmma__buddy_is_free(s, other, order))
            break;
        vmma__buddy_remove(b, s, other);
        g &= ~size;
    }
    buddy_push(b, s, g, order);
}

void vmma__buddy_give(struct buddy *b, struct space *s, uint32_t g,
                      uint32_t count, uint32_t high)
{
    while (count != 0) {
        unsigned order = run_order(g, count);

        buddy_merge(b, s, g, order, high);
        g += (uint32_t)1 << order;
        count -= (uint32_t)1 << order;
    }
}
