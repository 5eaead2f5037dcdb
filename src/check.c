/*
 * check.c - the validator: recompute everything, compare, name what is wrong.
 *
 * The labels are those of the rooms' essays.  The order is chosen so that
 * each step may rely on those before it: the header, the table, the tiling of
 * the granules by arenas and pieces, and then the lists.  Every number that
 * is read from the bookkeeping is judged before it is used as an index, and
 * every walk is bounded, so a damaged context is named and not followed.
 *
 * What NULL does not prove: that users' data is intact, or that a counter of
 * the statistics (failures, peaks) is right.
 */
#include "check.h"

#include <string.h>

/* What the walk over one client's pieces adds up. */
struct tally {
    uint32_t arenas, held;          /* H1                                     */
    uint32_t pieces;                /* S3                                     */
    uint32_t free_runs;             /* R2                                     */
    uint32_t slabs;                 /* L3                                     */
    uint32_t cached_pieces, cached; /* G2                                     */
};

#define REQUIRE(condition, text) \
    do { if (!(condition)) return (text); } while (0)

/* ---- header ----------------------------------------------------------- */

/* What the space knows about classes must be what follows from the rest. */
static bool classes_fit(const struct space *s)
{
    struct space expected = *s;

    memset(expected.class_blocks, 0, sizeof expected.class_blocks);
    vmma__slab_init(&expected);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        if (s->class_size[kind] != (uint32_t)vmma__classes.units[kind]
                                       << s->unit_shift)
            return false;
    for (unsigned i = 0; i < CLASS_UNITS_MAX; i++)
        if (s->class_of[i] != vmma__classes.of_units[i])
            return false;
    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++)
        if (s->class_blocks[kind] != expected.class_blocks[kind])
            return false;
    return s->class_blocks[0] == 0;
}

static struct layout_wish recorded_wish(const struct vmma_context *ctx)
{
    const struct space *s = &ctx->pool.space;

    return (struct layout_wish){
        .address = (uintptr_t)ctx - ctx->pad,
        .size = ctx->size,
        .max_size = ctx->max_size,
        .alignment = ctx->alignment,
        .granule = (size_t)1 << (s->granule_shift & 31),
        .max_clients = ctx->max_clients,
    };
}

static const char *check_header(const struct vmma_context *ctx)
{
    static const char broken[] = "C1: the header does not fit its layout";
    const struct space *s = &ctx->pool.space;
    struct layout_wish wish = recorded_wish(ctx);
    struct layout l;

    REQUIRE(ctx->pad < LAYOUT_SLOT_SIZE && ctx->alignment != 0 &&
            ctx->max_size != 0 && ctx->max_clients != 0 &&
            s->granule_shift < 32, broken);
    REQUIRE(vmma__layout_default(&wish) == VMMA_OK &&
            vmma__layout_compute(&wish, &l) == VMMA_OK, broken);
    REQUIRE(l.pad == ctx->pad && l.slots == ctx->slots && l.heap == s->heap &&
            l.record == s->record && l.link == s->link &&
            l.arena == s->arena && l.stripe == s->stripe,
            broken);
    REQUIRE(l.count == s->count && l.capacity == s->capacity &&
            l.unit_shift == s->unit_shift &&
            l.unit_shift == s->step_shift + 1u &&
            l.granule_shift == s->granule_shift &&
            l.granule_shift - l.unit_shift == s->granule_unit_shift &&
            s->class_units == (uint32_t)2 << s->granule_unit_shift &&
            classes_fit(s), broken);
    REQUIRE(s->dummy.avail == 0 && s->dummy.stamp == 0 &&
            s->dummy.reciprocal == 0, "L2: the dummy slab is not empty");
    REQUIRE(s->high_water <= s->scrubbed && s->scrubbed <= s->count,
            "P4: high_water <= scrubbed <= count does not hold");
    return NULL;
}

static const char *check_doors(const struct vmma_context *ctx)
{
    const struct space *s = &ctx->pool.space;
    struct space expected = *s;

    REQUIRE((ctx->flags & ~vmma__context_supported()) == 0,
            "C3: flags that are not supported are in force");
    REQUIRE(s->shut == (ctx->busy != 0 || ctx->flags != 0),
            "C3: the doors are shut for no reason, or open against one");
    space_set_doors(&expected);
    REQUIRE(expected.alloc_door == s->alloc_door &&
            expected.free_door == s->free_door,
            "C3: the doors do not fit the high-water mark");
    return NULL;
}

/* ---- table ------------------------------------------------------------ */

