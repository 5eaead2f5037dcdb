/*
 * slab.c - small blocks: slabs of at most 64 blocks of one class.
 *
 * A slab is a run of granules cut into equal blocks.  Two words in its record
 * are all its state:
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
 * The slabs of a class form a ring, and `current` is a hand that goes round.
 * Alloc takes from the slab under the hand.  When that is exhausted, the hand
 * moves on, and takes what has come back to the next slab since it was there
 * last:
 *
 *          current
 *             |            moves when avail is empty
 *             v              ------>
 *     ... [ slab ] <-> [ slab ] <-> [ slab ] <-> ...     a ring for each class
 *
 * So a free is one bit set: it neither lists slabs nor counts, and whether it
 * does more does not depend on chance.  (The slabs that came before this were
 * listed when an eighth of their blocks had come back: one mispredicted branch
 * in eight frees, which waited for a cold record.)
 *
 * A slab that the hand finds full leaves the ring and is marked so: many full
 * slabs would hide the others, and the class would grow in spite of them.  The
 * first block that comes back to it, which is the only free that is not just a
 * bit set, puts it behind the hand again.
 *
 *                      the hand finds it full
 *          in the ring ----------------------> FULL
 *               ^                               |
 *               +-------------------------------+
 *                        its first free
 *
 * How many slabs should a class have?  The hand expects a 16th of each slab it
 * visits, and keeps the account in `credit`.  When that is used up the class
 * gets one more slab.  But before the heap grows for it, if it has grown by an
 * eighth since that was last done, empty slabs are collected, and the whole
 * ring is searched for a slab of which an eighth is free: that bounds what a
 * class can take (docs/FRAGMENTATION.md).
 *
 * Small clients begin with small slabs, which exhaust themselves more often;
 * each refill in place of a small one costs credit too, and what comes then is
 * twice as large.  So what a class costs follows its use.
 *
 *   L1  avail and freed have no bit in common; freed has all bits beyond the
 *       last block, avail none.
 *   L2  current[k] refers to the dummy, if the ring of class k is empty, or to
 *       one of its slabs.
 *   L3  the ring of class k, from current[k] on, holds each of the client's
 *       slabs of class k that is not marked full once; avail is 0 but for the
 *       current one.
 *   L4  of a slab that is marked full all blocks are live.
 */
#include "slab.h"

enum {
    SLAB_ORDER_MAX = 5,         /* 32 granules                                */
    SLAB_BLOCKS_LOG2 = 6,
    SLAB_SHARE_LOG2 = 3,        /* a slab is at most an eighth of its client, */
    SLAB_LIMIT_LOG2 = 6,        /* and a 64th of what that may ever hold      */
    SLAB_ENOUGH_LOG2 = 3,       /* a current slab to which an eighth of a full
                                   one came back is used again                */
    SLAB_EXPECTED_LOG2 = 4,     /* a 16th of each is expected to be free      */
    SLAB_PATIENCE = 4,          /* empty-handed visits until there is another */
    SLAB_LOOKS = 8,             /* slabs to look at in one request            */
    SLAB_COLLECT_LOG2 = 3,      /* empty slabs are collected when the heap
                                   grew by an eighth                          */
    SLAB_RICH_LOG2 = 3,         /* and slabs of which an eighth is free found */
    SLAB_ANY_LOG2 = SLAB_BLOCKS_LOG2 + 1,
    SLAB_PREFETCH = 3           /* blocks to prefetch of a slab that is taken */
};

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
 * of two at or below its size, at least a granule, at most 32. */
static unsigned slab_order_most(const struct space *s, unsigned kind)
{
    unsigned order = granule_order(
        s, SLAB_BLOCKS_LOG2 + bits_log2_floor(vmma__classes.units[kind]));

    return order < SLAB_ORDER_MAX ? order : SLAB_ORDER_MAX;
}

