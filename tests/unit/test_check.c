/*
 * test_check.c - the test of the checker.
 *
 * Strategy: in a context in which everything there is occurs, each number
 * that a labelled invariant speaks of is broken alone, by hand; the checker
 * must answer with that label, and be content when the number is restored.
 * Invariants that no single number can break (B3, P1, P3) are broken by
 * moving pieces in and out of lists that stay sound.
 *
 * Not to be broken: H4's second half (a lowered quota is allowed), P4's
 * "count <= capacity" and L1's count of blocks, which C1 and S2 say first.
 */
#include "tests/unit/check_steps.h"

START_TEST(the_context_has_everything_that_can_occur)
{
    unsigned entry = stamp_entry(waiting->stamp);

    expect_eq(slab_blocks(s, entry), 64);
    expect_eq(stamp_countdown(waiting->stamp), 5);
    expect_eq(stamp_countdown(listed[0]->stamp), 54);
    expect_eq(stamp_countdown(listed[1]->stamp), 44);
    expect_eq(stamp_countdown(kept->stamp), STAMP_COUNTDOWN_MAX);
    expect_eq(a->heap.current[0], space_ref(s, head_of(s, current)));
    expect_eq(a->heap.partial[1], head_of(s, kept));
    expect(slab_blocks(s, stamp_entry(small->stamp)) < 64);
    expect(large_start(s, aligned) != aligned);
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
    BREAK(a->generation, CLIENT_GENERATIONS + 1, "K1");
    BREAK(dead->generation, 1, "K1");
}
END_TEST

START_TEST(k2_is_token_and_place)
{
    BREAK(a->context, a->context + 512, "K2");
    BREAK(a->incarnation, a->incarnation + 1, "K2");
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
    uint32_t g = live + 17; /* inside a large block: nobody needs it */
    uint32_t *map = space_map(s);

    BREAK(map[g], 4, "S1");
    BREAK(map[g], UINT32_MAX, "S1");
    BREAK(map[g], space_ref(s, g) + 1, "S1");
    BREAK(map[g], space_ref(s, g + 1), "S1");
    BREAK(map[g], space_ref(s, g - 16), "S1");
    BREAK(map[g], (uint32_t)(s->record / 8) - 4, "S1");
    BREAK(map[g], (uint32_t)(s->link / 8), "S1");
    map[g] = space_ref(s, g - 15);
    expect_sound(ctx);
}
END_TEST

START_TEST(s3_is_that_nothing_stale_seems_alive)
{
    uint32_t g = live + 3;
    struct record *r = space_record(s, g);

    r->stamp = 0;
    space_map(s)[g] = space_ref(s, g);
    expect_sound(ctx);
    BREAK(r->stamp, stamp_make(a->heap.token, 0x1234), "S3");
    BREAK(r->stamp, stamp_make(b->heap.token, 0x1234), "S3");
    r->stamp = stamp_make(a->heap.token + (UINT64_C(1) << 40), 0x1234);
    expect_sound(ctx);
}
END_TEST

START_TEST(s2_is_the_tiling_of_arenas)
{
    uint32_t arena = a->heap.first_arena, free_piece = NONE;
    uint32_t *map = space_map(s), g = head_of(s, waiting);

    for (unsigned o = 0; o < ORDER_COUNT && free_piece == NONE; o++)
        free_piece = a->heap.free.first[o];
    BREAK(map[arena], 0, "S2");
    BREAK(map[g], map[g] + 4, "S2");
    BREAK(map[free_piece], 0, "S2");
    BREAK(map[live], map[g], "S2");
    BREAK(waiting->stamp, 0, "S2");
    BREAK(waiting->stamp, waiting->stamp ^ UINT64_C(1) << 24, "S2");
    BREAK(waiting->stamp, waiting->stamp ^ UINT64_C(1) << 63, "S2");
    BREAK(waiting->stamp, waiting->stamp ^ UINT64_C(1) << 13, "S2");
    BREAK(waiting->start, waiting->start + 1, "S2");
    BREAK(waiting->reciprocal, waiting->reciprocal + 1, "S2");
    BREAK(space_record(s, live)->avail, 0, "S2");
    BREAK(space_record(s, live)->avail, UINT64_MAX, "S2");
    BREAK(space_record(s, live)->avail, 21, "S2");
    BREAK(space_record(s, free_piece)->stamp, 0, "S2");
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

    BREAK(waiting->avail, 1, "L1"); /* it is in freed too */
    BREAK(current->freed, current->avail, "L1");
    BREAK(small->freed, small->freed & ~last, "L1");
    BREAK(small->avail, small->avail | last, "L1");
}
END_TEST