static const char *check_slot(const struct vmma_context *ctx, uint32_t slot)
{
    const struct client *c = context_slot(ctx, slot);

    REQUIRE(c->context == ctx->slots + (size_t)slot * LAYOUT_SLOT_SIZE,
            "K2: a slot does not know its place");
    REQUIRE(c->state == CLIENT_LIVE || c->state == CLIENT_DEAD,
            "K1: a slot is neither live nor dead");
    REQUIRE(c->generation ==
                (c->state == CLIENT_LIVE ? c->last_generation : 0) &&
            (c->state == CLIENT_DEAD || c->generation != 0),
            "K1: a slot's generation is out of range");
    REQUIRE(c->state == CLIENT_DEAD ||
            (c->heap.token ==
                 token_make(stamp_serial(c->heap.token), slot) &&
             stamp_serial(c->heap.token) - 1 < ctx->last_serial),
            "K2: a client's token is not one that it could have");
    REQUIRE(c->state == CLIENT_DEAD ||
            (c->heap.ceiling == vmma__client_granules(c, c->quota) &&
             c->heap.soft == vmma__client_granules(c, c->soft_limit)),
            "K3: a client's limits differ in bytes and in granules");
    return NULL;
}

static const char *check_queue(const struct vmma_context *ctx)
{
    static const char broken[] = "C2: the queue of dead slots is broken";
    uint32_t slot = ctx->dead_first, last = NONE, count = 0;

    for (; slot != NONE; slot = context_slot(ctx, slot)->next_dead) {
        REQUIRE(slot < ctx->slots_used && count++ < ctx->dead_count, broken);
        REQUIRE(context_slot(ctx, slot)->state == CLIENT_DEAD, broken);
        last = slot;
    }
    REQUIRE(last == ctx->dead_last && count == ctx->dead_count, broken);
    return NULL;
}

static const char *check_table(const struct vmma_context *ctx)
{
    uint32_t live = 0;

    REQUIRE(ctx->slots_used <= ctx->max_clients &&
            ctx->slots_used == ctx->client_count + ctx->dead_count,
            "C2: live and dead slots do not add up");
    for (uint32_t slot = 0; slot < ctx->slots_used; slot++) {
        const char *broken = check_slot(ctx, slot);

        if (broken != NULL)
            return broken;
        live += context_slot(ctx, slot)->state == CLIENT_LIVE;
    }
    REQUIRE(live == ctx->client_count, "C2: live slots are miscounted");
    return check_queue(ctx);
}

/* ---- pieces ----------------------------------------------------------- */

static const char *check_slab(const struct client *c, uint32_t g,
                              unsigned entry, struct tally *t)
{
    const struct space *s = &client_pool(c)->space;
    const struct record *r = space_record(s, g);
    unsigned kind = entry_kind(entry), blocks;

    REQUIRE(vmma__classes.units[kind] <= s->class_units &&
            entry_order(entry) + s->granule_unit_shift <= 11,
            "L1: a slab of a class or size that there is not");
    blocks = slab_blocks(s, entry);
    REQUIRE(blocks >= 1 && blocks <= 64, "L1: a slab with no block");
    REQUIRE((r->avail & r->freed) == 0 && (r->avail & ~bits_mask(blocks)) == 0
            && (~r->freed & ~bits_mask(blocks)) == 0,
            "L1: a slab's words contradict each other");
    for (uint32_t i = 0; i < (uint32_t)1 << entry_order(entry); i++)
        REQUIRE(space_map(s)[g + i] == space_ref(s, g),
                "S2: a granule of a slab refers to another piece");
    REQUIRE(r->avail == 0 || c->heap.current[kind - 1] == space_ref(s, g),
            "L3: a slab that is not current has blocks to hand out");
    REQUIRE((entry & ENTRY_FULL) == 0 ||
            slab_live_count(s, g, entry) == blocks,
            "L4: a slab that is marked full is not");
    t->slabs += (entry & ENTRY_FULL) == 0;
    return NULL;
}

/* Does granule g of the piece at `head` lead to it?  Nothing is followed. */
static bool refers_to(const struct space *s, uint32_t g, uint32_t head)
{
    if ((size_t)(g - head) < space_reach(s))
        return space_map(s)[g] == space_ref(s, head);
    return space_map(s)[g] == space_ref(s, g) &&
           space_record(s, g)->stamp == space_relay_stamp() &&
           space_record(s, g)->avail == head;
}