/* And in this one, which may not hold more than so much. */
static unsigned slab_order_limit(const struct heap *h, const struct space *s,
                                 unsigned kind)
{
    unsigned most = slab_order_most(s, kind);
    unsigned least = slab_order_least(s, kind);
    uint32_t room = h->ceiling < s->count ? h->ceiling : s->count;
    unsigned limit = bits_log2_floor((room >> SLAB_LIMIT_LOG2) | 1);

    if (limit < most)
        most = limit;
    return most > least ? most : least;
}

/* Small clients get small slabs. */
static unsigned slab_order(const struct heap *h, const struct space *s,
                           unsigned kind)
{
    unsigned most = slab_order_limit(h, s, kind);
    unsigned least = slab_order_least(s, kind);
    unsigned share = bits_log2_floor((h->held >> SLAB_SHARE_LOG2) | 1);

    if (share < most)
        most = share;
    return most > least ? most : least;
}

/* Blocks of the slab with this record. */
static unsigned slab_size(const struct space *s, const struct record *r)
{
    return slab_blocks(s, stamp_entry(r->stamp));
}

/* ---- the ring --------------------------------------------------------- */

/* Put a slab behind the hand, where it comes last. */
static void ring_insert(struct heap *h, struct space *s, uint32_t ref,
                        unsigned kind)
{
    uint32_t hand = h->current[kind - 1], last;

    if (hand == 0) {
        h->current[kind - 1] = ref;
        *space_link_at(s, ref) = (struct link){ ref, ref };
        return;
    }
    last = space_link_at(s, hand)->prev;
    *space_link_at(s, ref) = (struct link){ hand, last };
    space_link_at(s, last)->next = ref;
    space_link_at(s, hand)->prev = ref;
}

static void ring_remove(struct heap *h, struct space *s, uint32_t ref,
                        unsigned kind)
{
    struct link link = *space_link_at(s, ref);

    space_link_at(s, link.next)->prev = link.prev;
    space_link_at(s, link.prev)->next = link.next;
    if (h->current[kind - 1] == ref)
        h->current[kind - 1] = link.next == ref ? 0 : link.next;
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
    ring_insert(h, s, map[0], entry_kind(entry));
    h->current[entry_kind(entry) - 1] = map[0];
}

static void slab_end(struct heap *h, struct pool *p, uint32_t ref)
{
    struct record *r = space_at(&p->space, ref);
    unsigned entry = stamp_entry(r->stamp);
    uint32_t g = record_head(&p->space, r);

    ring_remove(h, &p->space, ref, entry_kind(entry));
    r->stamp = 0;
    vmma__heap_give(h, p, entry_arena(entry, g), g,
                    (uint32_t)1 << entry_order(entry));
}

/* ---- giving back ------------------------------------------------------ */

static bool slab_is_empty(const struct space *s, const struct record *r)
{
    uint64_t all = bits_mask(slab_size(s, r));

    return ((r->avail | r->freed) & all) == all;
}

static void slab_trim_class(struct heap *h, struct pool *p, unsigned kind)
{
    struct space *s = &p->space;
    uint32_t last = h->current[kind - 1], ref, next;

    if (last == 0)
        return;
    for (ref = space_link_at(s, last)->next; ref != last; ref = next) {
        next = space_link_at(s, ref)->next;
        if (slab_is_empty(s, space_at(s, ref)))
            slab_end(h, p, ref);
    }
    if (slab_is_empty(s, space_at(s, last)))
        slab_end(h, p, last);
}

void vmma__slab_trim(struct heap *h, struct pool *p)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++)
        slab_trim_class(h, p, kind);
}

bool vmma__slab_collect(struct heap *h, struct pool *p, uint32_t count)
{
    if (h->held < h->collect_at || !vmma__heap_must_grow(h, p, count))
        return false;
    vmma__slab_trim(h, p);
    h->collect_at = h->held + (h->held >> SLAB_COLLECT_LOG2) +
                    HEAP_COLLECT_LEAST;
    return true;
}

/* A new slab of 2^order granules, or of fewer if there is no room for it, is
 * current then.  False and the cause if there is none. */
