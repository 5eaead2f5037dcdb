/*
 * test_check.c - the test of the checker.
 *
 * Strategy: in a context in which everything there is occurs, each number
 * that a labelled invariant speaks of is broken alone, by hand; the checker
 * must answer with that label, and be content when the number is restored.
 * Invariants that no single number can break (R3, P1, P3) are broken by
 * moving pieces in and out of lists that stay sound.
 *
 * Not to be broken: H4's second half (a lowered quota is allowed), P4's
 * "count <= capacity" and L1's count of blocks, which C1 and S2 say first.
 */
#include "tests/unit/check_steps.h"

static uint32_t ref_of(const struct record *r)
{
    return space_ref(s, head_of(s, r));
}

START_TEST(the_context_has_everything_that_can_occur)
{
    static const unsigned back[] = {10, 20, 3};

    for (int i = 0; i < 3; i++) {
        expect_eq(slab_blocks(s, stamp_entry(idle[i]->stamp)), 64);
        expect_eq(bits_count(idle[i]->freed), back[i]);
        expect_eq(idle[i]->avail, 0);
        expect(space_link_at(s, ref_of(idle[i]))->next != ref_of(idle[i]));
    }
    expect_eq(slab_live_count(s, head_of(s, empty), stamp_entry(empty->stamp)),
              0);
    expect((stamp_entry(full->stamp) & ENTRY_FULL) != 0);
    expect_eq(full->avail | full->freed, 0);
    expect_eq(slab_blocks(s, stamp_entry(full->stamp)), 64);
    expect(a->heap.current[1] != ref_of(empty) && a->heap.current[1] != 0);
    expect_eq(a->heap.current[0], ref_of(current));
    expect(current->avail != 0);
    expect(slab_blocks(s, stamp_entry(small->stamp)) < 64);
    expect_eq((uintptr_t)address_of(s, aligned) % 16384, 0);
    expect(a->heap.spare != NONE && a->heap.arena_count >= 2);
    expect(space_link(s, cached[0])->next != NONE);
    expect_eq(ctx->dead_count, 3);
    expect(bed.pool->free.orders != 0);
    expect(s->scrubbed >= s->high_water);
}
END_TEST

/* ---- breaking --------------------------------------------------------- */

static void expect_label(const char *label, const char *what, int line)
{
    const char *found = vmma__check(ctx);

    if (found == NULL || strncmp(found, label, strlen(label)) != 0)
        ck_abort_msg("line %d: %s: %s instead of %s", line, what,
                     found == NULL ? "nothing is reported" : found, label);
}

