/*
 * slab.c - small blocks: slabs of at most 64 blocks of one class.
 *
 * A slab is a natural run of granules cut into equal blocks.  Two words in
 * its record are all its state:
 *
 *   avail  blocks that alloc may hand out: the lowest set bit is next
 *   freed  blocks that came back: free sets a bit
 *
 * When `avail` has run out, what is in `freed` becomes `avail`.  Two words
 * and not one, because the load of the next alloc would otherwise wait for
 * the store of the last free (docs/small-blocks.md has the measurement).  A
 * block is live exactly when it is in neither; the bits of `freed` beyond the
 * last block are always set, so that one bit test answers for them too.
 *
 *         alloc, avail empty               countdown 0:
 *         and few came back                an eighth came back
 *   CURRENT -------------------> WAITING ---------------------> LISTED
 *      ^                                                         |  |
 *      |   alloc needs another slab: the one listed first        |  |
 *      +---------------------------------------------------------+  |
 *                                        countdown 0: empty         v
 *                                                              given back
 *
 * A slab that filled up must not come back at its first free: alternating
 * between nearly full slabs costs more than anything else (measured).  So the
 * record counts down "frees until something must happen", which is one
 * decrement on the fast path for both things that can.  The current slab is
 * exempt: its countdown starts at the top, at most 64 frees can come before it
 * is set again, and what it lacks to the top is how many came.  So no slow
 * path counts bits.  An empty current slab is kept, until memory runs short.
 *
 * Listed slabs are used in the order in which they were listed, so that more
 * blocks have come back by the time; the lists are rings, whose first slab
 * leads to the last one.  When a slab is taken, the next one's record and the
 * first blocks of this one are prefetched (docs/small-blocks.md: 10 % at 1e5
 * live blocks).
 *
 *   L1  avail and freed have no bit in common; freed has all bits beyond the
 *       last block, avail none.
 *   L2  current[k] is the dummy or a slab of class k with countdown 255 - the
 *       blocks freed since it was refilled; it is in no list.
 *   L3  a listed slab's countdown is its live blocks, which are not 0; the
 *       ring of its class holds it once.
 *   L4  a waiting slab's countdown is an eighth of its blocks (at least one)
 *       less those in freed, and not 0.
 */
#include "slab.h"

enum {
    SLAB_ORDER_MAX = 4,         /* 16 granules                                */
    SLAB_BLOCKS_LOG2 = 6,
    SLAB_SHARE_LOG2 = 3,        /* a slab is at most an eighth of its client  */
    SLAB_PREFETCH = 8           /* blocks to prefetch of a slab that is taken */
};

static void set_countdown(struct record *r, unsigned countdown)
{
    r->stamp = (r->stamp & ~(uint64_t)STAMP_COUNTDOWN_MAX) | countdown;
}

/* ---- orders ----------------------------------------------------------- */

/* The smallest run that holds a block of the class. */
static unsigned slab_order_least(const struct space *s, unsigned kind)
{
    unsigned order = bits_log2_ceil(vmma__classes.units[kind]);

    return order > s->granule_unit_shift ? order - s->granule_unit_shift : 0;
}

/* The run that the class would have in a large client: 64 blocks of the power
 * of two at or below its size, at least a granule, at most 16. */
static unsigned slab_order_most(const struct space *s, unsigned kind)
{
    unsigned order = SLAB_BLOCKS_LOG2 +
                     bits_log2_floor(vmma__classes.units[kind]);

    order = order > s->granule_unit_shift ? order - s->granule_unit_shift : 0;
    return order < SLAB_ORDER_MAX ? order : SLAB_ORDER_MAX;
}

/* Small clients get small slabs. */
static unsigned slab_order(const struct heap *h, const struct space *s,
                           unsigned kind)
{
    unsigned most = slab_order_most(s, kind);
    unsigned least = slab_order_least(s, kind);
    unsigned share = bits_log2_floor((h->held >> SLAB_SHARE_LOG2) | 1);

    if (share < most)
        most = share;
    return most > least ? most : least;
}