static const char *check_large(const struct client *c, uint32_t g,
                               unsigned entry, struct tally *t)
{
    const struct space *s = &client_pool(c)->space;
    const struct record *r = space_record(s, g);

    for (uint32_t part = g, left = (uint32_t)r->avail; left != 0; ) {
        uint32_t size = run_part(part, left);

        REQUIRE(refers_to(s, part, g),
                "G1: a part of a large block does not refer to it");
        part += size;
        left -= size;
    }
    if (entry_kind(entry) == KIND_CACHED) {
        t->cached_pieces++;
        t->cached += (uint32_t)r->avail;
    }
    return NULL;
}

static const char *check_free(const struct client *c, uint32_t g,
                              struct tally *t)
{
    const struct space *s = &client_pool(c)->space;

    t->free_runs++;
    REQUIRE(refers_to(s, g + run_count(s, g) - 1, g),
            "R4: the end of a free run does not refer to it");
    return NULL;
}

static const char *check_piece(const struct client *c, uint32_t g,
                               unsigned entry, struct tally *t)
{
    unsigned kind = entry_kind(entry);

    if (class_is(kind))
        return check_slab(c, g, entry, t);
    if (kind == KIND_LARGE || kind == KIND_CACHED)
        return check_large(c, g, entry, t);
    return check_free(c, g, t);
}

/* ---- arenas ----------------------------------------------------------- */

static const char *check_arena(const struct client *c, uint32_t arena,
                               struct tally *t)
{
    static const char torn[] = "S2: an arena's pieces do not tile it";
    const struct space *s = &client_pool(c)->space;
    const struct arena *a = space_arena(s, arena);
    uint32_t end = arena + a->count, used = 0;
    unsigned span = arena_order(a->count), before = KIND_NONE;

    for (uint32_t g = arena; g < end; ) {
        unsigned entry = piece_entry(s, g, c->heap.token);
        unsigned kind = entry_kind(entry);
        uint64_t count;
        const char *broken;

        REQUIRE(entry != 0 && kind <= KIND_CACHED &&
                space_record(s, g)->start == space_start(s, g) &&
                space_record(s, g)->reciprocal ==
                    vmma__classes.reciprocal[kind] &&
                entry_span(entry) == span &&
                entry_order(entry) < (class_is(kind) ? ORDER_COUNT : 1) &&
                (class_is(kind) || (entry & ENTRY_FULL) == 0) &&
                kind != KIND_POOL_FREE, torn);
        count = kind_has_count(kind) ? space_record(s, g)->avail
                                     : (uint64_t)1 << entry_order(entry);
        REQUIRE(count != 0 && count <= end - g, torn);
        REQUIRE(kind != KIND_FREE || before != KIND_FREE,
                "R3: two free runs of a client are not merged");
        broken = check_piece(c, g, entry, t);
        if (broken != NULL)
            return broken;
        t->pieces++;
        if (kind != KIND_FREE)
            used += (uint32_t)count;
        g += (uint32_t)count;
        before = kind;
    }
    REQUIRE(used == a->used, "H2: an arena's used granules are miscounted");
    return NULL;
}

static const char *check_arenas(const struct client *c, struct tally *t)
{
    static const char broken[] = "H1: a client's list of arenas is broken";
    const struct space *s = &client_pool(c)->space;
    uint32_t g = c->heap.first_arena, prev = NONE;
    bool spare = c->heap.spare == NONE;

    while (g != NONE) {
        const struct arena *a = space_arena(s, g);
        const char *inside;

        REQUIRE(g < s->high_water && g % ARENA_GRANULES_MIN == 0 &&
                t->arenas < c->heap.arena_count, broken);
        REQUIRE(a->prev == prev && a->count != 0 &&
                a->count <= s->high_water - g, broken);
        inside = check_arena(c, g, t);
        if (inside != NULL)
            return inside;
        t->arenas++;
        t->held += a->count;
        spare = spare || (g == c->heap.spare && a->used == 0);
        prev = g;
        g = a->next;
    }
    REQUIRE(t->arenas == c->heap.arena_count && t->held == c->heap.held,
            "H1: a client's arenas are miscounted");
    REQUIRE(spare, "H3: the spare arena is not an empty arena of its client");
    REQUIRE(c->heap.held >= c->heap.reserved,
            "H4: a client holds less than its reservation");
    return NULL;
}

/* ---- lists ------------------------------------------------------------ */

/* A list of the pool's buddy: its pieces, their order and links.  Adds to
 * *count. */