/* Give the field a wrong value for as long as the checker looks. */
#define BREAK(field, value, label)                                             \
    do {                                                                       \
        __typeof__(field) saved_ = (field);                                    \
        (field) = (__typeof__(field))(value);                                  \
        expect_label(label, #field " = " #value, __LINE__);                    \
        (field) = saved_;                                                      \
        expect_sound(ctx);                                                     \
    } while (0)

START_TEST(c1_is_every_number_of_the_layout)
{
    BREAK(ctx->pad, ctx->pad + 1, "C1");
    BREAK(ctx->pad, ctx->pad + 512, "C1");
    BREAK(ctx->size, ctx->size - 4096, "C1");
    BREAK(ctx->size, 0, "C1");
    BREAK(ctx->size, SIZE_MAX, "C1");
    BREAK(ctx->max_size, ctx->max_size + 65536, "C1");
    BREAK(ctx->max_size, 0, "C1");
    BREAK(ctx->max_size, SIZE_MAX, "C1");
    BREAK(ctx->slots, ctx->slots + 512, "C1");
    BREAK(ctx->max_clients, ctx->max_clients + 1, "C1");
    BREAK(ctx->max_clients, 0, "C1");
    BREAK(ctx->max_clients, UINT32_MAX, "C1");
    BREAK(ctx->alignment, 0, "C1");
    BREAK(ctx->alignment, 24, "C1");
    BREAK(ctx->alignment, 64, "C1");
    BREAK(s->heap, s->heap + 1024, "C1");
    BREAK(s->record, s->record + 32, "C1");
    BREAK(s->link, s->link + 8, "C1");
    BREAK(s->arena, s->arena + 16, "C1");
    BREAK(s->stripe, s->stripe + 1, "C1");
    BREAK(s->unit_shift, s->unit_shift + 1, "C1");
    BREAK(s->granule_shift, s->granule_shift + 1, "C1");
    BREAK(s->granule_shift, 77, "C1");
    BREAK(s->granule_unit_shift, s->granule_unit_shift - 1, "C1");
    BREAK(s->count, s->count + 1, "C1");
    BREAK(s->count, s->count - 1, "C1");
    BREAK(s->capacity, s->capacity + 1, "C1");
    BREAK(s->class_units, s->class_units / 2, "C1");
    BREAK(s->step_shift, s->step_shift + 1, "C1");
    BREAK(s->class_of[0], 2, "C1");
    BREAK(s->class_of[CLASS_UNITS_MAX - 1], 1, "C1");
    BREAK(s->class_size[1], s->class_size[2], "C1");
    BREAK(s->class_blocks[1], 63, "C1");
    BREAK(s->class_blocks[CLASS_COUNT], 0, "C1");
}
END_TEST

START_TEST(c2_is_the_table_and_the_queue)
{
    struct client *first = context_slot(ctx, ctx->dead_first);
    struct client *last = context_slot(ctx, ctx->dead_last);

    BREAK(ctx->client_count, ctx->client_count + 1, "C2");
    BREAK(ctx->dead_count, ctx->dead_count - 1, "C2");
    BREAK(ctx->slots_used, ctx->slots_used - 1, "C2");
    BREAK(ctx->slots_used, ctx->max_clients + 1, "C2");
    BREAK(ctx->dead_first, NONE, "C2");
    BREAK(ctx->dead_first, context_slot_number(ctx, a), "C2");
    BREAK(ctx->dead_first, ctx->slots_used, "C2");
    BREAK(ctx->dead_last, ctx->dead_first, "C2");
    BREAK(first->next_dead, ctx->dead_first, "C2");
    BREAK(first->next_dead, NONE, "C2");
    BREAK(first->next_dead, UINT32_MAX / 2, "C2");
    BREAK(last->next_dead, ctx->dead_first, "C2");
}
END_TEST

START_TEST(c3_is_doors_flags_and_callbacks)
{
    BREAK(ctx->flags, UINT32_C(1) << 31, "C3");
    BREAK(ctx->flags, VMMA_FLAG_ZERO, "C3");
    BREAK(ctx->busy, 1, "C3");
    BREAK(s->shut, 1, "C3");
    BREAK(s->alloc_door, 0, "C3");
    BREAK(s->alloc_door, s->alloc_door + 1, "C3");
    BREAK(s->free_door, 0, "C3");
    BREAK(s->free_door, s->free_door + 1, "C3");
}
END_TEST

START_TEST(k1_is_the_state_of_a_slot)
{
    struct client *dead = context_slot(ctx, ctx->dead_first);

    BREAK(a->state, 2, "K1");
    BREAK(dead->state, 255, "K1");
    BREAK(dead->state, CLIENT_LIVE, "K1");
    BREAK(a->state, CLIENT_DEAD, "K1");
    BREAK(a->generation, 0, "K1");
    BREAK(a->generation, a->generation + 1, "K1");
    BREAK(a->last_generation, CLIENT_GENERATIONS, "K1");
    BREAK(dead->generation, 1, "K1");
}
END_TEST

START_TEST(k2_is_token_and_place)
{
    BREAK(a->context, a->context + 512, "K2");
    BREAK(ctx->last_serial, stamp_serial(b->heap.token) - 1, "K2");
    BREAK(ctx->last_serial, 0, "K2");
    BREAK(a->heap.token, token_make(0, 0), "K2");
    BREAK(a->heap.token, token_make(ctx->last_serial + 1, 0), "K2");
    BREAK(a->heap.token, token_make(stamp_serial(a->heap.token), 1), "K2");
    BREAK(a->heap.token, a->heap.token + 1, "K2");
    BREAK(a->heap.token, b->heap.token, "K2");
}
END_TEST

START_TEST(k3_is_limits_in_bytes_and_in_granules)
{
    BREAK(a->heap.ceiling, a->heap.ceiling + 1, "K3");
    BREAK(a->heap.ceiling, NONE, "K3");
    BREAK(a->heap.soft, a->heap.soft - 1, "K3");
    BREAK(a->quota, a->quota + 1024, "K3");
    BREAK(a->quota, 0, "K3");
    BREAK(a->soft_limit, 0, "K3");
    BREAK(b->heap.ceiling, 1000, "K3");
    BREAK(b->heap.soft, 0, "K3");
}
END_TEST

START_TEST(h1_is_the_list_of_arenas)
{
    struct arena *first = space_arena(s, a->heap.first_arena);
    struct arena *second = space_arena(s, first->next);

    BREAK(a->heap.held, a->heap.held - 1, "H1");
    BREAK(a->heap.arena_count, a->heap.arena_count + 1, "H1");
    BREAK(a->heap.arena_count, a->heap.arena_count - 1, "H1");
    BREAK(a->heap.first_arena, a->heap.first_arena + 1, "H1");
    BREAK(a->heap.first_arena, s->high_water, "H1");
    BREAK(a->heap.first_arena, UINT32_MAX - 3, "H1");
    BREAK(a->heap.first_arena, NONE, "H1");
    BREAK(first->next, NONE, "H1");
    BREAK(first->next, a->heap.first_arena, "H1");
    BREAK(first->prev, 0, "H1");
    BREAK(second->prev, NONE, "H1");
    BREAK(first->count, 0, "H1");
    BREAK(first->count, UINT32_MAX, "H1");
}
END_TEST

START_TEST(h2_is_the_count_of_used_granules)
{
    for (uint32_t g = a->heap.first_arena; g != NONE;
         g = space_arena(s, g)->next) {
        struct arena *arena = space_arena(s, g);

        BREAK(arena->used, arena->used + 1, "H2");
        BREAK(arena->used, arena->used - 1, "H2");
    }
}
END_TEST

START_TEST(h3_is_the_spare_arena)
{
    uint32_t g = a->heap.first_arena;

    while (space_arena(s, g)->used == 0)
        g = space_arena(s, g)->next;
    BREAK(a->heap.spare, g, "H3");
    BREAK(a->heap.spare, b->heap.first_arena, "H3");
    BREAK(a->heap.spare, 1, "H3");
}
END_TEST

START_TEST(h4_is_the_reservation)
{
    BREAK(a->heap.reserved, a->heap.held + 1, "H4");
    BREAK(a->heap.reserved, NONE, "H4");
    BREAK(b->heap.reserved, b->heap.held + 1, "H4");
}
END_TEST

START_TEST(s1_is_every_reference_that_was_ever_written)
{
    uint32_t g = (live + 2) | 1; /* in a large block, but at no part's head */
    uint32_t *map = space_map(s);

    expect(g >= 32);
    BREAK(map[g], 4, "S1");
    BREAK(map[g], UINT32_MAX, "S1");
    BREAK(map[g], space_ref(s, g) + 1, "S1");
    BREAK(map[g], space_ref(s, g + 1), "S1");
    BREAK(map[g], (uint32_t)(s->record / 8) - 4, "S1");
    BREAK(map[g], (uint32_t)(s->link / 8), "S1");
    map[g] = space_ref(s, g - 2);
    expect_sound(ctx);
    map[g] = space_ref(s, g);
    *space_record(s, g) = (struct record){.stamp = space_relay_stamp()};
    expect_sound(ctx);
    BREAK(space_record(s, g)->avail, g + 1, "S1");
    BREAK(space_record(s, g)->avail, UINT64_MAX, "S1");
}
END_TEST

START_TEST(s3_is_that_nothing_stale_seems_alive)
{
    uint32_t g = (live + 2) | 1;
    struct record *r = space_record(s, g);

    r->stamp = 0;
    space_map(s)[g] = space_ref(s, g);
    expect_sound(ctx);
    BREAK(r->stamp, stamp_make(a->heap.token, 0x1234), "S3");
    BREAK(r->stamp, stamp_make(b->heap.token, 0x1234), "S3");
    r->stamp = stamp_make(token_make(ctx->last_serial + 1, 0), 0x1234);
    expect_sound(ctx);
}
END_TEST

/* A free run that ends before its arena does, of more than one granule. */
static uint32_t some_run(const struct runs *free)
{
    for (unsigned i = 1; i < RUNS_LISTS; i++)
        for (uint32_t g = free->first[i]; g != NONE;
             g = space_link(s, g)->next) {
            uint32_t arena = entry_arena(piece_at(s, g), g);

            if (g + run_count(s, g) < arena + space_arena(s, arena)->count)
                return g;
        }
    ck_abort_msg("there is no such run");
    return NONE;
}

START_TEST(s2_is_the_tiling_of_arenas)
{
    uint32_t arena = a->heap.first_arena, free_piece = some_run(&a->heap.free);
    uint32_t *map = space_map(s), g = head_of(s, idle[2]);
    struct record *r = idle[2];

    BREAK(map[arena], 0, "S2");
    BREAK(map[g], map[g] + 4, "S2");
    BREAK(map[free_piece], 0, "S2");
    BREAK(map[live], map[g], "S2");
    BREAK(r->stamp, 0, "S2");
    BREAK(r->stamp, r->stamp ^ UINT64_C(1) << 5, "S2");
    BREAK(r->stamp, r->stamp ^ UINT64_C(1) << STAMP_SLOT_SHIFT, "S2");
    BREAK(r->stamp, r->stamp ^ UINT64_C(1) << STAMP_SERIAL_SHIFT, "S2");
    BREAK(r->stamp, r->stamp ^ UINT64_C(1) << 63, "S2");
    BREAK(r->start, r->start + 1, "S2");
    BREAK(r->reciprocal, r->reciprocal + 1, "S2");
    BREAK(space_record(s, live)->avail, 0, "S2");
    BREAK(space_record(s, live)->avail, UINT64_MAX, "S2");
    BREAK(space_record(s, live)->stamp,
          space_record(s, live)->stamp ^ UINT64_C(1),
          "S2");
    BREAK(space_record(s, live)->stamp,
          space_record(s, live)->stamp | ENTRY_FULL, "S2");
    BREAK(space_record(s, cached[0])->stamp,
          space_record(s, cached[0])->stamp | ENTRY_FULL, "S2");
    BREAK(space_record(s, free_piece)->stamp,
          space_record(s, free_piece)->stamp | ENTRY_FULL, "S2");
    BREAK(space_record(s, free_piece)->stamp, 0, "S2");
    BREAK(space_record(s, free_piece)->avail, 0, "S2");
    BREAK(space_record(s, free_piece)->avail, UINT64_MAX, "S2");
}
END_TEST

START_TEST(s2_is_every_granule_of_a_slab)
{
    struct record *r = NULL;
    uint32_t head, size;

    assert_ok(vmma__context_reserve(ctx, b, 160 * 1024));
    r = record_at(s, take_bytes(b, 500));
    head = head_of(s, r);
    size = (uint32_t)1 << entry_order(stamp_entry(r->stamp));
    expect(size > 1);
    for (uint32_t i = 1; i < size; i++) {
        BREAK(space_map(s)[head + i], 0, "S2");
        BREAK(space_map(s)[head + i], space_ref(s, head + i), "S2");
    }
}
END_TEST

START_TEST(l1_is_the_words_of_a_slab)
{
    uint64_t last = UINT64_C(1) << 63;

    BREAK(idle[2]->avail, 1, "L1"); /* it is in freed too */
    BREAK(current->freed, current->avail, "L1");
    BREAK(small->freed, small->freed & ~last, "L1");
    BREAK(small->avail, small->avail | last, "L1");
}
END_TEST

START_TEST(l2_is_the_current_slab)
{
    BREAK(a->heap.current[0], a->heap.current[0] + 1, "L");
    BREAK(a->heap.current[7], 4, "L2");
    BREAK(a->heap.current[7], UINT32_MAX, "L2");
    BREAK(a->heap.current[7], space_ref(s, live), "L2");
    BREAK(a->heap.current[7], a->heap.current[0], "L2");
    BREAK(a->heap.current[0], ref_of(full), "L");
    BREAK(b->heap.current[7], a->heap.current[0], "L2");
    BREAK(s->dummy.avail, 1, "L2");
    BREAK(s->dummy.stamp, 1, "L2");
    BREAK(s->dummy.reciprocal, 1, "L2");
}
END_TEST

START_TEST(l3_is_the_ring_of_slabs)
{
    struct link *link = space_link_at(s, ref_of(idle[0]));

    BREAK(link->next, ref_of(idle[0]), "L3");
    BREAK(link->next, ref_of(idle[2]), "L3");
    BREAK(link->next, ref_of(empty), "L3");
    BREAK(link->next, ref_of(full), "L3");
    BREAK(link->next, space_ref(s, live), "L3");
    BREAK(link->next, 0, "L3");
    BREAK(link->next, head_of(s, idle[1]), "L3");
    BREAK(link->next, UINT32_MAX - 5, "L3");
    BREAK(link->prev, ref_of(idle[0]), "L3");
    BREAK(link->prev, ref_of(empty), "L3");
    BREAK(link->prev, ref_of(full), "L3");
    BREAK(link->prev, 0, "L3");
}
END_TEST

START_TEST(l3_is_that_every_slab_is_in_its_ring)
{
    struct link link = *space_link_at(s, ref_of(idle[1]));

    space_link_at(s, link.prev)->next = link.next;
    space_link_at(s, link.next)->prev = link.prev;
    expect_label("L3", "a slab in no ring", __LINE__);
    space_link_at(s, link.prev)->next = ref_of(idle[1]);
    space_link_at(s, link.next)->prev = ref_of(idle[1]);
    expect_sound(ctx);
    current->freed |= current->avail;
    current->avail = 0;
    expect_sound(ctx);
    BREAK(a->heap.current[0], 0, "L3");
}
END_TEST

START_TEST(l3_is_that_a_slab_is_marked_or_in_its_ring)
{
    uint64_t entry = stamp_entry(full->stamp);

    BREAK(full->stamp, full->stamp & ~(uint64_t)ENTRY_FULL, "L3");
    vmma__slab_relist(&a->heap, bed.pool, full);
    expect_sound(ctx);
    expect_eq(stamp_entry(full->stamp), entry & ~(uint64_t)ENTRY_FULL);
    BREAK(full->stamp, full->stamp | ENTRY_FULL, "L3");
}
END_TEST

START_TEST(l3_is_that_only_the_current_slab_has_blocks_to_hand_out)
{
    BREAK(a->heap.current[0], ref_of(idle[0]), "L3");
    BREAK(a->heap.current[0], 0, "L3");
    BREAK(a->heap.current[1], ref_of(empty), "L3");
    BREAK(idle[0]->avail, UINT64_C(1) << 63, "L3");
    BREAK(idle[1]->avail, UINT64_C(1) << 40, "L3");
}
END_TEST

START_TEST(l4_is_that_a_marked_slab_is_full)
{
    for (unsigned i = 0; i < 64; i++)
        BREAK(full->freed, UINT64_C(1) << i, "L4");
    BREAK(full->freed, UINT64_MAX, "L4");
    for (int i = 0; i < 3; i++)
        BREAK(idle[i]->stamp, idle[i]->stamp | ENTRY_FULL, "L4");
    BREAK(empty->stamp, empty->stamp | ENTRY_FULL, "L4");
    BREAK(current->stamp, current->stamp | ENTRY_FULL, "L4");
    BREAK(small->stamp, small->stamp | ENTRY_FULL, "L4");
}
END_TEST

START_TEST(g1_is_a_large_block)
{
    uint32_t *map = space_map(s);
    int parts = 0;

    for (uint32_t g = live + run_part(live, 20); g < live + 20;
         g += run_part(g, live + 20 - g)) {
        BREAK(map[g], 0, "G1");
        BREAK(map[g], space_ref(s, g), "G1");
        parts++;
    }
    expect(parts >= 1);
}
END_TEST

START_TEST(g2_is_the_cache)
{
    struct link *link = space_link(s, cached[0]);

    BREAK(a->heap.cached, a->heap.cached + 1, "G2");
    BREAK(a->heap.bins[0], NONE, "G2");
    BREAK(a->heap.bins[1], cached[0], "G2");
    BREAK(a->heap.bins[0], cached[1], "G2");
    BREAK(a->heap.bins[0], live, "G2");
    BREAK(a->heap.bins[0], s->high_water, "G2");
    BREAK(link->next, NONE, "G2");
    BREAK(link->next, cached[0], "G2");
    BREAK(link->next, UINT32_MAX - 1, "G2");
    BREAK(a->heap.bins[8], cached[0], "G2");
}
END_TEST

static void break_lists(struct buddy *free)
{
    unsigned order = 0;
    struct link *link;

    while (free->first[order] == NONE)
        order++;
    link = space_link(s, free->first[order]);
    BREAK(free->orders, free->orders & ~((uint32_t)1 << order), "B1");
    BREAK(free->orders, free->orders ^ UINT32_C(1) << 28, "B1");
    BREAK(free->orders, free->orders | UINT32_C(1) << 29, "B1");
    BREAK(free->orders, free->orders | UINT32_C(1) << 31, "B1");
    BREAK(link->prev, 0, "B2");
    BREAK(link->next, free->first[order], "B2");
    BREAK(link->next, s->high_water, "B2");
    BREAK(link->next, UINT32_MAX - 1, "B2");
    BREAK(space_record(s, free->first[order])->stamp,
          space_record(s, free->first[order])->stamp | ENTRY_FULL, "B2");
    BREAK(free->first[order], live, "B2");
    BREAK(free->first[order], s->count, "B2");
    BREAK(free->first[28], free->first[order], "B2");
}

START_TEST(b1_and_b2_are_the_lists_of_the_pools_free_pieces)
{
    break_lists(&bed.pool->free);
}
END_TEST

static void break_run_lists(struct runs *free)
{
    uint32_t g = some_run(free);
    unsigned list = vmma__runs_list(run_count(s, g));
    struct link *link;

    g = free->first[list];
    link = space_link(s, g);
    BREAK(free->lists, free->lists & ~((uint32_t)1 << list), "R1");
    BREAK(free->lists, free->lists ^ UINT32_C(1) << 31, "R1");
    BREAK(link->prev, 0, "R2");
    BREAK(link->next, g, "R2");
    BREAK(link->next, s->high_water, "R2");
    BREAK(link->next, UINT32_MAX - 1, "R2");
    BREAK(free->first[list], live, "R2");
    BREAK(free->first[list], s->count, "R2");
    BREAK(free->first[31], g, "R2");
}

START_TEST(r1_and_r2_are_the_lists_of_a_clients_free_runs)
{
    break_run_lists(&a->heap.free);
}
END_TEST

START_TEST(r2_is_that_every_free_run_is_in_a_list)
{
    struct runs *free = &a->heap.free, saved = *free;
    unsigned list = 0;
    uint32_t g;

    while (free->first[list] == NONE)
        list++;
    g = free->first[list];
    /* Out of the list, but a free run still. */
    free->first[list] = space_link(s, g)->next;
    if (free->first[list] != NONE)
        space_link(s, free->first[list])->prev = NONE;
    else
        free->lists &= ~((uint32_t)1 << list);
    expect_label("R2", "a run in no list", __LINE__);
    *free = saved;
    if (space_link(s, g)->next != NONE)
        space_link(s, space_link(s, g)->next)->prev = g;
    expect_sound(ctx);
}
END_TEST

/* Split a free run in two, and leave the halves unmerged. */
START_TEST(r3_is_that_a_clients_free_runs_are_merged)
{
    struct runs *free = &a->heap.free;
    uint32_t g = some_run(free), count = run_count(s, g);
    uint64_t stamp = space_record(s, g)->stamp;

    vmma__runs_remove(free, s, g);
    vmma__runs_put(free, s, stamp, g, 1);
    vmma__runs_put(free, s, stamp, g + 1, count - 1);
    expect_label("R3", "runs that are not merged", __LINE__);
    vmma__runs_remove(free, s, g);
    vmma__runs_remove(free, s, g + 1);
    vmma__runs_put(free, s, stamp, g, count);
    expect_sound(ctx);
}
END_TEST

START_TEST(r4_is_the_end_of_a_free_run)
{
    uint32_t g = some_run(&a->heap.free);
    uint32_t *map = space_map(s), last = g + run_count(s, g) - 1;

    BREAK(map[last], 0, "R4");
    BREAK(map[last], space_ref(s, last), "R4");
    BREAK(map[last], map[live], "R4");
}
END_TEST

/* Split a free piece in two, and leave the halves unmerged. */
static void break_merging(struct buddy *free)
{
    unsigned order = 1;
    uint32_t g, half;

    while (free->first[order] == NONE)
        order++;
    g = free->first[order];
    half = (uint32_t)1 << (order - 1);
    vmma__buddy_remove(free, s, g);
    vmma__buddy_put(free, s, g, half);
    vmma__buddy_put(free, s, g + half, half);
    expect_label("P3", "buddies that are not merged", __LINE__);
    vmma__buddy_remove(free, s, g);
    vmma__buddy_remove(free, s, g + half);
    vmma__buddy_put(free, s, g, 2 * half);
    expect_sound(ctx);
}

START_TEST(p3_is_that_the_pools_free_buddies_are_merged)
{
    break_merging(&bed.pool->free);
}
END_TEST

START_TEST(p1_is_that_nothing_below_the_mark_is_lost)
{
    unsigned order = (unsigned)vmma__buddy_largest(&bed.pool->free);
    uint32_t g = vmma__buddy_pop(&bed.pool->free, s, order);

    expect_label("P1", "a piece in nobody's list", __LINE__);
    vmma__buddy_put(&bed.pool->free, s, g, (uint32_t)1 << order);
    expect_sound(ctx);
}
END_TEST

START_TEST(p2_is_the_sum_of_arenas)
{
    BREAK(bed.pool->held, bed.pool->held + 1, "P2");
    BREAK(bed.pool->held, 0, "P2");
    BREAK(bed.pool->arena_count, bed.pool->arena_count - 1, "P2");
}
END_TEST

START_TEST(p3_is_that_no_free_piece_ends_at_the_mark)
{
    uint32_t mark = s->high_water, raised = (mark + 3) / 4 * 4 + 4;

    /* As if the highest arena had left, and the mark not fallen. */
    memset(space_map(s) + mark, 0, (raised - mark) * sizeof *space_map(s));
    s->high_water = raised;
    if (s->scrubbed < raised)
        s->scrubbed = raised;
    space_set_doors(s);
    vmma__buddy_put(&bed.pool->free, s, mark, raised - mark);
    expect_label("P3", "a free piece at the mark", __LINE__);
    while (s->high_water > mark) {
        uint32_t g = s->high_water - 1;

        while (piece_entry(s, g, 0) == 0)
            g--;
        vmma__buddy_remove(&bed.pool->free, s, g);
        s->high_water = g;
    }
    space_set_doors(s);
    expect_sound(ctx);
}
END_TEST

START_TEST(p4_is_the_order_of_the_marks)
{
    BREAK(s->scrubbed, s->high_water - 1, "P4");
    BREAK(s->scrubbed, s->count + 1, "P4");
    BREAK(s->high_water, s->scrubbed + 1, "P4");
    BREAK(s->high_water, NONE, "P4");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check");
    TCase *tc = tcase_create("labels");

    tcase_add_checked_fixture(tc, open_bed, close_bed);
    tcase_add_test(tc, the_context_has_everything_that_can_occur);
    tcase_add_test(tc, c1_is_every_number_of_the_layout);
    tcase_add_test(tc, c2_is_the_table_and_the_queue);
    tcase_add_test(tc, c3_is_doors_flags_and_callbacks);
    tcase_add_test(tc, k1_is_the_state_of_a_slot);
    tcase_add_test(tc, k2_is_token_and_place);
    tcase_add_test(tc, k3_is_limits_in_bytes_and_in_granules);
    tcase_add_test(tc, h1_is_the_list_of_arenas);
    tcase_add_test(tc, h2_is_the_count_of_used_granules);
    tcase_add_test(tc, h3_is_the_spare_arena);
    tcase_add_test(tc, h4_is_the_reservation);
    tcase_add_test(tc, s1_is_every_reference_that_was_ever_written);
    tcase_add_test(tc, s2_is_the_tiling_of_arenas);
    tcase_add_test(tc, s2_is_every_granule_of_a_slab);
    tcase_add_test(tc, s3_is_that_nothing_stale_seems_alive);
    tcase_add_test(tc, l1_is_the_words_of_a_slab);
    tcase_add_test(tc, l2_is_the_current_slab);
    tcase_add_test(tc, l3_is_the_ring_of_slabs);
    tcase_add_test(tc, l3_is_that_every_slab_is_in_its_ring);
    tcase_add_test(tc, l3_is_that_a_slab_is_marked_or_in_its_ring);
    tcase_add_test(tc, l3_is_that_only_the_current_slab_has_blocks_to_hand_out);
    tcase_add_test(tc, l4_is_that_a_marked_slab_is_full);
    tcase_add_test(tc, g1_is_a_large_block);
    tcase_add_test(tc, g2_is_the_cache);
    tcase_add_test(tc, r1_and_r2_are_the_lists_of_a_clients_free_runs);
    tcase_add_test(tc, r2_is_that_every_free_run_is_in_a_list);
    tcase_add_test(tc, r3_is_that_a_clients_free_runs_are_merged);
    tcase_add_test(tc, r4_is_the_end_of_a_free_run);
    tcase_add_test(tc, b1_and_b2_are_the_lists_of_the_pools_free_pieces);
    tcase_add_test(tc, p1_is_that_nothing_below_the_mark_is_lost);
    tcase_add_test(tc, p2_is_the_sum_of_arenas);
    tcase_add_test(tc, p3_is_that_the_pools_free_buddies_are_merged);
    tcase_add_test(tc, p3_is_that_no_free_piece_ends_at_the_mark);
    tcase_add_test(tc, p4_is_the_order_of_the_marks);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
