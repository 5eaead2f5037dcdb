/*
 * context_steps.h - a context and its clients.
 */
#ifndef TESTS_UNIT_CONTEXT_STEPS_H
#define TESTS_UNIT_CONTEXT_STEPS_H

#include "tests/unit/support.h"

#include <stdlib.h>

static struct bed bed;

static inline void open_with(size_t max_clients)
{
    struct vmma_context_config config = bed_config(16, 1024, max_clients);

    bed_open(&bed, 1 << 20, &config);
}

static inline void open_bed(void)
{
    open_with(40);
}

static inline void close_bed(void)
{
    bed_close(&bed);
}

static inline uint32_t slot_of(const struct client *c)
{
    return context_slot_number(bed.ctx, c);
}

static inline struct client *create(void)
{
    struct client *c = bed_client(&bed);

    expect_sound(bed.ctx);
    return c;
}

static inline void delete (struct client *c)
{
    vmma__context_delete_client(bed.ctx, c);
    expect_sound(bed.ctx);
}

/* Slabs and large blocks, so that many records bear the client's token. */
static inline void populate(struct client *c)
{
    for (size_t size = 1; size <= 20000; size = size * 3 / 2 + 7)
        for (int i = 0; i < 3; i++)
            take_bytes(c, size);
}

#endif
