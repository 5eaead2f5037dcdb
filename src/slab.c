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
 *                                 countdown 0, others are listed    v
 *                                                              given back
 *
 * A slab that filled up must not come back at its first free: alternating
 * between nearly full slabs costs more than anything else (measured).  So the
 * record counts down "frees until something must happen", which is one
 * decrement on the fast path for both things that can.  The current slab is
 * exempt: its countdown starts at the top, at most 64 frees can come before it
 * is set again, and what it lacks to the top is how many came.  So no slow
 * path counts bits.
 *
 * An empty slab is kept while it is the current one, or alone in its list:
 * a class that is in use then does not take and give granules all the time.
 * Both are given back when memory runs short.
 *
 * Listed slabs are used in the order in which they were listed, so that more
 * blocks have come back by the time; the lists are rings, whose first slab
 * leads to the last one.  When a slab is taken, the next one's record and the
 * first blocks of this one are prefetched (docs/small-blocks.md: 10 % at 1e5
 * live blocks).
 *
 * Small clients begin with small slabs, which exhaust themselves more often.
 * A current slab that was refilled SLAB_REFILLS times in a row is replaced by
 * one of twice the size, so what a class costs follows its use.
 *
 *   L1  avail and freed have no bit in common; freed has all bits beyond the
 *       last block, avail none.
 *   L2  current[k] refers to the dummy or to a slab of class k with countdown
 *       255 - the blocks freed since it was refilled; it is in no list.
 *   L3  a listed slab's countdown is its live blocks, or 255 if it is empty
 *       and first; the ring of its class holds it once.
 *   L4  a waiting slab's countdown is an eighth of its blocks (at least one)
 *       less those in freed, and not 0.
 */
#include "slab.h"

enum {
    SLAB_ORDER_MAX = 4,         /* 16 granules                                */
    SLAB_BLOCKS_LOG2 = 6,
    SLAB_SHARE_LOG2 = 3,        /* a slab is at most an eighth of its client  */
    SLAB_PREFETCH = 8,          /* blocks to prefetch of a slab that is taken */
    SLAB_REFILLS = 32           /* of the current slab until it grows         */
};

static void set_countdown(struct record *r, unsigned countdown)
{
    r->stamp = (r->stamp & ~(uint64_t)STAMP_COUNTDOWN_MAX) | countdown;
}

/* ---- orders ----------------------------------------------------------- */

/* From an order of units to one of whole granules. */
static unsigned granule_order(const struct space *s, unsigned unit_order)
{
    return unit_order > s->granule_unit_shift
               ? unit_order - s->granule_unit_shift : 0;
}

/* The smallest run that holds a block of the class. */
static unsigned slab_order_least(const struct space *s, unsigned kind)
{
    return granule_order(s, bits_log2_ceil(vmma__classes.units[kind]));
}

/* The run that the class would have in a large client: 64 blocks of the power
 * of two at or below its size, at least a granule, at most 16. */
static unsigned slab_order_most(const struct space *s, unsigned kind)
{
    unsigned order = granule_order(
        s, SLAB_BLOCKS_LOG2 + bits_log2_floor(vmma__classes.units[kind]));

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
    uint32_t *first = &h->partial[kind - 1], last;

    if (*first == NONE) {
        *space_link(s, g) = (struct link){ g, g };
        *first = g;
        return;
    }
    last = space_link(s, *first)->prev;
    *space_link(s, g) = (struct link){ *first, last };
    space_link(s, last)->next = g;
    space_link(s, *first)->prev = g;
}

/* A slab in no list counts its refills in the link that it does not use. */
static void slab_set_unlisted(struct space *s, uint32_t g)
{
    *space_link(s, g) = (struct link){ 0, SLAB_UNLISTED };
}

static void slab_unlist(struct heap *h, struct space *s, uint32_t g,
                        unsigned kind)
{
    uint32_t *first = &h->partial[kind - 1];
    struct link link = *space_link(s, g);

    space_link(s, link.next)->prev = link.prev;
    space_link(s, link.prev)->next = link.next;
    if (*first == g)
        *first = link.next == g ? NONE : link.next;
    slab_set_unlisted(s, g);
}