static const char *check_free_list(const struct space *s, uint32_t first,
                                   unsigned order, uint32_t *count)
{
    static const char broken[] = "B2: a list of free pieces is broken";
    uint32_t prev = NONE;

    for (uint32_t g = first; g != NONE; g = space_link(s, g)->next) {
        unsigned entry;

        REQUIRE(g < s->high_water && (*count)++ < s->high_water, broken);
        entry = piece_entry(s, g, 0);
        REQUIRE(entry == entry_make(KIND_POOL_FREE, 0, order) &&
                space_link(s, g)->prev == prev, broken);
        prev = g;
    }
    return NULL;
}

static const char *check_buddy(const struct space *s, const struct buddy *b,
                               uint32_t pieces)
{
    uint32_t count = 0;

    REQUIRE(b->orders >> ORDER_COUNT == 0, "B1: an order that there is not");
    for (unsigned o = 0; o < ORDER_COUNT; o++) {
        const char *broken = check_free_list(s, b->first[o], o, &count);

        if (broken != NULL)
            return broken;
        REQUIRE((b->orders >> o & 1) == (b->first[o] != NONE),
                "B1: the bitmap of orders does not fit the lists");
    }
    REQUIRE(count == pieces, "B2: a free piece is in no list");
    return NULL;
}

/* The list i of a client's free runs.  Adds to *count. */
static const char *check_run_list(const struct client *c, unsigned i,
                                  uint32_t *count)
{
    static const char broken[] = "R2: a list of free runs is broken";
    const struct space *s = &client_pool(c)->space;
    uint32_t prev = NONE;

    for (uint32_t g = c->heap.free.first[i]; g != NONE;
         g = space_link(s, g)->next) {
        REQUIRE(g < s->high_water && (*count)++ < s->high_water, broken);
        REQUIRE(entry_kind(piece_entry(s, g, c->heap.token)) == KIND_FREE &&
                space_record(s, g)->avail - 1 < s->count &&
                vmma__runs_list(run_count(s, g)) == i &&
                space_link(s, g)->prev == prev, broken);
        prev = g;
    }
    return NULL;
}

static const char *check_runs(const struct client *c, const struct tally *t)
{
    const struct runs *r = &c->heap.free;
    uint32_t count = 0;

    for (unsigned i = 0; i < RUNS_LISTS; i++) {
        const char *broken = check_run_list(c, i, &count);

        if (broken != NULL)
            return broken;
        REQUIRE((r->lists >> i & 1) == (r->first[i] != NONE),
                "R1: the bitmap of free runs does not fit the lists");
    }
    REQUIRE(count == t->free_runs, "R2: a free run is in no list");
    return NULL;
}

/* Does this reference lead to a slab of the class? */
static bool is_slab(const struct client *c, uint32_t ref, unsigned kind)
{
    const struct space *s = &client_pool(c)->space;
    size_t offset = (size_t)ref * 8;
    unsigned entry;
    uint32_t head;

    if (offset < s->record || offset >= s->link)
        return false;
    head = record_head(s, space_at(s, ref));
    if (head >= s->high_water || space_ref(s, head) != ref)
        return false;
    entry = piece_entry(s, head, c->heap.token);
    return entry_kind(entry) == kind && (entry & ENTRY_FULL) == 0;
}

/* The ring of a class from its current slab on.  Adds to *count. */
static const char *check_ring(const struct client *c, unsigned kind,
                              const struct tally *t, uint32_t *count)
{
    static const char broken[] = "L3: a ring of slabs is broken";
    const struct space *s = &client_pool(c)->space;
    uint32_t first = c->heap.current[kind - 1], ref = first, next;

    if (ref == 0)
        return NULL;
    REQUIRE(is_slab(c, ref, kind),
            "L2: a current slab is not a slab of its class");
    do {
        REQUIRE((*count)++ < t->slabs, broken);
        next = space_link_at(s, ref)->next;
        REQUIRE(is_slab(c, next, kind) && space_link_at(s, next)->prev == ref,
                broken);
        ref = next;
    } while (ref != first);
    return NULL;
}

static const char *check_rings(const struct client *c, const struct tally *t)
{
    uint32_t count = 0;

    for (unsigned kind = 1; kind <= CLASS_COUNT; kind++) {
        const char *broken = check_ring(c, kind, t, &count);

        if (broken != NULL)
            return broken;
    }
    REQUIRE(count == t->slabs, "L3: a slab is in no ring");
    return NULL;
}