START_TEST(l2_is_the_current_slab)
{
    struct link *link = space_link(s, head_of(s, current));

    BREAK(current->stamp, current->stamp - 1, "L2");
    BREAK(link->prev, head_of(s, waiting), "L2");
    BREAK(a->heap.current[0], a->heap.current[0] + 1, "L");
    BREAK(a->heap.current[7], 4, "L2");
    BREAK(a->heap.current[7], UINT32_MAX, "L2");
    BREAK(a->heap.current[7], space_ref(s, live), "L2");
    BREAK(a->heap.current[7], a->heap.current[0], "L2");
    BREAK(b->heap.current[7], a->heap.current[0], "L2");
    BREAK(s->dummy.avail, 1, "L2");
    BREAK(s->dummy.stamp, STAMP_COUNTDOWN_MAX - 1, "L2");
}
END_TEST

START_TEST(l3_is_the_ring_of_listed_slabs)
{
    struct link *first = space_link(s, head_of(s, listed[0]));
    struct link *second = space_link(s, head_of(s, listed[1]));

    BREAK(a->heap.current[0], 0, "L3"); /* an idle slab with avail */
    BREAK(listed[0]->stamp, listed[0]->stamp - 1, "L3");
    BREAK(kept->stamp, kept->stamp - 1, "L3");
    BREAK(listed[1]->freed, listed[1]->freed & ~UINT64_C(1), "L3");
    BREAK(a->heap.partial[0], NONE, "L3");
    BREAK(a->heap.partial[0], head_of(s, current), "L3");
    BREAK(a->heap.partial[0], s->high_water, "L3");
    BREAK(a->heap.partial[0], UINT32_MAX - 1, "L3");
    BREAK(a->heap.partial[3], head_of(s, listed[0]), "L3");
    BREAK(first->next, head_of(s, listed[0]), "L3");
    BREAK(first->next, head_of(s, kept), "L3");
    BREAK(first->next, UINT32_MAX - 5, "L3");
    BREAK(second->prev, head_of(s, listed[1]), "L3");
    BREAK(second->prev, 0, "L3");
}
END_TEST

START_TEST(l4_is_the_countdown_of_a_waiting_slab)
{
    BREAK(waiting->stamp, waiting->stamp + 1, "L4");
    BREAK(waiting->stamp, waiting->stamp - 1, "L4");
    BREAK(waiting->stamp, waiting->stamp & ~UINT64_C(255), "L4");
    BREAK(waiting->freed, waiting->freed & ~UINT64_C(1), "L4");
    BREAK(waiting->freed, UINT64_MAX, "L4");
}
END_TEST

START_TEST(g1_is_a_large_block)
{
    struct record *r = space_record(s, live);

    BREAK(r->avail, 16, "G1");
    BREAK(r->avail, 1, "G1");
    BREAK(r->freed, live - 1, "G1");
    BREAK(r->freed, live + 20, "G1");
    BREAK(r->freed, UINT64_MAX, "G1");
    r = space_record(s, aligned);
    BREAK(r->freed, aligned + r->avail, "G1");
    BREAK(r->stamp, r->stamp ^ UINT64_C(1) << STAMP_ENTRY_SHIFT, "G1");
}
END_TEST

START_TEST(g2_is_the_cache)
{
    struct record *r = space_record(s, cached[0]);
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
    BREAK(r->freed, cached[0] + 1, "G2");
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
    BREAK(free->first[order], live, "B2");
    BREAK(free->first[order], s->count, "B2");
    BREAK(free->first[28], free->first[order], "B2");
}