static bool slab_new(struct heap *h, struct pool *p, unsigned kind,
                     unsigned order, struct heap_request *request)
{
    unsigned least = slab_order_least(&p->space, kind);

    for (;; order--) {
        uint32_t g;

        request->count = (uint32_t)1 << order;
        g = vmma__heap_take(h, p, request);
        if (g != NONE) {
            slab_begin(h, p, g,
                       vmma__heap_entry(p, request->arena, kind, order));
            return true;
        }
        if (order == least || request->cause == VMMA_E_BUSY)
            return false;
    }
}

/* ---- alloc ------------------------------------------------------------ */

/* Could it be larger in this client? */
static bool slab_is_small(const struct heap *h, const struct space *s,
                          const struct record *r, unsigned kind)
{
    return entry_order(stamp_entry(r->stamp)) < slab_order_limit(h, s, kind);
}

/* Make what came back to a slab, at least one block, available, and hand out
 * the first of it. */
static size_t slab_refill(struct space *s, struct record *r, unsigned kind,
                          uint64_t back)
{
    INSIST(back != 0 && r->avail == 0);
    r->freed &= ~back;
    r->avail = back & (back - 1);
    return slab_offset(s, r, kind, platform_lowest(back));
}

/* The slab's blocks will be handed out soon, and then those of the next. */
static void slab_prefetch(const struct space *s, const struct record *r,
                          unsigned kind, uint32_t next)
{
    uint64_t avail = r->avail;

    platform_prefetch(space_at(s, next));
    for (unsigned i = 0; i < SLAB_PREFETCH && avail != 0; i++) {
        size_t offset = slab_offset(s, r, kind, platform_lowest(avail));

        platform_prefetch((const void *)((uintptr_t)s + offset));
        avail &= avail - 1;
    }
}

/* Put the hand on a slab, to which these blocks came back. */
static size_t slab_visit(struct heap *h, struct space *s, unsigned kind,
                         uint32_t ref, uint64_t back)
{
    struct record *r = space_at(s, ref);
    size_t offset;

    h->current[kind - 1] = ref;
    offset = slab_refill(s, r, kind, back);
    slab_prefetch(s, r, kind, space_link_at(s, ref)->next);
    return offset;
}

/* What a visit to a slab of `size` blocks adds to the credit. */
static int slab_balance(uint64_t back, unsigned size)
{
    int found = back == 0 ? 0 : (int)bits_count(back);

    return (found << SLAB_EXPECTED_LOG2) - (int)size;
}

/* Book so much; has the class too few slabs?  If there is no memory for one
 * more, the credit stays used up. */
static bool slab_book(struct heap *h, const struct space *s, unsigned kind,
                      int amount)
{
    int limit = SLAB_PATIENCE * s->class_blocks[kind];
    int credit = h->credit[kind - 1] + amount;

    if (credit > limit)
        credit = limit;
    if (credit < -limit)
        credit = -limit;
    h->credit[kind - 1] = (int16_t)credit;
    return credit == -limit;
}

/* One more slab, and the first of its blocks.  If the current one is small it
 * is larger than that. */
static OUTLINE size_t slab_grow(struct heap *h, struct pool *p, unsigned kind,
                                 struct heap_request *request)
{
    struct space *s = &p->space;
    struct record *r = space_at(s, h->current[kind - 1]);
    unsigned order = slab_order(h, s, kind);

    if (r != &s->dummy && slab_is_small(h, s, r, kind) &&
        entry_order(stamp_entry(r->stamp)) >= order)
        order = entry_order(stamp_entry(r->stamp)) + 1;
    if (!slab_new(h, p, kind, order, request))
        return SLAB_FAILED;
    h->credit[kind - 1] = (int16_t)(-SLAB_PATIENCE / 2 *
                                    s->class_blocks[kind]);
    r = space_at(s, h->current[kind - 1]);
    return slab_refill(s, r, kind, bits_mask(slab_size(s, r)));
}

/* All blocks of the slab are live. */
static void slab_unlist(struct heap *h, struct space *s, uint32_t ref,
                        unsigned kind)
{
    ring_remove(h, s, ref, kind);
    space_at(s, ref)->stamp |= ENTRY_FULL;
}