static const char *check_bins(const struct client *c, const struct tally *t)
{
    static const char broken[] = "G2: a bin of cached blocks is broken";
    const struct space *s = &client_pool(c)->space;
    uint32_t count = 0;

    for (unsigned i = 0; i < HEAP_BINS; i++) {
        uint32_t g = c->heap.bins[i];

        for (; g != NONE; g = space_link(s, g)->next) {
            REQUIRE(g < s->high_water && count++ < t->cached_pieces, broken);
            REQUIRE(entry_kind(piece_entry(s, g, c->heap.token)) ==
                    KIND_CACHED, broken);
            REQUIRE(large_bin(large_count(s, g)) == i, broken);
        }
    }
    REQUIRE(count == t->cached_pieces && c->heap.cached == t->cached,
            "G2: cached blocks are miscounted");
    return NULL;
}

static const char *check_client(const struct client *c, struct tally *t)
{
    const char *broken = check_arenas(c, t);

    if (broken == NULL)
        broken = check_runs(c, t);
    if (broken == NULL)
        broken = check_rings(c, t);
    if (broken == NULL)
        broken = check_bins(c, t);
    return broken;
}

/* ---- pool ------------------------------------------------------------- */

/* Below the mark, what is in no arena is made of free pieces: their sum. */
static const char *check_pool_pieces(const struct vmma_context *ctx,
                                     uint32_t held)
{
    const struct pool *p = &ctx->pool;
    const struct space *s = &p->space;
    uint32_t pieces = 0, sum = 0, counted = 0;

    for (unsigned o = 0; o < ORDER_COUNT; o++) {
        const char *broken = check_free_list(s, p->free.first[o], o,
                                             &counted);
        uint32_t g = p->free.first[o], size = (uint32_t)1 << o;

        if (broken != NULL)
            return broken;
        for (; g != NONE; g = space_link(s, g)->next) {
            pieces++;
            sum += size;
            REQUIRE(size < s->high_water && g < s->high_water - size,
                    "P3: a free piece ends at the high-water mark");
            REQUIRE((g ^ size) >= s->high_water ||
                    !vmma__buddy_is_free(s, g ^ size, o),
                    "P3: two free buddies of the pool are not merged");
        }
    }
    REQUIRE(sum + held == s->high_water,
            "P1: arenas and free pieces do not fill what is below the mark");
    return check_buddy(s, &p->free, pieces);
}

/* ---- map -------------------------------------------------------------- */

/* The head whose record a reference leads to; NONE if it leads to no record. */
static uint32_t head_of_ref(const struct space *s, uint32_t ref)
{
    size_t offset = (size_t)ref * 8, number;

    if (offset < s->record || offset >= s->link ||
        (offset - s->record) % sizeof(struct record) != 0)
        return NONE;
    number = (offset - s->record) / sizeof(struct record);
    return (uint32_t)(number % s->stripe * SPACE_STRIPES + number / s->stripe);
}

static bool is_bad_relay(const struct space *s, uint32_t g)
{
    const struct record *r = space_record(s, g);

    return r->stamp == space_relay_stamp() && r->avail > g;
}

/* Every granule that was ever in use: where does it refer to?  `pieces` is
 * how many there are of live clients. */
static const char *check_map(const struct vmma_context *ctx, uint32_t pieces)
{
    const struct space *s = &ctx->pool.space;
    uint32_t heads = 0;

    for (uint32_t g = 0; g < s->scrubbed; g++) {
        uint32_t ref = space_map(s)[g], head;

        if (ref == 0)
            continue;
        head = head_of_ref(s, ref);
        REQUIRE(head != NONE && (size_t)(g - head) < space_reach(s) &&
                (head != g || !is_bad_relay(s, g)),
                "S1: a granule refers to no head within reach");
        heads += head == g &&
                 context_owner(ctx, space_record(s, g)->stamp) != NULL;
    }
    REQUIRE(heads == pieces, "S3: a record that is no piece's seems alive");
    return NULL;
}

const char *vmma__check(const struct vmma_context *ctx)
{
    const struct client *c;
    const char *broken = check_header(ctx);
    uint32_t held = 0, arenas = 0, pieces = 0;

    if (broken == NULL)
        broken = check_doors(ctx);
    if (broken == NULL)
        broken = check_table(ctx);
    if (broken != NULL)
        return broken;
    for (c = vmma__context_next(ctx, 0); c != NULL;
         c = vmma__context_next(ctx, context_slot_number(ctx, c) + 1)) {
        struct tally t = { 0, 0, 0, 0, 0, 0, 0 };

        broken = check_client(c, &t);
        if (broken != NULL)
            return broken;
        held += t.held;
        arenas += t.arenas;
        pieces += t.pieces;
    }
    REQUIRE(held == ctx->pool.held && arenas == ctx->pool.arena_count,
            "P2: the context's arenas are miscounted");
    broken = check_pool_pieces(ctx, held);
    return broken != NULL ? broken : check_map(ctx, pieces);
}