/* ---- lists ------------------------------------------------------------ */

/* Put the slab at the end of its class's ring. */
static void slab_list(struct heap *h, struct space *s, uint32_t g,
                      unsigned kind)
{
    uint32_t *first = &h->partial[kind - 1];
    struct record *r = space_record(s, g), *head;

    if (*first == NONE) {
        *first = r->next = r->prev = g;
        return;
    }
    head = space_record(s, *first);
    r->next = *first;
    r->prev = head->prev;
    space_record(s, head->prev)->next = g;
    head->prev = g;
}

static void slab_unlist(struct heap *h, struct space *s, uint32_t g,
                        unsigned kind)
{
    uint32_t *first = &h->partial[kind - 1];
    struct record *r = space_record(s, g);

    space_record(s, r->next)->prev = r->prev;
    space_record(s, r->prev)->next = r->next;
    if (*first == g)
        *first = r->next == g ? NONE : r->next;
    r->prev = SLAB_UNLISTED;
}

/* ---- begin and end ---------------------------------------------------- */

static void slab_begin(struct heap *h, struct pool *p, uint32_t g,
                       unsigned entry)
{
    struct space *s = &p->space;
    struct record *r = space_record(s, g);
    unsigned blocks = slab_blocks(s, entry);
    uint16_t *map = space_map(s) + g;

    for (uint32_t i = 0; i < (uint32_t)1 << entry_order(entry); i++)
        map[i] = (uint16_t)entry;
    r->avail = 0;
    r->freed = ~UINT64_C(0);
    r->stamp = stamp_make(h->token, entry) | STAMP_COUNTDOWN_MAX;
    r->next = NONE;
    r->prev = SLAB_UNLISTED;
    INSIST(blocks >= 1 && blocks <= 64);
    (void)blocks;
}

static void slab_end(struct heap *h, struct pool *p, uint32_t g,
                     unsigned entry)
{
    piece_end(&p->space, g);
    vmma__heap_give(h, p, entry_arena(entry, g), g,
                    (uint32_t)1 << entry_order(entry));
}

/* A new slab: of the size that suits, or of the smallest that there is room
 * for.  NONE and the cause if there is none. */
static uint32_t slab_new(struct heap *h, struct pool *p, unsigned kind,
                         struct heap_request *request)
{
    struct space *s = &p->space;
    unsigned least = slab_order_least(s, kind);

    for (unsigned order = slab_order(h, s, kind); ; order--) {
        uint32_t g;

        request->count = (uint32_t)1 << order;
        g = vmma__heap_take(h, p, request);
        if (g != NONE) {
            slab_begin(h, p, g,
                       vmma__heap_entry(p, request->arena, kind, order));
            return g;
        }
        if (order == least || request->cause == VMMA_E_BUSY)
            return NONE;
    }
}

/* ---- alloc ------------------------------------------------------------ */

/* Make what came back to the slab available, and hand out the first of it. */
static size_t slab_refill(struct space *s, uint32_t g, unsigned kind)
{
    struct record *r = space_record(s, g);
    uint64_t valid = bits_mask(slab_blocks(s, stamp_entry(r->stamp)));
    uint64_t back = r->freed & valid;

    INSIST(back != 0 && r->avail == 0);
    r->freed = ~valid;
    r->avail = back & (back - 1);
    set_countdown(r, STAMP_COUNTDOWN_MAX);
    return slab_unit(s, g) + (size_t)platform_lowest(back) *
                                 vmma__classes.units[kind];
}

/* The slab's blocks will be handed out soon, and then those of the next. */
static void slab_prefetch(const struct heap *h, const struct space *s,
                          uint32_t g, unsigned kind)
{
    uint64_t avail = space_record(s, g)->avail;
    size_t first = slab_unit(s, g);

    if (h->partial[kind - 1] != NONE)
        platform_prefetch(space_record(s, h->partial[kind - 1]));
    for (unsigned i = 0; i < SLAB_PREFETCH && avail != 0; i++) {
        size_t unit = first + (size_t)platform_lowest(avail) *
                                  vmma__classes.units[kind];

        platform_prefetch((const void *)(space_heap(s) +
                                         (unit << s->unit_shift)));
        avail &= avail - 1;
    }
}

