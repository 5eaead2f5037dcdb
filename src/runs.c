/*
 * runs.c - a client's free granules, in maximal runs of any length.
 *
 * A free run is a piece of kind FREE: its record says how many granules it
 * has (avail), and the map entry of its last granule refers to its head too,
 * as Knuth's boundary tags do (TAOCP 1, 2.5).  So what lies before a granule
 * is found as fast as what lies behind it, and a run that is given back grows
 * by its free neighbours at once.
 *
 *        head                                 last
 *     +--------+--------+--   --+--------+--------+
 *     | ref    |   -    |  ...  |   -    | ref    |     the map's entries
 *     +--------+--------+--   --+--------+--------+
 *         |                                   |
 *         +------> record: avail = 8 <--------+
 *
 * The runs are in lists by length, through their links: one list for each
 * length up to 7, then four per doubling, and the last one is for all that is
 * longer.  A bit per list says which are not empty (as TLSF has it; Masmano
 * et al., 2004), so finding one that is long enough is one bit scan; of a
 * list for several lengths the best of a few is taken.
 *
 *   R1  bit i of `lists` is set exactly when list i is not empty.
 *   R2  each free run is once in the list for its length, and its links agree
 *       with its neighbours'.
 *   R3  no two free runs of an arena lie beside each other.
 *   R4  the last granule of a free run refers to its head.
 *
 * Not done here: growing, and knowing what an arena is.
 */
#include "runs.h"

enum {
    RUNS_STEPS_LOG2 = 2,        /* lists per doubling                         */
    RUNS_LONGEST_TRIES = 16
};

void vmma__runs_init(struct runs *r)
{
    r->lists = 0;
    for (unsigned i = 0; i < RUNS_LISTS; i++)
        r->first[i] = NONE;
}

/* ---- lists ------------------------------------------------------------ */

unsigned vmma__runs_list(uint32_t count)
{
    const unsigned steps = 1 << RUNS_STEPS_LOG2;
    unsigned shift, list;

    if (count < steps)
        return count - 1;
    shift = bits_log2_floor(count) - RUNS_STEPS_LOG2;
    list = (shift << RUNS_STEPS_LOG2) + (count >> shift) - 1;
    return list < RUNS_LISTS ? list : RUNS_LISTS - 1;
}

static void runs_link(struct runs *r, struct space *s, uint32_t g,
                      unsigned list)
{
    uint32_t next = r->first[list];

    *head_link(s, g) = (struct link){ next, NONE };
    if (next != NONE)
        head_link(s, next)->prev = g;
    r->first[list] = g;
    r->lists |= (uint32_t)1 << list;
}

/* What the neighbours of `link` in a list lead to instead of it. */
static void runs_bypass(struct runs *r, struct space *s, struct link link,
                        unsigned list, uint32_t next, uint32_t prev)
{
    if (link.next != NONE)
        head_link(s, link.next)->prev = prev;
    if (link.prev != NONE)
        head_link(s, link.prev)->next = next;
    else
        r->first[list] = next;
}

static void runs_unlink(struct runs *r, struct space *s, uint32_t g,
                        unsigned list)
{
    struct link link = *head_link(s, g);

    runs_bypass(r, s, link, list, link.next, link.prev);
    if (r->first[list] == NONE)
        r->lists &= ~((uint32_t)1 << list);
}

/* The record and the map's entries of the free run [g, g + count). */
static void runs_mark(struct space *s, uint64_t stamp, uint32_t g,
                      uint32_t count)
{
    piece_begin(s, g, stamp_token(stamp), stamp_entry(stamp))->avail = count;
    piece_refer(s, g + count - 1, g);
}

void vmma__runs_put(struct runs *r, struct space *s, uint64_t stamp,
                    uint32_t g, uint32_t count)
{
    if (count == 0)
        return;
    runs_mark(s, stamp, g, count);
    runs_link(r, s, g, vmma__runs_list(count));
}

void vmma__runs_remove(struct runs *r, struct space *s, uint32_t g)
{
    struct record *record = head_record(s, g);

    runs_unlink(r, s, g, vmma__runs_list((uint32_t)record->avail));
    record->stamp = 0;
}