/* Move the hand on until it finds something, but not for too long, and not
 * when the credit is used up.  What is full leaves the ring, even the current
 * slab when it is the last. */
static size_t slab_advance(struct heap *h, struct space *s, unsigned kind)
{
    uint32_t ref = space_link_at(s, h->current[kind - 1])->next;

    for (unsigned looks = 0; looks < SLAB_LOOKS; looks++) {
        uint32_t next = space_link_at(s, ref)->next;
        const struct record *r = space_at(s, ref);
        unsigned size = slab_size(s, r);
        uint64_t back = r->freed & bits_mask(size);
        bool poor = slab_book(h, s, kind, slab_balance(back, size));

        if (back != 0)
            return poor ? SLAB_FAILED : slab_visit(h, s, kind, ref, back);
        slab_unlist(h, s, ref, kind);
        if (next == ref)
            break;
        ref = next;
    }
    return SLAB_FAILED;
}

void vmma__slab_relist(struct heap *h, struct pool *p, struct record *r)
{
    r->stamp &= ~(uint64_t)ENTRY_FULL;
    ring_insert(h, &p->space,
                (uint32_t)(((uintptr_t)r - (uintptr_t)&p->space) / 8),
                entry_kind(stamp_entry(r->stamp)));
}

/* The first slab of the ring to which more than 1 / 2^share of its blocks came
 * back. */
static NOINLINE size_t slab_search(struct heap *h, struct space *s,
                                   unsigned kind, unsigned share)
{
    uint32_t last = h->current[kind - 1], ref = last;

    if (last == 0)
        return SLAB_FAILED;
    do {
        const struct record *r;
        unsigned size;
        uint64_t back;

        ref = space_link_at(s, ref)->next;
        r = space_at(s, ref);
        size = slab_size(s, r);
        back = r->freed & bits_mask(size);
        if (bits_count(back) > size >> share)
            return slab_visit(h, s, kind, ref, back);
    } while (ref != last);
    return SLAB_FAILED;
}

/* The class has too few slabs, as far as the hand has seen.  Before the heap
 * grows for one more, all of the ring is looked at. */
static size_t slab_more(struct heap *h, struct pool *p, unsigned kind,
                        struct heap_request *request)
{
    struct space *s = &p->space;
    uint32_t count = (uint32_t)1 << slab_order(h, s, kind);
    size_t offset = SLAB_FAILED;

    if (vmma__slab_collect(h, p, count))
        offset = slab_search(h, s, kind, SLAB_RICH_LOG2);
    if (offset == SLAB_FAILED)
        offset = slab_grow(h, p, kind, request);
    if (offset == SLAB_FAILED)
        offset = slab_search(h, s, kind, SLAB_ANY_LOG2);
    return offset;
}

size_t vmma__slab_alloc(struct heap *h, struct pool *p, unsigned kind,
                        struct heap_request *request)
{
    struct space *s = &p->space;
    struct record *r = space_at(s, h->current[kind - 1]);
    size_t offset = SLAB_FAILED;

    if (r != &s->dummy) {
        unsigned size = slab_size(s, r);
        uint64_t back = r->freed & bits_mask(size);
        unsigned enough = s->class_blocks[kind] >> SLAB_ENOUGH_LOG2;

        /* All of a slab is enough, even if it is smaller than that. */
        if (back == 0 || bits_count(back) < (enough < size ? enough : size))
            offset = slab_advance(h, s, kind);
        else if (!slab_is_small(h, s, r, kind) ||
                 !slab_book(h, s, kind, -(int)enough))
            offset = slab_refill(s, r, kind, back);
    }
    return offset != SLAB_FAILED ? offset : slab_more(h, p, kind, request);
}

/* ---- once for each context -------------------------------------------- */

void vmma__slab_init(struct space *s)
{
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        unsigned units = slab_order_most(s, kind) + s->granule_unit_shift;

        if (vmma__classes.units[kind] <= s->class_units)
            s->class_blocks[kind] =
                (uint8_t)class_fit(kind, (uint32_t)1 << units);
    }
}