/* The first listed slab of the class becomes the current one. */
static size_t slab_take_listed(struct heap *h, struct space *s, unsigned kind)
{
    uint32_t g = h->partial[kind - 1];
    size_t unit;

    slab_unlist(h, s, g, kind);
    h->current[kind - 1] = g;
    unit = slab_refill(s, g, kind);
    slab_prefetch(h, s, g, kind);
    return unit;
}

size_t vmma__slab_alloc(struct heap *h, struct pool *p, unsigned kind,
                        struct heap_request *request)
{
    struct space *s = &p->space;
    uint32_t current = h->current[kind - 1], g;
    struct record *r = space_record(s, current);
    unsigned returned = STAMP_COUNTDOWN_MAX - stamp_countdown(r->stamp);
    unsigned wait = slab_wait(slab_blocks(s, stamp_entry(r->stamp)));

    if (returned >= wait)
        return slab_refill(s, current, kind);
    if (h->partial[kind - 1] != NONE) {
        set_countdown(r, wait - returned);
        return slab_take_listed(h, s, kind);
    }
    g = slab_new(h, p, kind, request);
    if (g == NONE)
        return returned != 0 ? slab_refill(s, current, kind) : SLAB_FAILED;
    if (current != s->capacity)
        set_countdown(r, wait - returned);
    h->current[kind - 1] = g;
    return slab_refill(s, g, kind);
}

/* ---- free ------------------------------------------------------------- */

void vmma__slab_event(struct heap *h, struct pool *p, uint32_t g)
{
    struct space *s = &p->space;
    struct record *r = space_record(s, g);
    unsigned entry = stamp_entry(r->stamp);
    unsigned blocks = slab_blocks(s, entry), wait = slab_wait(blocks);

    if (r->prev != SLAB_UNLISTED) {
        slab_unlist(h, s, g, entry_kind(entry));
        slab_end(h, p, g, entry);
    } else if (wait == blocks) {
        slab_end(h, p, g, entry);
    } else {
        slab_list(h, s, g, entry_kind(entry));
        set_countdown(r, blocks - wait);
    }
}

void vmma__slab_free(struct heap *h, struct pool *p, uint32_t g,
                     unsigned index)
{
    struct record *r = space_record(&p->space, g);

    r->freed |= UINT64_C(1) << index;
    r->stamp--;
    if (stamp_countdown(r->stamp) == 0)
        vmma__slab_event(h, p, g);
}

/* ---- when memory runs short ------------------------------------------- */

void vmma__slab_trim(struct heap *h, struct pool *p)
{
    struct space *s = &p->space;

    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        uint32_t g = h->current[i];
        unsigned entry = stamp_entry(space_record(s, g)->stamp);

        if (g == s->capacity || slab_live_count(s, g, entry) != 0)
            continue;
        h->current[i] = s->capacity;
        slab_end(h, p, g, entry);
    }
}

static void gather_slab(struct heap *h, struct space *s, uint32_t g,
                        unsigned entry)
{
    struct record *r = space_record(s, g);
    unsigned kind = entry_kind(entry);

    if (h->current[kind - 1] == g || r->prev != SLAB_UNLISTED ||
        (r->freed & bits_mask(slab_blocks(s, entry))) == 0)
        return;
    slab_list(h, s, g, kind);
    set_countdown(r, slab_live_count(s, g, entry));
}

void vmma__slab_gather(struct heap *h, struct pool *p)
{
    struct space *s = &p->space;

    for (uint32_t a = h->first_arena; a != NONE; a = space_arena(s, a)->next) {
        uint32_t end = a + space_arena(s, a)->count;

        for (uint32_t g = a; g < end; ) {
            unsigned entry = space_map(s)[g];

            if (class_is(entry_kind(entry)))
                gather_slab(h, s, g, entry);
            g += piece_count(s, g, entry);
        }
    }
}