/* The run at g now ends elsewhere. */
static void runs_resize(struct runs *r, struct space *s, uint32_t g,
                        uint32_t count)
{
    struct record *record = head_record(s, g);
    unsigned from = vmma__runs_list((uint32_t)record->avail);
    unsigned to = vmma__runs_list(count);

    record->avail = count;
    piece_refer(s, g + count - 1, g);
    if (from == to)
        return;
    runs_unlink(r, s, g, from);
    runs_link(r, s, g, to);
}

/* The run at g now starts at `to`, which is behind g. */
static void runs_move(struct runs *r, struct space *s, uint32_t g, uint32_t to,
                      uint32_t count)
{
    struct record *record = head_record(s, g);
    unsigned list = vmma__runs_list((uint32_t)record->avail);
    uint64_t stamp = record->stamp;
    struct link link = *head_link(s, g);

    record->stamp = 0;
    runs_mark(s, stamp, to, count);
    if (vmma__runs_list(count) == list) {
        *head_link(s, to) = link;
        runs_bypass(r, s, link, list, to, to);
        return;
    }
    runs_unlink(r, s, g, list);
    runs_link(r, s, to, vmma__runs_list(count));
}

/* ---- finding ---------------------------------------------------------- */

/* The shortest run of at least `count` granules among the first of a list. */
static uint32_t runs_best(const struct runs *r, const struct space *s,
                          unsigned list, uint32_t count, uint32_t tries)
{
    uint32_t best = NONE, best_count = NONE;

    for (uint32_t g = r->first[list]; g != NONE && tries != 0;
         g = head_link(s, g)->next, tries--) {
        uint32_t here = run_count(s, g);

        if (here == count)
            return g;
        if (here > count && here < best_count) {
            best = g;
            best_count = here;
        }
    }
    return best;
}

uint32_t vmma__runs_find(const struct runs *r, const struct space *s,
                         uint32_t count, uint32_t tries)
{
    unsigned list = vmma__runs_list(count);
    uint32_t longer = r->lists >> list >> 1;
    uint32_t g = runs_best(r, s, list, count, tries);

    if (g != NONE || longer == 0)
        return g;
    return runs_best(r, s, list + 1 + platform_lowest(longer), count, tries);
}

uint32_t vmma__runs_longest(const struct runs *r, const struct space *s)
{
    uint32_t tries = RUNS_LONGEST_TRIES, best = NONE, g;

    if (r->lists == 0)
        return NONE;
    for (g = r->first[platform_highest(r->lists)]; g != NONE && tries != 0;
         g = head_link(s, g)->next, tries--)
        if (best == NONE || run_count(s, g) > run_count(s, best))
            best = g;
    return best;
}

/* ---- taking ----------------------------------------------------------- */

uint32_t vmma__runs_cut(struct runs *r, struct space *s, uint32_t g,
                        uint32_t from, uint32_t count)
{
    struct record *record = head_record(s, g);
    uint32_t before = from - g;
    uint32_t behind = (uint32_t)record->avail - before - count;

    if (before == 0 && behind == 0)
        vmma__runs_remove(r, s, g);
    else if (before == 0)
        runs_move(r, s, g, from + count, behind);
    else
        runs_resize(r, s, g, before);
    if (before != 0)
        vmma__runs_put(r, s, record->stamp, from + count, behind);
    return from;
}

/* ---- giving back ------------------------------------------------------ */

/* The free run of this stamp that ends before g, or NONE. */
static uint32_t run_before(const struct space *s, uint32_t g, uint64_t stamp)
{
    const struct record *r = piece_record(s, g - 1);
    uint32_t head = record_head(s, r);

    return r->stamp == stamp && head + r->avail == g ? head : NONE;
}

void vmma__runs_give(struct runs *r, struct space *s, uint64_t stamp,
                     uint32_t g, uint32_t count, uint32_t low, uint32_t high)
{
    uint32_t end = g + count;
    uint32_t before = g > low ? run_before(s, g, stamp) : NONE;

    if (end < high && run_is_at(s, end, stamp)) {
        count += run_count(s, end);
        vmma__runs_remove(r, s, end);
    }
    if (before == NONE)
        vmma__runs_put(r, s, stamp, g, count);
    else
        runs_resize(r, s, before, run_count(s, before) + count);
}