/* ---- begin and end ---------------------------------------------------- */

static void slab_begin(struct heap *h, struct pool *p, uint32_t g,
                       unsigned entry)
{
    struct space *s = &p->space;
    struct record *r = space_record(s, g);
    uint32_t *map = space_map(s) + g;

    piece_begin(s, g, h->token, entry);
    for (uint32_t i = 1; i < (uint32_t)1 << entry_order(entry); i++)
        map[i] = map[0];
    r->avail = 0;
    r->freed = ~UINT64_C(0);
    r->stamp |= STAMP_COUNTDOWN_MAX;
    slab_set_unlisted(s, g);
}

static void slab_end(struct heap *h, struct pool *p, uint32_t g,
                     unsigned entry)
{
    piece_end(&p->space, g);
    vmma__heap_give(h, p, entry_arena(entry, g), g,
                    (uint32_t)1 << entry_order(entry));
}

/* A new slab of 2^order granules, or of fewer if there is no room for it, but
 * at least 2^least.  NONE and the cause if there is none. */
static uint32_t slab_new(struct heap *h, struct pool *p, unsigned kind,
                         unsigned order, unsigned least,
                         struct heap_request *request)
{
    for (;; order--) {
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

static void slab_make_current(struct heap *h, struct space *s, uint32_t g,
                              unsigned kind)
{
    h->current[kind - 1] = space_ref(s, g);
}

/* Make what came back to the slab available, and hand out the first of it. */
static size_t slab_refill(struct space *s, struct record *r, unsigned kind)
{
    uint64_t valid = bits_mask(slab_blocks(s, stamp_entry(r->stamp)));
    uint64_t back = r->freed & valid;

    INSIST(back != 0 && r->avail == 0);
    r->freed = ~valid;
    r->avail = back & (back - 1);
    set_countdown(r, STAMP_COUNTDOWN_MAX);
    return slab_offset(s, r, kind, platform_lowest(back));
}

/* The slab's blocks will be handed out soon, and then those of the next. */
static void slab_prefetch(const struct heap *h, const struct space *s,
                          const struct record *r, unsigned kind)
{
    uint64_t avail = r->avail;

    if (h->partial[kind - 1] != NONE)
        platform_prefetch(space_record(s, h->partial[kind - 1]));
    for (unsigned i = 0; i < SLAB_PREFETCH && avail != 0; i++) {
        size_t offset = slab_offset(s, r, kind, platform_lowest(avail));

        platform_prefetch((const void *)((uintptr_t)s + offset));
        avail &= avail - 1;
    }
}

/* The first listed slab of the class becomes the current one. */
static size_t slab_take_listed(struct heap *h, struct space *s, unsigned kind)
{
    uint32_t g = h->partial[kind - 1];
    struct record *r = space_record(s, g);
    size_t offset;

    slab_unlist(h, s, g, kind);
    slab_make_current(h, s, g, kind);
    offset = slab_refill(s, r, kind);
    slab_prefetch(h, s, r, kind);
    return offset;
}

/* The current slab is small and was refilled often: have one of twice its
 * size instead.  False if there is no need or room. */
static bool slab_grow(struct heap *h, struct pool *p, const struct record *r,
                      unsigned kind)
{
    struct space *s = &p->space;
    struct link *link = space_link(s, record_head(s, r));
    unsigned order = entry_order(stamp_entry(r->stamp)) + 1;
    struct heap_request request = { 0, false, NONE, VMMA_OK };
    uint32_t g;

    if (++link->next < SLAB_REFILLS || order > slab_order_most(s, kind))
        return false;
    link->next = 0;
    g = slab_new(h, p, kind, order, order, &request);
    if (g == NONE)
        return false;
    slab_make_current(h, s, g, kind);
    return true;
}

/* `returned` blocks, fewer than `wait`, came back to the slab, which is no
 * longer the current one; the dummy stays as it is. */
static void slab_retire(struct record *r, unsigned wait, unsigned returned)
{
    if (r->reciprocal != 0)
        set_countdown(r, wait - returned);
}

/* Enough came back to the current slab to use it again, or a larger one. */
static size_t slab_reuse(struct heap *h, struct pool *p, struct record *r,
                         unsigned kind, unsigned live)
{
    struct space *s = &p->space;

    if (!slab_grow(h, p, r, kind))
        return slab_refill(s, r, kind);
    if (live == 0) {
        slab_end(h, p, record_head(s, r), stamp_entry(r->stamp));
    } else {
        slab_list(h, s, record_head(s, r), kind);
        set_countdown(r, live);
    }
    return slab_refill(s, space_at(s, h->current[kind - 1]), kind);
}

size_t vmma__slab_alloc(struct heap *h, struct pool *p, unsigned kind,
                        struct heap_request *request)
{
    struct space *s = &p->space;
    struct record *r = space_at(s, h->current[kind - 1]);
    unsigned returned = STAMP_COUNTDOWN_MAX - stamp_countdown(r->stamp);
    unsigned blocks = slab_blocks(s, stamp_entry(r->stamp));
    unsigned wait = slab_wait(blocks);
    uint32_t g;

    if (returned >= wait)
        return slab_reuse(h, p, r, kind, blocks - returned);
    if (h->partial[kind - 1] != NONE) {
        slab_retire(r, wait, returned);
        return slab_take_listed(h, s, kind);
    }
    g = slab_new(h, p, kind, slab_order(h, s, kind),
                 slab_order_least(s, kind), request);
    if (g == NONE)
        return returned != 0 ? slab_refill(s, r, kind) : SLAB_FAILED;
    slab_retire(r, wait, returned);
    slab_make_current(h, s, g, kind);
    return slab_refill(s, space_record(s, g), kind);
}

/* ---- free ------------------------------------------------------------- */

/* The last live block of a listed slab was freed. */
static void slab_emptied(struct heap *h, struct pool *p, uint32_t g,
                         unsigned entry)
{
    struct space *s = &p->space;

    if (space_link(s, g)->next == g) {
        set_countdown(space_record(s, g), STAMP_COUNTDOWN_MAX);
        return;
    }
    slab_unlist(h, s, g, entry_kind(entry));
    slab_end(h, p, g, entry);
}

void vmma__slab_event(struct heap *h, struct pool *p, uint32_t g)
{
    struct space *s = &p->space;
    struct record *r = space_record(s, g);
    unsigned entry = stamp_entry(r->stamp);
    unsigned blocks = slab_blocks(s, entry), wait = slab_wait(blocks);

    if (space_link(s, g)->prev != SLAB_UNLISTED) {
        slab_emptied(h, p, g, entry);
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

static void slab_trim_current(struct heap *h, struct pool *p, unsigned kind)
{
    struct space *s = &p->space;
    uint32_t ref = h->current[kind - 1];
    uint32_t g = record_head(s, space_at(s, ref));
    unsigned entry = stamp_entry(space_at(s, ref)->stamp);

    if (ref == 0 || slab_live_count(s, g, entry) != 0)
        return;
    h->current[kind - 1] = 0;
    slab_end(h, p, g, entry);
}

/* An empty slab that was kept is the first of its ring: those that are listed
 * later come behind it. */
static void slab_trim_kept(struct heap *h, struct pool *p, unsigned kind)
{
    struct space *s = &p->space;
    uint32_t g = h->partial[kind - 1];

    if (g == NONE || slab_live_count(s, g, piece_at(s, g)) != 0)
        return;
    slab_unlist(h, s, g, kind);
    slab_end(h, p, g, piece_at(s, g));
}

void vmma__slab_trim(struct heap *h, struct pool *p)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        slab_trim_current(h, p, kind);
        slab_trim_kept(h, p, kind);
    }
}

static void gather_slab(struct heap *h, struct space *s, uint32_t g,
                        unsigned entry)
{
    struct record *r = space_record(s, g);
    unsigned kind = entry_kind(entry);

    if (h->current[kind - 1] == space_ref(s, g) ||
        space_link(s, g)->prev != SLAB_UNLISTED ||
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
            unsigned entry = piece_at(s, g);

            if (class_is(entry_kind(entry)))
                gather_slab(h, s, g, entry);
            g += piece_count(s, g, entry);
        }
    }
}
