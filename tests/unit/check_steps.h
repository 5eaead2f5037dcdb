/*
 * check_steps.h - a context in which everything there is occurs.
 */
#ifndef TESTS_UNIT_CHECK_STEPS_H
#define TESTS_UNIT_CHECK_STEPS_H

#include "tests/unit/support.h"

static struct bed bed;
static struct vmma_context *ctx;
static struct space *s;
static struct client *a, *b;

/* In a's heap: */
static struct record *current, *idle[3], *full, *empty, *small;
static void *emptied[64]; /* the blocks that empty had */
static uint32_t live, aligned, cached[2]; /* large pieces                    */

/* ---- a context in which everything occurs ----------------------------- */

/* Fill a slab with blocks of this size; its record. */
static inline struct record *fill_slab(void **blocks, size_t size)
{
    struct record *r;
    unsigned count;

    blocks[0] = take_bytes(a, size);
    r = record_at(s, blocks[0]);
    count = slab_blocks(s, stamp_entry(r->stamp));
    for (unsigned i = 1; i < count; i++)
        blocks[i] = take_bytes(a, size);
    return r;
}

static inline void free_some(void **blocks, unsigned from, unsigned to)
{
    while (from < to)
        give_bytes(a, blocks[from++]);
}

static inline void make_slabs(void)
{
    void *blocks[4][64];

    empty = fill_slab(emptied, 32);
    take_bytes(a, 32);
    for (int i = 0; i < 4; i++)
        fill_slab(blocks[i], 16);
    current = record_at(s, take_bytes(a, 16));
    for (int i = 0; i < 3; i++)
        idle[i] = record_at(s, blocks[i][0]);
    full = record_at(s, blocks[3][0]);
    free_some(blocks[0], 0, 10);
    free_some(blocks[1], 0, 20);
    free_some(blocks[2], 0, 3);
    small = record_at(s, take_bytes(a, 48)); /* fewer than 64 blocks */
}

static inline void make_large(void)
{
    void *blocks[5];

    live = granule_of(s, take_bytes(a, 20 * 1024));
    aligned =
        granule_of(s, vmma_aligned_alloc(client_handle(a), 16384, 4096));
    for (int i = 0; i < 3; i++)
        blocks[i] = take_bytes(a, (i == 2 ? 5 : 3) * 1024);
    for (int i = 0; i < 3; i++)
        give_bytes(a, blocks[i]);
    cached[0] = a->heap.bins[0];
    cached[1] = a->heap.bins[2];
}

/* a's first arena, a deleted client's place, b's arena, the mark; the dead
 * slots are 1, 3 and 4. */
static inline void open_bed(void)
{
    struct vmma_context_config config = bed_config(16, 1024, 12);
    struct client *clients[6];
    void *block;

    bed_open(&bed, 1 << 19, &config);
    ctx = bed.ctx;
    s = bed.space;
    for (int i = 0; i < 6; i++)
        clients[i] = bed_client(&bed);
    a = clients[0];
    b = clients[2];
    vmma__client_limit(a, 400 * 1024 + 5, 300 * 1024);
    assert_ok(vmma__context_reserve(ctx, a, 96 * 1024));
    take_bytes(clients[1], 9000);
    take_bytes(b, 5000);
    take_bytes(b, 100);
    take_bytes(clients[3], 30000);
    make_slabs();
    make_large();
    block = take_bytes(a, 70 * 1024); /* an arena that becomes the spare one */
    take_bytes(b, 30000);
    give_bytes(a, block);
    /* Last, because empty slabs are collected when the heap grows. */
    free_some(emptied, 0, slab_blocks(s, stamp_entry(empty->stamp)));
    for (int i = 1; i < 5; i += i == 1 ? 2 : 1)
        vmma__context_delete_client(ctx, clients[i]);
    expect_sound(ctx);
}

static inline void close_bed(void)
{
    bed_close(&bed);
}

#endif