START_TEST(b1_and_b2_are_the_lists_of_a_clients_free_pieces)
{
    break_lists(&a->heap.free);
    break_lists(&b->heap.free);
}
END_TEST

START_TEST(b1_and_b2_are_the_lists_of_the_pools_free_pieces)
{
    break_lists(&bed.pool->free);
}
END_TEST

START_TEST(b2_is_that_every_free_piece_is_in_a_list)
{
    struct buddy *free = &a->heap.free, saved = *free;
    unsigned order = 0;
    uint32_t g;

    while (free->first[order] == NONE)
        order++;
    g = free->first[order];
    /* Out of the list, but a free piece still. */
    free->first[order] = space_link(s, g)->next;
    if (free->first[order] != NONE)
        space_link(s, free->first[order])->prev = NONE;
    else
        free->orders &= ~((uint32_t)1 << order);
    expect_label("B2", "a piece in no list", __LINE__);
    *free = saved;
    if (space_link(s, g)->next != NONE)
        space_link(s, space_link(s, g)->next)->prev = g;
    expect_sound(ctx);
}
END_TEST

/* Split a free piece in two, and leave the halves unmerged. */
static void break_merging(struct buddy *free, struct buddy_mark mark,
                          const char *label)
{
    unsigned order = 1;
    uint32_t g, half;

    while (free->first[order] == NONE)
        order++;
    g = free->first[order];
    mark.span = entry_span(piece_at(s, g));
    half = (uint32_t)1 << (order - 1);
    vmma__buddy_remove(free, s, g);
    vmma__buddy_put(free, s, mark, g, half);
    vmma__buddy_put(free, s, mark, g + half, half);
    expect_label(label, "buddies that are not merged", __LINE__);
    vmma__buddy_remove(free, s, g);
    vmma__buddy_remove(free, s, g + half);
    vmma__buddy_put(free, s, mark, g, 2 * half);
    expect_sound(ctx);
}

START_TEST(b3_is_that_a_clients_free_buddies_are_merged)
{
    break_merging(&a->heap.free, heap_mark(&a->heap, 0), "B3");
    break_merging(&b->heap.free, heap_mark(&b->heap, 0), "B3");
}
END_TEST

START_TEST(p3_is_that_the_pools_free_buddies_are_merged)
{
    break_merging(&bed.pool->free, pool_mark(), "P3");
}
END_TEST

START_TEST(p1_is_that_nothing_below_the_mark_is_lost)
{
    unsigned order = (unsigned)vmma__buddy_largest(&bed.pool->free);
    uint32_t g = vmma__buddy_pop(&bed.pool->free, s, order);

    expect_label("P1", "a piece in nobody's list", __LINE__);
    vmma__buddy_put(&bed.pool->free, s, pool_mark(), g, (uint32_t)1 << order);
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
    vmma__buddy_put(&bed.pool->free, s, pool_mark(), mark, raised - mark);
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
    tcase_add_test(tc, l3_is_the_ring_of_listed_slabs);
    tcase_add_test(tc, l4_is_the_countdown_of_a_waiting_slab);
    tcase_add_test(tc, g1_is_a_large_block);
    tcase_add_test(tc, g2_is_the_cache);
    tcase_add_test(tc, b1_and_b2_are_the_lists_of_a_clients_free_pieces);
    tcase_add_test(tc, b1_and_b2_are_the_lists_of_the_pools_free_pieces);
    tcase_add_test(tc, b2_is_that_every_free_piece_is_in_a_list);
    tcase_add_test(tc, b3_is_that_a_clients_free_buddies_are_merged);
    tcase_add_test(tc, p1_is_that_nothing_below_the_mark_is_lost);
    tcase_add_test(tc, p2_is_the_sum_of_arenas);
    tcase_add_test(tc, p3_is_that_the_pools_free_buddies_are_merged);
    tcase_add_test(tc, p3_is_that_no_free_piece_ends_at_the_mark);
    tcase_add_test(tc, p4_is_the_order_of_the_marks);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
